"""A linear-chain CRF whose features are rows of a weight table: reading it, and what it says of a text.

Lafferty, McCallum, Pereira 2001. Labels are BIOES; impossible successions have no weight at all. Scores are sums of gathered
rows, so that no
feature ever exists as a string.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
BLOCK = 2048


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Maps hashed features to rows of a weight table; a feature that training never saw has the last row, which is zero."""

    hashes: NDArray[np.uint64]
    slots: NDArray[np.int32]
    shift: np.uint64


@dataclass(frozen=True, slots=True)
class Chain:
    """A trained CRF: weights (rows + 1 × labels, the last row zero), transitions (labels × labels, ``-inf`` where impossible)."""

    labels: tuple[str, ...]
    table: FeatureTable
    weights: F32
    transitions: F32


def feature_table(hashes: NDArray[np.uint64]) -> FeatureTable:
    """Index distinct hashes for constant-time lookup; where two share a slot the later one is never found."""
    bits = max(12, int(np.ceil(np.log2(max(len(hashes), 1)))) + 4)
    shift = np.uint64(64 - bits)
    slots = np.full(1 << bits, len(hashes), np.int32)
    where = (hashes >> shift).astype(np.int64)
    slots[where[::-1]] = np.arange(len(hashes), dtype=np.int32)[::-1]
    return FeatureTable(hashes=np.append(hashes, np.uint64(0)), slots=slots, shift=shift)


def rows_of(features: NDArray[np.uint64], table: FeatureTable) -> NDArray[np.int32]:
    """The row of each feature, same shape as ``features``."""
    rows = table.slots.take((features >> table.shift).astype(np.int64), mode="clip")
    np.copyto(rows, len(table.hashes) - 1, where=table.hashes.take(rows, mode="clip") != features)
    return rows


def emissions(columns: Iterable[NDArray[np.uint64]], length: int, chain: Chain) -> F32:
    """Sum the weight rows of each character's features (``length`` × labels); a column holds one feature of each character."""
    out = np.zeros((length, len(chain.labels)), np.float32)
    for column in columns:
        for start in range(0, length, BLOCK):
            rows = rows_of(column[start : start + BLOCK], chain.table)
            out[start : start + BLOCK] += chain.weights.take(rows, axis=0, mode="clip")
    return out


def bioes(types: Sequence[str]) -> tuple[str, ...]:
    """The labels for entity types: ``O`` first, then B, I, E, S of each type."""
    return ("O", *(f"{part}-{name}" for name in types for part in "BIES"))


def allowed(labels: Sequence[str]) -> NDArray[np.bool_]:
    """Which label may follow which (rows: before, columns: after)."""
    def opens(label: str) -> bool:
        return label == "O" or label[0] in "BS"

    grid = np.zeros((len(labels), len(labels)), np.bool_)
    for i, before in enumerate(labels):
        for j, after in enumerate(labels):
            if before == "O" or before[0] in "ES":
                grid[i, j] = opens(after)
            else:
                grid[i, j] = after != "O" and after[0] in "IE" and after[2:] == before[2:]
    return grid


