"""The graph: a ``networkx.MultiDiGraph`` whose attribute names this module owns.

A node's key is the entity's id, an edge's key the fact's id; ``graph.graph`` holds the documents and the reasons of merges. All
attribute values are plain JSON values, so the node-link form of the graph is the graph. Symmetric predicates are stored once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypedDict, cast

import networkx as nx

from kg.errors import KgError
from kg.model import Document, Entity, Evidence, Fact, Knowledge, Located, Span

if TYPE_CHECKING:
    from kg.ontology import Ontology

DOCUMENTS = "documents"
MERGES = "merges"

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Scalar = str | int | float


class MentionRecord(TypedDict):
    """A place that names an entity; ``start``/``end`` count code points of the document's text, end exclusive."""

    document: str
    start: int
    end: int
    text: str
    confidence: float


class EvidenceRecord(TypedDict):
    """One statement of a fact; ``subject``, ``object`` and ``trigger`` are ``[start, end]`` or ``None``."""

    document: str
    start: int
    end: int
    quote: str
    confidence: float
    implied: bool
    extractor: str
    subject: list[int] | None
    object: list[int] | None
    trigger: list[int] | None
    attributes: dict[str, Scalar]


class NodeRecord(TypedDict):
    """The attributes of a node; ``label`` is the canonical name, ``subtype``, ``scope`` and ``registry`` may be ``None``."""

    label: str
    type: str
    subtype: str | None
    roles: list[str]
    aliases: list[str]
    scope: str | None
    registry: str | None
    attributes: dict[str, Scalar]
    mentions: list[MentionRecord]


class EdgeRecord(TypedDict):
    """The attributes of an edge; ``symmetric`` says that the direction means nothing."""

    predicate: str
    symmetric: bool
    implied: bool
    confidence: float
    evidence: list[EvidenceRecord]


class DocumentRecord(TypedDict):
    """A document with its unmodified text; ``title`` and ``publisher`` are text, ``date`` is ISO 8601.

    ``pages`` are the offsets at which its pages begin, none where its file has no pages.
    """

    id: str
    path: str
    sha256: str
    encoding: str
    title: str | None
    date: str | None
    publisher: str | None
    pages: list[int]
    text: str


class MergeRecord(TypedDict):
    """Why a name became part of an entity, or was kept apart from it."""

    entity: str
    name: str
    reason: str
    document: str


class Edge(NamedTuple):
    """One edge as exporters read it."""

    id: str
    subject: str
    object: str
    record: EdgeRecord


if TYPE_CHECKING:
    Graph = nx.MultiDiGraph[str]
else:
    Graph = nx.MultiDiGraph


def build_graph(knowledge: Knowledge, ontology: Ontology) -> Graph:
    """Return the graph of ``knowledge``: one node an entity, one edge a fact.

    Nodes and edges are added in the order of their ids, so that the same knowledge gives the same graph.

    Raises:
        KgError: A fact or mention names an entity, document or predicate that does not exist.
    """
    graph: Graph = nx.MultiDiGraph()
    graph.graph[DOCUMENTS] = {d.id: document_record(d) for d in sorted(knowledge.documents, key=lambda d: d.id)}
    graph.graph[MERGES] = [
        {"entity": m.entity, "name": m.name, "reason": m.reason, "document": m.document}
        for m in sorted(knowledge.merges, key=lambda m: (m.entity, m.name, m.document, m.reason))
    ]
    for entity in sorted(knowledge.entities, key=lambda e: e.id):
        _check_documents(graph, entity.id, (m.document for m in entity.mentions))
        graph.add_node(entity.id, **node_record(entity))
    for fact in sorted(knowledge.facts, key=lambda f: f.id):
        _check_documents(graph, fact.id, (e.document for e in fact.evidence))
        for end in (fact.subject, fact.object):
            if end not in graph:
                raise KgError(f"fact {fact.id}: no entity has the id {end!r}")
        if fact.predicate not in ontology.predicates:
            known = ", ".join(sorted(ontology.predicates))
            raise KgError(f"fact {fact.id}: unknown predicate {fact.predicate!r}; known: {known}")
        symmetric = ontology.predicates[fact.predicate].symmetric
        graph.add_edge(fact.subject, fact.object, key=fact.id, **edge_record(fact, symmetric=symmetric))
    return graph


