"""``inferred.ttl``: what follows from the facts by the ontology, apart from what a text states.

Symmetric predicates the other way round, inverse predicates, the closure of transitive ones (``partOf``), and superclasses and
superproperties, those of other vocabularies too, so that a question in terms of W3C ORG or schema.org finds its answer. Nothing
in it stands in ``graph.ttl``; a path that leads back to its start is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pyoxigraph import NamedNode, RdfFormat, parse

from kg import graph as kgraph
from kg.export.rdf import RDF_TYPE, Block, Names, Object
from kg.export.turtle import prefixes_of, write_blocks
from kg.vocabularies import term

if TYPE_CHECKING:
    from kg.ontology import Ontology

Triple = tuple[str, str, str]
"""Subject id, predicate name, object id."""

PREFIXES = ("dcterms", "foaf", "org", "prov", "schema")

_T = TypeVar("_T", str, NamedNode)


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``inferred.ttl``."""
    names = Names(base_iri)
    with open(out_dir / "inferred.ttl", "w", encoding="utf-8", newline="\n") as file:
        write_blocks(inferred_blocks(graph, ontology, names), file, prefixes_of(graph, names, PREFIXES))


def infer(graph: kgraph.Graph, ontology: Ontology) -> set[Triple]:
    """Return the triples of the ontology's own predicates that follow from the facts and are not facts."""
    stated = set(_stated(graph))
    found = set(stated)
    for name, predicate in ontology.predicates.items():
        if predicate.transitive:
            above = _above((s, o) for s, p, o in stated if p == name)
            found |= {(subject, name, object_) for subject, objects in above.items() for object_ in objects}
    for subject, name, object_ in sorted(found):
        predicate = ontology.predicates[name]
        if predicate.symmetric:
            found.add((object_, name, subject))
        elif predicate.inverse:
            found.add((object_, predicate.inverse, subject))
    return found - stated


def inferred_blocks(graph: kgraph.Graph, ontology: Ontology, names: Names) -> Iterator[Block]:
    """Yield what follows for each entity, then for each document."""
    classes, properties = (_hierarchy(ontology, names, f"rdfs:{kind}") for kind in ("subClassOf", "subPropertyOf"))
    inferred = infer(graph, ontology)
    by_subject: dict[str, set[Triple]] = defaultdict(set)
    for triple in inferred.union(_stated(graph)):
        by_subject[triple[0]].add(triple)
    for id_, record in kgraph.entities(graph):
        asserted = {names.kgo(name) for name in kgraph.classes_of(record)}
        pairs: list[tuple[NamedNode, Object]] = [(RDF_TYPE, cls) for cls in _up(asserted, classes)]
        for triple in sorted(by_subject[id_]):
            predicate, object_ = names.kgo(triple[1]), names.entity(triple[2])
            pairs += [(predicate, object_)] if triple in inferred else []
            pairs += [(above, object_) for above in _up({predicate}, properties)]
        if pairs:
            yield Block(names.entity(id_), list(dict.fromkeys(pairs)))
    for document in kgraph.documents(graph):
        pairs = [(RDF_TYPE, cls) for cls in _up({names.kgo("DocumentSource")}, classes)]
        if pairs:
            yield Block(names.document(document["id"]), pairs)


def _stated(graph: kgraph.Graph) -> Iterator[Triple]:
    return ((e.subject, e.record["predicate"], e.object) for e in kgraph.facts(graph))


def _hierarchy(ontology: Ontology, names: Names, predicate: str) -> dict[NamedNode, set[NamedNode]]:
    """Return class → all above it (or property → all above it) as the ontology's file says."""

    def here(node: NamedNode) -> NamedNode:
        own = node.value.startswith(ontology.namespace)
        return names.kgo(node.value.removeprefix(ontology.namespace)) if own else node

    triples = (quad.triple for quad in parse(path=str(ontology.path), format=RdfFormat.TURTLE))
    found = ((t.subject, t.object) for t in triples if t.predicate == term(predicate))
    return _above((here(s), here(o)) for s, o in found if isinstance(s, NamedNode) and isinstance(o, NamedNode))


def _up(given: set[NamedNode], above: dict[NamedNode, set[NamedNode]]) -> list[NamedNode]:
    """Return all that lies above ``given`` and is not among them, sorted."""
    return sorted(set().union(*(above.get(node, set()) for node in given)) - given, key=lambda node: node.value)


def _above(pairs: Iterable[tuple[_T, _T]]) -> dict[_T, set[_T]]:
    """Return each thing → all that a path of ``pairs`` leads to from it, without itself."""
    next_: dict[_T, list[_T]] = defaultdict(list)
    for lower, upper in pairs:
        next_[lower].append(upper)
    found = {}
    for start in next_:
        seen, left = {start}, list(next_[start])
        while left:
            node = left.pop()
            if node not in seen:
                seen.add(node)
                left += next_.get(node, [])
        found[start] = seen - {start}
    return found
