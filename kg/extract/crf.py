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
    rows = table.slots[(features >> table.shift).astype(np.int64)]
    return np.where(table.hashes[rows] == features, rows, len(table.hashes) - 1).astype(np.int32)


def emissions(columns: Iterable[NDArray[np.uint64]], length: int, chain: Chain) -> F32:
    """Sum the weight rows of each character's features (``length`` × labels); a column holds one feature of each character."""
    out = np.zeros((length, len(chain.labels)), np.float32)
    for column in columns:
        for start in range(0, length, BLOCK):
            out[start : start + BLOCK] += chain.weights[rows_of(column[start : start + BLOCK], chain.table)]
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
    """Posterior probability of every label at every character (n × labels), by forward–backward over batches of pieces."""
    labels = len(chain.labels)
    first, last = edge_labels(chain.labels)
    step = np.exp(chain.transitions)
    out = np.zeros((len(scores), labels), np.float32)
    for chosen, lengths in _batches(pieces, batch):
        size, longest = len(chosen), int(lengths.max())
        local = np.zeros((size, longest, labels), np.float32)
        for row, (start, end) in enumerate(chosen):
            part = scores[start:end]
            # Not below e^-30, so that a sequence that must be possible (a name that has to end) never has a chance of nothing.
            local[row, : end - start] = np.exp(np.maximum(part - part.max(1, keepdims=True), -30))
        forward = np.zeros_like(local)
        forward[:, 0] = local[:, 0] * first
        forward[:, 0] /= forward[:, 0].sum(1, keepdims=True)
        for t in range(1, longest):
            current = (forward[:, t - 1] @ step) * local[:, t]
            forward[:, t] = current / np.maximum(current.sum(1, keepdims=True), 1e-30)
        backward = np.zeros_like(local)
        state = np.tile(last.astype(np.float32), (size, 1))
        for t in range(longest - 1, -1, -1):
            # Pieces shorter than t have not begun (seen from the right): their state is still the final one.
            backward[:, t] = state
            ahead = (state * local[:, t]) @ step.T
            ahead /= np.maximum(ahead.sum(1, keepdims=True), 1e-30)
            live = (lengths > t)[:, None]
            state = np.where(live, ahead, state)
        both = forward * backward
        both /= np.maximum(both.sum(2, keepdims=True), 1e-30)
        for row, (start, end) in enumerate(chosen):
            out[start:end] = both[row, : end - start]
    return out


def best_path(scores: F32, pieces: Sequence[tuple[int, int]], labels: Sequence[str], *, batch: int = 32) -> NDArray[np.int16]:
    """The best possible label sequence (n) when each character is scored by itself (log-probabilities, n × labels).

    A label that opens (O, B, S) may follow every label that closes (O, E, S), and I and E only their own B and I: so the best
    one before is looked for among few, not among all.
    """
    grid = allowed(labels)
    first, last = edge_labels(labels)
    closing = np.flatnonzero(grid[:, 0])
    inner = np.flatnonzero(~grid[0])
    parents = np.array([np.flatnonzero(grid[:, label]) for label in inner]).reshape(-1, 2)  # B, I of its type
    path = np.zeros(len(scores), np.int16)
    for chosen, lengths in _batches(pieces, batch):
        size, longest = len(chosen), int(lengths.max())
        rows = np.arange(size)
        local = np.zeros((size, longest, len(labels)), np.float32)
        for row, (start, end) in enumerate(chosen):
            local[row, : end - start] = scores[start:end]
        back = np.zeros((longest, size, len(labels)), np.int16)
        best = np.where(first, local[:, 0], np.float32(-1e9))
        final = best.copy()
        for t in range(1, longest):
            closed = closing[best[:, closing].argmax(1)]
            opened, going = best[:, parents[:, 0]], best[:, parents[:, 1]]
            back[t] = closed[:, None]
            back[t][:, inner] = np.where(going > opened, parents[:, 1], parents[:, 0])
            reached = np.repeat(best[rows, closed][:, None], len(labels), 1)
            reached[:, inner] = np.maximum(opened, going)
            best = reached + local[:, t]
            live = lengths > t
            final[live] = best[live]
        ending = np.where(last, final, np.float32(-1e9)).argmax(1)
        found = np.zeros((size, longest), np.int16)
        current = ending
        for t in range(longest - 1, -1, -1):
            current = np.where(lengths - 1 == t, ending, current)
            found[:, t] = current
            if t:
                current = np.where(lengths > t, back[t, rows, current], current)
        for row, (start, end) in enumerate(chosen):
            path[start:end] = found[row, : end - start]
    return path


def _batches(pieces: Sequence[tuple[int, int]], batch: int) -> list[tuple[list[tuple[int, int]], NDArray[np.int64]]]:
    order = sorted(pieces, key=lambda piece: (piece[1] - piece[0], piece))
    groups = [order[at : at + batch] for at in range(0, len(order), batch)]
    return [(group, np.array([end - start for start, end in group], np.int64)) for group in groups]


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
