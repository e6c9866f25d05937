"""A document as parallel arrays: its mentions, words, triggers and markers, with all that does not depend on a pair of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kg.extract.analysis import Analysis
from kg.extract.stretches import U64, Bools, Ints, Range, Stretches, code, codes, spread

_NUMBER = r"(?:[0-9一二两三四五六七八九十]+\s*[个支项家份]\s*)?"
LIST = re.compile(rf"^[”\"》）)\s]*(?:、|和|与|及|以及|/|,|，|同|暨)[“\"《（(\s]*{_NUMBER}[“\"《（(\s]*$")
"""What stands between two members of a list."""

_THIS = re.compile("(?:该|此次|本次|这一|这个|此|这项|这场|上述)[\u4e00-\u9fff]{2}|会上|会议|活动|会前|会后|期间|现场|仪式")
_BREAKS = ",，;；:：。"
_LEADS = "日月年来后时中下上前，,:：。；"
"""What a time or place before the subject ends in."""


@dataclass(frozen=True, slots=True)
class Place:
    """A mention with what is known of its entity, or a word that stands for one (``anaphor``): the reading unit of this room."""

    start: int
    end: int
    entity: int
    type: str
    subtype: str
    anaphor: bool = False


@dataclass(frozen=True, slots=True)
class Mentions:
    """The mentions, in text order.

    ``kind`` and ``finer`` number the type and the subtype (the type where there is none). ``low`` and ``high`` bound the
    sentence. ``first`` and ``last`` are the members at the ends of the mention's list. ``opens`` says whether it, or its list,
    stands where a subject stands. ``bodies`` counts the organisations before it in its sentence; ``leads`` says that it is the
    sentence's first mention. ``clause`` is where its clause begins, ``list_clause`` that of its list.
    """

    start: Ints
    end: Ints
    entity: Ints
    kind: U64
    finer: U64
    organisation: Bools
    person: Bools
    low: Ints
    high: Ints
    first: Ints
    last: Ints
    opens: Bools
    bodies: Ints
    leads: Bools
    clause: Ints
    list_clause: Ints


@dataclass(frozen=True, slots=True)
class Words:
    """The words: where they are, their hashes, the numbers of their tags; ``link`` marks verbs, prepositions and conjunctions.

    ``verbs`` lists the words that are verbs; ``at`` gives the word of each character. ``around`` bounds the innermost mention
    that each word begins in, ``(-1, -1)`` outside of all.
    """

    start: Ints
    end: Ints
    hash: U64
    tag: U64
    link: Bools
    verbs: Ints
    at: Ints
    around: Range

    def between(self, low: Ints, high: Ints) -> Range:
        """The words that overlap stretches ``[low, high)``; none for a stretch that is empty."""
        some = low < high
        return np.where(some, self.at[np.where(some, low, 0)], 0), np.where(some, self.at[np.where(some, high - 1, 0)] + 1, 0)


@dataclass(frozen=True, slots=True)
class Cues:
    """Triggers or markers that do not overlap: where they are, their hashes, and the predicates or kinds that they stand for.

    Those of a cue are ``names[offset[c] : offset[c + 1]]``; ``one`` says that there is just one.
    """

    start: Ints
    end: Ints
    hash: U64
    names: U64
    offset: Ints
    one: Bools

    def within(self, low: Ints, high: Ints) -> Range:
        """The cues that lie in stretches ``[low, high)``."""
        first = np.searchsorted(self.start, low)
        return first, np.maximum(np.searchsorted(self.end, high, "right"), first)

    def named(self, cues: Ints) -> tuple[Ints, U64]:
        """The names of each of ``cues``: the place among them, and the name."""
        row, at = spread(self.offset[cues], self.offset[cues + 1])
        return row, self.names[at]

    def standing_for(self, name: str) -> Bools:
        """Which cues stand for ``name``."""
        out = np.zeros(len(self.start), np.bool_)
        row, names = self.named(np.arange(len(self.start)))
        out[row[names == code(name)]] = True
        return out


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document as arrays; ``anaphora`` bounds expressions like 该项目 or 会上; ``unreal`` are the markers of what is not so."""

    reading: Analysis
    stretches: Stretches
    mentions: Mentions
    words: Words
    triggers: Cues
    markers: Cues
    anaphora: Range
    unreal: Bools