def edge_labels(labels: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which labels may begin and which may end a piece."""
    first = np.array([label == "O" or label[0] in "BS" for label in labels])
    last = np.array([label == "O" or label[0] in "ES" for label in labels])
    return first, last


def marginals(scores: F32, pieces: Sequence[tuple[int, int]], chain: Chain, *, batch: int = 32) -> F32:
    """Posterior probability of every label at every character (n × labels), by forward–backward over batches of pieces.

    A piece read from its end, with the transitions turned round, is one more piece: both directions run side by side.
    """
    step = np.exp(chain.transitions)
    steps = np.stack([step, step.T])
    edges = np.stack(edge_labels(chain.labels))[:, None]
    # Not below e^-30, so that a sequence that must be possible (a name that has to end) never has a chance of nothing.
    local = np.exp(np.maximum(scores - scores.max(1, keepdims=True), -30)) if len(scores) else scores
    out = np.zeros(scores.shape, np.float32)
    for starts, lengths in _batches(pieces, batch):
        time = np.arange(lengths.max())[:, None]
        along = np.minimum(time, lengths - 1)
        here = local[np.stack([starts + along, starts + lengths - 1 - along], 1)]  # time × direction × piece × label
        before, state = np.empty_like(here), np.empty_like(here)
        before[0] = edges
        for t in range(len(here)):
            if t:
                np.matmul(state[t - 1], steps, out=before[t])
            np.multiply(before[t], here[t], out=state[t])
            state[t] /= np.maximum(state[t].sum(2, keepdims=True), 1e-30)
        at, piece = np.nonzero(time < lengths)
        both = before[at, 0, piece] * state[lengths[piece] - 1 - at, 1, piece]
        out[starts[piece] + at] = both / np.maximum(both.sum(1, keepdims=True), 1e-30)
    return out


def best_path(scores: F32, pieces: Sequence[tuple[int, int]], labels: Sequence[str], *, batch: int = 32) -> NDArray[np.int16]:
    """The best possible label sequence (n) when each character is scored by itself (log-probabilities, n × labels).

    Between two characters a sequence is outside of all names, or inside one of some type; which labels come next depends on
    nothing else. So the best way to each of these is kept, not to each label.
    """
    begin, inner, end = (np.array([at for at, label in enumerate(labels) if label[0] == part], np.int64) for part in "BIE")
    alone = np.array([at for at, label in enumerate(labels) if label[0] in "OS"])
    choice = alone[scores[:, alone].argmax(1)]
    path: NDArray[np.int16] = choice.astype(np.int16)
    for starts, lengths in _batches(pieces, batch):
        at = starts + np.minimum(np.arange(lengths.max())[:, None], lengths - 1)
        begins, inners, ends = (scores[:, part][at] for part in (begin, inner, end))  # time × piece × type
        stays = scores[at, choice[at]]
        ended = np.full(at.shape, -1)  # the type of the name that ends here, -1 for none
        begun = np.zeros(begins.shape, np.bool_)  # whether a name that goes on begins here
        outside, inside = np.zeros(len(starts), np.float32), np.full(begins.shape[1:], -np.inf, np.float32)
        for t in range(len(at)):
            closing = inside + ends[t]
            kind = closing.argmax(1)
            ending, staying = closing[np.arange(len(kind)), kind], outside + stays[t]
            opening, going = outside[:, None] + begins[t], inside + inners[t]
            np.copyto(ended[t], kind, where=ending > staying)
            np.greater_equal(opening, going, out=begun[t])
            outside, inside = np.maximum(staying, ending), np.maximum(opening, going)
        for piece, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
            _trace(path[start : start + length], ended[:length, piece], begun[:, piece], (begin, inner, end))
    return path


def _trace(path: NDArray[np.int16], ended: NDArray[np.int64], begun: NDArray[np.bool_],
    parts: tuple[NDArray[np.int64], ...]) -> None:
    """Write the names of a piece into its path, the last one first."""
    before = len(path)
    for stop in np.flatnonzero(ended >= 0)[::-1].tolist():
        if stop >= before:
            continue  # inside a name that ends later
        kind = ended[stop]
        start = stop - 1
        while not begun[start, kind]:
            start -= 1
        path[start], path[start + 1 : stop], path[stop] = (part[kind] for part in parts)
        before = start


def _batches(pieces: Sequence[tuple[int, int]], batch: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Starts and lengths of pieces of like length."""
    order = sorted(pieces, key=lambda piece: (piece[1] - piece[0], piece))
    groups = [np.array(order[at : at + batch], np.int64) for at in range(0, len(order), batch)]
    return [(group[:, 0], group[:, 1] - group[:, 0]) for group in groups]


def spans(path: NDArray[np.int16], labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """The entity spans ``(start, end, type)`` of a label path."""
    found = []
    start = -1
    for at, number in enumerate(path.tolist()):
        label = labels[number]
        if label == "O":
            continue
        if label[0] in "BS":
            start = at
        if label[0] in "ES":
            found.append((start, at + 1, label[2:]))
    return found
