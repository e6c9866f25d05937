"""RDF data sets: ``graph.nq`` for bulk loading and ``graph.trig`` with one named graph a document.

In both, the default graph is that of ``graph.ttl``. N-Quads keeps the provenance in the graph ``BASE/provenance``; TriG holds,
under the IRI of each document, the facts which that document states, and with each its evidence: one file tells all. What found
the evidence stands in ``BASE/provenance`` there, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode, Quad, RdfFormat, serialize

from kg import graph as kgraph
from kg.export.provenance import SOURCES, agent_blocks, provenance_blocks, provenance_prefixes
from kg.export.rdf import Block, Names, Object, graph_blocks, triples
from kg.export.turtle import PREFIXES, Renderer, prefixes_of, write_blocks

if TYPE_CHECKING:
    from kg.ontology import Ontology


def write_nquads(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.nq``: facts in the default graph, evidence and mentions in the graph ``BASE/provenance``."""
    with open(out_dir / "graph.nq", "wb") as file:
        serialize(_quads(graph, ontology, Names(base_iri)), file, RdfFormat.N_QUADS)


def _quads(graph: kgraph.Graph, ontology: Ontology, names: Names) -> Iterator[Quad]:
    for triple in triples(graph_blocks(graph, ontology, names)):
        yield Quad(triple.subject, triple.predicate, triple.object)
    provenance = _provenance(names)
    for triple in triples(provenance_blocks(graph, names), label="p"):
        yield Quad(triple.subject, triple.predicate, triple.object, provenance)


def write_trig(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.trig``: the default graph of ``graph.ttl``, and what each document says under its IRI."""
    names = Names(base_iri)
    prefixes = provenance_prefixes(graph, names) | prefixes_of(graph, names, PREFIXES)
    render = Renderer(prefixes)
    stated: dict[str, dict[str, list[tuple[NamedNode, Object]]]] = defaultdict(lambda: defaultdict(list))
    for edge in kgraph.facts(graph):
        for document in sorted({record["document"] for record in edge.record["evidence"]}):
            stated[document][edge.subject].append((names.kgo(edge.record["predicate"]), names.entity(edge.object)))
    said: dict[NamedNode, list[Block]] = defaultdict(list)
    for block in provenance_blocks(graph, names):
        for predicate, object_ in block.pairs:
            if predicate in SOURCES and isinstance(object_, NamedNode):
                said[object_].append(block)
    with open(out_dir / "graph.trig", "w", encoding="utf-8", newline="\n") as file:
        write_blocks(graph_blocks(graph, ontology, names), file, prefixes)
        for document in sorted(d["id"] for d in kgraph.documents(graph)):
            iri = names.document(document)
            if iri in said:
                facts = sorted(stated[document].items())
                blocks = (Block(names.entity(subject), sorted(dict.fromkeys(pairs), key=str)) for subject, pairs in facts)
                file.write(_named_graph(iri, chain(blocks, said[iri]), render))
        file.write(_named_graph(_provenance(names), agent_blocks(graph, names), render))


def _named_graph(iri: NamedNode, blocks: Iterable[Block], render: Renderer) -> str:
    inner = "".join(render.block(block, "    ") for block in blocks)
    return f"\n{render.iri(iri)} {{\n{inner}}}\n" if inner else ""


def _provenance(names: Names) -> NamedNode:
    return NamedNode(f"{names.base_iri}provenance")
