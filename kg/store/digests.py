"""Digests of what the tables say of each entity, fact and document, so that a reader can tell what has changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
"""What can be gone through → its ids with their digests, and what else its order goes by."""

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


def write_digests(connection: duckdb.DuckDBPyConnection, tables: Path, folder: Path) -> None:
    """Write the digests of what is in ``tables``, the folder of a build, into ``folder``."""
    folder.mkdir()
    names = {table: _file(tables, table) for table in TABLES}
    for name, query in _QUERIES.items():
        connection.execute(f"COPY ({query.format(**names)}) TO {_literal(folder / f'{name}.parquet')} (FORMAT parquet)")


def ordered(folder: Path, order: str) -> str:
    """Return the query for the digests of ``ORDERS[order]``."""
    return ORDERS[order].format(**{name: _file(folder, name) for name in _QUERIES})


def _file(folder: Path, name: str) -> str:
    return f"read_parquet({_literal(folder / f'{name}.parquet')})"


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
