"""Steps that put together what all documents say of one thing or one fact; they yield the records of the graph.

The records are those of ``kg.graph``. A mention and a statement carry the date of their document, and a statement the text around
its sentence, so that whoever writes them needs no document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from kg.flow.claiming import said_of, types_of
from kg.flow.packs import pack_of
from kg.flow.placing import name_of
from kg.flow.rows import Row
from kg.graph import edge_record, node_record
from kg.identity import Claimed
from kg.joining import Node, Note
from kg.merging import Gathering, evidence_of, make_fact, merges_of, turned
from kg.model import Annotation, Document, Evidence, Span
from kg.naming import fact_id
from kg.ontology import top_type
from kg.owners import Owner
from kg.registry import Entry
from kg.resolve import members_of

CONTEXT = 16
"""Code points of text before and after a sentence."""

Found = tuple[str, Node, bool]
"""Id of an entity, its node, and whether any document names it."""


def said(document_id: str, rows: Iterator[Row], *, pack: str) -> Iterator[Row]:
    """Yield what one document says of each thing and each fact, by their ids.

    Rows: the document ``annotated``, its ``claims``, what names of it have ``won``, and the ``id`` of each of its entities.
    """
    claims: tuple[Claimed, ...] = ()
    ids: dict[str, Found] = {}
    others: list[Row] = []
    for row in rows:
        if row.kind == "claims":
            claims = row.data
        elif row.kind == "id":
            thing, id_, node, there = row.data
            ids[thing] = (id_, node, there)
        else:
            others.append(row)
    (document, annotation), won = said_of(document_id, iter(others))
    places = {claim.id: (number, claim) for number, claim in enumerate(claims)}
    for order, member in enumerate(members_of(document, annotation, types_of(annotation, pack=pack, won=won))):
        number, claim = places[member.id]
        id_, node, _ = ids[member.id]
        owner = None if claim.owner is None or claim.owner.context else _owners(claim.owner, ids)
        within = _owners(claim.within, ids) if claim.within else None
        data = (member, node, (claim.depth, document.id, number), owner, within, claim.notes, document.date)
        yield Row("member", id_, document.id, order, data)
    yield from _statements(document, annotation, ids, pack)


def _owners(owner: Owner, ids: Mapping[str, Found]) -> tuple[tuple[str, bool], ...]:
    found = [ids[other] for other in owner.entities] + ([ids[name_of(owner.type, owner.name)]] if owner.name else [])
    return tuple(sorted({(id_, there) for id_, _, there in found}))


def _statements(document: Document, annotation: Annotation, ids: Mapping[str, Found], pack: str) -> Iterator[Row]:
    ontology = pack_of(pack)[0]
    mentions = {e.id: sorted(Span(m.start, m.end) for m in e.mentions) for e in annotation.entities}
    for number, relation in enumerate(annotation.relations):
        subject, object_ = ids[relation.subject][0], ids[relation.object][0]
        if subject == object_:
            continue
        evidence = evidence_of(document, annotation, relation, mentions)
        if ontology.predicates[relation.predicate].symmetric and object_ < subject:
            subject, object_, evidence = object_, subject, turned(evidence)
        text = document.text
        around = (text[max(0, evidence.start - CONTEXT) : evidence.start], text[evidence.end : evidence.end + CONTEXT])
        id_ = fact_id(subject, relation.predicate, object_)
        yield Row("statement", id_, document.id, number, (subject, relation.predicate, object_, evidence, document.date, around))


def facts(key: str, rows: Iterator[Row], *, pack: str) -> Iterator[Row]:
    """Yield a fact and its statements, and what it means for the roles and the degrees of its ends."""
    ontology = pack_of(pack)[0]
    found: dict[Evidence, tuple[str | None, tuple[str, str]]] = {}
    subject = predicate = object_ = ""
    for row in rows:
        subject, predicate, object_, evidence, date, around = row.data
        found[evidence] = (date, around)
    known = ontology.predicates[predicate]
    fact = make_fact(subject, predicate, object_, found)
    record = edge_record(fact, symmetric=known.symmetric)
    head = {name: value for name, value in record.items() if name != "evidence"}
    yield Row("fact", key, data={"id": key, "subject": subject, "object": object_, **head, "statements": len(found)})
    by_order = {_same(e): extra for e, extra in found.items()}
    for number, statement in enumerate(record["evidence"]):
        date, (before, after) = by_order[statement["document"], statement["start"], statement["end"]]
        yield Row("evidence", key, number=number, data={**statement, "date": date, "before": before, "after": after})
    for end in (subject, object_):
        yield Row("degree", end, data=1)
        if known.role and known.symmetric:
            yield Row("role", end, data=known.role)
    if known.role and not known.symmetric:
        yield Row("together", f"{known.role} {predicate} {object_}", data=(known.role, subject))


def _same(evidence: Evidence) -> tuple[str, int, int]:
    return evidence.document, evidence.start, evidence.end


def roles(key: str, rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the role of those who do something together with others."""
    first = ""
    several = False
    for row in rows:
        role, subject = row.data
        if not first:
            first = subject
        elif subject != first:
            if not several:
                yield Row("role", first, data=role)
            several = True
            yield Row("role", subject, data=role)


