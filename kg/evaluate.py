"""Precision, recall and F1 of predicted annotations against gold ones, and where they differ.

Names are compared after NFKC without white space, quotes and punctuation. A predicted entity is right when its type is that of
a gold entity and one of its names is one of the other's; each gold entity counts once. A relation is right when its predicate is
and its ends are matched entities, in either order for symmetric predicates. All figures are micro-averaged over the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kg.annotation import load_annotation
from kg.errors import InputError
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Document
from kg.naming import normalise
from kg.read import read_document

if TYPE_CHECKING:
    from kg.ontology import Ontology

BINS = 10


@dataclass(frozen=True, slots=True)
class Score:
    """How many were right, predicted and there; precision, recall and F1 follow, rounded to four digits."""

    right: int
    predicted: int
    gold: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Facts or entities whose confidence lies in ``[low, high)``: how many, how sure on average, and how often right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which prediction and gold differ: ``kind`` is ``missed`` or ``spurious``, ``sentence`` where it stands."""

    document: str
    kind: str
    label: str
    text: str
    sentence: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """A document with its gold and its predicted annotation (``None`` if there is none)."""

    document: Document
    gold: Annotation
    predicted: Annotation | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures; ``explicit`` leaves out implied relations, ``grounded`` is the share of spans that hold what they say."""

    entity: Score
    relation: Score
    explicit: Score
    mention: Score
    subtype_accuracy: float
    grounded: float
    by_type: Mapping[str, Score]
    by_predicate: Mapping[str, Score]
    entity_calibration: tuple[Bin, ...]
    relation_calibration: tuple[Bin, ...]
    missing: tuple[str, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """How the prediction for one document lies on its gold.

    ``entities`` maps predicted ids to gold ids; ``gold`` and ``predicted`` are the relations by what they say in gold's ids.
    """

    entities: Mapping[str, str]
    gold: Mapping[tuple[str, str, str], AnnotatedRelation]
    predicted: Mapping[tuple[str, str, str], AnnotatedRelation]


def read_cases(gold_dir: Path, predict: Callable[[Document], Annotation] | Path, *, ontology: Ontology) -> list[Case]:
    """Return a case for each ``NAME.json`` of ``gold_dir`` with its ``NAME.txt``; predictions come from a function or a folder.

    Raises:
        InputError: The folder holds no gold, or a document is missing.
        AnnotationError: An annotation does not fit its format; the gold must also fit its document and the ontology.
    """
    files = sorted(gold_dir.glob("*.json"))
    if not files:
        raise InputError(f"{gold_dir}: holds no annotation; gold is NAME.json beside NAME.txt")
    cases = []
    for file in files:
        text = next((file.with_suffix(s) for s in (".txt", ".md") if file.with_suffix(s).exists()), file.with_suffix(".txt"))
        try:
            document = read_document(text)
        except InputError as error:
            raise InputError(f"{text}: {error}") from error
        gold = load_annotation(file, document, ontology=ontology)
        if isinstance(predict, Path):
            other = predict / file.name
            predicted = load_annotation(other, document, strict=False) if other.exists() else None
        else:
            predicted = predict(document)
        cases.append(Case(document, gold, predicted))
    return cases


def evaluate(cases: Sequence[Case], *, ontology: Ontology) -> Evaluation:
    """Score ``cases``; a document without prediction counts as one in which nothing was found."""
    from kg.ontology import subtypes, types

    symmetric = frozenset(name for name, predicate in ontology.predicates.items() if predicate.symmetric)
    subtyped = frozenset(name for name in types(ontology) if subtypes(ontology, name))
    tally = _Tally()
    sure_entities: list[tuple[float, bool]] = []
    sure_relations: list[tuple[float, bool]] = []
    differences: list[Difference] = []
    for case in cases:
        predicted = case.predicted or Annotation(case.document.id)
        match = match_case(case.gold, predicted, symmetric=symmetric)
        _count_entities(tally, case, predicted, match, subtyped)
        _count_relations(tally, match)
        tally.ground(case.document, predicted)
        sure_entities += [(e.confidence, e.id in match.entities) for e in predicted.entities]
        sure_relations += [(r.confidence, key in match.gold) for key, r in match.predicted.items()]
        differences += _differences(case.document, case.gold, predicted, match)
    return Evaluation(
        entity=tally.score("entity"),
        relation=tally.score("relation"),
        explicit=tally.score("explicit"),
        mention=tally.score("mention"),
        subtype_accuracy=tally.share("subtype"),
        grounded=tally.share("grounded"),
        by_type=tally.scores("type:"),
        by_predicate=tally.scores("predicate:"),
        entity_calibration=calibration(sure_entities),
        relation_calibration=calibration(sure_relations),
        missing=tuple(case.document.id for case in cases if case.predicted is None),
        differences=tuple(differences),
    )


def match_case(gold: Annotation, predicted: Annotation, *, symmetric: frozenset[str]) -> Match:
    """Match predicted entities to gold ones by type and name, first by equal names, then by any name they share."""
    free = {e.id: (e, normalise(e.name), _names(e)) for e in gold.entities}
    found: dict[str, str] = {}
    for exact in (True, False):
        for entity in predicted.entities:
            if entity.id in found:
                continue
            name, names = normalise(entity.name), _names(entity)
            for gold_id, (other, other_name, other_names) in free.items():
                if other.type == entity.type and (other_name == name if exact else other_names & names):
                    found[entity.id] = gold_id
                    del free[gold_id]
                    break
    by_gold = {_key(r, r.subject, r.object, symmetric): r for r in gold.relations}
    by_prediction: dict[tuple[str, str, str], AnnotatedRelation] = {}
    for r in predicted.relations:
        subject, object_ = (found.get(end, f"?{end}") for end in (r.subject, r.object))
        by_prediction.setdefault(_key(r, subject, object_, symmetric), r)
    return Match(found, by_gold, by_prediction)


def calibration(sure: Iterable[tuple[float, bool]], *, bins: int = BINS) -> tuple[Bin, ...]:
    """Return the reliability table of ``(confidence, right)`` pairs, empty bins left out.

    >>> calibration([(0.95, True), (0.97, True), (0.42, False)])[0]
    Bin(low=0.4, high=0.5, count=1, confidence=0.42, accuracy=0.0)
    """
    filled: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in sure:
        filled.setdefault(min(int(confidence * bins), bins - 1), []).append((confidence, right))
    table = []
    for i, pairs in sorted(filled.items()):
        mean = sum(confidence for confidence, _ in pairs) / len(pairs)
        accuracy = sum(right for _, right in pairs) / len(pairs)
        table.append(Bin(i / bins, (i + 1) / bins, len(pairs), round(mean, 4), round(accuracy, 4)))
    return tuple(table)


def calibration_error(table: Sequence[Bin]) -> float:
    """Return the expected calibration error: the mean distance of confidence and accuracy, weighted by count."""
    total = sum(b.count for b in table)
    return round(sum(b.count * abs(b.confidence - b.accuracy) for b in table) / total, 4) if total else 0.0


class _Tally:
    """Counts right, predicted and gold under a name each."""

    def __init__(self) -> None:
        self.counts: dict[str, list[int]] = {}

    def add(self, name: str, right: int = 0, predicted: int = 0, gold: int = 0) -> None:
        row = self.counts.setdefault(name, [0, 0, 0])
        row[0] += right
        row[1] += predicted
        row[2] += gold

    def score(self, name: str) -> Score:
        right, predicted, gold = self.counts.get(name, (0, 0, 0))
        precision = right / predicted if predicted else 0.0
        recall = right / gold if gold else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return Score(right, predicted, gold, round(precision, 4), round(recall, 4), round(f1, 4))

    def scores(self, prefix: str) -> dict[str, Score]:
        return {name.removeprefix(prefix): self.score(name) for name in sorted(self.counts) if name.startswith(prefix)}

    def share(self, name: str) -> float:
        right, total, _ = self.counts.get(name, (0, 0, 0))
        return round(right / total, 4) if total else 0.0

    def ground(self, document: Document, predicted: Annotation) -> None:
        """Count the mentions that read like their entity, and the relations whose evidence overlaps one of their ends."""
        size = len(document.text)
        mentions = {e.id: e.mentions for e in predicted.entities}
        for entity in predicted.entities:
            names = _names(entity)
            good = [0 <= m.start < m.end <= size and normalise(document.text[m.start : m.end]) in names for m in entity.mentions]
            self.add("grounded", sum(good), len(good) or 1)
        for relation in predicted.relations:
            span = relation.evidence
            ends = [m for end in (relation.subject, relation.object) for m in mentions.get(end, ())]
            inside = 0 <= span.start < span.end <= size
            self.add("grounded", inside and any(m.start < span.end and span.start < m.end for m in ends), 1)


def _names(entity: AnnotatedEntity) -> set[str]:
    return {name for name in map(normalise, (entity.name, *entity.aliases)) if name}


def _key(relation: AnnotatedRelation, subject: str, object_: str, symmetric: frozenset[str]) -> tuple[str, str, str]:
    if relation.predicate in symmetric and subject > object_:
        subject, object_ = object_, subject
    return relation.predicate, subject, object_


def _count_entities(tally: _Tally, case: Case, predicted: Annotation, match: Match, subtyped: frozenset[str]) -> None:
    gold = {e.id: e for e in case.gold.entities}
    tally.add("entity", len(match.entities), len(predicted.entities), len(gold))
    for entity in predicted.entities:
        tally.add(f"type:{entity.type}", predicted=1)
    for entity in gold.values():
        tally.add(f"type:{entity.type}", gold=1)
    subtype = {e.id: e.subtype for e in predicted.entities}
    for predicted_id, gold_id in match.entities.items():
        entity = gold[gold_id]
        tally.add(f"type:{entity.type}", right=1)
        if entity.type in subtyped:
            tally.add("subtype", subtype[predicted_id] == entity.subtype, 1)
    there = {(m.start, m.end, e.type) for e in case.gold.entities for m in e.mentions}
    seen = {(m.start, m.end, e.type) for e in predicted.entities for m in e.mentions}
    tally.add("mention", len(there & seen), len(seen), len(there))


def _count_relations(tally: _Tally, match: Match) -> None:
    hits = match.gold.keys() & match.predicted.keys()
    explicit = {key for key, relation in match.gold.items() if not relation.implied}
    implied = match.gold.keys() - explicit
    tally.add("relation", len(hits), len(match.predicted), len(match.gold))
    tally.add("explicit", len(hits & explicit), len(match.predicted.keys() - implied), len(explicit))
    for keys, field in ((hits, "right"), (match.predicted.keys(), "predicted"), (match.gold.keys(), "gold")):
        for predicate, _, _ in keys:
            tally.add(f"predicate:{predicate}", **{field: 1})


def _differences(document: Document, gold: Annotation, predicted: Annotation, match: Match) -> list[Difference]:
    reached = set(match.entities.values())
    found = [_entity_difference(document, "missed", e) for e in gold.entities if e.id not in reached]
    found += [_entity_difference(document, "spurious", e) for e in predicted.entities if e.id not in match.entities]
    for kind, relations, others, names in (
        ("missed", match.gold, match.predicted, {e.id: e.name for e in gold.entities}),
        ("spurious", match.predicted, match.gold, {e.id: e.name for e in predicted.entities}),
    ):
        for key in sorted(relations.keys() - others.keys()):
            r = relations[key]
            text = f"{names.get(r.subject, r.subject)} {r.predicate} {names.get(r.object, r.object)}"
            sentence = document.text[max(0, r.evidence.start) : max(0, r.evidence.end)]
            found.append(Difference(document.id, kind, r.predicate, text, " ".join(sentence.split()), r.confidence))
    return found


def _entity_difference(document: Document, kind: str, entity: AnnotatedEntity) -> Difference:
    start = entity.mentions[0].start if entity.mentions else 0
    return Difference(document.id, kind, entity.type, entity.name, sentence_at(document.text, start), entity.confidence)


def sentence_at(text: str, position: int) -> str:
    """Return the sentence of ``text`` around ``position``, at most 80 characters to either side, in one line.

    >>> sentence_at("第一句。第二句在此。第三句。", 6)
    '第二句在此。'
    """
    start = max(max(text.rfind(mark, 0, position) for mark in "。！？；\n") + 1, position - 80, 0)
    ends = [text.find(mark, position) for mark in "。！？；\n"]
    end = min([e + 1 for e in ends if e >= 0] + [position + 80, len(text)])
    return " ".join(text[start:end].split())
