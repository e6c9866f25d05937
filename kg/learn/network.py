"""Fits the network of ``kg.extract.network``: backpropagation in plain numpy, AdamW, a fixed seed.

Windows of a batch lie one behind the other in one long array with some empty rows between them, so that a convolution is one
matrix product and nothing is padded. Loshchilov and Hutter 2019 (AdamW); Ba et al. 2016 (layer normalisation).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.extract.analysis import Analysis
from kg.extract.encoder import lexical_input
from kg.extract.network import DILATIONS, EPSILON, UNKNOWN, characters, graph_of

F32 = NDArray[np.float32]
Ints = NDArray[np.int64]

WIDTH = 128
_WINDOW = 256
_ROWS = 3072
_GAP = max(DILATIONS)
_LEAST = 3
_PASSES, _MOST, _STEPS = 6, 60, 800
_DROP_LEXICAL, _DROP_KNOWN, _DROP = 0.1, 0.2, 0.2


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
    first = {name: np.zeros_like(value) for name, value in weights.items()}
    second = {name: np.zeros_like(value) for name, value in weights.items()}
    orders = [_batched(part, chance) for part in passes]
    steps = sum(len(order) for order in orders)
    warm = max(1, min(100, steps // 10))
    step = 0
    for number, (part, order) in enumerate(zip(passes, orders, strict=True)):
        total = 0.0
        for chosen in order:
            loss, slopes = _slopes(weights, _batch([part[i] for i in chosen]), chance)
            total += loss
            step += 1
            now = rate * min(step / warm, (steps - step + 1) / steps)
            _descend(weights, slopes, first, second, step=step, rate=now, decay=decay)
        if say:
            say(f"network: pass {number + 1} of {len(passes)}, loss {total / max(1, len(order)):.4f}")
    return graph_of(weights, known, labels)


def _start(inputs: int, known: int, labels: int, width: int, chance: np.random.Generator) -> dict[str, F32]:
    def uniform(rows: int, columns: int) -> F32:
        bound = rows**-0.5
        return chance.uniform(-bound, bound, (rows, columns)).astype(np.float32)

    weights = {
        "lexical.w": uniform(inputs, width),
        "known.w": (chance.standard_normal((known, width)) * 0.1).astype(np.float32),
        "lexical.b": np.zeros(width, np.float32),
    }
    for d in DILATIONS:
        weights[f"norm{d}.w"] = np.ones(width, np.float32)
        weights[f"norm{d}.b"] = np.zeros(width, np.float32)
        weights[f"mix{d}.w"] = uniform(3 * width, width)
        weights[f"mix{d}.b"] = np.zeros(width, np.float32)
    return weights | {"out.w": uniform(width, labels), "out.b": np.zeros(labels, np.float32)}


def _batched(part: Sequence[Window], chance: np.random.Generator) -> list[list[int]]:
    """Deal windows into batches of about the same number of rows, at random."""
    batches: list[list[int]] = [[]]
    rows = 0
    for i in chance.permutation(len(part)).tolist():
        if rows >= _ROWS:
            batches.append([])
            rows = 0
        batches[-1].append(i)
        rows += len(part[i].gold) + _GAP
    return batches


def _batch(chosen: Sequence[Window]) -> Batch:
    size = sum(len(w.gold) + _GAP for w in chosen)
    lexical = np.zeros((size, chosen[0].lexical.shape[1]), np.float32)
    known, gold = np.zeros(size, np.int64), np.zeros(size, np.int64)
    there = np.zeros((size, 1), np.float32)
    at = 0
    for w in chosen:
        part = slice(at, at + len(w.gold))
        lexical[part], known[part], gold[part], there[part] = w.lexical, w.known, w.gold, 1
        at += len(w.gold) + _GAP
    return Batch(lexical, known, gold, there)


def _shifted(values: F32, by: int) -> F32:
    """Row t becomes row t + by of ``values``; zero beyond the ends."""
    out = np.zeros_like(values)
    if by > 0:
        out[:-by] = values[by:]
    else:
        out[-by:] = values[:by]
    return out


def _kept(shape: tuple[int, ...], drop: float, chance: np.random.Generator) -> F32:
    return (chance.random(shape, np.float32) >= drop).astype(np.float32) * np.float32(1 / (1 - drop))


def _slopes(weights: dict[str, F32], batch: Batch, chance: np.random.Generator) -> tuple[float, dict[str, F32]]:
    """The mean loss of a batch and its gradient: forwards with dropout, and back."""
    w, there = weights, batch.there
    seen = batch.lexical * _kept(batch.lexical.shape, _DROP_LEXICAL, chance)
    known = np.where(chance.random(len(batch.known)) < _DROP_KNOWN, UNKNOWN, batch.known)
    state = np.maximum(seen @ w["lexical.w"] + w["known.w"][known] + w["lexical.b"], 0) * there
    bottom = state
    layers = []
    for d in DILATIONS:
        centred = state - state.mean(1, keepdims=True)
        spread = 1 / np.sqrt((centred**2).mean(1, keepdims=True) + np.float32(EPSILON))
        level = (centred * spread * w[f"norm{d}.w"] + w[f"norm{d}.b"]) * there
        around = np.concatenate([_shifted(level, -d), level, _shifted(level, d)], 1)
        mixed = np.maximum(around @ w[f"mix{d}.w"] + w[f"mix{d}.b"], 0)
        kept = _kept(mixed.shape, _DROP, chance) * there
        layers.append((d, centred * spread, spread, around, (mixed > 0) * kept))
        state = state + mixed * kept
    last = _kept(state.shape, _DROP, chance)
    loss, slope = _loss((state * last) @ w["out.w"] + w["out.b"], batch)
    slopes = {"out.w": (state * last).T @ slope, "out.b": slope.sum(0)}
    back = slope @ w["out.w"].T * last
    for d, normal, spread, around, gate in reversed(layers):
        inner = back * gate
        slopes[f"mix{d}.w"], slopes[f"mix{d}.b"] = around.T @ inner, inner.sum(0)
        wide = inner @ w[f"mix{d}.w"].T
        width = inner.shape[1]
        level = _shifted(wide[:, :width], d) + wide[:, width : 2 * width] + _shifted(wide[:, 2 * width :], -d)
        level *= there
        slopes[f"norm{d}.w"], slopes[f"norm{d}.b"] = (level * normal).sum(0), level.sum(0)
        level = level * w[f"norm{d}.w"]
        back = back + spread * (level - level.mean(1, keepdims=True) - normal * (level * normal).mean(1, keepdims=True))
    back = back * (bottom > 0)
    slopes["lexical.w"], slopes["lexical.b"] = seen.T @ back, back.sum(0)
    slopes["known.w"] = np.zeros_like(w["known.w"])
    np.add.at(slopes["known.w"], known, back)
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


def _descend(
    weights: dict[str, F32], slopes: dict[str, F32], first: dict[str, F32], second: dict[str, F32], *, step: int, rate: float,
    decay: float,
) -> None:  # fmt: skip
    """One step of AdamW, the gradient clipped to length 1."""
    length = float(np.sqrt(sum(float((slope**2).sum()) for slope in slopes.values())))
    scale = np.float32(min(1.0, 1.0 / max(length, 1e-12)))
    for name, slope in slopes.items():
        slope = slope * scale
        first[name] += np.float32(0.1) * (slope - first[name])
        second[name] += np.float32(0.001) * (slope**2 - second[name])
        size = np.sqrt(second[name] / np.float32(1 - 0.999**step)) + np.float32(1e-8)
        weights[name] *= np.float32(1 - rate * decay)
        weights[name] -= np.float32(rate / (1 - 0.9**step)) * first[name] / size


def rounds(plain: Sequence[Window], copies: Sequence[Sequence[Window]]) -> Iterator[list[Window]]:
    """What each pass reads: the documents themselves and one of their copies, in turn.

    Few documents are read more often: below some hundred steps a network says nothing.
    """
    rows = sum(len(w.gold) + _GAP for part in (plain, *copies[:1]) for w in part)
    for number in range(max(_PASSES, min(_MOST, -(-_STEPS * _ROWS // max(1, rows))))):
        yield [*plain, *(copies[number % len(copies)] if copies else ())]
