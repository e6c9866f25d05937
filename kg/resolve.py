"""Documents and what each of them says → what the corpus says: entities and facts, each with every place that states it.

What counts as one thing is decided in ``kg.identity``. A fact without a located statement does not exist, and the result does not
depend on the order of the documents or of what stands in an annotation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kg.errors import AnnotationError
from kg.identity import Identity, identify
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
    Knowledge,
    Located,
    Merge,
    Span,
)
from kg.naming import DEFAULT_BASE_IRI, check_base_iri, display_name, fact_id, normalise
from kg.ontology import Ontology, top_type
from kg.owners import Reading
from kg.registry import Registry
from kg.retype import retype


def resolve(
    documents: Iterable[Document],
    annotations: Iterable[Annotation],
    *,
    ontology: Ontology,
    registry: Registry,
    base_iri: str = DEFAULT_BASE_IRI,
) -> Knowledge:
    """Return the entities and facts of a corpus.

    Args:
        documents: in any order; one without an annotation says nothing.
        annotations: at most one for a document.
        ontology: says which predicates are symmetric and which give a role.
        registry: known names, forbidden and forced merges, and the rules of scoping.
        base_iri: checked here, so that a wrong one fails before anything is written; ids do not depend on it.

    Raises:
        AnnotationError: An annotation is of no document, a document has two, or a mention, a statement or an end of a statement
            does not lie where it should.
        InputError: ``base_iri`` cannot be the beginning of an IRI.
    """
    check_base_iri(base_iri)
    by_id = {document.id: document for document in sorted(documents, key=lambda d: d.id)}
    said: dict[str, Annotation] = {}
    for annotation in sorted(annotations, key=lambda a: a.document):
        if annotation.document not in by_id or annotation.document in said:
            what = "is of no document" if annotation.document not in by_id else "is the second of its document"
            raise AnnotationError(f"the annotation of {annotation.document!r} {what}")
        _check(by_id[annotation.document], annotation)
        said[annotation.document] = annotation
    types = retype(said.values(), ontology, registry)
    readings = [Reading(by_id[id_], annotation, registry, types=types.get(id_, {})) for id_, annotation in said.items()]
    identity = identify(readings, registry)
    facts = _facts(by_id, said, identity, ontology)
    entities = _entities(by_id, readings, identity, _roles(facts, readings, identity, ontology))
    return Knowledge(
        documents=tuple(by_id.values()),
        entities=entities,
        facts=facts,
        merges=_merges(identity.notes, entities),
    )


def _check(document: Document, annotation: Annotation) -> None:
    """Raise unless everything is located in the document."""
    known = {entity.id for entity in annotation.entities}
    length = len(document.text)
    for entity in annotation.entities:
        if not entity.mentions:
            raise AnnotationError(f"{document.path}: entity {entity.id} ({entity.name}) has no mention")
        for mention in entity.mentions:
            if not 0 <= mention.start < mention.end <= length:
                where = f"{mention.start}–{mention.end}"
                raise AnnotationError(f"{document.path}: mention {where} of {entity.id} ({entity.name}) is not in 0–{length}")
    for relation in annotation.relations:
        name = f"{relation.subject} {relation.predicate} {relation.object}"
        if missing := {relation.subject, relation.object} - known:
            raise AnnotationError(f"{document.path}: {name}: no entity {min(missing)}; known: {', '.join(sorted(known))}")
        if not 0 <= relation.evidence.start < relation.evidence.end <= length:
            where = f"{relation.evidence.start}–{relation.evidence.end}"
            raise AnnotationError(f"{document.path}: {name}: the evidence {where} is not in 0–{length}")


def _facts(
    documents: Mapping[str, Document], annotations: Mapping[str, Annotation], identity: Identity, ontology: Ontology
) -> tuple[Fact, ...]:
    """Return the facts by id; a thing's statements about itself are left out."""
    found: dict[tuple[str, str, str], set[Evidence]] = {}
    for id_, annotation in annotations.items():
        mentions = {e.id: sorted(Span(m.start, m.end) for m in e.mentions) for e in annotation.entities}
        for relation in annotation.relations:
            subject, object_ = identity.ids[id_, relation.subject], identity.ids[id_, relation.object]
            if subject == object_:
                continue
            evidence = _evidence(documents[id_], annotation, relation, mentions)
            if ontology.predicates[relation.predicate].symmetric and object_ < subject:
                subject, object_ = object_, subject
                evidence = _turned(evidence)
            found.setdefault((subject, relation.predicate, object_), set()).add(evidence)
    facts = []
    for (subject, predicate, object_), evidence_set in found.items():
        evidence_list = tuple(sorted(evidence_set, key=_evidence_order))
        facts.append(
            Fact(
                id=fact_id(subject, predicate, object_),
                subject=subject,
                predicate=predicate,
                object=object_,
                evidence=evidence_list,
                implied=all(e.implied for e in evidence_list),
                confidence=max(e.confidence for e in evidence_list),
            )
        )
    return tuple(sorted(facts, key=lambda f: f.id))


def _evidence(
    document: Document, annotation: Annotation, relation: AnnotatedRelation, mentions: Mapping[str, Sequence[Span]]
) -> Evidence:
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


