"""The rows that the plan yields → the tables of ``kg.store``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kg.flow.plan import Resolved
from kg.flow.rows import Data, Engine, Row
from kg.graph import document_record
from kg.store.writing import write_table

KINDS = {"entities": "entity", "mentions": "mention", "facts": "fact", "evidence": "evidence", "merges": "merge"}
"""Table → the kind of its rows."""

_OWNERS = {"mentions": "entity", "evidence": "fact", "merges": "entity"}


def record_of(table: str, row: Row) -> dict[str, Any]:
    """Return a row of the plan as a record of its table."""
    if table == "documents":
        return dict(document_record(row.data[0]))
    if table in _OWNERS:
        return {_OWNERS[table]: row.key, "number": row.number, **row.data}
    return dict(row.data)


def write_tables(engine: Engine, annotated: Data, resolved: Resolved, folder: Path) -> dict[str, int]:
    """Write each table as one file into ``folder``; return how many rows each has."""
    folder.mkdir()
    counts = {}
    for table in ("documents", *KINDS):
        data = annotated if table == "documents" else data_of(resolved, table)
        counts[table] = write_table(table, _records(engine, table, data), folder / f"{table}.parquet")
    return counts


def data_of(resolved: Resolved, table: str) -> Data:
    """Return the rows of a table."""
    return (resolved.facts if table in ("facts", "evidence") else resolved.entities).only(KINDS[table])


def _records(engine: Engine, table: str, data: Data) -> Iterator[dict[str, Any]]:
    return (record_of(table, row) for row in engine.collected(data))
