"""The program in one function: documents → annotations → knowledge → graph → files."""

from __future__ import annotations

import gc
import multiprocessing
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.annotation import ANNOTATIONS, load_annotation
from kg.cache import FILE, FOLDER, Cache, Kept, fingerprint, program, trim
from kg.engines import Known, graph_of
from kg.errors import AnnotationError, InputError
from kg.export import DEFAULT_FORMATS, FORMATS
from kg.export.nodelink import read_graph
from kg.graph import streamed
from kg.last import LastBuild
from kg.model import Annotation, Document
from kg.naming import DEFAULT_BASE_IRI, check_base_iri
from kg.ontology import default_pack, load_ontology
from kg.read import Problem, read_corpus
from kg.registry import load_registry
from kg.report import make_report, report_text
from kg.swap import MARK, replaced
from kg.workers import annotate_each, begin_worker, collect_seldom

if TYPE_CHECKING:
    from kg.graph import Graph
    from kg.llm.run import Asker
    from kg.ontology import Ontology

Progress = Callable[[str, int, int], None]
"""Called with the stage (read, extract, resolve, export), how much of it is done and how much there is."""

SCRATCH, SCRATCH_FILE = ".rows", ".annotations"
"""What a build keeps in its new folder while it works."""

OURS = frozenset(name.split("/")[0] for files, _ in FORMATS.values() for name in files)
OURS |= {ANNOTATIONS, FOLDER, MARK, "report.html"}


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did; ``report`` is the content of ``report.json``.

    ``seconds`` are ``(stage, seconds)`` pairs: here and not in the file, because the same input must give the same bytes.
    ``unused`` are the corrected annotations that belong to no document of the input.
    """

    out: Path
    report: Mapping[str, Any]
    problems: tuple[Problem, ...]
    unused: tuple[str, ...]
    seconds: tuple[tuple[str, float], ...]


def build(
    inputs: Sequence[Path],
    out: Path,
    *,
    pack: Path | None = None,
    base_iri: str = DEFAULT_BASE_IRI,
    annotations_dir: Path | None = None,
    least: float = 0.0,
    jobs: int = 1,
    model: str = "fast",
    engine: str = "auto",
    cache: Path | bool = True,
    formats: Sequence[str] = DEFAULT_FORMATS,
    renderer: str = "auto",
    asker: Asker | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> BuildReport:
    """Build the knowledge graph of ``inputs`` (files and folders) into the folder ``out``, which is replaced as a whole.

    Documents that cannot be read or extracted are left out and listed. ``annotations_dir`` holds corrected annotations, named
    ``ID.json`` after the documents whose truth they are; those documents are not extracted. Neither are those that the last build
    into ``out`` or one that was killed has extracted, if text, model and pack are the same: ``cache`` may be a folder that keeps
    annotations for several outputs instead, or ``False``. Facts of a confidence below ``least`` are left out, but for those of
    corrected annotations. ``formats`` are names of ``kg.export.FORMATS``; ``renderer`` draws the page: vis, sigma or auto.
    ``engine`` is one of ``kg.engines.ENGINES``: where what documents say is brought together. ``asker`` is a language model that
    reads in the place of the embedded extractor, or after it.

    Raises:
        InputError: No document could be read, or ``out`` cannot be written.
        PackError: The domain pack is wrong.
        KgError: Another build is writing into ``out``, or the disk is full.
    """
    clock = _Clock()
    pack = pack or default_pack()
    ontology = load_ontology(pack)
    known = Known(ontology, load_registry(pack, ontology), pack)
    check_base_iri(base_iri)
    with replaced(out, ours=OURS) as folder, ExitStack() as stack:
        stack.callback(gc.set_threshold, *gc.get_threshold())
        collect_seldom()
        with clock("read"):
            documents, problems = read_corpus(inputs)
            progress("read", len(documents), len(documents))
        with clock("extract"):
            given, failed, unused = _corrected(documents, annotations_dir, ontology)
            rest = [d for d in documents if d.id not in given and d.path not in {p.path for p in failed}]
            kept = stack.enter_context(_kept(cache, out, folder, extractor=partial(fingerprint, pack, model=model)))
            context = f"{program(pack)} {least}" if cache is True else ""
            last = LastBuild(out, folder, context=context, keep=cache is True)
            found = Kept(kept)
            extractor = partial(annotate_each, pack=pack, model=model, jobs=jobs)
            more = _extracted(rest if asker is None or asker.hybrid else [], extractor, found, last, progress)
            cached = found.cached
            if asker is not None:
                answered, silent = asker(rest, found, progress)
                found, more = Kept.of(answered), more + silent
            found.hold(given)
            found.limit(least, but=given)
            problems += failed + more
            documents = [d for d in documents if d.id in found]
            if not documents:
                raise InputError("no document is left to build:\n" + "\n".join(f"{p.path}: {p.message}" for p in problems))
        with clock("resolve"):
            progress("resolve", 0, 1)
            last.note(documents, {d.id: found.digest(d) for d in documents}, corrected=given)
            made = graph_of(documents, found, known, scratch=folder / SCRATCH, engine=engine, jobs=jobs, last=last.resolution())
            graph = stack.enter_context(made)
            progress("resolve", 1, 1)
        with clock("export"):
            parts = last.tell(documents, found, corrected=given)
            numbers = {"corrected": len(given), "cached": cached}
            report = make_report(parts, graph, problems=problems, formats=formats, least=least, **numbers)
            (folder / MARK).write_text(report_text(report), encoding="utf-8", newline="\n")
            documents, rest, given, found, parts = [], [], {}, Kept(None), []  # the graph holds what its files need
            last.offer(graph)
            export(graph, ontology, folder, base_iri=base_iri, formats=formats, renderer=renderer, jobs=jobs, progress=progress)
    return BuildReport(out, report, tuple(problems), tuple(unused), tuple(clock.seconds.items()))


def export(
    graph: Graph,
    ontology: Ontology,
    folder: Path,
    *,
    base_iri: str,
    formats: Sequence[str] = DEFAULT_FORMATS,
    renderer: str = "auto",
    jobs: int = 1,
    progress: Progress = lambda stage, done, total: None,
) -> list[Path]:
    """Write ``graph`` into ``folder`` in each of ``formats`` and return the files.

    A graph that streams from tables is written by ``jobs`` processes, one format each.

    Raises:
        InputError: There is no such format.
    """
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"unknown format {name!r}; known are {', '.join(sorted(FORMATS))}")
    write = partial(_write_format, graph, ontology, folder, base_iri, renderer)
    with ExitStack() as stack:
        each: Iterator[list[Path]] = map(write, formats)
        if jobs > 1 and (stream := streamed(graph)):
            stream.rest()
            pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), begin_worker)
            each = stack.enter_context(pool).map(write, formats)
        files = []
        for i in range(len(formats)):
            progress("export", i, len(formats))
            files += next(each)
    progress("export", len(formats), len(formats))
    return files


def _write_format(graph: Graph, ontology: Ontology, folder: Path, base_iri: str, renderer: str, name: str) -> list[Path]:
    names, write = FORMATS[name]
    for file in names:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
    write(graph, ontology, folder, base_iri=base_iri, **({"renderer": renderer} if name == "html" else {}))
    return [folder / file for file in names]


def export_again(
    out: Path, ontology: Ontology, *, formats: Sequence[str], folder: Path, licence: str | None = None
) -> list[Path]:
    """Write the graph of the build in ``out`` into ``folder`` in each of ``formats``; each file appears whole or not at all.

    ``licence`` is the IRI that the description of the data set names.

    Raises:
        InputError: ``out`` holds no graph, there is no such format, or ``folder`` cannot be written.
    """
    graph = read_graph(out)
    if licence is not None:
        graph.graph["licence"] = licence
    base_iri = str(graph.graph.get("base_iri", DEFAULT_BASE_IRI))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as temporary:
            moved = []
            for path in export(graph, ontology, Path(temporary), base_iri=base_iri, formats=formats):
                target = folder / path.relative_to(temporary)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, target)
                moved.append(target)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from error
    return moved


class _Clock:
    """Measures how long the stages take."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - start


