"""What an export holds, read again from its file, so that all can be compared (``kg verify``).

Each reader uses the format's own parser and knows nothing of the writer but the names it gives. A file that cannot be read, or
that holds something twice, is a ``ReadbackError``.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import pyoxigraph as ox

from kg import graph as kgraph
from kg import naming
from kg.errors import KgError
from kg.export import cypher, nodelink
from kg.export.neo4j import array_values
from kg.export.xmltext import decode
from kg.vocabularies import VOCABULARIES

Triple = tuple[str, str, str]
"""Subject id, predicate name, object id."""


class ReadbackError(KgError):
    """An export cannot be read, or holds what no writer puts there."""


@dataclass
class Content:
    """Nodes by id and edges by triple; a record has the fields that the format carries, the others are absent.

    ``kinds`` are those that the file holds.
    """

    kinds: tuple[str, ...] = ("node", "edge")
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    edges: dict[Triple, dict[str, Any]] = field(default_factory=dict)

    def node(self, id_: str, **record: Any) -> None:
        """Add a node; a list becomes sorted, since no format promises an order."""
        if id_ in self.nodes:
            raise ReadbackError(f"node {id_} stands there twice")
        self.nodes[id_] = _ordered(record)

    def edge(self, subject: str, predicate: str, object_: str, **record: Any) -> None:
        """Add an edge."""
        key = (subject, predicate, object_)
        if key in self.edges:
            raise ReadbackError(f"edge {' '.join(key)} stands there twice")
        self.edges[key] = _ordered(record)


def _ordered(record: dict[str, Any]) -> dict[str, Any]:
    return {key: sorted(value) if isinstance(value, (list, tuple)) else value for key, value in record.items()}


def read_reference(graph: kgraph.Graph) -> Content:
    """Return the content of the graph itself, with every field that any format carries."""
    content = Content()
    for id_, record in kgraph.entities(graph):
        content.node(
            id_,
            name=record["label"],
            classes=kgraph.classes_of(record),
            aliases=record["aliases"],
            mentions=len(record["mentions"]),
            attributes=record["attributes"],
        )
    for edge in kgraph.facts(graph):
        evidence = edge.record["evidence"]
        content.edge(
            edge.subject,
            edge.record["predicate"],
            edge.object,
            id=edge.id,
            implied=edge.record["implied"],
            confidence=float(edge.record["confidence"]),
            symmetric=edge.record["symmetric"],
            statements=len(evidence),
            places=[(e["document"], e["start"], e["end"]) for e in evidence],
            quotes=[e["quote"] for e in evidence],
            documents=[e["document"] for e in evidence],
        )
    return content


def read_rdf(path: Path, graph: kgraph.Graph, base_iri: str) -> Content:
    """Read Turtle, JSON-LD, N-Quads or TriG: the default graph, as pyoxigraph parses it."""
    ids = {naming.entity_iri(id_, base_iri=base_iri): id_ for id_ in graph.nodes}
    home, namespace = naming.entity_iri("", base_iri=base_iri), naming.ontology_iri(base_iri=base_iri)
    documents = {naming.document_iri(d["id"], base_iri=base_iri) for d in kgraph.documents(graph)}
    predicates = {edge.record["predicate"] for edge in kgraph.facts(graph)}
    content = Content()
    parts: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    with open(path, "rb") as file:
        for quad in ox.parse(file, format=ox.RdfFormat.from_extension(path.suffix[1:])):
            if quad.graph_name != ox.DefaultGraph() or not isinstance(quad.subject, ox.NamedNode):
                continue
            subject, predicate, object_ = quad.subject.value, quad.predicate.value, quad.object
            if not subject.startswith(home) or subject in documents:
                continue
            name = predicate.removeprefix(namespace) if predicate.startswith(namespace) else predicate
            if isinstance(object_, ox.NamedNode) and name != predicate:
                content.edge(ids.get(subject, subject), name, ids.get(object_.value, object_.value))
            elif name not in predicates and isinstance(object_, (ox.NamedNode, ox.Literal)):
                parts[ids.get(subject, subject)][predicate].append(object_.value)
    skos, rdf = VOCABULARIES["skos"], VOCABULARIES["rdf"]
    for id_, found in parts.items():
        names = found[skos + "prefLabel"]
        if len(names) != 1:
            raise ReadbackError(f"node {id_} has {len(names)} skos:prefLabel")
        classes = [c.removeprefix(namespace) for c in found[rdf + "type"]]
        content.node(id_, name=names[0], classes=classes, aliases=found[skos + "altLabel"])
    return content


def read_graphml(path: Path, graph: kgraph.Graph, base_iri: str) -> Content:
    """Read GraphML with networkx."""
    # Ids are text: sixteen hexadecimal digits may all be decimal
    found: Any = nx.read_graphml(path, edge_key_type=str, force_multigraph=True)
    content = Content()
    for id_, data in found.nodes(data=True):
        content.node(id_, **_flat_node(data))
    for subject, object_, key, data in found.edges(keys=True, data=True):
        content.edge(subject, data["predicate"], object_, id=key, **_flat_edge(data))
    return content


def read_gexf(path: Path, graph: kgraph.Graph, base_iri: str) -> Content:
    """Read GEXF with the standard library's XML parser (networkx knows GEXF 1.2 only)."""
    content = Content()
    kinds: dict[str, dict[str, Callable[[str], Any]]] = {"node": {}, "edge": {}}
    types: dict[str, Callable[[str], Any]] = {"boolean": lambda t: t == "true", "integer": int, "double": float, "string": str}
    current = ""
    for event, element in ElementTree.iterparse(path, events=("start", "end")):
        tag = element.tag.rpartition("}")[2]
        if event == "start" and tag == "attributes":
            current = element.get("class", "")
        elif event == "end" and tag == "attribute":
            kinds[current][element.get("id", "")] = types[element.get("type", "string")]
        elif event == "end" and tag in ("node", "edge"):
            data: dict[str, Any] = {"label": element.get("label")}
            for value in element.iter():
                if value.tag.endswith("}attvalue"):
                    name = value.get("for", "")
                    data[name] = kinds[tag][name](value.get("value", ""))
            if tag == "node":
                content.node(decode(element.get("id", "")), **_flat_node(data))
            else:
                data["weight"] = float(element.get("weight", "1"))
                source, target = decode(element.get("source", "")), decode(element.get("target", ""))
                content.edge(source, data["predicate"], target, id=element.get("id"), **_flat_edge(data))
            element.clear()
    return content


