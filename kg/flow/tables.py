"""The rows that the plan yields → the tables of ``kg.store``."""

from __future__ import annotations

from pathlib import Path

from kg.flow.claiming import ANNOTATED
from kg.flow.duck import DuckEngine
from kg.flow.plan import Resolved
from kg.flow.records import KINDS, record_of
from kg.flow.remembering import Changes, RememberingEngine
from kg.flow.rows import Data, Engine
from kg.store.patching import patch_table
from kg.store.writing import write_table


def write_tables(engine: Engine, annotated: Data, resolved: Resolved, folder: Path) -> None:
    """Write each table as one file into ``folder``."""
    folder.mkdir()
    wanted = [("documents", annotated), *((table, data_of(resolved, table)) for table in KINDS)]
    files = [(table, data, folder / f"{table}.parquet") for table, data in wanted]
    if isinstance(engine, DuckEngine):
        engine.write_tables(files)  # it has them as records already
    else:
        for table, data, path in files:
            write_table(table, (record_of(table, row) for row in engine.collected(data)), path)


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
