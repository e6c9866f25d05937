"""Whose unit is it: every organisation against those that the document may be by or about, though the text does not say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kg.extract.scene import Place

_SOURCES = ("来源", "发布人")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a document's organisations look like as a whole.

    ``prefixes`` gives for each organisation those whose name opens its own, the longest first: 中国联通 for 中国联通直属党委.
    """

    text: str
    places: Sequence[Place]
    first_of: Mapping[int, int]
    owners: Sequence[int]
    total: Mapping[int, int]
    kinds: Mapping[str, int]
    forms: frozenset[str]
    prefixes: Mapping[int, tuple[int, ...]]


def profile(text: str, places: Sequence[Place], owners: Sequence[int], first_of: Mapping[int, int]) -> Profile:
    """Count a document's organisations; ``owners`` are those it may be by or about, best first."""
    kinds = Counter(places[at].subtype for at in first_of.values() if places[at].type == "Organization")
    forms = frozenset(text[p.start : p.end] for p in places)
    return Profile(text, places, first_of, owners, Counter(p.entity for p in places), kinds, forms, _prefixes(text, places))


def pairs_of_ownership(whole: Profile) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (mention of the owner, mention of the unit, features) for each organisation and each possible owner."""
    for entity in sorted(whole.first_of):
        at = whole.first_of[entity]
        if whole.places[at].type != "Organization":
            continue
        within = [o for o in whole.prefixes.get(entity, ()) if o not in whole.owners]
        for rank, owner in enumerate([*whole.owners, *within]):
            if owner != entity:
                yield whole.first_of[owner], at, _features(whole, owner, entity, min(rank, 3))


def _features(whole: Profile, owner: int, entity: int, rank: int) -> list[str]:
    text = whole.text
    x, y = whole.places[whole.first_of[owner]], whole.places[whole.first_of[entity]]
    name, lead, kind = text[y.start : y.end], text[x.start : x.end], y.subtype
    shared = next((k for k in range(4, 1, -1) if lead[:k] == name[:k] or lead[-k:] == name[:k]), 0)
    units = sum(whole.kinds.get(other, 0) for other in ("Department", "PartyBody", "WorkingGroup"))
    look = f"{min(units, 6) // 2}{min(whole.kinds.get('Company', 0), 6) // 2}"
    s = f"{x.subtype}|{kind}"
    before, after = text[max(0, y.start - 8) : y.start], text[y.end : y.end + 1]
    source = any(word in before for word in _SOURCES)
    holds = owner in whole.prefixes.get(entity, ())
    opened = any(name[:size] in whole.forms for size in range(1, len(name)))
    return [
        "own", f"s{s}", f"r{rank}{s}", f"sh{shared}{kind}", f"h{name[-2:]}{rank}", f"h3{name[-3:]}", f"p{name[:2]}",
        f"l{min(len(name), 9)}{kind}{rank}", f"n{min(whole.total[entity], 3)}{kind}",
        f"on{min(whole.total[owner], 6)}{rank}{kind}",
        f"in{lead in name}{s}", f"b{before[-2:]}{kind}", f"hd{y.start < 150}{kind}{rank}", f"src{source}{kind}{rank}",
        f"tl{x.start < 40}{rank}{kind}", f"of{name[0]}{kind}", f"oh{lead[-2:]}{kind}{rank}", f"len{len(name) < 6}{kind}{shared}",
        f"lead{min(len(whole.owners), 3)}{rank}", f"holds{holds}{s}", f"holdh{holds}{name[-2:]}",
        f"holdany{holds}{bool(whole.prefixes.get(entity))}{kind}{rank}", f"pro{look}{kind}{rank}", f"prh{look}{name[-2:]}{rank}",
        f"pu{min(units, 8)}{kind}", f"pm{min(whole.kinds.get(kind, 0), 6)}{kind}{rank}", f"sp{opened}{kind}{rank}",
        f"ls{text[y.start - 1 : y.start] in ('、', '和', '与')}{after}{kind}{rank}",
    ]  # fmt: skip


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
