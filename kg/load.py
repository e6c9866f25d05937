"""The graph put into a running Neo4j, or into an embedded Ladybug database, by their own drivers.

Both loads are idempotent: what is there already, by id, is brought up to date; nothing is removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kg import graph as kgraph
from kg.errors import InputError
from kg.export import neo4j as export
from kg.export.cypher import identifier

if TYPE_CHECKING:
    import ladybug
    import neo4j

TRIES = 20
"""How often a statement is run that the server asks to run again."""

_LADYBUG_TYPES = {"ID": "STRING", "string": "STRING", "boolean": "BOOL", "double": "DOUBLE", "long": "INT64"}


class Loaded(NamedTuple):
    """How many nodes and edges the database holds after a load."""

    nodes: int
    edges: int


def load_neo4j(graph: kgraph.Graph, uri: str, *, user: str = "neo4j", password: str, database: str | None = None) -> Loaded:
    """Load ``graph`` over Bolt; the statements are those of ``import.cypher``, with parameters in place of literals.

    Raises:
        InputError: The driver is not installed, or the server cannot be reached or refuses.
    """
    try:
        import neo4j
    except ImportError:
        raise InputError("the neo4j driver is not installed: pip install neo4j") from None
    try:
        with (
            neo4j.GraphDatabase.driver(uri, auth=(user, password)) as driver,
            driver.session(database=database) as session,
        ):
            for text, rows in export.statements(graph, batch=1000):
                _run(session, text, rows)
            nodes = session.run("MATCH (n:Entity) RETURN count(n)").single(strict=True)[0]
            edges = session.run("MATCH (:Entity)-[r]->(:Entity) RETURN count(r)").single(strict=True)[0]
    except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError, neo4j.exceptions.ConfigurationError, ValueError) as error:
        raise InputError(f"{uri}: cannot load: {error}") from error
    return Loaded(nodes, edges)


def _run(session: neo4j.Session, text: str, rows: list[export.Properties]) -> None:
    from neo4j.exceptions import Neo4jError

    for left in reversed(range(TRIES)):
        try:
            session.run(text, {"rows": rows}).consume()
            return
        except Neo4jError as error:
            # Every statement is idempotent, so that one which lost against another transaction can run again
            if not (left and error.is_retryable()):
                raise


def load_ladybug(graph: kgraph.Graph, path: Path, *, predicates: Iterable[str] = ()) -> Loaded:
    """Load ``graph`` into the database file ``path``, which is made if it is not there.

    There is one node table, ``Entity``, with the classes in its column ``labels``, and one relationship table a predicate.
    Those of ``predicates`` are made even where no fact has them: a question that names a missing table is an error to Ladybug.

    Raises:
        InputError: Ladybug is not installed, or the file is not a database of this form.
    """
    try:
        import ladybug
    except ImportError:
        raise InputError("ladybug is not installed: pip install ladybug") from None
    try:
        with ladybug.Database(str(path)) as database, ladybug.Connection(database) as connection:
            return _load_ladybug(connection, graph, predicates)
    except RuntimeError as error:
        raise InputError(f"{path}: cannot load: {error}") from error


def _load_ladybug(connection: ladybug.Connection, graph: kgraph.Graph, predicates: Iterable[str]) -> Loaded:
    columns = {**export.NODE_COLUMNS, "labels": "string[]"}
    connection.execute(f"CREATE NODE TABLE IF NOT EXISTS Entity({_declare(columns)}, PRIMARY KEY (id))")
    nodes = (
        {**export.node_properties(id_, record), "labels": list(export.labels(record)[1:])}
        for id_, record in kgraph.entities(graph)
    )
    _merge(connection, "MERGE (n:Entity {id: row.id})", nodes, columns)
    by_predicate: dict[str, list[kgraph.Edge]] = {predicate: [] for predicate in predicates}
    for edge in kgraph.facts(graph):
        by_predicate.setdefault(edge.record["predicate"], []).append(edge)
    for predicate, edges in sorted(by_predicate.items()):
        name = identifier(export.relationship_type(predicate))
        connection.execute(f"CREATE REL TABLE IF NOT EXISTS {name}(FROM Entity TO Entity, {_declare(export.EDGE_COLUMNS)})")
        rows = ({"_start": e.subject, "_end": e.object, **export.edge_properties(graph, e)} for e in edges)
        text = f"MATCH (a:Entity {{id: row._start}}), (b:Entity {{id: row._end}}) MERGE (a)-[n:{name} {{id: row.id}}]->(b)"
        _merge(connection, text, rows, {"_start": "string", "_end": "string", **export.EDGE_COLUMNS})
    counts = [connection.execute(f"MATCH {pattern} RETURN count(*)") for pattern in ("(n:Entity)", "(:Entity)-[n]->(:Entity)")]
    return Loaded(*(int(_first(result)) for result in counts))


def _merge(connection: ladybug.Connection, text: str, rows: Iterable[export.Properties], columns: Mapping[str, str]) -> None:
    """Run ``UNWIND … text SET …`` over ``rows``; ``n`` in ``text`` is the thing whose properties are set."""
    names = [name for name in columns if name != "id" and not name.startswith("_")]
    update = ", ".join(f"n.{name} = {_value(name, columns[name])}" for name in names)
    for batch in export.batches(rows, 1000):
        # All rows of a batch must have one type: no value is an empty text.
        full = [{name: "" if row.get(name) is None else row[name] for name in columns} for row in batch]
        connection.execute(f"UNWIND $rows AS row {text} SET {update}", {"rows": full})


def _declare(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {_ladybug_type(kind)}" for name, kind in columns.items())


def _value(name: str, kind: str) -> str:
    # A list that is empty in every row of a batch has no type that Ladybug could infer.
    return f"cast(row.{name}, '{_ladybug_type(kind)}')" if kind.endswith("[]") else f"row.{name}"


def _first(result: Any) -> Any:
    return result.get_next()[0]


def _ladybug_type(kind: str) -> str:
    return _LADYBUG_TYPES[kind.removesuffix("[]")] + ("[]" if kind.endswith("[]") else "")
