"""Fits the network of ``kg.extract.pairing``, with a fixed seed.

Each pass reads the documents with the mentions that annotators marked or with those that taggers found in them, in turn, so that
the network has seen imperfect names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from kg.extract.loglinear import Example
from kg.extract.network import UNKNOWN
from kg.extract.pairing import PARTS, Scene, Vocabulary, graphs_of, scene
from kg.extract.relations import Candidate, Place
from kg.learn.classroom import present
from kg.learn.layers import GAP, Drop, Weights, backward, convolutions, descend, forward, kept, normal, summed, uniform
from kg.learn.network import known_characters
from kg.learn.train import Lesson
from kg.ontology import Ontology, subtypes, types

F32 = NDArray[np.float32]
Ints = NDArray[np.int64]

WIDTH, DEEP = 128, 192
_TRAIT = 16
_TOGETHER = 2
_PASSES, _MOST, _STEPS = 6, 60, 600
_TABLES = ("known", "kinds", "subtypes")


class Reading(NamedTuple):
    """The mentions of a document, the candidate pairs of them, and the class of each (``None``: says nothing either way)."""

    places: Sequence[Place]
    pairs: Sequence[Candidate]
    classes: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Task:
    """A document's scene, and the class of each of its pairs (p; -1 for one that says nothing either way)."""

    scene: Scene
    gold: Ints


def fit_networks(
    room: Executor, groups: Sequence[Sequence[int]], marked: Sequence[Reading], found: Sequence[Reading], classes: Sequence[str],
    *, say: Callable[[str], None],
) -> Iterator[tuple[bytes, bytes] | None]:  # fmt: skip
    """Yield for each group of lessons (their numbers) the two files of a network that was fitted on it, or ``None``.

    There is no network where no document has a pair to judge.

    Args:
        room: a classroom's processes.
        groups: numbers of lessons.
        marked: each lesson with the mentions that annotators marked.
        found: each lesson with the mentions that taggers found, fitted without it.
        classes: the ranker's classes.
        say: told what is going on, a line at a time.
    """
    slim = [[_slim(reading) for reading in readings] for readings in (marked, found)]
    running = [
        room.submit(_fit, list(group), [slim[0][at] for at in group], [slim[1][at] for at in group], tuple(classes))
        for group in groups
    ]  # fmt: skip
    for number, future in enumerate(running):
        say(f"pairs: {number} of {len(groups)} networks fitted")
        yield future.result()


def _slim(reading: Reading) -> Reading:
    """Without the ranker's features, which are most of what would be sent to a process."""
    none = np.zeros(0, np.uint64)
    pairs = [replace(pair, example=Example(none, pair.example.possible)) for pair in reading.pairs]
    return reading._replace(pairs=pairs)


def _fit(
    group: Sequence[int], marked: Sequence[Reading], found: Sequence[Reading], classes: tuple[str, ...]
) -> tuple[bytes, bytes] | None:
    lessons, school = present()
    chosen = [lessons[at] for at in group]
    vocabulary = vocabulary_of(chosen, marked, school.ontology, classes)
    tasks = [[_task(item, reading, vocabulary) for item, reading in zip(chosen, part, strict=True)
        if any(number is not None for number in reading.classes)] for part in (marked, found)]  # fmt: skip
    return fit_pairs(list(rounds(tasks[0], tasks[1])), vocabulary) if tasks[0] else None


def vocabulary_of(lessons: Sequence[Lesson], readings: Sequence[Reading], ontology: Ontology, classes: tuple[str,
    ...]) -> Vocabulary:  # fmt: skip
    """What a network that learns from these documents has numbers for."""
    kinds = types(ontology)
    cues = {name for item in lessons for table in (item.reading.triggers, item.reading.markers) for _, names in table.values()
        for name in names}  # fmt: skip
    return Vocabulary(
        characters=known_characters([item.document.text for item in lessons]), kinds=tuple(kinds),
        subtypes=tuple(sorted({name for kind in kinds for name in subtypes(ontology, kind)})), cues=tuple(sorted(cues)),
        reasons=tuple(sorted({pair.carried for reading in readings for pair in reading.pairs})), classes=classes,
    )  # fmt: skip


def _task(item: Lesson, reading: Reading, vocabulary: Vocabulary) -> Task:
    seen = scene(item.reading, reading.places, reading.pairs, vocabulary)
    gold = np.array([-1 if number is None else number for number in reading.classes], np.int64)
    return Task(replace(seen, lexical=seen.lexical.astype(np.float16)), gold)


