"""Extraction over many documents: in this process, or in several, with the same result in the same order.

A document whose extraction fails becomes a ``Problem``; the others go on.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import KgError
from kg.model import Annotation, Document
from kg.read import Problem

if TYPE_CHECKING:
    from kg.extract import Extractor

_CHUNK = 8  # documents sent to a process at a time: few enough to balance, many enough to keep it busy

_extractor: Extractor | None = None  # one per worker process, loaded once


def annotate_each(
    documents: Sequence[Document], *, pack: Path, model: str = "fast", jobs: int = 1
) -> Iterator[Annotation | Problem]:
    """Yield the annotation of each document, in their order, from ``jobs`` processes.

    Raises:
        PackError: The pack or its model cannot be loaded.
        KgError: A worker process was killed.
    """
    if not documents:
        return
    if jobs <= 1 or len(documents) == 1:
        from kg.extract import load_extractor

        extractor = load_extractor(pack, model=model)
        for document in documents:
            yield _annotate(document, extractor)
        return
    # spawn: a forked copy of ONNX Runtime's threads does not work
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(documents)), context, _load, (pack, model)) as pool:
        try:
            yield from pool.map(_annotate_here, documents, chunksize=_CHUNK)
        except BrokenProcessPool as error:
            raise KgError("a worker process died (out of memory?); try fewer --jobs") from error


def _load(pack: Path, model: str) -> None:
    global _extractor
    from kg.extract import load_extractor

    _extractor = load_extractor(pack, model=model)


def _annotate_here(document: Document) -> Annotation | Problem:
    assert _extractor is not None
    return _annotate(document, _extractor)


def _annotate(document: Document, extractor: Extractor) -> Annotation | Problem:
    from kg.extract import annotate

    try:
        return annotate(document, extractor)
    except Exception as error:  # whatever goes wrong in one document must not cost the others; it is reported, not hidden
        return Problem(document.path, f"extraction failed: {type(error).__name__}: {error}")
