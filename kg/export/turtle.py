"""``graph.ttl``: RDF 1.1 Turtle, grouped by subject, with the prefixes a reader expects.

The grammar is that of https://www.w3.org/TR/turtle/; literals and IRIs are escaped by pyoxigraph. A number, boolean or
prefixed name is written short only where its lexical form is one that the grammar reads back as the same term.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Triple

from kg import graph as kgraph
from kg.export.blocks import Section, joined, write_file
from kg.export.rdf import RDF_TYPE, Block, Names, Nested, Object, Remembered, document_block, ontology_blocks, value
from kg.vocabularies import VOCABULARIES

if TYPE_CHECKING:
    from kg.ontology import Ontology

_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*)")
PREFIXES = ("rdfs", "owl", "xsd", "skos", "dcterms")
_XSD = VOCABULARIES["xsd"]
_SHORT = {
    _XSD + "integer": re.compile(r"[+-]?[0-9]+"),
    _XSD + "decimal": re.compile(r"[+-]?[0-9]*\.[0-9]+"),
    _XSD + "boolean": re.compile(r"true|false"),
}


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.ttl``: entities with their facts, documents, and the labels of classes and predicates."""
    names = Names(base_iri)
    prefixes = prefixes_of(graph, names, PREFIXES)
    render = Renderer(prefixes)
    parts = (
        head(prefixes),
        Section("entities", kgraph.entities_with_facts, itemgetter(0), joined(_entity_text(names, prefixes, render))),
        Section("documents", kgraph.documents, itemgetter("id"), joined(lambda d: "\n" + render.block(document_block(d, names)))),
        "".join("\n" + render.block(block) for block in ontology_blocks(ontology, names)),
    )
    write_file(graph, out_dir, "graph.ttl", parts, context=(base_iri, sorted(prefixes.items())))


def head(prefixes: Mapping[str, str]) -> str:
    """Return what declares ``prefixes``."""
    return "".join(f"@prefix {name}: {NamedNode(iri)} .\n" for name, iri in sorted(prefixes.items()))


def _entity_text(
    names: Names, prefixes: Mapping[str, str], render: Renderer
) -> Callable[[tuple[str, kgraph.NodeRecord, list[tuple[str, str]]]], str]:
    """Return how an entity is written: as its block of ``graph_blocks``, with terms made only where a text needs an escape.

    Of a graph with a million triples three quarters of the time would go into terms that are text again at once.
    """
    short = short_names(names, prefixes, render)
    term = cache(lambda name: render.iri(names.kgo(name)))
    classes = cache(lambda *found: ", ".join(term(name) for name in found))

    def text_of(item: tuple[str, kgraph.NodeRecord, list[tuple[str, str]]]) -> str:
        id_, record, facts = item
        label = zh(record["label"])
        aliases = f"skos:altLabel {', '.join(map(zh, record['aliases']))} ;\n    " if record["aliases"] else ""
        text = (
            f"\n{short[id_]} a {classes(*kgraph.classes_of(record))} ;\n    "
            f"skos:prefLabel {label} ;\n    {aliases}rdfs:label {label}"
        )
        for key, scalar in record["attributes"].items():
            text += f" ;\n    {term(key)} {scalar if type(scalar) is int else render.literal(value(scalar))}"
        last = ""
        for predicate, object_ in facts:
            text += f", {short[object_]}" if predicate == last else f" ;\n    {term(predicate)} {short[object_]}"
            last = predicate
        return f"{text} .\n"

    return text_of


def short_names(names: Names, prefixes: Mapping[str, str], render: Renderer) -> Remembered[str]:
    """Return id → prefixed name, or ``<…>`` where there is none."""
    home = names.entity("").value
    kinds = {namespace.removeprefix(home): name for name, namespace in prefixes.items() if namespace.startswith(home)}

    def short(id_: str) -> str:
        kind, slash, local = id_.rpartition("/")
        prefix = kinds.get(kind + slash)
        return f"{prefix}:{local}" if prefix and _LOCAL.fullmatch(local) else render.iri(names.entity(id_))

    return Remembered(short)


def quoted(text: str) -> str:
    """Return a plain literal."""
    # Printable characters, as Python counts them, need no escape but for these two; the rest is the library's.
    return f'"{text}"' if text.isprintable() and '"' not in text and "\\" not in text else str(Literal(text))


