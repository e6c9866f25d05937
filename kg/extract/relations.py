"""From entities to statements: candidate pairs from the schema and the structure of clauses, and the features that decide them.

A candidate is an unordered pair of mentions; its classes are “nothing”, each predicate that the schema allows from the first to the second, and each
(not symmetric) one from the second to the first. Within a sentence every pair is a candidate. Across sentences a mention is paired with what is still
being talked about: the organisations that opened the last sentences, the last event, the last person, and the document's own organisation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kg.extract.analysis import Analysis
from kg.extract.loglinear import Example, hashed
from kg.extract.mood import unreal, untrue

_CLAUSE = re.compile(r"[^。！？!?\n]*[。！？!?\n]?")
STANDING = frozenset({"partOf", "holdsPosition"})
_THIS = re.compile("(?:该|此次|本次|这一|这个|此|这项|这场|上述)[\u4e00-\u9fff]{2}|会上|会议|活动|会前|会后|期间|现场|仪式")
_LIST = re.compile(r"^[”\"》）)\s]*(?:、|和|与|及|以及|/|,|，|同|暨)[“\"《（(\s]*(?:[0-9一二两三四五六七八九十]+\s*[个支项家份]\s*)?[“\"《（(\s]*$")


@dataclass(frozen=True, slots=True)
class Place:
    """A mention with what is known of its entity: the reading unit of this room."""

    start: int
    end: int
    entity: int
    type: str
    subtype: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair of mentions ``first``/``second`` (indices into the places), the sentence it is judged in, and its features.

    ``unreal`` says that its clause is planned, wished for or denied: then only what holds anyway (``STANDING``) may be stated there.
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


def schema(types: Sequence[str], signatures: Mapping[str, Sequence[tuple[frozenset[str], frozenset[str]]]], symmetric: frozenset[str]) -> Schema:
    """List the classes and which of them each pair of types allows."""
    names = sorted(signatures)
    classes = ("", *names, *(f"-{name}" for name in names if name not in symmetric))
    number = {name: at for at, name in enumerate(classes)}
    possible = {}
    for a in types:
        for b in types:
            fit = [0]
            for name in names:
                if any(a in s and b in o for s, o in signatures[name]) or (name in symmetric and any(b in s and a in o for s, o in signatures[name])):
                    fit.append(number[name])
                if name not in symmetric and any(b in s and a in o for s, o in signatures[name]):
                    fit.append(number[f"-{name}"])
            possible[a, b] = tuple(fit)
    return Schema(classes=classes, possible=possible)


def sentences(text: str) -> list[tuple[int, int]]:
    """Sentences ``[start, end)``: up to a full stop or line break.

    >>> sentences("甲。乙")
    [(0, 2), (2, 3)]
    """
    return [m.span() for m in _CLAUSE.finditer(text) if m.end() > m.start()]


def own_organisations(text: str, places: Sequence[Place], *, most: int = 3) -> list[int]:
    """The entities that the document may be by or about, best first: companies and the like, by mentions, title and source line."""
    score: Counter[int] = Counter()
    title_end = text.find("\n", 1)
    for place in places:
        if place.type != "Organization" or place.subtype in ("Department", "WorkingGroup"):
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
        places: its mentions, sorted by start; nested ones included.
        fit: what the schema allows.
    """
    found: list[Candidate] = []
    owners = own_organisations(reading.text, places)
    first_of: dict[int, int] = {}
    for at, place in enumerate(places):
        first_of.setdefault(place.entity, at)
    focus = _Focus()
    cursor = 0
    for number, (start, end) in enumerate(sentences(reading.text)):
        here = []
        while cursor < len(places) and places[cursor].start < end:
            here.append(cursor)
            cursor += 1
        frame = _Frame(reading, places, here, start, end, unreal(reading, start, end))
        inner = _inner(places, here)
        for i, a in enumerate(here):
            for b in here[i + 1 : i + 26]:
                if a not in inner and (b not in inner or places[b].end <= places[a].end) or inner.get(a) == b:
                    _add(found, frame, fit, a, b, "")
        seen = {places[h].entity for h in here}
        carried = _carried(focus, places, number)
        for owner in owners[:1]:
            if first_of[owner] not in here and owner not in {places[c].entity for c, _ in carried}:
                carried.append((first_of[owner], "owner"))
        for c, why in carried:
            if places[c].entity not in seen:
                for h in here[:12]:
                    if h not in inner:
                        _add(found, frame, fit, c, h, why)
        _turn(focus, frame, number)
    return found + _ownership(reading, places, fit, owners, first_of)


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
    """What is still being talked about: the opening organisations, and the last things of each type with the number of their sentence."""

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
        if kind in ("Event", "Programme") and kind in focus.main and places[focus.main[kind][0]].entity not in {places[at].entity for at, _ in items}:
            carried.append((focus.main[kind][0], f"{kind[:3]}main"))
    return carried


