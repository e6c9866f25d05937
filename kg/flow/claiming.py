"""Steps over documents: votes for the type of a name, and what each document says about the identity of its entities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from kg.flow.packs import pack_of
from kg.flow.rows import Row
from kg.identity import claimed
from kg.model import Annotation, Document
from kg.owners import Reading
from kg.resolve import check_located
from kg.retype import Kind, Types, changes, votes_of, winner

ANNOTATED = "annotated"
"""Rows with a document's id as key and ``(document, annotation)`` as data."""


def annotated(document: Document, annotation: Annotation) -> Row:
    """Return a document with its annotation as a row."""
    return Row(ANNOTATED, document.id, data=(document, annotation))


def votes(document_id: str, rows: Iterator[Row]) -> Iterator[Row]:
    """Yield how often a document speaks for each type and subtype of a name; rows: the document ``annotated``."""
    for row in rows:
        for name, counts in votes_of(row.data[1]).items():
            yield Row("votes", name, document_id, data=tuple(counts.items()))


def winners(name: str, rows: Iterator[Row], *, pack: str) -> Iterator[Row]:
    """Yield, to each document that has the name, the type and subtype that it should have, where documents disagree."""
    found: Counter[Kind] = Counter()
    documents = []
    for row in rows:
        found.update(dict(row.data))
        documents.append(row.order)
    if (won := winner(name, found, pack_of(pack)[1])) is not None:
        yield from (Row("won", document, name, data=won) for document in documents)


def claims(document_id: str, rows: Iterator[Row], *, pack: str) -> Iterator[Row]:
    """Yield the claims of a document, and how deep they go; rows: it as ``annotated``, and what names of it have ``won``."""
    spoken, won = said_of(document_id, rows)
    document, annotation = spoken
    check_located(document, annotation)
    registry = pack_of(pack)[1]
    found = claimed(Reading(document, annotation, registry, types=types_of(annotation, pack=pack, won=won)), registry)
    yield Row("claims", document_id, data=found)
    yield Row("depth", document_id, number=1 + max((claim.depth for claim in found), default=-1))


def said_of(document_id: str, rows: Iterator[Row]) -> tuple[tuple[Document, Annotation], dict[str, Kind]]:
    """Return a document with its annotation, and the types that names of it have won."""
    spoken: tuple[Document, Annotation] | None = None
    won: dict[str, Kind] = {}
    for row in rows:
        if row.kind == "won":
            won[row.order] = row.data
        elif row.kind == ANNOTATED:
            spoken = row.data
    assert spoken is not None, f"no document {document_id}"
    return spoken, won


def types_of(annotation: Annotation, *, pack: str, won: Mapping[str, Kind]) -> Types:
    """Return the types of one document's entities that differ from its annotation."""
    ontology, registry = pack_of(pack)
    return changes(annotation, won, ontology, registry)