def zh(text: str) -> str:
    """Return a Chinese literal."""
    return quoted(text) + "@zh"


def prefixes_of(graph: kgraph.Graph, names: Names, vocabularies: Iterable[str]) -> dict[str, str]:
    """Return prefix → namespace: the ontology, the vocabularies, and one prefix for each kind of thing (``organization:``)."""
    prefixes = {"kgo": names.namespace} | {name: VOCABULARIES[name] for name in vocabularies}
    home = names.entity("").value
    namespaces = {f"{home}{id_}"[: len(home) + id_.rfind("/") + 1] for id_ in graph}
    documents = (names.document(document["id"]).value for document in kgraph.documents(graph))
    namespaces |= {iri[: iri.rindex("/") + 1] for iri in documents}
    for namespace in sorted(namespaces):
        name = namespace.rstrip("/").rpartition("/")[2]
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name) and name not in prefixes:
            prefixes[name] = namespace
    return prefixes


def write_blocks(blocks: Iterable[Block], file: IO[str], prefixes: Mapping[str, str]) -> None:
    """Write ``blocks`` as Turtle; memory use does not grow with their number except for the names seen."""
    render = Renderer(prefixes)
    file.write(head(prefixes))
    for block in blocks:
        file.write("\n")
        file.write(render.block(block))


class Renderer:
    """Terms as Turtle under one set of prefixes; IRIs are remembered, since most are written many times."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        """Take prefix → namespace."""
        self._by_namespace = {iri: name for name, iri in prefixes.items()}
        self._iris: dict[NamedNode, str] = {RDF_TYPE: "a"}

    def block(self, block: Block, indent: str = "") -> str:
        """Return one subject with its statements, ended by a full stop and a line break."""
        body = f" ;\n{indent}    ".join(self._pairs(block.pairs, indent + "    "))
        return f"{indent}{self.iri(block.subject)} {body} .\n"

    def iri(self, node: NamedNode) -> str:
        """Return a prefixed name where the rest of the IRI needs no escape, else ``<…>``."""
        found = self._iris.get(node)
        if found is None:
            if len(self._iris) >= Remembered.LIMIT:
                self._iris = {RDF_TYPE: "a"}
            text = node.value
            cut = max(text.rfind("#"), text.rfind("/")) + 1
            prefix = self._by_namespace.get(text[:cut])
            found = f"{prefix}:{text[cut:]}" if prefix is not None and _LOCAL.fullmatch(text, cut) else str(node)
            self._iris[node] = found
        return found

    def _pairs(self, pairs: Iterable[tuple[NamedNode, Object]], indent: str) -> Iterator[str]:
        grouped: dict[NamedNode, list[str]] = {}
        for predicate, object_ in pairs:
            grouped.setdefault(predicate, []).append(self._object(object_, indent))
        for predicate, objects in grouped.items():
            yield f"{self.iri(predicate)} {', '.join(objects)}"

    def _object(self, object_: Object, indent: str) -> str:
        if isinstance(object_, NamedNode):
            # `a` is short for rdf:type as a predicate only
            return self.iri(object_) if object_ != RDF_TYPE else str(object_)
        if isinstance(object_, Literal):
            return self.literal(object_)
        if isinstance(object_, Nested):
            inner = f" ;\n{indent}    ".join(self._pairs(object_.pairs, indent + "    "))
            return f"[\n{indent}    {inner}\n{indent}]"
        if isinstance(object_, Triple):
            subject, predicate, inner_object = object_
            assert isinstance(subject, NamedNode)
            return f"<<( {self.iri(subject)} {self.iri(predicate)} {self._object(inner_object, indent)} )>>"
        return str(object_)

    def literal(self, literal: Literal) -> str:
        """Return a literal, short where the grammar has a short form for its lexical form and type."""
        if literal.language is not None:
            return str(literal)
        datatype = literal.datatype.value
        short = _SHORT.get(datatype)
        if short is not None and short.fullmatch(literal.value):
            return literal.value
        text = str(literal)
        if text.endswith('"'):
            return text
        return f"{text[: text.rindex('^^')]}^^{self.iri(literal.datatype)}"
