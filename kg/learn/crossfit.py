"""Training as a whole: cross-fitting by document, so that every figure and threshold comes from documents a model has not seen.

The documents are dealt into folds. For each fold the tagger, the linker and the subtyper are fitted on the others and read its
documents. On these
readings the precision filter, the thresholds and the relation ranker's view of imperfect names are fitted, and the figures are
taken; at last the
models are fitted on all documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg.evaluate import Case, Evaluation, evaluate
from kg.extract.analysis import Resources
from kg.extract.crf import Chain, bioes
from kg.extract.entities import Thing, things
from kg.extract.extractor import LEAST, Extractor, Settings, annotation_of, chosen, likely, places_of, sift
from kg.extract.filter import KEPT, confident, filter_examples, grouped
from kg.extract.loglinear import Classifier, Example, probabilities
from kg.extract.mentions import complete, places_in, proposals
from kg.extract.names import Named
from kg.extract.network import FILE as NETWORK
from kg.extract.network import open_network
from kg.extract.pairing import PAIRS, STATES, open_pairs
from kg.extract.relations import Place, Schema, candidates
from kg.learn.classroom import School, classroom
from kg.learn.fit import fit_loglinear
from kg.learn.pairing import Reading, fit_networks
from kg.learn.taggers import fit_taggers
from kg.learn.train import Lesson, fit_linker, fit_subtyper, gold_places, relation_labels
from kg.model import Annotation
from kg.naming import normalise
from kg.ontology import types

FOLDS = 5
_GRID = tuple(round(0.15 + 0.05 * step, 2) for step in range(12))
_USUAL = 0.45
_SURE = 0.55
"""The usual threshold of a name. Up to .6 F1 hardly falls; real reports are sparser in names than documents to learn from, and
there more of what is barely sure is wrong."""
_UNLESS = 0.04
"""F1 that a threshold must gain for being 1 away from the usual one."""


@dataclass(frozen=True, slots=True)
class Trained:
    """The extractor fitted on all documents (``None`` if only the figures were wanted), its networks as files, the figures."""

    extractor: Extractor | None
    networks: Mapping[str, bytes]
    figures: Evaluation
    by_document: Mapping[str, Annotation]


@dataclass(frozen=True, slots=True)
class _Read:
    """What a fold's tagger proposes for one of its documents, with the models of the fold."""

    lesson: Lesson
    fold: int
    proposed: list[Named]


class _Seen(NamedTuple):
    """A document as a fold's models read it: its mentions, entities, and what was dropped with the reason."""

    places: list[Place]
    entities: list[Thing]
    dropped: list[tuple[Named, str]]


def deal(lessons: Sequence[Lesson], folds: int) -> list[int]:
    """The fold of each document, by its place in the order of the hashes of ids: stable, and blind to who wrote it when.

    Documents keep their fold from run to run as long as the set is the same.
    """
    import hashlib

    order = sorted(range(len(lessons)), key=lambda i: hashlib.sha256(lessons[i].document.id.encode()).hexdigest())
    out = [0] * len(lessons)
    for rank, i in enumerate(order):
        out[i] = rank % folds
    return out


def train(lessons: Sequence[Lesson], school: School, fit: Schema, *, folds: int = FOLDS, final: bool = True,
    say: Callable[[str], None] = lambda text: None) -> Trained:
    """Fit everything.

    Args:
        lessons: annotated documents, analysed; at least ``folds`` of them.
        school: the pack that is trained, and in how many processes.
        fit: its relation schema.
        folds: number of folds.
        final: fit the models on all documents, too.
        say: told what is going on, a line at a time.
    """
    with classroom(lessons, school) as room:
        return _train(room, lessons, school, fit, folds=folds, final=final, say=say)


