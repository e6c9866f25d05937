"""The chain against an oracle that lists every label sequence."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from numpy.typing import NDArray

from kg.extract.crf import (
    Chain,
    allowed,
    best_path,
    bioes,
    edge_labels,
    emissions,
    feature_table,
    marginals,
    rows_of,
    spans,
)  # fmt: skip

LABELS = bioes(["A", "B"])
PIECES = [(0, 3), (3, 4), (4, 8), (8, 10)]


def chain(seed: int) -> tuple[Chain, NDArray[np.float32]]:
    random = np.random.default_rng(seed)
    moves = np.where(allowed(LABELS), random.normal(size=(len(LABELS), len(LABELS))), -np.inf).astype(np.float32)
    scores = random.normal(scale=2, size=(10, len(LABELS))).astype(np.float32)
    return Chain(LABELS, feature_table(np.zeros(0, np.uint64)), np.zeros((1, len(LABELS)), np.float32), moves), scores


def paths(length: int) -> list[tuple[int, ...]]:
    """Every label sequence that is possible."""
    first, last = edge_labels(LABELS)
    legal = allowed(LABELS)
    out = [(q,) for q in range(len(LABELS)) if first[q]]
    for _ in range(length - 1):
        out = [(*p, q) for p in out for q in range(len(LABELS)) if legal[p[-1], q]]
    return [p for p in out if last[p[-1]]]


def weight(path: tuple[int, ...], scores: NDArray[np.float32], moves: NDArray[np.float32]) -> float:
    total = sum(float(scores[t, q]) for t, q in enumerate(path))
    return total + sum(float(moves[p, q]) for p, q in pairwise(path))


@pytest.mark.parametrize("seed", range(5))
def test_marginals_are_those_of_all_sequences(seed: int) -> None:
    model, scores = chain(seed)
    found = marginals(scores, PIECES, model, batch=3)
    for start, end in PIECES:
        exact = np.zeros((end - start, len(LABELS)))
        for path in paths(end - start):
            mass = np.exp(weight(path, scores[start:end], model.transitions))
            exact[np.arange(end - start), path] += mass
        np.testing.assert_allclose(found[start:end], exact / exact.sum(1, keepdims=True), atol=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_path_is_the_best_of_all_possible_sequences(seed: int) -> None:
    _, scores = chain(seed)
    found = best_path(scores, PIECES, LABELS, batch=3)
    none = np.zeros((len(LABELS), len(LABELS)), np.float32)
    for start, end in PIECES:
        best = max(paths(end - start), key=lambda path: weight(path, scores[start:end], none))
        assert tuple(found[start:end].tolist()) == best


def test_marginals_sum_to_one_however_extreme_the_scores() -> None:
    model, scores = chain(1)
    found = marginals(scores * 40, PIECES, model)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    assert np.isfinite(found).all()


def test_a_piece_reads_the_same_alone_and_in_a_batch() -> None:
    model, scores = chain(2)
    together, paths_together = marginals(scores, PIECES, model, batch=4), best_path(scores, PIECES, LABELS, batch=4)
    for start, end in PIECES:
        alone = marginals(scores[start:end], [(0, end - start)], model)
        np.testing.assert_allclose(together[start:end], alone, atol=1e-6)
        assert paths_together[start:end].tolist() == best_path(scores[start:end], [(0, end - start)], LABELS).tolist()


def test_a_name_neither_begins_nor_ends_beyond_its_piece() -> None:
    labels = {label: at for at, label in enumerate(LABELS)}
    scores = np.zeros((4, len(LABELS)), np.float32)
    for at, label in enumerate(("B-A", "I-A", "I-A", "E-A")):
        scores[at, labels[label]] = 5
    assert spans(best_path(scores, [(0, 4)], LABELS), LABELS) == [(0, 4, "A")]
    assert all(end <= 2 or start >= 2 for start, end, _ in spans(best_path(scores, [(0, 2), (2, 4)], LABELS), LABELS))


def test_what_may_follow_what_is_bioes() -> None:
    legal = allowed(LABELS)
    for (i, before), (j, after) in product(enumerate(LABELS), repeat=2):
        inside = before[0] in "BI" and before != "O"
        expected = after[0] in "IE" and after[2:] == before[2:] if inside else after[0] in "OBS"
        assert legal[i, j] == expected, (before, after)


def test_features_gather_their_rows_and_unknown_ones_count_nothing() -> None:
    known = np.sort(np.random.default_rng(3).integers(1, 2**63, 500).astype(np.uint64))
    weights = np.vstack([np.random.default_rng(4).normal(size=(500, len(LABELS))), np.zeros((1, len(LABELS)))]).astype(np.float32)
    table = feature_table(known)
    rows = rows_of(known, table)
    found = rows < 500
    assert found.mean() > 0.9
    assert (table.hashes[rows[found]] == known[found]).all()
    model = Chain(LABELS, table, weights, np.zeros((len(LABELS),) * 2, np.float32))
    features = np.stack([known[:40], known[40:80], np.full(40, 12345, np.uint64)], 1)
    expected = weights[rows[:40]] + weights[rows[40:80]]
    np.testing.assert_allclose(emissions(features.T, 40, model), expected, atol=1e-5)
