"""Training material of a model's answers: candidates, which become material only where a person accepts them.

``OUT/candidates/`` holds ``NAME.txt`` with ``NAME.json`` for each document, ``OUT/review.html`` is the page on which a person
accepts documents and takes single names and facts out; it saves ``accepted.json``, and ``accept`` copies what that says to
``OUT/accepted/``, which ``kg train --extra`` reads. Nothing is ever accepted by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kg.annotation import dumps, load_annotation, to_json
from kg.errors import InputError
from kg.llm.answer import shown
from kg.llm.review import render_review
from kg.model import Annotation, Document
from kg.ontology import Ontology
from kg.read import read_document

CANDIDATES, ACCEPTED, PAGE = "candidates", "accepted", "review.html"


class Taken(BaseModel):
    """A document that a person accepted, but for the entities (by id) and the relations (by index) left out."""

    model_config = ConfigDict(extra="forbid", strict=True)

    without_entities: list[str] = Field(default_factory=list)
    without_relations: list[int] = Field(default_factory=list)


class Decisions(BaseModel):
    """What the page saves: the accepted documents."""

    model_config = ConfigDict(extra="forbid", strict=True)

    accepted: dict[str, Taken]


def write_candidates(
    out: Path, documents: Sequence[Document], annotations: Mapping[str, Annotation], *, ontology: Ontology
) -> Path:
    """Write candidates and page into ``out`` and return the page; candidates of documents of the same name are replaced.

    Raises:
        InputError: The folder cannot be written.
    """
    folder = out / CANDIDATES
    pairs = [(d, annotations[d.id]) for d in documents if d.id in annotations]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for document, annotation in pairs:
            _write(folder, document, annotation)
        page = out / PAGE
        page.write_text(render_review(pairs, ontology=ontology), encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror}") from error
    return page


def accept(out: Path, decisions: Path, *, ontology: Ontology) -> list[Path]:
    """Copy the accepted candidates of ``out`` to ``out/accepted`` and return their annotations.

    With an entity its statements go; documents that ``decisions`` does not name are left alone.

    Raises:
        InputError: ``decisions`` is not what the page saves, or names a document or an item that is not there.
        AnnotationError: A candidate does not fit its document or the ontology.
    """
    taken = _decisions(decisions)
    folder = out / ACCEPTED
    found = []
    for name, choice in sorted(taken.accepted.items()):
        text = out / CANDIDATES / f"{name}.txt"
        if Path(name).name != name or not text.is_file():
            raise InputError(f"{decisions}: {name!r} is no candidate of {out / CANDIDATES}")
        document = replace(read_document(text), id=name)
        candidate = load_annotation(text.with_suffix(".json"), document, ontology=ontology)
        found.append((document, _without(candidate, choice, where=f"{decisions}: {name}")))
    try:
        folder.mkdir(exist_ok=True)
        return [_write(folder, document, annotation) for document, annotation in found]
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from error


def _decisions(path: Path) -> Decisions:
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8-sig"))
        return Decisions.model_validate(data)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: not what the page saves: {shown(where + ': ' + first['msg'])}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not what the page saves: {error}") from error


def _without(candidate: Annotation, choice: Taken, *, where: str) -> Annotation:
    entities, relations = set(choice.without_entities), set(choice.without_relations)
    strange = entities - {e.id for e in candidate.entities}
    if strange:
        raise InputError(f"{where}: no entity has the id {min(strange)!r}")
    if not relations <= set(range(len(candidate.relations))):
        raise InputError(f"{where}: there are {len(candidate.relations)} relations, counted from 0, not {sorted(relations)}")
    return replace(
        candidate,
        entities=tuple(e for e in candidate.entities if e.id not in entities),
        relations=tuple(
            r for i, r in enumerate(candidate.relations) if i not in relations and not {r.subject, r.object} & entities
        ),
        dropped=(),
        uncovered=(),
        refused=(),
    )


def _write(folder: Path, document: Document, annotation: Annotation) -> Path:
    path = folder / f"{document.id}.json"
    path.with_suffix(".txt").write_text(document.text, encoding="utf-8", newline="")
    path.write_text(dumps(to_json(annotation, document)), encoding="utf-8", newline="\n")
    return path