def _turned(evidence: Evidence) -> Evidence:
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


def _roles(facts: Sequence[Fact], readings: Sequence[Reading], identity: Identity, ontology: Ontology) -> dict[str, set[str]]:
    """Return the roles of entities.

    Both ends of a symmetric predicate that gives a role have it; of another one, those who share an object with another subject:
    who builds alone has no partner, and what is built is none.
    """
    types = {identity.ids[r.document.id, id_]: r.type_of(id_)[0] for r in readings for id_ in r.entities}
    roles: dict[str, set[str]] = {}
    together: dict[tuple[str, str], set[str]] = {}
    for fact in facts:
        predicate = ontology.predicates[fact.predicate]
        if predicate.role is None:
            continue
        if predicate.symmetric:
            together[predicate.role, fact.id] = {fact.subject, fact.object}
        else:
            together.setdefault((predicate.role, f"{fact.predicate} {fact.object}"), set()).add(fact.subject)
    for (role, _), group in together.items():
        for id_ in group if len(group) > 1 else ():
            if types[id_] == top_type(ontology, role):
                roles.setdefault(id_, set()).add(role)
    return roles


def _entities(
    documents: Mapping[str, Document], readings: Sequence[Reading], identity: Identity, roles: Mapping[str, set[str]]
) -> tuple[Entity, ...]:
    groups: dict[str, list[tuple[Reading, AnnotatedEntity]]] = {}
    for reading in readings:
        for id_, entity in reading.entities.items():
            groups.setdefault(identity.ids[reading.document.id, id_], []).append((reading, entity))
    found = []
    for id_, members in groups.items():
        entry = identity.entries.get(id_)
        name, aliases = _names(documents, members, entry.name if entry else "")
        first, first_entity = members[0]
        owners = [o for o in identity.owners.get(id_, ()) if o in groups and o != id_]
        found.append(
            Entity(
                id=id_,
                type=first.type_of(first_entity.id)[0],
                name=name,
                subtype=entry.subtype if entry and entry.subtype else _subtype(members),
                roles=tuple(sorted(roles.get(id_, ()))),
                aliases=aliases,
                scope=owners[0] if len(owners) == 1 else None,
                registry=entry.name if entry else None,
                mentions=tuple(sorted(m for r, e in members for m in _located(documents[r.document.id], e))),
                attributes=_attributes(e.attributes for _, e in members),
            )
        )
    return tuple(sorted(found, key=lambda e: e.id))


def _located(document: Document, entity: AnnotatedEntity) -> set[Located]:
    return {Located(document.id, m.start, m.end, document.text[m.start : m.end], m.confidence) for m in entity.mentions}


def _names(
    documents: Mapping[str, Document], members: Sequence[tuple[Reading, AnnotatedEntity]], known: str
) -> tuple[str, tuple[str, ...]]:
    """Return the name to show and the other names, each in its most usual spelling.

    The registry's name goes first where some document uses it, else the name that most documents give, then the longest.
    """
    spellings: dict[str, Counter[str]] = {}
    votes: Counter[str] = Counter()
    for reading, entity in members:
        votes[normalise(entity.name)] += 1
        text = documents[reading.document.id].text
        for form in (entity.name, *entity.aliases, *(text[m.start : m.end] for m in entity.mentions)):
            if shown := display_name(form):
                spellings.setdefault(normalise(form), Counter())[shown] += 1
    best = min(votes, key=lambda key: (key != normalise(known), -votes[key], -len(key), key))
    shown_names = {key: min(count, key=lambda s: (-count[s], len(s), s)) for key, count in spellings.items()}
    name = shown_names.pop(best, best)
    return name, tuple(sorted(shown for key, shown in shown_names.items() if key))


def _subtype(members: Sequence[tuple[Reading, AnnotatedEntity]]) -> str | None:
    """Return the subtype that most mentions speak for."""
    votes: Counter[str] = Counter()
    for reading, entity in members:
        subtype = reading.type_of(entity.id)[1]
        if subtype is not None:
            votes[subtype] += len(entity.mentions)
    return min(votes, key=lambda s: (-votes[s], s)) if votes else None


def _attributes(all_attributes: Iterable[Attributes]) -> Attributes:
    """Return each attribute with the value that most documents give, the greatest of equals."""
    votes: dict[str, Counter[str | int | float]] = {}
    for attributes in all_attributes:
        for key, value in attributes:
            votes.setdefault(key, Counter())[value] += 1
    return tuple((key, max(votes[key], key=lambda v: (votes[key][v], str(v)))) for key in sorted(votes))


def _merges(notes: Sequence[tuple[str, Note]], entities: Sequence[Entity]) -> tuple[Merge, ...]:
    shown = {(e.id, normalise(name)): name for e in entities for name in (*e.aliases, e.name)}
    there = {e.id for e in entities}
    found = {
        Merge(id_, shown.get((id_, normalise(note.name)), note.name), note.reason, note.document)
        for id_, note in notes
        if id_ in there
    }
    return tuple(sorted(found, key=lambda m: (m.entity, m.name, m.document, m.reason)))
