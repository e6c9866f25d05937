"""What differs between two builds: documents, entities and facts that came, went or changed, and through which documents.

Things are the same where their ids are; ids come from content and are stable across builds. Both graphs are read side by side in
the order of ids, so that memory holds the documents and the differences, not the graphs.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import InputError
from kg.export.nodelink import read_records

if TYPE_CHECKING:
    from kg.ontology import Ontology

_ENTITY_FIELDS = ("label", "type", "subtype", "roles", "aliases", "scope", "registry", "attributes")
_SAME = ("document", "quote", "implied", "extractor", "attributes")  # where it stands in its document does not matter


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A document that ``came``, ``went`` or ``changed``: its bytes, or its path, title, date or publisher."""

    what: str
    id: str
    path: str


@dataclass(frozen=True, slots=True)
class EntityChange:
    """An entity that ``came``, ``went`` or ``changed``.

    ``documents`` are those that began or ceased to mention it or mention it more or less often; ``fields`` are
    ``(name, before, after)`` of what else differs.
    """

    what: str
    id: str
    type: str
    name: str
    documents: tuple[str, ...]
    fields: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that states a fact; ``start``–``end`` of the document's text in the build that has it.

    ``before`` is its confidence in the first build, ``None`` where it came.
    """

    document: str
    start: int
    end: int
    quote: str
    confidence: float
    before: float | None = None


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that ``came``, ``went``, or ``changed``: statements of it did, or have another confidence (``other``)."""

    what: str
    id: str
    subject: str
    subject_name: str
    predicate: str
    object: str
    object_name: str
    documents: tuple[str, ...]
    came: tuple[Statement, ...] = ()
    went: tuple[Statement, ...] = ()
    other: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes from one build to another, each kind in the order of ids."""

    documents: tuple[DocumentChange, ...]
    entities: tuple[EntityChange, ...]
    facts: tuple[FactChange, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many of each kind came, went and changed."""
        kinds: dict[str, Sequence[Any]] = {"documents": self.documents, "entities": self.entities, "facts": self.facts}
        return {
            kind: {what: sum(c.what == what for c in changes) for what in ("came", "went", "changed")}
            for kind, changes in kinds.items()
        }


def diff(before: Path, after: Path) -> Difference:
    """Return what differs from the build in the folder ``before`` to that in ``after``.

    Raises:
        InputError: One of the folders holds no graph.
    """
    documents: dict[str, tuple[dict[str, Any] | None, ...]] = {}
    names: dict[str, str] = {}
    entities: list[EntityChange] = []
    facts: list[tuple[Any, Any]] = []
    for kind, old, new in _paired(before, after):
        if kind == "graph":
            sides = [{id_: record | {"text": ""} for id_, record in side["documents"].items()} for side in (old, new)]
            documents = {id_: (sides[0].get(id_), sides[1].get(id_)) for id_ in sides[0].keys() | sides[1].keys()}
        elif kind == "node":
            names |= {record["id"]: record["label"] for record in (old, new) if record}
            change = _entity_change(old, new)
            if change is not None:
                entities.append(change)
        elif old != new:
            facts.append((old, new))
    changed = (_fact_change(old, new, names) for old, new in facts)
    return Difference(
        tuple(_document_changes(documents)),
        tuple(entities),
        tuple(change for change in changed if change is not None),
    )


def describe(difference: Difference, ontology: Ontology, *, limit: int) -> Iterator[str]:
    """Yield the changes as lines for a person, of each kind at most ``limit``."""
    signs = {"came": "+", "went": "−", "changed": "~"}
    titles = {"documents": "文档 documents", "entities": "实体 entities", "facts": "关系 facts"}
    lines: dict[str, Iterator[list[str]]] = {
        "documents": ([f"{signs[d.what]} {d.id}  {d.path}"] for d in difference.documents),
        "entities": (_entity_lines(e, signs[e.what], _label(ontology.classes, e.type)) for e in difference.entities),
        "facts": (_fact_lines(f, signs[f.what], _label(ontology.predicates, f.predicate)) for f in difference.facts),
    }
    for kind, counts in difference.counts().items():
        yield f"{titles[kind]}: " + " ".join(f"{sign}{counts[what]}" for what, sign in signs.items())
        for block in islice(lines[kind], limit):
            yield from ("  " + line for line in block)
        if sum(counts.values()) > limit:
            yield f"  … 还有 and {sum(counts.values()) - limit} more"


def _label(terms: Mapping[str, Any], name: str) -> str:
    return f"{terms[name].label_zh} {name}" if name in terms and terms[name].label_zh else name


def _entity_lines(change: EntityChange, sign: str, type_: str) -> list[str]:
    by = f"  （{'、'.join(change.documents)}）" if change.documents else ""
    fields = [f"    {name}: {_shown(old)} → {_shown(new)}" for name, old, new in change.fields]
    return [f"{sign} {type_} {change.name}  {change.id}{by}", *fields]


def _fact_lines(change: FactChange, sign: str, predicate: str) -> list[str]:
    lines = [f"{sign} {change.subject_name} {predicate} {change.object_name}"]
    for mark, statements in (("+", change.came), ("−", change.went), ("~", change.other)):
        for s in statements:
            sure = f"{s.confidence:.2f}" if s.before is None else f"{s.before:.2f} → {s.confidence:.2f}"
            lines.append(f"    {mark} {s.document} {s.start}–{s.end} · {sure} “{' '.join(s.quote.split())}”")
    return lines


