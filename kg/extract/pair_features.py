"""What the ranker reads of a pair of mentions: the words, triggers and markers around them, and who could be the subject.

A feature is a number made of its name, its values and, mostly, the pair's types ``t`` or subtypes ``s``. Every function looks
at all pairs at once.
"""

from __future__ import annotations

import numpy as np

from kg.extract.bags import Bags
from kg.extract.pairs import Gaps
from kg.extract.stretches import U64, Bools, Ints, Range, code, spread

_COMMAS = ",，;；"
_BEFORE, _BETWEEN, _AFTER = (np.uint64(ord(place)) for place in "bma")
_JOINING = ("与", "和", "同", "联合", "携手", "会同")
_NOBODY = np.uint64(0)


def pair_features(gap: Gaps) -> list[U64]:
    """The features of each pair."""
    found = Bags(gap.count)
    found.put("t", gap.t)
    found.put("s", gap.s)
    found.put("w", gap.why)
    found.put("wt", gap.why, gap.t)
    _shape(gap, found)
    _nested(gap, found)
    _words(gap, found)
    _verbs(gap, found)
    _triggers(gap, found)
    _nearest_trigger(gap, found)
    _trigger_behind(gap, found)
    _around(gap, found)
    _moods(gap, found)
    _subject(gap, found)
    _person(gap, found)
    _carried(gap, found)
    return found.by_example()


