"""From entities to statements: candidate pairs from the schema and the structure of clauses.

A candidate is an unordered pair of mentions; its classes are “nothing”, each predicate that the schema allows from the first to
the
second, and each (not symmetric) one from the second to the first. Within a sentence every pair is a candidate. Across sentences a
mention is paired with what is still being talked about: the organisations that opened the last sentences, the last event, the
last
person, and the document's own organisation.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kg.extract.analysis import Analysis
from kg.extract.bags import MOST
from kg.extract.features import mix
from kg.extract.loglinear import Example
from kg.extract.mood import unreal
from kg.extract.ownership import Profile, pairs_of_ownership, profile
from kg.extract.pair_features import pair_features
from kg.extract.pairs import gaps, is_unreal
from kg.extract.sheet import LIST, Place, sheet
from kg.extract.stretches import Stretches, stretches

__all__ = [
    "OWNERSHIP", "STANDING", "Candidate", "Place", "Schema", "candidates", "own_organisations", "schema", "sentences", "shared",
]  # fmt: skip

STANDING = frozenset({"partOf", "holdsPosition"})
"""What holds even where a clause is planned or denied."""

OWNERSHIP = "ownership"
"""How a pair is carried that asks whose unit an organisation is, wherever in the document the two stand."""

LONGEST = 1000
_CLAUSE = re.compile(r"[^。！？!?\n]*[。！？!?\n]?")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair of mentions ``first``/``second`` (indices into the places), the sentence it is judged in, and its features.

    ``unreal`` says that its clause is planned, wished for or denied: then only what holds anyway (``STANDING``) may be stated
    there.
    """

    first: int
    second: int
    sentence: tuple[int, int]
    carried: str
    example: Example
    unreal: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """The classes of the ranker: ``""`` for nothing, ``p`` for first → second, ``-p`` for second → first."""

    classes: tuple[str, ...]
    possible: Mapping[tuple[str, str], tuple[int, ...]]


def schema(types: Sequence[str], signatures: Mapping[str, Sequence[tuple[frozenset[str], frozenset[str]]]],
    symmetric: frozenset[str]) -> Schema:
    """List the classes and which of them each pair of types allows."""
    names = sorted(signatures)
    classes = ("", *names, *(f"-{name}" for name in names if name not in symmetric))
    number = {name: at for at, name in enumerate(classes)}
    possible = {}
    for a in types:
        for b in types:
            fit = [0]
            for name in names:
                if any(a in s and b in o for s, o in signatures[name]) or (name in symmetric
                    and any(b in s and a in o for s, o in signatures[name])):
                    fit.append(number[name])
                if name not in symmetric and any(b in s and a in o for s, o in signatures[name]):
                    fit.append(number[f"-{name}"])
            possible[a, b] = tuple(fit)
    return Schema(classes=classes, possible=possible)


