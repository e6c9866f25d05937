"""The values that flow through the program, on one page.

``Path → Document → Annotation → Knowledge (entities, facts) → networkx.MultiDiGraph → files``

All offsets are 0-based, end exclusive, and count Unicode code points of the unmodified text of the document:
``document.text[span.start:span.end]`` is the text of the span.
"""

from __future__ import annotations

from dataclasses import dataclass

Attributes = tuple[tuple[str, str | int | float], ...]
"""Sorted ``(key, value)`` pairs, such as ``(("position", "党委书记"),)``."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points of one document."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it, up to the next heading of the same or a higher level."""

    level: int
    title: Span
    body: Span


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it was read; the text is never changed.

    ``id`` is the file's stem, prefixed with folder names only where two documents share a stem. ``path`` is relative to the
    input folder, with forward slashes; for a member of an archive or a record of a table it goes on with the member's path or
    the record's number. ``sha256`` is of the file's bytes (of a record: of its text). ``date`` is ISO 8601. ``given_title`` came
    beside the text and need not stand in it. ``pages`` are the offsets at which the pages begin, where the file has pages.
    """

    id: str
    path: str
    text: str
    sha256: str
    encoding: str = "utf-8"
    title: Span | None = None
    date: str | None = None
    publisher: Span | None = None
    sections: tuple[Section, ...] = ()
    given_title: str | None = None
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a document names an entity. ``confidence`` is in 0..1."""

    start: int
    end: int
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class AnnotatedEntity:
    """One thing that one document names; ``id`` is unique in the document (``e1``)."""

    id: str
    type: str
    name: str
    subtype: str | None = None
    aliases: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()
    attributes: Attributes = ()
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class AnnotatedRelation:
    """One statement of one document between two of its entities (by their ids).

    ``evidence`` is the clause or sentence that states it. ``trigger``, ``subject_span`` and ``object_span`` are the words that
    carry it, where there are any; for a carried or implied subject ``subject_span`` may lie outside the evidence.
    """

    subject: str
    predicate: str
    object: str
    evidence: Span
    implied: bool = False
    confidence: float = 1.0
    trigger: Span | None = None
    subject_span: Span | None = None
    object_span: Span | None = None
    attributes: Attributes = ()
    extractor: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A span that looked like a name or a fact and was left out, with the reason."""

    span: Span
    type: str
    reason: str
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """What a language model answered, or failed to answer, about ``span`` of a document and was not believed, with the reason."""

    span: Span
    answer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one document says; the interchange between extraction and everything after it.

    ``uncovered`` are the sentences that hold a trigger word but yielded no fact.
    """

    document: str
    entities: tuple[AnnotatedEntity, ...] = ()
    relations: tuple[AnnotatedRelation, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    uncovered: tuple[Span, ...] = ()
    extractor: str = "embedded"
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Located:
    """A mention with its document and its text."""

    document: str
    start: int
    end: int
    text: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing of the corpus.

    ``id`` is the ASCII local part of its IRI (``organization/zhongguo-liantong-3f2a9c``), stable across builds. ``roles`` are
    further classes it belongs to (``PartnerBody``). ``scope`` is the id of the owner that tells a generic unit name (市场部)
    from its namesakes, or ``None``. ``registry`` is the registry's name for it, where it is known there.
    """

    id: str
    type: str
    name: str
    subtype: str | None = None
    roles: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    scope: str | None = None
    registry: str | None = None
    mentions: tuple[Located, ...] = ()
    attributes: Attributes = ()


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """One statement of a fact: where it stands, who found it, and how sure that is.

    ``start``/``end`` bound the sentence or clause and ``quote`` is its text. The three spans, where known, are the words of
    subject, object and trigger.
    """

    document: str
    start: int
    end: int
    quote: str
    confidence: float = 1.0
    implied: bool = False
    extractor: str = ""
    subject: Span | None = None
    object: Span | None = None
    trigger: Span | None = None
    attributes: Attributes = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """One edge of the graph: ``subject predicate object`` by entity ids, with every statement of it.

    Symmetric predicates are stored once, with ``subject < object``. ``implied`` holds when every evidence is implied;
    ``confidence`` is the highest of its evidence.
    """

    id: str
    subject: str
    predicate: str
    object: str
    evidence: tuple[Evidence, ...] = ()
    implied: bool = False
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Merge:
    """Why names became one entity, or were kept apart; shown by ``kg explain``."""

    entity: str
    name: str
    reason: str
    document: str = ""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a corpus says: its documents (sorted by id), entities (by id), facts (by id), and why names were merged."""

    documents: tuple[Document, ...] = ()
    entities: tuple[Entity, ...] = ()
    facts: tuple[Fact, ...] = ()
    merges: tuple[Merge, ...] = ()
