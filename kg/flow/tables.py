"""The rows that the plan yields → the tables of ``kg.store``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kg.flow.claiming import ANNOTATED
from kg.flow.plan import Resolved
from kg.flow.remembering import Changes, RememberingEngine
from kg.flow.rows import Data, Engine, Row
from kg.graph import document_record
from kg.store.patching import patch_table
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


def patch_tables(engine: RememberingEngine, resolved: Resolved, old: Path, folder: Path) -> None:
    """Write each table into ``folder``: that of the folder ``old`` with what has changed since."""
    folder.mkdir()
    for table in ("documents", *KINDS):
        if table == "documents":
            changed = Changes(engine.documents, {id_: list(engine.document(id_)) for id_ in engine.documents})
        else:
            changed = engine.changes(data_of(resolved, table))
        kind = KINDS.get(table, ANNOTATED)
        rows = (row for key in sorted(changed.rows) for row in changed.rows[key] if row.kind == kind)
        records = (record_of(table, row) for row in rows)
        file = f"{table}.parquet"
        patch_table(table, old / file, folder / file, groups=changed.groups, records=records)


def data_of(resolved: Resolved, table: str) -> Data:
    """Return the rows of a table."""
    return (resolved.facts if table in ("facts", "evidence") else resolved.entities).only(KINDS[table])


def _records(engine: Engine, table: str, data: Data) -> Iterator[dict[str, Any]]:
    return (record_of(table, row) for row in engine.collected(data))
