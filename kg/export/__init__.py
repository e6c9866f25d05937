"""Files made from the graph. Every writer reads only the graph and the ontology, and the same graph gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable

from kg.errors import InputError
from kg.export import cyjs, datasets, gexf, graphml, html, inferred, jsonld, neo4j, nodelink, parquet, provenance, turtle, void

Writer = Callable[..., None]
"""``write(graph, ontology, out_dir, *, base_iri)``."""

FORMATS: dict[str, tuple[tuple[str, ...], Writer]] = {
    "turtle": (("graph.ttl",), turtle.write),
    "provenance": (("provenance.ttl",), provenance.write),
    "html": (("graph.html",), html.write_html),
    "json": (("graph.json",), nodelink.write),
    "jsonld": (("graph.jsonld", "context.jsonld"), jsonld.write),
    "graphml": (("graph.graphml",), graphml.write),
    "gexf": (("graph.gexf",), gexf.write),
    "neo4j-csv": (("neo4j/nodes.csv", "neo4j/relationships.csv"), neo4j.write_csv),
    "cypher": (("neo4j/import.cypher",), neo4j.write_cypher),
    "nquads": (("graph.nq",), datasets.write_nquads),
    "trig": (("graph.trig",), datasets.write_trig),
    "rdf12": (("provenance-rdf12.ttl",), provenance.write_rdf12),
    "cyjs": (("graph.cyjs",), cyjs.write),
    "inferred": (("inferred.ttl",), inferred.write),
    "tables": (parquet.FILES, parquet.write),
    "void": (("void.ttl",), void.write),
}
"""Format name → the files it makes, relative to the output folder, and its writer."""

DEFAULT_FORMATS = ("turtle", "provenance", "html", "json", "jsonld", "graphml", "gexf", "neo4j-csv", "cypher")
"""What ``kg build`` writes."""

PROVENANCE: dict[str, tuple[str, ...]] = {"none": (), "reified": ("provenance",), "rdf12": ("rdf12",), "named-graphs": ("trig",)}
"""How the sentences behind the facts are written as RDF: profile → its formats."""


def formats_of(provenance: str, *, infer: bool = False) -> tuple[str, ...]:
    """Return the formats of a build with this profile of provenance and, with ``infer``, what follows from the facts.

    >>> formats_of("rdf12", infer=True)[:3]
    ('turtle', 'rdf12', 'inferred')

    Raises:
        InputError: There is no such profile.
    """
    if provenance not in PROVENANCE:
        raise InputError(f"unknown profile of provenance {provenance!r}; known are {', '.join(PROVENANCE)}")
    rest = tuple(name for name in DEFAULT_FORMATS if name not in ("turtle", "provenance"))
    return ("turtle", *PROVENANCE[provenance], *(["inferred"] if infer else []), *rest)
