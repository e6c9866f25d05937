"""Extraction on Spark: each Python worker loads the model once, whatever number of documents it reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from kg.flow.claiming import annotated
from kg.flow.packs import located
from kg.flow.rows import Row
from kg.read import Problem
from kg.workers import annotation_or_problem

if TYPE_CHECKING:
    from kg.extract import Extractor
    from kg.spark.engine import Frames, SparkEngine

DOCUMENT = "document"
"""Rows with a document's id as key and the document as data."""


def extracted(engine: SparkEngine, documents: Frames, *, pack: str, model: str) -> Frames:
    """Return an ``annotated`` row for each document, or a ``problem`` with its reason."""
    return engine.mapped(documents, partial(_annotate, pack=pack, model=model))


def _annotate(rows: Iterator[Row], *, pack: str, model: str) -> Iterator[Row]:
    extractor = None
    for row in rows:
        extractor = extractor or _extractor(pack, model)  # not where a part is empty
        found = annotation_or_problem(row.data, extractor)
        yield Row("problem", row.key, data=found) if isinstance(found, Problem) else annotated(row.data, found)


@lru_cache(maxsize=1)
def _extractor(pack: str, model: str) -> Extractor:
    from kg.extract import load_extractor

    return load_extractor(located(pack), model=model)
