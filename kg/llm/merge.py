"""What the windows of a document yielded → its one annotation: the same thing once, with every place and every statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kg.extract.relations import sentences
from kg.llm.ground import INEXACT, Entity, Grounded
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Document, Mention, Refused, Span
from kg.naming import normalise

_Key = tuple[int, int]  # window, entity within it


def merged(document: Document, read: Sequence[Grounded], *, extractor: str, triggers: Iterable[str] = ()) -> Annotation:
    """Return the annotation of ``document``; ``read`` are its windows in the order of the text.

    Entities of two windows are one if their types agree and they share a name. ``triggers`` are the words whose sentences count
    as uncovered where no statement has them.
    """
    groups = _groups(read)
    at = {key: number for number, members in enumerate(groups) for key in members}
    entities = _entities([[read[w].entities[e] for w, e in members] for members in groups])
    order = sorted(range(len(entities)), key=lambda n: (entities[n].mentions[0].start, -entities[n].mentions[0].end, n))
    ids = {number: f"e{place + 1}" for place, number in enumerate(order)}
    relations: dict[tuple[str, str, str, Span], AnnotatedRelation] = {}
    for w, window in enumerate(read):
        for r in window.relations:
            subject, object_ = ids[at[w, r.subject]], ids[at[w, r.object]]
            if subject == object_:
                continue
            relation = AnnotatedRelation(
                subject=subject, predicate=r.predicate, object=object_, evidence=r.evidence, implied=r.implied,
                confidence=r.confidence, subject_span=r.subject_span, object_span=r.object_span, attributes=r.attributes,
                extractor=extractor,
            )  # fmt: skip
            kept = relations.setdefault((subject, r.predicate, object_, r.evidence), relation)
            if kept.confidence < relation.confidence:
                relations[subject, r.predicate, object_, r.evidence] = relation
    said = sorted(relations.values(), key=lambda r: (r.evidence, r.predicate, int(r.subject[1:]), int(r.object[1:])))
    return Annotation(
        document=document.id,
        entities=tuple(_with_id(entities[number], ids[number]) for number in order),
        relations=tuple(said),
        uncovered=tuple(_uncovered(document.text, said, triggers)),
        extractor=extractor,
        refused=refusals(read),
    )


def refusals(read: Iterable[Grounded]) -> tuple[Refused, ...]:
    """Return what was refused, each answer once for each window."""
    return tuple(dict.fromkeys(r for window in read for r in window.refused))


def _groups(read: Sequence[Grounded]) -> list[list[_Key]]:
    """Return the entities of all windows, those that are one thing together.

    A name that one answer gives to two things of a type tells nothing, and joins nothing.
    """
    parent: dict[_Key, _Key] = {}
    first: dict[tuple[str, str], _Key] = {}

    def find(key: _Key) -> _Key:
        while parent[key] != key:
            key = parent[key]
        return key

    shared = {name for window in read for name, number in _names(window).items() if number > 1}
    for w, window in enumerate(read):
        for e, entity in enumerate(window.entities):
            key = (w, e)
            parent[key] = key
            main = (entity.type, normalise(entity.names[0]))
            for name in dict.fromkeys((entity.type, normalise(name)) for name in entity.names):
                if name in shared and name != main:
                    continue
                parent[find(key)] = find(first.setdefault(name, key))
    groups: dict[_Key, list[_Key]] = {}
    for key in sorted(parent):
        groups.setdefault(find(key), []).append(key)
    return list(groups.values())


def _names(window: Grounded) -> Counter[tuple[str, str]]:
    return Counter(pair for e in window.entities for pair in {(e.type, normalise(name)) for name in e.names})


def _entities(groups: Sequence[Sequence[Entity]]) -> list[AnnotatedEntity]:
    """Return each group as one thing; a place belongs to the thing whose name covers most, see ``_kept``."""
    places: list[dict[Span, float]] = []
    for members in groups:
        sure: dict[Span, float] = {}
        for member in members:
            for place in member.places:
                confidence = round(member.confidence * (1 if place.exact else INEXACT), 4)
                sure[place.span] = max(sure.get(place.span, 0.0), confidence)
        places.append(sure)
    kept = _kept(places)
    found = []
    for members, sure, spans in zip(groups, places, kept, strict=True):
        names = {normalise(name): name for member in members for name in member.names}
        ordered = sorted(names.values(), key=lambda name: (-len(normalise(name)), name))
        subtypes = Counter(member.subtype for member in members if member.subtype)
        found.append(
            AnnotatedEntity(
                id="",
                type=members[0].type,
                name=ordered[0],
                subtype=min(subtypes, key=lambda s: (-subtypes[s], s)) if subtypes else None,
                aliases=tuple(ordered[1:]),
                mentions=tuple(Mention(span.start, span.end, sure[span]) for span in spans),
                attributes=tuple(sorted(dict(pair for member in members for pair in member.attributes).items())),
                confidence=max(member.confidence for member in members),
            )
        )
    return found


def _kept(places: Sequence[Mapping[Span, float]]) -> list[list[Span]]:
    """Return the places of each thing without those that lie within a longer name; a thing keeps all of them before it loses all.

    A body's name at the beginning of its unit's name (华曜能源 in 华曜能源党委) says whose the unit is, and stays.
    """
    whole = sorted({span for sure in places for span in sure}, key=lambda s: (s.start, -s.end))
    inner = set()
    end, outer = -1, Span(-1, -1)
    for span in whole:
        if span.end <= end and span.start != outer.start:
            inner.add(span)
        elif span.end > end:
            end, outer = span.end, span
    kept = []
    for sure in places:
        mine = [s for s in sorted(sure) if not any(o != s and o.start <= s.start and s.end <= o.end for o in sure)]
        kept.append([s for s in mine if s not in inner] or mine)
    return kept


def _with_id(entity: AnnotatedEntity, id_: str) -> AnnotatedEntity:
    return AnnotatedEntity(
        id_, entity.type, entity.name, entity.subtype, entity.aliases, entity.mentions, entity.attributes, entity.confidence
    )


def _uncovered(text: str, said: Sequence[AnnotatedRelation], triggers: Iterable[str]) -> list[Span]:
    words = sorted({word for word in triggers if len(word) > 1})
    found = []
    for start, end in sentences(text):
        sentence = text[start:end]
        if any(r.evidence.start < end and start < r.evidence.end for r in said):
            continue
        if sentence.strip() and any(word in sentence for word in words):
            lead = len(sentence) - len(sentence.lstrip())
            found.append(Span(start + lead, start + len(sentence.rstrip())))
    return found
