"""A still picture of a part of the graph, as SVG: for a paper, where a page that moves is no use.

The colours, shapes and positions are those of the page; the file needs no browser to be made and no script to be shown.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from kg.errors import InputError
from kg.export.html.layout import FONT, place, radius, width, wrap
from kg.export.html.look import PARTNER_COLOUR, Look, class_looks, predicate_colours
from kg.graph import Edge, Graph, NodeRecord, entities, facts

if TYPE_CHECKING:
    from kg.ontology import Ontology

FONTS = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Source Han Sans SC, sans-serif"
_MARGIN = 28.0
_LEGEND = 22.0
# XML 1.0 has no way to write these, not even escaped (https://www.w3.org/TR/xml/#charsets).
_FORBIDDEN = {code: " " for code in (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)}


def find(graph: Graph, name: str) -> str:
    """Return the id of the entity with this name, alias or id; of several the one with the most facts.

    Raises:
        InputError: There is none; the message names those that look like it.
    """
    hits = [id_ for id_, r in entities(graph) if name == id_ or name == r["label"]]
    hits = hits or [id_ for id_, r in entities(graph) if name in r["aliases"]]
    if not hits:
        like = difflib.get_close_matches(name, sorted({r["label"] for _, r in entities(graph)}), n=5, cutoff=0.3)
        raise InputError(f"no entity is called {name!r}" + (f"; like it: {'、'.join(like)}" if like else ""))
    return max(hits, key=lambda id_: (graph.degree(id_), id_))


def neighbourhood(graph: Graph, start: str, *, depth: int) -> set[str]:
    """Return the ids within ``depth`` facts of ``start``, in either direction."""
    near = rim = {start}
    for _ in range(depth):
        rim = {m for n in rim for m in (*graph.successors(n), *graph.predecessors(n))} - near
        near = near | rim
    return near


def draw_svg(graph: Graph, ontology: Ontology, *, around: str | None = None, depth: int = 2, names: bool = True) -> str:
    """Return an SVG file of the whole graph, or of what lies within ``depth`` facts ``around`` an entity (its name or id).

    ``names`` writes the relation on every edge. The same graph gives the same text.

    Raises:
        InputError: No entity has the name.
    """
    ids = set(graph.nodes) if around is None else neighbourhood(graph, find(graph, around), depth=depth)
    nodes = [(id_, record) for id_, record in entities(graph) if id_ in ids]
    edges = [e for e in facts(graph) if e.subject in ids and e.object in ids]
    number = {id_: i for i, (id_, _) in enumerate(nodes)}
    degree = [0] * len(nodes)
    for edge in edges:
        for end in {edge.subject, edge.object}:
            degree[number[end]] += 1
    labels = [wrap(_text(record["label"])) for _, record in nodes]
    radii = [radius(d) for d in degree]
    spots = place(labels, [(number[e.subject], number[e.object], 1.0) for e in edges], radii)
    kinds = {r["subtype"] or r["type"] for _, r in nodes}
    looks = class_looks({k: ontology.classes[k].label_zh if k in ontology.classes else k for k in sorted(kinds)})
    colours = predicate_colours(ontology.predicates)
    at = list(zip(map(float, spots.x), map(float, spots.y), radii, strict=True))
    body = [_edge(e, at[number[e.subject]], at[number[e.object]], colours, ontology, names) for e in edges]
    for (_, record), label, spot in zip(nodes, labels, at, strict=True):
        body.append(_node(record, label, spot, looks[record["subtype"] or record["type"]]))
    left, top, right, bottom = _frame(at, labels)
    legend = _legend(looks, ontology, left + _MARGIN, bottom + _LEGEND, right - left)
    bottom += _LEGEND * (legend[1] + 1)
    size = f'width="{right - left:.0f}" height="{bottom - top:.0f}"'
    view = f'viewBox="{left:.0f} {top:.0f} {right - left:.0f} {bottom - top:.0f}"'
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} font-family={quoteattr(FONTS)} font-size="{FONT:g}">',
            f'<rect x="{left:.0f}" y="{top:.0f}" width="100%" height="100%" fill="#ffffff"/>',
            *body,
            *legend[0],
            "</svg>\n",
        ]
    )


Spot = tuple[float, float, float]


def _text(text: str) -> str:
    return text.translate(_FORBIDDEN)


def _frame(at: list[Spot], labels: list[str]) -> tuple[float, float, float, float]:
    longest = [max(width(row) for row in label.split("\n")) for label in labels]
    halves = [max(r, long * FONT / 2) for (_, _, r), long in zip(at, longest, strict=True)]
    return (
        min((x - h for (x, _, _), h in zip(at, halves, strict=True)), default=0.0) - _MARGIN,
        min((y - r for _, y, r in at), default=0.0) - _MARGIN,
        max((x + h for (x, _, _), h in zip(at, halves, strict=True)), default=0.0) + _MARGIN,
        max((y + r for _, y, r in at), default=0.0) + _MARGIN + 2.4 * FONT,
    )


def _edge(edge: Edge, a: Spot, b: Spot, colours: dict[str, str], ontology: Ontology, names: bool) -> str:
    length = math.hypot(b[0] - a[0], b[1] - a[1]) or 1.0
    ux, uy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    ends = (a[0] + ux * a[2], a[1] + uy * a[2], b[0] - ux * (b[2] + 3), b[1] - uy * (b[2] + 3))
    predicate = edge.record["predicate"]
    colour = colours[predicate]
    dashes = ' stroke-dasharray="5 4"' if edge.record["implied"] else ""
    thick = min(4.0, 1.2 + 0.6 * math.log2(max(1, len(edge.record["evidence"]))))
    out = '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"'.format(*ends)
    out += f' stroke="{colour}" stroke-width="{thick:.1f}" opacity="0.8"{dashes}/>'
    if not edge.record["symmetric"]:
        turn = math.atan2(uy, ux)
        tips = ((ends[2] - 8 * math.cos(turn + s), ends[3] - 8 * math.sin(turn + s)) for s in (0.4, -0.4))
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in ((ends[2], ends[3]), *tips))
        out += f'<polygon points="{points}" fill="{colour}"/>'
    if names:
        word = escape(_text(ontology.predicates[predicate].label_zh or predicate))
        out += (
            f'<text x="{(ends[0] + ends[2]) / 2:.1f}" y="{(ends[1] + ends[3]) / 2 + 3:.1f}" font-size="9.5" text-anchor="middle"'
            f' fill="#566272" stroke="#ffffff" stroke-width="3" paint-order="stroke">{word}</text>'
        )
    return out


def _node(record: NodeRecord, label: str, spot: Spot, look: Look) -> str:
    x, y, r = spot
    out = f"<g><title>{escape(_text(record['label']))}</title>"
    if "PartnerBody" in record["roles"]:
        out += f'<circle cx="{x:g}" cy="{y:g}" r="{r + 3.4:g}" fill="none" stroke="{PARTNER_COLOUR}" stroke-width="2.2"/>'
    out += symbol(look, x, y, r)
    for i, row in enumerate(label.split("\n")):
        out += (
            f'<text x="{x:g}" y="{y + r * 1.1 + 5 + (i + 0.8) * FONT * 1.2:.1f}" text-anchor="middle" fill="#1d2733"'
            f' stroke="#ffffff" stroke-width="3" stroke-linejoin="round" paint-order="stroke">{escape(row)}</text>'
        )
    return out + "</g>"


def symbol(look: Look, x: float, y: float, r: float) -> str:
    """Return the symbol of a class with its sign inside, as SVG elements."""
    sides = {"hexagon": (6, 0.0, 1.08), "pentagon": (5, -0.5, 1.1), "diamond": (4, -0.5, 1.22), "square": (4, -0.25, 1.28)}
    sides |= {"triangle": (3, -0.5, 1.28), "triangleDown": (3, 0.5, 1.28), "star": (10, -0.5, 1.3)}
    style = f'fill="{look.colour}" stroke="#ffffff" stroke-width="1.2"'
    if look.shape in sides:
        count, turn, grow = sides[look.shape]
        points = []
        for i in range(count):
            far = r * (0.72 if look.shape == "star" and i % 2 else grow)
            angle = math.pi * turn + 2 * math.pi * i / count
            points.append(f"{x + far * math.cos(angle):.1f},{y + far * math.sin(angle):.1f}")
        shape = f'<polygon points="{" ".join(points)}" {style}/>'
    else:
        shape = f'<circle cx="{x:g}" cy="{y:g}" r="{r:g}" {style}/>'
    sign = escape(_text(look.glyph))
    place = f'x="{x:g}" y="{y:g}" font-size="{r * 0.95:.1f}" text-anchor="middle" dominant-baseline="central"'
    return shape + f'<text {place} fill="{_ink(look)}">{sign}</text>'


def _ink(look: Look) -> str:
    red, green, blue = (int(look.colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#1d2733" if 0.299 * red + 0.587 * green + 0.114 * blue > 165 else "#ffffff"


def _legend(looks: dict[str, Look], ontology: Ontology, left: float, top: float, room: float) -> tuple[Iterable[str], int]:
    """Return the legend's elements and how many lines it has."""
    out, x, line = [], 0.0, 0
    for name in (n for n in ontology.classes if n in looks):
        word = _text(ontology.classes[name].label_zh or name)
        step = 34 + width(word) * 12
        if x and x + step > room - 2 * _MARGIN:
            x, line = 0.0, line + 1
        y = top + line * _LEGEND
        out.append(symbol(looks[name], left + x, y, 7))
        out.append(f'<text x="{left + x + 13:.1f}" y="{y + 4:.1f}" font-size="12" fill="#566272">{escape(word)}</text>')
        x += step
    return out, line + 1
