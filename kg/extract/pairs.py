"""Pairs of mentions as parallel arrays: the stretch between the two, and what lies in it and around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kg.extract.features import mix
from kg.extract.mood import untrue
from kg.extract.sheet import Sheet
from kg.extract.stretches import U64, Bools, Ints, Range, codes, spread

_BEFORE, _AFTER = 14, 16


@dataclass(frozen=True, slots=True)
class Gaps:
    """Pairs ``a``/``b`` of mentions, and the stretch ``[start, end)`` between the two (or their lists).

    ``why`` numbers how the first one is carried into the sentence of the second (``carried``; nothing for a pair within a
    sentence). ``t`` numbers the pair of types and ``s`` the pair of subtypes. ``left`` and ``right`` are the members of their
    lists that face each other, ``tail`` is where the list of the second ends. ``inside`` are the mentions in the stretch (the
    number of the pair, the mention), ``several`` says that there are any. ``between``, ``before`` and ``after`` are the
    triggers.
    """

    sheet: Sheet
    a: Ints
    b: Ints
    why: U64
    carried: Bools
    t: U64
    s: U64
    left: Ints
    right: Ints
    start: Ints
    end: Ints
    tail: Ints
    inside: tuple[Ints, Ints]
    several: Bools
    between: Range
    before: Range
    after: Range

    @property
    def count(self) -> int:
        """The number of pairs."""
        return len(self.a)

    def counted(self, rows: Ints) -> Ints:
        """How often each pair is among ``rows``."""
        return np.bincount(rows, minlength=self.count)


def gaps(sheet: Sheet, a: Ints, b: Ints, why: Sequence[str]) -> Gaps:
    """Look at pairs of mentions; ``why`` says how the first one is carried here, empty within a sentence."""
    m = sheet.mentions
    carried = np.array([reason != "" for reason in why], np.bool_)
    left, right = np.where(carried, a, m.last[a]), m.first[b]
    start = np.where(carried, m.low[b], m.end[left])
    end = np.where(carried, m.start[b], m.start[right])
    tail = m.end[m.last[b]]
    rows, inside = spread(np.searchsorted(m.start, start), np.searchsorted(m.start, end))
    within = m.end[inside] <= end[rows]
    rows, inside = rows[within], inside[within]
    close = np.where(carried, m.start[a], np.maximum(m.low[a], m.start[a] - _BEFORE))
    return Gaps(
        sheet, a, b, codes(list(why)), carried, t=mix(0, m.kind[a], m.kind[b]), s=mix(1, m.finer[a], m.finer[b]),
        left=left, right=right, start=start, end=end, tail=tail, inside=(rows, inside),
        several=np.bincount(rows, minlength=len(a)) > 0,
        between=sheet.triggers.within(start, end),
        before=sheet.triggers.within(close, m.start[a]),
        after=sheet.triggers.within(tail, np.minimum(m.high[b], tail + _AFTER)),
    )  # fmt: skip


def is_unreal(gap: Gaps, stretches: Sequence[tuple[int, int]]) -> Bools:
    """Whether what is said of two mentions is planned, wished for, supposed or denied.

    ``stretches`` are those of the whole document that markers take the truth from.
    """
    sheet, m = gap.sheet, gap.sheet.mentions
    low, high = sheet.markers.within(m.list_clause[gap.b], m.start[gap.b])
    marked = np.concatenate([[0], np.cumsum(sheet.unreal)])
    out: Bools = marked[high] > marked[low]
    starts = np.array([start for start, _ in stretches], np.int64)
    first, last = np.searchsorted(starts, m.low[gap.b]), np.searchsorted(starts, m.high[gap.b])
    for row in np.flatnonzero((first < last) & ~out).tolist():
        a, b = gap.a[row], gap.b[row]
        spans = (int(m.start[a]), int(m.end[a])), (int(m.start[b]), int(m.end[b]))
        out[row] = untrue(sheet.reading, stretches[first[row] : last[row]], *spans)
    return out