class Streamed(Protocol):
    """A graph that is not held but read again for every question: the tables of ``kg.store``.

    Exporters take one for a graph, if they ask nothing but the functions of this module. Its records know more than their keys: a
    node its ``degree``, a mention or statement the ``date`` of its document, a statement what stands ``before`` and ``after`` it.
    """

    head: dict[str, Any]
    reuse: Any

    def entities(self, *, by_class: bool = False) -> Iterator[tuple[str, NodeRecord]]: ...  # noqa: D102
    def facts(self, *, by_predicate: bool = False) -> Iterator[Edge]: ...  # noqa: D102
    def documents(self) -> Iterator[DocumentRecord]: ...  # noqa: D102
    def merges(self) -> Iterator[MergeRecord]: ...  # noqa: D102
    def objects(self) -> Iterator[tuple[str, list[tuple[str, str]]]]: ...  # noqa: D102
    def phrases(self) -> Iterator[tuple[str, list[tuple[tuple[int, int, str], list[str]]]]]: ...  # noqa: D102
    def extractors(self) -> list[str]: ...  # noqa: D102
    def traits(self) -> Traits: ...  # noqa: D102
    def make_digests(self) -> None: ...  # noqa: D102
    def blocks(self, order: str) -> Iterator[tuple[str, str, int]]: ...  # noqa: D102
    def ids(self, order: str, *, wanted: Callable[[str], bool]) -> list[str]: ...  # noqa: D102
    def part(self, order: str, ids: Sequence[str]) -> Streamed: ...  # noqa: D102
    def best(self, size: int) -> list[str]: ...  # noqa: D102
    def among(self, ids: Sequence[str]) -> Streamed: ...  # noqa: D102
    def counts(self) -> dict[str, Any]: ...  # noqa: D102
    def number_of_nodes(self) -> int: ...  # noqa: D102
    def rest(self) -> None: ...  # noqa: D102


def streamed(graph: Graph) -> Streamed | None:
    """Return ``graph`` if it is one that is not held in memory."""
    return None if isinstance(graph, nx.Graph) else cast(Streamed, graph)


def entities(graph: Graph) -> Iterator[tuple[str, NodeRecord]]:
    """Yield ``(id, attributes)`` of every node in the order of ids."""
    if stream := streamed(graph):
        yield from stream.entities()
        return
    for node in sorted(graph.nodes):
        yield node, cast(NodeRecord, graph.nodes[node])


def entities_with_facts(graph: Graph) -> Iterator[tuple[str, NodeRecord, list[tuple[str, str]]]]:
    """Yield every entity with its facts as ``(predicate, object id)``, sorted, each once."""
    if stream := streamed(graph):
        found = stream.objects()
        subject, about = next(found, ("", []))
        for id_, record in stream.entities():
            yield id_, record, about if id_ == subject else []
            if id_ == subject:
                subject, about = next(found, ("", []))
        return
    # The views that networkx gives of one node's edges cost four times as much as the dictionaries behind them.
    objects = dict(graph.adjacency())
    for id_, record in entities(graph):
        yield id_, record, sorted({(edge["predicate"], o) for o, edges in objects[id_].items() for edge in edges.values()})


def phrases(graph: Graph) -> Iterator[tuple[str, list[tuple[tuple[int, int, str], list[str]]]]]:
    """Yield ``(document, its mentions as ((start, end, text), ids of entities))``, all sorted."""
    if stream := streamed(graph):
        yield from stream.phrases()
        return
    found: dict[str, dict[tuple[int, int, str], list[str]]] = {}
    for id_, record in entities(graph):
        for m in record["mentions"]:
            found.setdefault(m["document"], {}).setdefault((m["start"], m["end"], m["text"]), []).append(id_)
    for document_id in sorted(found):
        yield document_id, [(place, list(dict.fromkeys(ids))) for place, ids in sorted(found.pop(document_id).items())]


def entities_by(
    graph: Graph, labels: Callable[[NodeRecord], tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], str, NodeRecord]]:
    """Yield ``(labels, id, attributes)`` of every node, sorted; ``labels`` must sort as type, subtype and roles do."""
    if stream := streamed(graph):
        yield from ((labels(record), id_, record) for id_, record in stream.entities(by_class=True))
        return
    yield from sorted(((labels(record), id_, record) for id_, record in entities(graph)), key=lambda found: found[:2])


def facts_by_predicate(graph: Graph) -> Iterator[Edge]:
    """Yield every edge, ordered by predicate and id."""
    if stream := streamed(graph):
        return stream.facts(by_predicate=True)
    return iter(sorted(facts(graph), key=lambda edge: (edge.record["predicate"], edge.id)))


