"""Which engine brings together what the documents say: in memory, in DuckDB on disk, or on Spark, with the same result."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from kg.errors import InputError
from kg.graph import Graph, build_graph
from kg.model import Annotation, Document
from kg.resolve import resolve

if TYPE_CHECKING:
    from kg.flow.rows import Engine
    from kg.ontology import Ontology
    from kg.registry import Registry

ENGINES = ("auto", "memory", "duckdb", "spark")

HELD = 1_500_000
"""Characters of documents up to which ``auto`` keeps the graph in memory: about 0.5 GB."""


class Known(NamedTuple):
    """A domain pack: loaded, and its folder, from which other processes load it."""

    ontology: Ontology
    registry: Registry
    pack: Path


@contextmanager
def graph_of(
    documents: Sequence[Document],
    annotations: Mapping[str, Annotation],
    known: Known,
    *,
    scratch: Path,
    engine: str = "auto",
    jobs: int = 1,
) -> Iterator[Graph]:
    """Give the graph of ``documents``: a networkx graph, or one that streams from tables (see ``kg.graph.Streamed``).

    Args:
        documents: with an annotation each.
        annotations: by the ids of documents.
        known: the domain pack.
        scratch: a folder to make, for the tables and for sorting; it is gone when the block ends.
        engine: one of ``ENGINES``; ``auto`` is memory for a small corpus and duckdb for others.
        jobs: processes of duckdb, or threads of a Spark session of this machine.

    Raises:
        InputError: There is no such engine, or Spark does not start.
        AnnotationError: An annotation does not fit its document.
    """
    if engine not in ENGINES:
        raise InputError(f"unknown engine {engine!r}; known are {', '.join(ENGINES)}")
    if engine == "auto":
        engine = "memory" if sum(len(document.text) for document in documents) <= HELD else "duckdb"
    if engine == "memory":
        said = [annotations[document.id] for document in documents]
        yield build_graph(resolve(documents, said, ontology=known.ontology, registry=known.registry), known.ontology)
        return
    scratch.mkdir()
    try:
        pairs = [(document, annotations[document.id]) for document in documents]
        if engine == "duckdb":
            from kg.flow.duck import DuckEngine

            with DuckEngine(scratch, jobs=jobs) as duck:
                _write(duck, pairs, str(known.pack), scratch / "tables")
        else:
            from kg.spark.engine import SparkEngine, session

            spark = SparkEngine(session(master=f"local[{jobs}]"), str(scratch / "rows"))
            _write(spark, pairs, spark.sent(known.pack), scratch / "tables")
        from kg.store import open_tables

        yield cast(Graph, open_tables(scratch / "tables", scratch=scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write(engine: Engine, pairs: Sequence[tuple[Document, Annotation]], pack: str, tables: Path) -> None:
    from kg.flow.claiming import annotated
    from kg.flow.plan import resolve_rows
    from kg.flow.tables import write_tables

    rows = engine.given(annotated(document, annotation) for document, annotation in pairs)
    write_tables(engine, rows, resolve_rows(engine, rows, pack=pack), tables)
