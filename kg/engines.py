"""Which engine brings together what the documents say: in memory, in DuckDB on disk, or on Spark, with the same result."""

from __future__ import annotations

import os
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
    from kg.flow.recalling import Last
    from kg.ontology import Ontology
    from kg.registry import Registry

ENGINES = ("auto", "memory", "duckdb", "spark")

HELD = 1_500_000
"""Characters of documents up to which ``auto`` keeps the graph in memory: about 0.5 GB."""

SHARE = 0.1
"""Share of the documents up to which changes are brought into what the last build left; beyond, all is resolved anew."""


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
    last: Last | None = None,
) -> Iterator[Graph]:
    """Give the graph of ``documents``: a networkx graph, or one that streams from tables (see ``kg.graph.Streamed``).

    Args:
        documents: with an annotation each.
        annotations: by the ids of documents.
        known: the domain pack.
        scratch: a folder to make, for the tables and for sorting; it is gone when the block ends.
        engine: one of ``ENGINES``; ``auto`` is memory for a small corpus and duckdb for others.
        jobs: processes of duckdb, or threads of a Spark session of this machine.
        last: what the last build has left to duckdb, and where this one leaves the same.

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
        if engine == "duckdb":
            from kg.flow.packs import hold_pack

            hold_pack(str(known.pack), known.ontology, known.registry)
            _in_duckdb(documents, annotations, str(known.pack), scratch, jobs=jobs, last=last)
        else:
            _on_spark(documents, annotations, known.pack, scratch, jobs=jobs)
        del documents, annotations  # the tables hold them; this frame would, too, until all files are written
        from kg.store import open_tables

        yield cast(Graph, open_tables(scratch / "tables", scratch=scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _in_duckdb(
    documents: Sequence[Document],
    annotations: Mapping[str, Annotation],
    pack: str,
    scratch: Path,
    *,
    jobs: int,
    last: Last | None,
) -> None:
    """Write the tables, from those of the last build where few documents have changed since."""
    from kg.flow.memory import Memory
    from kg.flow.recalling import leave

    if last is None or not _brought_on(documents, annotations, pack, scratch, last):
        from kg.flow.claiming import annotated
        from kg.flow.duck import DuckEngine
        from kg.flow.plan import resolve_rows
        from kg.flow.tables import write_tables

        with DuckEngine(scratch, jobs=jobs) as duck:
            rows = duck.given(annotated(document, annotations[document.id]) for document in documents)
            write_tables(duck, rows, resolve_rows(duck, rows, pack=pack), scratch / "tables")
            if last is not None:
                memory = Memory(scratch / "rows.sqlite")
                memory.fill(duck)
                memory.set_documents(last.digests)
                memory.close()
    if last is not None:
        leave(last, scratch)


def _brought_on(
    documents: Sequence[Document], annotations: Mapping[str, Annotation], pack: str, scratch: Path, last: Last
) -> bool:
    """Bring what the last build left to these documents; say whether there was anything, and little to do."""
    from kg.flow.claiming import annotated
    from kg.flow.memory import Memory
    from kg.flow.plan import resolve_rows
    from kg.flow.recalling import recalled
    from kg.flow.remembering import RememberingEngine
    from kg.flow.tables import patch_tables

    old = scratch / "last"
    by_id = {document.id: document for document in documents}
    done = False
    if recalled(last, old):
        memory = Memory(old / "rows.sqlite")
        engine = RememberingEngine(memory, last.digests, lambda id_: annotated(by_id[id_], annotations[id_]))
        if len(engine.documents) <= SHARE * len(documents):
            resolved = resolve_rows(engine, engine.given_documents(), pack=pack)
            engine.finish()
            patch_tables(engine, resolved, old / "tables", scratch / "tables")
            done = True
        memory.close()
        if done:
            os.replace(old / "rows.sqlite", scratch / "rows.sqlite")
    shutil.rmtree(old, ignore_errors=True)
    return done


def _on_spark(
    documents: Sequence[Document], annotations: Mapping[str, Annotation], pack: Path, scratch: Path, *, jobs: int
) -> None:
    from kg.flow.claiming import annotated
    from kg.flow.plan import resolve_rows
    from kg.flow.tables import write_tables
    from kg.spark.engine import SparkEngine, session

    spark = SparkEngine(session(master=f"local[{jobs}]"), str(scratch / "rows"))
    rows = spark.given(annotated(document, annotations[document.id]) for document in documents)
    write_tables(spark, rows, resolve_rows(spark, rows, pack=spark.sent(pack)), scratch / "tables")
