"""What the workers write by themselves: the tables as Parquet parts, and the triples of ``graph.ttl`` as N-Triples parts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from pyoxigraph import RdfFormat, serialize

from kg.export.rdf import Block, Names, Remembered, document_block, entity_block, ontology_blocks, triples
from kg.flow.packs import pack_of
from kg.flow.plan import Resolved
from kg.flow.records import KINDS, record_of
from kg.flow.rows import Data, Row
from kg.flow.tables import data_of
from kg.graph import NodeRecord, document_record
from kg.spark.engine import SparkEngine, rows_of
from kg.store.schema import COLUMNS
from kg.store.writing import batches

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_TYPES = {
    "string": "string",
    "json": "string",
    "int64": "bigint",
    "double": "double",
    "bool": "boolean",
    "list<string>": "array<string>",
    "list<int64>": "array<bigint>",
}
_LINES = 20_000


def write_tables(engine: SparkEngine, annotated: Data, resolved: Resolved, folder: str) -> None:
    """Write each table into ``folder/TABLE.parquet/``: sorted parts, which ``kg.store`` reads in the order of their names."""
    for table in ("documents", *KINDS):
        data = annotated if table == "documents" else data_of(resolved, table)
        schema = ", ".join(f"`{name}` {_TYPES[kind]}" for name, kind in COLUMNS[table].items())
        rows = engine.frame((data,)).repartitionByRange("key").sortWithinPartitions("key", "order", "number")
        rows.mapInArrow(partial(_as_table, table), schema).write.parquet(f"{folder}/{table}.parquet")


def _as_table(table: str, parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    frames = (part.to_pandas() for part in parts)
    return batches(table, (record_of(table, row) for row in rows_of(frames)))


def write_ntriples(engine: SparkEngine, annotated: Data, resolved: Resolved, folder: str, *, pack: str, base_iri: str) -> None:
    """Write the triples of ``graph.ttl`` into ``folder``, each once, in parts without an order."""
    ontology = engine.given([Row("ontology", "")])
    rows = engine.frame((resolved.entities.only("entity"), resolved.facts.only("fact"), annotated, ontology))
    rows.mapInPandas(partial(_triples, pack, base_iri), "value string").write.text(folder)


def _triples(pack: str, base_iri: str, parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    import pandas as pd

    names = Names(base_iri)
    terms, iris = Remembered(names.kgo), Remembered(names.entity)

    def blocks(row: Row) -> Iterator[Block]:
        if row.kind == "entity":
            yield entity_block(row.key, cast(NodeRecord, row.data), (), terms, iris)
        elif row.kind == "fact":
            yield Block(iris[row.data["subject"]], [(terms[row.data["predicate"]], iris[row.data["object"]])])
        elif row.kind == "ontology":
            yield from ontology_blocks(pack_of(pack)[0], names)
        else:
            yield document_block(document_record(row.data[0]), names)

    lines: list[str] = []
    for row in rows_of(parts):
        text = serialize(triples(blocks(row)), format=RdfFormat.N_TRIPLES)
        assert text is not None
        lines += text.decode("utf-8").rstrip("\n").split("\n")
        if len(lines) > _LINES:
            yield pd.DataFrame({"value": lines})
            lines = []
    yield pd.DataFrame({"value": lines}, dtype="str")
