"""Words that stand for what was named before: 集团, 我院, 该公司, 本次活动.

They are no mentions of their own, but a clause whose subject is 集团 says as much of the group as one with its name. Each such
word is read like a mention of what it stands for, so that the relation step sees where the subject is; which of them is trusted,
it learns. A statement then names the mention that the word points back to.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from kg.extract.analysis import Analysis, Resources
from kg.extract.relations import own_organisations
from kg.extract.sheet import Place
from kg.lexicon import Anaphor

_OWN = "本我全"
_JOINED = frozenset({"n", "nz", "nw", "ns", "nt", "vn", "an", "a", "m", "q", "r", "u", "f", "s", "xc", "LOC", "ORG", "PER"})
"""Tags of words that make one expression with 公司 behind them: 两家公司, 各公司, 上市公司."""


def with_anaphora(reading: Analysis, mentions: Sequence[Place], pack: Resources) -> list[Place]:
    """The mentions of a document and the words that stand for one of them, in text order, longer ones first."""
    places = sorted(mentions, key=_order)
    words = pack.lexicon.anaphora
    if not places or not words:
        return places
    owners = own_organisations(reading.text, places)
    taken = bytearray(len(reading.text))
    for place in places:
        taken[place.start : place.end] = b"\1" * (place.end - place.start)
    found = []
    for start, end, word in _said(reading, words):
        if not any(taken[start:end]):
            meant = _meant(reading.text, places, owners, start, words[word], word)
            if meant is not None:
                found.append(Place(start, end, meant.entity, meant.type, meant.subtype, anaphor=True))
                taken[start:end] = b"\1" * (end - start)
    return sorted([*places, *found], key=_order)


def _order(place: Place) -> tuple[int, int, int]:
    return place.start, -place.end, place.entity


def _said(reading: Analysis, words: Mapping[str, Anaphor]) -> Iterator[tuple[int, int, str]]:
    """The words where the analyser sees them standing alone, longer ones first; 该公司党委 is another body."""
    text = reading.text
    opened = {hit.start for hit in reading.heads}
    for word in sorted(words, key=lambda w: (-len(w), w)):
        at = text.find(word)
        while at >= 0:
            first, last = (reading.words[reading.word_at[edge]] for edge in (at, at + len(word) - 1))
            alone = first[0] == at and last[1] == at + len(word) and at + len(word) not in opened
            if alone and not (words[word].own and _joined(reading, at)):
                yield at, at + len(word), word
            at = text.find(word, at + 1)


def _joined(reading: Analysis, at: int) -> bool:
    """Whether the word before makes one expression with what begins at ``at``."""
    if at == 0 or reading.text[at - 1].isspace():
        return False
    _, end, tag = reading.words[reading.word_at[at - 1]]
    return tag in _JOINED and reading.text[end - 1].isalnum()


def _meant(text: str, places: Sequence[Place], owners: Sequence[int], at: int, word: Anaphor, said: str) -> Place | None:
    """The mention that a word at ``at`` points back to."""
    before = places[: bisect_left(places, at, key=lambda p: p.start)]
    fit = [p for p in before if (p.subtype in word.classes or p.type in word.classes) and p.end <= at]
    if not fit:
        return None
    if not word.own:
        alike = [p for p in fit if said[-2:] in text[p.start : p.end]]
        return max(alike or fit, key=lambda p: (p.end, p.start))
    own = [owner for owner in owners if any(p.entity == owner for p in fit)]
    head = said.lstrip(_OWN)[:2]
    named_so = [owner for owner in own if any(p.entity == owner and head in text[p.start : p.end] for p in fit)]
    chosen = next(iter([*named_so, *own]), fit[-1].entity)
    return next(p for p in reversed(fit) if p.entity == chosen)
