"""The graph as RDF terms, grouped by subject, for every RDF format.

A ``Block`` is one subject with its predicates and objects in the order in which a reader wants them; ``Nested`` is an object that
has no name of its own. All escaping and all checks of IRIs are pyoxigraph's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar
from urllib.parse import quote

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg import graph as kgraph
from kg import naming
from kg.vocabularies import date, term

if TYPE_CHECKING:
    from kg.ontology import Ontology

V = TypeVar("V")

class Nested(NamedTuple):
    """An object without a name: ``[ predicate object ; … ]`` in Turtle."""

    pairs: tuple[tuple[NamedNode, Object], ...]


Object = NamedNode | BlankNode | Literal | Triple | Nested


class Block(NamedTuple):
    """One subject and what is said of it; pairs with the same predicate stand together."""

    subject: NamedNode
    pairs: list[tuple[NamedNode, Object]]


RDF_TYPE = term("rdf:type")
RDFS_LABEL = term("rdfs:label")
PREF_LABEL = term("skos:prefLabel")
ALT_LABEL = term("skos:altLabel")
TITLE, ISSUED, SOURCE = term("dcterms:title"), term("dcterms:issued"), term("dcterms:source")
IDENTIFIER, PUBLISHER = term("dcterms:identifier"), term("dcterms:publisher")
_XSD = {name: term(f"xsd:{name}") for name in ("integer", "decimal", "double", "boolean")}


class Remembered(dict[str, V], Generic[V]):
    """What a function gives for a text, remembered; all is forgotten when it becomes much, so that memory stays bounded."""

    LIMIT = 1 << 17

    def __init__(self, make: Callable[[str], V]) -> None:
        """Take the function."""
        super().__init__()
        self._make = make

    def __missing__(self, key: str) -> V:
        """Ask the function."""
        if len(self) >= self.LIMIT:
            self.clear()
        self[key] = found = self._make(key)
        return found


@dataclass(frozen=True)
class Names:
    """The IRIs of one export; ``base_iri`` ends in ``/``."""

    base_iri: str
    _documents: dict[str, NamedNode] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def namespace(self) -> str:
        """The namespace of classes and predicates."""
        return naming.ontology_iri(base_iri=self.base_iri)

    def kgo(self, name: str) -> NamedNode:
        """Return the IRI of a class, predicate or attribute; characters that no IRI may hold are percent-encoded."""
        return NamedNode(self.namespace + quote(name, safe=""))

    def entity(self, id_: str) -> NamedNode:
        """Return the IRI of an entity."""
        return NamedNode(naming.entity_iri(id_, base_iri=self.base_iri))

    def document(self, id_: str) -> NamedNode:
        """Return the IRI of a document."""
        if id_ not in self._documents:
            if len(self._documents) >= Remembered.LIMIT:
                self._documents.clear()
            self._documents[id_] = NamedNode(naming.document_iri(id_, base_iri=self.base_iri))
        return self._documents[id_]


def zh(text: str) -> Literal:
    """Return ``text`` as a Chinese literal."""
    return Literal(text, language="zh")


def value(scalar: kgraph.Scalar) -> Literal:
    """Return a typed literal: integers, decimals (exact, never in exponent form), dates; other text stays a string.

    Four digits alone stay a string, too: they may be any number, not only a year.

    >>> value(5).datatype.value, value(0.25).value, value("2023-05-18").datatype.value[-4:]
    ('http://www.w3.org/2001/XMLSchema#integer', '0.25', 'date')
    """
    if isinstance(scalar, bool):
        return Literal(scalar)
    if isinstance(scalar, int):
        return Literal(str(scalar), datatype=_XSD["integer"])
    if isinstance(scalar, float):
        if not math.isfinite(scalar):
            return Literal(scalar)
        text = format(Decimal(repr(scalar)), "f")
        return Literal(text if "." in text else text + ".0", datatype=_XSD["decimal"])
    return Literal(scalar) if len(scalar) == 4 else date(scalar)


def graph_blocks(graph: kgraph.Graph, ontology: Ontology, names: Names) -> Iterator[Block]:
    """Yield entities with their facts, then documents, then the labels of the ontology, each in a stable order."""
    terms, iris = Remembered(names.kgo), Remembered(names.entity)
    for id_, record, facts in kgraph.entities_with_facts(graph):
        yield entity_block(id_, record, facts, terms, iris)
    yield from other_blocks(graph, ontology, names)


def entity_block(
    id_: str,
    record: kgraph.NodeRecord,
    facts: Iterable[tuple[str, str]],
    terms: Mapping[str, NamedNode],
    iris: Mapping[str, NamedNode],
) -> Block:
    """Return what is known of an entity.

    Args:
        id_: its id.
        record: its attributes.
        facts: ``(predicate, object id)`` pairs.
        terms: IRIs of classes, predicates and attributes by name.
        iris: IRIs of entities by id.
    """
    label = zh(record["label"])
    pairs: list[tuple[NamedNode, Object]] = [(RDF_TYPE, terms[c]) for c in kgraph.classes_of(record)]
    pairs.append((PREF_LABEL, label))
    pairs += [(ALT_LABEL, zh(alias)) for alias in record["aliases"]]
    pairs.append((RDFS_LABEL, label))
    pairs += [(terms[key], value(v)) for key, v in record["attributes"].items()]
    pairs += [(terms[predicate], iris[object_]) for predicate, object_ in facts]
    return Block(iris[id_], pairs)


def other_blocks(graph: kgraph.Graph, ontology: Ontology, names: Names) -> Iterator[Block]:
    """Yield what ``graph_blocks`` does after the entities."""
    for document in kgraph.documents(graph):
        yield document_block(document, names)
    yield from ontology_blocks(ontology, names)


def document_block(document: kgraph.DocumentRecord, names: Names) -> Block:
    """Return what is known of a document: title, date, publisher, file, and the checksum of its bytes."""
    pairs: list[tuple[NamedNode, Object]] = [(RDF_TYPE, names.kgo("DocumentSource"))]
    title = document["title"]
    if title:
        pairs += [(TITLE, zh(title)), (RDFS_LABEL, zh(title))]
    if document["date"]:
        pairs.append((ISSUED, date(document["date"])))
    if document["publisher"]:
        pairs.append((PUBLISHER, zh(document["publisher"])))
    pairs += [(SOURCE, Literal(document["path"])), (IDENTIFIER, Literal(document["id"]))]
    pairs += [(names.kgo("sha256"), Literal(document["sha256"])), (names.kgo("encoding"), Literal(document["encoding"]))]
    return Block(names.document(document["id"]), pairs)


def ontology_blocks(ontology: Ontology, names: Names) -> Iterator[Block]:
    """Yield each class and predicate with its labels, so that the file can be read without another."""
    for name, cls in sorted(ontology.classes.items()):
        pairs: list[tuple[NamedNode, Object]] = [(RDF_TYPE, term("owl:Class"))]
        if cls.parent:
            pairs.append((term("rdfs:subClassOf"), names.kgo(cls.parent)))
        yield Block(names.kgo(name), pairs + _labels(cls.label_zh, cls.label_en))
    for name, predicate in sorted(ontology.predicates.items()):
        kinds = ["owl:ObjectProperty"] + (["owl:SymmetricProperty"] if predicate.symmetric else [])
        pairs = [(RDF_TYPE, term(kind)) for kind in kinds]
        yield Block(names.kgo(name), pairs + _labels(predicate.label_zh, predicate.label_en))


def _labels(label_zh: str, label_en: str) -> list[tuple[NamedNode, Object]]:
    labels = ((label_zh, "zh"), (label_en, "en"))
    return [(RDFS_LABEL, Literal(text, language=language)) for text, language in labels if text]


def triples(blocks: Iterable[Block], *, label: str = "b") -> Iterator[Triple]:
    """Yield flat triples; nested objects get blank nodes numbered in order, so that the same blocks give the same labels."""
    count = 0

    def flat(subject: NamedNode | BlankNode, pairs: Iterable[tuple[NamedNode, Object]]) -> Iterator[Triple]:
        nonlocal count
        for predicate, object_ in pairs:
            if isinstance(object_, Nested):
                node = BlankNode(f"{label}{count}")
                count += 1
                yield Triple(subject, predicate, node)
                yield from flat(node, object_.pairs)
            else:
                yield Triple(subject, predicate, object_)

    for block in blocks:
        yield from flat(block.subject, block.pairs)
