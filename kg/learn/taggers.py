"""Fits the two taggers, chain and network, for each fold and for all documents, in several processes where there are cores.

Each process sums on one thread, so that the sums come in one order and the models do not depend on the number of processes.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kg.extract.analysis import Resources
from kg.extract.crf import Chain
from kg.learn.train import Lesson, fit_tagger, lesson, tagging_material
from kg.model import Annotation, Document
from kg.ontology import Ontology, types

COPIES = 2
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


def fit_taggers(
    lessons: Sequence[Lesson], groups: Sequence[Sequence[int]], school: School, *, say: Callable[[str], None]
) -> Iterator[tuple[Chain, bytes]]:
    """Yield for each group of lessons (their numbers) the chain and the network, as an ONNX file, that were fitted on it."""
    with _single_threaded():
        pool = ProcessPoolExecutor(
            max(1, min(school.jobs, len(groups))), multiprocessing.get_context("spawn"), _begin,
            (school.pack_dir, [(item.document, item.gold) for item in lessons]),
        )  # fmt: skip
        try:
            running = [pool.submit(_fit, list(group)) for group in groups]
            for number, future in enumerate(running):
                say(f"taggers: {number} of {len(groups)} fitted")
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


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
    """Load in a process what every group needs."""
    global _school
    from kg.extract.extractor import pack_resources
    from kg.ontology import load_ontology

    ontology = load_ontology(pack_dir)
    _school = School(pack_dir, pack_resources(pack_dir, ontology), ontology)
    _lessons.extend(lesson(document, gold, _school.pack) for document, gold in material)


def _fit(group: Sequence[int]) -> tuple[Chain, bytes]:
    from kg.learn.network import fit_network, known_characters, rounds, windows

    assert _school is not None
    chosen = [_lessons[at] for at in group]
    kinds = types(_school.ontology)
    plain, *copies = tagging_material(chosen, _school.pack, kinds, copies=COPIES)
    chain = fit_tagger([*plain, *copies[0]], _school.pack, kinds)
    known = known_characters([item.document.text for item in chosen])
    numbers = {character: at for at, character in enumerate(known, 1)}
    read = [[w for reading, gold in part for w in windows(reading, gold, chain.labels, numbers)] for part in (plain, *copies)]
    return chain, fit_network(list(rounds(read[0], read[1:])), known, chain.labels)
