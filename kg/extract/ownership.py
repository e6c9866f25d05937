"""Whose unit is it: every organisation against those that the document may be by or about, though the text does not say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kg.extract.bags import MOST, Bags
from kg.extract.features import mix
from kg.extract.sheet import Place
from kg.extract.stretches import U64, Ints, Stretches, codes

_UNITS = frozenset({"Department", "PartyBody", "WorkingGroup", "ResearchInstitution", "School", "Company"})
_SOURCES = ("来源", "发布人")
_INNER = ("Department", "PartyBody", "WorkingGroup")
_LAST_RANK = 3


@dataclass(frozen=True, slots=True)
class Profile:
    """What a document's organisations look like as a whole.

    ``prefixes`` gives for each organisation those whose name opens its own, the longest first: 中国联通 for 中国联通直属党委.
    """

    known: Stretches
    places: Sequence[Place]
    first_of: Mapping[int, int]
    owners: Sequence[int]
    total: Mapping[int, int]
    kinds: Mapping[str, int]
    forms: frozenset[str]
    prefixes: Mapping[int, tuple[int, ...]]


def profile(known: Stretches, places: Sequence[Place], owners: Sequence[int], first_of: Mapping[int, int]) -> Profile:
    """Count a document's organisations; ``owners`` are those it may be by or about, best first."""
    text = known.text
    kinds = Counter(places[at].subtype for at in first_of.values() if places[at].type == "Organization")
    named = [p for p in places if not p.anaphor]
    forms = frozenset(text[p.start : p.end] for p in named)
    return Profile(known, places, first_of, owners, Counter(p.entity for p in named), kinds, forms, _prefixes(text, named))


def pairs_of_ownership(whole: Profile) -> list[tuple[int, int, U64]]:
    """Pair each organisation with each possible owner: the mention of the owner, that of the unit, the features."""
    pairs = []
    for entity in sorted(whole.first_of):
        if whole.places[whole.first_of[entity]].type == "Organization":
            within = [owner for owner in whole.prefixes.get(entity, ()) if owner not in whole.owners]
            pairs += [(owner, entity, min(rank, _LAST_RANK)) for rank, owner in enumerate([*whole.owners, *within])
                if owner != entity]
    found = []
    for begin in range(0, len(pairs), MOST):
        part = pairs[begin : begin + MOST]
        for (owner, entity, _), features in zip(part, _features(whole, part), strict=True):
            found.append((whole.first_of[owner], whole.first_of[entity], features))
    return found


def named_after(text: str, places: Sequence[Place]) -> dict[int, int]:
    """The units whose name opens with their owner's, as 中国联通 opens 中国联通直属党委, each with its nearest owner."""
    kinds = {place.entity: place.subtype for place in places}
    return {unit: owners[0] for unit, owners in _prefixes(text, [p for p in places if not p.anaphor]).items()
        if kinds[unit] in _UNITS}


def _features(whole: Profile, pairs: Sequence[tuple[int, int, int]]) -> list[U64]:
    """The features of pairs of owner and unit, with the owner's rank."""
    text, places = whole.known, whole.places
    x = [places[whole.first_of[owner]] for owner, _, _ in pairs]
    y = [places[whole.first_of[entity]] for _, entity, _ in pairs]
    rank = np.array([rank for _, _, rank in pairs], np.int64)
    kind, s = codes([p.subtype for p in y]), mix(0, codes([p.subtype for p in x]), codes([p.subtype for p in y]))
    low, high, start, end = (np.array(edge, np.int64) for edge in (
        [p.start for p in x], [p.end for p in x], [p.start for p in y], [p.end for p in y]))  # fmt: skip
    tail = text.of(np.maximum(end - 2, start), end)
    shared = _shared(text, (low, high), (start, end))
    found = Bags(len(pairs))
    found.put("s", s)
    found.put("r", s, rank)
    found.put("sh", kind, shared)
    found.put("h", tail, rank)
    found.put("h3", text.of(np.maximum(end - 3, start), end))
    found.put("p", text.of(start, np.minimum(start + 2, end)))
    found.put("l", kind, np.minimum(end - start, 9), rank)
    found.put("b", kind, text.of(start - 2, start))
    found.put("hd", kind, start < 150, rank)
    found.put("tl", kind, low < 40, rank)
    found.put("of", kind, text.of(start, start + 1))
    found.put("oh", kind, text.of(np.maximum(high - 2, low), high), rank)
    found.put("len", kind, end - start < 6, shared)
    found.put("ls", kind, text.opened_by("、和与", np.maximum(start - 1, 0)) & (start > 0), text.of(end, end + 1), rank)
    _standing(whole, pairs, (kind, s, tail, rank), found)
    _company(whole, y, (kind, tail, rank), found)
    return found.by_example()