def _flat_node(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": decode(data["label"]),
        "classes": json.loads(data["classes"]),
        "aliases": json.loads(decode(data["aliases"])),
        "mentions": data["mentions"],
        "attributes": json.loads(decode(data["attributes"])) if "attributes" in data else {},
    }


def _flat_edge(data: dict[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in ("implied", "confidence", "symmetric")}


def read_nodelink(path: Path, graph: kgraph.Graph, base_iri: str) -> Content:
    """Read ``graph.json`` with networkx."""
    return read_reference(nodelink.read_graph(path))


def read_cyjs(path: Path, graph: kgraph.Graph, base_iri: str) -> Content:
    """Read the elements of Cytoscape.js."""
    content = Content()
    elements = json.loads(path.read_text(encoding="utf-8"))["elements"]
    for data in (node["data"] for node in elements["nodes"]):
        content.node(data["id"], **{k: data[k] for k in ("name", "classes", "aliases", "mentions", "attributes")})
    for data in (edge["data"] for edge in elements["edges"]):
        fields = {k: data[k] for k in ("id", "implied", "confidence", "symmetric")}
        quotes = [e["quote"] for e in data["evidence"]]
        content.edge(data["source"], data["predicate"], data["target"], **fields, quotes=quotes)
    return content


def read_csv_nodes(path: Path, graph: kgraph.Graph, base_iri: str) -> Content:
    """Read ``nodes.csv``."""
    content = Content(kinds=("node",))
    for row in _rows(path):
        attributes = json.loads(row["attributes:string"]) if row["attributes:string"] else {}
        content.node(
            row["id:ID"],
            name=row["name:string"],
            classes=array_values(row[":LABEL"])[1:],
            aliases=array_values(row["aliases:string[]"]),
            mentions=int(row["mentions:long"]),
            attributes=attributes,
        )
    return content


def read_csv_edges(path: Path, graph: kgraph.Graph, base_iri: str) -> Content:
    """Read ``relationships.csv``."""
    content = Content(kinds=("edge",))
    for row in _rows(path):
        content.edge(
            row[":START_ID"],
            row["predicate:string"],
            row[":END_ID"],
            id=row["id:string"],
            implied=row["implied:boolean"] == "true",
            symmetric=row["symmetric:boolean"] == "true",
            confidence=float(row["confidence:double"]),
            statements=int(row["statements:long"]),
            quotes=array_values(row["quotes:string[]"]),
            documents=array_values(row["documents:string[]"]),
        )
    return content


def _rows(path: Path) -> Iterator[dict[str, str]]:
    csv.field_size_limit(1 << 30)
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, strict=True)