def sentences(text: str) -> list[tuple[int, int]]:
    """Sentences ``[start, end)``: up to a full stop or line break; what is too long is cut, behind a comma where it has one.

    >>> sentences("甲。乙")
    [(0, 2), (2, 3)]
    """
    out = []
    for match in _CLAUSE.finditer(text):
        start, end = match.span()
        while end - start > LONGEST:
            # Every name is paired with every other of its sentence: without a bound one line of a megabyte would take days.
            cut = max(text.rfind(mark, start + LONGEST // 2, start + LONGEST) for mark in "；;，,、 ") + 1 or start + LONGEST
            out.append((start, cut))
            start = cut
        if end > start:
            out.append((start, end))
    return out


def own_organisations(text: str, places: Sequence[Place], *, most: int = 3) -> list[int]:
    """The entities that the document may be by or about, best first: companies and the like, by mentions and title."""
    score: Counter[int] = Counter()
    title_end = text.find("\n", 1)
    for place in places:
        if place.anaphor or place.type != "Organization" or place.subtype in ("Department", "WorkingGroup"):
            continue
        weight = 1.0 + 3.0 * (place.start < max(title_end, 60)) + 1.0 * (place.start < 400)
        if place.subtype == "PartyBody":
            weight *= 0.3
        if place.subtype == "Company":
            weight *= 1.5
        score[place.entity] += weight  # type: ignore[assignment]
    return sorted(score, key=lambda e: (-score[e], e))[:most]


def candidates(reading: Analysis, places: Sequence[Place], fit: Schema) -> list[Candidate]:
    """All pairs worth judging, in text order.

    Args:
        reading: the document.
        places: its mentions, sorted by start; nested ones included, and words that stand for a mention (``kg.extract.anaphora``).
        fit: what the schema allows.
    """
    owners = own_organisations(reading.text, places)
    first_of: dict[int, int] = {}
    for at, place in enumerate(places):
        if not place.anaphor:
            first_of.setdefault(place.entity, at)
    bounds = sentences(reading.text)
    pairs = _pairs(reading.text, places, bounds, fit, [first_of[owner] for owner in owners[:1]])
    known = stretches(reading.text)
    whole = profile(known, places, owners, first_of)
    return _judged(reading, known, places, bounds, pairs) + _ownership(whole, fit, bounds)


_Pair = tuple[int, int, str, tuple[int, ...], tuple[int, int]]
"""Two mentions, how the first one is carried into the sentence of the second, the possible classes, and that sentence."""


def _pairs(text: str, places: Sequence[Place], bounds: Sequence[tuple[int, int]], fit: Schema,
    owner: Sequence[int]) -> list[_Pair]:
    """Pair mentions within each sentence, and those of a sentence with what is still being talked about."""
    found: list[_Pair] = []
    focus = _Focus()
    cursor = 0
    for number, (start, end) in enumerate(bounds):
        here = []
        while cursor < len(places) and places[cursor].start < end:
            here.append(cursor)
            cursor += 1
        if not here:
            _turn(focus, text, places, here, (start, end), number)
            continue
        inner = _inner(places, here)
        wanted = [(a, b, "") for i, a in enumerate(here) for b in here[i + 1 : i + 26]
            if (a not in inner and (b not in inner or places[b].end <= places[a].end)) or inner.get(a) == b]
        seen = {places[h].entity for h in here}
        carried = _carried(focus, places, number)
        entities = {places[c].entity for c, _ in carried}
        carried += [(c, "owner") for c in owner if c not in here and places[c].entity not in entities]
        wanted += [(c, h, why) for c, why in carried if places[c].entity not in seen for h in here[:12] if h not in inner]
        for a, b, why in wanted:
            possible = fit.possible.get((places[a].type, places[b].type), (0,))
            if len(possible) > 1 and places[a].entity != places[b].entity:
                found.append((a, b, why, possible, (start, end)))
        _turn(focus, text, places, here, (start, end), number)
    return found


def _judged(reading: Analysis, known: Stretches, places: Sequence[Place], bounds: Sequence[tuple[int, int]],
    pairs: Sequence[_Pair]) -> list[Candidate]:
    """Give pairs their features; say which are planned, supposed or denied."""
    found: list[Candidate] = []
    if not pairs:
        return found
    whole = sheet(reading, known, places, bounds)
    untrue = [stretch for start, end in bounds for stretch in unreal(reading, start, end)]
    for begin in range(0, len(pairs), MOST):
        part = pairs[begin : begin + MOST]
        first, second = (np.array([pair[side] for pair in part], np.int64) for side in (0, 1))
        gap = gaps(whole, first, second, [pair[2] for pair in part])
        unsure = is_unreal(gap, untrue).tolist()
        found += [
            Candidate(a, b, sentence, why, Example(features, possible), doubt)
            for (a, b, why, possible, sentence), features, doubt in zip(part, pair_features(gap), unsure, strict=True)
        ]
    return found


def _inner(places: Sequence[Place], here: Sequence[int]) -> dict[int, int]:
    """Mentions inside longer ones, each with the mention around it: a name's owner is no party to what the name's bearer does."""
    inner: dict[int, int] = {}
    around: int | None = None
    for h in here:
        if around is not None and places[h].end <= places[around].end:
            inner[h] = around
        else:
            around = h
    return inner


@dataclass(slots=True)
class _Focus:
    """What is still being talked about: the opening organisations, the last things of each type with their sentence's number."""

    topic: list[int] = field(default_factory=list)
    topic_at: int = -9
    recent: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    main: dict[str, tuple[int, int]] = field(default_factory=dict)


_KEPT = {"Event": 2, "Programme": 2, "Asset": 1, "Person": 2, "Document": 1}


def _carried(focus: _Focus, places: Sequence[Place], number: int) -> list[tuple[int, str]]:
    """Mentions of earlier sentences to pair with this one, each with the reason: topic, or type, rank and distance."""
    carried = [(t, f"topic{min(number - focus.topic_at, 3)}") for t in focus.topic[:3]]
    for kind in _KEPT:
        items = focus.recent.get(kind, [])
        for rank, (at, said) in enumerate(items[::-1]):
            if number - said <= 6:
                carried.append((at, f"{kind[:3]}{rank}{min(number - said, 3)}"))
        if kind in ("Event",
            "Programme") and kind in focus.main and places[focus.main[kind][0]].entity not in {places[
            at].entity for at, _ in items}:
            carried.append((focus.main[kind][0], f"{kind[:3]}main"))
    return carried


def _turn(focus: _Focus, text: str, places: Sequence[Place], here: Sequence[int], sentence: tuple[int, int],
    number: int) -> None:
    """Move the focus past a sentence."""
    opening = _opening(text, places, here)
    if opening:
        focus.topic, focus.topic_at = opening, number
    elif text[sentence[0] : sentence[1]].lstrip().startswith("#"):
        focus.topic = []
    for h in here:
        kind, entity = places[h].type, places[h].entity
        if kind in _KEPT:
            items = [(at, said) for at, said in focus.recent.get(kind, []) if places[at].entity != entity]
            focus.recent[kind] = [*items, (h, number)][-_KEPT[kind] :]
            focus.main.setdefault(kind, (h, number))


def _opening(text: str, places: Sequence[Place], here: Sequence[int]) -> list[int]:
    """The organisations that open the sentence: the first one and those listed with it."""
    group: list[int] = []
    for h in here:
        place = places[h]
        if place.type != "Organization":
            if group:
                break
            continue
        if not group:
            group.append(h)
        elif LIST.match(text[places[group[-1]].end : place.start]):
            group.append(h)
        else:
            break
    return group


def _ownership(whole: Profile, fit: Schema, bounds: Sequence[tuple[int, int]]) -> list[Candidate]:
    """Every organisation against the organisations that the document may be by or about."""
    places, ends = whole.places, [end for _, end in bounds]
    organisation = "Organization"
    possible = tuple(c for c in fit.possible.get((organisation, organisation), ()) if fit.classes[c] in ("", "-partOf"))
    if len(possible) < 2:
        return []
    return [
        Candidate(owner, unit, bounds[bisect_right(ends, places[unit].start)], OWNERSHIP, Example(features, possible))
        for owner, unit, features in pairs_of_ownership(whole)
    ]


def list_groups(text: str, places: Sequence[Place]) -> list[int]:
    """For each mention the number of its list (members of one type, joined by 、 or 和); lone mentions have their own."""
    group = list(range(len(places)))
    last: int | None = None
    for at, place in enumerate(places):
        if last is not None and places[last].end <= place.start and places[last].type == place.type and LIST.match(text[places[
            last].end : place.start]):
            group[at] = group[last]
        if last is None or place.end > places[last].end:
            last = at
    return group


HOPELESS = 0.05
"""A chance below it comes to nothing: a list (see ``shared``) draws it up to less than any fact needs."""


def shared(text: str, pairs: Sequence[Candidate], places: Sequence[Place], chances: NDArray[np.float32], *,
    weight: float = 0.25) -> NDArray[np.float32]:
    """Let the members of a list agree: what is said of one is said of each.

    The chances of pairs that differ only in the member of a list are drawn towards their mean by ``weight``.
    """
    if not pairs:
        return chances
    group = np.array(list_groups(text, places), np.int64)
    entity = np.array([place.entity for place in places], np.int64)
    first, second = np.array([(pair.first, pair.second) for pair in pairs], np.int64).T
    said: dict[tuple[tuple[int, int], str], int] = {}
    where = np.array([said.setdefault((pair.sentence, pair.carried), len(said)) for pair in pairs], np.int64)
    out = chances.copy()
    for sides in ((group[first], entity[second]), (entity[first], group[second])):
        _, alike, count = np.unique(mix(0, where, *sides), return_inverse=True, return_counts=True)
        together = np.argsort(alike, kind="stable")
        means = np.add.reduceat(chances[together], np.cumsum(count) - count, axis=0) / count[:, None]
        out += np.float32(weight) * (means.astype(np.float32)[alike] - chances)
    return np.clip(out, 0.0, 1.0)
