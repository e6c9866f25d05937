"""What the endpoint says of itself: https://www.w3.org/TR/sparql11-service-description/."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from kg import __version__
from kg.serve.answering import GRAPHS
from kg.vocabularies import VOCABULARIES, term

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = VOCABULARIES["void"]
_FORMATS = "http://www.w3.org/ns/formats/"
_RESULTS = ("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV")
_RDF = ("Turtle", "N-Triples", "RDF_XML", "JSON-LD")


def describe(endpoint: str, *, triples: int, media_type: str) -> bytes:
    """Return the description of the service at the address ``endpoint``."""
    prefixes = {"sd": SD, "void": VOID, "formats": _FORMATS} if media_type == "text/turtle" else None
    body = ox.serialize(_triples(ox.NamedNode(endpoint), triples), format=GRAPHS[media_type], prefixes=prefixes)
    assert body is not None
    return body


def _triples(service: ox.NamedNode, triples: int) -> Iterator[ox.Triple]:
    def sd(name: str) -> ox.NamedNode:
        return ox.NamedNode(SD + name)

    dataset, graph = ox.BlankNode("dataset"), ox.BlankNode("graph")
    yield ox.Triple(service, term("rdf:type"), sd("Service"))
    yield ox.Triple(service, sd("endpoint"), service)
    yield ox.Triple(service, term("rdfs:label"), ox.Literal(f"kg {__version__}"))
    yield ox.Triple(service, sd("supportedLanguage"), sd("SPARQL11Query"))
    for name in (*_RESULTS, *_RDF):
        yield ox.Triple(service, sd("resultFormat"), ox.NamedNode(_FORMATS + name))
    yield ox.Triple(service, sd("defaultDataset"), dataset)
    yield ox.Triple(dataset, term("rdf:type"), sd("Dataset"))
    yield ox.Triple(dataset, sd("defaultGraph"), graph)
    yield ox.Triple(graph, term("rdf:type"), sd("Graph"))
    yield ox.Triple(graph, term("void:triples"), ox.Literal(str(triples), datatype=term("xsd:integer")))
