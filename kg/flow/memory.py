"""What the steps made, kept from build to build in one SQLite file: rows with the step and the group that made them.

The rows of the last steps, from which tables are written, are not kept: the tables hold them.
"""

from __future__ import annotations

import io
import pickle
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import InputError
from kg.flow.claiming import ANNOTATED
from kg.flow.packing import VALUES
from kg.flow.rows import Row

if TYPE_CHECKING:
    from kg.flow.duck import DuckEngine

LAST = ("entity", "mention", "merge", "fact", "evidence")
"""Kinds of rows that no step reads."""

_SCHEMA = """
CREATE TABLE steps (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE documents (id TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE rows (step INTEGER NOT NULL, source TEXT, kind TEXT NOT NULL, key TEXT NOT NULL, place TEXT NOT NULL,
                   number INTEGER NOT NULL, data BLOB);
"""
# Most groups make rows of their own key; their source is NULL.
_INDEXES = """
CREATE INDEX by_key ON rows (step, key);
CREATE INDEX by_source ON rows (step, source) WHERE source IS NOT NULL;
"""
_BATCH = 20_000

Kept = tuple[str, str, str, int, bytes | None]
"""Kind, key, order, number and packed data of a row."""


class Memory:
    """The rows of one build, to be read and changed to those of the next."""

    def __init__(self, path: Path) -> None:
        """Open the file ``path``, or begin one."""
        new = not path.exists()
        self._db = sqlite3.connect(path, isolation_level=None)
        # The file is a copy that is thrown away when a build fails
        self._db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -64000;")
        if new:
            self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    def close(self) -> None:
        """Write what has changed."""
        self._db.execute("COMMIT")
        self._db.close()

    def fill(self, engine: DuckEngine) -> None:
        """Take everything that ``engine`` has made."""
        from kg.flow.duck import connect

        for number, (name, files) in enumerate(engine.steps):
            self._db.execute("INSERT INTO steps VALUES (?, ?)", (number, name))
            paths = [path for kind, path in files.parts if kind not in (*LAST, ANNOTATED)]
            if not paths:
                continue
            text = f"""SELECT {number}, CASE WHEN source IN (key, '') THEN NULL ELSE source END, kind, key, "order", number, data
                FROM read_parquet(?)"""
            with connect(engine.folder) as connection:
                for batch in connection.sql(text, params=[paths]).to_arrow_reader(_BATCH):
                    columns = (column.to_pylist() for column in batch.columns)
                    self._db.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)", zip(*columns, strict=True))
        self._db.executescript(_INDEXES)
        self._db.execute("BEGIN")

    def documents(self) -> dict[str, str]:
        """Return the digests of the documents by their ids."""
        return dict(self._db.execute("SELECT id, digest FROM documents"))

    def set_documents(self, digests: Mapping[str, str]) -> None:
        """Keep the digests of the documents."""
        self._db.execute("DELETE FROM documents")
        self._db.executemany("INSERT INTO documents VALUES (?, ?)", sorted(digests.items()))

    def steps(self) -> dict[str, int]:
        """Return the numbers of the steps by their names."""
        return dict(self._db.execute("SELECT name, number FROM steps"))

    def add_step(self, name: str) -> int:
        """Return the number of a new step."""
        return int(self._db.execute("INSERT INTO steps (name) VALUES (?) RETURNING number", (name,)).fetchone()[0])

    def remove_step(self, number: int) -> None:
        """Forget a step and its rows."""
        self._db.execute("DELETE FROM rows WHERE step = ?", (number,))
        self._db.execute("DELETE FROM steps WHERE number = ?", (number,))

    def keys(self, step: int, kinds: tuple[str, ...] | None) -> Iterator[str]:
        """Yield the keys of the rows of a step, of some ``kinds`` or all."""
        where, values = _of_kinds(kinds)
        yield from (key for (key,) in self._db.execute(f"SELECT DISTINCT key FROM rows WHERE step = ? {where}", (step, *values)))

    def group(self, step: int, kinds: tuple[str, ...] | None, key: str) -> Iterator[Row]:
        """Yield the rows of one key, as they come."""
        where, values = _of_kinds(kinds)
        text = f"SELECT kind, key, place, number, data FROM rows WHERE step = ? AND key = ? {where}"
        yield from map(_row, self._db.execute(text, (step, key, *values)))

    def all(self, step: int, kinds: tuple[str, ...] | None) -> Iterator[Row]:
        """Yield all rows of a step, sorted by key, order and number."""
        where, values = _of_kinds(kinds)
        text = f"SELECT kind, key, place, number, data FROM rows WHERE step = ? {where} ORDER BY key, place, number"
        yield from map(_row, self._db.execute(text, (step, *values)))

    def made(self, step: int, source: str) -> list[Kept]:
        """Return the rows that a group has made."""
        text = "SELECT kind, key, place, number, data FROM rows WHERE step = ? AND"
        own = self._db.execute(f"{text} key = ? AND source IS NULL", (step, source)).fetchall()
        return own + self._db.execute(f"{text} source = ?", (step, source)).fetchall()

    def replace(self, step: int, source: str, rows: Iterable[Kept]) -> None:
        """Put ``rows`` in the place of those that a group has made."""
        self._db.execute("DELETE FROM rows WHERE step = ? AND key = ? AND source IS NULL", (step, source))
        self._db.execute("DELETE FROM rows WHERE step = ? AND source = ?", (step, source))
        made = ((step, None if row[1] == source else source, *row) for row in rows)
        self._db.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)", made)


def _of_kinds(kinds: tuple[str, ...] | None) -> tuple[str, tuple[str, ...]]:
    return ("", ()) if kinds is None else (f"AND kind IN ({', '.join('?' * len(kinds))})", kinds)


def _row(values: tuple[str, str, str, int, bytes | None]) -> Row:
    kind, key, order, number, data = values
    return Row(kind, key, order, number, None if data is None else _Values(io.BytesIO(data)).load())


class _Values(pickle.Unpickler):
    """Reads the program's plain values and nothing else: the file lies in a folder that others may have written."""

    def find_class(self, module: str, name: str) -> Any:
        found = VALUES.get((module, name))
        if found is None:
            raise InputError(f"the memory of the last build holds a {module}.{name}, which no build keeps")
        return found
