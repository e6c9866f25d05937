"""The extractor: analysis → mentions → entities → relations → annotation, for one document."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kg.errors import PackError
from kg.extract.analysis import Analysis, Resources, analysis, resources
from kg.extract.anaphora import with_anaphora
from kg.extract.crf import Chain, bioes
from kg.extract.encoder import FILE as ENCODER
from kg.extract.encoder import Encoder, load_encoder
from kg.extract.entities import Thing, things
from kg.extract.filter import judge
from kg.extract.frames import facts
from kg.extract.grammar import propose
from kg.extract.lexical import load_lexer
from kg.extract.loglinear import Classifier, probabilities
from kg.extract.mentions import complete, notices, places_in, proposals
from kg.extract.models import load_chain, load_classifier
from kg.extract.names import Named
from kg.extract.network import FILE as NETWORK
from kg.extract.network import Network, load_network
from kg.extract.ownership import named_after
from kg.extract.pairing import PAIRS, PairNetwork, judged, load_pairs
from kg.extract.posts import held, with_offices
from kg.extract.relations import OWNERSHIP, STANDING, Candidate, Place, Schema, candidates, schema, sentences, shared
from kg.extract.unfit import fitting, without_rivals
from kg.lexicon import load_lexicon
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Document, Dropped, Mention, Span
from kg.ontology import Ontology, load_ontology, subtypes, types
from kg.registry import load_registry

NAME = "embedded"
_BARELY, _HARDLY, _PLAINLY = 0.15, 0.05, 0.75
"""The least chance that the grammar seconds; the second where its frame is one of the surest (the third)."""
_USUAL, LEAST = 0.45, 0.3
"""The least chance of a fact where none was chosen, and that of any: of the facts below, 145 of 414 were right."""
_OWNED = "-partOf"
_NAMED_AFTER = 0.9
"""How often a unit that is named after a body is a unit of it, among the documents to learn from (308 of 328)."""

MODELS = ("fast", "accurate", "grammar")
AVERAGED = 0.45
"""Least confidence of a span when probabilities are averaged with the encoder's."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Thresholds chosen on cross-validation: least confidence of a span by type, of a fact by predicate, of a short form."""

    spans: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    link: float = 0.5


@dataclass(frozen=True, slots=True)
class Extractor:
    """Everything that extraction needs, loaded once a process; without a tagger and a ranker the grammar reads by itself."""

    pack: Resources
    ontology: Ontology
    fit: Schema
    tagger: Chain | None = None
    keeper: Classifier | None = None
    linker: Classifier | None = None
    subtyper: Classifier | None = None
    ranker: Classifier | None = None
    settings: Settings = Settings()
    network: Network | None = None
    pairer: PairNetwork | None = None
    encoder: Encoder | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """A fact of one document: indices of its entities, the candidate that states it best, and how sure that is."""

    subject: int
    predicate: str
    object: int
    candidate: Candidate
    confidence: float


def load_extractor(pack_dir: Path, *, model: str = "fast") -> Extractor:
    """Load a pack's extractor.

    Args:
        pack_dir: folder of the domain pack.
        model: ``fast`` (the trained models; the grammar for a pack that has none), ``accurate`` (an encoder beside them:
        better, and slower)
            or ``grammar``.

    Raises:
        PackError: the pack or a model is wrong, or there is no such model.
    """
    if model not in MODELS:
        raise PackError(f"unknown model {model!r}; there are: {', '.join(MODELS)}")
    ontology = load_ontology(pack_dir)
    bare = Extractor(pack=pack_resources(pack_dir, ontology), ontology=ontology, fit=relation_schema(ontology))
    folder = pack_dir / "models"
    encoder = load_encoder(folder / ENCODER, bioes(types(ontology))) if model == "accurate" else None
    if model == "grammar" or not (folder / "tagger.npz").exists():
        return bare
    settings = load_settings(folder / "settings.json")
    return replace(
        bare,
        tagger=load_chain(folder / "tagger.npz"),
        keeper=load_classifier(folder / "filter.npz"),
        linker=load_classifier(folder / "linker.npz"),
        subtyper=load_classifier(folder / "subtypes.npz"),
        ranker=load_classifier(folder / "relations.npz"),
        settings=settings if encoder is None else replace(settings, spans=dict.fromkeys(types(ontology), AVERAGED)),
        network=load_network(folder / NETWORK, bioes(types(ontology))) if (folder / NETWORK).exists() else None,
        pairer=load_pairs(folder, kinds=types(ontology), classes=bare.fit.classes) if (folder / PAIRS).exists() else None,
        encoder=encoder,
    )