def sheet(reading: Analysis, known: Stretches, places: Sequence[Place], bounds: Sequence[tuple[int, int]]) -> Sheet:
    """Lay out a document.

    Args:
        reading: the document.
        known: its text, made ready.
        places: its mentions, sorted by start; nested ones included.
        bounds: its sentences.
    """
    mentions = _mentions(known, places, bounds)
    inside = np.full(len(reading.text), -1)
    for number, place in enumerate(places):
        inside[place.start : place.end] = number  # inner ones come later
    found = [match.span() for start, end in bounds for match in _THIS.finditer(reading.text, start, end)]
    markers = _cues(reading.markers, known)
    return Sheet(
        reading, known, mentions, _words(reading, known, mentions, inside), _cues(reading.triggers, known), markers,
        anaphora=(np.array([start for start, _ in found], np.int64), np.array([end for _, end in found], np.int64)),
        unreal=markers.standing_for("unreal") & reading.lexed.begin[markers.start] & (inside[markers.start] < 0),
    )  # fmt: skip


def _mentions(known: Stretches, places: Sequence[Place], bounds: Sequence[tuple[int, int]]) -> Mentions:
    text = known.text
    start = np.array([place.start for place in places], np.int64)
    edges = np.array(bounds, np.int64).reshape(-1, 2)
    sentence = np.searchsorted(edges[:, 1], start, "right")
    low, high = edges[sentence, 0], edges[sentence, 1]
    first, last = _lists(text, places, sentence.tolist())
    behind = known.behind(_BREAKS)
    list_clause = np.maximum(behind[start[first]], low)
    organisation = np.array([place.type == "Organization" for place in places], np.bool_)
    bodies = np.concatenate([[0], np.cumsum(organisation)])
    opening = np.searchsorted(start, low)
    leads = [text[a:b].strip(" \u3000“\"《") for a, b in zip(list_clause.tolist(), start[first].tolist(), strict=True)]
    return Mentions(
        start=start,
        end=np.array([place.end for place in places], np.int64),
        entity=np.array([place.entity for place in places], np.int64),
        kind=codes([place.type[:3] for place in places]),
        finer=codes([place.subtype or place.type for place in places]),
        organisation=organisation,
        person=np.array([place.type == "Person" for place in places], np.bool_),
        low=low, high=high, first=first, last=last,
        opens=np.array([not lead or (len(lead) <= 12 and lead[-1] in _LEADS) for lead in leads], np.bool_),
        bodies=bodies[np.searchsorted(start, start)] - bodies[opening],
        leads=np.arange(len(places)) == opening,
        clause=np.maximum(behind[start], low),
        list_clause=list_clause,
    )  # fmt: skip


def _lists(text: str, places: Sequence[Place], sentence: Sequence[int]) -> tuple[Ints, Ints]:
    """For each mention the first and the last member of its list: neighbours of one type, joined by 、 or 和."""
    first, last = list(range(len(places))), list(range(len(places)))
    for at in range(1, len(places)):
        x, y = places[at - 1], places[at]
        if sentence[at - 1] == sentence[at] and x.type == y.type and x.end <= y.start and LIST.match(text[x.end : y.start]):
            first[at] = first[at - 1]
    for at in range(len(places) - 2, -1, -1):
        if first[at + 1] == first[at]:
            last[at] = last[at + 1]
    return np.array(first, np.int64), np.array(last, np.int64)


def _words(reading: Analysis, known: Stretches, mentions: Mentions, inside: Ints) -> Words:
    start = np.array([word[0] for word in reading.words], np.int64)
    end = np.array([word[1] for word in reading.words], np.int64)
    tags = [word[2] for word in reading.words]
    around = inside[start]
    bounds = [np.where(around >= 0, edge[around] if len(edge) else -1, -1) for edge in (mentions.start, mentions.end)]
    return Words(
        start=start, end=end, hash=known.of(start, end), tag=codes(tags),
        link=np.array([tag in ("v", "p", "vn", "c") for tag in tags], np.bool_),
        verbs=np.flatnonzero([tag in ("v", "vn") for tag in tags]),
        at=np.array(reading.word_at, np.int64),
        around=(bounds[0], bounds[1]),
    )  # fmt: skip


def _cues(table: Mapping[int, tuple[int, tuple[str, ...]]], known: Stretches) -> Cues:
    found = sorted(table.items())
    start = np.array([at for at, _ in found], np.int64)
    end = np.array([end for _, (end, _) in found], np.int64)
    sizes = np.array([len(names) for _, (_, names) in found], np.int64)
    return Cues(
        start, end, known.of(start, end), names=codes([name for _, (_, names) in found for name in names]),
        offset=np.concatenate([[0], np.cumsum(sizes)]), one=sizes == 1,
    )  # fmt: skip
