"""``graph.gexf``: GEXF 1.3 for Gephi, with colours by type, sizes by degree, weights, and dates for the timeline.

A node or edge starts on the date of the earliest document that states it. The format: https://gexf.net/schema.html.
"""

from __future__ import annotations

import math
from io import StringIO
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from kg import graph as kgraph
from kg.export.blocks import Section, write_file
from kg.export.graphml import Attributes, edge_attributes, inner, kinds, node_attributes
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
_OWN = frozenset({"fact", "label", "weight"})
"""Attributes that the format itself has, or whose value is the id."""


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.gexf``; the ids of nodes and edges are those of entities and facts."""
    colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(kgraph.traits(graph).types)}

    def node(xml: XmlWriter, item: tuple[str, kgraph.NodeRecord]) -> None:
        id_, record = item
        attributes = node_attributes(graph, record)
        xml.start("node", {"id": encode(id_), "label": str(attributes["label"])} | _since(attributes))
        _values(xml, attributes)
        red, green, blue = colours[record["type"]]
        xml.element("viz:color", {"r": str(red), "g": str(green), "b": str(blue)})
        xml.element("viz:size", {"value": f"{10 + 6 * math.sqrt(kgraph.degree(graph, id_, record)):.2f}"})
        xml.end("node")

    def edge(xml: XmlWriter, item: kgraph.Edge) -> None:
        _edge(xml, item, edge_attributes(graph, item.record, ontology))

    parts = (
        _head(graph),
        Section("entities", kgraph.entities, itemgetter(0), inner(node, depth=3)),
        "\n    </nodes>\n    <edges>",
        Section("facts", kgraph.facts, attrgetter("id"), inner(edge, depth=3)),
        "\n    </edges>\n  </graph>\n</gexf>\n",
    )
    write_file(graph, out_dir, "graph.gexf", parts, context=colours)


def _head(graph: kgraph.Graph) -> str:
    file = StringIO()
    xml = XmlWriter(file)
    xml.start("gexf", {"xmlns": "http://gexf.net/1.3", "xmlns:viz": "http://gexf.net/1.3/viz", "version": "1.3"})
    mode = {"mode": "dynamic", "timeformat": "date"} if kgraph.traits(graph).dated else {"mode": "static"}
    xml.start("graph", {"defaultedgetype": "directed"} | mode)
    nodes, edges = kinds(graph)
    for kind, columns in (("node", nodes), ("edge", edges)):
        xml.start("attributes", {"class": kind, "mode": "static"})
        for name, type_ in columns.items():
            if name not in _OWN:
                xml.element("attribute", {"id": name, "title": name, "type": _KINDS[type_]})
        xml.end("attributes")
    xml.start("nodes", {})
    xml.inside()
    return file.getvalue().rstrip()


def _edge(xml: XmlWriter, edge: kgraph.Edge, attributes: Attributes) -> None:
    head = {"id": edge.id, "source": encode(edge.subject), "target": encode(edge.object), "kind": edge.record["predicate"]}
    xml.start("edge", head | {"label": str(attributes["label"]), "weight": str(attributes["weight"])} | _since(attributes))
    _values(xml, attributes)
    xml.end("edge")


def _since(attributes: Attributes) -> dict[str, str]:
    date = str(attributes.get("first_date", ""))
    return {"start": date} if kgraph.DATE.fullmatch(date) else {}


def _values(xml: XmlWriter, attributes: Attributes) -> None:
    xml.start("attvalues", {})
    for name in sorted(attributes.keys() - _OWN):
        xml.element("attvalue", {"for": name, "value": lexical(attributes[name])})
    xml.end("attvalues")