def pack_resources(pack_dir: Path, ontology: Ontology) -> Resources:
    """The words of a pack, indexed."""
    kinds = types(ontology)
    classes = [*kinds, *(name for kind in kinds for name in subtypes(ontology, kind))]
    lexicon = load_lexicon(pack_dir, classes=classes, predicates=list(ontology.predicates))
    return resources(load_lexer(), lexicon, load_registry(pack_dir, ontology), classes=classes)


def relation_schema(ontology: Ontology) -> Schema:
    """The ranker's classes, from the ontology's signatures."""
    signatures = {name: predicate.signatures for name, predicate in ontology.predicates.items()}
    return schema(types(ontology), signatures, frozenset(name for name, p in ontology.predicates.items() if p.symmetric))


def load_settings(path: Path) -> Settings:
    """Read the thresholds that training chose.

    Raises:
        PackError: the file is missing or not valid.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Settings(spans=dict(data["spans"]), facts=dict(data["facts"]), link=float(data["link"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PackError(f"{path}: not readable ({error}); make the models anew with `kg train`") from error


def annotate(document: Document, extractor: Extractor) -> Annotation:
    """Say what one document states: its entities, the relations between them, what was dropped and what stayed uncovered."""
    reading = analysis(document.text, extractor.pack)
    if extractor.tagger is None or extractor.keeper is None:
        return _by_grammar(document, reading, extractor)
    proposed = proposals(reading, extractor.pack, extractor.tagger, extractor.network, extractor.encoder)
    if extractor.encoder is None:
        # The filter knows the chain's confidences; on averaged ones it loses more names than it saves.
        proposed = judge(reading, proposed, extractor.keeper, heads=extractor.pack.heads.groups)
    kept, dropped = sift(proposed, document.text, extractor.pack, extractor.settings)
    entities = things(reading, complete(document.text, kept, places_in(reading)), linker=extractor.linker,
        subtyper=extractor.subtyper, sure=extractor.settings.link, endings=extractor.pack.endings)
    places = places_of(entities, reading, extractor.pack)
    return annotation_of(document, reading, entities, places, state(reading, places, extractor), dropped)


def sift(proposed: Sequence[Named], text: str, pack: Resources, settings: Settings) -> tuple[list[Named],
    list[tuple[Named, str]]]:
    """Divide proposals into names kept and names dropped, each of these with its reason.

    Reasons: ``notice`` (the line is a notice about the copy), ``plain`` (a commonplace of the genre), ``general`` (it says
    itself that it means no one thing, or points back to one), ``low-confidence``.
    """
    aside = notices(text, pack.lexicon.notices)
    kept: list[Named] = []
    dropped: list[tuple[Named, str]] = []
    for span in proposed:
        before = bisect_right(aside, (span.start, len(text)))
        if before and span.start < aside[before - 1][1]:
            dropped.append((span, "notice"))
        elif text[span.start : span.end] in pack.lexicon.plain:
            dropped.append((span, "plain"))
        elif _is_general(text[span.start : span.end], span.type, pack.lexicon.general):
            dropped.append((span, "general"))
        elif span.confidence < settings.spans.get(span.type, 0.5):
            dropped.append((span, "low-confidence"))
        else:
            kept.append(span)
    return kept, dropped


def _is_general(name: str, kind: str, words: Mapping[str, Sequence[str]]) -> bool:
    return any(kind in classes and name.startswith(word) for word, classes in words.items())


def annotation_of(
    document: Document, reading: Analysis, entities: Sequence[Thing], places: Sequence[Place], stated: Sequence[
        Stated], dropped: Sequence[tuple[Named, str]], *, by: str = NAME
) -> Annotation:
    """Put together what was found in a document."""
    return Annotation(
        document=document.id,
        entities=tuple(_entity(number, thing) for number, thing in enumerate(entities)),
        relations=tuple(_relation(fact, places, document.text, by) for fact in stated),
        dropped=tuple(Dropped(Span(s.start, s.end), s.type, reason, s.confidence) for s, reason in dropped),
        uncovered=tuple(uncovered(reading, stated)),
        extractor=by,
    )


def _by_grammar(document: Document, reading: Analysis, extractor: Extractor) -> Annotation:
    ontology = extractor.ontology
    parents = {name: kind for kind in types(ontology) for name in (kind, *subtypes(ontology, kind))}
    proposed, classes = propose(reading, extractor.pack, parents=parents)
    found, dropped = sift(proposed, document.text, extractor.pack, extractor.settings)
    entities = [
        replace(thing, subtype=next((classes[s.start, s.end] for s in thing.spans
            if classes.get((s.start, s.end), thing.type) != thing.type), thing.subtype))
        for thing in things(reading, found, linker=None, subtyper=None)
    ]  # fmt: skip
    places = places_of(entities, reading, extractor.pack)
    pairs = facts(reading, places, extractor.fit, extractor.pack)
    chances = np.zeros((len(pairs), len(extractor.fit.classes)), np.float32)
    for row, (_, number, sure) in enumerate(pairs):
        chances[row, number] = sure
    judged = [replace(pair, example=replace(pair.example, possible=(0, number))) for pair, number, _ in pairs]
    symmetric = {name for name, p in ontology.predicates.items() if p.symmetric}
    stated = select(document.text, judged, places, chances, extractor.fit, symmetric=symmetric, thresholds={})
    return annotation_of(document, reading, entities, places, stated, dropped, by="grammar")


def places_of(entities: Sequence[Thing], reading: Analysis, pack: Resources) -> list[Place]:
    """All mentions as the relation step reads them, in text order, longer first, with the words that stand for one."""
    places = [Place(s.start, s.end, number, thing.type, thing.subtype) for number, thing in enumerate(entities)
        for s in thing.spans]
    return with_anaphora(reading, places, pack)


def state(reading: Analysis, places: Sequence[Place], extractor: Extractor) -> list[Stated]:
    """Judge all candidates and keep the facts that are sure enough, each with its best statement."""
    if extractor.ranker is None:
        return []
    pairs = candidates(reading, places, extractor.fit)
    chances = likely(reading, places, pairs, extractor)
    return chosen(reading.text, places, pairs, chances, extractor, thresholds=extractor.settings.facts)


def chosen(
    text: str, places: Sequence[Place], pairs: Sequence[Candidate], chances: NDArray[np.float32], extractor: Extractor, *,
    thresholds: Mapping[str, float],
) -> list[Stated]:  # fmt: skip
    """Keep the facts that are sure enough, and those that posts point to."""
    words = extractor.pack.lexicon
    pairs, chances = with_offices(text, places, pairs, chances, extractor.fit, words)
    symmetric = {name for name, p in extractor.ontology.predicates.items() if p.symmetric}
    stated = select(text, pairs, places, chances, extractor.fit, symmetric=symmetric, thresholds=thresholds)
    return without_rivals(stated, words.exclusive)


def likely(reading: Analysis, places: Sequence[Place], pairs: Sequence[Candidate], extractor: Extractor) -> NDArray[np.float32]:
    """The chance of each class of each pair: the mean of the ranker's and the network's, seconded by the grammar; posts fit."""
    assert extractor.ranker is not None
    chances = probabilities([pair.example for pair in pairs], extractor.ranker)
    if extractor.pairer is not None:
        chances = (chances + judged(reading, places, pairs, extractor.pairer)) * np.float32(0.5)
    chances = owned(reading.text, places, pairs, seconded(reading, places, pairs, chances, extractor), extractor.fit)
    words = extractor.pack.lexicon
    chances = held(reading.text, places, pairs, chances, extractor.fit, words)
    return fitting(reading.text, places, pairs, chances, extractor.fit, words.unfit)


def owned(text: str, places: Sequence[Place], pairs: Sequence[Candidate], chances: NDArray[np.float32], fit: Schema) -> NDArray[
    np.float32]:  # fmt: skip
    """A name that opens with its owner's name states whose it is, whatever else is said of the two."""
    if _OWNED not in fit.classes:
        return chances
    owner, at = named_after(text, places), fit.classes.index(_OWNED)
    out = chances.copy()
    for number, pair in enumerate(pairs):
        if pair.carried == OWNERSHIP and owner.get(places[pair.second].entity) == places[pair.first].entity:
            out[number, at] = max(out[number, at], np.float32(_NAMED_AFTER))
    return out