def entities(key: str, rows: Iterator[Row], *, pack: str) -> Iterator[Row]:
    """Yield an entity, its mentions, and why names became it; nothing where no document names it.

    Rows: its ``role``, ``degree``, ``entry`` and ``note`` rows, then a ``member`` for each entity of a document that is it.
    """
    gathering, owned = Gathering(), _Owned()
    found, degree, mentions = set(), 0, 0
    entries: list[tuple[int, Entry]] = []
    notes: list[Note] = []
    for document, group in groupby(rows, key=lambda row: row.order):
        located: list[tuple[Any, str | None]] = []
        for row in group:
            if row.kind == "member":
                member, node, place, owner, within, why, date = row.data
                gathering.add(member)
                owned.add(node, place, owner, within, why)
                located += [(mention, date) for mention in member.mentions]
            elif row.kind == "role":
                found.add(row.data)
            elif row.kind == "degree":
                degree += row.data
            elif row.kind == "entry":
                entries.append((row.number, row.data))
            else:
                notes.append(row.data)
        for mention, date in sorted(located, key=lambda pair: pair[0]):
            place = (mention.document, mention.start, mention.end, mention.text, mention.confidence)
            yield Row("mention", key, document, mentions, dict(zip(_MENTION, (*place, date), strict=True)))
            mentions += 1
    if not gathering.type:
        return
    entry = max(entries, key=lambda pair: pair[0])[1] if entries else None
    ontology = pack_of(pack)[0]
    fitting = [role for role in found if top_type(ontology, role) == gathering.type]
    owners = [o for o in owned.chosen() if o != key]
    entity = gathering.entity(key, entry=entry, owners=owners, roles=fitting, mentions=())
    record = node_record(entity)
    del record["mentions"]
    yield Row("entity", key, data={"id": key, **record, "degree": degree, "mentions": mentions})
    merges = {merge for merge in merges_of(entity, _once([*notes, *owned.notes()]))}
    for number, merge in enumerate(sorted(merges, key=lambda m: (m.entity, m.name, m.document, m.reason))):
        values = (merge.entity, merge.name, merge.reason, merge.document)
        yield Row("merge", key, number=number, data=dict(zip(("entity", "name", "reason", "document"), values, strict=True)))


_MENTION = ("document", "start", "end", "text", "confidence", "date")
Place = tuple[int, str, int]


class _Owned:
    """Which owners tell a thing from its namesakes, and why: of each node what comes first, by level and document."""

    def __init__(self) -> None:
        self._owners: dict[Node, tuple[bool, Place, tuple[tuple[str, bool], ...]]] = {}
        self._notes: dict[tuple[Node, str], tuple[Place, int, Note]] = {}

    def add(
        self,
        node: Node,
        place: Place,
        owner: tuple[tuple[str, bool], ...] | None,
        within: tuple[tuple[str, bool], ...] | None,
        why: tuple[tuple[str, str], ...],
    ) -> None:
        for least, owners in ((False, owner), (True, within)):
            if owners and (node not in self._owners or (least, place) < self._owners[node][:2]):
                self._owners[node] = (least, place, owners)
        for number, (name, reason) in enumerate(why):
            if (node, name) not in self._notes or (place, number) < self._notes[node, name][:2]:
                self._notes[node, name] = (place, number, Note(node, name, reason, place[1]))

    def chosen(self) -> list[str]:
        """Return the ids of the owners that exist, of the first node that has any."""
        if not self._owners:
            return []
        return [id_ for id_, there in self._owners[min(self._owners)][2] if there]

    def notes(self) -> list[Note]:
        return [note for _, _, note in self._notes.values()]


def _once(notes: list[Note]) -> list[Note]:
    """Return one note for each name and reason, the first."""
    seen: dict[tuple[str, str], Note] = {}
    for note in sorted(notes):
        seen.setdefault((note.name, note.reason), note)
    return list(seen.values())
