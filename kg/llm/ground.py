"""An answer about a window → what of it holds: names and sentences located in the document, the rest refused by reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kg.llm.answer import Answer, EntityItem, Pair, RelationItem, shown
from kg.llm.locate import Place, Quotable, distance, nearest
from kg.llm.prompt import MARK, Prompt
from kg.llm.windows import Window
from kg.model import Attributes, Refused, Span
from kg.naming import display_name, normalise
from kg.ontology import Ontology, allows, subtypes, top_type, types

INEXACT = 0.9
"""Confidence is multiplied by this where a quote is found only but for white space or punctuation."""

ABSENT = "not in the text"
SCHEMA = "breaks the schema"
EXAMPLE = "repeats an example of the prompt"
UNKNOWN_TYPE, UNKNOWN_PREDICATE = "no type of the ontology", "no predicate of the ontology"
MISFIT = "the ontology allows no such statement between these types"
STRANGER = "an end is no accepted entity of the answer"
ELSEWHERE = "the evidence names neither end"
ITSELF = "a thing and itself"
ANAPHORA = "refers to a name and is none"
INJECTED = "stands only in words that are addressed to a model"
TOO_LONG = "the evidence is no sentence"

_LONGEST = 600  # characters of a sentence that may be evidence
_LEAST = 2  # letters of a name
_ADDRESSED = re.compile(
    r"(?:忽略|无视|忘记|忘掉|不要理会|不要遵守|绕过)[^。！？\n]{0,20}(?:指示|指令|提示词?|规则|要求|设定|内容)"
    r"|(?:ignore|disregard|forget)[^.!?\n]{0,40}(?:instruction|prompt|rule|message)"
    r"|(?:你现在是|你必须输出|请(?:直接)?输出|只输出|系统提示|system prompt)|<\|[a-z_]+\|>|\[/?INST\]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Entity:
    """A located thing: ``names`` as they stand in the text, its name first, with all their places in the document."""

    type: str
    subtype: str | None
    names: tuple[str, ...]
    places: tuple[Place, ...]
    attributes: Attributes
    confidence: float


@dataclass(frozen=True, slots=True)
class Relation:
    """A located statement between two of the entities of the same answer (by their indices)."""

    subject: int
    predicate: str
    object: int
    evidence: Span
    subject_span: Span
    object_span: Span
    implied: bool
    attributes: Attributes
    confidence: float


@dataclass(frozen=True, slots=True)
class Grounded:
    """What holds of the answer about one window, and what was refused."""

    window: Window
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What answers are held to: the ontology, the prompt whose examples must not come back, and words that only refer."""

    ontology: Ontology
    prompt: Prompt
    anaphora: frozenset[str] = frozenset()


class _Refusal(Exception):
    """An item does not hold, for the reason given."""


def ground(answer: Answer, window: Window, text: Quotable, rules: Rules) -> Grounded:
    """Return what of ``answer`` the document bears out; nothing comes back without a place in the text."""
    refused = [Refused(window.span, item, f"{SCHEMA}: {what}") for item, what in answer.broken]
    entities: list[Entity] = []
    for thing in answer.entities:
        try:
            entities.append(_entity(thing, window, text, rules))
        except _Refusal as refusal:
            refused.append(Refused(window.span, shown(thing.model_dump(exclude_defaults=True)), str(refusal)))
    by_name: dict[str, list[int]] = {}
    for at, entity in enumerate(entities):
        for name in {normalise(name) for name in entity.names}:
            by_name.setdefault(name, []).append(at)
    relations = []
    for statement in answer.relations:
        try:
            relations.append(_relation(statement, entities, by_name, window, text, rules))
        except _Refusal as refusal:
            refused.append(Refused(window.span, shown(statement.model_dump(exclude_defaults=True)), str(refusal)))
    return Grounded(window, tuple(entities), tuple(relations), tuple(refused))


def _entity(item: EntityItem, window: Window, text: Quotable, rules: Rules) -> Entity:
    _check_example((item.name, *item.aliases), rules)
    type_, subtype = _class(item, rules.ontology)
    places = _places(item.name, window, text)
    if not places or len(normalise(item.name)) < _LEAST:
        raise _Refusal(ABSENT)
    if _is_anaphora(item.name, rules):
        raise _Refusal(ANAPHORA)
    if all(_addressed(text.text, place.span) for place in places):
        raise _Refusal(INJECTED)
    names = [item.name]
    for alias in item.aliases:
        # An alias that is nowhere, or no name, takes nothing from the thing itself.
        if len(normalise(alias)) >= _LEAST and not _is_anaphora(alias, rules) and _places(alias, window, text):
            names.append(alias)
    everywhere = [place for name in names for place in text.find(name)]
    exact = any(place.exact for place in places)
    return Entity(
        type=type_,
        subtype=subtype,
        names=tuple(dict.fromkeys(display_name(_as_written(name, text)) for name in names)),
        places=tuple(sorted(set(everywhere), key=lambda p: (p.span, p.exact))),
        attributes=_attributes(item.attributes, window, text, rules),
        confidence=round(item.confidence * (1 if exact else INEXACT), 4),
    )