def _turn(focus: _Focus, frame: _Frame, number: int) -> None:
    """Move the focus past a sentence."""
    opening = _opening(frame)
    if opening:
        focus.topic, focus.topic_at = opening, number
    elif frame.reading.text[frame.start : frame.end].lstrip().startswith("#"):
        focus.topic = []
    for h in frame.here:
        kind, entity = frame.places[h].type, frame.places[h].entity
        if kind in _KEPT:
            items = [(at, said) for at, said in focus.recent.get(kind, []) if frame.places[at].entity != entity]
            focus.recent[kind] = [*items, (h, number)][-_KEPT[kind] :]
            focus.main.setdefault(kind, (h, number))


@dataclass(frozen=True, slots=True)
class _Frame:
    """One sentence with its mentions."""

    reading: Analysis
    places: Sequence[Place]
    here: list[int]
    start: int
    end: int
    stretches: list[tuple[int, int]]


def _opening(frame: _Frame) -> list[int]:
    """The organisations that open the sentence: the first one and those listed with it."""
    group: list[int] = []
    for h in frame.here:
        place = frame.places[h]
        if place.type != "Organization":
            if group:
                break
            continue
        if not group:
            group.append(h)
        elif _LIST.match(frame.reading.text[frame.places[group[-1]].end : place.start]):
            group.append(h)
        else:
            break
    return group


def _add(found: list[Candidate], frame: _Frame, fit: Schema, a: int, b: int, why: str) -> None:
    first, second = frame.places[a], frame.places[b]
    if first.entity == second.entity:
        return
    possible = fit.possible.get((first.type, second.type), (0,))
    if len(possible) < 2:
        return
    features = _pair_features(frame, a, b, why)
    found.append(Candidate(a, b, (frame.start, frame.end), why, Example(features, possible), _unreal(frame, a, b)))


def _unreal(frame: _Frame, a: int, b: int) -> bool:
    """Whether what is said of two mentions is planned, wished for, supposed or denied."""
    reading, first, second = frame.reading, frame.places[a], frame.places[b]
    start = _clause_start(reading.text, frame.places[_list_edge(frame, b, -1)].start, frame.start)
    marked = any(
        "unreal" in names and reading.lexed.begin[at] and not any(frame.places[h].start <= at < frame.places[h].end for h in frame.here)
        for at, _, names in _cues(reading.markers, start, second.start)
    )
    return marked or untrue(reading, frame.stretches, (first.start, first.end), (second.start, second.end))


def _list_edge(frame: _Frame, at: int, step: int) -> int:
    """The last (or first) member of the list that a mention stands in."""
    text, places = frame.reading.text, frame.places
    order = frame.here
    if at not in order:
        return at
    k = order.index(at)
    while 0 <= k + step < len(order):
        x, y = (order[k], order[k + step]) if step > 0 else (order[k + step], order[k])
        if places[x].end > places[y].start or places[x].type != places[y].type or not _LIST.match(text[places[x].end : places[y].start]):
            break
        k += step
    return order[k]


def _between(reading: Analysis, start: int, end: int) -> list[tuple[int, int, str]]:
    if start >= end:
        return []
    return list(reading.words[reading.word_at[start] : reading.word_at[min(end, len(reading.word_at)) - 1] + 1])


