"""What several documents say of one thing or one fact, put together: the smallest steps of resolution, each of plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kg.joining import Note
from kg.model import (
    AnnotatedEntity,
    AnnotatedRelation,
    Annotation,
    Attributes,
    Document,
    Entity,
    Evidence,
    Fact,
    Located,
    Merge,
    Span,
)
from kg.naming import display_name, fact_id, normalise
from kg.registry import Entry


@dataclass(frozen=True, slots=True)
class Member:
    """What one document says of one thing; ``id`` is that of the entity in the document, ``weight`` the number of mentions."""

    id: str
    type: str
    subtype: str | None
    name: str
    aliases: tuple[str, ...]
    mentions: tuple[Located, ...]
    attributes: Attributes
    weight: int


def member_of(document: Document, entity: AnnotatedEntity, kind: tuple[str, str | None] | None) -> Member:
    """Return what ``document`` says of one of its entities, whose ``kind`` (type, subtype) may differ from the annotation's."""
    type_, subtype = kind or (entity.type, entity.subtype)
    located = {Located(document.id, m.start, m.end, document.text[m.start : m.end], m.confidence) for m in entity.mentions}
    mentions = tuple(sorted(located))
    return Member(entity.id, type_, subtype, entity.name, entity.aliases, mentions, entity.attributes, len(entity.mentions))


class Gathering:
    """Members of one thing as they come, in the order of documents; memory grows with its names, not with its mentions."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.type = ""
        self._spellings: dict[str, Counter[str]] = {}
        self._names: Counter[str] = Counter()
        self._subtypes: Counter[str] = Counter()
        self._attributes: dict[str, Counter[str | int | float]] = {}

    def add(self, member: Member) -> None:
        """Count what one document says."""
        self.type = self.type or member.type
        self._names[normalise(member.name)] += 1
        for form in (member.name, *member.aliases):
            self._spell(form, 1)
        for text, count in Counter(m.text for m in member.mentions).items():
            self._spell(text, count)
        if member.subtype is not None:
            self._subtypes[member.subtype] += member.weight
        for key, value in member.attributes:
            self._attributes.setdefault(key, Counter())[value] += 1

    def _spell(self, form: str, count: int) -> None:
        if shown := display_name(form):
            self._spellings.setdefault(normalise(form), Counter())[shown] += count

    def entity(
        self, id_: str, *, entry: Entry | None, owners: Sequence[str], roles: Iterable[str], mentions: tuple[Located, ...]
    ) -> Entity:
        """Return the entity; ``entry`` is what the registry knows, ``owners`` those that tell it from its namesakes."""
        name, aliases = self._named(entry.name if entry else "")
        votes = self._subtypes
        subtype = min(votes, key=lambda s: (-votes[s], s)) if votes else None
        attributes = self._attributes
        return Entity(
            id=id_,
            type=self.type,
            name=name,
            subtype=entry.subtype if entry and entry.subtype else subtype,
            roles=tuple(sorted(roles)),
            aliases=aliases,
            scope=owners[0] if len(owners) == 1 else None,
            registry=entry.name if entry else None,
            mentions=mentions,
            # Each attribute with the value that most documents give, the greatest of equals
            attributes=tuple((k, max(attributes[k], key=lambda v: (attributes[k][v], str(v)))) for k in sorted(attributes)),
        )

    def _named(self, known: str) -> tuple[str, tuple[str, ...]]:
        """Return the name to show and the other names, each in its most usual spelling.

        The registry's name goes first where some document uses it, else the name that most documents give, then the longest.
        """
        votes = self._names
        best = min(votes, key=lambda key: (key != normalise(known), -votes[key], -len(key), key))
        shown = {key: min(count, key=lambda s: (-count[s], len(s), s)) for key, count in self._spellings.items()}
        name = shown.pop(best, best)
        return name, tuple(sorted(form for key, form in shown.items() if key))


def make_entity(
    id_: str, members: Sequence[Member], *, entry: Entry | None, owners: Sequence[str], roles: Collection[str]
) -> Entity:
    """Return the entity that ``members``, in the order of documents, speak of."""
    gathering = Gathering()
    for member in members:
        gathering.add(member)
    mentions = tuple(sorted(m for member in members for m in member.mentions))
    return gathering.entity(id_, entry=entry, owners=owners, roles=roles, mentions=mentions)


def make_fact(subject: str, predicate: str, object_: str, evidence: Iterable[Evidence]) -> Fact:
    """Return the fact that ``evidence``, each once, states."""
    ordered = tuple(sorted(evidence, key=_evidence_order))
    return Fact(
        id=fact_id(subject, predicate, object_),
        subject=subject,
        predicate=predicate,
        object=object_,
        evidence=ordered,
        implied=all(e.implied for e in ordered),
        confidence=max(e.confidence for e in ordered),
    )


def evidence_of(
    document: Document, annotation: Annotation, relation: AnnotatedRelation, mentions: Mapping[str, Sequence[Span]]
) -> Evidence:
    """Return one statement with its sentence; ``mentions`` are the sorted places of each entity of the document."""
    span = relation.evidence

    def inside(id_: str) -> Span | None:
        return next((m for m in mentions[id_] if span.start <= m.start and m.end <= span.end), None)

    return Evidence(
        document=document.id,
        start=span.start,
        end=span.end,
        quote=document.text[span.start : span.end],
        confidence=relation.confidence,
        implied=relation.implied,
        extractor=relation.extractor or annotation.extractor,
        subject=relation.subject_span or inside(relation.subject),
        object=relation.object_span or inside(relation.object),
        trigger=relation.trigger,
        attributes=tuple(sorted(relation.attributes)),
    )


def turned(evidence: Evidence) -> Evidence:
    """Return the evidence of a symmetric statement with its ends exchanged."""
    return Evidence(
        evidence.document, evidence.start, evidence.end, evidence.quote, evidence.confidence, evidence.implied,
        evidence.extractor, evidence.object, evidence.subject, evidence.trigger, evidence.attributes,
    )  # fmt: skip


def _evidence_order(evidence: Evidence) -> tuple[object, ...]:
    # Spans may be None, which does not compare.
    spans = tuple((s.start, s.end) if s else (-1, -1) for s in (evidence.subject, evidence.object, evidence.trigger))
    rest = (evidence.extractor, evidence.implied, evidence.confidence, spans, repr(evidence.attributes))
    return (evidence.document, evidence.start, evidence.end, *rest)


def merges_of(entity: Entity, notes: Iterable[Note]) -> Iterator[Merge]:
    """Yield why names became this entity or were kept apart from it, under the spelling in which the entity shows them."""
    shown = {normalise(name): name for name in (*entity.aliases, entity.name)}
    for note in notes:
        yield Merge(entity.id, shown.get(normalise(note.name), note.name), note.reason, note.document)
