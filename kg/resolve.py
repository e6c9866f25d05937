"""Documents and what each of them says → what the corpus says: entities and facts, each with every place that states it.

What counts as one thing is decided in ``kg.identity``. A fact without a located statement does not exist, and the result does not
depend on the order of the documents or of what stands in an annotation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kg.errors import AnnotationError
from kg.identity import Claimed, Identity, claimed, identify
from kg.joining import Note
from kg.merging import Member, evidence_of, make_entity, make_fact, member_of, merges_of, turned
from kg.model import Annotation, Document, Entity, Evidence, Fact, Knowledge, Merge, Span
from kg.naming import DEFAULT_BASE_IRI, check_base_iri, normalise
from kg.ontology import Ontology, top_type
from kg.owners import Reading
from kg.registry import Registry
from kg.retype import Types, retype


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
        check_located(by_id[annotation.document], annotation)
        said[annotation.document] = annotation
    types = retype(said.values(), ontology, registry)
    claims: list[tuple[str, Sequence[Claimed]]] = []
    for id_, annotation in said.items():
        claims.append((id_, claimed(Reading(by_id[id_], annotation, registry, types=types.get(id_, {})), registry)))
    identity = identify(claims, registry)
    del claims
    facts = _facts(by_id, said, identity, ontology)
    groups = _groups(by_id, said, types, identity)
    entities = _entities(groups, identity, _roles(facts, groups, ontology))
    return Knowledge(documents=tuple(by_id.values()), entities=entities, facts=facts, merges=_merges(identity.notes, entities))


def check_located(document: Document, annotation: Annotation) -> None:
    """Raise unless everything is located in the document.

    Raises:
        AnnotationError: A mention, a statement or an end of a statement does not lie where it should.
    """
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
            evidence = evidence_of(documents[id_], annotation, relation, mentions)
            if ontology.predicates[relation.predicate].symmetric and object_ < subject:
                subject, object_ = object_, subject
                evidence = turned(evidence)
            found.setdefault((subject, relation.predicate, object_), set()).add(evidence)
    facts = []
    while found:  # what is turned into facts need not be held twice
        key, evidence_set = found.popitem()
        facts.append(make_fact(*key, evidence_set))
    return tuple(sorted(facts, key=lambda f: f.id))


def _groups(
    documents: Mapping[str, Document], annotations: Mapping[str, Annotation], types: Mapping[str, Types], identity: Identity
) -> dict[str, list[Member]]:
    """Return what the documents say of each thing, by its id, in the order of documents and of names in them."""
    groups: dict[str, list[Member]] = {}
    for id_, annotation in annotations.items():
        for member in members_of(documents[id_], annotation, types.get(id_, {})):
            groups.setdefault(identity.ids[id_, member.id], []).append(member)
    return groups


def members_of(document: Document, annotation: Annotation, types: Types) -> list[Member]:
    """Return what a document says of each of its entities; ``types`` are those that differ from the annotation's."""
    entities = sorted(annotation.entities, key=lambda e: (normalise(e.name), e.type, e.id))
    return [member_of(document, entity, types.get(entity.id)) for entity in entities]


def _roles(facts: Sequence[Fact], groups: Mapping[str, Sequence[Member]], ontology: Ontology) -> dict[str, set[str]]:
    """Return the roles of entities.

    Both ends of a symmetric predicate that gives a role have it; of another one, those who share an object with another subject:
    who builds alone has no partner, and what is built is none.
    """
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
            if groups[id_][0].type == top_type(ontology, role):
                roles.setdefault(id_, set()).add(role)
    return roles


def _entities(groups: dict[str, list[Member]], identity: Identity, roles: Mapping[str, set[str]]) -> tuple[Entity, ...]:
    there = groups.keys()
    scopes = {id_: [o for o in identity.owners.get(id_, ()) if o in there and o != id_] for id_ in there}
    found = []
    while groups:  # what has become an entity need not be held twice
        id_, members = groups.popitem()
        entry = identity.entries.get(id_)
        found.append(make_entity(id_, members, entry=entry, owners=scopes[id_], roles=roles.get(id_, ())))
    return tuple(sorted(found, key=lambda e: e.id))


def _merges(notes: Sequence[tuple[str, Note]], entities: Sequence[Entity]) -> tuple[Merge, ...]:
    by_entity: dict[str, list[Note]] = {}
    for id_, note in notes:
        by_entity.setdefault(id_, []).append(note)
    found = {merge for e in entities for merge in merges_of(e, by_entity.get(e.id, ()))}
    return tuple(sorted(found, key=lambda m: (m.entity, m.name, m.document, m.reason)))
