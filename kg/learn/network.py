"""Fits the network of ``kg.extract.network``, with a fixed seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.extract.analysis import Analysis
from kg.extract.encoder import lexical_input
from kg.extract.network import UNKNOWN, characters, graph_of
from kg.learn.layers import GAP, Drop, Weights, backward, convolutions, descend, forward, kept, normal, summed, uniform

F32 = NDArray[np.float32]
Ints = NDArray[np.int64]

WIDTH = 128
_WINDOW = 256
_ROWS = 3072
_LEAST = 3
_PASSES, _MOST, _STEPS = 6, 60, 800


@dataclass(frozen=True, slots=True)
class Window:
    """Some sentences: what the network sees of n characters (n × inputs, half precision; n), and their labels (n)."""

    lexical: NDArray[np.float16]
    known: Ints
    gold: Ints


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows in one array: inputs, labels, and which rows are characters (1) or gaps (0)."""

    lexical: F32
    known: Ints
    gold: Ints
    there: F32


def windows(reading: Analysis, gold: NDArray[np.int16], labels: Sequence[str], numbers: dict[str, int]) -> list[Window]:
    """Cut a text into windows on the borders of analysed pieces."""
    lexical = lexical_input(reading, labels).astype(np.float16)
    known = characters(reading.text, numbers)
    bounds: list[tuple[int, int]] = []
    for start, end in reading.lexed.pieces:
        if bounds and end - bounds[-1][0] <= _WINDOW:
            bounds[-1] = (bounds[-1][0], end)
        else:
            bounds.append((start, end))
    return [Window(lexical[a:b], known[a:b], gold[a:b].astype(np.int64)) for a, b in bounds if b > a]


def known_characters(texts: Sequence[str]) -> str:
    """The characters that are worth a vector of their own, sorted."""
    counts = Counter(character for text in texts for character in text)
    return "".join(sorted(c for c, count in counts.items() if count >= _LEAST and c != "\x00"))


def fit_network(
    passes: Sequence[Sequence[Window]], known: str, labels: Sequence[str], *, width: int = WIDTH, rate: float = 2e-3,
    decay: float = 0.01, seed: int = 7, say: Callable[[str], None] | None = None,
) -> bytes:  # fmt: skip
    """Fit the network and return it as an ONNX file.

    Args:
        passes: the windows of each pass over the data, in turn.
        known: the characters with vectors of their own, in the order of their numbers.
        labels: the labels.
        width: size of the hidden layers.
        rate: the highest learning rate, reached after a short warm-up; it falls to nothing at the end.
        decay: weight decay.
        seed: seed of the weights, the order and the dropout.
        say: told the loss of each pass.
    """
    chance = np.random.default_rng(seed)
    weights = _start(passes[0][0].lexical.shape[1], len(known) + 1, len(labels), width, chance)
    orders = [_batched(part, chance) for part in passes]

    def step(number: int, chosen: list[int]) -> tuple[float, Weights]:
        return _slopes(weights, _batch([passes[number][i] for i in chosen]), chance, Drop())

    descend(weights, orders, step, rate=rate, decay=decay, say=say)
    return graph_of(weights, known, labels)


def _start(inputs: int, known: int, labels: int, width: int, chance: np.random.Generator) -> Weights:
    weights = {
        "lexical.w": uniform(inputs, width, chance),
        "known.w": normal(known, width, 0.1, chance),
        "lexical.b": np.zeros(width, np.float32),
    }
    weights |= convolutions(width, chance)
    return weights | {"out.w": uniform(width, labels, chance), "out.b": np.zeros(labels, np.float32)}


def _batched(part: Sequence[Window], chance: np.random.Generator) -> list[list[int]]:
    """Deal windows into batches of about the same number of rows, at random."""
    batches: list[list[int]] = [[]]
    rows = 0
    for i in chance.permutation(len(part)).tolist():
        if rows >= _ROWS:
            batches.append([])
            rows = 0
        batches[-1].append(i)
        rows += len(part[i].gold) + GAP
    return batches


def _batch(chosen: Sequence[Window]) -> Batch:
    size = sum(len(w.gold) + GAP for w in chosen)
    lexical = np.zeros((size, chosen[0].lexical.shape[1]), np.float32)
    known, gold = np.zeros(size, np.int64), np.zeros(size, np.int64)
    there = np.zeros((size, 1), np.float32)
    at = 0
    for w in chosen:
        part = slice(at, at + len(w.gold))
        lexical[part], known[part], gold[part], there[part] = w.lexical, w.known, w.gold, 1
        at += len(w.gold) + GAP
    return Batch(lexical, known, gold, there)


def _slopes(w: Weights, batch: Batch, chance: np.random.Generator, drop: Drop) -> tuple[float, Weights]:
    """The mean loss of a batch and its gradient: forwards with dropout, and back."""
    there = batch.there
    seen = batch.lexical * kept(batch.lexical.shape, drop.lexical, chance)
    known = np.where(chance.random(len(batch.known)) < drop.known, UNKNOWN, batch.known)
    bottom = np.maximum(seen @ w["lexical.w"] + w["known.w"][known] + w["lexical.b"], 0) * there
    state, layers = forward(w, bottom, there, chance, drop=drop.layer)
    last = kept(state.shape, drop.layer, chance)
    loss, slope = _loss((state * last) @ w["out.w"] + w["out.b"], batch)
    slopes = {"out.w": (state * last).T @ slope, "out.b": slope.sum(0)}
    back = slope @ w["out.w"].T * last
    back = backward(w, back, there, layers, slopes)
    back = back * (bottom > 0)
    slopes["lexical.w"], slopes["lexical.b"] = seen.T @ back, back.sum(0)
    slopes["known.w"] = summed(known, back, len(w["known.w"]))
    return loss, slopes


def _loss(scores: NDArray[Any], batch: Batch) -> tuple[float, NDArray[Any]]:
    """Mean cross-entropy over the characters of a batch, and its slope at the scores."""
    scores = scores - scores.max(1, keepdims=True)
    chances = np.exp(scores)
    chances /= chances.sum(1, keepdims=True)
    rows = np.arange(len(batch.gold))
    count = float(batch.there.sum())
    loss = -float((np.log(np.maximum(chances[rows, batch.gold], 1e-9)) * batch.there[:, 0]).sum()) / count
    chances[rows, batch.gold] -= 1
    return loss, chances * batch.there / np.float32(count)


def rounds(plain: Sequence[Window], copies: Sequence[Sequence[Window]]) -> Iterator[list[Window]]:
    """What each pass reads: the documents themselves and one of their copies, in turn.

    Few documents are read more often: below some hundred steps a network says nothing.
    """
    rows = sum(len(w.gold) + GAP for part in (plain, *copies[:1]) for w in part)
    for number in range(max(_PASSES, min(_MOST, -(-_STEPS * _ROWS // max(1, rows))))):
        yield [*plain, *(copies[number % len(copies)] if copies else ())]
