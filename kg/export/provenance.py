"""``provenance.ttl``: where each fact is stated, and where each entity is named.

One ``rdf:Statement`` for each statement of a fact, with PROV-O for the source and the selectors of Web Annotation
(https://www.w3.org/TR/annotation-model/) for the sentence. What found a statement is a ``prov:Agent``; a program has its version.
Mentions are NIF strings whose IRIs are RFC 5147 fragments,
``DOCUMENT#char=START,END``. All positions count Unicode code points from 0, end exclusive, as both specifications ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Triple

from kg import graph as kgraph
from kg import naming
from kg.export.blocks import Section, joined, write_file
from kg.export.nodelink import version_of
from kg.export.rdf import RDF_TYPE, RDFS_LABEL, Block, Names, Nested, Object, value, zh
from kg.export.stating import CONTEXT, PEOPLE, Texts, agent_iri
from kg.export.turtle import Renderer, head, prefixes_of
from kg.vocabularies import term

if TYPE_CHECKING:
    from kg.ontology import Ontology

PREFIXES = ("rdf", "rdfs", "xsd", "dcterms", "prov", "oa", "nif", "itsrdf", "schema")

_STATEMENT, _SUBJECT, _PREDICATE, _OBJECT = (term(f"rdf:{n}") for n in ("Statement", "subject", "predicate", "object"))
_DERIVED, _ATTRIBUTED = term("prov:wasDerivedFrom"), term("prov:wasAttributedTo")
_AGENT, _SOFTWARE, _VERSION = term("prov:Agent"), term("prov:SoftwareAgent"), term("schema:softwareVersion")
_TARGET, _SOURCE, _SELECTOR = term("oa:hasTarget"), term("oa:hasSource"), term("oa:hasSelector")
_EXACT, _PREFIX, _SUFFIX = term("oa:exact"), term("oa:prefix"), term("oa:suffix")
_START, _END = term("oa:start"), term("oa:end")
_QUOTE, _POSITION = term("oa:TextQuoteSelector"), term("oa:TextPositionSelector")
_PHRASE, _ANCHOR, _REFERS = term("nif:OffsetBasedString"), term("nif:anchorOf"), term("itsrdf:taIdentRef")
_BEGIN, _STOP, _CONTEXT = term("nif:beginIndex"), term("nif:endIndex"), term("nif:referenceContext")
SOURCES = (_DERIVED, _CONTEXT)
"""The predicates that lead from evidence and from a mention to its document."""
_NON_NEGATIVE = term("xsd:nonNegativeInteger")


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``provenance.ttl``."""
    _write(graph, Names(base_iri), out_dir, "provenance.ttl", triple_terms=False)