def _shown(value: Any) -> str:
    return "、".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def rdf_patch(before: Path, after: Path) -> Iterator[str]:
    """Yield the lines of an RDF Patch that makes the ``graph.ttl`` of ``before`` that of ``after``.

    Deletions go before additions, each sorted; the id is that of the changes. The evidence in ``provenance.ttl`` is not in it:
    its selectors are blank nodes, which a patch cannot name. https://afs.github.io/rdf-patch/

    Raises:
        InputError: One of the folders holds no ``graph.ttl`` that can be read.
    """
    rest = {str(quad.triple) for quad in _triples(before)}
    added = set()
    for quad in _triples(after):
        line = str(quad.triple)
        if line in rest:
            rest.discard(line)
        else:
            added.add(line)
    rows = [f"D {line} ." for line in sorted(rest)] + [f"A {line} ." for line in sorted(added)]
    digest = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    yield f"H id <urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}> ."
    yield "TX ."
    yield from rows
    yield "TC ."


def _triples(folder: Path) -> Iterator[ox.Quad]:
    path = folder / "graph.ttl" if folder.is_dir() else folder
    try:
        yield from ox.parse(path=str(path), format=ox.RdfFormat.TURTLE)
    except (OSError, SyntaxError) as error:
        raise InputError(f"{path}: cannot be read as Turtle: {error}") from error


def _paired(before: Path, after: Path) -> Iterator[tuple[str, Any, Any]]:
    """Yield kind, and the records of both builds that have one id; ``None`` where one lacks it."""
    ranks = {"graph": 0, "node": 1, "edge": 2}

    def keyed(path: Path, side: int) -> Iterator[tuple[int, str, int, str, dict[str, Any]]]:
        for kind, record in read_records(path):
            yield ranks[kind], record["key"] if kind == "edge" else record.get("id", ""), side, kind, record

    both = merge(keyed(before, 0), keyed(after, 1), key=lambda item: item[:3])
    for _, group in groupby(both, key=lambda item: item[:2]):
        items = list(group)
        sides = {side: record for _, _, side, _, record in items}
        yield items[0][3], sides.get(0), sides.get(1)


def _what(old: object, new: object) -> str:
    return "came" if old is None else "went" if new is None else "changed"


def _document_changes(documents: Mapping[str, tuple[dict[str, Any] | None, ...]]) -> Iterator[DocumentChange]:
    for id_, (old, new) in sorted(documents.items()):
        if old is None or new is None or old != new:
            yield DocumentChange(_what(old, new), id_, (new or old or {})["path"])


def _entity_change(old: dict[str, Any] | None, new: dict[str, Any] | None) -> EntityChange | None:
    if old == new:
        return None
    shown = new or old or {}
    counts = [Counter(m["document"] for m in (record or {}).get("mentions", ())) for record in (old, new)]
    documents = tuple(sorted(id_ for id_ in counts[0].keys() | counts[1].keys() if counts[0][id_] != counts[1][id_]))
    fields = tuple((name, old[name], new[name]) for name in _ENTITY_FIELDS if old[name] != new[name]) if old and new else ()
    if old and new and not documents and not fields:
        return None  # its mentions stand elsewhere in their documents
    return EntityChange(_what(old, new), shown["id"], shown["type"], shown["label"], documents, fields)


def _fact_change(old: dict[str, Any] | None, new: dict[str, Any] | None, names: Mapping[str, str]) -> FactChange | None:
    went, came, other = _statements((old or {}).get("evidence", ()), (new or {}).get("evidence", ()))
    if old and new and not (went or came or other):
        return None
    shown = new or old or {}
    return FactChange(
        what=_what(old, new),
        id=shown["key"],
        subject=shown["source"],
        subject_name=names[shown["source"]],
        predicate=shown["predicate"],
        object=shown["target"],
        object_name=names[shown["target"]],
        documents=tuple(sorted({s.document for s in (*went, *came, *other)})),
        came=came,
        went=went,
        other=other,
    )


def _statements(
    old: Iterable[dict[str, Any]], new: Iterable[dict[str, Any]]
) -> tuple[tuple[Statement, ...], tuple[Statement, ...], tuple[Statement, ...]]:
    """Return the statements that went, those that came, and those whose confidence differs; equal ones pair up in their order."""
    waiting: dict[str, list[dict[str, Any]]] = {}
    for record in old:
        waiting.setdefault(repr([record[name] for name in _SAME]), []).append(record)
    came, other = [], []
    for record in new:
        like = waiting.get(repr([record[name] for name in _SAME]))
        if not like:
            came.append(_statement(record))
        elif (first := like.pop(0))["confidence"] != record["confidence"]:
            other.append(_statement(record, before=first["confidence"]))
    went = [_statement(record) for records in waiting.values() for record in records]
    return tuple(went), tuple(came), tuple(other)


def _statement(record: Mapping[str, Any], *, before: float | None = None) -> Statement:
    return Statement(record["document"], record["start"], record["end"], record["quote"], record["confidence"], before)