def _train(room: Executor, lessons: Sequence[Lesson], school: School, fit: Schema, *, folds: int, final: bool,
    say: Callable[[str], None]) -> Trained:  # fmt: skip
    kinds = types(school.ontology)
    bare = Extractor(pack=school.pack, ontology=school.ontology, fit=fit)
    dealt = deal(lessons, folds)
    groups = [[at for at, mine in enumerate(dealt) if mine != fold] for fold in range(folds)]
    taggers = fit_taggers(room, [*groups, *([list(range(len(lessons)))] if final else [])], say=say)
    read, helpers = _read_folds(lessons, dealt, groups, taggers, bare, say)
    say("precision filter, relations and thresholds")
    judged, keeper = _judge(read, bare.pack, folds)
    settings = Settings(spans={kind: _best_threshold(read, judged, kind) for kind in kinds})
    seen = [_places(item, spans, bare.pack, settings, helpers[item.fold]) for item, spans in zip(read, judged, strict=True)]
    marked, found = _marked(read, bare), _found(read, seen, bare)
    networks = fit_networks(room, [*groups, *([list(range(len(lessons)))] if final else [])], marked, found, fit.classes, say=say)
    chances = _ranked(read, marked, found, bare, networks)
    settings = replace(settings, facts=_fact_thresholds(read, seen, found, chances, bare))
    annotations = _annotations(read, seen, found, chances, replace(bare, settings=settings))
    figures = evaluate([Case(item.lesson.document, item.lesson.gold, annotations[item.lesson.document.id]) for item in read],
        ontology=school.ontology)
    if not final:
        return Trained(None, {}, figures, annotations)
    say(f"fitting the models on all {len(lessons)} documents")
    tagger, model = next(taggers)
    pairs = next(networks)
    extractor = replace(
        bare, tagger=tagger, keeper=keeper, linker=fit_linker(lessons), subtyper=fit_subtyper(lessons),
        ranker=_fit_ranker([*marked, *found], fit), settings=settings, network=open_network(model, bioes(kinds)),
        pairer=open_pairs(*pairs, kinds=kinds, classes=fit.classes) if pairs else None,
    )  # fmt: skip
    files = {NETWORK: model} | ({STATES: pairs[0], PAIRS: pairs[1]} if pairs else {})
    return Trained(extractor, files, figures, annotations)


def _read_folds(
    lessons: Sequence[Lesson], dealt: Sequence[int], groups: Sequence[Sequence[int]], taggers: Iterator[tuple[Chain, bytes]],
    bare: Extractor, say: Callable[[str], None],
) -> tuple[list[_Read], list[tuple[Classifier, Classifier]]]:  # fmt: skip
    """Read each lesson, in their order, with the taggers of its fold; the linker and the subtyper of each fold."""
    read: list[_Read] = []
    helpers: list[tuple[Classifier, Classifier]] = []
    for fold, group in enumerate(groups):
        tagger, model = next(taggers)
        say(f"fold {fold + 1} of {len(groups)}: reading {dealt.count(fold)} documents with taggers fitted on {len(group)}")
        network = open_network(model, bioes(types(bare.ontology)))
        rest = [lessons[at] for at in group]
        helpers.append((fit_linker(rest), fit_subtyper(rest)))
        read += [_Read(item, fold, proposals(item.reading, bare.pack, tagger, network))
            for item, mine in zip(lessons, dealt, strict=True) if mine == fold]
    place = {item.document.id: at for at, item in enumerate(lessons)}
    return sorted(read, key=lambda r: place[r.lesson.document.id]), helpers


def _annotations(read: Sequence[_Read], seen: Sequence[_Seen], found: Sequence[Reading], chances: Sequence[NDArray[np.float32]],
    reader: Extractor) -> dict[str, Annotation]:  # fmt: skip
    out = {}
    for item, (places, entities, dropped), reading, sure in zip(read, seen, found, chances, strict=True):
        document = item.lesson.document
        stated = chosen(document.text, places, reading.pairs, sure, reader, thresholds=reader.settings.facts)
        out[document.id] = annotation_of(document, item.lesson.reading, entities, places, stated, dropped)
    return out


def _symmetric(reader: Extractor) -> frozenset[str]:
    return frozenset(name for name, p in reader.ontology.predicates.items() if p.symmetric)


