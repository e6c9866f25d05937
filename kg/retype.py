"""One name, several types: an extractor's slip in one document gives way to what the corpus and the registry say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from kg.model import AnnotatedEntity, Annotation
from kg.naming import normalise
from kg.ontology import Ontology, allows
from kg.registry import Registry

Kind = tuple[str, str | None]
"""Type and subtype."""

Types = Mapping[str, Kind]
"""Type and subtype by the id of an entity in one document."""

_SHARE = 0.75


def retype(annotations: Iterable[Annotation], ontology: Ontology, registry: Registry) -> dict[str, Types]:
    """Return, by document, the entities whose type differs from the annotation's.

    Where documents disagree, a name takes the type that the registry gives it, or that three quarters of its mentions have, if
    every statement of its document stays allowed, the document does not use the name for both, and neither type is told apart by
    an owner's root (persons: people may be called like places). Otherwise the two stay two.
    """
    annotations = list(annotations)
    votes: dict[str, Counter[Kind]] = {}
    for annotation in annotations:
        for key, found in votes_of(annotation).items():
            votes.setdefault(key, Counter()).update(found)
    winners = {key: won for key, found in votes.items() if (won := winner(key, found, registry)) is not None}
    changed: dict[str, Types] = {}
    for annotation in annotations:
        new = changes(annotation, winners, ontology, registry)
        if new:
            changed[annotation.document] = new
    return changed


def votes_of(annotation: Annotation) -> dict[str, Counter[Kind]]:
    """Return how often one document speaks for each type and subtype of a name, by normalised name."""
    votes: dict[str, Counter[Kind]] = {}
    for entity in annotation.entities:
        found = votes.setdefault(normalise(entity.name), Counter())
        found[entity.type, entity.subtype] += max(1, len(entity.mentions))
    return votes


def winner(key: str, votes: Counter[Kind], registry: Registry) -> Kind | None:
    """Return the type and subtype that a name should have, or ``None`` where nothing is in doubt or all is."""
    if len({type_ for type_, _ in votes}) == 1:
        return None
    by_type: Counter[str] = Counter()
    for (type_, _), count in votes.items():
        by_type[type_] += count
    known = {entry.type for entry in registry.by_name.get(key, ())}
    best = min(by_type, key=lambda t: (-by_type[t], t))
    if len(known) == 1:
        best = min(known)
    elif by_type[best] < _SHARE * by_type.total():
        return None
    subtypes = {subtype: count for (type_, subtype), count in votes.items() if type_ == best}
    if not subtypes:
        entry = registry.by_name[key][0]
        return entry.type, entry.subtype
    return best, min(subtypes, key=lambda s: (-subtypes[s], s or ""))


def changes(annotation: Annotation, winners: Mapping[str, Kind], ontology: Ontology, registry: Registry) -> Types:
    """Return the types and subtypes of one document's entities that differ from its annotation, given those of ``winner``."""
    entities = {entity.id: entity for entity in annotation.entities}
    wanted: dict[str, Kind] = {}
    names = Counter(normalise(entity.name) for entity in annotation.entities)
    for id_, entity in entities.items():
        won = winners.get(key := normalise(entity.name))
        if won is None or won[0] == entity.type or names[key] > 1 or _rooted(registry, entity, won):
            continue
        wanted[id_] = won
    for relation in annotation.relations:
        # Both ends may change: whatever the other one does, the statement must stay allowed.
        for id_, other, swap in ((relation.subject, relation.object, False), (relation.object, relation.subject, True)):
            if id_ not in wanted:
                continue
            for other_type in {entities[other].type, wanted.get(other, (entities[other].type, None))[0]}:
                pair = (other_type, wanted[id_][0]) if swap else (wanted[id_][0], other_type)
                if not allows(ontology, pair[0], relation.predicate, pair[1]):
                    wanted.pop(id_, None)
                    break
    return wanted


def _rooted(registry: Registry, entity: AnnotatedEntity, winner: Kind) -> bool:
    rules = (registry.scoping.rule(entity.type, entity.subtype), registry.scoping.rule(*winner))
    return any("root" in rule.policy for rule in rules)
