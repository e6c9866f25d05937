"""Records → tables, a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.store.schema import COLUMNS, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 4096
_ROW_GROUP = 16 * _BATCH


def write_table(table: str, records: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Write sorted ``records`` of a table into one Parquet file and return their number; the same records give the same bytes."""
    import pyarrow.parquet as pq

    count = 0
    # Statistics serve readers that look for one id; the writer's own version must not enter the file's bytes through a clock.
    with pq.ParquetWriter(path, arrow_schema(table), compression="zstd") as writer:
        for batch in batches(table, records):
            writer.write_batch(batch, row_group_size=_ROW_GROUP)
            count += batch.num_rows
    return count


def batches(table: str, records: Iterable[Mapping[str, Any]]) -> Iterator[pa.RecordBatch]:
    """Yield records of a table as Arrow; attributes become JSON."""
    import pyarrow as pa

    schema = arrow_schema(table)
    columns = COLUMNS[table]
    waiting = iter(records)
    while rows := list(islice(waiting, _BATCH)):
        arrays = []
        for name, kind in columns.items():
            values = [row[name] for row in rows]
            if kind == "json":
                values = [json.dumps(value, ensure_ascii=False) for value in values]
            arrays.append(pa.array(values, schema.field(name).type))
        yield pa.record_batch(arrays, schema=schema)
