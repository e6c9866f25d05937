"""A log-linear classifier over hashed features, for the decisions that are few: subtypes, short forms, relations."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kg.extract.crf import FeatureTable, rows_of

_BLOCK = 128  # examples whose weights are gathered at once: so few that the processor's cache holds them
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Classifier:
    """Classes, the feature table, and weights (rows + 1 × classes; the last row is zero)."""

    classes: tuple[str, ...]
    table: FeatureTable
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """The features of one decision and the classes that are possible for it (indices)."""

    features: NDArray[np.uint64]
    possible: tuple[int, ...]


def hashed(features: Sequence[str], *, of: str = "") -> NDArray[np.uint64]:
    """Hash feature strings to distinct sorted numbers, the same on every machine; ``of`` is put before each of them.

    >>> hashed(["a", "b", "a"]).size
    2
    >>> (hashed(["a", "b"], of="R") == hashed(["Ra", "Rb"])).all()
    np.True_
    """
    # Encoded at once: this is where the time of relations goes.
    together = (of + f"\0{of}".join(features)).encode() if features else b""
    found = np.array(list(set(map(zlib.crc32, together.split(b"\0")))) if together else [], np.uint64) * _SPREAD
    found.sort()
    return found


def probabilities(examples: Sequence[Example], model: Classifier) -> NDArray[np.float32]:
    """Softmax over the possible classes of each example (examples × classes; impossible ones are 0)."""
    out = np.zeros((len(examples), len(model.classes)), np.float32)
    for start in range(0, len(examples), _BLOCK):
        out[start : start + _BLOCK] = _softmax(examples[start : start + _BLOCK], model)
    return out


def _softmax(examples: Sequence[Example], model: Classifier) -> NDArray[np.float32]:
    sizes = np.array([len(example.features) for example in examples])
    rows = rows_of(np.concatenate([example.features for example in examples]), model.table)
    # The zero row at the end is for an example without features that is the last one: no sum may begin behind the end.
    gathered = model.weights.take(np.append(rows, -1), axis=0, mode="wrap")
    totals = np.add.reduceat(gathered, np.cumsum(sizes) - sizes, axis=0)
    totals[sizes == 0] = 0
    out = np.where(_possible(examples, len(model.classes)), totals, np.float32(-np.inf))
    out = np.exp(out - out.max(1, keepdims=True))
    result: NDArray[np.float32] = out / out.sum(1, keepdims=True)
    return result


def _possible(examples: Sequence[Example], classes: int) -> NDArray[np.bool_]:
    """Which classes are possible for each example; few combinations recur."""
    number: dict[tuple[int, ...], int] = {}
    which = [number.setdefault(example.possible, len(number)) for example in examples]
    table = np.zeros((len(number), classes), np.bool_)
    for possible, at in number.items():
        table[at, list(possible)] = True
    return table[which]