def _fit_ranker(readings: Sequence[Reading], fit: Schema) -> Classifier:
    told = [(pair.example, number) for reading in readings for pair, number in zip(reading.pairs, reading.classes, strict=True)
        if number is not None]  # fmt: skip
    return fit_loglinear([example for example, _ in told], [number for _, number in told], classes=fit.classes, epochs=3)


def _ranked(
    read: Sequence[_Read], marked: Sequence[Reading], found: Sequence[Reading], bare: Extractor,
    networks: Iterator[tuple[bytes, bytes] | None],
) -> list[NDArray[np.float32]]:  # fmt: skip
    """Chances of the candidates of each document from models fitted on the other folds, with the grammar's second."""
    out: dict[int, NDArray[np.float32]] = {}
    for fold in sorted({item.fold for item in read}):
        others = [at for at, item in enumerate(read) if item.fold != fold]
        ranker = _fit_ranker([part[at] for at in others for part in (marked, found)], bare.fit)
        files = next(networks)
        pairer = open_pairs(*files, kinds=types(bare.ontology), classes=bare.fit.classes) if files else None
        reader = replace(bare, ranker=ranker, pairer=pairer)
        for at, item in enumerate(read):
            if item.fold == fold:
                out[at] = likely(item.lesson.reading, found[at].places, found[at].pairs, reader)
    return [out[at] for at in range(len(read))]


def _judge(read: Sequence[_Read], pack: Resources, folds: int) -> tuple[list[list[Named]], Classifier]:
    """Fit the filter; give each document's proposals the confidence of a filter fitted on the other folds."""
    groups = [grouped(item.lesson.document.text, item.proposed) for item in read]
    examples: list[list[Example]] = []
    right: list[list[int]] = []
    for item, found in zip(read, groups, strict=True):
        true = {(e.type, normalise(name)) for e in item.lesson.gold.entities for name in (e.name, *e.aliases)}
        text = item.lesson.document.text
        examples.append(filter_examples(item.lesson.reading, found, pack.heads.groups))
        right.append([int((group[0].type, normalise(text[group[0].start : group[0].end])) in true) for group in found])
    judged: list[list[Named]] = [[] for _ in read]
    for fold in range(folds):
        others = [k for k, item in enumerate(read) if item.fold != fold]
        model = _fit_filter([x for k in others for x in examples[k]], [y for k in others for y in right[k]])
        for k, item in enumerate(read):
            if item.fold == fold:
                chances = probabilities(examples[k], model)
                judged[k] = confident(item.lesson.reading, groups[k], [float(c[KEPT]) for c in chances])
    return judged, _fit_filter([x for row in examples for x in row], [y for row in right for y in row])


def _fit_filter(examples: Sequence[Example], right: Sequence[int]) -> Classifier:
    return fit_loglinear(examples, right, classes=("drop", "keep"), epochs=6, alpha=0.05)


def _best_threshold(read: Sequence[_Read], judged: Sequence[Sequence[Named]], kind: str) -> float:
    """The threshold with the best F1 on names of one type; of nearly equal ones (``_UNLESS``) the one nearest to what is usual.

    With confidences that are true chances, half of the F1 to be had is the best threshold (Lipton et al. 2014): some .45; a wrong
    name costs a reader more than a missing one.
    """
    scores = []
    for threshold in _GRID:
        right = predicted = there = 0
        for item, spans in zip(read, judged, strict=True):
            text = item.lesson.document.text
            owner = {normalise(name): e.id for e in item.lesson.gold.entities if e.type == kind for name in (e.name, *e.aliases)}
            names = {normalise(text[s.start : s.end]) for s in spans if s.type == kind and s.confidence >= threshold}
            hits = {owner[name] for name in names if name in owner}
            right += len(hits)
            predicted += len(hits) + len([name for name in names if name not in owner])
            there += len(set(owner.values()))
        scores.append(2 * right / max(1, predicted + there))
    return max(zip(_GRID, scores, strict=True), key=lambda pair: pair[1] - _UNLESS * abs(pair[0] - _SURE))[0]


