"""An annotation as a model would answer it: quotes in place of offsets. Examples of the prompt are made so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kg.llm.windows import Window
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Attributes, Document, Mention, Span
from kg.naming import normalise


def quoted(annotation: Annotation, document: Document, window: Window, *, readable: str = "") -> dict[str, Any]:
    """Return what a perfect reader of ``window`` answers.

    The entities are those that the window names, and those that the statements in it are about if ``readable`` (whatever else the
    reader was shown) names them. A statement counts where its evidence lies in the window.

    >>> from kg.annotation import from_json
    >>> document = Document("d", "d.txt", "支付公司与软研院结对。", "")
    >>> data = {"entities": [{"id": "e1", "type": "Organization", "name": "支付公司", "mentions": [[0, 4]]},
    ...                      {"id": "e2", "type": "Organization", "name": "软研院", "mentions": [[5, 8]]}],
    ...         "relations": [{"subject": "e1", "predicate": "pairsWith", "object": "e2", "evidence": [0, 11]}]}
    >>> answer = quoted(from_json(data, document, where="d"), document, Window((Span(0, 11),)))
    >>> answer["relations"][0]["evidence"], [entity["name"] for entity in answer["entities"]]
    ('支付公司与软研院结对。', ['支付公司', '软研院'])
    """
    relations = [r for r in annotation.relations if any(_inside(r.evidence, part) for part in window.parts)]
    needed = {end for r in relations for end in (r.subject, r.object)}
    names: dict[str, list[str]] = {}
    entities = []
    for entity in annotation.entities:
        forms = _forms(document, [m for m in entity.mentions if any(_inside(m, part) for part in window.parts)])
        if not forms and entity.id in needed:
            forms = [form for form in _forms(document, entity.mentions) if form in readable]
        if forms:
            names[entity.id] = forms
            entities.append(_entity(entity, forms))
    said = [_relation(r, names, document) for r in relations if r.subject in names and r.object in names]
    return {"entities": entities, "relations": said}


def _inside(span: Span | Mention, part: Span) -> bool:
    return part.start <= span.start and span.end <= part.end


def _forms(document: Document, mentions: Iterable[Mention]) -> list[str]:
    """Return the different spellings, the fullest first."""
    found: dict[str, str] = {}
    for mention in mentions:
        text = document.text[mention.start : mention.end]
        found.setdefault(normalise(text), text)
    return sorted(found.values(), key=lambda form: -len(normalise(form)))


def _entity(entity: AnnotatedEntity, forms: list[str]) -> dict[str, Any]:
    return {
        "name": forms[0], "type": entity.type, "subtype": entity.subtype, "aliases": forms[1:],
        "attributes": _pairs(entity.attributes), "confidence": entity.confidence,
    }  # fmt: skip


def _relation(relation: AnnotatedRelation, names: dict[str, list[str]], document: Document) -> dict[str, Any]:
    return {
        "subject": names[relation.subject][0], "predicate": relation.predicate, "object": names[relation.object][0],
        "evidence": document.text[relation.evidence.start : relation.evidence.end], "implied": relation.implied,
        "attributes": _pairs(relation.attributes), "confidence": relation.confidence,
    }  # fmt: skip


def _pairs(attributes: Attributes) -> list[dict[str, str]]:
    return [{"key": key, "value": str(value)} for key, value in attributes]
