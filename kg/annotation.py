"""Annotations as JSON: what one document says, in the form that people correct by hand and other programs exchange.

``entities`` and ``relations`` are required; ``mentions`` are ``[start, end]`` pairs and ``evidence`` is one pair, 0-based, end
exclusive, in code points of the document's text. What a person leaves out (confidence, trigger, extractor) may be missing.

>>> document = Document("d", "d.txt", "支付公司与软研院结对共建", "")
>>> data = {"entities": [{"id": "e1", "type": "Organization", "name": "支付公司", "mentions": [[0, 4]]},
...                      {"id": "e2", "type": "Organization", "name": "软研院", "mentions": [[5, 8]]}],
...         "relations": [{"subject": "e1", "predicate": "pairsWith", "object": "e2", "evidence": [0, 12]}]}
>>> annotation = from_json(data, document, where="d.json")
>>> annotation.relations[0].predicate
'pairsWith'
>>> from_json(to_json(annotation, document), document, where="d.json") == annotation
True
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import AnnotationError
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Attributes, Document, Dropped, Mention, Refused, Span
from kg.naming import normalise

if TYPE_CHECKING:
    from kg.ontology import Ontology

_TOP = ("document", "extractor", "entities", "relations", "dropped", "uncovered", "refused")
_ENTITY = ("id", "type", "subtype", "name", "aliases", "mentions", "mention_confidence", "attributes", "confidence")
_RELATION = (
    "subject", "predicate", "object", "evidence", "implied", "confidence",
    "trigger", "subject_span", "object_span", "attributes", "extractor",
)  # fmt: skip
_INFINITY = float("inf")
_DROPPED = ("span", "text", "type", "reason", "confidence")
_REFUSED = ("span", "answer", "reason")

ANNOTATIONS = "annotations"
"""The folder of an output that holds the annotation of each document."""


def to_json(annotation: Annotation, document: Document) -> dict[str, Any]:
    """Return ``annotation`` as JSON values; fields at their defaults are left out.

    ``document`` gives the words of dropped spans, so that a reader of the file sees what was left out.
    """
    data: dict[str, Any] = {
        "document": annotation.document,
        "extractor": annotation.extractor,
        "entities": [_entity_json(e) for e in annotation.entities],
        "relations": [_relation_json(r) for r in annotation.relations],
    }
    if annotation.dropped:
        data["dropped"] = [
            {"span": _pair(d.span), "text": document.text[d.span.start : d.span.end], "type": d.type, "reason": d.reason,
             "confidence": d.confidence}
            for d in annotation.dropped
        ]  # fmt: skip
    if annotation.uncovered:
        data["uncovered"] = [_pair(span) for span in annotation.uncovered]
    if annotation.refused:
        data["refused"] = [{"span": _pair(r.span), "answer": r.answer, "reason": r.reason} for r in annotation.refused]
    return data


def dumps(data: Mapping[str, Any]) -> str:
    """Return ``data`` as text with one entity or relation a line, which reads well and makes small diffs.

    >>> print(dumps({"entities": [{"id": "e1"}], "relations": []}), end="")
    {
     "entities": [
      {"id": "e1"}
     ],
     "relations": []
    }
    """
    parts = []
    for key, value in data.items():
        if isinstance(value, list) and value:
            items = ",\n".join("  " + json.dumps(item, ensure_ascii=False) for item in value)
            text = f"[\n{items}\n ]"
        else:
            text = json.dumps(value, ensure_ascii=False)
        parts.append(f" {json.dumps(key, ensure_ascii=False)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write_annotation(folder: Path, document: Document, annotation: Annotation) -> Path:
    """Write ``annotation`` to ``folder/ID.json`` and return the file."""
    path = folder / f"{document.id}.json"
    path.write_text(dumps(to_json(annotation, document)), encoding="utf-8", newline="\n")
    return path


def load_annotation(path: Path, document: Document, *, ontology: Ontology | None = None, strict: bool = True) -> Annotation:
    """Read the annotation of ``document`` from the JSON file ``path``; see ``from_json``.

    Raises:
        AnnotationError: The file cannot be read, is no JSON, or does not fit its format or its document.
    """
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise AnnotationError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AnnotationError(f"{path}: not UTF-8 at byte {error.start}; annotations are UTF-8 JSON") from error
    except json.JSONDecodeError as error:
        raise AnnotationError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except RecursionError as error:
        raise AnnotationError(f"{path}: nested too deeply for an annotation") from error
    return from_json(data, document, where=str(path), ontology=ontology, strict=strict)


def from_json(
    data: object, document: Document, *, where: str, ontology: Ontology | None = None, strict: bool = True
) -> Annotation:
    """Return the annotation that the JSON values ``data`` hold.

    With ``strict``, every span must lie in the text, every mention must read like the name or an alias of its entity, ids must be
    unique, and relations must stand between known ids; with an ``ontology``, types and predicates must be its own and fit.
    Without ``strict`` only the form is checked, which scoring another program's output needs.

    Raises:
        AnnotationError: The data does not fit; the message names ``where`` and the item.
    """
    top = _object(data, _TOP, where, required=("entities", "relations"))
    try:
        json.dumps(top, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:  # JSON can spell half a surrogate pair, which no file could hold
        raise AnnotationError(f"{where}: holds {error.object[error.start]!r}, which is no character") from error
    annotation = Annotation(
        document=document.id,
        entities=tuple(_entity(e, f"{where}: entities[{i}]") for i, e in enumerate(_list(top, "entities", where))),
        relations=tuple(_relation(r, f"{where}: relations[{i}]") for i, r in enumerate(_list(top, "relations", where))),
        dropped=tuple(_dropped(d, f"{where}: dropped[{i}]") for i, d in enumerate(_list(top, "dropped", where))),
        uncovered=tuple(_span(s, f"{where}: uncovered[{i}]") for i, s in enumerate(_list(top, "uncovered", where))),
        extractor=_text(top, "extractor", where, default="corrected"),
        refused=tuple(_refused(r, f"{where}: refused[{i}]") for i, r in enumerate(_list(top, "refused", where))),
    )
    if strict:
        _check_entities(annotation, document, where)
        _check_relations(annotation, document, where)
        left_out = (*(d.span for d in annotation.dropped), *(r.span for r in annotation.refused))
        for span in (*annotation.uncovered, *left_out):
            _check_span(span, document, where)
    if ontology is not None:
        _check_ontology(annotation, ontology, where)
    return annotation


def _pair(span: Span | Mention) -> list[int]:
    return [span.start, span.end]


def _entity_json(entity: AnnotatedEntity) -> dict[str, Any]:
    item: dict[str, Any] = {"id": entity.id, "type": entity.type}
    if entity.subtype is not None:
        item["subtype"] = entity.subtype
    item |= {"name": entity.name, "aliases": list(entity.aliases), "mentions": [_pair(m) for m in entity.mentions]}
    if any(m.confidence != 1.0 for m in entity.mentions):
        item["mention_confidence"] = [m.confidence for m in entity.mentions]
    if entity.attributes:
        item["attributes"] = dict(entity.attributes)
    if entity.confidence != 1.0:
        item["confidence"] = entity.confidence
    return item


def _relation_json(relation: AnnotatedRelation) -> dict[str, Any]:
    item: dict[str, Any] = {
        "subject": relation.subject, "predicate": relation.predicate, "object": relation.object,
        "evidence": _pair(relation.evidence), "implied": relation.implied,
    }  # fmt: skip
    if relation.confidence != 1.0:
        item["confidence"] = relation.confidence
    spans = {"trigger": relation.trigger, "subject_span": relation.subject_span, "object_span": relation.object_span}
    item |= {key: _pair(span) for key, span in spans.items() if span is not None}
    if relation.attributes:
        item["attributes"] = dict(relation.attributes)
    if relation.extractor:
        item["extractor"] = relation.extractor
    return item


def _entity(data: object, where: str) -> AnnotatedEntity:
    item = _object(data, _ENTITY, where, required=("id", "type", "name", "mentions"))
    mentions = [_span(m, f"{where}.mentions[{i}]") for i, m in enumerate(_list(item, "mentions", where))]
    sure = _list(item, "mention_confidence", where) or [1.0] * len(mentions)
    if len(sure) != len(mentions):
        raise AnnotationError(f"{where}: mention_confidence has {len(sure)} numbers for {len(mentions)} mentions")
    aliases = _list(item, "aliases", where)
    if not all(isinstance(alias, str) for alias in aliases):
        raise AnnotationError(f"{where}: aliases must be a list of strings")
    return AnnotatedEntity(
        id=_text(item, "id", where),
        type=_text(item, "type", where),
        name=_text(item, "name", where),
        subtype=_text(item, "subtype", where) if item.get("subtype") is not None else None,
        aliases=tuple(aliases),
        mentions=tuple(Mention(m.start, m.end, _share(c, where)) for m, c in zip(mentions, sure, strict=True)),
        attributes=_attributes(item, where),
        confidence=_share(item.get("confidence", 1.0), where),
    )


def _relation(data: object, where: str) -> AnnotatedRelation:
    item = _object(data, _RELATION, where, required=("subject", "predicate", "object", "evidence"))
    implied = item.get("implied", False)
    if not isinstance(implied, bool):
        raise AnnotationError(f"{where}: implied must be true or false, not {implied!r}")
    spans = {
        key: _span(item[key], f"{where}.{key}") if item.get(key) is not None else None
        for key in ("trigger", "subject_span", "object_span")
    }
    return AnnotatedRelation(
        subject=_text(item, "subject", where),
        predicate=_text(item, "predicate", where),
        object=_text(item, "object", where),
        evidence=_span(item["evidence"], f"{where}.evidence"),
        implied=implied,
        confidence=_share(item.get("confidence", 1.0), where),
        attributes=_attributes(item, where),
        extractor=_text(item, "extractor", where, default=""),
        **spans,
    )


def _dropped(data: object, where: str) -> Dropped:
    item = _object(data, _DROPPED, where, required=("span", "type", "reason"))
    return Dropped(
        span=_span(item["span"], f"{where}.span"),
        type=_text(item, "type", where),
        reason=_text(item, "reason", where),
        confidence=_share(item.get("confidence", 0.0), where),
    )


def _refused(data: object, where: str) -> Refused:
    item = _object(data, _REFUSED, where, required=_REFUSED)
    span, answer = _span(item["span"], f"{where}.span"), _text(item, "answer", where, default="")
    return Refused(span=span, answer=answer, reason=_text(item, "reason", where))


def _object(data: object, allowed: tuple[str, ...], where: str, *, required: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise AnnotationError(f"{where}: must be an object with {', '.join(required)}, not {_kind(data)}")
    unknown = [key for key in data if key not in allowed]
    if unknown:
        raise AnnotationError(f"{where}: unknown field {unknown[0]!r}; allowed are {', '.join(allowed)}")
    missing = [key for key in required if key not in data]
    if missing:
        raise AnnotationError(f"{where}: {missing[0]!r} is missing; required are {', '.join(required)}")
    return data


def _list(item: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = item.get(key)
    if value is None and key not in ("entities", "relations", "mentions"):
        return []
    if not isinstance(value, list):
        raise AnnotationError(f"{where}: {key} must be a list, not {_kind(value)}")
    return value


def _text(item: Mapping[str, Any], key: str, where: str, *, default: str | None = None) -> str:
    value = item.get(key, default)
    if not isinstance(value, str) or (not value and default is None):
        raise AnnotationError(f"{where}: {key} must be a string that is not empty, not {_kind(value)}")
    return value


def _span(value: object, where: str) -> Span:
    match value:
        case [int(start), int(end)] if not isinstance(start, bool) and not isinstance(end, bool):
            return Span(start, end)
    raise AnnotationError(f"{where}: must be [start, end], two whole numbers, not {json.dumps(value, ensure_ascii=False)[:60]}")


def _share(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise AnnotationError(f"{where}: confidence must be a number from 0 to 1, not {value!r}")
    return float(value)


def _attributes(item: Mapping[str, Any], where: str) -> Attributes:
    value = item.get("attributes") or {}
    if not isinstance(value, dict):
        raise AnnotationError(f"{where}: attributes must be an object, not {_kind(value)}")
    for key, scalar in value.items():
        good = isinstance(scalar, str | int | float) and not isinstance(scalar, bool)
        if not good or scalar != scalar or scalar in (_INFINITY, -_INFINITY):
            raise AnnotationError(f"{where}: attribute {key!r} must be a string or a number, not {_kind(scalar)}")
    return tuple(sorted(value.items()))


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return {"dict": "an object", "list": "a list", "str": "a string", "bool": "true/false"}.get(type(value).__name__, repr(value))


def _check_span(span: Span | Mention, document: Document, where: str) -> None:
    if not 0 <= span.start < span.end <= len(document.text):
        size = len(document.text)
        pair = [span.start, span.end]
        raise AnnotationError(f"{where}: {pair} does not lie in the text of {document.id} ({size} characters)")


def _check_entities(annotation: Annotation, document: Document, where: str) -> None:
    seen: set[str] = set()
    for entity in annotation.entities:
        if entity.id in seen:
            raise AnnotationError(f"{where}: two entities have the id {entity.id!r}")
        seen.add(entity.id)
        if not entity.mentions:
            raise AnnotationError(f"{where}: entity {entity.id} ({entity.name}) has no mention")
        names = {normalise(name) for name in (entity.name, *entity.aliases)}
        for mention in entity.mentions:
            _check_span(mention, document, f"{where}: entity {entity.id} ({entity.name})")
            text = document.text[mention.start : mention.end]
            if normalise(text) not in names:
                what = f"{where}: entity {entity.id} ({entity.name}): the mention [{mention.start}, {mention.end}] reads"
                raise AnnotationError(f"{what} {text[:40]!r}, which is neither its name nor one of its aliases")


def _check_relations(annotation: Annotation, document: Document, where: str) -> None:
    known = {entity.id for entity in annotation.entities}
    for relation in annotation.relations:
        what = f"{where}: relation {relation.subject} {relation.predicate} {relation.object}"
        for end in (relation.subject, relation.object):
            if end not in known:
                raise AnnotationError(f"{what}: no entity has the id {end!r}")
        for span in (relation.evidence, relation.trigger, relation.subject_span, relation.object_span):
            if span is not None:
                _check_span(span, document, what)


def _check_ontology(annotation: Annotation, ontology: Ontology, where: str) -> None:
    # Imported here, because an annotation can be read without an ontology and the scorer does so.
    from kg.ontology import allows, subtypes, types

    kinds = {}
    for entity in annotation.entities:
        what = f"{where}: entity {entity.id} ({entity.name})"
        _known(entity.type, types(ontology), f"{what}: unknown type")
        if entity.subtype is not None:
            _known(entity.subtype, subtypes(ontology, entity.type), f"{what}: unknown subtype of {entity.type}")
        kinds[entity.id] = entity.type
    for relation in annotation.relations:
        what = f"{where}: relation {relation.subject} {relation.predicate} {relation.object}"
        _known(relation.predicate, ontology.predicates, f"{what}: unknown predicate")
        subject, object_ = kinds.get(relation.subject), kinds.get(relation.object)
        if subject and object_ and not allows(ontology, subject, relation.predicate, object_):
            raise AnnotationError(f"{what}: {relation.predicate} does not stand between {subject} and {object_}")


def _known(name: str, names: Iterable[str], message: str) -> None:
    allowed = sorted(names)
    if name not in allowed:
        raise AnnotationError(f"{message} {name!r}; allowed are {', '.join(allowed) or 'none'}")
