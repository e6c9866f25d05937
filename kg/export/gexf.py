"""``graph.gexf``: GEXF 1.3 for Gephi, with colours by type, sizes by degree, weights, and dates for the timeline.

A node or edge starts on the date of the earliest document that states it. The format: https://gexf.net/schema.html.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from kg import graph as kgraph
from kg.export.graphml import edge_attributes, node_attributes
from kg.export.xmltext import encode

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
_KINDS = {bool: "boolean", int: "integer", float: "double", str: "string"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OWN = ("label", "weight")

Attributes = dict[str, str | int | float | bool]


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.gexf``; the ids of nodes and edges are those of entities and facts."""
    nodes = [(id_, node_attributes(graph, record)) for id_, record in kgraph.entities(graph)]
    edges = [(edge, edge_attributes(graph, edge.record, ontology)) for edge in kgraph.facts(graph)]
    dated = any(_DATE.fullmatch(str(a.get("first_date", ""))) for _, a in nodes)
    dated = dated or any(_DATE.fullmatch(str(a.get("first_date", ""))) for _, a in edges)
    types = sorted({record["type"] for _, record in kgraph.entities(graph)})
    colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(types)}
    with open(out_dir / "graph.gexf", "w", encoding="utf-8", newline="\n") as file:
        xml = _Writer(XMLGenerator(file, "utf-8", short_empty_elements=True))
        xml.start("gexf", {"xmlns": "http://gexf.net/1.3", "xmlns:viz": "http://gexf.net/1.3/viz", "version": "1.3"})
        mode = {"mode": "dynamic", "timeformat": "date"} if dated else {"mode": "static"}
        xml.start("graph", {"defaultedgetype": "directed"} | mode)
        node_columns, edge_columns = _columns([a for _, a in nodes]), _columns([a for _, a in edges])
        xml.columns("node", node_columns)
        xml.columns("edge", edge_columns)
        xml.start("nodes", {})
        for id_, attributes in nodes:
            xml.start("node", {"id": encode(id_), "label": str(attributes["label"])} | _since(attributes))
            xml.values(node_columns, attributes)
            red, green, blue = colours[str(attributes["type"])]
            xml.empty("viz:color", {"r": str(red), "g": str(green), "b": str(blue)})
            xml.empty("viz:size", {"value": f"{10 + 6 * math.sqrt(graph.degree(id_)):.2f}"})
            xml.end("node")
        xml.end("nodes")
        xml.start("edges", {})
        for edge, attributes in edges:
            _edge(xml, edge, attributes, edge_columns)
        for name in ("edges", "graph", "gexf"):
            xml.end(name)
        file.write("\n")


def _edge(xml: _Writer, edge: kgraph.Edge, attributes: Attributes, columns: dict[str, str]) -> None:
    head = {"id": edge.id, "source": encode(edge.subject), "target": encode(edge.object), "kind": edge.record["predicate"]}
    head["type"] = "undirected" if edge.record["symmetric"] else "directed"
    xml.start("edge", head | {"label": str(attributes["label"]), "weight": str(attributes["weight"])} | _since(attributes))
    xml.values(columns, attributes)
    xml.end("edge")


def _since(attributes: Attributes) -> dict[str, str]:
    date = str(attributes.get("first_date", ""))
    return {"start": date} if _DATE.fullmatch(date) else {}


def _columns(rows: list[Attributes]) -> dict[str, str]:
    """Return attribute name → GEXF type, in order of name."""
    kinds = {name: _KINDS[type(value)] for row in rows for name, value in row.items() if name not in _OWN}
    return dict(sorted(kinds.items()))


class _Writer:
    """XML elements, each on its own line."""

    def __init__(self, xml: XMLGenerator) -> None:
        self._xml = xml
        self._depth = 0
        xml.startDocument()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._line()
        self._xml.startElement(name, AttributesImpl(attributes))
        self._depth += 1

    def end(self, name: str) -> None:
        self._depth -= 1
        self._line()
        self._xml.endElement(name)

    def empty(self, name: str, attributes: dict[str, str]) -> None:
        self._line()
        self._xml.startElement(name, AttributesImpl(attributes))
        self._xml.endElement(name)

    def columns(self, kind: str, columns: dict[str, str]) -> None:
        self.start("attributes", {"class": kind, "mode": "static"})
        for name, type_ in columns.items():
            self.empty("attribute", {"id": name, "title": name, "type": type_})
        self.end("attributes")

    def values(self, columns: dict[str, str], attributes: Attributes) -> None:
        self.start("attvalues", {})
        for name in columns:
            if name in attributes:
                value = attributes[name]
                text = str(value).lower() if isinstance(value, bool) else str(value)
                self.empty("attvalue", {"for": name, "value": text})
        self.end("attvalues")

    def _line(self) -> None:
        self._xml.ignorableWhitespace("\n" + "  " * self._depth)
