"""Tables → the records of the graph, as they stream by: what ``kg.graph`` gives exporters where the graph does not fit memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from copy import copy
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kg import graph as kgraph
from kg.errors import InputError
from kg.store.digests import CLASSES, write_digests
from kg.store.records import EDGE, EVIDENCE, MENTION, NODE, edge, node
from kg.store.schema import COLUMNS, ORDER, OWNER, TABLES

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY = "400MB"
_BATCH = 1024

_PARTS = {
    "entities": {"entities": "id", "mentions": "entity", "facts": "subject"},
    "facts": {"facts": "id", "evidence": "fact"},
    "documents": {"documents": "id"},
    "phrases": {"mentions": "document"},
    "merges": {"merges": "entity"},
}
"""What a part of the graph is a part of → table → the column that holds its ids; other tables are empty in it or not asked."""
_WANTED = "(SELECT id FROM wanted)"


class Stored:
    """The tables of one build, opened for reading; every method begins anew and holds one thing at a time.

    ``head`` is what ``graph.graph`` holds beside documents and merges.
    """

    def __init__(self, folder: Path, scratch: Path | None = None) -> None:
        """Take the folder of the tables, and one to sort in."""
        self.folder = folder
        self.head: dict[str, Any] = {}
        self._scratch = scratch or folder
        self._database = Database(self._scratch)
        self._sizes: dict[str, int] = {}
        self._where: dict[str, str] = {}
        self._ids: list[str] = []
        self.reuse: Any = None
        """What exporters may take from the last build (see ``kg.export.blocks``)."""

    def part(self, order: str, ids: Sequence[str]) -> Stored:
        """Return the part with these ids; only what ``order``, one of ``kg.store.digests.ORDERS``, names can be asked of it."""
        return self._part({table: f"{name} IN {_WANTED}" for table, name in _PARTS[order.partition("_")[0]].items()}, ids)

    def among(self, ids: Sequence[str]) -> Stored:
        """Return the part with these entities, the facts between them and the documents that mention them."""
        between = f"subject IN {_WANTED} AND object IN {_WANTED}"
        evidence = f"fact IN (SELECT id FROM {self._table('facts')} WHERE {between})"
        mentioned = f"id IN (SELECT document FROM {self._table('mentions')} WHERE entity IN {_WANTED})"
        where = {"entities": f"id IN {_WANTED}", "mentions": f"entity IN {_WANTED}", "facts": between, "evidence": evidence}
        return self._part(where | {"documents": mentioned}, ids)

    def _part(self, where: dict[str, str], ids: Sequence[str]) -> Stored:
        found = copy(self)
        found._where, found._ids, found._sizes = where, list(ids), {}
        return found

    def best(self, size: int) -> list[str]:
        """Return the ids of the entities that take part in most facts, the most first."""
        rows = self._query(f"SELECT id FROM {self._table('entities')} ORDER BY degree DESC, id LIMIT {size}")
        return [row["id"] for row in rows]

    def blocks(self, order: str) -> Iterator[tuple[str, str, int]]:
        """Yield digest, first id and length of each block in an ``order`` of ``kg.store.digests.ORDERS``.

        Equal digests tell that the tables say the same of the entities, facts or documents of a block.
        """
        for batch in self._batches(f"SELECT digest, ids[1], len(ids) FROM {self._order(order)}"):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def ids(self, order: str, *, wanted: Callable[[str], bool]) -> list[str]:
        """Return the ids in the blocks of which the digest is ``wanted``."""
        rows = self._query(f"SELECT digest, ids FROM {self._order(order)}")
        return [id_ for row in rows if wanted(row["digest"]) for id_ in row["ids"]]

    def _order(self, order: str) -> str:
        folder = self._scratch / "digests"
        if not folder.exists():
            self.make_digests()
        return f"read_parquet({file_list([str(folder / f'{order}.parquet')])})"

    def make_digests(self) -> None:
        """Make the digests, which then serve several processes."""
        with closing(self._database.cursor()) as connection:
            write_digests(connection, self.folder, self._scratch / "digests")

    def rest(self) -> None:
        """Give back the memory of the database until the next question."""
        self._database.close()

    def entities(self, *, by_class: bool = False) -> Iterator[tuple[str, kgraph.NodeRecord]]:
        """Yield ``(id, attributes)`` of every entity in the order of ids, or of classes (type, subtype, roles) and ids."""
        order = f"{CLASSES}, e.id" if by_class else "e.id"
        mentions = self._beside("mentions", MENTION, "entities", order if by_class else None)
        names = ", ".join(f"e.{name}" for name in NODE)
        for row in self._tuples(f"SELECT {names} FROM {self._table('entities')} e ORDER BY {order}"):
            yield row[0], node(row, _next(mentions, row[-1], row[0]))

    def facts(self, *, by_predicate: bool = False) -> Iterator[kgraph.Edge]:
        """Yield every fact in the order of ids, or of predicates and ids."""
        order = "e.predicate, e.id" if by_predicate else "e.id"
        evidence = self._beside("evidence", EVIDENCE, "facts", order if by_predicate else None)
        names = ", ".join(f"e.{name}" for name in EDGE)
        for row in self._tuples(f"SELECT {names} FROM {self._table('facts')} e ORDER BY {order}"):
            yield edge(row, _next(evidence, row[-1], row[0]))

    def documents(self) -> Iterator[kgraph.DocumentRecord]:
        """Yield the documents in the order of their ids."""
        return cast("Iterator[kgraph.DocumentRecord]", self._rows("documents"))

    def merges(self) -> Iterator[kgraph.MergeRecord]:
        """Yield why names were merged or kept apart, ordered by entity."""
        for row in self._rows("merges"):
            yield {"entity": row["entity"], "name": row["name"], "reason": row["reason"], "document": row["document"]}

    def objects(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Yield ``(subject, its facts as (predicate, object))``, both sorted, for each subject of a fact."""
        text = f"SELECT DISTINCT subject, predicate, object FROM {self._table('facts')} ORDER BY ALL"
        for subject, rows in groupby(self._query(text), key=lambda row: row["subject"]):
            yield subject, [(row["predicate"], row["object"]) for row in rows]

    def phrases(self) -> Iterator[tuple[str, list[tuple[tuple[int, int, str], list[str]]]]]:
        """Yield ``(document, its mentions as ((start, end, text), entities))``, sorted."""
        text = f'SELECT document, start, "end", text, entity FROM {self._table("mentions")} ORDER BY ALL'
        for document, rows in groupby(self._query(text), key=lambda row: row["document"]):
            places = groupby(rows, key=lambda row: (row["start"], row["end"], row["text"]))
            yield document, [(place, list(dict.fromkeys(row["entity"] for row in group))) for place, group in places]

    def extractors(self) -> list[str]:
        """Return what found the statements, sorted."""
        text = f"SELECT DISTINCT extractor FROM {self._table('evidence')} ORDER BY extractor"
        return [row["extractor"] for row in self._query(text)]

    def traits(self) -> kgraph.Traits:
        """Return what any node or edge has."""

        def some(table: str, where: str) -> bool:
            return any(True for _ in self._query(f"SELECT 1 AS one FROM {self._table(table)} WHERE {where} LIMIT 1"))

        types = self._query(f"SELECT DISTINCT type FROM {self._table('entities')} ORDER BY type")
        first = " UNION ALL ".join(
            f"SELECT min(date) AS date FROM {self._table(table)} WHERE date <> '' GROUP BY {owner}"
            for table, owner in (("mentions", "entity"), ("evidence", "fact"))
        )
        whole = f"SELECT 1 AS one FROM ({first}) WHERE regexp_full_match(date, '{kgraph.DATE.pattern}') LIMIT 1"
        return kgraph.Traits(
            nodes=self.count("entities") > 0,
            edges=self.count("facts") > 0,
            types=tuple(row["type"] for row in types),
            subtypes=some("entities", "subtype <> ''"),
            attributes=some("entities", "attributes <> '{}'"),
            mention_dates=some("mentions", "date <> ''"),
            statements=self.count("evidence") > 0,
            statement_dates=some("evidence", "date <> ''"),
            dated=any(True for _ in self._query(whole)),
        )

    def counts(self) -> dict[str, Any]:
        """Return what ``kg.report`` counts."""

        def by(what: str, table: str) -> dict[str, int]:
            text = f"SELECT {what} AS name, count(*) AS n FROM {self._table(table)} GROUP BY name HAVING name IS NOT NULL"
            return {row["name"]: row["n"] for row in self._query(f"{text} ORDER BY name")}

        implied = self._query(f"SELECT count(*) AS n FROM {self._table('facts')} WHERE implied")
        return {
            **{table: self.count(table) for table in ("entities", "facts", "mentions", "evidence")},
            "implied": next(implied)["n"],
            "by_type": by("type", "entities"),
            "by_subtype": by("CASE WHEN subtype <> '' THEN type || '/' || subtype END", "entities"),
            "by_role": by("unnest(roles)", "entities"),
            "by_predicate": by("predicate", "facts"),
        }

    def __iter__(self) -> Iterator[str]:
        """Yield the ids of the entities, as networkx does."""
        return (row["id"] for row in self._query(f"SELECT id FROM {self._table('entities')} ORDER BY id"))

    @property
    def graph(self) -> dict[str, Any]:
        """What ``graph.graph`` holds beside documents and merges."""
        return self.head

    def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        if table not in self._sizes:
            self._sizes[table] = next(self._query(f"SELECT count(*) AS n FROM {self._table(table)}"))["n"]
        return self._sizes[table]

    def number_of_nodes(self) -> int:
        """Return the number of entities, as networkx calls it."""
        return self.count("entities")

    def _beside(self, table: str, columns: Sequence[str], other: str, order: str | None) -> Iterator[tuple[Any, ...]]:
        """Yield ``columns`` of a table in its own order, or in that of the other one, to whose rows those of this belong."""
        names, key = ", ".join(f'r."{name}"' for name in columns), OWNER[table]
        joined = f"JOIN {self._table(other)} e ON r.{key} = e.id" if order else ""
        return self._tuples(f"SELECT {names} FROM {self._table(table)} r {joined} ORDER BY {order or f'r.{key}'}, r.number")

    def _rows(self, table: str) -> Iterator[dict[str, Any]]:
        return self._query(f"SELECT * FROM {self._table(table)} ORDER BY {', '.join(ORDER[table])}", COLUMNS[table])

    def _table(self, name: str) -> str:
        table = f"read_parquet({file_list(files(self.folder, name))})"
        return f"(SELECT * FROM {table} WHERE {self._where[name]})" if name in self._where else table

    def _query(self, text: str, columns: dict[str, str] | None = None) -> Iterator[dict[str, Any]]:
        for batch in self._batches(text):
            for row in batch.to_pylist():
                for name, kind in (columns or {}).items():
                    if kind == "json":
                        row[name] = json.loads(row[name])
                yield row

    def _tuples(self, text: str) -> Iterator[tuple[Any, ...]]:
        for batch in self._batches(text):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def _batches(self, text: str) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        with closing(self._database.cursor()) as connection:
            if self._where:
                connection.register("wanted", pa.table({"id": pa.array(self._ids, pa.string())}))
            yield from connection.sql(text).to_arrow_reader(_BATCH)


