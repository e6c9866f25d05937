"""Where quotes stand in a text: exactly, or else but for white space, punctuation, width and case.

A quote that stands nowhere has no place, however near something else comes: what is not in the text is not said by it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from kg.model import Span
from kg.naming import normalise

_STOPS = re.compile(r"[。！？!?]|\n\s*\n")
_SLACK = 6  # further characters, beyond twice its own, over which the letters of a name may be spread


@dataclass(frozen=True, slots=True)
class Place:
    """Where a quote stands; ``exact`` unless white space, punctuation, width or case differ."""

    span: Span
    exact: bool


class Quotable:
    r"""A text in which quotes are looked up; offsets are code points of the unmodified text.

    >>> text = Quotable("中国联\n通与“ＡＩ”研究院。")
    >>> [(place.span.start, place.span.end, place.exact) for place in text.find("中国联通")]
    [(0, 5, False)]
    >>> text.find("AI研究院")[0].span
    Span(start=7, end=13)
    >>> text.find("中国移动")
    []
    """

    def __init__(self, text: str) -> None:
        """Prepare ``text``."""
        self.text = text
        letters: list[str] = []
        self._at: list[int] = []
        for at, character in enumerate(text):
            kept = [c for c in unicodedata.normalize("NFKC", character) if _counts(c)]
            for letter in "".join(kept).lower():
                letters.append(letter)
                self._at.append(at)
        self._letters = "".join(letters)

    def find(self, quote: str, *, name: bool = True) -> list[Place]:
        """Return all places of ``quote``, in the order of the text; a ``name`` does not run over the end of a sentence."""
        wanted = normalise(quote)
        if not wanted:
            return []
        exact = [Place(span, True) for span in self._exact(quote.strip(), wanted)]
        return exact or [Place(span, False) for span in self._tolerant(quote, wanted, name=name)]

    def _exact(self, quote: str, wanted: str) -> list[Span]:
        found = []
        start = self.text.find(quote)
        while start >= 0:
            span = _trimmed(self.text, Span(start, start + len(quote)))
            if self._is_word(span):
                found.append(span)
            start = self.text.find(quote, start + len(quote))
        return found

    def _tolerant(self, quote: str, wanted: str, *, name: bool) -> list[Span]:
        found = []
        start = self._letters.find(wanted)
        while start >= 0:
            span = Span(self._at[start], self._at[start + len(wanted) - 1] + 1)
            between = self.text[span.start : span.end]
            spread = name and (len(between) > 2 * len(wanted) + _SLACK or _stops(between) > _stops(quote))
            # One character may stand for several letters (㈱); a match that begins or ends within it is none.
            if not spread and normalise(between) == wanted and self._is_word(span):
                found.append(span)
            start = self._letters.find(wanted, start + 1)
        return found

    def _is_word(self, span: Span) -> bool:
        """Return whether a Latin word or a number is not cut at either end."""
        return not (_runs_on(self.text, span.start) or _runs_on(self.text, span.end))


def nearest(places: Sequence[Span], to: Span) -> Span:
    """Return the one of ``places`` that lies in ``to``, or else nearest to it; the first of equals.

    >>> nearest([Span(0, 4), Span(30, 34)], Span(20, 29))
    Span(start=30, end=34)
    """
    return min(places, key=lambda span: (distance(span, to), span.start, -span.end))


def distance(a: Span, b: Span) -> int:
    """Return how many characters lie between two spans; 0 if they touch or overlap."""
    return max(b.start - a.end, a.start - b.end, 0)


def _counts(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character)[0] not in "PZ"


def _stops(text: str) -> int:
    return len(_STOPS.findall(text.strip()))


def _trimmed(text: str, span: Span) -> Span:
    """Return ``span`` without quotes around it: “三个一” is the name 三个一."""
    start, end = span.start, span.end
    while end - start > 2 and text[start] in '“‘《「『"' and text[end - 1] in '”’》」』"' and _alone(text[start + 1 : end - 1]):
        start, end = start + 1, end - 1
    return Span(start, end)


def _alone(text: str) -> bool:
    return not any(c in text for c in '“”‘’《》「」『』"')


def _runs_on(text: str, at: int) -> bool:
    return 0 < at < len(text) and _is_latin(text[at - 1]) and _is_latin(text[at])


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
