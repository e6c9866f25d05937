"""Rows of the tables → the records of the graph.

A record is made of its values at one stroke: for each of some millions that an export reads, that is half the time.
"""

from __future__ import annotations

import json
from typing import Any, cast

from kg import graph as kgraph

MENTION = ("entity", "document", "start", "end", "text", "confidence", "date")
NODE = ("id", "label", "type", "subtype", "roles", "aliases", "scope", "registry", "attributes", "degree", "mentions")
EVIDENCE = (
    "fact", "document", "start", "end", "quote", "confidence", "implied", "extractor", "subject", "object", "trigger",
    "attributes", "date", "before", "after",
)  # fmt: skip
EDGE = ("id", "subject", "predicate", "object", "symmetric", "implied", "confidence", "statements")


class Dated(dict[str, Any]):
    """A record that knows more than its keys (see ``kg.graph.Streamed``); its JSON is that of a plain record."""

    __slots__ = ("after", "before", "date", "degree")

    date: str | None
    before: str
    after: str
    degree: int


def node(row: tuple[Any, ...], mentions: list[tuple[Any, ...]]) -> kgraph.NodeRecord:
    """Return the record of an entity, of its columns ``NODE`` and of ``MENTION`` for each mention."""
    _, label, type_, subtype, roles, aliases, scope, registry, attributes, degree, _ = row
    record = Dated(
        label=label, type=type_, subtype=subtype, roles=roles, aliases=aliases, scope=scope, registry=registry,
        attributes=_attributes(attributes), mentions=[_mention(*row) for row in mentions],
    )  # fmt: skip
    record.degree = degree
    return cast(kgraph.NodeRecord, record)


def _mention(_: str, document: str, start: int, end: int, text: str, confidence: float, date: str | None) -> Dated:
    record = Dated(document=document, start=start, end=end, text=text, confidence=confidence)
    record.date = date
    return record


def edge(row: tuple[Any, ...], evidence: list[tuple[Any, ...]]) -> kgraph.Edge:
    """Return a fact, of its columns ``EDGE`` and of ``EVIDENCE`` for each statement."""
    id_, subject, predicate, object_, symmetric, implied, confidence, _ = row
    record: dict[str, Any] = {
        "predicate": predicate,
        "symmetric": symmetric,
        "implied": implied,
        "confidence": confidence,
        "evidence": [_statement(row) for row in evidence],
    }
    return kgraph.Edge(id_, subject, object_, cast(kgraph.EdgeRecord, record))


def _statement(row: tuple[Any, ...]) -> Dated:
    _, document, start, end, quote, confidence, implied, extractor, *rest = row
    subject, object_, trigger, attributes, date, before, after = rest
    record = Dated(
        document=document, start=start, end=end, quote=quote, confidence=confidence, implied=implied, extractor=extractor,
        subject=subject, object=object_, trigger=trigger, attributes=_attributes(attributes),
    )  # fmt: skip
    record.date, record.before, record.after = date, before, after
    return record


def _attributes(text: str) -> dict[str, Any]:
    return {} if text == "{}" else cast("dict[str, Any]", json.loads(text))
