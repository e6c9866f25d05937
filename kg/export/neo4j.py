"""The property graph: CSV for ``neo4j-admin database import`` and ``import.cypher`` for a running server.

Every node is an ``:Entity`` with its classes as further labels; a relationship's type is its predicate (``PAIRS_WITH``). In the
CSV, elements of arrays are separated by ``;``, which neo4j-admin cannot escape: in an element it is a backslash and ``u003B``.
A sentence may hold a line break, so the import needs ``--multiline-fields=true``.
Formats: https://neo4j.com/docs/operations-manual/current/import/ and https://neo4j.com/docs/cypher-manual/current/syntax/.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from io import StringIO
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import graph as kgraph
from kg.export.blocks import Section, write_file
from kg.export.cypher import identifier as identifier
from kg.export.cypher import literal

if TYPE_CHECKING:
    from kg.ontology import Ontology

ARRAY_DELIMITER = ";"
_json = json.JSONEncoder(ensure_ascii=False).encode

NODE_COLUMNS = {
    "id": "ID",
    "name": "string",
    "type": "string",
    "subtype": "string",
    "aliases": "string[]",
    "documents": "string[]",
    "mentions": "long",
    "attributes": "string",
}
EDGE_COLUMNS = {
    "id": "string",
    "predicate": "string",
    "symmetric": "boolean",
    "implied": "boolean",
    "confidence": "double",
    "statements": "long",
    "documents": "string[]",
    "dates": "string[]",
    "quotes": "string[]",
    "start_offsets": "long[]",
    "end_offsets": "long[]",
    "attributes": "string",
}

_CONSTRAINT = "CREATE CONSTRAINT kg_entity_id IF NOT EXISTS FOR (n:Entity) REQUIRE n.id IS UNIQUE"

Properties = dict[str, Any]


def write_csv(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``neo4j/nodes.csv`` and ``neo4j/relationships.csv``, every text quoted, typed headers."""
    (out_dir / "neo4j").mkdir(parents=True, exist_ok=True)

    def node(item: tuple[str, kgraph.NodeRecord]) -> list[str | int | float]:
        properties = node_properties(*item)
        return [*(_cell(properties.get(name)) for name in NODE_COLUMNS), _cell(labels(item[1]))]

    def edge(item: kgraph.Edge) -> list[str | int | float]:
        properties = edge_properties(graph, item)
        cells = (_cell(properties.get(name)) for name in EDGE_COLUMNS)
        return [item.subject, item.object, relationship_type(item.record["predicate"]), *cells]

    nodes = Section("entities", kgraph.entities, itemgetter(0), lambda items: _csv(map(node, items)))
    columns = [*(f"{name}:{kind}" for name, kind in NODE_COLUMNS.items()), ":LABEL"]
    write_file(graph, out_dir, "neo4j/nodes.csv", (_csv([columns]), nodes))
    edges = Section("facts", kgraph.facts, attrgetter("id"), lambda items: _csv(map(edge, items)))
    columns = [":START_ID", ":END_ID", ":TYPE", *(f"{name}:{kind}" for name, kind in EDGE_COLUMNS.items())]
    write_file(graph, out_dir, "neo4j/relationships.csv", (_csv([columns]), edges))


def _csv(rows: Iterable[Sequence[str | int | float]]) -> str:
    file = StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerows(rows)
    return file.getvalue()


