"""The engine of one machine: data sets are Parquet files, DuckDB sorts them, processes run the steps.

Memory does not grow with the corpus: DuckDB sorts on disk what exceeds its share, and a step holds one group at a time.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count, groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from kg.flow.packing import packed, unpacked
from kg.flow.records import KINDS, TABLE_OF, record_of
from kg.flow.rows import Data, Grouper, Row, step_name
from kg.store.reading import file_list
from kg.store.schema import COLUMNS, ORDER, arrow_schema
from kg.store.writing import COPYING, batches, write_table
from kg.workers import begin_worker

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY = "300MB"
"""What DuckDB may take in each process before it sorts on disk."""

_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Files:
    """A data set: ``(kind, file)`` pairs, sorted."""

    parts: tuple[tuple[str, str], ...]

    def only(self, *kinds: str) -> Files:
        """Return the rows of these kinds."""
        return Files(tuple(part for part in self.parts if part[0] in kinds))


class DuckEngine:
    """Runs steps in ``jobs`` processes on files in ``folder``, which is the caller's to remove."""

    def __init__(self, folder: Path, *, jobs: int = 1) -> None:
        """Begin without data."""
        self.folder = folder
        self._jobs = jobs
        self._names = count()
        self.steps: list[tuple[str, Files]] = []
        """What was made, in its order: names (see ``step_name``) and data sets."""
        # spawn: see kg.workers
        self._pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), begin_worker) if jobs > 1 else None

    def __enter__(self) -> DuckEngine:
        """Return the engine, whose processes end with the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the processes and close the database of this one."""
        self._end()

    def given(self, rows: Iterable[Row]) -> Files:
        """Write ``rows`` as they come."""
        return self._made(None, _write((("", row) for row in rows), self.folder, next(self._names)))

    def grouped(self, data: Iterable[Data], step: Grouper) -> Files:
        """Run ``step`` on the groups of each of as many parts as there are processes."""
        paths = _paths(data)
        tasks = [(paths, step, self.folder, next(self._names), part, self._jobs) for part in range(self._jobs)]
        done = map(_run_part, tasks) if self._pool is None else self._pool.map(_run_part, tasks)
        return self._made(step, Files(tuple(sorted(chain.from_iterable(files.parts for files in done)))))

    def united(self, data: Iterable[Data]) -> Files:
        """Return several data sets as one."""
        return Files(tuple(sorted(chain.from_iterable(_files(one).parts for one in data))))

    def collected(self, data: Data) -> Iterator[Row]:
        """Yield all rows, sorted by key, order and number."""
        return _sorted_rows(_paths((data,)), self.folder, part=0, parts=1)

    def write_tables(self, wanted: Iterable[tuple[str, Data, Path]]) -> None:
        """Write tables, each of which is a name, the rows it is made of, and a file; no step may run after."""
        tasks = [(table, _paths((data,)), path, self.folder) for table, data, path in wanted]
        for _ in map(_write_sorted, tasks) if self._pool is None else self._pool.map(_write_sorted, tasks):
            pass
        self._end()

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        _database.cache_clear()

    def _made(self, step: Grouper | None, files: Files) -> Files:
        self.steps.append((step_name(len(self.steps), step), files))
        return files


def _files(data: Data) -> Files:
    assert isinstance(data, Files)
    return data


def _paths(data: Iterable[Data]) -> list[str]:
    return sorted({path for one in data for _, path in _files(one).parts})


def _run_part(task: tuple[list[str], Grouper, Path, int, int, int]) -> Files:
    paths, step, folder, name, part, parts = task
    return _write(_stepped(paths, step, folder, part, parts), folder, name)


