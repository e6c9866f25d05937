"""What a build wrote, opened for reading: its triples, the namespace they use, and the names of things in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg.errors import InputError
from kg.ontology import Ontology
from kg.vocabularies import term

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

ALT_LABEL = term("skos:altLabel")
NAMING = (term("skos:prefLabel"), term("rdfs:label"), term("dcterms:title"))
"""The properties that give a thing its name, the best first."""


@dataclass(frozen=True, slots=True)
class Output:
    """An opened build: ``namespace`` is that of the classes and predicates in it, which follows the base IRI of the build."""

    store: ox.Store
    namespace: str
    paths: tuple[Path, ...]


def open_output(source: Path, *, ontology: Ontology, with_ontology: bool = False, with_inferred: bool = False) -> Output:
    """Load a build's folder (``graph.ttl`` and its provenance, in whatever profile) or one RDF file into a store in memory.

    The default graph holds all triples, those of named graphs, too.
    With ``with_ontology`` the classes, predicates and labels of the domain pack are loaded, too, and with ``with_inferred`` what
    follows from the facts (``inferred.ttl``).

    Raises:
        InputError: There is no such file or folder, or it does not hold RDF.
    """
    paths = _files(source) + ((_inferred(source),) if with_inferred else ())
    store = ox.Store()
    prefixes: dict[str, str] = {}
    for path in paths:
        try:
            prefixes |= _prefixes(path)
            store.bulk_load(path=str(path), format=_format(path), base_iri=path.resolve().as_uri())
        except SyntaxError as error:
            raise InputError(f"{path}:{error.lineno or 1}:{error.offset or 1}: not RDF: {error.msg}") from error
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read as RDF: {error}") from error
    if any(True for _ in store.named_graphs()):
        # A triple of several graphs counts once; the engine's own union of graphs would give it as often as it stands there.
        store.update("INSERT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }")
    namespace = prefixes.get("kgo", ontology.namespace)
    if with_ontology:
        text = rebase(ontology.path.read_text(encoding="utf-8"), ontology, namespace)
        store.load(text, format=ox.RdfFormat.TURTLE, base_iri=namespace)
    return Output(store, namespace, paths)


def rebase(text: str, ontology: Ontology, namespace: str) -> str:
    """Return a text of the domain pack (ontology, shapes, a query) with its names in ``namespace``."""
    return text if namespace == ontology.namespace else text.replace(ontology.namespace, namespace)


def name_of(store: ox.Store, term: Term | None, *, language: str = "zh") -> str:
    """Return how people call a thing: its name in ``language``, any other name, or the last part of its IRI."""
    if term is None:
        return ""
    if isinstance(term, ox.Literal):
        return term.value
    if not isinstance(term, ox.NamedNode):
        return str(term)
    for naming in NAMING:
        found = [q.object for q in store.quads_for_pattern(term, naming, None) if isinstance(q.object, ox.Literal)]
        if found:
            return min(found, key=lambda v: (v.language != language, v.value)).value
    return short_iri(term.value)


def short_iri(iri: str) -> str:
    """Return the last part of an IRI.

    >>> short_iri("https://example.org/kg/ontology#partOf"), short_iri("https://example.org/kg/id/place/xiong-an-1f")
    ('partOf', 'xiong-an-1f')
    """
    return re.split("[#/:]", iri.rstrip("#/:"))[-1] or iri


def named(store: ox.Store, name: str) -> list[ox.NamedNode]:
    """Return the things that carry ``name`` as a name or alias, sorted by IRI; the language does not matter."""
    found: set[str] = set()
    for predicate in (*NAMING, ALT_LABEL):
        for literal in _spellings(name):
            subjects = (q.subject for q in store.quads_for_pattern(None, predicate, literal))
            found.update(s.value for s in subjects if isinstance(s, ox.NamedNode))
    return [ox.NamedNode(iri) for iri in sorted(found)]


def _spellings(name: str) -> Iterable[ox.Literal]:
    return (ox.Literal(name, language="zh"), ox.Literal(name), ox.Literal(name, language="en"))


def _files(source: Path) -> tuple[Path, ...]:
    if source.is_file():
        return (source,)
    if not source.is_dir():
        raise InputError(f"{source}: no such file or folder; give the output folder of a build, or an RDF file")
    graph = source / "graph.ttl"
    if not graph.is_file():
        raise InputError(f"{source}: holds no graph.ttl; it is not the output of a build")
    for name in ("provenance.ttl", "provenance-rdf12.ttl"):
        if (source / name).is_file():
            return (graph, source / name)
    # One graph a document; its default graph is that of graph.ttl
    return (source / "graph.trig",) if (source / "graph.trig").is_file() else (graph,)


def _inferred(source: Path) -> Path:
    path = source / "inferred.ttl"
    if not path.is_file():
        raise InputError(f"{source}: holds no inferred.ttl; kg build --infer, or kg export --to inferred, writes it")
    return path


def _format(path: Path) -> ox.RdfFormat:
    found = ox.RdfFormat.from_extension(path.suffix.lstrip(".").lower())
    if found is None:
        raise InputError(f"{path}: unknown kind of file {path.suffix!r}; allowed: .ttl, .nt, .nq, .trig, .jsonld, .rdf")
    return found


def _prefixes(path: Path) -> dict[str, str]:
    """Return the prefixes that are declared before the first triple."""
    parser = ox.parse(path=str(path), format=_format(path), base_iri=path.resolve().as_uri())
    next(iter(parser), None)
    return dict(parser.prefixes)
