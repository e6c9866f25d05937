"""The network that stands beside the chain: its slopes are right, its file says what training made, it learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kg.errors import PackError
from kg.extract.layers import DILATIONS
from kg.extract.network import graph_of, load_network, open_network
from kg.learn import network as learn
from kg.learn.layers import Drop
from kg.learn.network import Batch, Window, fit_network, known_characters
from tests.learn.slopes import check_slopes

LABELS = ("O", "B-X", "E-X")


def windows(count: int, *, seed: int = 0, width: int = 4) -> list[Window]:
    """Texts in which what follows character 1 is the beginning, and the one after it the end."""
    chance = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        known = chance.integers(1, 6, 30)
        gold = np.zeros(30, np.int64)
        for at in np.flatnonzero(known[:-2] == 1):
            gold[at + 1], gold[at + 2] = 1, 2
        out.append(Window(np.zeros((30, width), np.float16), known, gold))
    return out


STILL = Drop(0, 0, 0, 0, 0)
"""Nothing left out."""


def double(batch: Batch) -> Any:
    """The batch in double precision, in which a small step is not lost."""
    return replace(batch, lexical=batch.lexical.astype(np.float64), there=batch.there.astype(np.float64))


def test_every_slope_is_the_loss_difference_of_a_small_step() -> None:
    chance = np.random.default_rng(3)
    weights: dict[str, Any] = {name: value.astype(np.float64) for name, value in learn._start(4, 6, 3, 8, chance).items()}
    batch = double(learn._batch([Window(chance.standard_normal((n, 4)).astype(np.float16), chance.integers(0, 6, n),
        chance.integers(0, 3, n)) for n in (9, 17)]))
    check_slopes(weights, lambda: learn._slopes(weights, batch, chance, STILL), chance, step=1e-5)


def test_the_file_computes_what_training_computed_and_a_batch_keeps_its_windows_apart() -> None:
    chance = np.random.default_rng(5)
    weights = learn._start(4, 6, 3, 8, chance)
    chosen = [Window(chance.standard_normal((n, 4)).astype(np.float16), chance.integers(0, 6, n), chance.integers(0, 3, n))
        for n in (21, 2, 40)]
    network = open_network(graph_of(weights, "甲乙丙丁戊", LABELS), LABELS)
    total = 0.0
    for window in chosen:
        (chances,) = network.session.run(None, {"lexical": window.lexical.astype(np.float32), "known": window.known})
        assert chances.sum(1) == pytest.approx(1, abs=1e-5)
        total -= float(np.log(chances[np.arange(len(window.gold)), window.gold]).sum())
    loss, _ = learn._slopes(weights, learn._batch(chosen), chance, STILL)
    assert loss * sum(len(w.gold) for w in chosen) == pytest.approx(total, rel=1e-4)


def test_it_learns_what_a_neighbour_tells_and_the_same_bytes_each_time() -> None:
    passes = [windows(200, seed=number % 6) for number in range(40)]
    model = fit_network(passes, "甲乙丙丁戊", LABELS, width=16)
    assert fit_network(passes, "甲乙丙丁戊", LABELS, width=16) == model
    network = open_network(model, LABELS)
    right = count = 0
    for window in windows(20, seed=99):
        (chances,) = network.session.run(None, {"lexical": window.lexical.astype(np.float32), "known": window.known})
        right += int((chances.argmax(1) == window.gold).sum())
        count += len(window.gold)
    assert right / count > 0.9


def test_characters_are_known_from_three_times_on() -> None:
    assert known_characters(["联通联通", "联合国"]) == "联"


def test_a_network_of_other_types_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(graph_of(learn._start(4, 6, 3, 8, np.random.default_rng(1)), "甲乙丙丁戊", LABELS))
    with pytest.raises(PackError, match=r"network\.onnx: the model's types are not the pack's"):
        load_network(path, ("O", "B-Y", "E-Y"))
    path.write_bytes(b"not a model")
    with pytest.raises(PackError, match="not a readable model"):
        load_network(path, LABELS)


def test_the_receptive_field_is_what_the_stretches_overlap_by() -> None:
    chance = np.random.default_rng(7)
    network = open_network(graph_of(learn._start(4, 6, 3, 8, chance), "甲乙丙丁戊", LABELS), LABELS)
    reach = sum(DILATIONS)
    lexical, known = chance.standard_normal((200, 4)).astype(np.float32), chance.integers(0, 6, 200)
    (whole,) = network.session.run(None, {"lexical": lexical, "known": known})
    (part,) = network.session.run(None, {"lexical": lexical[100 - reach :], "known": known[100 - reach :]})
    assert part[reach:] == pytest.approx(whole[100:], abs=1e-6)
