"""What a model answers: names and sentences as quotes, never as offsets; each item is checked by itself.

An answer that breaks off, stands in a code fence or follows a chain of thought is read as far as it goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import from_json

from kg.ontology import Ontology, subtypes, types

_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_SHOWN = 160  # characters of a refused item that a report shows
UNSURE = 0.8
"""Confidence of what a model states without saying how sure it is."""

_Item = TypeVar("_Item", bound=BaseModel)


class Pair(BaseModel):
    """An attribute with its value, as the text gives it."""

    key: str
    value: str = Field(min_length=1, max_length=100)


class EntityItem(BaseModel):
    """One named thing; ``name`` and ``aliases`` are quotes of the text."""

    # A model that adds offsets or remarks is not punished for them; they are never read.
    model_config = ConfigDict(extra="ignore", strict=True)

    name: str = Field(min_length=1, max_length=200)
    type: str
    subtype: str | None = None
    aliases: list[str] = Field(default_factory=list, max_length=30)
    attributes: list[Pair] = Field(default_factory=list, max_length=10)
    confidence: float = Field(UNSURE, ge=0, le=1)

    @field_validator("subtype")
    @classmethod
    def _none_for_empty(cls, value: str | None) -> str | None:
        return value or None


class RelationItem(BaseModel):
    """One statement: the names of its ends, as in the entities, and the sentence or clause that states it as a quote."""

    model_config = ConfigDict(extra="ignore", strict=True)

    subject: str = Field(min_length=1, max_length=200)
    predicate: str
    object: str = Field(min_length=1, max_length=200)
    evidence: str = Field(min_length=2, max_length=1000)
    implied: bool = False
    attributes: list[Pair] = Field(default_factory=list, max_length=10)
    confidence: float = Field(UNSURE, ge=0, le=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """The items that fit the schema, those that do not (as text, with what is wrong), and whether the answer came to its end."""

    entities: tuple[EntityItem, ...] = ()
    relations: tuple[RelationItem, ...] = ()
    broken: tuple[tuple[str, str], ...] = ()
    whole: bool = True


def answer_schema(ontology: Ontology, attributes: Sequence[str]) -> dict[str, Any]:
    """Return the JSON schema of an answer: every property required and no other allowed, as strict servers ask.

    >>> from kg.ontology import default_pack, load_ontology
    >>> schema = answer_schema(load_ontology(default_pack()), ["position"])
    >>> schema["properties"]["relations"]["items"]["properties"]["predicate"]["enum"][:2]
    ['partOf', 'pairsWith']
    """
    text = {"type": "string"}
    kinds = list(types(ontology))
    below: list[str | None] = [name for kind in kinds for name in subtypes(ontology, kind)]
    sure = {"type": "number", "minimum": 0, "maximum": 1}
    entity: dict[str, Any] = {"name": text, "type": {"type": "string", "enum": kinds}}
    if below:
        entity["subtype"] = {"type": ["string", "null"], "enum": [*below, None]}
    entity["aliases"] = {"type": "array", "items": text}
    relation: dict[str, Any] = {
        "subject": text, "predicate": {"type": "string", "enum": list(ontology.predicates)}, "object": text,
        "evidence": text, "implied": {"type": "boolean"},
    }  # fmt: skip
    if attributes:
        pair = _object({"key": {"type": "string", "enum": list(attributes)}, "value": text})
        for item in (entity, relation):
            item["attributes"] = {"type": "array", "items": pair}
    lists = {
        "entities": {"type": "array", "items": _object(entity | {"confidence": sure})},
        "relations": {"type": "array", "items": _object(relation | {"confidence": sure})},
    }
    return _object(lists)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def read_answer(content: str) -> Answer:
    """Return what ``content`` says, as far as it can be read.

    >>> read_answer('{"entities": [{"name": "支付公司", "type": "Organization"}], "relations": [{"subj').entities[0].name
    '支付公司'
    >>> read_answer("Sorry, I cannot.").broken
    (('Sorry, I cannot.', 'is no JSON'),)
    """
    text = _THOUGHT.sub("", content)
    start = text.find("{")
    if start < 0:
        return Answer(broken=((shown(content), "is no JSON"),), whole=False)
    data, whole = _values(text[start:])
    if not isinstance(data, dict) or not {"entities", "relations"} & data.keys():
        return Answer(broken=((shown(content), "holds neither entities nor relations"),), whole=False)
    broken: list[tuple[str, str]] = []
    entities = _items(data.get("entities"), EntityItem, broken)
    relations = _items(data.get("relations"), RelationItem, broken)
    return Answer(tuple(entities), tuple(relations), tuple(broken), whole)


def shown(value: object) -> str:
    """Return ``value`` as one short line, without half characters that no file could hold.

    >>> shown({"name": "支付公司"})
    '{"name": "支付公司"}'
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _values(text: str) -> tuple[object, bool]:
    try:
        # What stands behind the object (a fence, a farewell) does not matter.
        return json.JSONDecoder().raw_decode(text)[0], True
    except (ValueError, RecursionError):
        pass
    try:
        return from_json(text, allow_partial=True), False
    except ValueError:
        return None, False


def _items(values: object, model: type[_Item], broken: list[tuple[str, str]]) -> list[_Item]:
    if values is None:
        return []
    if not isinstance(values, list):
        broken.append((shown(values), "is no list"))
        return []
    found = []
    for value in values:
        try:
            found.append(model.model_validate(value))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            broken.append((shown(value), shown(f"{where}: {first['msg']}" if where else first["msg"])))
    return found
