"""Digests of what the tables say of each entity, fact and document, so that a reader can tell what has changed.

They are taken together in *blocks* of some dozens. Where a block ends depends on the ids in it alone, so that a new entity
changes its own block and no other.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kg.store.schema import TABLES

if TYPE_CHECKING:
    import duckdb

ORDERS = {
    "entities": "SELECT id, digest, NULL FROM {entities} ORDER BY id",
    "entities_by_class": "SELECT id, digest, classes FROM {entities} ORDER BY classes, id",
    "facts": "SELECT id, digest, NULL FROM {facts} ORDER BY id",
    "facts_by_predicate": "SELECT id, digest, predicate FROM {facts} ORDER BY predicate, id",
    "documents": "SELECT id, digest, NULL FROM {documents} ORDER BY id",
    "phrases": "SELECT id, digest, NULL FROM {phrases} ORDER BY id",
    "merges": "SELECT id, digest, NULL FROM {merges} ORDER BY id",
}
"""What can be gone through → its ids with their digests, and what else its order, and a block, goes by."""

CLASSES = "list_concat([e.type], CASE WHEN e.subtype IS NULL THEN [] ELSE [e.subtype] END, e.roles)"
"""What entities by class are ordered by."""

_ALL = "md5(string_agg(md5(CAST(to_json(t) AS VARCHAR)), ' ' ORDER BY {}))"
_QUERIES = {
    "entities": f"""
        WITH m AS (SELECT entity AS id, {_ALL.format("number")} AS digest FROM {{mentions}} t GROUP BY entity),
        o AS (SELECT subject AS id, md5(string_agg(predicate || ' ' || object, ' ' ORDER BY predicate, object)) AS digest
            FROM (SELECT DISTINCT subject, predicate, object FROM {{facts}}) GROUP BY subject)
        SELECT e.id, md5(concat_ws(' ', md5(CAST(to_json(e) AS VARCHAR)), coalesce(m.digest, '-'), coalesce(o.digest, '-')))
            AS digest, {CLASSES} AS classes
        FROM {{entities}} e LEFT JOIN m ON m.id = e.id LEFT JOIN o ON o.id = e.id""",
    "facts": f"""
        WITH s AS (SELECT fact AS id, {_ALL.format("number")} AS digest FROM {{evidence}} t GROUP BY fact)
        SELECT e.id, md5(concat_ws(' ', md5(CAST(to_json(e) AS VARCHAR)), coalesce(s.digest, '-'))) AS digest, e.predicate
        FROM {{facts}} e LEFT JOIN s ON s.id = e.id""",
    "documents": "SELECT t.id, md5(CAST(to_json(t) AS VARCHAR)) AS digest FROM {documents} t",
    "phrases": """
        SELECT document AS id, md5(string_agg(md5(CAST(to_json([CAST(start AS VARCHAR), CAST("end" AS VARCHAR), text, entity])
            AS VARCHAR)), ' ' ORDER BY start, "end", text, entity)) AS digest
        FROM {mentions} GROUP BY document""",
    "merges": f"SELECT entity AS id, {_ALL.format('number')} AS digest FROM {{merges}} t GROUP BY entity",
}


_EVERY = 64  # ids of a block, about
_MOST = 256
_BATCH = 4096

T = TypeVar("T")


def in_blocks(items: Iterable[T], *, key: Callable[[T], str], group: Callable[[T], Any]) -> Iterator[list[T]]:
    """Yield ``items`` in blocks; a block ends, too, where ``group`` changes.

    >>> items = [f"{kind}{number}" for kind in "ab" for number in range(3)]
    >>> list(in_blocks(items, key=str, group=lambda item: item[0]))
    [['a0', 'a1', 'a2'], ['b0', 'b1', 'b2']]
    """
    block: list[T] = []
    last = None
    for item in items:
        now = group(item)
        if block and (now != last or len(block) >= _MOST or zlib.crc32(key(item).encode()) % _EVERY == 0):
            yield block
            block = []
        block.append(item)
        last = now
    if block:
        yield block


def write_digests(connection: duckdb.DuckDBPyConnection, tables: Path, folder: Path) -> None:
    """Write the blocks of what is in ``tables``, the folder of a build, into ``folder``: a file an order."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    names = {table: _file(tables, table) for table in TABLES}
    for name, query in _QUERIES.items():
        connection.execute(f"CREATE TEMP TABLE of_{name} AS {query.format(**names)}")
    schema = pa.schema([("digest", pa.string()), ("ids", pa.list_(pa.string()))])
    for order, query in ORDERS.items():
        with pq.ParquetWriter(folder / f"{order}.parquet", schema) as writer:
            batches = connection.sql(query.format(**{name: f"of_{name}" for name in _QUERIES})).to_arrow_reader(_BATCH)
            rows = chain.from_iterable(zip(*(column.to_pylist() for column in batch.columns), strict=True) for batch in batches)
            made = [
                {"digest": _digest(block), "ids": [row[0] for row in block]}
                for block in in_blocks(rows, key=lambda row: row[0], group=lambda row: row[2])
            ]
            writer.write_table(pa.Table.from_pylist(made, schema))
    for name in _QUERIES:
        connection.execute(f"DROP TABLE of_{name}")


def _digest(block: list[tuple[Any, ...]]) -> str:
    text = "\n".join([repr(block[0][2]), *(digest for _, digest, _ in block)])
    return hashlib.sha256(text.encode()).hexdigest()


def _file(folder: Path, name: str) -> str:
    return f"read_parquet({_literal(folder / f'{name}.parquet')})"


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
