"""Rows of the plan as records of the tables of ``kg.store``."""

from __future__ import annotations

from typing import Any

from kg.flow.rows import Row
from kg.graph import document_record

KINDS = {"entities": "entity", "mentions": "mention", "facts": "fact", "evidence": "evidence", "merges": "merge"}
"""Table → the kind of its rows."""

TABLE_OF = {kind: table for table, kind in KINDS.items()}
"""Kind → the table of its rows, which no step reads."""

_OWNERS = {"mentions": "entity", "evidence": "fact", "merges": "entity"}


def record_of(table: str, row: Row) -> dict[str, Any]:
    """Return a row of the plan as a record of its table."""
    if table == "documents":
        return dict(document_record(row.data[0]))
    if table in _OWNERS:
        return {_OWNERS[table]: row.key, "number": row.number, **row.data}
    return dict(row.data)