def rounds(marked: Sequence[Task], found: Sequence[Task]) -> Iterator[Sequence[Task]]:
    """What each pass reads: the documents with marked and with found mentions in turn; few documents are read more often."""
    passes = max(_PASSES, min(_MOST, -(-_STEPS * _TOGETHER // max(1, len(marked)))))
    for number in range(passes):
        yield found if number % 2 and found else marked


def fit_pairs(
    passes: Sequence[Sequence[Task]], vocabulary: Vocabulary, *, width: int = WIDTH, deep: int = DEEP, rate: float = 3e-3,
    seed: int = 7, say: Callable[[str], None] | None = None,
) -> tuple[bytes, bytes]:  # fmt: skip
    """Fit the network and return its two ONNX files.

    Args:
        passes: the documents of each pass, in turn, each with at least one pair that has a class.
        vocabulary: what the numbers of the scenes mean.
        width: columns of a state.
        deep: size of the layer between a pair and its chances.
        rate: the highest learning rate.
        seed: seed of the weights, the order and the dropout.
        say: told the loss of each pass.
    """
    chance = np.random.default_rng(seed)
    scene = passes[0][0].scene
    weights = _start(scene, vocabulary, width, deep, chance)
    orders = [[order[at : at + _TOGETHER] for at in range(0, len(order), _TOGETHER)]
        for order in (chance.permutation(len(part)).tolist() for part in passes)]  # fmt: skip

    def step(number: int, chosen: list[int]) -> tuple[float, Weights]:
        return _slopes(weights, _batch([passes[number][at] for at in chosen]), chance, Drop())

    descend(weights, orders, step, rate=rate, say=say)
    return graphs_of(weights, vocabulary)


def _start(scene: Scene, vocabulary: Vocabulary, width: int, deep: int, chance: np.random.Generator) -> Weights:
    weights = {
        "lexical.w": uniform(scene.lexical.shape[1], width, chance),
        "lexical.b": np.zeros(width, np.float32),
        "known.w": normal(len(vocabulary.characters) + 1, width, 0.1, chance),
        "kinds.w": normal(2 * len(vocabulary.kinds) + 1, width, 0.3, chance),
        "subtypes.w": normal(len(vocabulary.subtypes) + 1, width, 0.1, chance),
        "cues.w": uniform(max(1, scene.cues.shape[1]), width, chance)[: scene.cues.shape[1]],
    }
    weights |= convolutions(width, chance)
    sizes = vocabulary.sizes()
    weights |= {f"trait{at}.w": normal(size, _TRAIT, 1.0, chance) for at, size in enumerate(sizes)}
    classes = len(vocabulary.classes)
    return weights | {
        "deep.w": uniform(PARTS * width + _TRAIT * len(sizes), deep, chance), "deep.b": np.zeros(deep, np.float32),
        "out.w": uniform(deep, classes, chance), "out.b": np.zeros(classes, np.float32),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents in one array: their scene with ranges moved to where they lie, the classes, which rows are characters."""

    scene: Scene
    gold: Ints
    there: F32


def _batch(tasks: Sequence[Task]) -> Batch:
    lengths = [len(task.scene.known) for task in tasks]
    offsets = np.cumsum([0] + [length + GAP for length in lengths]).tolist()
    there = np.zeros((offsets[-1], 1), np.float32)
    for offset, length in zip(offsets, lengths, strict=False):
        there[offset : offset + length] = 1

    def laid(name: str) -> NDArray[np.generic]:
        first = getattr(tasks[0].scene, name)
        kind = np.float32 if first.dtype.kind == "f" else np.int64
        out: NDArray[np.generic] = np.zeros((offsets[-1], *first.shape[1:]), kind)
        for task, offset, length in zip(tasks, offsets, lengths, strict=False):
            out[offset : offset + length] = getattr(task.scene, name)
        return out

    scene = Scene(
        **{name: laid(name) for name in ("lexical", "known", "kinds", "subtypes", "cues")},  # type: ignore[arg-type]
        ranges=np.concatenate([task.scene.ranges + offset for task, offset in zip(tasks, offsets, strict=False)]),
        traits=np.concatenate([task.scene.traits for task in tasks]),
        closed=np.concatenate([task.scene.closed for task in tasks]),
    )
    return Batch(scene, np.concatenate([task.gold for task in tasks]), there)


def _slopes(w: Weights, batch: Batch, chance: np.random.Generator, drop: Drop) -> tuple[float, Weights]:
    """The mean loss of the pairs of a batch and its gradient: forwards with dropout, and back."""
    scene, there = batch.scene, batch.there
    seen = scene.lexical * kept(scene.lexical.shape, drop.lexical, chance)
    known = np.where(chance.random(len(scene.known)) < drop.known, UNKNOWN, scene.known)
    rows = {"known": known, "kinds": scene.kinds, "subtypes": scene.subtypes}
    bottom = seen @ w["lexical.w"] + scene.cues @ w["cues.w"] + w["lexical.b"]
    for name in _TABLES:
        bottom = bottom + w[f"{name}.w"][rows[name]]
    bottom = np.maximum(bottom, 0) * there
    state, layers = forward(w, bottom, there, chance, drop=drop.layer)
    parts, where = _pooled(state, scene.ranges)
    loss, slopes, down = _judge(w, parts, batch, chance, drop)
    back: NDArray[Any] = backward(w, _unpooled(down, where, state), there, layers, slopes) * (bottom > 0)
    slopes["lexical.w"], slopes["lexical.b"] = seen.T @ back, back.sum(0)
    slopes["cues.w"] = scene.cues.T @ back
    for name in _TABLES:
        slopes[f"{name}.w"] = summed(rows[name], back, len(w[f"{name}.w"]))
    return loss, slopes


def _judge(w: Weights, parts: F32, batch: Batch, chance: np.random.Generator, drop: Drop) -> tuple[float, Weights, F32]:
    """The loss of the classifier of pairs, the slopes of its weights, and the slope at ``parts``."""
    traits = batch.scene.traits
    names = [f"trait{at}.w" for at in range(traits.shape[1])]
    mask = kept((len(parts), parts.shape[1] + len(names) * _TRAIT), drop.traits, chance)
    seen = np.concatenate([parts, *(w[name][traits[:, at]] for at, name in enumerate(names))], 1) * mask
    deep: NDArray[Any] = np.maximum(seen @ w["deep.w"] + w["deep.b"], 0)
    upper = kept(deep.shape, drop.deep, chance)
    scores: NDArray[Any] = (deep * upper) @ w["out.w"] + w["out.b"] + batch.scene.closed
    chances = np.exp(scores - scores.max(1, keepdims=True))
    chances /= chances.sum(1, keepdims=True)
    told = np.flatnonzero(batch.gold >= 0)
    gold = batch.gold[told]
    loss = -float(np.log(np.maximum(chances[told, gold], 1e-9)).mean())
    slope: NDArray[Any] = np.zeros_like(chances)
    slope[told] = chances[told]
    slope[told, gold] -= 1
    slope /= len(told)
    slopes = {"out.w": (deep * upper).T @ slope, "out.b": slope.sum(0)}
    inner: NDArray[Any] = slope @ w["out.w"].T * upper * (deep > 0)
    slopes["deep.w"], slopes["deep.b"] = seen.T @ inner, inner.sum(0)
    down: NDArray[Any] = inner @ w["deep.w"].T * mask
    for at, name in enumerate(names):
        start = parts.shape[1] + at * _TRAIT
        slopes[name] = summed(traits[:, at], down[:, start : start + _TRAIT], len(w[name]))
    return loss, slopes, down[:, : parts.shape[1]]


def _pooled(state: F32, ranges: Ints) -> tuple[F32, Ints]:
    """As ``kg.extract.pairing.pooled``, and the row where each greatest value stands."""
    width = state.shape[1]
    best = np.empty((len(ranges), PARTS * width), state.dtype)
    where = np.empty(best.shape, np.int64)
    _pool(state, ranges, best, where)
    return best, where


def _unpooled(slope: F32, where: Ints, state: F32) -> F32:
    back = np.zeros_like(state)
    _unpool(np.ascontiguousarray(slope), where, back)
    return back


@numba.njit(cache=True)
def _pool(state, ranges, best, where):  # type: ignore[no-untyped-def]
    width = state.shape[1]
    for pair in range(len(ranges)):
        for part in range(ranges.shape[1] // 2):
            start, end = ranges[pair, 2 * part], ranges[pair, 2 * part + 1]
            for column in range(width):
                at = part * width + column
                best[pair, at] = state[start, column]
                where[pair, at] = start
            for row in range(start + 1, end):
                for column in range(width):
                    at = part * width + column
                    if state[row, column] > best[pair, at]:
                        best[pair, at] = state[row, column]
                        where[pair, at] = row


@numba.njit(cache=True)
def _unpool(slope, where, back):  # type: ignore[no-untyped-def]
    width = back.shape[1]
    for pair in range(len(slope)):
        for at in range(slope.shape[1]):
            back[where[pair, at], at % width] += slope[pair, at]
