"""From annotated documents to the models of a pack."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kg.extract.analysis import Analysis, Resources, analysis
from kg.extract.anaphora import with_anaphora
from kg.extract.crf import Chain, allowed, bioes, edge_labels, feature_table, rows_of
from kg.extract.entities import subtype_input
from kg.extract.linking import forms_of, link_pairs
from kg.extract.loglinear import Classifier, Example
from kg.extract.mentions import features_of
from kg.extract.names import Named
from kg.extract.relations import Candidate, Place, Schema
from kg.learn.fit import fit_chain, fit_loglinear
from kg.model import Annotation, Document
from kg.naming import normalise
from kg.registry import Registry

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One annotated document, analysed: what every model learns from."""

    document: Document
    gold: Annotation
    reading: Analysis


def lesson(document: Document, gold: Annotation, pack: Resources) -> Lesson:
    """Analyse an annotated document."""
    return Lesson(document, gold, analysis(document.text, pack))


def flat_spans(gold: Annotation) -> list[Named]:
    """The longest of nested gold mentions, in text order."""
    spans = [Named(m.start, m.end, e.type, 1.0) for e in gold.entities for m in e.mentions]
    out: list[Named] = []
    taken: set[int] = set()
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start, s.type)):
        if taken.isdisjoint(range(span.start, span.end)):
            out.append(span)
            taken.update(range(span.start, span.end))
    return sorted(out, key=lambda s: s.start)


def label_numbers(length: int, spans: Sequence[Named], labels: Sequence[str]) -> NDArray[np.int16]:
    """The label of each character."""
    number = {label: at for at, label in enumerate(labels)}
    out = np.zeros(length, np.int16)
    for span in spans:
        if span.end - span.start == 1:
            out[span.start] = number[f"S-{span.type}"]
            continue
        out[span.start] = number[f"B-{span.type}"]
        out[span.start + 1 : span.end - 1] = number[f"I-{span.type}"]
        out[span.end - 1] = number[f"E-{span.type}"]
    return out


def swapped(lessons: Sequence[Lesson], *, seed: int, brands: Sequence[str] = ()) -> Iterator[tuple[str, list[Named]]]:
    """One copy of each document in which names give way to names of the same subtype from other documents.

    Keeps a tagger from learning the names themselves, and tidy typing. A form of an entity is replaced by the same other form
    throughout. In half of the copies the ``brands`` (联通 in 海南联通) give way to invented ones, so that a brand need not be
    known. Some bodies get an owner's name in front of theirs, as real reports write bodies of several levels in one string.
    """
    pool: dict[str, set[str]] = {}
    for item in lessons:
        for entity in item.gold.entities:
            pool.setdefault(entity.subtype or entity.type, set()).update(item.document.text[m.start : m.end]
                for m in entity.mentions)
    ordered = {kind: sorted(forms) for kind, forms in pool.items()}
    owners = _owners(lessons)
    for item in lessons:
        chance = random.Random(f"{seed} {item.document.id}")
        text = item.document.text
        who = {(m.start, m.end): e for e in item.gold.entities for m in e.mentions}
        chosen: dict[tuple[str, str], str] = {}
        pieces: list[str] = []
        spans: list[Named] = []
        at = length = 0
        for span in flat_spans(item.gold):
            entity = who[span.start, span.end]
            form = text[span.start : span.end]
            if (entity.id, form) not in chosen:
                options = ordered[entity.subtype or entity.type]
                alike = [name for name in options if abs(len(name) - len(form)) <= 2] or options
                name = chance.choice(alike) if chance.random() < 0.85 else form
                above = owners and entity.subtype and len(form) > _SHORT and chance.random() < _ABOVE
                chosen[entity.id, form] = chance.choice(owners) + name if above else name
            new = chosen[entity.id, form]
            pieces += [text[at : span.start], new]
            start = length + span.start - at
            length = start + len(new)
            spans.append(Named(start, length, span.type, 1.0))
            at = span.end
        copy = _invented("".join([*pieces, text[at:]]), spans, brands,
            chance) if chance.random() < 0.5 else "".join([*pieces, text[at:]])
        yield _untidied(copy, chance), spans


_SHORT, _ABOVE = 2, 0.15
"""A form of more characters than the first gets an owner in front of it with the chance that the second says."""


