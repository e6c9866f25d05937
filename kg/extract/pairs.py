"""What the ranker reads of a pair of mentions: the words, triggers and markers around them, and who could be the subject."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kg.extract.analysis import Analysis
from kg.extract.loglinear import hashed
from kg.extract.mood import untrue

_NUMBER = r"(?:[0-9一二两三四五六七八九十]+\s*[个支项家份]\s*)?"
LIST = re.compile(rf"^[”\"》）)\s]*(?:、|和|与|及|以及|/|,|，|同|暨)[“\"《（(\s]*{_NUMBER}[“\"《（(\s]*$")
"""What stands between two members of a list."""

_THIS = re.compile("(?:该|此次|本次|这一|这个|此|这项|这场|上述)[\u4e00-\u9fff]{2}|会上|会议|活动|会前|会后|期间|现场|仪式")

Cue = tuple[int, int, tuple[str, ...]]
"""A trigger or marker: start, end, and the predicates or kinds it stands for."""


@dataclass(frozen=True, slots=True)
class Place:
    """A mention with what is known of its entity: the reading unit of this room."""

    start: int
    end: int
    entity: int
    type: str
    subtype: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One sentence with its mentions."""

    reading: Analysis
    places: Sequence[Place]
    here: list[int]
    start: int
    end: int
    stretches: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Gap:
    """A pair in its sentence: the stretch between the two (or their lists), the mentions and triggers in and around it.

    ``t`` names the pair of types and ``s`` the pair of subtypes; ``left`` and ``right`` are the members of their lists that
    face each other.
    """

    frame: Frame
    a: int
    b: int
    why: str
    t: str
    s: tuple[str, str]
    left: int
    right: int
    start: int
    end: int
    tail: int
    inside: Sequence[int]
    cues: Sequence[Cue]
    before: Sequence[Cue]
    after: Sequence[Cue]

    @property
    def middle(self) -> str:
        """The text between the two."""
        return self.frame.reading.text[self.start : self.end] if self.end > self.start else ""


def _gap(frame: Frame, a: int, b: int, why: str) -> _Gap:
    reading, places = frame.reading, frame.places
    x, y = places[a], places[b]
    left = list_edge(frame, a, 1) if not why else a
    right = list_edge(frame, b, -1)
    start, end = (frame.start, y.start) if why else (places[left].end, places[right].start)
    tail = _list_end(frame, b)
    return _Gap(
        frame, a, b, why, f"{x.type[:3]}{y.type[:3]}", (x.subtype or x.type, y.subtype or y.type), left, right, start, end, tail,
        inside=[h for h in frame.here if start <= places[h].start and places[h].end <= end],
        cues=cues_in(reading.triggers, start, end),
        before=cues_in(reading.triggers, max(frame.start, x.start - 14), x.start) if not why else [],
        after=cues_in(reading.triggers, tail, min(frame.end, tail + 16)),
    )  # fmt: skip


def pair_features(frame: Frame, a: int, b: int, why: str) -> NDArray[np.uint64]:
    """Hash the features of a pair of mentions; ``why`` says how the first one is carried here, empty within a sentence."""
    gap = _gap(frame, a, b, why)
    x, y = frame.places[a], frame.places[b]
    parts = [f"t{gap.t}", f"s{gap.s[0]}|{gap.s[1]}", f"w{why}", f"wt{why}{gap.t}"]
    parts += _carried_features(frame, b, why, gap.t) if why else []
    parts += _shape(gap) + _words(gap) + _triggers(gap) + _around(gap) + _moods(gap)
    parts += _subject_features(frame, a, b, gap.inside, why, gap.t, gap.cues)
    parts += _person_features(frame.reading.text, x, y, gap.t) if "Person" in (x.type, y.type) else []
    return hashed(parts, of="R")


