"""``graph.graphml``: typed attributes for networkx, igraph, yEd, Gephi and Cytoscape.

Lists are JSON arrays in a string, since GraphML has scalars only; characters that XML lacks are escaped as in ``xmltext``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from io import StringIO
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kg import graph as kgraph
from kg.export.blocks import Section, write_file
from kg.export.xmltext import XmlWriter, encode, lexical

if TYPE_CHECKING:
    from kg.ontology import Ontology

T = TypeVar("T")

_encoded = json.JSONEncoder(ensure_ascii=False).encode

Attributes = dict[str, str | int | float | bool]

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPES: dict[type, str] = {bool: "boolean", int: "long", float: "double", str: "string"}


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.graphml``; the ids of nodes and edges are those of entities and facts.

    ``fact`` repeats the id of an edge as an attribute, since igraph does not read the ids of edges.
    """
    node_kinds, edge_kinds = kinds(graph)

    def node(xml: XmlWriter, item: tuple[str, kgraph.NodeRecord]) -> None:
        _element(xml, "node", {"id": encode(item[0])}, node_attributes(graph, item[1]))

    def edge(xml: XmlWriter, item: kgraph.Edge) -> None:
        ends = {"id": item.id, "source": encode(item.subject), "target": encode(item.object)}
        _element(xml, "edge", ends, {"fact": item.id, **edge_attributes(graph, item.record, ontology)})

    parts = (
        _head(node_kinds, edge_kinds),
        Section("entities", kgraph.entities, itemgetter(0), inner(node, depth=2)),
        Section("facts", kgraph.facts, attrgetter("id"), inner(edge, depth=2)),
        "\n  </graph>\n</graphml>\n",
    )
    write_file(graph, out_dir, "graph.graphml", parts)


def _head(node_kinds: Mapping[str, type], edge_kinds: Mapping[str, type]) -> str:
    file = StringIO()
    xml = XmlWriter(file)
    schema = {"xmlns": _NAMESPACE, "xmlns:xsi": _XSI, "xsi:schemaLocation": f"{_NAMESPACE} {_NAMESPACE}/1.0/graphml.xsd"}
    xml.start("graphml", schema)
    for element, columns in (("node", node_kinds), ("edge", edge_kinds)):
        for name, kind in columns.items():
            # The ids of keys must differ in the whole file
            xml.element("key", {"id": f"{element}_{name}", "for": element, "attr.name": name, "attr.type": _TYPES[kind]})
    xml.start("graph", {"id": "kg", "edgedefault": "directed"})
    xml.inside()
    return file.getvalue().rstrip()


def inner(write: Callable[[XmlWriter, T], None], *, depth: int) -> Callable[[Sequence[T]], str]:
    """Return how to write a block of items, each with ``write``, inside ``depth`` elements."""

    def text(items: Sequence[T]) -> str:
        file = StringIO()
        xml = XmlWriter(file, depth=depth)
        for item in items:
            write(xml, item)
        return file.getvalue()

    return text


def _element(xml: XmlWriter, name: str, head: dict[str, str], values: Attributes) -> None:
    xml.start(name, head)
    for column in sorted(values):
        xml.element("data", {"key": f"{name}_{column}"}, lexical(values[column]))
    xml.end(name)


def kinds(graph: kgraph.Graph) -> tuple[dict[str, type], dict[str, type]]:
    """Return attribute name → Python type, in the order of names, for nodes and for edges: those that any of them has."""
    traits = kgraph.traits(graph)
    nodes: dict[str, type] = dict.fromkeys(("aliases", "classes", "label", "type"), str) | {"mentions": int}
    edges: dict[str, type] = dict.fromkeys(("documents", "fact", "label", "predicate"), str)
    edges |= {"weight": float, "confidence": float, "symmetric": bool, "implied": bool}
    for found, needed, names in (
        (nodes, traits.subtypes, ("subtype",)),
        (nodes, traits.attributes, ("attributes",)),
        (nodes, traits.mention_dates, ("first_date", "last_date")),
        (edges, traits.statements, ("quote",)),
        (edges, traits.statement_dates, ("first_date", "last_date")),
    ):
        found |= dict.fromkeys(names if needed else (), str)
    return dict(sorted(nodes.items())) if traits.nodes else {}, dict(sorted(edges.items())) if traits.edges else {}


def node_attributes(graph: kgraph.Graph, record: kgraph.NodeRecord) -> Attributes:
    """Return the attributes of a node as scalars that XML can hold; those without a value are left out."""
    dates = kgraph.document_dates(graph, record["mentions"])
    flat: Attributes = {
        "label": encode(record["label"]),
        "type": record["type"],
        "classes": _classes(*kgraph.classes_of(record)),
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


@lru_cache(maxsize=4096)
def _classes(*names: str) -> str:
    return json.dumps(names)


def _json(value: object) -> str:
    return encode(_encoded(value))