def _write_sorted(task: tuple[str, list[str], Path, Path]) -> None:
    """Write the rows in the files ``paths`` as a table; records are sorted without becoming values of Python again."""
    table, paths, path, folder = task
    if table not in KINDS or not paths:
        write_table(table, (record_of(table, row) for row in _sorted_rows(paths, folder, part=0, parts=1)), path)
        return
    names = ", ".join(f'"{name}"' for name in COLUMNS[table])
    order = ", ".join(ORDER[table])
    text = f"SELECT {names} FROM read_parquet({file_list(paths)}) ORDER BY {order}"
    with connect(folder) as connection:
        connection.execute(f"COPY ({text}) TO {file_list([str(path)])[1:-1]} {COPYING}")


def _stepped(paths: list[str], step: Grouper, folder: Path, part: int, parts: int) -> Iterator[tuple[str, Row]]:
    """Yield the rows that ``step`` makes, each with the key of its group."""
    for key, rows in groupby(_sorted_rows(paths, folder, part=part, parts=parts), key=itemgetter(1)):
        for row in step(key, rows):
            yield key, row


def _sorted_rows(paths: list[str], folder: Path, *, part: int, parts: int) -> Iterator[Row]:
    if not paths:
        return
    with connect(folder) as connection:
        where = f"WHERE hash(key) % {parts} = {part}" if parts > 1 else ""
        text = f'SELECT kind, key, "order", number, data FROM read_parquet(?) {where} ORDER BY key, "order", number'
        for batch in connection.sql(text, params=[paths]).to_arrow_reader(_BATCH):
            *columns, data = (column.to_pylist() for column in batch.columns)
            values = (None if one is None else unpacked(one) for one in data)  # one document at a time
            yield from map(Row._make, zip(*columns, values, strict=True))


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection to a database in memory that sorts in ``folder`` what exceeds ``MEMORY``, with one thread."""
    return _database(folder).cursor()


@lru_cache(maxsize=1)  # a process serves one build at a time; to open a database takes as long as to sort a thousand rows
def _database(folder: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    where = str(folder / "sorting")
    options: dict[str, str | bool | int | float | list[str]] = {"memory_limit": MEMORY, "threads": 1, "temp_directory": where}
    return duckdb.connect(config=options | {"preserve_insertion_order": False, "enable_external_file_cache": False})


def _schema() -> pa.Schema:
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("source", "kind", "key", "order")]
    return pa.schema([*texts, ("number", pa.int64()), ("data", pa.binary())])


def _write(rows: Iterable[tuple[str, Row]], folder: Path, name: int) -> Files:
    """Write rows as they come, each after the key of the group that gave it, those of one kind into one file.

    Rows of tables are written as their records, since no step reads them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema()
    writers: dict[str, pq.ParquetWriter] = {}
    waiting: dict[str, list[tuple[str, Row]]] = {}
    paths: dict[str, str] = {}

    def write(kind: str) -> None:
        table = TABLE_OF.get(kind)
        if kind not in writers:
            paths[kind] = str(folder / f"{name:05d}-{kind}.parquet")
            writers[kind] = pq.ParquetWriter(paths[kind], arrow_schema(table) if table else schema, compression="zstd")
        sources, rows = zip(*waiting.pop(kind), strict=True)
        if table:
            for batch in batches(table, (record_of(table, row) for row in rows)):
                writers[kind].write_batch(batch)
            return
        *columns, data = zip(*rows, strict=True)
        values = [sources, *columns, [None if one is None else packed(one) for one in data]]
        arrays = [pa.array(column, type_) for column, type_ in zip(values, schema.types, strict=True)]
        writers[kind].write_batch(pa.record_batch(arrays, schema=schema))

    try:
        for source, row in rows:
            rows_of_kind = waiting.get(row[0])
            if rows_of_kind is None:
                rows_of_kind = waiting[row[0]] = []
            rows_of_kind.append((source, row))
            if len(rows_of_kind) >= _BATCH:
                write(row[0])
        for kind in list(waiting):
            write(kind)
    finally:
        for writer in writers.values():
            writer.close()
    return Files(tuple(sorted(paths.items())))
