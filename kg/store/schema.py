"""The schema of the tables, in one place; ``docs/tables.md`` explains it.

Types are Arrow's. A ``json`` column is a string that holds a JSON object. Rows are sorted by the columns of ``ORDER``; strings
compare by code point. A large table may be a folder of files, each sorted and all in the order of their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "tables"

COLUMNS: dict[str, dict[str, str]] = {
    "documents": {
        "id": "string",
        "path": "string",
        "sha256": "string",
        "encoding": "string",
        "title": "string",
        "date": "string",
        "publisher": "string",
        "pages": "list<int64>",
        "text": "string",
    },
    "entities": {
        "id": "string",
        "label": "string",
        "type": "string",
        "subtype": "string",
        "roles": "list<string>",
        "aliases": "list<string>",
        "scope": "string",
        "registry": "string",
        "attributes": "json",
        "degree": "int64",
        "mentions": "int64",
    },
    "mentions": {
        "entity": "string",
        "number": "int64",
        "document": "string",
        "start": "int64",
        "end": "int64",
        "text": "string",
        "confidence": "double",
        "date": "string",
    },
    "facts": {
        "id": "string",
        "subject": "string",
        "predicate": "string",
        "object": "string",
        "symmetric": "bool",
        "implied": "bool",
        "confidence": "double",
        "statements": "int64",
    },
    "evidence": {
        "fact": "string",
        "number": "int64",
        "document": "string",
        "start": "int64",
        "end": "int64",
        "quote": "string",
        "confidence": "double",
        "implied": "bool",
        "extractor": "string",
        "subject": "list<int64>",
        "object": "list<int64>",
        "trigger": "list<int64>",
        "attributes": "json",
        "date": "string",
        "before": "string",
        "after": "string",
    },
    "merges": {
        "entity": "string",
        "number": "int64",
        "name": "string",
        "reason": "string",
        "document": "string",
    },
}
"""Table → column → type."""

TABLES = tuple(COLUMNS)

ORDER: dict[str, tuple[str, ...]] = {
    "documents": ("id",),
    "entities": ("id",),
    "mentions": ("entity", "number"),
    "facts": ("id",),
    "evidence": ("fact", "number"),
    "merges": ("entity", "number"),
}
"""Table → the columns by which its rows are sorted."""

OWNER = {table: order[0] for table, order in ORDER.items()}
"""Table → the column that says to which document, entity or fact a row belongs."""


def arrow_schema(table: str) -> pa.Schema:
    """Return the schema of a table as Arrow has it; the JSON columns say so in their metadata."""
    import pyarrow as pa

    types: dict[str, Any] = {
        "string": pa.string(),
        "json": pa.string(),
        "int64": pa.int64(),
        "double": pa.float64(),
        "bool": pa.bool_(),
        "list<string>": pa.list_(pa.string()),
        "list<int64>": pa.list_(pa.int64()),
    }
    return pa.schema(
        [
            pa.field(name, types[kind], metadata={"format": "json"} if kind == "json" else None)
            for name, kind in COLUMNS[table].items()
        ]
    )