def _cues(table: Mapping[int, tuple[int, tuple[str, ...]]], start: int, end: int) -> list[tuple[int, int, tuple[str, ...]]]:
    return [(at, *table[at]) for at in range(max(start, 0), end) if at in table and table[at][0] <= end]


def _pair_features(frame: _Frame, a: int, b: int, why: str) -> NDArray[np.uint64]:
    reading, places = frame.reading, frame.places
    text = reading.text
    x, y = places[a], places[b]
    tx, ty = x.subtype or x.type, y.subtype or y.type
    t = f"{x.type[:3]}{y.type[:3]}"
    parts = [f"t{t}", f"s{tx}|{ty}", f"w{why}", f"wt{why}{t}"]
    left = _list_edge(frame, a, 1) if not why else a
    right = _list_edge(frame, b, -1)
    lx, ry = places[left], places[right]
    if why:
        gap_start, gap_end = frame.start, y.start
        parts += _carried_features(frame, b, why, t)
    else:
        gap_start, gap_end = lx.end, ry.start
    same_list = not why and (left == b or (left != a and places[left].start >= y.start)) or gap_end < gap_start
    nested = not why and y.start < x.end
    middle = text[gap_start:gap_end] if gap_end > gap_start else ""
    words = _between(reading, gap_start, gap_end)
    inside = [h for h in frame.here if gap_start <= places[h].start and places[h].end <= gap_end]
    cues = _cues(reading.triggers, gap_start, gap_end)
    before = _cues(reading.triggers, max(frame.start, x.start - 14), x.start) if not why else []
    tail_start = _list_end(frame, b)
    after = _cues(reading.triggers, tail_start, min(frame.end, tail_start + 16))
    parts += [f"nest{nested}{t}", f"list{same_list}{t}", f"n{min(len(inside), 4)}{t}", f"c{min(sum(middle.count(m) for m in ',，;；'), 4)}{t}", f"d{min(len(middle) // 4, 8)}{t}"]
    if nested:
        parts += [f"nr{text[x.start:y.start][-3:]}{t}", f"nl{text[y.end:x.end][:3]}{t}", f"ne{tx}{ty}{y.start == x.start}{y.end == x.end}", f"nx{text[y.end:x.end][-2:]}{ty}"]
    if len(middle) <= 8:
        parts += [f"m{middle}", f"mt{middle}{t}", f"ms{middle}{tx}{ty}"]
    kinds = Counter(places[h].type[:3] for h in inside)
    parts += [f"i{k}{min(v, 2)}{t}" for k, v in sorted(kinds.items())]
    for at, (ws, we, tag) in enumerate(words[-6:]):
        word = text[ws:we]
        parts.append(f"b{word}{t}")
        if tag in ("v", "p", "vn", "c"):
            parts.append(f"v{word}{t}{bool(inside)}")
    if words:
        parts += [f"wl{text[words[0][0]:words[0][1]]}{t}", f"wr{text[words[-1][0]:words[-1][1]]}{t}"]
        if len(words) > 1:
            parts.append(f"wr2{text[words[-2][0]:words[-1][1]]}{t}")
            parts.append(f"wl2{text[words[0][0]:words[1][1]]}{t}")
    verbs = [text[ws:we] for ws, we, tag in words if tag in ("v", "vn") and not any(places[h].start <= ws < places[h].end for h in inside)]
    if verbs:
        parts += [f"vf{verbs[0]}{t}", f"vl{verbs[-1]}{t}", f"vs{verbs[-1]}{tx}{ty}", f"nv{min(len(verbs), 4)}{t}", f"vfl{verbs[0]}{verbs[-1]}"]
    else:
        parts.append(f"nov{t}")
    for cue_list, place in ((cues, "m"), (before, "b"), (after, "a")):
        for number, (_, _, names) in enumerate(cue_list[::-1] if place != "a" else cue_list):
            if number > 3:
                break
            for name in names:
                parts += [f"q{place}{name}{t}", f"qn{place}{number}{name}{t}", f"qi{place}{name}{len(inside) > 0}{t}"]
                if number == 0:
                    parts.append(f"qs{place}{name}{tx}{ty}")
        if not cue_list:
            parts.append(f"q0{place}{t}")
    if cues:
        at, end, names = cues[-1]
        parts += [f"ql{text[at:end]}{t}", f"qd{min((gap_end - end) // 2, 4)}{names[0]}{t}", f"qlg{text[at:end]}{text[end:gap_end][:2]}{t}"]
        at, end, names = cues[0]
        parts.append(f"qf{text[at:end]}{t}{len(inside) > 0}")
    for cue_list, place in ((cues, "m"), (after, "a")):
        for at, end, names in cue_list:
            if len(names) == 1:
                joint = text[gap_start : gap_start + 1] in "与同和" if middle else False
                parts += [f"u{place}{names[0]}{t}", f"uj{place}{names[0]}{joint}{t}{right != b}", f"uw{place}{text[at:end]}{joint}{t}"]
    if after:
        at, end, names = after[0]
        parts += [f"qa{text[at:end]}{t}{at - tail_start < 3}", f"qas{text[tail_start:at][:3]}{names[0]}{t}"]
        joint = middle in ("与", "和", "同", "联合", "携手", "会同") or text[gap_start : gap_start + 1] in ("与", "同", "和")
        parts += [f"qj{joint}{name}{t}" for name in names] + [f"qjw{joint}{text[at:end]}{t}"]
    tail = _between(reading, tail_start, min(frame.end, tail_start + 12))[:4]
    parts += [f"aw{k}{text[ws:we]}{t}" for k, (ws, we, _) in enumerate(tail[:3])]
    parts.append(f"abag{text[tail[0][0]:tail[-1][1]][:4]}{t}" if tail else f"aend{t}")
    if not why:
        head = _between(reading, max(frame.start, _list_start(frame, a) - 10), _list_start(frame, a))[-3:]
        parts += [f"xw{k}{text[ws:we]}{t}" for k, (ws, we, _) in enumerate(head[::-1])]
        parts.append(f"xs{x.start - frame.start < 3}{t}")
        org_before = any(places[h].type == "Organization" and places[h].start < x.start for h in frame.here)
        parts += [f"ob{org_before}{t}", f"ob{org_before}{bool(cues)}{t}"]
    clause = text[max(frame.start, _clause_start(text, y.start, frame.start)) : y.end]
    for _, _, names in _cues(reading.markers, max(frame.start, y.start - len(clause)), y.start):
        parts += [f"k{name}{t}" for name in names]
    for _, _, names in _cues(reading.markers, frame.start, gap_start):
        parts += [f"kf{name}" for name in names if name in ("planned", "negated", "hypothetical")]
    head_line = frame.start < 60
    parts += [f"hl{head_line}{t}", f"fm{text[ry.start - 1 : ry.start]}{text[y.end : y.end + 1]}{t}"]
    parts += _subject_features(frame, a, b, inside, why, t, cues)
    if right != b or left != a:
        parts.append(f"le{left != a}{right != b}{t}")
        between_left = text[lx.end : lx.end + 2]
        parts.append(f"lel{between_left}{t}")
    parts += _person_features(text, x, y, t) if "Person" in (x.type, y.type) else []
    return hashed("R" + part for part in parts)


