"""FTRL-proximal fitting (McMahan et al. 2013) of a chain and of a log-linear classifier, compiled with numba.

Both run one example at a time in a fixed, seeded order on one thread, so that the same data give the same bytes. L1 leaves most
weights at zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from kg.extract.crf import feature_table, rows_of
from kg.extract.loglinear import Classifier, Example


@numba.njit(cache=True, fastmath=False)
def _weight(z, n, alpha, beta, l1, l2):  # type: ignore[no-untyped-def]
    if abs(z) <= l1:
        return 0.0
    return -(z - np.sign(z) * l1) / ((beta + np.sqrt(n)) / alpha + l2)


@numba.njit(cache=True)
def _local_scores(local, rows, a, length, z, n, alpha, beta, l1, l2):  # type: ignore[no-untyped-def]
    """Exponentiate the summed weights of each character's features, up to a factor a character."""
    labels = z.shape[1]
    for t in range(length):
        for q in range(labels):
            local[t, q] = 0.0
        for f in range(rows.shape[1]):
            r = rows[a + t, f]
            if r >= 0:
                for q in range(labels):
                    zz = z[r, q]
                    if zz > l1:
                        local[t, q] -= (zz - l1) / ((beta + np.sqrt(n[r, q])) / alpha + l2)
                    elif zz < -l1:
                        local[t, q] -= (zz + l1) / ((beta + np.sqrt(n[r, q])) / alpha + l2)
        top = local[t].max()
        for q in range(labels):
            local[t, q] = np.exp(local[t, q] - top)


@numba.njit(cache=True)
def _forward_backward(local, step, first, last, length, forward, backward):  # type: ignore[no-untyped-def]
    labels = local.shape[1]
    for t in range(length):
        total = 0.0
        for q in range(labels):
            if t == 0:
                value = 1.0 if first[q] else 0.0
            else:
                value = 0.0
                for p in range(labels):
                    value += forward[t - 1, p] * step[p, q]
            forward[t, q] = value * local[t, q]
            total += forward[t, q]
        for q in range(labels):
            forward[t, q] /= total
    for t in range(length - 1, -1, -1):
        total = 0.0
        for p in range(labels):
            if t == length - 1:
                value = 1.0 if last[p] else 0.0
            else:
                value = 0.0
                for q in range(labels):
                    value += step[p, q] * local[t + 1, q] * backward[t + 1, q]
            backward[t, p] = value
            total += value
        for p in range(labels):
            backward[t, p] /= total


@numba.njit(cache=True)
def _learn_transitions(gold, a, length, local, step, forward, backward, legal, tz, tn, alpha, beta, l2):  # type: ignore[no-untyped-def]
    labels = local.shape[1]
    for t in range(1, length):
        total = 0.0
        for p in range(labels):
            for q in range(labels):
                total += forward[t - 1, p] * step[p, q] * local[t, q] * backward[t, q]
        for p in range(labels):
            for q in range(labels):
                if legal[p, q]:
                    g = forward[t - 1, p] * step[p, q] * local[t, q] * backward[t, q] / total
                    if gold[a + t - 1] == p and gold[a + t] == q:
                        g -= 1.0
                    if abs(g) > 1e-5:
                        w = _weight(tz[p, q], tn[p, q], alpha, beta, 0.0, l2)
                        s = (np.sqrt(tn[p, q] + g * g) - np.sqrt(tn[p, q])) / alpha
                        tz[p, q] += g - s * w
                        tn[p, q] += g * g


@numba.njit(cache=True)
def _learn_weights(rows, gold, a, length, forward, backward, z, n, alpha, beta, l1, l2):  # type: ignore[no-untyped-def]
    labels = z.shape[1]
    loss = 0.0
    for t in range(length):
        total = 0.0
        for q in range(labels):
            total += forward[t, q] * backward[t, q]
        for q in range(labels):
            g = forward[t, q] * backward[t, q] / total
            if gold[a + t] == q:
                loss -= np.log(max(g, 1e-12))
                g -= 1.0
            if abs(g) > 1e-4:
                for f in range(rows.shape[1]):
                    r = rows[a + t, f]
                    if r >= 0:
                        old = n[r, q]
                        w = _weight(z[r, q], old, alpha, beta, l1, l2)
                        z[r, q] += g - (np.sqrt(old + g * g) - np.sqrt(old)) / alpha * w
                        n[r, q] = old + g * g
    return loss


@numba.njit(cache=True)
def _chain_epoch(order, starts, ends, rows, gold, z, n, tz, tn, legal, first, last, alpha, beta, l1, l2):  # type: ignore[no-untyped-def]
    labels = z.shape[1]
    loss = 0.0
    longest = 0
    for i in range(len(starts)):
        longest = max(longest, ends[i] - starts[i])
    local = np.zeros((longest, labels))
    forward = np.zeros((longest, labels))
    backward = np.zeros((longest, labels))
    step = np.zeros((labels, labels))
    for i in order:
        a, length = starts[i], ends[i] - starts[i]
        for p in range(labels):
            for q in range(labels):
                step[p, q] = np.exp(_weight(tz[p, q], tn[p, q], alpha, beta, 0.0, l2)) if legal[p, q] else 0.0
        _local_scores(local, rows, a, length, z, n, alpha, beta, l1, l2)
        _forward_backward(local, step, first, last, length, forward, backward)
        _learn_transitions(gold, a, length, local, step, forward, backward, legal, tz, tn, alpha, beta, l2)
        loss += _learn_weights(rows, gold, a, length, forward, backward, z, n, alpha, beta, l1, l2)
    return loss


