"""The annotated documents to learn from: folders of ``NAME.txt`` with ``NAME.json``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kg.annotation import load_annotation
from kg.errors import AnnotationError, InputError
from kg.extract.analysis import Resources
from kg.learn.train import Lesson, lesson
from kg.model import Annotation, Document
from kg.ontology import Ontology
from kg.read import read_document


def read_material(folders: Sequence[Path], ontology: Ontology) -> list[tuple[Document, Annotation]]:
    """Read the annotated documents of all folders, sorted by name.

    A later folder wins over an earlier one: a corrected annotation takes the place of the one that was there.

    Raises:
        InputError: a folder does not exist or holds no annotation, or an annotation has no document.
        AnnotationError: an annotation does not fit its format, its document or the ontology.
    """
    found: dict[str, tuple[Document, Annotation]] = {}
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder of annotated documents (NAME.txt with NAME.json)")
        files = sorted(folder.glob("*.json"))
        if not files:
            raise InputError(f"{folder}: holds no annotation; documents to learn from are NAME.txt with NAME.json")
        for file in files:
            document = _document(file)
            found[document.id] = (document, load_annotation(file, document, ontology=ontology))
    return [found[name] for name in sorted(found)]


def lessons_of(material: Sequence[tuple[Document, Annotation]], pack: Resources, *, say: Callable[[str], None]) -> list[Lesson]:
    """Analyse annotated documents, each of which must name something for anything to be learnt.

    Raises:
        AnnotationError: no document has an entity.
    """
    if not any(gold.entities for _, gold in material):
        raise AnnotationError("the annotations name no entity; there is nothing to learn")
    say(f"reading {len(material)} documents")
    return [lesson(document, gold, pack) for document, gold in material]


def _document(annotation: Path) -> Document:
    for suffix in (".txt", ".md"):
        path = annotation.with_suffix(suffix)
        if path.exists():
            try:
                return read_document(path)
            except InputError as error:
                raise InputError(f"{path}: {error}") from error
    raise InputError(f"{annotation}: there is no {annotation.stem}.txt or {annotation.stem}.md beside it")