def _shape(gap: Gaps, found: Bags) -> None:
    """Distance, lists, and what kinds of mentions stand between."""
    text, m, t = gap.sheet.stretches, gap.sheet.mentions, gap.t
    in_list = ~gap.carried & ((gap.left == gap.b) | ((gap.left != gap.a) & (m.start[gap.left] >= m.start[gap.b])))
    size = np.maximum(gap.end - gap.start, 0)
    commas = text.before(_COMMAS)
    middle = text.of(gap.start, gap.end)
    rows, inside = gap.inside
    found.put("list", in_list | (gap.end < gap.start), t)
    found.put("n", np.minimum(gap.counted(rows), 4), t)
    found.put("c", np.minimum(commas[gap.start + size] - commas[gap.start], 4), t)
    found.put("d", np.minimum(size // 4, 8), t)
    found.put_where(size <= 8, "m", middle)
    found.put_where(size <= 8, "mt", middle, t)
    found.put_where(size <= 8, "ms", middle, gap.s)
    for kind in np.unique(m.kind):
        count = gap.counted(rows[m.kind[inside] == kind])
        found.put_where(count > 0, "i", np.minimum(count, 2), kind, t)
    edges = gap.left != gap.a, gap.right != gap.b
    listed = edges[0] | edges[1]
    found.put_where(listed, "le", *edges, t)
    found.put_where(listed, "lel", text.of(m.end[gap.left], m.end[gap.left] + 2), t)


def _nested(gap: Gaps, found: Bags) -> None:
    """What is left of the first mention around the second, where that lies in it."""
    text, m, t = gap.sheet.stretches, gap.sheet.mentions, gap.t
    start, end, low, high = m.start[gap.a], m.end[gap.a], m.start[gap.b], m.end[gap.b]
    nested = ~gap.carried & (low < end)
    found.put("nest", nested, t)
    found.put_where(nested, "nr", text.of(np.maximum(start, low - 3), low), t)
    found.put_where(nested, "nl", text.of(high, np.minimum(end, high + 3)), t)
    found.put_where(nested, "ne", low == start, high == end, gap.s)
    found.put_where(nested, "nx", text.of(np.maximum(high, end - 2), end), m.finer[gap.b])


def _words(gap: Gaps, found: Bags) -> None:
    """The last words between the two, and the first ones."""
    text, words, t = gap.sheet.stretches, gap.sheet.words, gap.t
    low, high = words.between(gap.start, gap.end)
    rows, near = spread(np.maximum(low, high - 6), high)
    found.of(rows, "b", words.hash[near], t[rows])
    link = words.link[near]
    rows, near = rows[link], near[link]
    found.of(rows, "v", words.hash[near], gap.several[rows], t[rows])
    for least, left, right in ((1, "wl", "wr"), (2, "wl2", "wr2")):
        some = np.flatnonzero(high - low >= least)
        first, last = low[some], high[some] - 1
        found.of(some, left, text.of(words.start[first], words.end[first + least - 1]), t[some])
        found.of(some, right, text.of(words.start[last - least + 1], words.end[last]), t[some])


def _verbs(gap: Gaps, found: Bags) -> None:
    """The verbs between the two that are no part of a mention there: the first, the last, and how many."""
    words, t = gap.sheet.words, gap.t
    low, high = words.between(gap.start, gap.end)
    rows, near = spread(np.searchsorted(words.verbs, low), np.searchsorted(words.verbs, high))
    verbs = words.verbs[near]
    start, end = (edge[verbs] for edge in words.around)
    free = (start < gap.start[rows]) | (end > gap.end[rows])
    said, count = words.hash[verbs[free]], gap.counted(rows[free])
    found.put_where(count == 0, "nov", t)
    some = np.flatnonzero(count)
    first, last = said[(np.cumsum(count) - count)[some]], said[np.cumsum(count)[some] - 1]
    found.of(some, "vf", first, t[some])
    found.of(some, "vl", last, t[some])
    found.of(some, "vs", last, gap.s[some])
    found.of(some, "nv", np.minimum(count[some], 4), t[some])
    found.of(some, "vfl", first, last)


def _triggers(gap: Gaps, found: Bags) -> None:
    """What the trigger words between, before and after stand for, nearest first."""
    cues, t = gap.sheet.triggers, gap.t
    for (low, high), place in ((gap.between, _BETWEEN), (gap.before, _BEFORE), (gap.after, _AFTER)):
        if place == _AFTER:
            rows, near = spread(low, np.minimum(high, low + 4))
            rank = near - low[rows]
        else:
            rows, near = spread(np.maximum(low, high - 4), high)
            rank = high[rows] - 1 - near
        at, names = cues.named(near)
        rows, rank = rows[at], rank[at]
        found.of(rows, "q", names, t[rows], place)
        found.of(rows, "qn", names, rank, t[rows], place)
        found.of(rows, "qi", names, gap.several[rows], t[rows], place)
        nearest = rank == 0
        found.of(rows[nearest], "qs", names[nearest], gap.s[rows[nearest]], place)
        found.put_where(low == high, "q0", t, place)
    joined = (gap.end > gap.start) & gap.sheet.stretches.opened_by("与同和", gap.start)
    for (low, high), place in ((gap.between, _BETWEEN), (gap.after, _AFTER)):
        rows, near = spread(low, high)
        single = cues.one[near]
        rows, near = rows[single], near[single]
        names = cues.names[cues.offset[near]]
        found.of(rows, "u", names, t[rows], place)
        found.of(rows, "uj", names, joined[rows], (gap.right != gap.b)[rows], t[rows], place)
        found.of(rows, "uw", cues.hash[near], joined[rows], t[rows], place)


def _nearest_trigger(gap: Gaps, found: Bags) -> None:
    """The last and the first trigger word between the two."""
    text, cues = gap.sheet.stretches, gap.sheet.triggers
    some = np.flatnonzero(gap.between[0] < gap.between[1])
    first, last, t = gap.between[0][some], gap.between[1][some] - 1, gap.t[some]
    start, end = cues.end[last], gap.end[some]
    found.of(some, "ql", cues.hash[last], t)
    found.of(some, "qd", np.minimum((end - start) // 2, 4), cues.names[cues.offset[last]], t)
    found.of(some, "qlg", cues.hash[last], text.of(start, np.minimum(end, start + 2)), t)
    found.of(some, "qf", cues.hash[first], gap.several[some], t)


def _trigger_behind(gap: Gaps, found: Bags) -> None:
    """The first trigger word behind the two, and whether they are joined: 甲与乙签约."""
    text, cues = gap.sheet.stretches, gap.sheet.triggers
    some = np.flatnonzero(gap.after[0] < gap.after[1])
    near, t, tail = gap.after[0][some], gap.t[some], gap.tail[some]
    start, end = gap.start[some], gap.end[some]
    joint = text.opened_by("与同和", start)
    for word in _JOINING:
        joint |= (end - start == len(word)) & (text.of(start, start + len(word)) == text.word(word))
    away = cues.start[near] - tail
    found.of(some, "qa", cues.hash[near], away < 3, t)
    found.of(some, "qas", text.of(tail, tail + np.minimum(away, 3)), cues.names[cues.offset[near]], t)
    found.of(some, "qjw", cues.hash[near], joint, t)
    at, names = cues.named(near)
    found.of(some[at], "qj", names, joint[at], t[at])


def _around(gap: Gaps, found: Bags) -> None:
    """The words after the second mention and before the first."""
    text, m, words, t = gap.sheet.stretches, gap.sheet.mentions, gap.sheet.words, gap.t
    low, high = words.between(gap.tail, np.minimum(m.high[gap.b], gap.tail + 12))
    _numbered(gap, found, "aw", (low, np.minimum(high, low + 3)))
    some = np.flatnonzero(low < high)
    start, end = words.start[low[some]], words.end[np.minimum(high[some], low[some] + 4) - 1]
    found.of(some, "abag", text.of(start, np.minimum(end, start + 4)), t[some])
    found.put_where(low == high, "aend", t)
    here = ~gap.carried
    opening = m.start[m.first[gap.a]]
    low, high = words.between(np.where(here, np.maximum(m.low[gap.a], opening - 10), opening), opening)
    _numbered(gap, found, "xw", (np.maximum(low, high - 3), high), backwards=True)
    earlier = m.bodies[gap.a] > 0
    found.put_where(here, "xs", m.start[gap.a] - m.low[gap.a] < 3, t)
    found.put_where(here, "ob", earlier, t)
    found.put_where(here, "obq", earlier, gap.between[0] < gap.between[1], t)
    first, last = m.start[gap.right], m.end[gap.b]
    found.put("hl", m.low[gap.b] < 60, t)
    found.put("fm", text.of(first - 1, first), text.of(last, last + 1), t)


def _numbered(gap: Gaps, found: Bags, name: str, chosen: Range, *, backwards: bool = False) -> None:
    """Words, each with its place among the chosen ones of its pair."""
    rows, near = spread(*chosen)
    rank = chosen[1][rows] - 1 - near if backwards else near - chosen[0][rows]
    found.of(rows, name, gap.sheet.words.hash[near], rank, gap.t[rows])


def _moods(gap: Gaps, found: Bags) -> None:
    """The markers of plans, denial and anaphora in the clause and before it."""
    m, markers = gap.sheet.mentions, gap.sheet.markers
    start, end, low = m.start[gap.b], m.end[gap.b], m.low[gap.b]
    rows, near = spread(*markers.within(np.maximum(low, start - (end - m.clause[gap.b])), start))
    at, names = markers.named(near)
    found.of(rows[at], "k", names, gap.t[rows[at]])
    rows, near = spread(*markers.within(low, gap.start))
    at, names = markers.named(near)
    doubt = np.isin(names, [code(name) for name in ("planned", "negated", "hypothetical")])
    found.of(rows[at][doubt], "kf", names[doubt])


def _subject(gap: Gaps, found: Bags) -> None:
    """Who could be the subject: does the first mention open a clause, does another body open one closer to the second?"""
    m, words, t = gap.sheet.mentions, gap.sheet.words, gap.t
    opens = gap.carried | m.opens[gap.a]
    rows, inside = gap.inside
    body = m.organisation[inside]
    rival = (body | m.person[inside]) & (m.entity[inside] != m.entity[gap.a[rows]]) & m.opens[inside]
    closer = gap.counted(rows[rival]) > 0
    objects = gap.counted(rows[body & ~rival]) > 0
    stated = _last_name(gap)
    found.put("so", opens, closer, t)
    found.put("sc", opens, closer, objects, stated, t)
    found.put("sp", opens, closer, gap.carried, stated)
    found.put("sy", m.opens[gap.b], opens, t)
    follow = m.end[m.last[gap.a]]
    low, high = words.between(follow, np.where(gap.carried, follow, np.minimum(m.high[gap.a], follow + 6)))
    some = np.flatnonzero(low < high)
    near = low[some]
    found.of(some, "sf", words.hash[near], opens[some], t[some])
    found.of(some, "sg", words.tag[near], opens[some], stated[some], t[some])


def _last_name(gap: Gaps) -> U64:
    """What the last trigger word between the two stands for."""
    out = np.full(gap.count, _NOBODY)
    some = np.flatnonzero(gap.between[0] < gap.between[1])
    cues = gap.sheet.triggers
    out[some] = cues.names[cues.offset[gap.between[1][some] - 1]]
    return out


def _person(gap: Gaps, found: Bags) -> None:
    """What stands between a person and the other one, and whether a clause ends there."""
    text, m = gap.sheet.stretches, gap.sheet.mentions
    some = np.flatnonzero(m.person[gap.a] | m.person[gap.b])
    if not len(some):
        return
    t, start, high = gap.t[some], m.end[gap.a[some]], m.end[gap.b[some]]
    end = np.maximum(m.start[gap.b[some]], start)
    marks = text.before(",，。;；“")
    clean = marks[start] == marks[end]
    found.of(some, "pt", text.of(np.maximum(start, end - 4), end), t)
    found.of(some, "pt2", text.of(np.maximum(start, end - 2), end), clean, t)
    found.of(some, "pf", text.of(start, np.minimum(end, start + 2)), clean, t)
    found.of(some, "pc", clean, np.minimum(end - start, 12), t)
    found.of(some, "pa", text.of(high, high + 2), t)


def _carried(gap: Gaps, found: Bags) -> None:
    """What opens the sentence that the first mention is carried into."""
    text, m, words = gap.sheet.stretches, gap.sheet.mentions, gap.sheet.words
    some = np.flatnonzero(gap.carried)
    if not len(some):
        return
    b, t, why = gap.b[some], gap.t[some], gap.why[some]
    start, low = m.start[b], m.low[b]
    commas = text.before(_COMMAS)
    found.of(some, "Co", np.minimum(m.bodies[b], 2), why, t)
    found.of(some, "Cl", np.minimum((start - low) // 4, 8), why, t)
    found.of(some, "Cf", m.leads[b], why, t)
    found.of(some, "Ck", commas[start] - commas[low], why, t)
    first, last = words.between(low, np.minimum(start, low + 12))
    rows, near = spread(first, np.minimum(last, first + 3))
    rank = near - first[rows]
    found.of(some[rows], "Cw", words.hash[near], rank, t[rows])
    found.of(some[rows], "Ct", words.tag[near], rank, why[rows], t[rows])
    _carried_markers(gap, found, some)
    starts, ends = gap.sheet.anaphora
    rows, near = spread(np.searchsorted(starts, low), np.searchsorted(starts, m.high[b]))
    said = text.of(ends[near] - 2, ends[near])
    found.of(some[rows], "Ca2", said, starts[near] < start[rows], t[rows])
    found.of(some[rows], "Caf", said, starts[near] == low[rows], why[rows], t[rows])


def _carried_markers(gap: Gaps, found: Bags, some: Ints) -> None:
    """The markers before the second mention, and those of anaphora anywhere in its sentence."""
    m, markers = gap.sheet.mentions, gap.sheet.markers
    b = gap.b[some]
    rows, near = spread(*markers.within(m.low[b], m.high[b]))
    before: Bools = markers.start[near] < m.start[b[rows]]
    pointing = markers.standing_for("anaphora")[near]
    at, names = markers.named(near[before])
    who = some[rows[before][at]]
    found.of(who, "Cm", names, gap.why[who], gap.t[who])
    who, near = some[rows[pointing]], near[pointing]
    found.of(who, "Ca", markers.hash[near], before[pointing], gap.t[who])
    found.of(who, "Caw", markers.hash[near], gap.why[who], gap.t[who])