def seconded(
    reading: Analysis, places: Sequence[Place], pairs: Sequence[Candidate], chances: NDArray[np.float32], extractor: Extractor
) -> NDArray[np.float32]:
    """Let the grammar second the ranker: where both see a fact, though the ranker barely, its chance is the mean of both.

    What a frame says plainly (甲与乙、丙等单位开展结对共建) the ranker need hardly see.
    """
    number = {(pair.first, pair.second): at for at, pair in enumerate(pairs) if not pair.carried}
    out = chances.copy()
    for candidate, name, sure in facts(reading, places, extractor.fit, extractor.pack):
        at = number.get((candidate.first, candidate.second))
        least = _HARDLY if sure >= _PLAINLY else _BARELY
        if at is not None and least <= chances[at, name] < sure:
            out[at, name] = (chances[at, name] + sure) / 2
    return out


def select(
    text: str, pairs: Sequence[Candidate], places: Sequence[Place], chances: NDArray[
        np.float32], fit: Schema, *, symmetric: set[str], thresholds: Mapping[str, float]
) -> list[Stated]:
    """Turn class probabilities (candidates × classes) into facts, one for each subject, predicate and object."""
    chances = shared(text, pairs, places, chances)
    needed = np.array([max(thresholds.get(name.removeprefix("-"), _USUAL), LEAST) if name else np.inf for name in fit.classes])
    best: dict[tuple[int, str, int], Stated] = {}
    for number, at in np.argwhere(chances >= needed).tolist():
        pair, name = pairs[number], fit.classes[at]
        if at not in pair.example.possible:
            continue
        chance = float(chances[number, at])
        subject, object_ = places[pair.first].entity, places[pair.second].entity
        if name.startswith("-"):
            name, subject, object_ = name[1:], object_, subject
        if (pair.unreal and name not in STANDING) or not _is_named(pair, places):
            continue
        if name in symmetric and subject > object_:
            subject, object_ = object_, subject
        key = (subject, name, object_)
        if key not in best or chance > best[key].confidence:
            best[key] = Stated(subject, name, object_, pair, round(chance, 4))
    parent: dict[int, Stated] = {}
    for fact in best.values():
        if fact.predicate == "partOf" and (fact.subject not in parent or fact.confidence > parent[fact.subject].confidence):
            parent[fact.subject] = fact
    kept = [fact for fact in best.values() if fact.predicate != "partOf" or parent[fact.subject] is fact]
    kept = [f for f in kept if not (f.predicate == "partOf" and f.object in parent and parent[f.object].object == f.subject
        and parent[f.object].confidence > f.confidence)]
    return sorted(kept, key=lambda f: (f.candidate.sentence, places[f.candidate.first].start, places[f.candidate.second].start,
        f.predicate))


