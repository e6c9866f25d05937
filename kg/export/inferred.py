"""``inferred.ttl``: what follows from the facts by the ontology, apart from what a text states.

Symmetric predicates the other way round, inverse predicates, and the closure of transitive ones (``partOf``). Nothing in it
stands in ``graph.ttl``; a path that leads back to its start is left out.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from kg import graph as kgraph
from kg.export.rdf import Block, Names
from kg.export.turtle import prefixes_of, write_blocks

if TYPE_CHECKING:
    from kg.ontology import Ontology

Triple = tuple[str, str, str]
"""Subject id, predicate name, object id."""


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``inferred.ttl``."""
    names = Names(base_iri)
    by_subject: dict[str, list[Triple]] = defaultdict(list)
    for triple in sorted(infer(graph, ontology)):
        by_subject[triple[0]].append(triple)
    blocks = (Block(names.entity(s), [(names.kgo(p), names.entity(o)) for _, p, o in found]) for s, found in by_subject.items())
    with open(out_dir / "inferred.ttl", "w", encoding="utf-8", newline="\n") as file:
        write_blocks(blocks, file, prefixes_of(graph, names, ()))


def infer(graph: kgraph.Graph, ontology: Ontology) -> set[Triple]:
    """Return the triples that follow from the facts and are not facts."""
    stated = {(e.subject, e.record["predicate"], e.object) for e in kgraph.facts(graph)}
    found = set(stated)
    for name, predicate in ontology.predicates.items():
        if predicate.transitive:
            found |= _closure({(s, o) for s, p, o in stated if p == name}, name)
    for subject, name, object_ in sorted(found):
        predicate = ontology.predicates[name]
        if predicate.symmetric:
            found.add((object_, name, subject))
        elif predicate.inverse:
            found.add((object_, predicate.inverse, subject))
    return found - stated


def _closure(pairs: set[tuple[str, str]], name: str) -> set[Triple]:
    above: dict[str, list[str]] = defaultdict(list)
    for subject, object_ in sorted(pairs):
        above[subject].append(object_)
    found = set()
    for start in list(above):
        seen, left = {start}, list(above[start])
        while left:
            node = left.pop()
            if node not in seen:
                seen.add(node)
                left += above.get(node, [])
        found |= {(start, name, node) for node in seen - {start}}
    return found
