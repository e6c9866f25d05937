"""``void.ttl``: the data set described with VoID (https://www.w3.org/TR/void/) and DCAT: sizes, classes, properties, sources.

Whose text was read decides its licence: it is named where the one who publishes gives it (``kg export --license``), and else said
to be missing.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from kg import graph as kgraph
from kg.errors import InputError
from kg.export.rdf import RDF_TYPE, TITLE, Block, Names, Nested, Object, graph_blocks, value
from kg.export.turtle import prefixes_of, write_blocks
from kg.vocabularies import term

if TYPE_CHECKING:
    from kg.ontology import Ontology

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
_TYPES = (term("void:Dataset"), term("dcat:Dataset"))


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``void.ttl``; the numbers are those of ``graph.ttl``.

    Raises:
        InputError: The licence of the graph is no IRI.
    """
    names = Names(base_iri)
    with open(out_dir / "void.ttl", "w", encoding="utf-8", newline="\n") as file:
        prefixes = prefixes_of(graph, names, ("dcat", "dcterms", "void", "xsd"))
        write_blocks([describe(graph, ontology, names)], file, prefixes)


def describe(graph: kgraph.Graph, ontology: Ontology, names: Names) -> Block:
    """Return the description of the data set, whose IRI is ``BASE/dataset``."""
    classes: Counter[NamedNode] = Counter()
    properties: Counter[NamedNode] = Counter()
    for block in graph_blocks(graph, ontology, names):
        for predicate, object_ in block.pairs:
            properties[predicate] += 1
            if predicate == RDF_TYPE and isinstance(object_, NamedNode):
                classes[object_] += 1
    pairs: list[tuple[NamedNode, Object]] = [(RDF_TYPE, kind) for kind in _TYPES]
    pairs += [(TITLE, Literal("知识图谱", language="zh")), (TITLE, Literal("Knowledge graph", language="en"))]
    pairs += _licence(graph.graph.get("licence"))
    pairs += [(term("dcterms:source"), names.document(d["id"])) for d in kgraph.documents(graph)]
    pairs += [
        (term("void:uriSpace"), Literal(names.entity("").value)),
        (term("void:vocabulary"), NamedNode(names.namespace)),
        (term("void:triples"), value(properties.total())),
        (term("void:entities"), value(graph.number_of_nodes())),
        (term("void:classes"), value(len(classes))),
        (term("void:properties"), value(len(properties))),
    ]
    for counts, partition, key, size in (
        (classes, "void:classPartition", "void:class", "void:entities"),
        (properties, "void:propertyPartition", "void:property", "void:triples"),
    ):
        for iri in sorted(counts, key=lambda node: node.value):
            pairs.append((term(partition), Nested(((term(key), iri), (term(size), value(counts[iri]))))))
    return Block(NamedNode(f"{names.base_iri}dataset"), pairs)


def _licence(iri: str | None) -> list[tuple[NamedNode, Object]]:
    if iri is None:
        texts = (("未声明许可。", "zh"), ("No licence is stated.", "en"))
        return [(term("dcterms:rights"), Literal(text, language=language)) for text, language in texts]
    try:
        return [(term("dcterms:license"), NamedNode(iri))]
    except ValueError as error:
        raise InputError(f"licence {iri!r}: not an IRI: {error}; an example is {LICENCE}") from error
