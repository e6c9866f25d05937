"""The namespaces of the vocabularies that the graph uses, under the prefixes by which people know them, and terms of them."""

from __future__ import annotations

import datetime
import re

from pyoxigraph import Literal, NamedNode

VOCABULARIES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "itsrdf": "http://www.w3.org/2005/11/its/rdf#",
    "nif": "http://persistence.uni-leipzig.org/nlp2rdf/ontologies/nif-core#",
    "oa": "http://www.w3.org/ns/oa#",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "void": "http://rdfs.org/ns/void#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Prefix → namespace."""

# https://www.w3.org/TR/xmlschema-2/#date without the time zone, which no document gives; what must be added to make a date of it
_DATE_TYPES = (
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "", "date"),
    (re.compile(r"[0-9]{4}-[0-9]{2}"), "-01", "gYearMonth"),
    (re.compile(r"[0-9]{4}"), "-01-01", "gYear"),
)


def term(prefixed: str) -> NamedNode:
    """Return the IRI of a name in one of ``VOCABULARIES``.

    >>> term("skos:prefLabel").value
    'http://www.w3.org/2004/02/skos/core#prefLabel'
    """
    prefix, _, local = prefixed.partition(":")
    return NamedNode(VOCABULARIES[prefix] + local)


def date(text: str) -> Literal:
    """Return an ``xsd:date``, ``xsd:gYearMonth`` or ``xsd:gYear`` where ``text`` is one, else a plain string.

    >>> [date(text).datatype.value.partition("#")[2] for text in ("2024-02-29", "2023-02-29", "2023-05", "2023")]
    ['date', 'string', 'gYearMonth', 'gYear']
    """
    for pattern, rest, name in _DATE_TYPES:
        if pattern.fullmatch(text):
            try:
                datetime.date.fromisoformat(text + rest)
            except ValueError:
                break
            return Literal(text, datatype=term(f"xsd:{name}"))
    return Literal(text)
