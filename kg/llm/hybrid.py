"""Two opinions on one document: what the embedded extractor is unsure of is asked, and both are kept side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kg.extract.relations import sentences
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Document, Dropped, Mention, Span
from kg.naming import normalise
from kg.ontology import Ontology, allows

NAME = "hybrid"
UNSURE = 0.7
"""Sentences with a name or a fact below this confidence are asked about; names are kept from some .55 on."""

RETYPED = "the other opinion on the type of its end was surer"
_KNOWN = 40  # names that a prompt shows


def unsure_sentences(document: Document, annotation: Annotation, *, below: float = UNSURE, most: int | None = None) -> list[Span]:
    """Return the sentences that coverage marks: a trigger without a fact, or a name or a fact that is not sure.

    Where they have more than ``most`` characters together, the least sure of them, in the order of the text.
    """
    marked = [(span, 0.0) for span in annotation.uncovered]
    marked += [(r.evidence, r.confidence) for r in annotation.relations if r.confidence < below]
    marked += [(Span(m.start, m.end), m.confidence) for e in annotation.entities for m in e.mentions if m.confidence < below]
    doubts = {}
    for start, end in sentences(document.text):
        sure = [confidence for span, confidence in marked if span.start < end and start < span.end]
        if sure and document.text[start:end].strip():
            doubts[Span(start, end)] = min(sure)
    chosen = []
    left = most if most is not None else len(document.text)
    for span in sorted(doubts, key=lambda span: (doubts[span], span)):
        if span.end - span.start <= left:
            chosen.append(span)
            left -= span.end - span.start
    return sorted(chosen)


def known_names(annotation: Annotation) -> list[tuple[str, str]]:
    """Return the names that a prompt tells, with their types: those that occur most, in the order of the text."""
    chosen = sorted(annotation.entities, key=lambda e: (-len(e.mentions), e.mentions[0].start))[:_KNOWN]
    ordered = sorted(chosen, key=lambda e: (e.mentions[0].start, e.id))
    return [(" ".join(e.name.split()), e.subtype or e.type) for e in ordered]


def joined(base: Annotation, other: Annotation, ontology: Ontology) -> Annotation:
    """Return both opinions as one annotation.

    Things of one type that share a name are one. Where the opinions differ on the type of a name, the surer one holds, and
    statements that it leaves without sense are dropped. A fact that both state is there twice, once for each extractor.
    """
    things = {e.id: e for e in base.entities}
    ids: dict[str, str] = {}
    for entity in other.entities:
        same = _same(entity, things)
        if same is None:
            same = f"e{len(things) + 1}"
            while same in things:
                same += "x"
            things[same] = replace(entity, id=same)
        else:
            things[same] = _both(things[same], entity)
        ids[entity.id] = same
    theirs = [replace(r, subject=ids[r.subject], object=ids[r.object]) for r in other.relations]
    ours = [r if r.extractor else replace(r, extractor=base.extractor) for r in base.relations]
    kept, lost = _sensible([*ours, *theirs], things, ontology)
    return Annotation(
        document=base.document,
        entities=tuple(things.values()),
        relations=tuple(kept),
        dropped=(*base.dropped, *lost),
        uncovered=tuple(s for s in base.uncovered if not any(_overlap(r.evidence, s) for r in theirs)),
        extractor=NAME,
        refused=other.refused,
    )


def _same(entity: AnnotatedEntity, things: Mapping[str, AnnotatedEntity]) -> str | None:
    """Return the id of the thing that ``entity`` is: by type and any name, or else by its own name whatever the type."""
    names = {normalise(name) for name in (entity.name, *entity.aliases)}
    main = normalise(entity.name)
    for id_, thing in things.items():
        if thing.type == entity.type and main in {normalise(name) for name in (thing.name, *thing.aliases)}:
            return id_
    for id_, thing in things.items():
        if thing.type == entity.type and normalise(thing.name) in names:
            return id_
    return next((id_ for id_, thing in things.items() if normalise(thing.name) == main), None)


def _both(mine: AnnotatedEntity, other: AnnotatedEntity) -> AnnotatedEntity:
    sure: dict[Span, float] = {}
    for m in (*mine.mentions, *other.mentions):
        span = Span(m.start, m.end)
        sure[span] = max(sure.get(span, 0.0), m.confidence)
    # What only one of them reads inside a longer mention of the same thing is part of that mention.
    spans = [s for s in sorted(sure) if not any(o != s and o.start <= s.start and s.end <= o.end for o in sure)]
    names = {normalise(name): name for name in (*other.aliases, other.name, *mine.aliases, mine.name)}
    names.pop(normalise(mine.name))
    surer = other if other.confidence > mine.confidence else mine
    return AnnotatedEntity(
        id=mine.id,
        type=surer.type,
        name=mine.name,
        subtype=surer.subtype or (mine.subtype if mine.type == surer.type else None),
        aliases=tuple(sorted(names.values(), key=lambda name: (-len(name), name))),
        mentions=tuple(Mention(s.start, s.end, sure[s]) for s in spans),
        attributes=tuple(sorted((dict(other.attributes) | dict(mine.attributes)).items())),
        confidence=max(mine.confidence, other.confidence),
    )


def _sensible(
    relations: Sequence[AnnotatedRelation], things: Mapping[str, AnnotatedEntity], ontology: Ontology
) -> tuple[list[AnnotatedRelation], list[Dropped]]:
    kept = []
    lost = []
    for r in relations:
        if r.subject != r.object and allows(ontology, things[r.subject].type, r.predicate, things[r.object].type):
            kept.append(r)
        else:
            lost.append(Dropped(r.evidence, r.predicate, RETYPED, r.confidence))
    return kept, lost


def _overlap(a: Span, b: Span) -> bool:
    return a.start < b.end and b.start < a.end