def read_cypher(path: Path, graph: kgraph.Graph, base_iri: str) -> Content:
    """Read the rows of ``import.cypher``."""
    content = Content()
    for text, rows in cypher.parse_statements(path.read_text(encoding="utf-8")):
        labels = re.search(r" SET n((?::(?:\w+|`(?:[^`]|``)*`))+)$", text)
        for row in rows:
            if labels is None:
                data = row["properties"]
                fields = {k: data[k] for k in ("id", "implied", "confidence", "symmetric", "statements", "quotes", "documents")}
                content.edge(row["start"], data["predicate"], row["end"], **fields)
            else:
                fields = {k: row[k] for k in ("name", "aliases", "mentions")}
                fields["attributes"] = json.loads(row["attributes"]) if "attributes" in row else {}
                content.node(row["id"], classes=cypher.names(labels[1]), **fields)
    return content


def read_html(path: Path, graph: kgraph.Graph, base_iri: str) -> Content:
    """Read the data block of the page."""
    match = re.search(r'<script id="kg-data" type="application/json">(.*?)</script>', path.read_text(encoding="utf-8"), re.S)
    if match is None:
        raise ReadbackError("there is no data block with the id kg-data")
    data = json.loads(match[1])
    content = Content()
    for node in data["nodes"]:
        classes = list(dict.fromkeys([node["kind"], node["type"], *node.get("roles", [])]))
        fields = {"aliases": node.get("aliases", []), "mentions": len(node["mentions"]), "attributes": node.get("attributes", {})}
        content.node(node["id"], name=node["name"], classes=classes, **fields)
    for fact in data["facts"]:
        places = [(data["documents"][e["d"]]["id"], e["a"], e["b"]) for e in fact["evidence"]]
        subject, object_ = data["nodes"][fact["s"]]["id"], data["nodes"][fact["o"]]["id"]
        content.edge(subject, fact["p"], object_, id=fact["id"], implied=fact["implied"], places=places)
    return content


READERS: dict[str, Callable[[Path, kgraph.Graph, str], Content]] = {
    "graph.ttl": read_rdf,
    "graph.jsonld": read_rdf,
    "graph.nq": read_rdf,
    "graph.trig": read_rdf,
    "graph.json": read_nodelink,
    "graph.graphml": read_graphml,
    "graph.gexf": read_gexf,
    "graph.cyjs": read_cyjs,
    "graph.html": read_html,
    "neo4j/nodes.csv": read_csv_nodes,
    "neo4j/relationships.csv": read_csv_edges,
    "neo4j/import.cypher": read_cypher,
}
"""File → its reader; provenance and what follows from the graph are read by ``kg.verify`` itself."""