class Database:
    """A database in memory for a folder, opened when it is first asked: that takes ten times as long as a small question."""

    def __init__(self, scratch: Path) -> None:
        """Take a folder to sort in."""
        self._scratch = scratch
        self._open: duckdb.DuckDBPyConnection | None = None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection that sees no other's tables."""
        if self._open is None:
            self._open = connected(self._scratch)
        return self._open.cursor()

    def close(self) -> None:
        """Give back its memory; the next cursor opens it again."""
        if self._open is not None:
            self._open.close()
        self._open = None

    def __reduce__(self) -> tuple[type[Database], tuple[Path]]:
        """Go to another process closed."""
        return Database, (self._scratch,)


def connected(scratch: Path) -> duckdb.DuckDBPyConnection:
    """Return a database in memory that sorts in the folder ``scratch`` what exceeds ``MEMORY``."""
    import duckdb

    options: dict[str, str | bool | int | float | list[str]] = {"memory_limit": MEMORY, "threads": 1}
    options |= {"temp_directory": str(scratch / "sorting"), "enable_external_file_cache": False}
    return duckdb.connect(config=options)


def open_tables(folder: Path, *, scratch: Path | None = None) -> Stored:
    """Return the tables in ``folder``.

    Raises:
        InputError: A table is missing.
    """
    for table in TABLES:
        files(folder, table)
    return Stored(folder, scratch)


def files(folder: Path, table: str) -> list[str]:
    """Return the files of a table, one or a folder of them.

    Raises:
        InputError: There are none.
    """
    path = folder / f"{table}.parquet"
    found = sorted(path.glob("*.parquet")) if path.is_dir() else [path] if path.is_file() else []
    if not found:
        raise InputError(f"{path}: no such table; there should be {', '.join(TABLES)}")
    return [str(file) for file in found]


def file_list(paths: list[str]) -> str:
    """Return paths as a list of SQL."""
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"


def _next(rows: Iterator[tuple[Any, ...]], count: int, owner: str) -> list[tuple[Any, ...]]:
    """Return the next rows of a stream, which belong to ``owner``."""
    found = list(islice(rows, count))
    assert len(found) == count and all(row[0] == owner for row in found), f"{count} rows of {owner!r} should be here"
    return found
