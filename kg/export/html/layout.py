"""Where each node stands: computed when the page is built, so that the page opens at once and always the same.

Each connected part is laid out by igraph, with the edges inside a community (and between a unit and its owner) pulling harder;
the parts are then packed on shelves, and boxes of label and symbol that overlap are pushed apart. A large graph is laid out as
islands instead.
"""

from __future__ import annotations

import math
import random
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import igraph
import numpy as np
import numpy.typing as npt

from kg.export.html.islands import spread

Array = npt.NDArray[np.float64]

VIEW = (1160.0, 640.0)
"""Width and height of the drawing area on a laptop's screen, beside the panel, in pixels."""

ASPECT = VIEW[0] / VIEW[1]

FONT = 13.0
"""The size of a label in the units of the drawing, at scale 1."""

LINE = 9
"""Characters of full width in one line of a label."""

_ROOM = 9000.0
_SEPARATED = 1500
_KAMADA_KAWAI = 350


class Layout(NamedTuple):
    """``x`` and ``y`` in units of pixels at scale 1 (y downwards); ``community`` numbers the groups from 0, the largest first."""

    x: list[int]
    y: list[int]
    community: list[int]


def width(text: str) -> float:
    """Return the width of ``text`` in full-width characters: a Latin letter counts .55.

    >>> width("联通A")
    2.55
    """
    return sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.55 for c in text)


def wrap(text: str, *, line: int = LINE, lines: int = 2) -> str:
    r"""Return ``text`` broken into at most ``lines`` lines of about ``line`` full-width characters, cut with an ellipsis.

    >>> wrap("主题教育巡回指导组工作培训会议")
    '主题教育巡回指导\n组工作培训会议'
    """
    flat = " ".join(text.split())
    total = width(flat)
    if total <= line + 2:
        return flat
    rows = min(lines, math.ceil(total / line))
    target = min(float(line), total / rows) + 0.5
    out, row = [""], 0.0
    for char in flat:
        step = width(char)
        if row + step > target and out[-1]:
            if len(out) == rows:
                out[-1] = out[-1][:-1] + "…"
                break
            out.append("")
            row = 0.0
        out[-1] += char
        row += step
    return "\n".join(part.strip() for part in out)


def radius(degree: int) -> float:
    """Return the radius of a node with this many facts.

    >>> radius(0), radius(4), radius(1000)
    (7.0, 13.0, 32.0)
    """
    return round(min(32.0, 7.0 + 3.0 * math.sqrt(degree)), 1)


def place(labels: Sequence[str], edges: Sequence[tuple[int, int, float]], radii: Sequence[float], *, seed: int = 7) -> Layout:
    """Return a position for each node; ``labels`` are the wrapped labels, ``edges`` are ``(node, node, weight)``.

    The same input gives the same positions: igraph's random numbers are seeded.
    """
    count = len(labels)
    if not count:
        return Layout([], [], [])
    igraph.set_random_number_generator(random.Random(seed))
    try:
        graph = _simple(count, edges)
        communities = _communities(graph)
        boxes = [_box(label, r) for label, r in zip(labels, radii, strict=True)]
        widths = np.array([b[0] for b in boxes])
        heights = np.array([b[1] for b in boxes])
        if count <= _SEPARATED:
            xy = _pack(graph, communities, widths, heights)
        else:
            xy = spread(graph, communities, widths, heights, aspect=ASPECT, separate=_separate)
    finally:
        igraph.set_random_number_generator(random)
    if count <= _SEPARATED:
        xy = _separate(xy, widths, heights)
        # Labels keep their size on the screen: where the whole is shown smaller than 1, they take more room in the drawing.
        grow = min(1.7, max(1.0, 1 / fit_scale(xy)))
        if grow > 1.02:
            xy = _separate(xy * (1 + (grow - 1) / 2), widths * grow, heights * (1 + (grow - 1) * 0.7))
    xy -= (xy.max(axis=0) + xy.min(axis=0)) / 2
    return Layout([round(v) for v in xy[:, 0].tolist()], [round(v) for v in xy[:, 1].tolist()], communities)


