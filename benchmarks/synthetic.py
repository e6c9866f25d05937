"""Varied synthetic reports with their annotations, from the training documents: ``python -m benchmarks.synthetic N DIR``.

A report is one or two training documents' paragraphs with other proper names: the first two characters of each name that is not
generic give way to two others wherever they stand, drawn with Zipf's weights, so that reports share names as a real corpus does
(some bodies everywhere, a long tail of names that stand in one report). Numbers and dates vary, too. As lengths do not change,
the annotation keeps its offsets. The same seed gives the same reports, and report ``n`` does not depend on how many are made.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from kg.annotation import dumps, load_annotation, to_json
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Document, Mention, Span
from kg.naming import display_name, normalise
from kg.ontology import default_pack, load_ontology
from kg.read import read_document
from kg.registry import Registry, load_registry
from kg.structure import find_date, find_publisher, find_sections, find_title, lines

LENGTH = 800
"""Characters of a report, on average."""

_FIRST = "华信远恒瑞泰宏盛康达明德安平兴隆江海云山北辰南星东岳西岭金石银河青松翠竹白鹭丹枫春晖秋实龙腾凤翔鼎新博雅思源致和卓越"
_SECOND = "阳川宁州城源峰岭泉湖港湾林原野田岩溪桥塔台门关岛屿洲浦津滨堤坝渠谷坡梁塬庄屯堡寨店集镇乡里坊巷道街区园苑庭院堂阁轩榭亭"
_RANKS = 60_000
_DIGITS = re.compile(r"(?<=20)[0-2][0-9](?=年)|(?<![0-9])[1-9][0-9](?=[人项个次名家])")


@cache
def _material() -> tuple[list[tuple[Document, Annotation]], Registry]:
    pack = default_pack()
    ontology = load_ontology(pack)
    found = []
    for path in sorted((pack / "training").glob("*.json")):
        document = read_document(path.with_suffix(".txt"))
        found.append((document, load_annotation(path, document, ontology=ontology)))
    return found, load_registry(pack, ontology)


def reports(count: int, *, seed: int = 0, start: int = 0) -> Iterator[tuple[Document, Annotation]]:
    """Yield ``count`` reports from number ``start`` on, with ids ``r0000000``, ``r0000001`` and so on."""
    for number in range(start, start + count):
        yield report(number, seed=seed)


def report(number: int, *, seed: int = 0) -> tuple[Document, Annotation]:
    """Return report ``number``."""
    rng = random.Random(f"{seed}:{number}")
    material, registry = _material()
    document, annotation = material[rng.randrange(len(material))]
    text, annotation = _shortened(document.text, annotation, rng)
    text, annotation = _renamed(text, annotation, registry, rng)
    id_ = f"r{number:07d}"
    rows = lines(text)
    made = Document(
        id=id_, path=f"{id_}.txt", text=text, sha256=f"{number:064x}", title=find_title(text, rows), date=find_date(text, rows),
        publisher=find_publisher(text, rows), sections=find_sections(text, rows),
    )  # fmt: skip
    return made, replace(annotation, document=id_)


def _shortened(text: str, annotation: Annotation, rng: random.Random) -> tuple[str, Annotation]:
    """Return the title and as many paragraphs, some of them left out or exchanged, as make a report of about ``LENGTH``."""
    paragraphs = [Span(m.start(), m.end()) for m in re.finditer(r"[^\n]*\n|[^\n]+$", text)]
    head, body = paragraphs[:2], paragraphs[2:]
    wanted = LENGTH * rng.uniform(0.5, 1.5)
    if rng.random() < 0.5:
        rng.shuffle(body)
    kept = list(head)
    for paragraph in body:
        if sum(p.end - p.start for p in kept) >= wanted:
            break
        kept.append(paragraph)
    moved: list[tuple[Span, int]] = []
    at = 0
    for paragraph in kept:
        moved.append((paragraph, at - paragraph.start))
        at += paragraph.end - paragraph.start

    def place(start: int, end: int) -> Span | None:
        for paragraph, by in moved:
            if paragraph.start <= start and end <= paragraph.end:
                return Span(start + by, end + by)
        return None

    entities = [_moved_entity(e, place) for e in annotation.entities]
    there = {e.id for e in entities if e is not None}
    relations = [_moved_relation(r, place) for r in annotation.relations if r.subject in there and r.object in there]
    return "".join(text[p.start : p.end] for p in kept), Annotation(
        annotation.document,
        entities=tuple(e for e in entities if e is not None),
        relations=tuple(r for r in relations if r is not None),
    )


def _moved_entity(entity: AnnotatedEntity, place) -> AnnotatedEntity | None:  # type: ignore[no-untyped-def]
    spans = [(place(m.start, m.end), m.confidence) for m in entity.mentions]
    mentions = tuple(sorted((Mention(s.start, s.end, sure) for s, sure in spans if s), key=lambda m: m.start))
    return replace(entity, mentions=mentions) if mentions else None


def _moved_relation(relation: AnnotatedRelation, place) -> AnnotatedRelation | None:  # type: ignore[no-untyped-def]
    evidence = place(relation.evidence.start, relation.evidence.end)
    if evidence is None:
        return None
    spans = {
        name: place(span.start, span.end) if (span := getattr(relation, name)) else None
        for name in ("trigger", "subject_span", "object_span")
    }
    return replace(relation, evidence=evidence, **spans)


def _renamed(text: str, annotation: Annotation, registry: Registry, rng: random.Random) -> tuple[str, Annotation]:
    """Return everything with other proper names of the same length."""
    brands = {}
    for entity in annotation.entities:
        brand = entity.name[:2]
        if not re.fullmatch(r"[一-鿿]{2}", brand) or brand in brands:
            continue
        if registry.lookup(entity.name) or registry.scoping.relative(entity.name, entity.type, entity.subtype):
            continue
        brands[brand] = _name(rng)
    pattern = re.compile("|".join(map(re.escape, sorted(brands))) or "(?!)")
    new = pattern.sub(lambda m: brands[m.group()], text)
    new = _DIGITS.sub(lambda m: f"{rng.randrange(10, 25)}", new)
    return new, replace(annotation, entities=tuple(_named_anew(entity, text, new) for entity in annotation.entities))


def _named_anew(entity: AnnotatedEntity, old: str, new: str) -> AnnotatedEntity:
    """Return ``entity`` with the names that stand at its mentions in the ``new`` text."""
    forms: dict[str, str] = {}
    for mention in entity.mentions:
        forms.setdefault(normalise(old[mention.start : mention.end]), display_name(new[mention.start : mention.end]))
    name = forms.pop(normalise(entity.name), None) or forms.pop(next(iter(forms)))
    # One old form may have become several, where brands overlap
    others = {display_name(new[m.start : m.end]) for m in entity.mentions} | set(forms.values())
    return replace(entity, name=name, aliases=tuple(sorted(form for form in others if normalise(form) != normalise(name))))


def _name(rng: random.Random) -> str:
    """Return two characters; low ranks come often."""
    rank = int(_RANKS ** rng.random()) if rng.random() < 0.6 else rng.randrange(_RANKS)
    third = len(_FIRST) * len(_SECOND)
    first, second = divmod(rank * 7919 % third, len(_SECOND))
    return _FIRST[first] + _SECOND[second]


def write(count: int, folder: Path, *, seed: int = 0, annotations: bool = True, start: int = 0) -> int:
    """Write the reports as ``ID.txt`` (and ``ID.json``) into ``folder``; return their characters."""
    folder.mkdir(parents=True, exist_ok=True)
    characters = 0
    for document, annotation in reports(count, seed=seed, start=start):
        (folder / document.path).write_text(document.text, encoding="utf-8", newline="")
        characters += len(document.text)
        if annotations:
            (folder / f"{document.id}.json").write_text(dumps(to_json(annotation, document)), encoding="utf-8")
    return characters


if __name__ == "__main__":
    written = write(int(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write(json.dumps({"documents": int(sys.argv[1]), "characters": written}) + "\n")