def fit_chain(
    rows: NDArray[np.int32], gold: NDArray[np.int16], starts: NDArray[np.int64], ends: NDArray[
        np.int64], *, count: int, legal: NDArray[np.bool_],
    first: NDArray[np.bool_], last: NDArray[
        np.bool_], epochs: int = 8, alpha: float = 0.15, beta: float = 1.0, l1: float = 0.5, l2: float = 1.0,
    seed: int = 7, say: Any = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # fmt: skip
    """Fit a linear-chain CRF.

    Args:
        rows: n × templates feature rows, -1 for a feature that is left out.
        gold: the label of each character (n).
        starts: first character of each sequence.
        ends: end (exclusive) of each sequence.
        count: number of feature rows.
        legal: labels × labels, which succession is possible.
        first: labels that may begin a sequence.
        last: labels that may end one.
        epochs: passes over the data.
        alpha: learning rate.
        beta: learning rate smoothing.
        l1: weight of the L1 penalty.
        l2: weight of the L2 penalty.
        seed: seed of the order of sequences.
        say: called with (epoch, loss per character), if given.

    Returns:
        Weights (count × labels) and transitions (labels × labels, ``-inf`` where impossible).
    """
    labels = len(first)
    z = np.zeros((count, labels), np.float32)
    n = np.zeros((count, labels), np.float32)
    tz = np.zeros((labels, labels))
    tn = np.zeros((labels, labels))
    random = np.random.default_rng(seed)
    for epoch in range(epochs):
        order = random.permutation(len(starts))
        loss = _chain_epoch(order, starts, ends, rows, gold, z, n, tz, tn, legal, first, last, alpha, beta, l1, l2)
        if say:
            say(epoch, loss / max(1, len(rows)))
    weights = np.where(np.abs(z) <= l1, 0.0, -(z - np.sign(z) * l1) / ((beta + np.sqrt(n)) / alpha + l2)).astype(np.float32)
    moves = np.where(tz == 0, 0.0, -tz / ((beta + np.sqrt(tn)) / alpha + l2))
    return weights, np.where(legal, moves, -np.inf).astype(np.float32)


@numba.njit(cache=True)
def _loglinear_epoch(  # type: ignore[no-untyped-def]
    order, starts, ends, rows, gold, possible, importance, z, n, alpha, beta, l1, l2
):  # fmt: skip
    classes = z.shape[1]
    score = np.zeros(classes)
    loss = 0.0
    for i in order:
        for c in range(classes):
            score[c] = 0.0
        for k in range(starts[i], ends[i]):
            r = rows[k]
            if r >= 0:
                for c in range(classes):
                    if possible[i, c]:
                        score[c] += _weight(z[r, c], n[r, c], alpha, beta, l1, l2)
        top = -1e30
        for c in range(classes):
            if possible[i, c] and score[c] > top:
                top = score[c]
        total = 0.0
        for c in range(classes):
            score[c] = np.exp(score[c] - top) if possible[i, c] else 0.0
            total += score[c]
        for c in range(classes):
            if not possible[i, c]:
                continue
            g = score[c] / total
            if c == gold[i]:
                loss -= np.log(max(g, 1e-12)) * importance[i]
                g -= 1.0
            g *= importance[i]
            if abs(g) > 1e-4:
                for k in range(starts[i], ends[i]):
                    r = rows[k]
                    if r >= 0:
                        old = n[r, c]
                        w = _weight(z[r, c], old, alpha, beta, l1, l2)
                        z[r, c] += g - (np.sqrt(old + g * g) - np.sqrt(old)) / alpha * w
                        n[r, c] = old + g * g
    return loss


def fit_loglinear(
    examples: Sequence[Example], gold: Sequence[int], *, classes: tuple[str,
        ...], importance: Sequence[float] | None = None, epochs: int = 10,
    alpha: float = 0.1, beta: float = 1.0, l1: float = 0.2, l2: float = 1.0, least: int = 2, seed: int = 7,
) -> Classifier:  # fmt: skip
    """Fit a multinomial log-linear model.

    ``least`` is how often a feature must occur to count. Without examples no weight is learnt.
    """
    if not examples:
        return Classifier(classes=classes, table=feature_table(np.zeros(0, np.uint64)),
            weights=np.zeros((1, len(classes)), np.float32))
    values = np.concatenate([example.features for example in examples])
    known, counts = np.unique(values, return_counts=True)
    known = known[counts >= least]
    rows = rows_of(values, feature_table(known))
    rows[rows == len(known)] = -1
    sizes = np.array([len(example.features) for example in examples], np.int64)
    ends = np.cumsum(sizes)
    possible = np.zeros((len(examples), len(classes)), np.bool_)
    for at, example in enumerate(examples):
        possible[at, list(example.possible)] = True
    weight = np.ones(len(examples)) if importance is None else np.asarray(importance, np.float64)
    z = np.zeros((len(known), len(classes)))
    n = np.zeros_like(z)
    random = np.random.default_rng(seed)
    target = np.asarray(gold, np.int64)
    for _ in range(epochs):
        _loglinear_epoch(random.permutation(len(examples)), ends - sizes, ends, rows, target, possible, weight, z, n, alpha,
            beta, l1, l2)
    weights = np.where(np.abs(z) <= l1, 0.0, -(z - np.sign(z) * l1) / ((beta + np.sqrt(n)) / alpha + l2)).astype(np.float32)
    keep = np.abs(weights).max(1) > 0
    return Classifier(classes=classes, table=feature_table(known[keep]),
        weights=np.vstack([weights[keep], np.zeros((1, len(classes)), np.float32)]))
