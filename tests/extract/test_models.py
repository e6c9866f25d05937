from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kg.errors import PackError
from kg.extract.crf import Chain, bioes, emissions, feature_table
from kg.extract.loglinear import Classifier, Example, hashed, probabilities
from kg.extract.models import load_chain, load_classifier, save
from kg.ontology import default_pack

SHIPPED = default_pack() / "models"


def chain() -> Chain:
    random = np.random.default_rng(1)
    labels = bioes(["A"])
    weights = np.where(random.random((41, 5)) < 0.4, random.integers(-8, 8, (41, 5)) / 4, 0).astype(np.float32)
    weights[-1] = 0
    known = np.sort(random.integers(1, 2**63, 40).astype(np.uint64))
    return Chain(labels, feature_table(known), weights, random.normal(size=(5, 5)).astype(np.float32))


def test_what_is_loaded_answers_as_what_was_saved(tmp_path: Path) -> None:
    model = chain()
    save(tmp_path / "m.npz", model)
    again = load_chain(tmp_path / "m.npz")
    features = model.table.hashes[:-1].reshape(10, 4)
    assert again.labels == model.labels
    np.testing.assert_array_equal(emissions(features.T, 10, again), emissions(features.T, 10, model))
    np.testing.assert_array_equal(again.transitions, model.transitions)


def test_the_same_model_is_the_same_bytes(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", chain())
    save(tmp_path / "b.npz", load_chain(tmp_path / "a.npz"))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("name", ["filter", "linker", "relations", "subtypes"])
def test_the_shipped_classifiers_survive_a_round_trip(name: str, tmp_path: Path) -> None:
    save(tmp_path / "m.npz", load_classifier(SHIPPED / f"{name}.npz"))
    save(tmp_path / "n.npz", load_classifier(tmp_path / "m.npz"))
    assert (tmp_path / "m.npz").read_bytes() == (tmp_path / "n.npz").read_bytes()


def test_a_model_that_has_learnt_nothing_can_be_kept(tmp_path: Path) -> None:
    empty = Classifier(("x", "y"), feature_table(np.zeros(0, np.uint64)), np.zeros((1, 2), np.float32))
    save(tmp_path / "m.npz", empty)
    found = probabilities([Example(hashed(["a"]), (0, 1))], load_classifier(tmp_path / "m.npz"))
    np.testing.assert_allclose(found, [[0.5, 0.5]])


def test_a_model_of_many_classes_keeps_them_apart(tmp_path: Path) -> None:
    weights = np.zeros((2, 400), np.float32)
    weights[0, [3, 300]] = (1, 2)
    many = Classifier(tuple(f"c{i}" for i in range(400)), feature_table(np.array([7], np.uint64)), weights)
    save(tmp_path / "m.npz", many)
    np.testing.assert_array_equal(load_classifier(tmp_path / "m.npz").weights, weights)


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    "damage", [half, lambda data: b"", lambda data: b"not a model", lambda data: data[:200] + bytes(100) + data[300:]],
    ids=["cut", "empty", "text", "overwritten"],
)  # fmt: skip
def test_a_damaged_file_is_named(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    save(tmp_path / "m.npz", chain())
    (tmp_path / "m.npz").write_bytes(damage((tmp_path / "m.npz").read_bytes()))
    with pytest.raises(PackError, match=r"m\.npz: not a readable model .*kg train"):
        load_chain(tmp_path / "m.npz")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"gone\.npz: not a readable model .*kg train"):
        load_classifier(tmp_path / "gone.npz")


def test_a_file_without_its_weights_is_named(tmp_path: Path) -> None:
    save(tmp_path / "m.npz", chain())
    with zipfile.ZipFile(tmp_path / "m.npz") as old, zipfile.ZipFile(tmp_path / "n.npz", "w") as new:
        for name in old.namelist():
            if name != "values.npy":
                new.writestr(name, old.read(name))
    with pytest.raises(PackError, match=r"n\.npz: not a readable model"):
        load_chain(tmp_path / "n.npz")


def test_a_model_of_another_format_says_what_to_do(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", format=np.array([99]))
    with pytest.raises(PackError, match=r"m\.npz: model of format 99, this program reads 1; make it anew with `kg train`"):
        load_chain(tmp_path / "m.npz")


def test_a_model_never_runs_code_of_its_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", format=np.array([1]), classes=np.array([print], object))
    with pytest.raises(PackError, match="not a readable model"):
        load_classifier(tmp_path / "m.npz")