def _owners(lessons: Sequence[Lesson]) -> list[str]:
    """The names, of moderate length, of bodies that others are part of."""
    found = set()
    for item in lessons:
        above = {r.object for r in item.gold.relations if r.predicate == "partOf"}
        for entity in item.gold.entities:
            if entity.subtype and entity.id in above:
                found |= {item.document.text[m.start : m.end] for m in entity.mentions if m.end - m.start <= 12}
    return sorted(found)


_SYLLABLES = "星河云海天宇华锐恒远博智瑞信泰达鼎盛昌隆安康宏图凌峰卓越澜砺曜辰启明睿通源创新汇佳雅和润泽"


def brand_names(registry: Registry) -> tuple[str, ...]:
    """The two-character brands of the companies that the registry knows as 中国 and a brand: 联通, 石化.

    Names of the kind are too few for a tagger to learn the kind from them.
    """
    forms = {form for e in registry.entries if e.subtype == "Company" for form in (e.name, *e.aliases)}
    return tuple(sorted({form[2:] for form in forms if len(form) == 4 and form.startswith("中国")}))


def _invented(text: str, spans: Sequence[Named], brands: Sequence[str], chance: random.Random) -> str:
    """Replace each brand inside names by an invented one of the same length, the same throughout."""
    out = list(text)
    new: dict[str, str] = {}
    for span in spans:
        name = text[span.start : span.end]
        for brand in brands:
            at = name.find(brand)
            if at >= 0:
                out[span.start + at : span.start + at + 2] = new.setdefault(brand, "".join(chance.sample(_SYLLABLES, 2)))
    return "".join(out)


_HALF_WIDTH = str.maketrans("，：；（）！？", ",:;()!?")


def _untidied(text: str, chance: random.Random) -> str:
    """Type a text as carelessly as real ones are: quotes turned the wrong way here and there, half-width marks; lengths stay."""
    share = chance.choice((0.0, 0.05, 0.3))
    marks = [chance.choice("“”\"") if mark in "“”" and chance.random() < share else mark for mark in text]
    careless = "".join(marks)
    return careless.translate(_HALF_WIDTH) if chance.random() < 0.25 else careless


Labelled = tuple[Analysis, NDArray[np.int16]]
"""A text as it was analysed, and the label of each character."""


def tagging_material(lessons: Sequence[Lesson], pack: Resources, types: Sequence[str], *, copies: int) -> list[list[Labelled]]:
    """The lessons as a tagger learns them, then each of ``copies`` swapped copies of them."""
    labels = bioes(types)
    brands = brand_names(pack.registry)
    texts = [[(item.reading, flat_spans(item.gold)) for item in lessons]]
    texts += [[(analysis(text, pack), spans) for text, spans in swapped(lessons, seed=copy, brands=brands)]
        for copy in range(copies)]
    return [[(reading, label_numbers(len(reading.text), spans, labels)) for reading, spans in part] for part in texts]


def fit_tagger(material: Sequence[Labelled], pack: Resources, types: Sequence[str], *, epochs: int = 6, alpha: float = 0.05,
    say: Say | None = None) -> Chain:
    """Fit the chain on labelled texts."""
    labels = bioes(types)
    blocks = [(np.stack(list(features_of(reading, pack)), 1), gold, reading.lexed.pieces) for reading, gold in material]
    features = np.concatenate([block[0] for block in blocks])
    gold = np.concatenate([block[1] for block in blocks])
    offsets = np.cumsum([0] + [len(block[0]) for block in blocks[:-1]])
    starts = np.array([a + offset for block, offset in zip(blocks, offsets, strict=True) for a, _ in block[2]], np.int64)
    ends = np.array([b + offset for block, offset in zip(blocks, offsets, strict=True) for _, b in block[2]], np.int64)
    known, counts = np.unique(features, return_counts=True)
    known = known[counts > 1]
    table = feature_table(known)
    rows = np.empty(features.shape, np.int32)
    for at in range(0, len(features), 8192):
        rows[at : at + 8192] = rows_of(features[at : at + 8192], table)
    rows[rows == len(known)] = -1
    first, last = edge_labels(labels)
    told = (lambda epoch, loss: say(f"tagger: pass {epoch + 1} of {epochs}, loss {loss:.4f} a character")) if say else None
    weights, moves = fit_chain(
        rows, gold, starts, ends, count=len(known), legal=allowed(
            labels), first=first, last=last, epochs=epochs, alpha=alpha, say=told
    )
    keep = np.abs(weights).max(1) > 1e-3
    kept = np.where(np.abs(weights[keep]) > 1e-3, weights[keep], 0)
    return Chain(labels, feature_table(known[keep]), np.vstack([kept, np.zeros((1, len(labels)), np.float32)]), moves)


