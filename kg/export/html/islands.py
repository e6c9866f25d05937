"""Where the nodes of a large graph stand: every community an island, islands that have much to do with each other close together.

A layout of ten thousand nodes at once is a ball in which nothing can be told apart. Here each community is laid out by itself on
a disc with room for its names; the discs are laid out by the facts between them; what is connected to nothing else lies around
in rings, the largest innermost.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import igraph
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Separate = Callable[[Array, Array, Array, int], Array]

_ROOM = 1.5
_GAP = 60.0
_KAMADA_KAWAI = 60


def spread(
    graph: igraph.Graph, communities: Sequence[int], widths: Array, heights: Array, *, aspect: float, separate: Separate
) -> Array:
    """Return a position for each node, in pixels at scale 1.

    ``communities`` number the groups; ``widths`` and ``heights`` are the boxes of the nodes; ``aspect`` is width by height of the
    screen; ``separate`` pushes overlapping boxes apart in so many rounds.
    """
    groups: list[list[int]] = [[] for _ in range(max(communities) + 1)]
    for node, number in enumerate(communities):
        groups[number].append(node)
    discs = [_disc(graph, nodes, widths, heights, separate) for nodes in groups]
    shores = zip(discs, groups, strict=True)
    reach = np.array([float(np.hypot(*disc.T).max()) + float(widths[nodes].max()) / 2 for disc, nodes in shores])
    centres = np.zeros((len(groups), 2))
    between = _between(graph, communities)
    joined = sorted({g for pair in between for g in pair})
    if joined:
        centres[joined] = _mainland(joined, between, reach, aspect, separate)
    around = sorted(set(range(len(groups))) - set(joined), key=lambda g: (-len(groups[g]), groups[g][0]))
    _belt(centres, joined, around, reach, aspect)
    xy = np.zeros((graph.vcount(), 2))
    for number, (nodes, disc) in enumerate(zip(groups, discs, strict=True)):
        xy[nodes] = disc + centres[number]
    return xy


def _disc(graph: igraph.Graph, nodes: list[int], widths: Array, heights: Array, separate: Separate) -> Array:
    """Return the positions of a community round its middle: directions as laid out, distances that fill the disc evenly."""
    if len(nodes) == 1:
        return np.zeros((1, 2))
    part = graph.induced_subgraph(nodes)
    if len(nodes) <= _KAMADA_KAWAI:
        found = part.layout_kamada_kawai()
    else:
        found = part.layout_fruchterman_reingold(niter=150, grid=len(nodes) > 300)
    spots = np.array(found.coords)
    spots -= spots[int(np.argmax(part.degree()))] * 0.7 + spots.mean(axis=0) * 0.3
    far = np.hypot(*spots.T)
    rank = np.empty(len(nodes))
    rank[np.argsort(far, kind="stable")] = np.sqrt((np.arange(len(nodes)) + 0.5) / len(nodes))
    size = math.sqrt(float((widths[nodes] * heights[nodes]).sum()) * _ROOM / math.pi)
    grown = size * (0.4 * far / max(float(far.max()), 1e-9) + 0.6 * rank)
    spots = spots * (grown / np.maximum(far, 1e-9))[:, None]
    # Boxes nearer to squares: long names would push all apart downwards, and the island would be a tower.
    return separate(spots, widths[nodes] * 0.72, heights[nodes] * 1.15, 14)


def _between(graph: igraph.Graph, communities: Sequence[int]) -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    for edge in graph.es:
        a, b = communities[edge.source], communities[edge.target]
        if a != b:
            found[min(a, b), max(a, b)] += 1
    return found


def _mainland(joined: list[int], between: Counter[tuple[int, int]], reach: Array, aspect: float, separate: Separate) -> Array:
    number = {g: i for i, g in enumerate(joined)}
    pairs = sorted(between)
    graph = igraph.Graph(n=len(joined), edges=[(number[a], number[b]) for a, b in pairs])
    pull = [1.0 + math.log(between[pair]) for pair in pairs]
    spots = np.array(graph.layout_fruchterman_reingold(weights=pull, niter=600, grid=len(joined) > 1500).coords)
    # Distances from the middle by rank: a few communities that fly off would leave the rest no room.
    spots -= np.median(spots, axis=0)
    far = np.maximum(np.hypot(*spots.T), 1e-9)
    rank = np.empty(len(joined))
    rank[np.argsort(far, kind="stable")] = np.sqrt((np.arange(len(joined)) + 0.5) / len(joined))
    size = math.sqrt(float(((2 * reach[joined] + _GAP) ** 2).sum()) * 0.5 / math.pi)
    spots *= (size * (0.2 * far / far.max() + 0.8 * rank) / far)[:, None]
    spots *= (math.sqrt(aspect), 1 / math.sqrt(aspect))
    sides = 2 * reach[joined] * 0.92 + _GAP
    spots = separate(spots, sides, sides, 240)
    return np.asarray(spots - (spots.max(axis=0) + spots.min(axis=0)) / 2, dtype=np.float64)


def _belt(centres: Array, joined: list[int], around: list[int], reach: Array, aspect: float) -> None:
    """Set the discs of ``around`` on ellipses round the others, one ring after another."""
    wide, high = math.sqrt(aspect), 1 / math.sqrt(aspect)
    edge = max((math.hypot(centres[g][0] / wide, centres[g][1] / high) + reach[g] / high for g in joined), default=0.0)
    left = list(around)
    if left and not joined:
        edge = reach[left.pop(0)] / high
    while left:
        thick = reach[left[0]]
        radius = edge + (thick + _GAP) / high
        turn = -math.pi / 2
        end = turn + 2 * math.pi
        while left:
            disc = reach[left[0]]
            speed = math.hypot(radius * wide * math.sin(turn), radius * high * math.cos(turn))
            step = (2 * disc + _GAP) / speed
            if turn + step > end and turn > -math.pi / 2:
                break
            centres[left.pop(0)] = (radius * wide * math.cos(turn + step / 2), radius * high * math.sin(turn + step / 2))
            turn += step
        edge = radius + thick / high