def fit_scale(xy: Array) -> float:
    """Return the scale, at most 1, at which these positions and their margin fit into ``VIEW``."""
    size = xy.max(axis=0) - xy.min(axis=0) + (120.0, 70.0)
    return float(min(1.0, VIEW[0] / size[0], VIEW[1] / size[1]))


def overlaps(layout: Layout, labels: Sequence[str], radii: Sequence[float], *, scale: float = 1.0) -> int:
    """Return how many pairs of labels overlap when the drawing is shown at ``scale`` with labels of constant size."""
    rows = [label.split("\n") for label in labels]
    half = np.array([max(width(r) for r in row) * FONT / 2 for row in rows])
    tall = np.array([len(row) * FONT * 1.25 for row in rows])
    x = np.array(layout.x) * scale
    top = (np.array(layout.y) + np.array(radii)) * scale + 3
    wide = np.abs(x[:, None] - x[None, :]) < half[:, None] + half[None, :]
    high = (top[:, None] < (top + tall)[None, :]) & (top[None, :] < (top + tall)[:, None])
    return int(np.triu(wide & high, 1).sum())


def _box(label: str, r: float) -> tuple[float, float]:
    rows = label.split("\n")
    return max(2 * r, max(width(row) for row in rows) * FONT) + 12, 2 * r + len(rows) * FONT * 1.25 + 12


def _simple(count: int, edges: Sequence[tuple[int, int, float]]) -> igraph.Graph:
    weights: dict[tuple[int, int], float] = {}
    for a, b, weight in edges:
        if a != b:
            key = (min(a, b), max(a, b))
            weights[key] = weights.get(key, 0.0) + weight
    pairs = sorted(weights)
    graph = igraph.Graph(n=count, edges=pairs)
    graph.es["weight"] = [min(3.0, weights[p]) for p in pairs]
    return graph


def _communities(graph: igraph.Graph) -> list[int]:
    found = graph.community_multilevel(weights="weight").membership if graph.ecount() else list(range(graph.vcount()))
    sizes: dict[int, int] = {}
    for number in found:
        sizes[number] = sizes.get(number, 0) + 1
    first = {number: found.index(number) for number in sizes} if graph.vcount() < _SEPARATED else dict.fromkeys(sizes, 0)
    order = sorted(sizes, key=lambda n: (-sizes[n], first[n], n))
    rank = {number: i for i, number in enumerate(order)}
    return [rank[number] for number in found]


