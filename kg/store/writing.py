"""Records → tables, a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import graph as kgraph
from kg.store.schema import COLUMNS, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

CONTEXT = 16
"""Code points of text before and after a sentence."""

_BATCH = 4096
_ROW_GROUP = 16 * _BATCH

COPYING = f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {5 * _BATCH})"
"""How DuckDB writes a table: it holds a group of rows in memory, which with its own size takes 80 MB more."""


def write_table(table: str, records: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Write sorted ``records`` of a table into one Parquet file and return their number; the same records give the same bytes."""
    import pyarrow.parquet as pq

    count = 0
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


def records_of(graph: kgraph.Graph) -> dict[str, Iterator[dict[str, Any]]]:
    """Return the rows of each table for a graph in memory."""
    return {
        "documents": (dict(document) for document in kgraph.documents(graph)),
        "entities": (
            {"id": id_, **record, "degree": kgraph.degree(graph, id_, record), "mentions": len(record["mentions"])}
            for id_, record in kgraph.entities(graph)
        ),
        "mentions": (
            {"entity": id_, "number": number, **mention, "date": kgraph.date_of(graph, mention)}
            for id_, record in kgraph.entities(graph)
            for number, mention in enumerate(record["mentions"])
        ),
        "facts": (
            {"id": e.id, "subject": e.subject, "object": e.object, **e.record, "statements": len(e.record["evidence"])}
            for e in kgraph.facts(graph)
        ),
        "evidence": (row for edge in kgraph.facts(graph) for row in _statements(graph, edge)),
        "merges": _merges(graph),
    }


def _statements(graph: kgraph.Graph, edge: kgraph.Edge) -> Iterator[dict[str, Any]]:
    for number, record in enumerate(edge.record["evidence"]):
        before, after = kgraph.around(graph, record, CONTEXT)
        yield {
            "fact": edge.id,
            "number": number,
            **record,
            "date": kgraph.date_of(graph, record),
            "before": before,
            "after": after,
        }


def _merges(graph: kgraph.Graph) -> Iterator[dict[str, Any]]:
    for entity, group in groupby(kgraph.merges(graph), key=lambda merge: merge["entity"]):
        yield from ({**merge, "entity": entity, "number": number} for number, merge in enumerate(group))