def _opens_clause(frame: _Frame, at: int) -> bool:
    """Whether a mention (or the list it stands in) stands where a subject stands: at the start of a clause, or after a place or time there."""
    start = frame.places[_list_edge(frame, at, -1)].start
    text = frame.reading.text
    lead = text[_clause_start(text, start, frame.start) : start].strip(" \u3000“\"《")
    return not lead or (len(lead) <= 12 and lead[-1:] in "日月年来后时中下上前，,:：。；")


def _subject_features(frame: _Frame, a: int, b: int, inside: Sequence[int], why: str, t: str, cues: Sequence[tuple[int, int, tuple[str, ...]]]) -> list[str]:
    """Who could be the subject: does the first mention open a clause, and does another organisation open one closer to the second?"""
    places = frame.places
    opens = bool(why) or _opens_clause(frame, a)
    closer = [h for h in inside if places[h].type in ("Organization", "Person") and places[h].entity != places[a].entity and _opens_clause(frame, h)]
    objects = [h for h in inside if places[h].type == "Organization" and h not in closer]
    first = cues[-1][2][0] if cues else ""
    parts = [f"so{opens}{bool(closer)}{t}", f"sc{opens}{bool(closer)}{bool(objects)}{first}{t}", f"sp{opens}{len(closer) > 0}{bool(why)}{first}"]
    if not why:
        follow = _between(frame.reading, _list_end(frame, a), min(frame.end, _list_end(frame, a) + 6))[:1]
        parts += [f"sf{opens}{frame.reading.text[s:e]}{t}" for s, e, _ in follow] + [f"sg{opens}{tag}{first}{t}" for _, _, tag in follow]
    parts.append(f"sy{_opens_clause(frame, b)}{opens}{t}")
    return parts