def _shape(gap: _Gap) -> list[str]:
    """Distance, lists, nesting, and what kinds of mentions stand between."""
    text, places, t = gap.frame.reading.text, gap.frame.places, gap.t
    x, y = places[gap.a], places[gap.b]
    tx, ty = gap.s
    middle = gap.middle
    listed = (not gap.why and (gap.left == gap.b
        or (gap.left != gap.a and places[gap.left].start >= y.start))) or gap.end < gap.start
    nested = not gap.why and y.start < x.end
    marks = sum(middle.count(mark) for mark in ",，;；")
    parts = [f"nest{nested}{t}", f"list{listed}{t}", f"n{min(len(gap.inside), 4)}{t}", f"c{min(marks, 4)}{t}",
        f"d{min(len(middle) // 4, 8)}{t}"]
    if nested:
        lead, rest = text[x.start : y.start], text[y.end : x.end]
        parts += [f"nr{lead[-3:]}{t}", f"nl{rest[:3]}{t}", f"ne{tx}{ty}{y.start == x.start}{y.end == x.end}",
            f"nx{rest[-2:]}{ty}"]
    if len(middle) <= 8:
        parts += [f"m{middle}", f"mt{middle}{t}", f"ms{middle}{tx}{ty}"]
    kinds = Counter(places[h].type[:3] for h in gap.inside)
    parts += [f"i{kind}{min(count, 2)}{t}" for kind, count in sorted(kinds.items())]
    if gap.right != gap.b or gap.left != gap.a:
        parts += [f"le{gap.left != gap.a}{gap.right != gap.b}{t}",
            f"lel{text[places[gap.left].end : places[gap.left].end + 2]}{t}"]
    return parts


def _words(gap: _Gap) -> list[str]:
    """The words between the two, the first and last of them, and the verbs."""
    text, places, t = gap.frame.reading.text, gap.frame.places, gap.t
    words = words_between(gap.frame.reading, gap.start, gap.end)
    parts = []
    for start, end, tag in words[-6:]:
        parts.append(f"b{text[start:end]}{t}")
        if tag in ("v", "p", "vn", "c"):
            parts.append(f"v{text[start:end]}{t}{bool(gap.inside)}")
    if words:
        parts += [f"wl{text[words[0][0] : words[0][1]]}{t}", f"wr{text[words[-1][0] : words[-1][1]]}{t}"]
        if len(words) > 1:
            parts += [f"wr2{text[words[-2][0] : words[-1][1]]}{t}", f"wl2{text[words[0][0] : words[1][1]]}{t}"]
    named = {at for h in gap.inside for at in range(places[h].start, places[h].end)}
    verbs = [text[start:end] for start, end, tag in words if tag in ("v", "vn") and start not in named]
    if not verbs:
        return [*parts, f"nov{t}"]
    first, last = verbs[0], verbs[-1]
    return [*parts, f"vf{first}{t}", f"vl{last}{t}", f"vs{last}{gap.s[0]}{gap.s[1]}", f"nv{min(len(verbs), 4)}{t}",
        f"vfl{first}{last}"]


def _triggers(gap: _Gap) -> list[str]:
    """The trigger words between, before and after, nearest first."""
    text, t = gap.frame.reading.text, gap.t
    several = len(gap.inside) > 0
    parts = []
    for cues, place in ((gap.cues, "m"), (gap.before, "b"), (gap.after, "a")):
        for number, (_, _, names) in enumerate((cues if place == "a" else cues[::-1])[:4]):
            for name in names:
                parts += [f"q{place}{name}{t}", f"qn{place}{number}{name}{t}", f"qi{place}{name}{several}{t}"]
                if number == 0:
                    parts.append(f"qs{place}{name}{gap.s[0]}{gap.s[1]}")
        if not cues:
            parts.append(f"q0{place}{t}")
    if gap.cues:
        at, end, names = gap.cues[-1]
        word = text[at:end]
        parts += [f"ql{word}{t}", f"qd{min((gap.end - end) // 2, 4)}{names[0]}{t}", f"qlg{word}{text[end : gap.end][:2]}{t}"]
        at, end, _ = gap.cues[0]
        parts.append(f"qf{text[at:end]}{t}{several}")
    with_other = text[gap.start : gap.start + 1] in "与同和" if gap.middle else False
    for cues, place in ((gap.cues, "m"), (gap.after, "a")):
        for at, end, names in cues:
            if len(names) == 1:
                word = text[at:end]
                parts += [f"u{place}{names[0]}{t}", f"uj{place}{names[0]}{with_other}{t}{gap.right != gap.b}",
                    f"uw{place}{word}{with_other}{t}"]
    if gap.after:
        at, end, names = gap.after[0]
        joint = gap.middle in ("与", "和", "同", "联合", "携手", "会同") or text[gap.start : gap.start + 1] in ("与", "同", "和")
        parts += [f"qa{text[at:end]}{t}{at - gap.tail < 3}", f"qas{text[gap.tail : at][:3]}{names[0]}{t}"]
        parts += [f"qj{joint}{name}{t}" for name in names] + [f"qjw{joint}{text[at:end]}{t}"]
    return parts


