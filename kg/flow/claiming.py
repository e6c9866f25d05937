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

_VOTES_AT_ONCE = 50_000


def annotated(document: Document, annotation: Annotation) -> Row:
    """Return a document with its annotation as a row."""
    return Row(ANNOTATED, document.id, data=(document, annotation))


def votes(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield how often each type and subtype of a name is spoken for, added up as far as they come together."""
    found: dict[str, Counter[Kind]] = {}
    for row in rows:
        for key, counts in votes_of(row.data[1]).items():
            found.setdefault(key, Counter()).update(counts)
        if len(found) > _VOTES_AT_ONCE:
            yield from (Row("votes", key, data=dict(counts)) for key, counts in found.items())
            found.clear()
    yield from (Row("votes", key, data=dict(counts)) for key, counts in found.items())


def winners(key: str, rows: Iterator[Row], *, pack: str) -> Iterator[Row]:
    """Yield the type and subtype that a name should have, where documents disagree."""
    found: Counter[Kind] = Counter()
    for row in rows:
        found.update(row.data)
    if (won := winner(key, found, pack_of(pack)[1])) is not None:
        yield Row("winner", key, data=won)


def claims(rows: Iterator[Row], *, pack: str, won: Mapping[str, Kind]) -> Iterator[Row]:
    """Yield the claims of each document, and how deep they go."""
    depth = 0
    for row in rows:
        document, annotation = row.data
        check_located(document, annotation)
        registry = pack_of(pack)[1]
        types = types_of(annotation, pack=pack, won=won)
        found = claimed(Reading(document, annotation, registry, types=types), registry)
        depth = max(depth, 1 + max((claim.depth for claim in found), default=-1))
        yield Row("claims", document.id, data=found)
    yield Row("depth", "", number=depth)


def types_of(annotation: Annotation, *, pack: str, won: Mapping[str, Kind]) -> Types:
    """Return the types of one document's entities that differ from its annotation."""
    ontology, registry = pack_of(pack)
    return changes(annotation, won, ontology, registry)
