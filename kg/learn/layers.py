"""Backpropagation in plain numpy through the layers of ``kg.extract.layers``, and AdamW.

Texts of a batch lie one behind the other in one long array with some empty rows between them, so that a convolution is one
matrix product and nothing is padded. Loshchilov and Hutter 2019 (AdamW); Ba et al. 2016 (layer normalisation).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.extract.layers import DILATIONS, EPSILON

F32 = NDArray[np.float32]
Weights = dict[str, F32]

GAP = max(DILATIONS)
"""Empty rows between two texts."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The shares left out in training: of inputs, of states, of what describes a pair and of the layer above that."""

    lexical: float = 0.1
    known: float = 0.2
    layer: float = 0.2
    traits: float = 0.2
    deep: float = 0.4


@dataclass(frozen=True, slots=True)
class Layer:
    """What one convolution of a forward pass leaves for the way back."""

    dilation: int
    normal: F32
    spread: F32
    around: F32
    gate: F32


@dataclass(slots=True)
class Descent:
    """AdamW with a gradient clipped to length 1; the rate rises for some steps and falls to nothing at the last one."""

    weights: Weights
    rate: float
    steps: int
    decay: float = 0.01
    step: int = 0
    first: Weights = field(default_factory=dict)
    second: Weights = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with moments of zero."""
        self.first = {name: np.zeros_like(value) for name, value in self.weights.items()}
        self.second = {name: np.zeros_like(value) for name, value in self.weights.items()}

    def down(self, slopes: Weights) -> None:
        """Make one step."""
        self.step += 1
        warm = max(1, min(100, self.steps // 10))
        rate = self.rate * min(self.step / warm, (self.steps - self.step + 1) / self.steps)
        length = float(np.sqrt(sum(float((slope**2).sum()) for slope in slopes.values())))
        scale = np.float32(min(1.0, 1.0 / max(length, 1e-12)))
        for name, slope in slopes.items():
            slope = slope * scale
            self.first[name] += np.float32(0.1) * (slope - self.first[name])
            self.second[name] += np.float32(0.001) * (slope**2 - self.second[name])
            size = np.sqrt(self.second[name] / np.float32(1 - 0.999**self.step)) + np.float32(1e-8)
            self.weights[name] *= np.float32(1 - rate * self.decay)
            self.weights[name] -= np.float32(rate / (1 - 0.9**self.step)) * self.first[name] / size


def descend(
    weights: Weights, orders: Sequence[Sequence[list[int]]], step: Callable[[int, list[int]], tuple[float, Weights]], *,
    rate: float, decay: float = 0.01, say: Callable[[str], None] | None = None,
) -> None:  # fmt: skip
    """Move the weights down the slopes of each batch of each pass.

    Args:
        weights: changed in place.
        orders: for each pass the batches, by the numbers of what is in them.
        step: the loss and the slopes of a batch; it is given the number of the pass and the batch.
        rate: the highest learning rate.
        decay: weight decay.
        say: told the loss of each pass.
    """
    descent = Descent(weights, rate, sum(len(order) for order in orders), decay)
    for number, order in enumerate(orders):
        total = 0.0
        for chosen in order:
            loss, slopes = step(number, chosen)
            total += loss
            descent.down(slopes)
        if say:
            say(f"pass {number + 1} of {len(orders)}, loss {total / max(1, len(order)):.4f}")


def uniform(rows: int, columns: int, chance: np.random.Generator) -> F32:
    """The first weights of a linear layer."""
    bound = rows**-0.5
    return chance.uniform(-bound, bound, (rows, columns)).astype(np.float32)


def normal(rows: int, columns: int, size: float, chance: np.random.Generator) -> F32:
    """The first vectors of a table."""
    return (chance.standard_normal((rows, columns)) * size).astype(np.float32)


def convolutions(width: int, chance: np.random.Generator) -> Weights:
    """The first weights of the convolutions."""
    weights: Weights = {}
    for d in DILATIONS:
        weights[f"norm{d}.w"] = np.ones(width, np.float32)
        weights[f"norm{d}.b"] = np.zeros(width, np.float32)
        weights[f"mix{d}.w"] = uniform(3 * width, width, chance)
        weights[f"mix{d}.b"] = np.zeros(width, np.float32)
    return weights


def kept(shape: tuple[int, ...], drop: float, chance: np.random.Generator) -> F32:
    """A dropout mask, scaled so that sums keep their size."""
    return (chance.random(shape, np.float32) >= drop).astype(np.float32) * np.float32(1 / (1 - drop))


def forward(w: Weights, state: F32, there: F32, chance: np.random.Generator, *, drop: float) -> tuple[F32, list[Layer]]:
    """Through the convolutions, leaving out a share; ``there`` is 1 for rows that are characters, 0 for gaps (n × 1)."""
    layers = []
    for d in DILATIONS:
        centred = state - state.mean(1, keepdims=True)
        spread = 1 / np.sqrt((centred**2).mean(1, keepdims=True) + np.float32(EPSILON))
        level = (centred * spread * w[f"norm{d}.w"] + w[f"norm{d}.b"]) * there
        around = np.concatenate([_shifted(level, -d), level, _shifted(level, d)], 1)
        mixed = np.maximum(around @ w[f"mix{d}.w"] + w[f"mix{d}.b"], 0)
        mask = kept(mixed.shape, drop, chance) * there
        layers.append(Layer(d, centred * spread, spread, around, (mixed > 0) * mask))
        state = state + mixed * mask
    return state, layers


def backward(w: Weights, back: F32, there: F32, layers: list[Layer], slopes: Weights) -> F32:
    """Back through the convolutions: the slope at their input; those of the weights go into ``slopes``."""
    for layer in reversed(layers):
        d = layer.dilation
        inner = back * layer.gate
        slopes[f"mix{d}.w"], slopes[f"mix{d}.b"] = layer.around.T @ inner, inner.sum(0)
        wide = inner @ w[f"mix{d}.w"].T
        width = inner.shape[1]
        level = _shifted(wide[:, :width], d) + wide[:, width : 2 * width] + _shifted(wide[:, 2 * width :], -d)
        level *= there
        slopes[f"norm{d}.w"], slopes[f"norm{d}.b"] = (level * layer.normal).sum(0), level.sum(0)
        level = level * w[f"norm{d}.w"]
        mean, along = level.mean(1, keepdims=True), (level * layer.normal).mean(1, keepdims=True)
        back = back + layer.spread * (level - mean - layer.normal * along)
    return back


def summed(rows: NDArray[np.int64], slope: F32, count: int) -> F32:
    """The slope of a table of ``count`` vectors of which each row of ``slope`` used one."""
    out = np.zeros((count, slope.shape[1]), np.float32)
    np.add.at(out, rows, slope)
    return out


def _shifted(values: NDArray[Any], by: int) -> F32:
    """Row t becomes row t + by of ``values``; zero beyond the ends."""
    out = np.zeros_like(values)
    if by > 0:
        out[:-by] = values[by:]
    else:
        out[-by:] = values[:by]
    return out