def _pack(graph: igraph.Graph, communities: Sequence[int], widths: Array, heights: Array) -> Array:
    """Lay out every connected part and set the parts on shelves, the largest first."""
    parts = sorted((sorted(p) for p in graph.connected_components()), key=lambda p: (-len(p), p[0]))
    xy = np.zeros((graph.vcount(), 2))
    # Alone-standing nodes are too many for a shelf each: they form one block.
    alone = [p[0] for p in parts if len(p) == 1]
    blocks = [(p, _part(graph, p, communities, widths, heights)) for p in parts if len(p) > 1]
    if alone:
        columns = max(1, math.ceil(math.sqrt(len(alone) * ASPECT * 0.6)))
        cell = (float(widths[alone].max()) + 6, float(heights[alone].max()) + 6)
        spots = [(i % columns * cell[0], i // columns * cell[1]) for i in range(len(alone))]
        blocks.append((alone, np.array(spots, dtype=float)))
    sizes = [(float(w) + 130.0, float(h) + 76.0) for w, h in (b.max(axis=0) - b.min(axis=0) for _, b in blocks)]
    widest = max(w for w, _ in sizes)
    tries = [max(widest, math.sqrt(sum(w * h for w, h in sizes) * ASPECT) * (0.8 + 0.1 * i)) for i in range(14)]
    corners = max((_shelves(sizes, shelf) for shelf in tries), key=lambda spots: _fits(sizes, spots))
    for (nodes, block), corner in zip(blocks, corners, strict=True):
        xy[nodes] = block - block.min(axis=0) + corner
    return xy


def _shelves(sizes: Sequence[tuple[float, float]], shelf: float) -> list[tuple[float, float]]:
    """Return the left upper corner of each block, set from left to right on shelves of this length."""
    left = top = high = 0.0
    corners = []
    for wide, tall in sizes:
        if left and left + wide > shelf * 1.001:
            left, top, high = 0.0, top + high, 0.0
        corners.append((left, top))
        left += wide
        high = max(high, tall)
    return corners


def _fits(sizes: Sequence[tuple[float, float]], corners: Sequence[tuple[float, float]]) -> float:
    right = max(x + w for (x, _), (w, _) in zip(corners, sizes, strict=True))
    bottom = max(y + h for (_, y), (_, h) in zip(corners, sizes, strict=True))
    return min(VIEW[0] / right, VIEW[1] / bottom)


def _part(graph: igraph.Graph, nodes: list[int], communities: Sequence[int], widths: Array, heights: Array) -> Array:
    part = graph.induced_subgraph(nodes)
    inside = [communities[nodes[e.source]] == communities[nodes[e.target]] for e in part.es]
    if len(nodes) <= _KAMADA_KAWAI:
        # Kamada–Kawai reads weights as lengths: an edge between communities is longer.
        lengths = [1.0 if same else 2.2 for same in inside]
        spots = part.layout_kamada_kawai(weights=lengths, maxiter=60 * len(nodes))
        spots = np.array(spots.coords)
    else:
        pull = [w * (1.6 if same else 0.35) for w, same in zip(part.es["weight"], inside, strict=True)]
        spots = part.layout_fruchterman_reingold(weights=pull, niter=300, grid=len(nodes) > 1500)
        spots = np.array(spots.coords)
    spots = _upright(spots)
    need = float((widths[nodes] * heights[nodes]).sum()) * 2.6
    # A small graph that stands alone may take the whole screen.
    alone = len(nodes) > 0.8 * graph.vcount() and len(nodes) < 40
    area = max(need, (1.8 if alone else 0.45) * _ROOM * len(nodes))
    return spots * (math.sqrt(area * ASPECT), math.sqrt(area / ASPECT))


def _upright(spots: Array) -> Array:
    """Return the spots turned so that they are widest from left to right, in the unit square."""
    centred = spots - spots.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(centred.T) + np.eye(2) * 1e-9)
    turned = centred @ vectors[:, ::-1]
    for axis in (0, 1):
        # An eigenvector's sign is arbitrary: fix it by the node that lies farthest out.
        if turned[np.abs(turned[:, axis]).argmax(), axis] < 0:
            turned[:, axis] *= -1
    low, high = turned.min(axis=0), turned.max(axis=0)
    return np.asarray((turned - low) / np.maximum(high - low, 1e-9), dtype=np.float64)


def _separate(xy: Array, widths: Array, heights: Array, rounds: int = 160) -> Array:
    """Push overlapping boxes apart along the axis in which they overlap less, until none do or the rounds are over."""
    xy = xy.copy()
    n = len(xy)
    xy += np.column_stack([np.arange(n) % 7, np.arange(n) % 5]) * 1e-3
    widest = float(widths.max())
    for _ in range(rounds):
        order = np.argsort(xy[:, 0], kind="stable")
        xs = xy[order, 0]
        ends = np.searchsorted(xs, xs + widest, side="right")
        counts = ends - np.arange(n) - 1
        first = np.repeat(np.arange(n), counts)
        second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
        a, b = order[first], order[second]
        delta = xy[b] - xy[a]
        over_x = (widths[a] + widths[b]) / 2 - np.abs(delta[:, 0])
        over_y = (heights[a] + heights[b]) / 2 - np.abs(delta[:, 1])
        hit = (over_x > 0.5) & (over_y > 0.5)
        if not hit.any():
            break
        a, b, delta, over_x, over_y = a[hit], b[hit], delta[hit], over_x[hit], over_y[hit]
        along_x = over_x < over_y
        move = np.zeros_like(delta)
        move[along_x, 0] = over_x[along_x] * np.where(delta[along_x, 0] < 0, -1, 1)
        move[~along_x, 1] = over_y[~along_x] * np.where(delta[~along_x, 1] < 0, -1, 1)
        np.add.at(xy, a, -move * 0.32)
        np.add.at(xy, b, move * 0.32)
    return xy