def fit_subtyper(lessons: Sequence[Lesson]) -> Classifier:
    """Fit the subtypes of each type that has any."""
    classes = tuple(sorted({f"{e.type}/{e.subtype}" for item in lessons for e in item.gold.entities if e.subtype}))
    number = {name: at for at, name in enumerate(classes)}
    examples: list[Example] = []
    gold: list[int] = []
    for item in lessons:
        for entity in item.gold.entities:
            if entity.subtype:
                spans = [Named(m.start, m.end, entity.type, 1.0) for m in entity.mentions]
                for form in forms_of(item.document.text, spans):
                    examples.append(subtype_input(item.reading, form, classes))
                    gold.append(number[f"{entity.type}/{entity.subtype}"])
    return fit_loglinear(examples, gold, classes=classes, epochs=8, least=1)


def fit_linker(lessons: Sequence[Lesson]) -> Classifier:
    """Fit which short forms name which longer ones."""
    examples: list[Example] = []
    gold: list[int] = []
    for item in lessons:
        owner = {}
        spans = []
        subtypes = {}
        for entity in item.gold.entities:
            for m in entity.mentions:
                key = (entity.type, normalise(item.document.text[m.start : m.end]))
                owner[key] = entity.id
                subtypes[key] = entity.subtype or ""
                spans.append(Named(m.start, m.end, entity.type, 1.0))
        forms = forms_of(item.document.text, spans)
        for i, j, example in link_pairs(forms, subtypes):
            examples.append(example)
            gold.append(int(owner[forms[i].type, forms[i].key] == owner[forms[j].type, forms[j].key]))
    return fit_loglinear(examples, gold, classes=("other", "same"), epochs=8)


def gold_places(item: Lesson, pack: Resources) -> list[Place]:
    """The gold mentions as the relation step reads them, with the words that stand for one."""
    places = [Place(m.start, m.end, number, e.type, e.subtype or "") for number, e in enumerate(item.gold.entities)
        for m in e.mentions]
    return with_anaphora(item.reading, places, pack)


def relation_labels(pairs: Sequence[Candidate], places: Sequence[Place], gold: Annotation, fit: Schema,
    symmetric: frozenset[str]) -> list[int | None]:
    """The class of each candidate; ``None`` for one that says nothing either way (the relation is stated elsewhere)."""
    index = {e.id: number for number, e in enumerate(gold.entities)}
    number = {name: at for at, name in enumerate(fit.classes)}
    related: dict[tuple[int, int], list[tuple[str, int, int, bool]]] = {}
    for r in gold.relations:
        related.setdefault((index[r.subject], index[r.object]), []).append((r.predicate, r.evidence.start, r.evidence.end,
            r.implied))
    labels: list[int | None] = [0] * len(pairs)
    covered: set[tuple[int, str, int]] = set()
    elsewhere: dict[tuple[int, str, int], list[tuple[int, int]]] = {}
    for k, pair in enumerate(pairs):
        x, y = places[pair.first].entity, places[pair.second].entity
        for subject, object_, sign in ((x, y, ""), (y, x, "-")):
            for name, start, end, implied in related.get((subject, object_), []):
                at = number.get(name if name in symmetric else sign + name, 0)
                if at not in pair.example.possible:
                    continue
                if pair.sentence[0] < end and start < pair.sentence[1] and (implied or pair.carried != "ownership"):
                    labels[k] = at
                    covered.add((subject, name, object_))
                else:
                    if labels[k] == 0:
                        labels[k] = None
                    elsewhere.setdefault((subject, name, object_), []).append((k, at))
    for key, options in elsewhere.items():
        if key not in covered:
            free = [(k, at) for k, at in options if labels[k] is None]
            owned = [(k, at) for k, at in free if pairs[k].carried == "ownership"]
            for k, at in owned or free[:1]:
                labels[k] = at
    return labels


def read_lessons(folder: Path, pack: Resources) -> list[Lesson]:
    """Read the annotated documents (``NAME.txt`` + ``NAME.json``) of a folder, sorted by name."""
    from kg.annotation import load_annotation
    from kg.read import read_document

    out = []
    for path in sorted(folder.glob("*.json")):
        document = read_document(path.with_suffix(".txt"))
        out.append(lesson(document, load_annotation(path, document), pack))
    return out