def extractors(graph: Graph) -> list[str]:
    """Return what found the statements, sorted."""
    if stream := streamed(graph):
        return stream.extractors()
    return sorted({record["extractor"] for edge in facts(graph) for record in edge.record["evidence"]})


class Traits(NamedTuple):
    """What any part of a graph has, so that a file can declare it before the first: ``types`` of nodes, sorted, and the rest.

    ``dated`` says that some first date is a whole one, ``YYYY-MM-DD``.
    """

    nodes: bool
    edges: bool
    types: tuple[str, ...]
    subtypes: bool
    attributes: bool
    mention_dates: bool
    statements: bool
    statement_dates: bool
    dated: bool


def traits(graph: Graph) -> Traits:
    """Return what any node or edge has."""
    if stream := streamed(graph):
        return stream.traits()
    nodes, edges = [record for _, record in entities(graph)], [edge.record for edge in facts(graph)]
    mentioned = [dates[0] for record in nodes if (dates := document_dates(graph, record["mentions"]))]
    stated = [dates[0] for record in edges if (dates := document_dates(graph, record["evidence"]))]
    return Traits(
        nodes=bool(nodes),
        edges=bool(edges),
        types=tuple(sorted({record["type"] for record in nodes})),
        subtypes=any(record["subtype"] for record in nodes),
        attributes=any(record["attributes"] for record in nodes),
        mention_dates=bool(mentioned),
        statements=any(record["evidence"] for record in edges),
        statement_dates=bool(stated),
        dated=any(map(DATE.fullmatch, (*mentioned, *stated))),
    )


def part(graph: Graph, size: int, *, limit: int) -> Graph:
    """Return ``graph`` up to ``limit`` entities, else a graph of the ``size`` that take part in most facts.

    Its attribute ``of`` then holds the numbers of entities and documents of the graph of which it is not the whole.
    """
    if graph.number_of_nodes() <= limit:
        return graph
    of = (graph.number_of_nodes(), sum(1 for _ in documents(graph)))
    if stream := streamed(graph):
        among = stream.among(stream.best(size))
        among.head = among.head | {"of": of}
        return cast(Graph, among)
    kept = set(nsmallest(size, graph, key=lambda id_: (-graph.degree(id_), id_)))
    found: Graph = nx.MultiDiGraph()
    for id_, record in entities(graph):
        if id_ in kept:
            found.add_node(id_, **record)
    for edge in facts(graph):
        if edge.subject in kept and edge.object in kept:
            found.add_edge(edge.subject, edge.object, key=edge.id, **edge.record)
    there = {m["document"] for _, record in found.nodes(data=True) for m in record["mentions"]}
    found.graph |= {DOCUMENTS: {d["id"]: d for d in documents(graph) if d["id"] in there}, MERGES: [], "of": of}
    return found


def degree(graph: Graph, id_: str, record: NodeRecord) -> int:
    """Return how many facts a node takes part in."""
    return int(graph.degree(id_)) if streamed(graph) is None else int(record.degree)  # type: ignore[attr-defined]


def around(graph: Graph, record: EvidenceRecord, width: int) -> tuple[str, str]:
    """Return the text before and after a statement's sentence, ``width`` code points at most (16 where it is not held)."""
    if streamed(graph) is not None:
        return record.before[-width:], record.after[:width]  # type: ignore[attr-defined]
    start, end, text = record["start"], record["end"], document(graph, record["document"])["text"]
    return text[max(0, start - width) : start], text[end : end + width]


def date_of(graph: Graph, record: MentionRecord | EvidenceRecord) -> str | None:
    """Return the date of the document in which a mention or statement stands."""
    if streamed(graph) is not None:
        return cast("str | None", record.date)  # type: ignore[union-attr]
    return document(graph, record["document"])["date"]


def facts(graph: Graph) -> Iterator[Edge]:
    """Yield every edge in the order of fact ids."""
    if stream := streamed(graph):
        yield from stream.facts()
        return
    found = (Edge(k, s, o, cast(EdgeRecord, d)) for s, o, k, d in graph.edges(keys=True, data=True))
    yield from sorted(found, key=lambda e: e[:3])


def facts_by_subject(graph: Graph, subject: str) -> list[Edge]:
    """Return the edges that leave ``subject``, ordered by predicate, object and id."""
    found = [Edge(k, subject, o, cast(EdgeRecord, d)) for _, o, k, d in graph.out_edges(subject, keys=True, data=True)]
    return sorted(found, key=lambda e: (e.record["predicate"], e.object, e.id))