def _around(gap: _Gap) -> list[str]:
    """The words after the second mention and before the first."""
    frame, t = gap.frame, gap.t
    text, places = frame.reading.text, frame.places
    x, y = places[gap.a], places[gap.b]
    tail = words_between(frame.reading, gap.tail, min(frame.end, gap.tail + 12))[:4]
    parts = [f"aw{number}{text[start:end]}{t}" for number, (start, end, _) in enumerate(tail[:3])]
    parts.append(f"abag{text[tail[0][0] : tail[-1][1]][:4]}{t}" if tail else f"aend{t}")
    if not gap.why:
        opening = _list_start(frame, gap.a)
        head = words_between(frame.reading, max(frame.start, opening - 10), opening)[-3:]
        parts += [f"xw{number}{text[start:end]}{t}" for number, (start, end, _) in enumerate(head[::-1])]
        earlier = any(places[h].type == "Organization" and places[h].start < x.start for h in frame.here)
        parts += [f"xs{x.start - frame.start < 3}{t}", f"ob{earlier}{t}", f"ob{earlier}{bool(gap.cues)}{t}"]
    first = places[gap.right].start
    return [*parts, f"hl{frame.start < 60}{t}", f"fm{text[first - 1 : first]}{text[y.end : y.end + 1]}{t}"]


def _moods(gap: _Gap) -> list[str]:
    """The markers of plans, denial and anaphora in the clause and before it."""
    frame, y = gap.frame, gap.frame.places[gap.b]
    begin = max(frame.start, y.start - (y.end - max(frame.start, clause_start(frame.reading.text, y.start, frame.start))))
    parts = [f"k{name}{gap.t}" for _, _, names in cues_in(frame.reading.markers, begin, y.start) for name in names]
    for _, _, names in cues_in(frame.reading.markers, frame.start, gap.start):
        parts += [f"kf{name}" for name in names if name in ("planned", "negated", "hypothetical")]
    return parts


def _subject_features(frame: Frame, a: int, b: int, inside: Sequence[int], why: str, t: str,
    cues: Sequence[tuple[int, int, tuple[str, ...]]]) -> list[str]:
    """Who could be the subject: does the first mention open a clause, does another body open one closer to the second?"""
    places = frame.places
    opens = bool(why) or _opens_clause(frame, a)
    closer = [h for h in inside if places[h].type in ("Organization", "Person") and places[h].entity != places[a].entity
        and _opens_clause(frame, h)]
    objects = [h for h in inside if places[h].type == "Organization" and h not in closer]
    first = cues[-1][2][0] if cues else ""
    parts = [f"so{opens}{bool(closer)}{t}", f"sc{opens}{bool(closer)}{bool(objects)}{first}{t}",
        f"sp{opens}{len(closer) > 0}{bool(why)}{first}"]
    if not why:
        follow = words_between(frame.reading, _list_end(frame, a), min(frame.end, _list_end(frame, a) + 6))[:1]
        parts += [f"sf{opens}{frame.reading.text[s:e]}{t}" for s, e, _ in follow] + [f"sg{opens}{tag}{first}{t}" for _, _,
            tag in follow]
    parts.append(f"sy{_opens_clause(frame, b)}{opens}{t}")
    return parts


def _person_features(text: str, x: Place, y: Place, t: str) -> list[str]:
    middle = text[x.end : y.start] if y.start >= x.end else ""
    clean = not any(mark in middle for mark in ",，。;；“")
    return [f"pt{middle[-4:]}{t}", f"pt2{middle[-2:]}{clean}{t}", f"pf{middle[:2]}{clean}{t}",
        f"pc{clean}{min(len(middle), 12)}{t}", f"pa{text[y.end : y.end + 2]}{t}"]