def _list_end(frame: _Frame, at: int) -> int:
    return frame.places[_list_edge(frame, at, 1)].end


def _list_start(frame: _Frame, at: int) -> int:
    return frame.places[_list_edge(frame, at, -1)].start


def _clause_start(text: str, at: int, low: int) -> int:
    while at > low and text[at - 1] not in ",，;；:：。":
        at -= 1
    return at


def _person_features(text: str, x: Place, y: Place, t: str) -> list[str]:
    middle = text[x.end : y.start] if y.start >= x.end else ""
    clean = not any(mark in middle for mark in ",，。;；“")
    return [f"pt{middle[-4:]}{t}", f"pt2{middle[-2:]}{clean}{t}", f"pf{middle[:2]}{clean}{t}", f"pc{clean}{min(len(middle), 12)}{t}", f"pa{text[y.end : y.end + 2]}{t}"]


def _carried_features(frame: _Frame, b: int, why: str, t: str) -> list[str]:
    text, places = frame.reading.text, frame.places
    y = places[b]
    lead = text[frame.start : y.start]
    orgs = [h for h in frame.here if places[h].type == "Organization" and places[h].start < y.start]
    words = _between(frame.reading, frame.start, min(y.start, frame.start + 12))[:3]
    parts = [f"Co{min(len(orgs), 2)}{why}{t}", f"Cl{min(len(lead) // 4, 8)}{why}{t}", f"Cf{frame.here.index(b) == 0}{why}{t}", f"Ck{sum(lead.count(m) for m in ',，;；')}{why}{t}"]
    parts += [f"Cw{k}{text[ws:we]}{t}" for k, (ws, we, _) in enumerate(words)]
    parts += [f"Ct{k}{tag}{why}{t}" for k, (_, _, tag) in enumerate(words)]
    for at, end, names in _cues(frame.reading.markers, frame.start, frame.end):
        if at < y.start:
            parts += [f"Cm{name}{why}{t}" for name in names]
        if "anaphora" in names:
            parts += [f"Ca{text[at:end]}{at < y.start}{t}", f"Caw{text[at:end]}{why}{t}"]
    for match in _THIS.finditer(text, frame.start, frame.end):
        parts += [f"Ct{match[0][-2:]}{match.start() < y.start}{t}", f"Ctf{match[0][-2:]}{match.start() == frame.start}{why}{t}"]
    return parts


