"""Facts by trigger words and the frames of the Chinese clause, for a pack that has no training documents.

A trigger word states its predicate between names that the predicate allows: 甲 … 签署 … 乙 (plain), 甲与乙合作 (joint),
乙由甲主办 and 在甲指导下，乙 … (passive), 为乙提供支持 (served), 甲公司董事长乙 and 乙任甲公司董事长 (office), 甲旗下乙
(backward). What is said of one member of a list is said of each. A clause without a subject has that of the clause before it;
what is planned, denied or supposed is no fact.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from kg.extract.analysis import Analysis, Resources
from kg.extract.features import Hit
from kg.extract.loglinear import Example, hashed
from kg.extract.mood import unreal, untrue
from kg.extract.relations import Candidate, Place, Schema, sentences

SURE = {"joint": 0.75, "plain": 0.7, "passive": 0.7, "served": 0.65, "office": 0.75, "backward": 0.75, "carried": 0.55}
"""How sure a fact is by the frame that states it: about how often such facts are right."""

_BREAK = re.compile("[,，;；:：。！？!?\n]")
_TOGETHER = ("与", "同", "跟", "和", "携手", "联合", "会同", "协同")
_AND = ("、", "和", "与", "及", "以及", "同", "暨", "/", "，", ",")
_BY = ("由", "被", "经", "受")
_FOR = ("为", "对", "向", "给", "将", "把")
_ASIDE = (*_FOR, "在", "与", "和", "同", "跟", "从", "于", "按照", "根据", "依托", "通过")
_QUOTES = '“”"《》「」『』 \u3000'
_THAT = ("该", "本", "此", "这个", "上述")
_GAP = 6
_REMEMBERED = 500
"""How many mentions back 该项目 looks for what it means."""
_EMPTY = Example(hashed(()), (0,))


@dataclass(slots=True)
class _Clause:
    """A clause with its outermost mentions, those of later clauses, its head nouns, and the subjects it may take over.

    ``earlier`` is how many of the document's mentions begin before it.
    """

    reading: Analysis
    places: Sequence[Place]
    fit: Schema
    start: int
    end: int
    here: list[int] = field(default_factory=list)
    later: list[int] = field(default_factory=list)
    backward: frozenset[str] = frozenset()
    heads: Sequence[Hit] = ()
    earlier: int = 0
    before: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Cue:
    """A trigger word ``[start, end)`` for one predicate: its number among the classes, whether the predicate is symmetric."""

    start: int
    end: int
    number: int
    symmetric: bool
    nominal: bool
    backward: bool


Pair = tuple[int, int, str]
"""Subject and object (indices of places) and the frame that states them."""


def facts(reading: Analysis, places: Sequence[Place], fit: Schema, pack: Resources) -> list[tuple[Candidate, int, float]]:
    """Pair names around trigger words.

    Returns:
        Candidates (the first mention is the subject), each with the number of its class in ``fit`` and a confidence.
    """
    out: list[tuple[Candidate, int, float]] = []
    carried: list[int] = []
    starts = [place.start for place in places]
    heads = [hit.start for hit in reading.heads]
    for start, end in sentences(reading.text):
        here = range(bisect_left(starts, start), bisect_left(starts, end))
        nouns = reading.heads[bisect_left(heads, start) : bisect_left(heads, end)]
        clauses = _clauses(reading, places, fit, pack, (start, end), here, nouns)
        stretches = unreal(reading, start, end)
        for clause in clauses:
            clause.before = carried
            for cue in _cues(clause, pack):
                for subject, object_, frame in _frames(clause, cue):
                    order = sorted(((places[subject].start, places[subject].end), (places[object_].start, places[object_].end)))
                    # A name of an earlier clause is not under the markers of this one; the other name and the trigger are.
                    last = order[1] if frame != "carried" else (cue.end, cue.end)
                    if untrue(reading, stretches, order[0], last) or any(a < cue.start < b for a, b in stretches):
                        continue
                    kept = "" if frame != "carried" else "topic"
                    out.append((Candidate(subject, object_, (start, end), kept, _EMPTY), cue.number, SURE[frame]))
            carried = _opening(clause) or carried
        if reading.text[start:end].endswith("\n"):
            carried = []  # a paragraph begins with a subject of its own
    return out


def _clauses(reading: Analysis, places: Sequence[Place], fit: Schema, pack: Resources, sentence: tuple[int, int],
    named: range, heads: Sequence[Hit]) -> list[_Clause]:
    """Cut a sentence, with the mentions and head nouns in it, into clauses."""
    start, end = sentence
    outer: list[int] = []
    for at in named:
        if not (outer and places[at].end <= places[outer[-1]].end):
            outer.append(at)
    inside = [(places[h].start, places[h].end) for h in outer]
    bounds = [start]
    for match in _BREAK.finditer(reading.text, start, end):
        if not any(a <= match.start() < b for a, b in inside):
            bounds.append(match.end())
    out = []
    for a, b in zip(bounds, [*bounds[1:], end], strict=True):
        if a < b:
            here = [h for h in outer if a <= places[h].start < b]
            later = [h for h in outer if places[h].start >= b]
            nouns = [hit for hit in heads if a <= hit.start < b]
            earlier = next((h for h in named if places[h].start >= a), named.stop)
            out.append(_Clause(reading, places, fit, a, b, here, later, pack.lexicon.backward, nouns, earlier))
    return out


@lru_cache(maxsize=4)
def _numbers(classes: tuple[str, ...]) -> dict[str, int]:
    return {name: at for at, name in enumerate(classes)}


def _cues(clause: _Clause, pack: Resources) -> list[_Cue]:
    """The trigger words of a clause that are words of their own, outside names."""
    reading = clause.reading
    number = _numbers(clause.fit.classes)
    out = []
    for at in range(clause.start, clause.end):
        if at not in reading.triggers or any(clause.places[h].start <= at < clause.places[h].end for h in clause.here):
            continue
        end, names = reading.triggers[at]
        begin, stop, tag = reading.words[reading.word_at[at]]
        if begin != at and not (stop == end and end - at > 1):
            continue
        if end - at == 1 and (stop != end or tag not in ("v", "p") or reading.text[at] in _AND):
            continue
        backward = reading.text[at:end] in pack.lexicon.backward
        out += [_Cue(at, end, number[name], f"-{name}" not in number, tag == "n", backward) for name in names]
    return out


def _fits(clause: _Clause, subject: int, object_: int, cue: _Cue) -> bool:
    a, b = clause.places[subject], clause.places[object_]
    return a.entity != b.entity and cue.number in clause.fit.possible.get((a.type, b.type), ())


def _frames(clause: _Clause, cue: _Cue) -> list[Pair]:
    """What a trigger word states, by the first frame that fits; a frame is told the names before and after the word."""
    places = clause.places
    before = [h for h in clause.here if places[h].end <= cue.start]
    after = [h for h in clause.here if places[h].start >= cue.end]
    for frame in (_joint, _backward, _passive, _office, _plain, _served):
        found = [(a, b, name) for a, b, name in frame(clause, cue, before, after) if _fits(clause, a, b, cue)]
        if found:
            return found
    return []


def _joint(clause: _Clause, cue: _Cue, before: Sequence[int], after: Sequence[int]) -> list[Pair]:
    """甲、乙与丙、丁签约: each of the first group with each of the second; 甲、乙、丙合作: all with all."""
    if not cue.symmetric or len(before) < 2:
        return []
    last = before[-1]
    group = _list_of(clause, last, before)
    if any(_gap(clause, h, cue.start) is None for h in group[-1:]):
        return []
    if len(group) < 2:
        at = before.index(group[0])
        joined = at > 0 and _between(clause, before[at - 1], group[0]).endswith(_TOGETHER)
        return [(a, last, "joint") for a in _list_of(clause, before[at - 1], before)] if joined else []
    links = [_between(clause, a, b) for a, b in itertools.pairwise(group)]
    split = next((k + 1 for k, link in enumerate(links) if link in ("与", "同", "跟")), None)
    if split is None:
        at = before.index(group[0])
        if at > 0 and _between(clause, before[at - 1], group[0]).endswith(_TOGETHER):
            return [(a, b, "joint") for a in _list_of(clause, before[at - 1], before) for b in group]
        return [(a, b, "joint") for k, a in enumerate(group) for b in group[k + 1 :]]
    return [(a, b, "joint") for a in group[:split] for b in group[split:]]


def _backward(clause: _Clause, cue: _Cue, before: Sequence[int], after: Sequence[int]) -> list[Pair]:
    """甲旗下乙: the subject stands behind the trigger."""
    if not cue.backward:
        return []
    owners = [h for h in before[::-1] if not after or _fits(clause, after[0], h, cue)] or clause.before
    return [(b, owner, "backward") for owner in owners[:1] for first in after[:1] for b in _list_of(clause, first, after)]


def _passive(clause: _Clause, cue: _Cue, before: Sequence[int], after: Sequence[int]) -> list[Pair]:
    """乙由甲主办, and 在甲指导下，乙 …: the subject stands right before the trigger."""
    if cue.backward or cue.nominal or not before:
        return []
    text = clause.reading.text
    agents = _list_of(clause, before[-1], before)
    first = agents[0]
    while before[0] != first and not _between(clause, before[before.index(first) - 1], first):
        first = before[before.index(first) - 1]  # 由甲大学张三主持: the name before the agent's own, which says where he is from
    lead = _lead(clause, first)
    under = text[cue.end : cue.end + 1] == "下" or text[cue.end : cue.end + 2] == "之下"
    if under:
        done = [h for h in (*after, *clause.later) if any(_fits(clause, a, h, cue) for a in agents)]
        return [(a, b, "passive") for a in agents for first in done[:1] for b in _list_of(clause, first, done)]
    if not lead.endswith(_BY):
        return []
    objects = [
        h for h in (*before[::-1], *_that(clause, cue)) if h not in agents and any(_fits(clause, a, h, cue) for a in agents)
    ]
    objects = objects[:1] or [h for h in after if any(_fits(clause, a, h, cue) for a in agents)][:1] or clause.before[:1]
    return [(a, b, "passive") for a in agents for b in objects]


def _office(clause: _Clause, cue: _Cue, before: Sequence[int], after: Sequence[int]) -> list[Pair]:
    """甲公司董事长乙, 乙任甲公司董事长: a noun that stands right behind the body, with the person before or after."""
    if not cue.nominal or cue.backward:
        return []
    bodies = [h for h in before[-1:] if (gap := _gap(clause, h, cue.start)) is not None and gap <= _GAP]
    holders = [h for h in after[:1] if clause.places[h].start - cue.end <= 1]
    if holders:
        return [(who, body, "office") for who in holders for body in (bodies or clause.before[:1])]
    if len(before) > 1 and not _between(clause, *before[-2:]) and _gap(clause, before[-1], cue.start) == 0:
        return [(before[-1], before[-2], "office"), (before[-2], before[-1], "office")]  # 甲大学张三教授; 张三甲公司董事长
    return [(who, body, "office") for body in bodies for who in before[-2::-1]]


def _plain(clause: _Clause, cue: _Cue, before: Sequence[int], after: Sequence[int]) -> list[Pair]:
    """甲 … T … 乙: the subject opens the clause or is taken over; the object is the nearest that fits, with its list."""
    if cue.backward:
        return []
    found = _subjects(clause, cue, before, [*after, *_that(clause, cue, behind=True)])
    meant = _that(clause, cue, behind=True)
    for frame, subjects in found:
        for first in meant:
            if any(_fits(clause, a, first, cue) for a in subjects):
                return [(a, first, frame) for a in subjects]
        for first in after:
            if any(_fits(clause, a, first, cue) for a in subjects):
                return [(a, b, frame) for a in subjects for b in _list_of(clause, first, after)]
    return []


def _served(clause: _Clause, cue: _Cue, before: Sequence[int], after: Sequence[int]) -> list[Pair]:
    """为乙提供支持, 将乙印发: the object stands before the trigger behind its preposition."""
    if cue.backward:
        return []
    for first in before[::-1]:
        group = _list_of(clause, first, before)
        if not _lead(clause, group[0]).endswith(_FOR):
            continue
        rest = [h for h in before if h < group[0]]
        for frame, subjects in _subjects(clause, cue, rest, group):
            if any(_fits(clause, a, first, cue) for a in subjects):
                return [(a, b, "served" if frame == "plain" else frame) for a in subjects for b in group]
    return []


def _subjects(clause: _Clause, cue: _Cue, before: Sequence[int], after: Sequence[int]) -> list[tuple[str, list[int]]]:
    """Who may be the subject, best first: what opens the clause, any other name before the trigger, what was spoken of before."""
    owners = {h for h in before if _owns(clause, h)}
    fitting = [h for h in before if h not in owners and any(_fits(clause, h, b, cue) for b in after)]
    fronted = [h for h in fitting if not _lead(clause, _list_of(clause, h, before)[0]).endswith(_ASIDE)]
    own = [_list_of(clause, h, before, links=(*_AND, *_TOGETHER)) for h in (*fronted[:1], *fitting[-1:])]
    taken = [h for h in clause.before if any(_fits(clause, h, b, cue) for b in after)]
    anaphor = _that(clause, cue)
    return [
        *(("plain", group) for group in own),
        *([("carried", anaphor)] if anaphor else []),
        *([("carried", taken)] if taken and not fronted else []),
    ]


def _owns(clause: _Clause, h: int) -> bool:
    """Whether a name only says whose unit the next one is: 甲 in 甲下属乙."""
    end = clause.places[h].end
    stop, _ = clause.reading.triggers.get(end, (end, ()))
    return (
        stop > end
        and clause.reading.text[end:stop] in clause.backward
        and any(clause.places[o].start - stop in (0, 1) for o in clause.here)
    )


def _that(clause: _Clause, cue: _Cue, *, behind: bool = False) -> list[int]:
    """What 该项目 or 该公司 before (or behind) the trigger means: the last thing said before whose head noun is the same."""
    text = clause.reading.text
    low, high = (cue.end, clause.end) if behind else (clause.start, cue.start)
    for hit in clause.heads:
        if low < hit.start < high and text[clause.start : hit.start].endswith(_THAT):
            head = text[hit.start : hit.end]
            for h in range(clause.earlier - 1, max(-1, clause.earlier - 1 - _REMEMBERED), -1):
                place = clause.places[h]
                if place.end <= clause.start and text[place.start : place.end].endswith(head):
                    return [h]
            return []
    return []


def _opening(clause: _Clause) -> list[int]:
    """The names that open a clause, which the next clause may be about."""
    for h in clause.here:
        if not _lead(clause, h).endswith(_ASIDE):
            group = _list_of(clause, h, clause.here)
            return group if not clause.reading.text[clause.start : clause.places[group[0]].start].strip(_QUOTES) else []
    return []


def _lead(clause: _Clause, h: int) -> str:
    return clause.reading.text[clause.start : clause.places[h].start].rstrip(_QUOTES)


def _between(clause: _Clause, a: int, b: int) -> str:
    return clause.reading.text[clause.places[a].end : clause.places[b].start].strip(_QUOTES)


def _gap(clause: _Clause, h: int, at: int) -> int | None:
    """How many characters lie between a name and a place behind it; ``None`` if another name does."""
    end = clause.places[h].end
    return None if any(end <= clause.places[o].start < at for o in clause.here) else at - end


def _list_of(clause: _Clause, member: int, among: Sequence[int], *, links: Sequence[str] = _AND) -> list[int]:
    """The list that a mention stands in: neighbours of its type joined by 、 or 和 (or other ``links``), in text order."""
    at = among.index(member)
    low = high = at
    kind = clause.places[member].type
    while low > 0 and clause.places[among[low - 1]].type == kind and _between(clause, among[low - 1], among[low]) in links:
        low -= 1
    while (
        high + 1 < len(among)
        and clause.places[among[high + 1]].type == kind
        and _between(clause, among[high], among[high + 1]) in links
    ):
        high += 1
    return list(among[low : high + 1])