def _class(item: EntityItem, ontology: Ontology) -> tuple[str, str | None]:
    """Return type and subtype; a subtype in the place of the type, or one of another type, is put right."""
    if item.type not in ontology.classes or ontology.classes[item.type].role:
        raise _Refusal(UNKNOWN_TYPE)
    type_ = top_type(ontology, item.type)
    below = subtypes(ontology, type_)
    found = item.subtype if item.subtype in below else item.type if item.type in below else None
    return (type_, found) if type_ in types(ontology) else (item.type, None)


def _places(quote: str, window: Window, text: Quotable) -> list[Place]:
    """Return where ``quote`` stands in the window, or else where it stands in the document, which gave title and known names."""
    places = text.find(quote)
    inside = [p for p in places if any(part.start <= p.span.start and p.span.end <= part.end for part in window.parts)]
    return inside or places


def _as_written(name: str, text: Quotable) -> str:
    place = text.find(name)[0].span
    return text.text[place.start : place.end]


def _relation(
    item: RelationItem, entities: Sequence[Entity], by_name: dict[str, list[int]], window: Window, text: Quotable, rules: Rules
) -> Relation:
    _check_example((item.subject, item.object, item.evidence), rules)
    if item.predicate not in rules.ontology.predicates:
        raise _Refusal(UNKNOWN_PREDICATE)
    subjects, objects = (by_name.get(normalise(end), []) for end in (item.subject, item.object))
    if not subjects or not objects:
        raise _Refusal(STRANGER)
    fitting = [
        (s, o) for s in subjects for o in objects
        if allows(rules.ontology, entities[s].type, item.predicate, entities[o].type)
    ]  # fmt: skip
    if not fitting:
        raise _Refusal(MISFIT)
    subject, object_ = next(((s, o) for s, o in fitting if s != o), (-1, -1))
    if subject < 0:
        raise _Refusal(ITSELF)
    ends = [[place.span for place in entities[end].places] for end in (subject, object_)]
    evidence = _evidence(item.evidence, ends, window, text)
    first, second = (nearest(places, evidence.span) for places in ends)
    return Relation(
        subject=subject,
        predicate=item.predicate,
        object=object_,
        evidence=evidence.span,
        subject_span=first,
        object_span=second,
        implied=item.implied,
        attributes=_attributes(item.attributes, window, text, rules),
        confidence=round(item.confidence * (1 if evidence.exact else INEXACT), 4),
    )


def _evidence(quote: str, ends: Sequence[Sequence[Span]], window: Window, text: Quotable) -> Place:
    """Return the place of the evidence: in the window, and of several the one nearest to both ends."""
    found = [p for p in text.find(quote, name=False) if any(_overlap(p.span, part) for part in window.parts)]
    if not found:
        raise _Refusal(ABSENT)

    def far(place: Place) -> tuple[int, int]:
        return sum(distance(nearest(places, place.span), place.span) for places in ends), place.span.start

    best = min(found, key=far)
    if best.span.end - best.span.start > _LONGEST:
        raise _Refusal(TOO_LONG)
    if not any(_overlap(place, best.span) for places in ends for place in places):
        raise _Refusal(ELSEWHERE)
    if _ADDRESSED.search(text.text, best.span.start, best.span.end):
        raise _Refusal(INJECTED)
    return best


def _overlap(a: Span, b: Span) -> bool:
    return a.start < b.end and b.start < a.end


def _check_example(quotes: Iterable[str], rules: Rules) -> None:
    for quote in quotes:
        if MARK in quote or normalise(quote) in rules.prompt.examples:
            raise _Refusal(EXAMPLE)


def _is_anaphora(name: str, rules: Rules) -> bool:
    return name in rules.anaphora or name[:1] in "该本此"


def _addressed(text: str, span: Span) -> bool:
    """Return whether the sentence around ``span`` speaks to a model."""
    start = max(text.rfind(mark, 0, span.start) for mark in "。！？\n") + 1
    ends = [end for mark in "。！？\n" if (end := text.find(mark, span.end)) >= 0]
    return _ADDRESSED.search(text, start, min(ends, default=len(text))) is not None


def _attributes(pairs: Sequence[Pair], window: Window, text: Quotable, rules: Rules) -> Attributes:
    """Return the attributes whose names the prompt allows and whose values stand in the text, as all else must."""
    found = {pair.key: pair.value for pair in pairs if pair.key in rules.prompt.attributes and _places(pair.value, window, text)}
    return tuple(sorted(found.items()))
