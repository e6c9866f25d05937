"""What the page holds: the graph as compact JSON values, and the network that pyvis builds of it.

Nodes, facts and documents are numbered in the order of their ids and refer to each other by number; offsets stay code points.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from kg import naming
from kg.export import neo4j
from kg.export.cypher import identifier
from kg.export.html.layout import Layout, place, radius, wrap
from kg.export.html.look import VIS_SHAPES, class_looks, predicate_colours
from kg.export.html.sound import spelling
from kg.graph import Edge, EvidenceRecord, Graph, NodeRecord, documents, entities, facts

if TYPE_CHECKING:
    from kg.ontology import Ontology

_TEXT_PER_NODE = 600
_TEXT_FREE = 1_200_000


def page_data(graph: Graph, ontology: Ontology, *, title: str, base_iri: str) -> dict[str, Any]:
    """Return everything the page knows, as plain JSON values in a fixed order.

    Of the graph only what the page says of its records is held.
    """
    sizes = [(d["id"], len(d["text"].encode())) for d in documents(graph)]
    document_number = {id_: i for i, (id_, _) in enumerate(sizes)}
    # The page may weigh a kilobyte a node; where the documents are longer than that, it holds the stated sentences alone.
    whole = sum(size for _, size in sizes) <= _TEXT_FREE + _TEXT_PER_NODE * graph.number_of_nodes()
    nodes, node_number = _nodes(graph, document_number)
    fact_list = [_fact(edge, node_number, document_number, whole) for edge in facts(graph)]
    return {
        "title": title,
        "base": naming.entity_iri("", base_iri=base_iri),
        "namespace": naming.ontology_iri(base_iri=base_iri),
        "whole": whole,
        "classes": _classes(ontology, nodes),
        "predicates": _predicates(ontology, fact_list),
        "documents": [
            {"id": d["id"], "title": d["title"] or d["id"], "date": d["date"], "publisher": d["publisher"], "path": d["path"]}
            | ({"text": d["text"]} if whole else {})
            for d in documents(graph)
        ],
        "nodes": nodes,
        "facts": fact_list,
    }


def network_data(data: dict[str, Any]) -> dict[str, Any]:
    """Return the network of ``data`` that pyvis builds: ``nodes``, ``edges`` and ``options`` of vis-network.

    pyvis' ``add_node`` is quadratic, so that the lists are filled directly. Ids are numbers, never text of a document.
    """
    # pyvis brings IPython along: half a second that a command which makes no page need not wait.
    from pyvis.network import Network

    degrees = Counter(n for f in data["facts"] for n in {f["s"], f["o"]})
    radii = [radius(degrees[i]) for i in range(len(data["nodes"]))]
    labels = [wrap(node["name"]) for node in data["nodes"]]
    layout = _place(data, labels, radii)
    net = Network(height="100%", width="100%", directed=True, cdn_resources="in_line")
    for i, node in enumerate(data["nodes"]):
        kind = data["classes"][node["kind"]]
        net.nodes.append(
            {
                "id": i,
                "label": labels[i],
                "shape": VIS_SHAPES.get(kind["shape"], kind["shape"]),
                "group": layout.community[i],
                "size": radii[i],
                "x": layout.x[i],
                "y": layout.y[i],
            }
        )
    net.edges.extend(_edges(data))
    net.toggle_physics(False)
    nodes, edges, _, _, _, options = net.get_network_data()
    return {"nodes": nodes, "edges": edges, "options": json.loads(options) if isinstance(options, str) else options}


def _place(data: dict[str, Any], labels: list[str], radii: list[float]) -> Layout:
    edges = [(f["s"], f["o"], 1.5 if f["p"] == "partOf" else 1.0) for f in data["facts"]]
    edges += [(i, node["scope"], 0.5) for i, node in enumerate(data["nodes"]) if node.get("scope") is not None]
    return place(labels, edges, radii)


def _edges(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the edges; those between the same two nodes bend away from each other."""
    seen: Counter[tuple[int, int]] = Counter()
    out = []
    for i, fact in enumerate(data["facts"]):
        pair = (min(fact["s"], fact["o"]), max(fact["s"], fact["o"]))
        nth = seen[pair]
        seen[pair] += 1
        predicate = data["predicates"][fact["p"]]
        edge: dict[str, Any] = {
            "id": i,
            "from": fact["s"],
            "to": fact["o"],
            "color": predicate["color"],
            "width": round(min(6.0, 1.0 + math.log2(max(1, len(fact["evidence"])))), 1),
        }
        if predicate["symmetric"]:
            edge["arrows"] = ""
        if fact["implied"]:
            edge["dashes"] = [5, 4]
        if nth:
            bend = 0.16 * ((nth + 1) // 2) * (1 if nth % 2 else -1) * (1 if fact["s"] <= fact["o"] else -1)
            edge["smooth"] = {"enabled": True, "type": "curvedCW" if bend > 0 else "curvedCCW", "roundness": round(abs(bend), 2)}
        out.append(edge)
    return out


def _classes(ontology: Ontology, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    used = {name for node in nodes for name in (node["type"], node["kind"], *node.get("roles", ()))}
    names = [name for name in ontology.classes if name in used]
    names += sorted(used - set(names))
    labels = {n: ontology.classes[n].label_zh if n in ontology.classes else n for n in names}
    looks = class_looks(labels)
    counts = Counter(node["kind"] for node in nodes)
    return {
        name: {
            "zh": labels[name] or name,
            "en": (ontology.classes[name].label_en if name in ontology.classes else "") or name,
            "color": looks[name].colour,
            "shape": looks[name].shape,
            "glyph": looks[name].glyph,
            "count": counts[name],
        }
        for name in names
    }


def _predicates(ontology: Ontology, fact_list: list[dict[str, Any]]) -> dict[str, Any]:
    counts = Counter(fact["p"] for fact in fact_list)
    names = [name for name in ontology.predicates if counts[name]]
    colours = predicate_colours(names)
    return {
        name: {
            "zh": ontology.predicates[name].label_zh or name,
            "en": ontology.predicates[name].label_en or name,
            "symmetric": ontology.predicates[name].symmetric,
            "color": colours[name],
            "count": counts[name],
            "cypher": identifier(neo4j.relationship_type(name)),
        }
        for name in names
    }


def _nodes(graph: Graph, document_number: dict[str, int]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the nodes, and the number of each id."""
    nodes: list[dict[str, Any]] = []
    scopes: list[str | None] = []
    number: dict[str, int] = {}
    for id_, record in entities(graph):
        number[id_] = len(nodes)
        nodes.append(_node(id_, record, document_number))
        scopes.append(record["scope"])
    for node, scope in zip(nodes, scopes, strict=True):
        if scope in number:
            node["scope"] = number[scope]
    return nodes, number


def _node(id_: str, record: NodeRecord, document_number: dict[str, int]) -> dict[str, Any]:
    node: dict[str, Any] = {
        "id": id_,
        "name": record["label"],
        "kind": record["subtype"] or record["type"],
        "type": record["type"],
        "pinyin": spelling([record["label"], *record["aliases"]]),
        "mentions": [
            [document_number[m["document"]], m["start"], m["end"]] + ([round(m["confidence"], 3)] if m["confidence"] < 1 else [])
            for m in record["mentions"]
        ],
    }
    for key, value in (("roles", record["roles"]), ("aliases", record["aliases"]), ("attributes", record["attributes"])):
        if value:
            node[key] = value
    if record["registry"]:
        node["registry"] = record["registry"]
    return node


def _fact(edge: Edge, node_number: dict[str, int], document_number: dict[str, int], whole: bool) -> dict[str, Any]:
    record = edge.record
    return {
        "id": edge.id,
        "s": node_number[edge.subject],
        "p": record["predicate"],
        "o": node_number[edge.object],
        "implied": record["implied"],
        "confidence": round(record["confidence"], 3),
        "evidence": [_evidence(e, document_number, whole) for e in record["evidence"]],
    }


def _evidence(record: EvidenceRecord, document_number: dict[str, int], whole: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"d": document_number[record["document"]], "a": record["start"], "b": record["end"]}
    if record["confidence"] < 1:
        found["c"] = round(record["confidence"], 3)
    if record["implied"]:
        found["i"] = True
    if record["extractor"]:
        found["x"] = record["extractor"]
    for key, span in (("s", record["subject"]), ("o", record["object"]), ("t", record["trigger"])):
        if span:
            found[key] = list(span)
    if record["attributes"]:
        found["attributes"] = record["attributes"]
    if not whole:
        found["q"] = record["quote"]
    return found