def _shared(text: Stretches, owner: tuple[Ints, Ints], unit: tuple[Ints, Ints]) -> Ints:
    """How many of the unit's first characters, up to four, are the owner's first or last ones; 0 for fewer than two."""
    out = np.zeros(len(owner[0]), np.int64)
    for size in (2, 3, 4):
        opening = text.of(unit[0], np.minimum(unit[0] + size, unit[1]))
        same = text.of(owner[0], np.minimum(owner[0] + size, owner[1])) == opening
        out[same | (text.of(np.maximum(owner[1] - size, owner[0]), owner[1]) == opening)] = size
    return out


def _standing(whole: Profile, pairs: Sequence[tuple[int, int, int]], values: tuple[U64, U64, U64, Ints], found: Bags) -> None:
    """How often the two are named, and whether the owner's name stands in the unit's."""
    text, (kind, s, tail, rank) = whole.known.text, values
    names = {entity: text[whole.places[at].start : whole.places[at].end] for entity, at in whole.first_of.items()}
    holds = np.array([owner in whole.prefixes.get(entity, ()) for owner, entity, _ in pairs], np.bool_)
    held = np.array([bool(whole.prefixes.get(entity)) for _, entity, _ in pairs], np.bool_)
    found.put("n", kind, np.array([min(whole.total[entity], 3) for _, entity, _ in pairs], np.int64))
    found.put("on", kind, np.array([min(whole.total[owner], 6) for owner, _, _ in pairs], np.int64), rank)
    found.put("in", s, np.array([names[owner] in names[entity] for owner, entity, _ in pairs], np.bool_))
    found.put("holds", s, holds)
    found.put("holdh", tail, holds)
    found.put("holdany", kind, holds, held, rank)
    found.put("lead", rank, np.full(len(pairs), min(len(whole.owners), 3)))


def _company(whole: Profile, units: Sequence[Place], values: tuple[U64, U64, Ints], found: Bags) -> None:
    """What other organisations the document names, and what stands before the unit."""
    text, (kind, tail, rank) = whole.known.text, values
    count = sum(whole.kinds.get(other, 0) for other in _INNER)
    look = np.uint64(min(count, 6) // 2 * 4 + min(whole.kinds.get("Company", 0), 6) // 2)
    opened = {name: any(name[:size] in whole.forms for size in range(1, len(name)))
        for name in {text[p.start : p.end] for p in units}}
    befores = [text[max(0, p.start - 8) : p.start] for p in units]
    found.put("src", kind, np.array([any(word in before for word in _SOURCES) for before in befores], np.bool_), rank)
    found.put("sp", kind, np.array([opened[text[p.start : p.end]] for p in units], np.bool_), rank)
    found.put("pm", kind, np.array([min(whole.kinds.get(p.subtype, 0), 6) for p in units], np.int64), rank)
    found.put("pro", kind, look, rank)
    found.put("prh", tail, look, rank)
    found.put("pu", kind, np.uint64(min(count, 8)))
    found.put("own", np.zeros(len(units), np.int64))


def _prefixes(text: str, places: Sequence[Place]) -> dict[int, tuple[int, ...]]:
    """For each organisation the organisations whose name opens its own, the longest first: 中国联通 for 中国联通直属党委."""
    forms: dict[str, int] = {}
    for place in places:
        if place.type == "Organization":
            forms.setdefault(text[place.start : place.end], place.entity)
    out: dict[int, dict[int, int]] = {}
    for name, entity in forms.items():
        for size in range(len(name) - 1, 1, -1):
            owner = forms.get(name[:size])
            if owner is not None and owner != entity:
                out.setdefault(entity, {}).setdefault(owner, size)
    return {entity: tuple(sorted(owners, key=lambda o: (-owners[o], o))) for entity, owners in out.items()}