def write_rdf12(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``provenance-rdf12.ttl``: the same with ``rdf:reifies`` and triple terms (https://www.w3.org/TR/rdf12-turtle/)."""
    _write(graph, Names(base_iri), out_dir, "provenance-rdf12.ttl", triple_terms=True)


def _write(graph: kgraph.Graph, names: Names, out_dir: Path, name: str, *, triple_terms: bool) -> None:
    prefixes = provenance_prefixes(graph, names)
    render = Renderer(prefixes)

    def text(blocks: Iterable[Block]) -> str:
        return "".join("\n" + render.block(block) for block in blocks)

    texts = Texts(graph, names, prefixes, render)

    def statements(edge: kgraph.Edge) -> str:
        plain = [texts.statement(edge, record) if not triple_terms else None for record in edge.record["evidence"]]
        if all(plain):
            return "".join(map(str, plain))
        return text(_statements(graph, names, edge, triple_terms=triple_terms))

    parts = (
        ('VERSION "1.2"\n' if triple_terms else "") + head(prefixes),
        Section("facts", kgraph.facts, attrgetter("id"), joined(statements)),
        Section("phrases", kgraph.phrases, itemgetter(0), joined(lambda found: texts.mentions(*found))),
        text(agent_blocks(graph, names)),
    )
    write_file(graph, out_dir, name, parts, context=(names.base_iri, version_of(graph), sorted(prefixes.items())))


def provenance_prefixes(graph: kgraph.Graph, names: Names) -> dict[str, str]:
    """Return prefix → namespace for evidence and mentions."""
    return prefixes_of(graph, names, PREFIXES) | {"evidence": f"{names.base_iri}id/evidence/", "agent": f"{names.base_iri}agent/"}


def provenance_blocks(graph: kgraph.Graph, names: Names, *, triple_terms: bool = False) -> Iterator[Block]:
    """Yield the evidence of each fact in the order of facts, then the mentions of each document in the order of the text.

    Last come the agents that found the evidence.
    """
    for edge in kgraph.facts(graph):
        yield from _statements(graph, names, edge, triple_terms=triple_terms)
    for document, phrases in kgraph.phrases(graph):
        yield from _mentions(names, document, phrases)
    yield from agent_blocks(graph, names)


def _statements(graph: kgraph.Graph, names: Names, edge: kgraph.Edge, *, triple_terms: bool) -> Iterator[Block]:
    for record in edge.record["evidence"]:
        yield _statement(graph, names, edge, record, triple_terms=triple_terms)


def agent_blocks(graph: kgraph.Graph, names: Names) -> Iterator[Block]:
    """Yield what found the evidence of the facts: a program with its version, or people."""
    for name in kgraph.extractors(graph):
        pairs: list[tuple[NamedNode, Object]] = [(RDF_TYPE, _AGENT), (RDFS_LABEL, Literal(name))]
        if name != PEOPLE:
            pairs = [(RDF_TYPE, _SOFTWARE), (RDFS_LABEL, Literal(name)), (_VERSION, Literal(version_of(graph)))]
        yield Block(agent_iri(name, graph, names), pairs)


def _statement(
    graph: kgraph.Graph, names: Names, edge: kgraph.Edge, record: kgraph.EvidenceRecord, *, triple_terms: bool
) -> Block:
    subject, predicate, object_ = names.entity(edge.subject), names.kgo(edge.record["predicate"]), names.entity(edge.object)
    source = names.document(record["document"])
    pairs: list[tuple[NamedNode, Object]]
    if triple_terms:
        pairs = [(term("rdf:reifies"), Triple(subject, predicate, object_))]
    else:
        pairs = [(RDF_TYPE, _STATEMENT), (RDF_TYPE, names.kgo("Evidence"))]
        pairs += [(_SUBJECT, subject), (_PREDICATE, predicate), (_OBJECT, object_)]
    pairs += [
        (_DERIVED, source),
        (_ATTRIBUTED, agent_iri(record["extractor"], graph, names)),
        (names.kgo("confidence"), value(float(record["confidence"]))),
        (names.kgo("implied"), Literal(record["implied"])),
        (names.kgo("extractor"), Literal(record["extractor"])),
        (names.kgo("sentence"), zh(record["quote"])),
    ]
    pairs += [(names.kgo(key), value(v)) for key, v in record["attributes"].items()]
    pairs.append((_TARGET, _target(graph, source, record)))
    id_ = naming.evidence_id(edge.id, record["document"], record["start"], record["end"], extractor=record["extractor"])
    iri = naming.evidence_iri(id_, base_iri=names.base_iri)
    return Block(NamedNode(iri), pairs)


def _target(graph: kgraph.Graph, source: NamedNode, record: kgraph.EvidenceRecord) -> Nested:
    before, after = kgraph.around(graph, record, CONTEXT)
    quote = Nested(
        (
            (RDF_TYPE, _QUOTE),
            (_EXACT, Literal(record["quote"])),
            (_PREFIX, Literal(before)),
            (_SUFFIX, Literal(after)),
        )
    )
    position = Nested(((RDF_TYPE, _POSITION), (_START, _count(record["start"])), (_END, _count(record["end"]))))
    return Nested(((_SOURCE, source), (_SELECTOR, quote), (_SELECTOR, position)))


def _count(number: int) -> Literal:
    return Literal(str(number), datatype=_NON_NEGATIVE)


def _mentions(names: Names, document: str, phrases: list[tuple[tuple[int, int, str], list[str]]]) -> Iterator[Block]:
    source = names.document(document)
    for (start, end, text), ids in phrases:
        pairs: list[tuple[NamedNode, Object]] = [(RDF_TYPE, _PHRASE), (_CONTEXT, source)]
        pairs += [(_BEGIN, _count(start)), (_STOP, _count(end)), (_ANCHOR, Literal(text))]
        pairs += [(_REFERS, names.entity(id_)) for id_ in ids]
        yield Block(NamedNode(f"{source.value}#char={start},{end}"), pairs)