def documents(graph: Graph) -> Iterator[DocumentRecord]:
    """Yield the documents in the order of their ids."""
    if stream := streamed(graph):
        yield from stream.documents()
        return
    records: Mapping[str, DocumentRecord] = graph.graph[DOCUMENTS]
    for key in sorted(records):
        yield records[key]


def document(graph: Graph, id_: str) -> DocumentRecord:
    """Return the document with this id."""
    return cast(DocumentRecord, graph.graph[DOCUMENTS][id_])


def page_of(document: DocumentRecord, offset: int) -> int | None:
    """Return the number of the page on which the character at ``offset`` stands, from 1, or ``None`` where there are no pages."""
    return bisect_right(document.get("pages", []), offset) or None


def merges(graph: Graph) -> Iterable[MergeRecord]:
    """Return why names were merged or kept apart, ordered by entity."""
    if stream := streamed(graph):
        return stream.merges()
    return cast("list[MergeRecord]", graph.graph[MERGES])


def classes_of(record: NodeRecord) -> list[str]:
    """Return the class names of a node: subtype, type, then roles.

    >>> classes_of({"type": "Organization", "subtype": "Company", "roles": ["PartnerBody"]})  # type: ignore[typeddict-item]
    ['Company', 'Organization', 'PartnerBody']
    """
    first = [record["subtype"]] if record["subtype"] else []
    return list(dict.fromkeys([*first, record["type"], *record["roles"]]))


def document_dates(graph: Graph, records: list[MentionRecord] | list[EvidenceRecord]) -> list[str]:
    """Return the dates of the documents in which ``records`` stand, sorted, each once."""
    found = {date_of(graph, r) for r in records}
    return sorted(d for d in found if d)


def _check_documents(graph: Graph, where: str, ids: Iterator[str]) -> None:
    for id_ in ids:
        if id_ not in graph.graph[DOCUMENTS]:
            raise KgError(f"{where}: no document has the id {id_!r}")


def document_record(document: Document) -> DocumentRecord:
    """Return what the graph holds of a document."""

    def text(span: Span | None) -> str | None:
        return document.text[span.start : span.end] if span else None

    return {
        "id": document.id,
        "path": document.path,
        "sha256": document.sha256,
        "encoding": document.encoding,
        "title": document.given_title or text(document.title),
        "date": document.date,
        "publisher": text(document.publisher),
        "pages": list(document.pages),
        "text": document.text,
    }


def node_record(entity: Entity) -> dict[str, Any]:
    """Return the attributes of a node."""
    record: NodeRecord = {
        "label": entity.name,
        "type": entity.type,
        "subtype": entity.subtype,
        "roles": sorted(entity.roles),
        "aliases": sorted(entity.aliases),
        "scope": entity.scope,
        "registry": entity.registry,
        "attributes": dict(sorted(entity.attributes)),
        "mentions": [_mention(m) for m in sorted(entity.mentions)],
    }
    return dict(record)


def _mention(mention: Located) -> MentionRecord:
    return {
        "document": mention.document,
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
        "confidence": mention.confidence,
    }


def edge_record(fact: Fact, *, symmetric: bool) -> dict[str, Any]:
    """Return the attributes of an edge."""
    record: EdgeRecord = {
        "predicate": fact.predicate,
        "symmetric": symmetric,
        "implied": fact.implied,
        "confidence": fact.confidence,
        "evidence": sorted((_evidence(e) for e in fact.evidence), key=_evidence_order),
    }
    return dict(record)


def _evidence(evidence: Evidence) -> EvidenceRecord:
    def pair(span: Span | None) -> list[int] | None:
        return [span.start, span.end] if span else None

    return {
        "document": evidence.document,
        "start": evidence.start,
        "end": evidence.end,
        "quote": evidence.quote,
        "confidence": evidence.confidence,
        "implied": evidence.implied,
        "extractor": evidence.extractor,
        "subject": pair(evidence.subject),
        "object": pair(evidence.object),
        "trigger": pair(evidence.trigger),
        "attributes": dict(sorted(evidence.attributes)),
    }


def _evidence_order(record: EvidenceRecord) -> tuple[Any, ...]:
    spans = tuple(record[name] or [-1, -1] for name in ("subject", "object", "trigger"))
    return (
        record["document"],
        record["start"],
        record["end"],
        record["extractor"],
        record["implied"],
        spans,
        sorted((k, str(v)) for k, v in record["attributes"].items()),
    )
