"""``graph.graphml``: typed attributes for networkx, igraph, yEd, Gephi and Cytoscape.

Lists are JSON arrays in a string, since GraphML has scalars only; characters that XML lacks are escaped as in ``xmltext``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx

from kg import graph as kgraph
from kg.export.xmltext import encode

if TYPE_CHECKING:
    from kg.ontology import Ontology


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.graphml``; the ids of nodes and edges are those of entities and facts."""
    flat: kgraph.Graph = nx.MultiDiGraph()
    for id_, record in kgraph.entities(graph):
        flat.add_node(id_, **node_attributes(graph, record))
    for edge in kgraph.facts(graph):
        flat.add_edge(edge.subject, edge.object, key=edge.id, **edge_attributes(graph, edge.record, ontology))
    nx.write_graphml_xml(flat, out_dir / "graph.graphml", encoding="utf-8", prettyprint=True, named_key_ids=True)


def node_attributes(graph: kgraph.Graph, record: kgraph.NodeRecord) -> dict[str, str | int | float | bool]:
    """Return the attributes of a node as scalars that XML can hold; those without a value are left out."""
    dates = kgraph.document_dates(graph, record["mentions"])
    flat: dict[str, str | int | float | bool] = {
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


def edge_attributes(graph: kgraph.Graph, record: kgraph.EdgeRecord, ontology: Ontology) -> dict[str, str | int | float | bool]:
    """Return the attributes of an edge as scalars; ``weight`` is the number of statements, ``quote`` the surest of them."""
    evidence = record["evidence"]
    dates = kgraph.document_dates(graph, evidence)
    flat: dict[str, str | int | float | bool] = {
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