def _places(item: _Read, spans: Sequence[Named], pack: Resources, settings: Settings,
    helpers: tuple[Classifier, Classifier]) -> _Seen:
    kept, dropped = sift(spans, item.lesson.document.text, pack, settings)
    entities = things(item.lesson.reading, complete(item.lesson.document.text, kept, places_in(item.lesson.reading)),
        linker=helpers[0], subtyper=helpers[1], sure=settings.link, endings=pack.endings)
    return _Seen(places_of(entities, item.lesson.reading, pack), entities, dropped)


def _marked(read: Sequence[_Read], bare: Extractor) -> list[Reading]:
    """Each document with the mentions that annotators marked, its pairs and their classes."""
    out = []
    for item in read:
        places = gold_places(item.lesson, bare.pack)
        pairs = candidates(item.lesson.reading, places, bare.fit)
        out.append(Reading(places, pairs, relation_labels(pairs, places, item.lesson.gold, bare.fit, _symmetric(bare))))
    return out


def _found(read: Sequence[_Read], seen: Sequence[_Seen], bare: Extractor) -> list[Reading]:
    """Each document with the mentions that the taggers of its fold found, its pairs and their classes."""
    out = []
    for item, (places, entities, _) in zip(read, seen, strict=True):
        pairs = candidates(item.lesson.reading, places, bare.fit)
        labels = relation_labels(pairs, _mapped(item, places, entities), item.lesson.gold, bare.fit, _symmetric(bare))
        out.append(Reading(places, pairs, labels))
    return out


def _mapped(item: _Read, places: Sequence[Place], entities: Sequence[Thing]) -> list[Place]:
    """The read mentions with the numbers of the gold entities that they name (negative where they name none)."""
    number = {(e.type, normalise(name)): at for at, e in enumerate(item.lesson.gold.entities) for name in (e.name, *e.aliases)}
    gold = []
    for at, thing in enumerate(entities):
        hits = [number[thing.type, normalise(form)] for form in thing.forms if (thing.type, normalise(form)) in number]
        gold.append(hits[0] if hits else -1 - at)
    return [replace(place, entity=gold[place.entity]) for place in places]


def _fact_thresholds(
    read: Sequence[_Read], seen: Sequence[_Seen], found: Sequence[Reading], chances: Sequence[NDArray[np.float32]],
    bare: Extractor,
) -> dict[str, float]:  # fmt: skip
    """The threshold of each predicate that gives the best F1."""
    predicates, symmetric = sorted(bare.ontology.predicates), _symmetric(bare)
    grid = [threshold for threshold in _GRID if threshold >= LEAST]
    counts = {name: np.zeros((len(grid), 2)) for name in predicates}
    there = dict.fromkeys(predicates, 0)
    for item, (places, entities, _), reading, sure in zip(read, seen, found, chances, strict=True):
        index = {e.id: at for at, e in enumerate(item.lesson.gold.entities)}
        true = {_ordered(index[r.subject], r.predicate, index[r.object], symmetric) for r in item.lesson.gold.relations}
        for _, name, _ in true:
            there[name] += 1
        mapped = _mapped(item, places, entities)
        least = dict.fromkeys(predicates, grid[0])
        for fact in chosen(item.lesson.document.text, mapped, reading.pairs, sure, bare, thresholds=least):
            hit = _ordered(fact.subject, fact.predicate, fact.object, symmetric) in true
            for at, threshold in enumerate(grid):
                if fact.confidence >= threshold:
                    counts[fact.predicate][at] += (hit, 1)
    out = {}
    for name in predicates:
        scores = [2 * right / max(1.0, predicted + there[name]) for right, predicted in counts[name]]
        # Rare predicates: a little trust in the usual threshold keeps luck from choosing.
        best = max(range(len(grid)), key=lambda at: (scores[at] - 0.01 * abs(grid[at] - _USUAL) / 0.05 * (there[name] < 100),
            -at))
        out[name] = grid[best]
    return out


def _ordered(subject: int, name: str, object_: int, symmetric: frozenset[str]) -> tuple[int, str, int]:
    return (min(subject, object_), name, max(subject, object_)) if name in symmetric else (subject, name, object_)
