"""``graph.jsonld``: the triples of ``graph.ttl`` as JSON-LD 1.1 (https://www.w3.org/TR/json-ld11/).

Its context is inside, so that it needs no other file, and again in ``context.jsonld``, for data of others that speak the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode

from kg import graph as kgraph
from kg.export.blocks import Section, joined, write_file
from kg.export.rdf import (
    RDF_TYPE,
    Block,
    Names,
    Nested,
    Object,
    Remembered,
    document_block,
    entity_block,
    ontology_blocks,
)
from kg.vocabularies import VOCABULARIES

if TYPE_CHECKING:
    from kg.ontology import Ontology

_XSD = VOCABULARIES["xsd"]
_TEXT_TERMS = {  # term → (IRI, language)
    "name": ("skos:prefLabel", "zh"),
    "alias": ("skos:altLabel", "zh"),
    "title": ("dcterms:title", "zh"),
    "publisher": ("dcterms:publisher", "zh"),
    "identifier": ("dcterms:identifier", None),
    "source": ("dcterms:source", None),
}


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.jsonld``, one subject a line, and ``context.jsonld``."""
    names = Names(base_iri)
    context = make_context(ontology, names)
    text = json.dumps({"@context": context}, ensure_ascii=False, indent=1) + "\n"
    (out_dir / "context.jsonld").write_text(text, encoding="utf-8", newline="\n")
    shape, encode = _Shape(context, names), json.JSONEncoder(ensure_ascii=False).encode
    terms, iris = Remembered(names.kgo), Remembered(names.entity)

    def line(block: Block) -> str:
        return encode(shape.subject(block))

    def entity(item: tuple[str, kgraph.NodeRecord, list[tuple[str, str]]]) -> str:
        return ",\n" + line(entity_block(*item, terms, iris))

    parts = (
        '{\n"@context": ' + json.dumps(context, ensure_ascii=False, indent=1) + ',\n"@graph": [\n',
        ",\n".join(map(line, ontology_blocks(ontology, names))),
        Section("entities", kgraph.entities_with_facts, itemgetter(0), joined(entity)),
        Section("documents", kgraph.documents, itemgetter("id"), joined(lambda d: ",\n" + line(document_block(d, names)))),
        "\n]\n}\n",
    )
    write_file(graph, out_dir, "graph.jsonld", parts, context=base_iri)


def make_context(ontology: Ontology, names: Names) -> dict[str, Any]:
    """Return the context: prefixes, classes and predicates of the ontology, and plain names for labels and titles."""
    context: dict[str, Any] = {"@version": 1.1, "kgo": names.namespace, "id": f"{names.base_iri}id/"}
    context |= {prefix: VOCABULARIES[prefix] for prefix in ("dcterms", "owl", "rdfs", "skos", "xsd")}
    for term, (iri, language) in _TEXT_TERMS.items():
        context[term] = {"@id": iri} | ({"@language": language} if language else {})
    context["issued"] = {"@id": "dcterms:issued", "@type": "xsd:date"}
    context["subClassOf"] = {"@id": "rdfs:subClassOf", "@type": "@id"}
    for name in sorted(ontology.classes):
        context[name] = f"kgo:{name}"
    for name in sorted(ontology.predicates):
        context[name] = {"@id": f"kgo:{name}", "@type": "@id"}
    return context


class _Shape:
    """Blocks as JSON objects under one context."""

    def __init__(self, context: dict[str, Any], names: Names) -> None:
        self._prefixes = {iri: name for name, iri in context.items() if isinstance(iri, str) and name in (*VOCABULARIES, "kgo")}
        self._id_base = f"{names.base_iri}id/"
        self._terms: dict[str, tuple[str, dict[str, str]]] = {}
        self._types: dict[str, str] = {}
        self._compact = lru_cache(maxsize=1024)(self._shortened)  # predicates and datatypes, a few for all the file
        for name, definition in context.items():
            if isinstance(definition, dict):
                prefix, _, local = definition["@id"].partition(":")
                self._terms[context[prefix] + local] = (name, definition)
            elif isinstance(definition, str) and definition == f"kgo:{name}":
                self._types[names.kgo(name).value] = name

    def subject(self, block: Block) -> dict[str, Any]:
        return {"@id": self._iri(block.subject.value), **self._pairs(block.pairs)}

    def _pairs(self, pairs: Iterable[tuple[NamedNode, Object]]) -> dict[str, Any]:
        found: dict[str, list[Any]] = {}
        for predicate, object_ in pairs:
            if predicate == RDF_TYPE and isinstance(object_, NamedNode):
                found.setdefault("@type", []).append(self._types.get(object_.value) or self._compact(object_.value))
                continue
            key, rendered = self._value(predicate.value, object_)
            found.setdefault(key, []).append(rendered)
        return {key: values[0] if len(values) == 1 else values for key, values in found.items()}

    def _value(self, predicate: str, object_: Object) -> tuple[str, Any]:
        key, definition = self._terms.get(predicate, (self._compact(predicate), {}))
        kind = definition.get("@type")
        if isinstance(object_, Nested):
            return self._compact(predicate), self._pairs(object_.pairs)
        if isinstance(object_, NamedNode):
            iri = self._iri(object_.value)
            return (key, iri) if kind == "@id" else (self._compact(predicate), {"@id": iri})
        if not isinstance(object_, Literal):
            raise TypeError(f"JSON-LD has no form for {object_}")
        if object_.language is not None:
            if object_.language == definition.get("@language"):
                return key, object_.value
            return self._compact(predicate), {"@value": object_.value, "@language": object_.language}
        datatype = object_.datatype.value
        if datatype == _XSD + "string" and "@language" not in definition and kind is None:
            return key, object_.value
        if kind is not None and datatype == kind.replace("xsd:", _XSD):
            return key, object_.value
        if datatype == _XSD + "string":
            return self._compact(predicate), {"@value": object_.value}
        return self._compact(predicate), {"@value": object_.value, "@type": self._compact(datatype)}

    def _shortened(self, iri: str) -> str:
        cut = max(iri.rfind("#"), iri.rfind("/")) + 1
        prefix = self._prefixes.get(iri[:cut])
        return f"{prefix}:{iri[cut:]}" if prefix and iri[cut:] else iri

    def _iri(self, iri: str) -> str:
        # "//" after a prefix would make it an absolute IRI: https://www.w3.org/TR/json-ld11/#compact-iris
        if iri.startswith(self._id_base) and not iri[len(self._id_base) :].startswith("//"):
            return f"id:{iri[len(self._id_base) :]}"
        return self._shortened(iri)
