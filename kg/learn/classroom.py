"""Processes that hold the annotated documents, so that what is fitted on parts of them can be fitted at the same time.

Each process sums on one thread, so that the sums come in one order and the models do not depend on the number of processes.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kg.extract.analysis import Resources
from kg.learn.train import Lesson, lesson
from kg.model import Annotation, Document
from kg.ontology import Ontology

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

_lessons: list[Lesson] = []
_school: School | None = None


@dataclass(frozen=True, slots=True)
class School:
    """The pack that is trained: its folder, words and ontology, and the number of processes."""

    pack_dir: Path
    pack: Resources
    ontology: Ontology
    jobs: int = 1


@contextmanager
def classroom(lessons: Sequence[Lesson], school: School) -> Iterator[ProcessPoolExecutor]:
    """Open processes in which ``present`` gives the lessons and the school."""
    with _single_threaded():
        pool = ProcessPoolExecutor(
            max(1, school.jobs), multiprocessing.get_context("spawn"), _begin,
            (school.pack_dir, [(item.document, item.gold) for item in lessons]),
        )  # fmt: skip
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def present() -> tuple[list[Lesson], School]:
    """The lessons and the school of this process."""
    assert _school is not None, "only a process of a classroom has lessons"
    return _lessons, _school


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Let processes that are started meanwhile calculate on one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin(pack_dir: Path, material: Sequence[tuple[Document, Annotation]]) -> None:
    """Load in a process what every group of lessons needs."""
    global _school
    from kg.extract.extractor import pack_resources
    from kg.ontology import load_ontology

    ontology = load_ontology(pack_dir)
    _school = School(pack_dir, pack_resources(pack_dir, ontology), ontology)
    _lessons.extend(lesson(document, gold, _school.pack) for document, gold in material)
