"""Rows as bytes: pickles, with the values of the program written as plain tuples.

The way in which ``dataclasses`` pickles frozen classes with slots asks every value for its fields and took a third of the time of
all steps; the values of ``kg.model`` and its like are made again from their fields in their order.
"""

from __future__ import annotations

import copyreg
import pickle
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from kg import model
from kg.identity import Claimed
from kg.joining import Note
from kg.merging import Member
from kg.owners import Owner
from kg.registry import Entry

_TYPES: tuple[type, ...] = (
    model.AnnotatedEntity, model.AnnotatedRelation, model.Annotation, model.Document, model.Dropped, model.Evidence,
    model.Located, model.Mention, model.Section, model.Span, Claimed, Entry, Member, Note, Owner,
)  # fmt: skip

VALUES = {(kind.__module__, kind.__qualname__): kind for kind in _TYPES}
"""The classes that packed rows may hold, by module and name."""


def packed(data: object) -> bytes:
    """Return ``data`` as bytes.

    >>> unpacked(packed((model.Span(1, 2), "甲")))
    (Span(start=1, end=2), '甲')
    """
    return pickle.dumps(data, pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes) -> Any:
    """Return what ``packed`` was given; only for bytes that this program has written."""
    return pickle.loads(data)


_FIELDS: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*(field.name for field in fields(kind))) for kind in _TYPES
}


def _reduced(value: Any) -> tuple[type, tuple[Any, ...]]:
    kind = type(value)
    return kind, _FIELDS[kind](value)


for _kind in _TYPES:
    copyreg.pickle(_kind, _reduced)
