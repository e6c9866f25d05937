"""Stretches of a text as numbers: the hash of any of them, how many marks lie in it, and many ranges run through at once."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Range = tuple[Ints, Ints]
"""The first and the last (exclusive) of what belongs to each of many."""

_BASE = 0x9E3779B97F4A7C15
_BACK = pow(_BASE, -1, 2**64)
_SALT = np.uint64(0xD6E8FEB86659FD93)


@lru_cache(maxsize=4096)
def code(name: str) -> np.uint64:
    """The number of a name, the same on every machine."""
    return np.uint64(zlib.crc32(name.encode()))


def codes(names: list[str]) -> U64:
    """The numbers of names."""
    return np.array([code(name) for name in names], np.uint64)


@dataclass(frozen=True, slots=True)
class Stretches:
    """A text of n code points with the sums (n + 1) that give the hash of any stretch of it.

    The hash of ``[s, e)`` is the sum of its characters' hashes, each times the base to the power of its place in the stretch,
    modulo 2^64 (Karp and Rabin 1987): equal wherever the same characters stand.
    """

    text: str
    points: NDArray[np.uint32]
    sums: U64
    back: U64

    def of(self, start: Ints, end: Ints) -> U64:
        """Hash the stretches ``[start, end)``, cut to the text; an empty or negative one gives 0."""
        low = np.minimum(np.maximum(start, 0), len(self.text))
        high = np.minimum(np.maximum(end, low), len(self.text))
        hashes: U64 = (self.sums[high] - self.sums[low]) * self.back[low]
        return hashes

    def word(self, word: str) -> np.uint64:
        """The hash that a stretch has which says ``word``."""
        known = stretches(word)
        return known.sums[-1]  # type: ignore[no-any-return]

    def opened_by(self, marks: str, start: Ints) -> Bools:
        """Whether what begins at each place begins with one of the ``marks``."""
        return np.append(self.among(marks), False)[start]

    def before(self, marks: str) -> Ints:
        """How many of the ``marks`` lie before each place (n + 1)."""
        return np.concatenate([[0], np.cumsum(self.among(marks))])

    def among(self, marks: str) -> Bools:
        """Which characters are one of the ``marks`` (n)."""
        return np.isin(self.points, np.array([ord(mark) for mark in marks], np.uint32))

    def behind(self, marks: str) -> Ints:
        """The place right behind the last of the ``marks`` before each place (n + 1); 0 where there is none."""
        ends = np.where(self.among(marks), np.arange(1, len(self.text) + 1), 0)
        return np.concatenate([[0], np.maximum.accumulate(ends)])


def stretches(text: str) -> Stretches:
    """Make a text ready.

    >>> known = stretches("甲乙丙甲乙")
    >>> one, two = known.of(np.array([0, 3]), np.array([2, 5])).tolist()
    >>> one == two
    True
    """
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    mixed = (points.astype(np.uint64) + np.uint64(1)) * _SALT
    mixed ^= mixed >> np.uint64(29)
    return Stretches(text, points, np.concatenate([[np.uint64(0)], np.cumsum(mixed * _powers(_BASE, len(text)))]),
        _powers(_BACK, len(text) + 1))


def _powers(base: int, count: int) -> U64:
    out = np.full(count, base, np.uint64)
    out[:1] = 1
    return np.multiply.accumulate(out)


def spread(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Run through many ranges: the number of the range and the item, for each item of each range.

    >>> [part.tolist() for part in spread(np.array([4, 0, 7]), np.array([6, 0, 8]))]
    [[0, 0, 2], [4, 5, 7]]
    """
    sizes = np.maximum(high - low, 0)
    row = np.repeat(np.arange(len(sizes)), sizes)
    return row, np.arange(len(row)) + np.repeat(low - (np.cumsum(sizes) - sizes), sizes)
