"""``graph.cyjs``: the elements of Cytoscape.js and Cytoscape desktop (https://js.cytoscape.org/#notation/elements-json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import graph as kgraph

if TYPE_CHECKING:
    from kg.ontology import Ontology


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.cyjs``; styles can select by the classes of a node and by the predicate of an edge."""
    nodes = [_node(id_, record) for id_, record in kgraph.entities(graph)]
    edges = [_edge(edge, ontology) for edge in kgraph.facts(graph)]
    data = {"format_version": "1.0", "data": {"base_iri": base_iri}, "elements": {"nodes": nodes, "edges": edges}}
    with open(out_dir / "graph.cyjs", "w", encoding="utf-8", newline="\n") as file:
        json.dump(data, file, ensure_ascii=False, indent=1)
        file.write("\n")


def _node(id_: str, record: kgraph.NodeRecord) -> dict[str, Any]:
    classes = kgraph.classes_of(record)
    data = {
        "id": id_,
        "name": record["label"],
        "type": record["type"],
        "classes": classes,
        "aliases": record["aliases"],
        "mentions": len(record["mentions"]),
        "attributes": record["attributes"],
    }
    return {"data": data, "classes": " ".join(classes)}


def _edge(edge: kgraph.Edge, ontology: Ontology) -> dict[str, Any]:
    predicate = edge.record["predicate"]
    data = {
        "id": edge.id,
        "source": edge.subject,
        "target": edge.object,
        "predicate": predicate,
        "interaction": predicate,
        "label": ontology.predicates[predicate].label_zh or predicate,
        "symmetric": edge.record["symmetric"],
        "implied": edge.record["implied"],
        "confidence": edge.record["confidence"],
        "evidence": edge.record["evidence"],
    }
    return {"data": data, "classes": predicate}
