from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="training needs the extra 'train'")

from kg.extract.crf import Chain, allowed, best_path, bioes, edge_labels, emissions, feature_table, marginals, rows_of
from kg.extract.loglinear import Example, hashed, probabilities
from kg.learn.fit import fit_chain, fit_loglinear


def test_a_classifier_learns_what_separates_its_classes() -> None:
    examples = [Example(hashed([f"a{i % 2}", f"noise{i % 7}"]), (0, 1)) for i in range(60)]
    model = fit_loglinear(examples, [i % 2 for i in range(60)], classes=("x", "y"))
    found = probabilities(examples, model).argmax(1)
    assert found.tolist() == [i % 2 for i in range(60)]


def test_features_that_are_too_rare_are_left_out() -> None:
    examples = [Example(hashed([f"once{i}", "often"]), (0, 1)) for i in range(20)]
    model = fit_loglinear(examples, [0] * 20, classes=("x", "y"), least=2)
    assert len(model.weights) <= 2


def test_the_same_examples_give_the_same_weights() -> None:
    examples = [Example(hashed([f"a{i % 3}", f"b{i % 5}"]), (0, 1, 2)) for i in range(50)]
    one, two = (fit_loglinear(examples, [i % 3 for i in range(50)], classes=("x", "y", "z")) for _ in range(2))
    np.testing.assert_array_equal(one.weights, two.weights)
    np.testing.assert_array_equal(one.table.hashes, two.table.hashes)


def test_no_examples_give_a_model_that_prefers_nothing() -> None:
    model = fit_loglinear([], [], classes=("x", "y"))
    np.testing.assert_allclose(probabilities([Example(hashed(["a"]), (0, 1))], model), [[0.5, 0.5]])


def test_a_chain_learns_names_from_their_context() -> None:
    labels = bioes(["A"])
    number = {label: at for at, label in enumerate(labels)}
    random = np.random.default_rng(3)
    points, gold, starts, ends = [], [], [], []
    for _ in range(60):
        lead = random.integers(10, 30, random.integers(1, 5)).tolist()
        points += [*lead, 1, 2, 3, *random.integers(10, 30, 2).tolist()]
        gold += [0] * len(lead) + [number["B-A"], number["I-A"], number["E-A"], 0, 0]
        starts.append(len(points) - len(lead) - 5)
        ends.append(len(points))
    features = np.array(points, np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
    known = np.unique(features)
    rows = rows_of(features, feature_table(known))
    rows[rows == len(known)] = -1
    first, last = edge_labels(labels)
    weights, moves = fit_chain(
        rows,
        np.array(gold, np.int16),
        np.array(starts),
        np.array(ends),
        count=len(known),
        legal=allowed(labels),
        first=first,
        last=last,
    )
    model = Chain(labels, feature_table(known), np.vstack([weights, np.zeros((1, len(labels)), np.float32)]), moves)
    chances = marginals(emissions(features.T, len(features), model), list(zip(starts, ends, strict=True)), model)
    path = best_path(np.log(np.maximum(chances, 1e-9)), list(zip(starts, ends, strict=True)), labels)
    assert path.tolist() == gold
    assert np.isneginf(moves[~allowed(labels)]).all()