def _corrected(
    documents: Sequence[Document], folder: Path | None, ontology: Ontology
) -> tuple[dict[str, Annotation], list[Problem], list[str]]:
    """Return the corrected annotations by document id, the documents whose annotation is wrong, and files of no document."""
    if folder is None:
        return {}, [], []
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of annotations")
    files = {path.stem: path for path in sorted(folder.glob("*.json"))}
    found = {}
    failed = []
    for document in documents:
        if document.id in files:
            path = files.pop(document.id)
            try:
                found[document.id] = load_annotation(path, document, ontology=ontology)
            except AnnotationError as error:
                failed.append(Problem(document.path, f"its corrected annotation is wrong: {error}"))
    return found, failed, [path.name for path in files.values()]


@contextmanager
def _kept(cache: Path | bool, out: Path, folder: Path, *, extractor: Callable[[], str]) -> Iterator[Cache]:
    """Open the annotations of earlier builds and, at the end, leave those of this one where the next will look for them.

    Without a cache they lie in the new folder while it is built: those of a large corpus are not held in memory.
    """
    if cache is False:
        with Cache(folder / SCRATCH_FILE, extractor="") as kept:
            yield kept
        (folder / SCRATCH_FILE).unlink(missing_ok=True)
    elif cache is True:
        # Beside the new folder grows what a killed build leaves to the next.
        with Cache(folder.parent / FILE, extractor=extractor(), earlier=[out / FOLDER / FILE]) as kept:
            yield kept
            kept.write_used(folder / FOLDER / FILE)
    else:
        name = extractor()
        with Cache(cache / f"{name[:16]}.jsonl", extractor=name) as kept:
            yield kept
            trim(cache, kept)


def _extracted(
    documents: Sequence[Document],
    extract: Callable[[Iterator[Document]], Iterator[Annotation | Problem]],
    found: Kept,
    last: LastBuild,
    progress: Progress,
) -> list[Problem]:
    """Put the annotations of ``documents`` into ``found``, extracting those that are not kept, and return the failures."""
    failed: list[Problem] = []
    asked: deque[Document] = deque()
    progress("extract", 0, len(documents))

    def done() -> None:
        progress("extract", len(found) + len(failed), len(documents))

    def missing() -> Iterator[Document]:
        for document in documents:
            if found.recall(document, known=last.knows):
                done()
            else:
                asked.append(document)
                yield document

    for result in extract(missing()):
        document = asked.popleft()
        if isinstance(result, Problem):
            failed.append(result)
        else:
            found.put(document, result)
        done()
    return failed
