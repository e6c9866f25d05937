"""The network of pairs: its gradient, its files, and that it learns."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from kg.errors import PackError
from kg.extract.pairing import PARTS, Scene, Vocabulary, graphs_of, open_pairs, pooled
from kg.learn import pairing as learn
from kg.learn.layers import Drop
from kg.learn.pairing import Task, fit_pairs
from tests.learn.slopes import check_slopes

STILL = Drop(0, 0, 0, 0, 0)
WORDS = Vocabulary(
    characters="甲乙丙丁戊", kinds=("甲类", "乙类"), subtypes=("细",), cues=("办",), reasons=("topic1",), classes=("", "办")
)


def task(chance: np.random.Generator, *, length: int = 24, pairs: int = 7, inputs: int = 4) -> Task:
    """A text in which two mentions are related when character 1 stands between them."""
    known = chance.integers(1, 6, length)
    starts = np.sort(chance.integers(0, length - 3, (pairs, 2)), 1)
    starts[:, 1] = np.maximum(starts[:, 1], starts[:, 0] + 2)
    a, b = starts[:, 0], starts[:, 1]
    after = np.minimum(b + 1, length - 1)
    before = np.maximum(a - 2, 0)
    ranges = np.stack([a, a + 1, b, b + 1, a + 1, b, before, np.maximum(a, before + 1), after, after + 1], 1)
    gold = np.array([int((known[x + 1 : y] == 1).any()) for x, y in zip(a, b, strict=True)], np.int64)
    traits = np.stack([chance.integers(0, size, pairs) for size in WORDS.sizes()], 1)
    scene = Scene(
        chance.standard_normal((length, inputs)).astype(np.float32), known, chance.integers(0, 5, length),
        chance.integers(0, 2, length), np.zeros((length, 1), np.float32), ranges, traits, np.zeros((pairs, 2), np.float32),
    )  # fmt: skip
    return Task(scene, gold)


def double(batch: learn.Batch) -> Any:
    """The batch in double precision, in which a small step is not lost."""
    values = {f.name: getattr(batch.scene, f.name) for f in fields(batch.scene)}
    scene = Scene(**{name: v.astype(np.float64) if v.dtype.kind == "f" else v for name, v in values.items()})
    return replace(batch, scene=scene, there=batch.there.astype(np.float64))


def test_every_slope_is_the_loss_difference_of_a_small_step() -> None:
    chance = np.random.default_rng(3)
    tasks = [task(chance), task(chance, length=31, pairs=5)]
    tasks[1].gold[2] = -1
    batch = double(learn._batch(tasks))
    started = learn._start(tasks[0].scene, WORDS, 8, 6, chance)
    weights: dict[str, Any] = {name: value.astype(np.float64) for name, value in started.items()}
    check_slopes(weights, lambda: learn._slopes(weights, batch, chance, STILL), chance, step=1e-6)


def chances(files: tuple[bytes, bytes], seen: Task) -> Any:
    """What the files say of a text."""
    network = open_pairs(*files, kinds=WORDS.kinds, classes=WORDS.classes)
    scene = seen.scene
    inputs = {name: getattr(scene, name) for name in ("lexical", "known", "kinds", "subtypes", "cues")}
    (states,) = network.states.run(None, inputs)
    given = {"parts": pooled(states, scene.ranges), "traits": scene.traits, "closed": scene.closed}
    return network.pairs.run(None, given)[0]


def test_the_files_compute_what_training_computed() -> None:
    chance = np.random.default_rng(5)
    tasks = [task(chance), task(chance, length=40, pairs=9)]
    weights = learn._start(tasks[0].scene, WORDS, 8, 6, chance)
    files = graphs_of(weights, WORDS)
    total = -sum(float(np.log(chances(files, t)[np.arange(len(t.gold)), t.gold]).sum()) for t in tasks)
    loss, _ = learn._slopes(weights, learn._batch(tasks), chance, STILL)
    assert loss * sum(len(t.gold) for t in tasks) == pytest.approx(total, rel=1e-4)


def test_it_learns_what_stands_between_two_mentions_and_the_same_bytes_each_time() -> None:
    chance = np.random.default_rng(1)
    texts = [task(chance) for _ in range(150)]
    passes = list(learn.rounds(texts, []))
    files = fit_pairs(passes, WORDS, width=32, deep=32)
    assert fit_pairs(passes, WORDS, width=32, deep=32) == files
    unseen = [task(chance) for _ in range(40)]
    right = np.concatenate([chances(files, t).argmax(1) == t.gold for t in unseen])
    assert right.mean() > 0.9


def test_a_class_that_is_not_possible_has_no_chance() -> None:
    chance = np.random.default_rng(2)
    seen = task(chance)
    seen.scene.closed[:, 1] = -1e9
    files = graphs_of(learn._start(seen.scene, WORDS, 8, 6, chance), WORDS)
    assert chances(files, seen)[:, 1].tolist() == [0.0] * len(seen.gold)


def test_pooling_takes_the_greatest_of_each_part_up_to_the_last_row() -> None:
    states = np.array([[3, 0], [1, 5], [2, 4]], np.float32)
    ranges = np.array([[0, 1, 1, 3, 0, 3, 2, 3, 1, 2]])
    assert pooled(states, ranges).reshape(PARTS, 2).tolist() == [[3, 0], [2, 5], [3, 5], [2, 4], [1, 5]]


def test_a_network_for_other_types_or_predicates_is_refused() -> None:
    chance = np.random.default_rng(2)
    files = graphs_of(learn._start(task(chance).scene, WORDS, 8, 6, chance), WORDS)
    with pytest.raises(PackError, match="types"):
        open_pairs(*files, kinds=("丙类",), classes=WORDS.classes)
    with pytest.raises(PackError, match="types"):
        open_pairs(*files, kinds=WORDS.kinds, classes=("", "另"))
