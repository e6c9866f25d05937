"""RDF data sets: ``graph.nq`` for bulk loading and ``graph.trig`` with one named graph a document.

In both, the default graph is that of ``graph.ttl``. N-Quads keeps the provenance in the graph ``BASE/provenance``; TriG holds,
under the IRI of each document, the facts which that document states, and with each its evidence: one file tells all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode, Quad, RdfFormat, serialize

from kg import graph as kgraph
from kg.export.provenance import SOURCES, provenance_blocks, provenance_prefixes
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
    provenance = NamedNode(f"{names.base_iri}provenance")
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
        said[next(o for p, o in block.pairs if p in SOURCES and isinstance(o, NamedNode))].append(block)
    with open(out_dir / "graph.trig", "w", encoding="utf-8", newline="\n") as file:
        write_blocks(graph_blocks(graph, ontology, names), file, prefixes)
        for document in sorted(d["id"] for d in kgraph.documents(graph)):
            iri = names.document(document)
            if iri not in said:
                continue
            file.write(f"\n{render.iri(iri)} {{\n")
            for subject, pairs in sorted(stated[document].items()):
                ordered = sorted(dict.fromkeys(pairs), key=str)
                file.write(render.block(Block(names.entity(subject), ordered), "    "))
            for block in said[iri]:
                file.write(render.block(block, "    "))
            file.write("}\n")
