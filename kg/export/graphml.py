"""``graph.graphml``: typed attributes for networkx, igraph, yEd, Gephi and Cytoscape.

Lists are JSON arrays in a string, since GraphML has scalars only; characters that XML lacks are escaped as in ``xmltext``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kg import graph as kgraph
from kg.export.xmltext import XmlWriter, encode, lexical

if TYPE_CHECKING:
    from kg.ontology import Ontology


Attributes = dict[str, str | int | float | bool]

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPES: dict[type, str] = {bool: "boolean", int: "long", float: "double", str: "string"}


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.graphml``; the ids of nodes and edges are those of entities and facts.

    ``fact`` repeats the id of an edge as an attribute, since igraph does not read the ids of edges.
    """
    nodes = kgraph.Again(graph, lambda: ((id_, node_attributes(graph, r)) for id_, r in kgraph.entities(graph)))
    edges = edges_of(graph, ontology)
    node_kinds, edge_kinds = kinds(a for _, a in nodes), kinds({"fact": e.id, **a} for e, a in edges)
    schema = {"xmlns": _NAMESPACE, "xmlns:xsi": _XSI, "xsi:schemaLocation": f"{_NAMESPACE} {_NAMESPACE}/1.0/graphml.xsd"}
    with open(out_dir / "graph.graphml", "w", encoding="utf-8", newline="\n") as file:
        xml = XmlWriter(file)
        xml.start("graphml", schema)
        for element, columns in (("node", node_kinds), ("edge", edge_kinds)):
            for name, kind in columns.items():
                # The ids of keys must differ in the whole file
                attributes = {"id": f"{element}_{name}", "for": element, "attr.name": name, "attr.type": _TYPES[kind]}
                xml.element("key", attributes)
        xml.start("graph", {"id": "kg", "edgedefault": "directed"})
        for id_, values in nodes:
            _element(xml, "node", {"id": encode(id_)}, values, node_kinds)
        for edge, values in edges:
            ends = {"id": edge.id, "source": encode(edge.subject), "target": encode(edge.object)}
            _element(xml, "edge", ends, {"fact": edge.id, **values}, edge_kinds)
        xml.end("graph")
        xml.end("graphml")


def _element(xml: XmlWriter, name: str, head: dict[str, str], values: Attributes, columns: dict[str, type]) -> None:
    xml.start(name, head)
    for column in columns:
        if column in values:
            xml.element("data", {"key": f"{name}_{column}"}, lexical(values[column]))
    xml.end(name)


def edges_of(graph: kgraph.Graph, ontology: Ontology) -> kgraph.Again[tuple[kgraph.Edge, Attributes]]:
    """Return the edges with their attributes, in the order of their ids."""
    return kgraph.Again(graph, lambda: ((e, edge_attributes(graph, e.record, ontology)) for e in kgraph.facts(graph)))


def kinds(rows: Iterable[Attributes]) -> dict[str, type]:
    """Return attribute name → Python type, in the order of names."""
    return dict(sorted({name: type(value) for row in rows for name, value in row.items()}.items()))


def node_attributes(graph: kgraph.Graph, record: kgraph.NodeRecord) -> Attributes:
    """Return the attributes of a node as scalars that XML can hold; those without a value are left out."""
    dates = kgraph.document_dates(graph, record["mentions"])
    flat: Attributes = {
        "label": encode(record["label"]),
        "type": record["type"],
        "classes": json.dumps(kgraph.classes_of(record)),
        "aliases": _json(record["aliases"]),
        "mentions": len(record["mentions"]),
    }
    if record["subtype"]:
        flat["subtype"] = record["subtype"]
    if record["attributes"]:
        flat["attributes"] = _json(record["attributes"])
    if dates:
        flat["first_date"], flat["last_date"] = encode(dates[0]), encode(dates[-1])
    return flat


def edge_attributes(graph: kgraph.Graph, record: kgraph.EdgeRecord, ontology: Ontology) -> Attributes:
    """Return the attributes of an edge as scalars; ``weight`` is the number of statements, ``quote`` the surest of them."""
    evidence = record["evidence"]
    dates = kgraph.document_dates(graph, evidence)
    flat: Attributes = {
        "predicate": record["predicate"],
        "label": encode(ontology.predicates[record["predicate"]].label_zh or record["predicate"]),
        "weight": float(max(1, len(evidence))),
        "symmetric": record["symmetric"],
        "implied": record["implied"],
        "confidence": float(record["confidence"]),
        "documents": _json(sorted({e["document"] for e in evidence})),
    }
    if evidence:
        flat["quote"] = encode(max(evidence, key=lambda e: e["confidence"])["quote"])
    if dates:
        flat["first_date"], flat["last_date"] = encode(dates[0]), encode(dates[-1])
    return flat


def _json(value: object) -> str:
    return encode(json.dumps(value, ensure_ascii=False))
