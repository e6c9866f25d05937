"""Is an output folder true to its documents and the same in every file?

``graph.json`` holds the documents' texts and is what the others are compared with; what follows from the graph by the
ontology (``inferred.ttl``) and the sizes in its description (``void.ttl``) are computed again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg import graph as kgraph
from kg import naming
from kg.errors import KgError
from kg.export import DEFAULT_FORMATS, FORMATS, nodelink
from kg.export.inferred import inferred_blocks
from kg.export.rdf import Block, Names, triples, value
from kg.export.readback import READERS, Content, read_reference
from kg.export.void import describe
from kg.ontology import default_pack, load_ontology
from kg.report import REPORT, read_report
from kg.vocabularies import VOCABULARIES, term

PROVENANCE = ("provenance.ttl", "provenance-rdf12.ttl", "graph.nq", "graph.trig")
_RDF, _OA, _NIF = VOCABULARIES["rdf"], VOCABULARIES["oa"], VOCABULARIES["nif"]


def verify(out_dir: Path, *, pack: Path | None = None) -> list[str]:
    """Return what is wrong with the output folder, one line each; nothing is good.

    ``pack`` is the domain pack that the folder was built with, where it was not the default one.

    Every mention and every quote must be the text at its offsets, and every export that is there must hold the same nodes and
    edges, by id, count and content. For each file the first difference is named; a file that the build wrote must be there.

    Raises:
        InputError: The folder has no ``graph.json`` that can be read.
        PackError: The domain pack is wrong.
    """
    ontology = load_ontology(pack or default_pack())
    graph = nodelink.read_graph(out_dir)
    base_iri = str(graph.graph.get("base_iri", naming.DEFAULT_BASE_IRI))
    found = list(_grounding(graph))
    reference = read_reference(graph)
    for file in sorted(file for name in _formats(out_dir) for file in FORMATS[name][0]):
        if not (out_dir / file).is_file():
            found.append(f"{file}: is missing")
    names = Names(base_iri)
    checks: list[tuple[str, Callable[[Path], str]]] = [
        (file, lambda path, read=read: compare(read(path, graph, base_iri), reference))  # type: ignore[misc]
        for file, read in READERS.items()
    ]
    checks += [(file, lambda path: _provenance(path, graph, names)) for file in PROVENANCE]
    checks += [
        ("inferred.ttl", lambda path: _inferred(path, triples(inferred_blocks(graph, ontology, names)))),
        ("void.ttl", lambda path: _sizes(path, describe(graph, ontology, names))),
    ]
    for file, check in checks:
        if (out_dir / file).is_file():
            try:
                difference = check(out_dir / file)
            except (KgError, ValueError, SyntaxError, LookupError, TypeError, OSError) as error:
                difference = f"cannot be read: {type(error).__name__}: {error}"
            if difference:
                found.append(f"{file}: {difference}")
    return found


def _formats(out_dir: Path) -> list[str]:
    """Return the formats that the build wrote; where no report says which, those that every build writes."""
    written = read_report(out_dir).get("formats") if (out_dir / REPORT).is_file() else None
    return [name for name in written or DEFAULT_FORMATS if name in FORMATS]


def compare(content: Content, reference: Content) -> str:
    """Return the first difference between an export and the graph, or an empty text."""
    for kind in content.kinds:
        found, expected = (c.nodes if kind == "node" else c.edges for c in (content, reference))
        there: dict[Any, dict[str, Any]] = dict(found)
        wanted: dict[Any, dict[str, Any]] = dict(expected)
        count = f"{len(there)} {kind}s, graph.json has {len(wanted)}"
        for key in sorted(wanted.keys() ^ there.keys()):
            name = key if isinstance(key, str) else " ".join(key)
            return f"{count}: {kind} {name} is {'missing' if key in wanted else 'not in graph.json'}"
        for key in sorted(there):
            for field, value_ in there[key].items():
                if value_ != wanted[key][field]:
                    name = key if isinstance(key, str) else " ".join(key)
                    return f"{kind} {name}: {field} is {value_!r}, graph.json has {wanted[key][field]!r}"
    return ""


def _grounding(graph: kgraph.Graph) -> Iterator[str]:
    texts = {d["id"]: d["text"] for d in kgraph.documents(graph)}

    def wrong(where: str, document: str, start: int, end: int, quote: str) -> Iterator[str]:
        text = texts.get(document)
        if text is None:
            yield f"{where}: no document has the id {document!r}"
        elif not 0 <= start < end <= len(text):
            yield f"{where}: {start}–{end} does not lie in {document} of {len(text)} characters"
        elif text[start:end] != quote:
            yield f"{where}: {document} {start}–{end} is {text[start:end]!r}, not {quote!r}"

    for id_, record in kgraph.entities(graph):
        if not record["mentions"]:
            yield f"node {id_}: it is mentioned nowhere"
        for mention in record["mentions"]:
            yield from wrong(f"mention of {id_}", mention["document"], mention["start"], mention["end"], mention["text"])
    for edge in kgraph.facts(graph):
        if not edge.record["evidence"]:
            yield f"edge {edge.id}: no sentence states it"
        for evidence in edge.record["evidence"]:
            where = f"evidence of {edge.id}"
            yield from wrong(where, evidence["document"], evidence["start"], evidence["end"], evidence["quote"])
            for span in (evidence["subject"], evidence["object"], evidence["trigger"]):
                if span and not 0 <= span[0] < span[1] <= len(texts.get(evidence["document"], "")):
                    yield f"{where}: {span[0]}–{span[1]} does not lie in {evidence['document']}"


def _provenance(path: Path, graph: kgraph.Graph, names: Names) -> str:
    """Return the first difference between the statements and mentions of a file and the graph, or an empty text."""
    store = ox.Store()
    store.bulk_load(path=str(path))
    for kind, expected, found in (
        ("evidence", Counter(_expected_evidence(graph, names)), Counter(_evidence(store, names))),
        ("mention", Counter(_expected_mentions(graph, names)), Counter(_mentions(store))),
    ):
        for row in sorted((expected - found) or (found - expected)):
            count = f"{sum(found.values())} of kind {kind}, graph.json has {sum(expected.values())}"
            return f"{count}: {' '.join(map(str, row))} is {'missing' if row in expected else 'not in graph.json'}"
    return ""


def _expected_evidence(graph: kgraph.Graph, names: Names) -> Iterator[tuple[str, ...]]:
    for edge in kgraph.facts(graph):
        triple = (names.entity(edge.subject).value, names.kgo(edge.record["predicate"]).value, names.entity(edge.object).value)
        for e in edge.record["evidence"]:
            confidence, implied = str(float(e["confidence"])), value(e["implied"]).value
            source = names.document(e["document"]).value
            yield (*triple, source, str(e["start"]), str(e["end"]), confidence, implied, e["extractor"], e["quote"])


def _evidence(store: ox.Store, names: Names) -> Iterator[tuple[str, ...]]:
    head = "?e rdf:reifies ?t . BIND(SUBJECT(?t) AS ?s) BIND(PREDICATE(?t) AS ?p) BIND(OBJECT(?t) AS ?o)"
    if next(store.quads_for_pattern(None, ox.NamedNode(_RDF + "reifies"), None), None) is None:
        head = "?e rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o ."
    query = f"""PREFIX rdf: <{_RDF}> PREFIX oa: <{_OA}> PREFIX kgo: <{names.namespace}>
        SELECT ?s ?p ?o ?d ?start ?end ?confidence ?implied ?extractor ?exact WHERE {{ {head}
          ?e kgo:confidence ?confidence ; kgo:implied ?implied ; kgo:extractor ?extractor ; oa:hasTarget ?target .
          ?target oa:hasSource ?d ; oa:hasSelector ?position, ?quote .
          ?position oa:start ?start ; oa:end ?end . ?quote oa:exact ?exact }}"""
    for *place, confidence, implied, extractor, quote in _rows(store, query):
        # A store gives 1.0 back as 1
        yield (*place, str(float(confidence)), implied, extractor, quote)


def _expected_mentions(graph: kgraph.Graph, names: Names) -> Iterator[tuple[str, ...]]:
    seen: set[tuple[str, ...]] = set()
    for id_, record in kgraph.entities(graph):
        for m in record["mentions"]:
            row = (names.entity(id_).value, names.document(m["document"]).value, str(m["start"]), str(m["end"]), m["text"])
            if row not in seen:
                seen.add(row)
                yield row


def _mentions(store: ox.Store) -> Iterator[tuple[str, ...]]:
    query = f"""PREFIX nif: <{_NIF}> PREFIX itsrdf: <{VOCABULARIES["itsrdf"]}>
        SELECT ?entity ?d ?start ?end ?text WHERE {{ ?m itsrdf:taIdentRef ?entity ; nif:referenceContext ?d ;
          nif:beginIndex ?start ; nif:endIndex ?end ; nif:anchorOf ?text }}"""
    return _rows(store, query)


def _inferred(path: Path, expected: Iterable[ox.Triple]) -> str:
    """Return the first triple that does not follow from the graph, or that follows and is missing, or an empty text."""
    wanted, found = set(expected), {quad.triple for quad in ox.parse(path=str(path))}
    for triple in sorted(wanted ^ found, key=str):
        return f"{len(found)} triples, {len(wanted)} follow: {triple} is {'missing' if triple in wanted else 'not among them'}"
    return ""


def _sizes(path: Path, expected: Block) -> str:
    """Return the first number of the description that is not that of the graph, or an empty text."""
    found = {quad.predicate: quad.object for quad in ox.parse(path=str(path)) if quad.subject == expected.subject}
    for predicate, wanted in expected.pairs:
        if isinstance(wanted, ox.Literal) and wanted.datatype == term("xsd:integer") and found.get(predicate) != wanted:
            there = getattr(found.get(predicate), "value", "missing")
            return f"{predicate.value.rpartition('#')[2]} is {there}, not {wanted.value}"
    return ""


def _rows(store: ox.Store, query: str) -> Iterator[tuple[str, ...]]:
    for row in store.query(query, use_default_graph_as_union=True):  # type: ignore[union-attr]
        yield tuple(term.value for term in row)
