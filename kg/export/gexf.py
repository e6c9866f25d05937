"""``graph.gexf``: GEXF 1.3 for Gephi, with colours by type, sizes by degree, weights, and dates for the timeline.

A node or edge starts on the date of the earliest document that states it. The format: https://gexf.net/schema.html.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kg import graph as kgraph
from kg.export.graphml import Attributes, edges_of, kinds, node_attributes
from kg.export.xmltext import XmlWriter, encode, lexical

if TYPE_CHECKING:
    from kg.ontology import Ontology

# Okabe and Ito's palette, which readers with colour-vision deficiencies can tell apart; https://jfly.uni-koeln.de/color/
PALETTE = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
    (240, 228, 66),
    (120, 120, 120),
)
_KINDS: dict[type, str] = {bool: "boolean", int: "integer", float: "double", str: "string"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OWN = ("label", "weight")


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.gexf``; the ids of nodes and edges are those of entities and facts."""
    edges = edges_of(graph, ontology)
    nodes = kgraph.Again(graph, lambda: (_with_degree(graph, id_, record) for id_, record in kgraph.entities(graph)))
    dated = any(_DATE.fullmatch(str(a.get("first_date", ""))) for _, a, _ in nodes)
    dated = dated or any(_DATE.fullmatch(str(a.get("first_date", ""))) for _, a in edges)
    types = sorted({str(a["type"]) for _, a, _ in nodes})
    colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(types)}
    with open(out_dir / "graph.gexf", "w", encoding="utf-8", newline="\n") as file:
        xml = XmlWriter(file)
        xml.start("gexf", {"xmlns": "http://gexf.net/1.3", "xmlns:viz": "http://gexf.net/1.3/viz", "version": "1.3"})
        mode = {"mode": "dynamic", "timeformat": "date"} if dated else {"mode": "static"}
        xml.start("graph", {"defaultedgetype": "directed"} | mode)
        node_columns, edge_columns = _columns(a for _, a, _ in nodes), _columns(a for _, a in edges)
        _declare(xml, "node", node_columns)
        _declare(xml, "edge", edge_columns)
        xml.start("nodes", {})
        for id_, attributes, degree in nodes:
            xml.start("node", {"id": encode(id_), "label": str(attributes["label"])} | _since(attributes))
            _values(xml, node_columns, attributes)
            red, green, blue = colours[str(attributes["type"])]
            xml.element("viz:color", {"r": str(red), "g": str(green), "b": str(blue)})
            xml.element("viz:size", {"value": f"{10 + 6 * math.sqrt(degree):.2f}"})
            xml.end("node")
        xml.end("nodes")
        xml.start("edges", {})
        for edge, attributes in edges:
            _edge(xml, edge, attributes, edge_columns)
        for name in ("edges", "graph", "gexf"):
            xml.end(name)


def _with_degree(graph: kgraph.Graph, id_: str, record: kgraph.NodeRecord) -> tuple[str, Attributes, int]:
    return id_, node_attributes(graph, record), kgraph.degree(graph, id_, record)


def _edge(xml: XmlWriter, edge: kgraph.Edge, attributes: Attributes, columns: dict[str, str]) -> None:
    head = {"id": edge.id, "source": encode(edge.subject), "target": encode(edge.object), "kind": edge.record["predicate"]}
    xml.start("edge", head | {"label": str(attributes["label"]), "weight": str(attributes["weight"])} | _since(attributes))
    _values(xml, columns, attributes)
    xml.end("edge")


def _since(attributes: Attributes) -> dict[str, str]:
    date = str(attributes.get("first_date", ""))
    return {"start": date} if _DATE.fullmatch(date) else {}


def _columns(rows: Iterable[Attributes]) -> dict[str, str]:
    """Return attribute name → GEXF type, in the order of names."""
    return {name: _KINDS[kind] for name, kind in kinds(rows).items() if name not in _OWN}


def _declare(xml: XmlWriter, kind: str, columns: dict[str, str]) -> None:
    xml.start("attributes", {"class": kind, "mode": "static"})
    for name, type_ in columns.items():
        xml.element("attribute", {"id": name, "title": name, "type": type_})
    xml.end("attributes")


def _values(xml: XmlWriter, columns: dict[str, str], attributes: Attributes) -> None:
    xml.start("attvalues", {})
    for name in columns:
        if name in attributes:
            xml.element("attvalue", {"for": name, "value": lexical(attributes[name])})
    xml.end("attvalues")