def _ownership(reading: Analysis, places: Sequence[Place], fit: Schema, owners: Sequence[int], first_of: Mapping[int, int]) -> list[Candidate]:
    """Every organisation against the organisations that the document may be by or about: is it one of its units, though the text does not say so?"""
    text = reading.text
    found = []
    total = Counter(place.entity for place in places)
    kinds = Counter(places[at].subtype for at in first_of.values() if places[at].type == "Organization")
    units = sum(kinds[kind] for kind in ("Department", "PartyBody", "WorkingGroup"))
    profile = f"{min(units, 6) // 2}{min(kinds['Company'], 6) // 2}"
    short = {text[p.start : p.end] for p in places}
    prefix_of = _prefixes(text, places)
    for entity in sorted(first_of):
        at = first_of[entity]
        y = places[at]
        if y.type != "Organization":
            continue
        name = text[y.start : y.end]
        within = [o for o in prefix_of.get(entity, ()) if o not in owners]
        for rank, owner in enumerate([*owners, *within]):
            if owner == entity:
                continue
            rank = min(rank, 3)
            holds = owner in prefix_of.get(entity, ())
            x = places[first_of[owner]]
            lead = text[x.start : x.end]
            shared = next((k for k in range(4, 1, -1) if lead[:k] == name[:k] or lead[-k:] == name[:k]), 0)
            s = f"{x.subtype}|{y.subtype}"
            parts = [
                "own", f"s{s}", f"r{rank}{s}", f"sh{shared}{y.subtype}", f"h{name[-2:]}{rank}", f"h3{name[-3:]}", f"p{name[:2]}", f"l{min(len(name), 9)}{y.subtype}{rank}",
                f"n{min(total[entity], 3)}{y.subtype}", f"on{min(total[owner], 6)}{rank}{y.subtype}", f"in{lead in name}{s}", f"b{text[max(0, y.start - 2) : y.start]}{y.subtype}",
                f"hd{y.start < 150}{y.subtype}{rank}", f"src{'来源' in text[max(0, y.start - 8) : y.start] or '发布人' in text[max(0, y.start - 8) : y.start]}{y.subtype}{rank}",
                f"tl{x.start < 40}{rank}{y.subtype}", f"of{name[0]}{y.subtype}", f"oh{lead[-2:]}{y.subtype}{rank}", f"len{len(name) < 6}{y.subtype}{shared}",
                f"lead{min(len(owners), 3)}{rank}", f"holds{holds}{s}", f"holdh{holds}{name[-2:]}", f"holdany{holds}{bool(prefix_of.get(entity))}{y.subtype}{rank}", f"pro{profile}{y.subtype}{rank}", f"prh{profile}{name[-2:]}{rank}", f"pu{min(units, 8)}{y.subtype}", f"pm{min(kinds[y.subtype], 6)}{y.subtype}{rank}",
                f"sp{any(name != o and name.startswith(o) for o in short)}{y.subtype}{rank}", f"ls{text[y.start - 1 : y.start] in ('、', '和', '与')}{text[y.end : y.end + 1]}{y.subtype}{rank}",
            ]  # fmt: skip
            possible = tuple(c for c in fit.possible[x.type, y.type] if fit.classes[c] in ("", "-partOf"))
            if len(possible) < 2:
                continue
            sentence = next((s for s in sentences(text) if s[0] <= y.start < s[1]), (y.start, y.end))
            found.append(Candidate(first_of[owner], at, sentence, "ownership", Example(hashed("O" + part for part in parts), possible)))
    return found


def list_groups(text: str, places: Sequence[Place]) -> list[int]:
    """For each mention the number of the list it stands in (members of one type, joined by 、 or 和); lone mentions have their own."""
    group = list(range(len(places)))
    last: int | None = None
    for at, place in enumerate(places):
        if last is not None and places[last].end <= place.start and places[last].type == place.type and _LIST.match(text[places[last].end : place.start]):
            group[at] = group[last]
        if last is None or place.end > places[last].end:
            last = at
    return group


def shared(text: str, pairs: Sequence[Candidate], places: Sequence[Place], chances: NDArray[np.float32], *, weight: float = 0.25) -> NDArray[np.float32]:
    """Let the members of a list agree: what is said of one is said of each.

    The chances of pairs that differ only in the member of a list are drawn towards their mean by ``weight``.
    """
    group = list_groups(text, places)
    together: dict[tuple[object, ...], list[int]] = {}
    for number, pair in enumerate(pairs):
        a, b = places[pair.first], places[pair.second]
        together.setdefault((pair.sentence, pair.carried, group[pair.first], b.entity, "f"), []).append(number)
        together.setdefault((pair.sentence, pair.carried, a.entity, group[pair.second], "s"), []).append(number)
    out = chances.copy()
    for members in together.values():
        if len(members) > 1:
            out[members] += weight * (chances[members].mean(0) - chances[members])
    return np.clip(out, 0.0, 1.0)


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