def _entity(number: int, thing: Thing) -> AnnotatedEntity:
    return AnnotatedEntity(
        id=f"e{number + 1}", type=thing.type, name=thing.forms[0], subtype=thing.subtype or None, aliases=thing.forms[1:],
        mentions=tuple(Mention(s.start, s.end, s.confidence) for s in thing.spans), confidence=thing.confidence,
    )  # fmt: skip


def _relation(fact: Stated, places: Sequence[Place], text: str, by: str) -> AnnotatedRelation:
    first, second = (_named(places, at) for at in (fact.candidate.first, fact.candidate.second))
    subject, object_ = (first, second) if first.entity == fact.subject else (second, first)
    start, end = fact.candidate.sentence
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return AnnotatedRelation(
        subject=f"e{fact.subject + 1}", predicate=fact.predicate, object=f"e{fact.object + 1}", evidence=Span(start, end),
        implied=fact.candidate.carried == OWNERSHIP, confidence=fact.confidence,
        subject_span=Span(subject.start, subject.end), object_span=Span(object_.start, object_.end), extractor=by,
    )  # fmt: skip


def _is_named(pair: Candidate, places: Sequence[Place]) -> bool:
    """Whether the sentence that is to be evidence names one of the two, and does not merely point back to both."""
    return not places[pair.second].anaphor or not (pair.carried or places[pair.first].anaphor)


def _named(places: Sequence[Place], at: int) -> Place:
    """The mention itself, or the last one before it of what it stands for."""
    place = places[at]
    return place if not place.anaphor else next(p for p in reversed(places[:at]) if p.entity == place.entity and not p.anaphor)


def uncovered(reading: Analysis, stated: Sequence[Stated]) -> list[Span]:
    """Sentences that hold a trigger word but state no fact."""
    covered = {fact.candidate.sentence for fact in stated}
    triggers = sorted(reading.triggers)
    out = []
    for start, end in sentences(reading.text):
        if (start, end) not in covered and bisect_left(triggers, start) < bisect_left(triggers, end):
            lead = len(reading.text[start:end]) - len(reading.text[start:end].lstrip())
            tail = len(reading.text[start:end].rstrip())
            if lead < tail:
                out.append(Span(start + lead, start + tail))
    return out