def _carried_features(frame: Frame, b: int, why: str, t: str) -> list[str]:
    text, places = frame.reading.text, frame.places
    y = places[b]
    lead = text[frame.start : y.start]
    orgs = [h for h in frame.here if places[h].type == "Organization" and places[h].start < y.start]
    words = words_between(frame.reading, frame.start, min(y.start, frame.start + 12))[:3]
    parts = [f"Co{min(len(orgs), 2)}{why}{t}", f"Cl{min(len(lead) // 4, 8)}{why}{t}", f"Cf{frame.here.index(b) == 0}{why}{t}",
        f"Ck{sum(lead.count(m) for m in ',，;；')}{why}{t}"]
    parts += [f"Cw{k}{text[ws:we]}{t}" for k, (ws, we, _) in enumerate(words)]
    parts += [f"Ct{k}{tag}{why}{t}" for k, (_, _, tag) in enumerate(words)]
    for at, end, names in cues_in(frame.reading.markers, frame.start, frame.end):
        if at < y.start:
            parts += [f"Cm{name}{why}{t}" for name in names]
        if "anaphora" in names:
            parts += [f"Ca{text[at:end]}{at < y.start}{t}", f"Caw{text[at:end]}{why}{t}"]
    for match in _THIS.finditer(text, frame.start, frame.end):
        parts += [f"Ct{match[0][-2:]}{match.start() < y.start}{t}", f"Ctf{match[0][-2:]}{match.start() == frame.start}{why}{t}"]
    return parts


def _opens_clause(frame: Frame, at: int) -> bool:
    """Whether a mention, or its list, stands where a subject stands: at the start of a clause, or after a time or place there."""
    start = frame.places[list_edge(frame, at, -1)].start
    text = frame.reading.text
    lead = text[clause_start(text, start, frame.start) : start].strip(" \u3000“\"《")
    return not lead or (len(lead) <= 12 and lead[-1:] in "日月年来后时中下上前，,:：。；")


def is_unreal(frame: Frame, a: int, b: int) -> bool:
    """Whether what is said of two mentions is planned, wished for, supposed or denied."""
    reading, first, second = frame.reading, frame.places[a], frame.places[b]
    start = clause_start(reading.text, frame.places[list_edge(frame, b, -1)].start, frame.start)
    marked = any(
        "unreal" in names and reading.lexed.begin[at] and not any(frame.places[h].start <= at < frame.places[h].end
            for h in frame.here)
        for at, _, names in cues_in(reading.markers, start, second.start)
    )
    return marked or untrue(reading, frame.stretches, (first.start, first.end), (second.start, second.end))


def list_edge(frame: Frame, at: int, step: int) -> int:
    """The last (or first) member of the list that a mention stands in."""
    text, places = frame.reading.text, frame.places
    order = frame.here
    if at not in order:
        return at
    k = order.index(at)
    while 0 <= k + step < len(order):
        x, y = (order[k], order[k + step]) if step > 0 else (order[k + step], order[k])
        if places[x].end > places[y].start or places[x].type != places[y].type or not LIST.match(text[places[x].end : places[
            y].start]):
            break
        k += step
    return order[k]


def _list_end(frame: Frame, at: int) -> int:
    return frame.places[list_edge(frame, at, 1)].end


def _list_start(frame: Frame, at: int) -> int:
    return frame.places[list_edge(frame, at, -1)].start


def clause_start(text: str, at: int, low: int) -> int:
    """Where the clause around a place begins, not before ``low``."""
    while at > low and text[at - 1] not in ",，;；:：。":
        at -= 1
    return at


def words_between(reading: Analysis, start: int, end: int) -> list[tuple[int, int, str]]:
    """The words ``(start, end, tag)`` that overlap a stretch."""
    if start >= end:
        return []
    return list(reading.words[reading.word_at[start] : reading.word_at[min(end, len(reading.word_at)) - 1] + 1])


def cues_in(table: Mapping[int, tuple[int, tuple[str, ...]]], start: int, end: int) -> list[tuple[int, int, tuple[str, ...]]]:
    """The triggers or markers that lie in a stretch, in order."""
    return [(at, *table[at]) for at in range(max(start, 0), end) if at in table and table[at][0] <= end]
