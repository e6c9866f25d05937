"""Extraction over many documents: in this process, or in several, with the same result in the same order.

A document whose extraction fails, or kills its process, becomes a ``Problem``; the others go on. Documents are taken as they are
needed, so that no more than some dozens wait in memory.
"""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import KgError
from kg.model import Annotation, Document
from kg.read import Problem

if TYPE_CHECKING:
    from kg.extract import Extractor

_CHUNK = 8  # documents sent to a process at a time: few enough to balance, many enough to keep it busy
_CHARACTERS = 20_000  # the same for long documents; and so few in all are not worth another process
_AHEAD = 3  # chunks that wait for each process
_DEATHS = 3  # documents in a row that kill a fresh process: it is not the documents

_loaded: Extractor | KgError | None = None  # one per worker process, loaded once


def annotate_each(
    documents: Iterable[Document], *, pack: Path, model: str = "fast", jobs: int = 1
) -> Iterator[Annotation | Problem]:
    """Yield the annotation of each document, in their order, from ``jobs`` processes.

    Nothing is loaded where there is no document, and no process is started for a few short ones.

    Raises:
        PackError: The pack or its model cannot be loaded.
        KgError: Worker processes die whatever the document.
    """
    documents = iter(documents)
    first = next(_chunks(documents), [])
    if not first:
        return
    rest = itertools.chain(first, documents)
    if jobs <= 1 or (len(first) < _CHUNK and sum(len(d.text) for d in first) < _CHARACTERS):
        from kg.extract import load_extractor

        extractor = load_extractor(pack, model=model)
        for document in rest:
            yield annotation_or_problem(document, extractor)
    else:
        yield from _in_processes(rest, _Team(pack, model, jobs))


def _chunks(documents: Iterator[Document]) -> Iterator[list[Document]]:
    """Yield the documents a few at a time."""
    chunk: list[Document] = []
    size = 0
    for document in documents:
        chunk.append(document)
        size += len(document.text)
        if len(chunk) >= _CHUNK or size >= _CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


class _Team:
    """How to start worker processes."""

    def __init__(self, pack: Path, model: str, jobs: int) -> None:
        self.pack, self.model, self.jobs = pack, model, jobs

    def start(self, jobs: int) -> ProcessPoolExecutor:
        # spawn: a forked copy of ONNX Runtime's threads does not work
        return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _load, (self.pack, self.model))


def _in_processes(documents: Iterator[Document], team: _Team) -> Iterator[Annotation | Problem]:
    chunks = _chunks(documents)
    waiting: deque[tuple[list[Document], Future[list[Annotation | Problem]] | None]] = deque()
    more = True
    while more:
        pool = team.start(team.jobs)
        try:
            while True:
                while more and len(waiting) < team.jobs * _AHEAD:
                    chunk = next(chunks, None)
                    more = chunk is not None
                    if chunk is not None:
                        waiting.append((chunk, None))  # first here: the pool may be found broken
                        waiting[-1] = (chunk, pool.submit(_annotate_chunk, chunk))
                if not waiting:
                    return
                future = waiting[0][1]
                done = future.result() if future else []
                waiting.popleft()
                yield from done
        except BrokenProcessPool:
            for chunk, _ in waiting:
                yield from _one_by_one(chunk, team)
            waiting.clear()
        finally:
            pool.shutdown(cancel_futures=True)


def _one_by_one(documents: list[Document], team: _Team) -> Iterator[Annotation | Problem]:
    """Annotate documents among which one kills its process, so that it costs no other."""
    deaths = 0
    pool = team.start(1)
    try:
        for document in documents:
            try:
                yield from pool.submit(_annotate_chunk, [document]).result()
                deaths = 0
            except BrokenProcessPool as error:
                deaths += 1
                if deaths == _DEATHS:
                    raise KgError("worker processes die (out of memory?); try fewer --jobs") from error
                yield Problem(document.path, "extraction failed: its process was killed (out of memory?)")
                pool = team.start(1)
    finally:
        pool.shutdown(cancel_futures=True)


def collect_seldom() -> None:
    """Let Python look for circles of dead objects a hundred times less often; that took a sixth of a build, which makes none."""
    gc.set_threshold(70_000, 20, 20)


def begin_worker() -> None:
    """Let this worker process end with the one that started it: on a kill, too, and not before it on Ctrl-C."""
    collect_seldom()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        assert parent is not None
        parent.join()
        os._exit(1)

    if parent is not None:
        threading.Thread(target=watch, daemon=True).start()


def _load(pack: Path, model: str) -> None:
    global _loaded
    from kg.extract import load_extractor

    begin_worker()
    try:
        _loaded = load_extractor(pack, model=model)
    except KgError as error:  # raised here it would only break the pool; _annotate_chunk sends it where it can be read
        _loaded = error


def _annotate_chunk(documents: list[Document]) -> list[Annotation | Problem]:
    if isinstance(_loaded, KgError):
        raise _loaded
    assert _loaded is not None
    return [annotation_or_problem(document, _loaded) for document in documents]


def annotation_or_problem(document: Document, extractor: Extractor) -> Annotation | Problem:
    """Return the annotation of a document, or what went wrong with it."""
    from kg.extract import annotate

    try:
        return annotate(document, extractor)
    except Exception as error:  # whatever goes wrong in one document must not cost the others; it is reported, not hidden
        return Problem(document.path, f"extraction failed: {type(error).__name__}: {error}")
