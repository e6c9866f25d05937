"""Features of many examples as numbers, made by array operations: no feature ever exists as a string."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from kg.extract.features import mix
from kg.extract.stretches import U64, Bools, Ints, code

_ROW_BITS = 16
MOST = 1 << _ROW_BITS
"""How many examples may have their features made at once."""

Value = U64 | Ints | Bools | np.uint64


@dataclass(frozen=True, slots=True)
class Bags:
    """The features of ``count`` examples, as they are made: a number stands for the name of a feature and its values."""

    count: int
    rows: list[Ints] = field(default_factory=list)
    values: list[U64] = field(default_factory=list)

    def put(self, name: str, *values: Value) -> None:
        """Give every example a feature, made of as many values as there are examples (after the first, or of one for all)."""
        self.of(np.arange(self.count), name, *values)

    def put_where(self, chosen: Bools, name: str, *values: Value) -> None:
        """Give the ``chosen`` examples a feature, made of as many values as there are examples (or of one for all)."""
        rows = np.flatnonzero(chosen)
        if len(rows):
            self.of(rows, name, *(value[rows] if isinstance(value, np.ndarray) else value for value in values))

    def of(self, rows: Ints, name: str, *values: Value) -> None:
        """Give each of the examples ``rows`` a feature, made of as many values as there are rows; given twice it counts once."""
        self.rows.append(rows)
        self.values.append(mix(int(code(name)), *values))

    def by_example(self) -> list[U64]:
        """The features of each example, sorted and distinct: numbers of 48 bits, shifted up."""
        shift = np.uint64(64 - _ROW_BITS)
        rows, values = np.concatenate(self.rows).astype(np.uint64), np.concatenate(self.values)
        # An example's number above its features': one sort puts them together.
        keys = np.sort((rows << shift) | (values >> np.uint64(_ROW_BITS)))
        keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
        bounds = np.searchsorted(keys >> shift, np.arange(self.count + 1, dtype=np.uint64)).tolist()
        keys = keys << np.uint64(_ROW_BITS)
        return [keys[low:high] for low, high in itertools.pairwise(bounds)]