def write_cypher(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``neo4j/import.cypher``: idempotent statements without parameters, each ended by ``;`` and a line break.

    No string of the data can hold a line break, so a reader that splits at ``;`` before a line break finds the statements.
    """
    (out_dir / "neo4j").mkdir(parents=True, exist_ok=True)

    def nodes(items: Sequence[tuple[tuple[str, ...], str, kgraph.NodeRecord]]) -> str:
        return _statement(_node_statement(items[0][0]), [node_properties(id_, record) for _, id_, record in items])

    def edges(items: Sequence[kgraph.Edge]) -> str:
        return _statement(_edge_statement(items[0].record["predicate"]), [_edge_row(graph, edge) for edge in items])

    parts = (
        _statement(_CONSTRAINT, []),
        Section("entities_by_class", _by_labels, itemgetter(1), nodes, group=itemgetter(0)),
        Section("facts_by_predicate", kgraph.facts_by_predicate, attrgetter("id"), edges, group=lambda e: e.record["predicate"]),
    )
    write_file(graph, out_dir, "neo4j/import.cypher", parts)


def _by_labels(graph: kgraph.Graph) -> Iterator[tuple[tuple[str, ...], str, kgraph.NodeRecord]]:
    return kgraph.entities_by(graph, labels)


def statements(graph: kgraph.Graph, *, batch: int) -> Iterator[tuple[str, list[Properties]]]:
    """Yield Cypher statements with the value of their parameter ``$rows`` (empty where a statement has none)."""
    yield _CONSTRAINT, []
    for names, group in groupby(_by_labels(graph), key=itemgetter(0)):
        for rows in batches((node_properties(id_, record) for _, id_, record in group), batch):
            yield _node_statement(names), rows
    for predicate, members in groupby(kgraph.facts_by_predicate(graph), key=lambda edge: edge.record["predicate"]):
        for rows in batches((_edge_row(graph, edge) for edge in members), batch):
            yield _edge_statement(predicate), rows


def _node_statement(names: tuple[str, ...]) -> str:
    further = "".join(f":{identifier(name)}" for name in names[1:])
    return f"UNWIND $rows AS row MERGE (n:Entity {{id: row.id}}) SET n += row SET n{further}"


def _edge_statement(predicate: str) -> str:
    kind = identifier(relationship_type(predicate))
    return (
        "UNWIND $rows AS row MATCH (a:Entity {id: row.start}) MATCH (b:Entity {id: row.end}) "
        f"MERGE (a)-[r:{kind} {{id: row.properties.id}}]->(b) SET r += row.properties"
    )


def _edge_row(graph: kgraph.Graph, edge: kgraph.Edge) -> Properties:
    return {"start": edge.subject, "end": edge.object, "properties": edge_properties(graph, edge)}


def node_properties(id_: str, record: kgraph.NodeRecord) -> Properties:
    """Return the properties of a node; those without a value are left out."""
    properties = {
        "id": id_,
        "name": record["label"],
        "type": record["type"],
        "subtype": record["subtype"],
        "aliases": record["aliases"],
        "documents": sorted({mention["document"] for mention in record["mentions"]}),
        "mentions": len(record["mentions"]),
        "attributes": _json_or_none(record["attributes"]),
    }
    return {name: value for name, value in properties.items() if value is not None}


def edge_properties(graph: kgraph.Graph, edge: kgraph.Edge) -> Properties:
    """Return the properties of a relationship; the arrays run parallel, one element a statement of the fact."""
    record, evidence = edge.record, edge.record["evidence"]
    attributes = [e["attributes"] for e in evidence]
    properties = {
        "id": edge.id,
        "predicate": record["predicate"],
        "symmetric": record["symmetric"],
        "implied": record["implied"],
        "confidence": float(record["confidence"]),
        "statements": len(evidence),
        "documents": [e["document"] for e in evidence],
        "dates": [kgraph.date_of(graph, e) or "" for e in evidence],
        "quotes": [e["quote"] for e in evidence],
        "start_offsets": [e["start"] for e in evidence],
        "end_offsets": [e["end"] for e in evidence],
        "attributes": _json_or_none(attributes if any(attributes) else None),
    }
    return {name: value for name, value in properties.items() if value is not None}


def labels(record: kgraph.NodeRecord) -> tuple[str, ...]:
    """Return the labels of a node: ``Entity``, then its classes from the general to the particular, roles last."""
    first = [record["type"], *([record["subtype"]] if record["subtype"] else [])]
    return ("Entity", *dict.fromkeys([*first, *record["roles"]]))


@lru_cache(maxsize=1024)
def relationship_type(predicate: str) -> str:
    """Return the name of a predicate in the custom of property graphs.

    >>> relationship_type("pairsWith")
    'PAIRS_WITH'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", predicate).upper()


def array_cell(values: Iterable[Any]) -> str:
    r"""Return an array as neo4j-admin reads it from one cell.

    >>> array_cell(["a;b", "c"])
    'a\\u003Bb;c'
    """
    return ARRAY_DELIMITER.join([_escaped(str(value)) for value in values])


def _escaped(text: str) -> str:
    if "\\" in text:
        text = re.sub(r"\\(?=u00(?:3B|5C))", r"\\u005C", text)
    return text.replace(";", r"\u003B")


def array_values(cell: str) -> list[str]:
    r"""Return the array that ``array_cell`` was given; an empty cell is an empty array.

    >>> array_values(array_cell(["a;b", r"\\u003B"])) == ["a;b", r"\\u003B"]
    True
    """
    if not cell:
        return []
    return [re.sub(r"\\u00(3B|5C)", lambda m: chr(int(m.group(1), 16)), part) for part in cell.split(ARRAY_DELIMITER)]


class _Nothing(int):
    """An empty cell without quotes, which is no value; ``""`` would be an empty text to neo4j-admin."""

    def __str__(self) -> str:
        return ""


_NOTHING = _Nothing()


def _cell(value: Any) -> str | int | float:
    if type(value) is str:
        return value or _NOTHING
    if value is None or value == []:
        return _NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return array_cell(value)
    if isinstance(value, (int, float)):
        return value
    return str(value)


def _json_or_none(value: Any) -> str | None:
    return _json(value) if value else None


def batches(rows: Iterable[Properties], size: int) -> Iterator[list[Properties]]:
    """Yield ``rows`` in lists of ``size``, the last one shorter."""
    batch: list[Properties] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _statement(text: str, rows: list[Properties]) -> str:
    return (text.replace("$rows", "[\n" + ",\n".join(map(literal, rows)) + "\n]", 1) if rows else text) + ";\n"
