"""A build in which no document passes through the driver: a table of texts in, tables and N-Triples out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.errors import InputError
from kg.flow.claiming import ANNOTATED
from kg.flow.plan import resolve_rows
from kg.flow.rows import Row
from kg.formats.contents import Content
from kg.model import Document
from kg.naming import check_base_iri
from kg.read import Problem, document_of
from kg.spark.engine import SCHEMA, Frames, SparkEngine, batched
from kg.spark.extracting import DOCUMENT, extracted
from kg.spark.writing import write_ntriples, write_tables

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import SparkSession

PARTITION = 4000
"""Documents of one partition: about a minute of extraction, and few enough that a lost machine costs little."""


class Done(NamedTuple):
    """What a build on Spark did; ``problems`` are ``(document, reason)`` pairs."""

    documents: int
    problems: tuple[tuple[str, str], ...]


def build_on_spark(
    spark: SparkSession, source: str, out: str, *, pack: Path, base_iri: str, model: str = "fast", partition: int = PARTITION
) -> Done:
    """Build from ``source`` into ``out``, two addresses that all machines see: ``out/tables/`` and ``out/graph.nt/``.

    Args:
        spark: the session.
        source: Parquet or JSON lines with the columns ``id`` and ``text``, and ``title`` and ``date`` where there are any.
        out: must not exist; ``out/work/``, the rows between the steps, may be removed afterwards.
        pack: the domain pack, which is sent to all machines.
        base_iri: the prefix of all IRIs.
        model: as ``kg build`` has it.
        partition: documents of one partition.

    Raises:
        InputError: A column is missing, two documents have one id, or no document could be read.
    """
    check_base_iri(base_iri)
    engine = SparkEngine(spark, f"{out}/work")
    sent = engine.sent(pack)
    documents = _documents(engine, source, partition)
    found = engine.united([documents, extracted(engine, documents.only(DOCUMENT), pack=sent, model=model)])
    annotated = found.only(ANNOTATED)
    problems = tuple((row.key, row.data.message) for row in engine.collected(found.only("problem")))
    count = engine.frame((annotated,)).count()
    if not count:
        raise InputError(f"{source}: no document is left to build: {problems[:3]}")
    resolved = resolve_rows(engine, annotated, pack=sent)
    write_tables(engine, annotated, resolved, f"{out}/tables")
    write_ntriples(engine, annotated, resolved, f"{out}/graph.nt", pack=sent, base_iri=base_iri)
    return Done(count, problems)


def _documents(engine: SparkEngine, source: str, partition: int) -> Frames:
    read = engine.spark.read
    frame = read.json(source) if source.rstrip("/").endswith((".jsonl", ".json", ".ndjson")) else read.parquet(source)
    if missing := {"id", "text"} - set(frame.columns):
        raise InputError(f"{source}: has no column {min(missing)}; its columns are {', '.join(frame.columns)}")
    if twice := frame.groupBy("id").count().where("count > 1").head():
        raise InputError(f"{source}: {twice['count']} documents have the id {twice['id']!r}")
    chosen = frame.select(*(name for name in ("id", "text", "title", "date") if name in frame.columns))
    parts = max(1, -(-frame.count() // partition))
    return engine.written(chosen.repartition(parts, "id").mapInPandas(partial(_as_documents), SCHEMA))


def _as_documents(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    return batched(_as_row(record) for frame in frames for record in frame.to_dict("records"))


def _as_row(record: dict[Any, Any]) -> Row:
    id_, text = str(record["id"]), record["text"]
    if not isinstance(text, str) or not text.strip():
        return Row("problem", id_, data=Problem(id_, "is empty"))
    return Row(DOCUMENT, id_, data=_document(record))


def _document(record: dict[Any, Any]) -> Document:
    """Return a record of a table as a document; its own title and date go before what the text shows."""
    text, id_ = str(record["text"]), str(record["id"])
    title, date = (str(record[name]) if record.get(name) else None for name in ("title", "date"))
    return document_of(text.encode(), Content(text, title=title, date=date), document_id=id_, path=id_)
