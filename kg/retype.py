"""One name, several types: an extractor's slip in one document gives way to what the corpus and the registry say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from kg.model import AnnotatedEntity, Annotation
from kg.naming import normalise
from kg.ontology import Ontology, allows
from kg.registry import Registry

Types = Mapping[str, tuple[str, str | None]]
"""Type and subtype by the id of an entity in one document."""

_SHARE = 0.75


def retype(annotations: Iterable[Annotation], ontology: Ontology, registry: Registry) -> dict[str, Types]:
    """Return, by document, the entities whose type differs from the annotation's.

    Where documents disagree, a name takes the type that the registry gives it, or that three quarters of its mentions have, if
    every statement of its document stays allowed, the document does not use the name for both, and neither type is told apart by
    an owner's root (persons: people may be called like places). Otherwise the two stay two.
    """
    annotations = list(annotations)
    votes: dict[str, Counter[tuple[str, str | None]]] = {}
    for annotation in annotations:
        for entity in annotation.entities:
            found = votes.setdefault(normalise(entity.name), Counter())
            found[entity.type, entity.subtype] += max(1, len(entity.mentions))
    winners = {key: winner for key, found in votes.items() if (winner := _winner(key, found, registry)) is not None}
    changed: dict[str, Types] = {}
    for annotation in annotations:
        new = _changes(annotation, winners, ontology, registry)
        if new:
            changed[annotation.document] = new
    return changed


def _winner(key: str, votes: Counter[tuple[str, str | None]], registry: Registry) -> tuple[str, str | None] | None:
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


def _changes(
    annotation: Annotation, winners: Mapping[str, tuple[str, str | None]], ontology: Ontology, registry: Registry
) -> Types:
    entities = {entity.id: entity for entity in annotation.entities}
    wanted: dict[str, tuple[str, str | None]] = {}
    names = Counter(normalise(entity.name) for entity in annotation.entities)
    for id_, entity in entities.items():
        winner = winners.get(key := normalise(entity.name))
        if winner is None or winner[0] == entity.type or names[key] > 1 or _rooted(registry, entity, winner):
            continue
        wanted[id_] = winner
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


def _rooted(registry: Registry, entity: AnnotatedEntity, winner: tuple[str, str | None]) -> bool:
    rules = (registry.scoping.rule(entity.type, entity.subtype), registry.scoping.rule(*winner))
    return any("root" in rule.policy for rule in rules)
