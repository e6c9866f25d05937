from __future__ import annotations

import numpy as np

from kg.extract.crf import feature_table
from kg.extract.loglinear import Classifier, Example, hashed, probabilities


def model(weights: dict[str, tuple[float, ...]]) -> Classifier:
    values = {int(hashed([name])[0]): row for name, row in weights.items()}
    keys = sorted(values)
    rows = np.array([values[key] for key in keys] + [[0.0, 0.0, 0.0]], np.float32)
    return Classifier(("x", "y", "z"), feature_table(np.array(keys, np.uint64)), rows)


MODEL = model({"a": (1.0, 2.0, 0.0), "b": (0.0, -1.0, 3.0)})


def test_probabilities_are_the_softmax_of_summed_weights() -> None:
    found = probabilities([Example(hashed(["a", "b", "unseen"]), (0, 1, 2))], MODEL)[0]
    exact = np.exp([1.0, 1.0, 3.0]) / np.exp([1.0, 1.0, 3.0]).sum()
    np.testing.assert_allclose(found, exact, rtol=1e-5)


def test_what_is_impossible_has_no_chance() -> None:
    found = probabilities([Example(hashed(["b"]), (0, 1))], MODEL)[0]
    assert found[2] == 0
    np.testing.assert_allclose(found.sum(), 1, rtol=1e-6)


def test_without_features_every_possible_class_is_as_likely() -> None:
    examples = [
        Example(hashed(["a"]), (0, 1)),
        Example(hashed([]), (0, 2)),
        Example(hashed(["b"]), (0, 1, 2)),
        Example(hashed([]), (0, 1)),
    ]
    found = probabilities(examples, MODEL)
    np.testing.assert_allclose(found[1], [0.5, 0, 0.5])
    np.testing.assert_allclose(found[3], [0.5, 0.5, 0])
    for number in (0, 2):
        np.testing.assert_allclose(found[number], probabilities([examples[number]], MODEL)[0], rtol=1e-6)


def test_no_examples_give_no_rows() -> None:
    assert probabilities([], MODEL).shape == (0, 3)


def test_hashes_are_sorted_and_distinct_and_the_same_on_every_machine() -> None:
    assert hashed(["b", "a", "b"]).tolist() == sorted(hashed(["a", "b"]).tolist())
    assert int(hashed(["党委"])[0]) == (3854400136 * 0x9E3779B97F4A7C15) % 2**64
