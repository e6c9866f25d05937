"""Validation: do the facts conform to the shapes of the domain pack?

The engine is ``shacl`` (Rust); the tests hold it against pyshacl. https://www.w3.org/TR/shacl/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
import shacl

from kg.errors import PackError
from kg.ontology import Ontology, check_name, load_ontology, names_of
from kg.output import Output, Term, name_of, open_output, rebase
from kg.shapes import GROUNDED
from kg.vocabularies import VOCABULARIES

SH, RDF, OA, PROV = (VOCABULARIES[prefix] for prefix in ("sh", "rdf", "oa", "prov"))
NAMELESS = "[]"
"""How a thing without an IRI is called; its label in the file means nothing."""

_PARTS = ("hasTarget", "hasSelector")
_BLANK = "urn:kg:blank:"
_DEPTH = 3  # a selector lies in a target, a target in the evidence


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One place where the data breaks a shape; IRIs beside the names that people read.

    ``value`` is the offending value (IRI or text) or empty, ``sentence`` the sentence that states the fact, where there is one,
    and ``document`` the title of the document it stands in.
    """

    entity: str
    entity_name: str
    predicate: str
    predicate_name: str
    value: str
    value_name: str
    message_zh: str
    message_en: str
    sentence: str
    document: str
    shape: str


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """Whether the data conforms, and everything that does not, sorted."""

    conforms: bool
    results: tuple[Violation, ...]


def validate(source: Path, pack_dir: Path) -> ValidationReport:
    """Check a build's folder, or one RDF file, against the shapes of a domain pack.

    A build that was asked for another profile of provenance has no ``rdf:Statement`` to look for; ``kg verify`` checks its
    quotes.

    Raises:
        InputError: ``source`` cannot be read.
        PackError: The shapes are wrong or do not cover the ontology.
    """
    ontology = load_ontology(pack_dir)
    output = open_output(source, ontology=ontology)
    shapes = ox.Store()
    shapes.load(rebase(shapes_text(pack_dir, ontology), ontology, output.namespace), format=ox.RdfFormat.TURTLE)
    found = [*_ungrounded(shapes, output.store), *_run_engine(shapes, output.store)]
    results = sorted({_violation(result, shapes, output) for result in found})
    return ValidationReport(not results, tuple(results))


class _Result(NamedTuple):
    """What an engine found: terms in N-Triples, ``path`` and ``value`` where there is one, shapes from the inner to the outer."""

    focus: str
    value: str | None
    path: str | None
    shapes: tuple[str | None, ...]
    text: str


def _run_engine(shapes: ox.Store, store: ox.Store) -> Iterator[_Result]:
    """Yield what the SHACL engine finds, by all shapes but those that ``_ungrounded`` checks."""
    others = ox.Store()
    others.extend(q for q in shapes if not (q.predicate.value == SH + "sparql" and _is_grounding(q.subject)))
    text = others.dump(format=ox.RdfFormat.TURTLE, from_graph=ox.DefaultGraph())
    assert text is not None
    report = shacl.Shapes.from_turtle(text.decode("utf-8")).validate_text(_data(store), format="ntriples")
    for r in report.results:
        value = None if r.path is None and r.value == r.focus_node else r.value
        text_ = " / ".join(sorted(r.messages)) or f"breaks {r.component}"
        yield _Result(r.focus_node, value, r.path, (r.source_shape, r.root_shape), text_)


def _ungrounded(shapes: ox.Store, store: ox.Store) -> Iterator[_Result]:
    """Yield the facts without evidence, which the shapes ``…-grounded`` describe, where there is evidence at all.

    The engines run the query of such a shape once for each entity, and each run looks at all evidence: quadratic.
    """
    stated = set(_stated(store))
    for quad in shapes.quads_for_pattern(None, ox.NamedNode(SH + "targetSubjectsOf"), None) if stated else ():
        if _is_grounding(quad.subject) and isinstance(quad.object, ox.NamedNode):
            for fact in store.quads_for_pattern(None, quad.object, None, ox.DefaultGraph()):
                if fact.triple not in stated:
                    yield _Result(str(fact.subject), str(fact.object), str(fact.predicate), (str(quad.subject),), "")


def _stated(store: ox.Store) -> Iterator[ox.Triple]:
    """Yield what the evidence in the data states."""
    subject, predicate, object_ = (ox.NamedNode(RDF + part) for part in ("subject", "predicate", "object"))
    for quad in store.quads_for_pattern(None, subject, None, ox.DefaultGraph()):
        predicates = [q.object for q in store.quads_for_pattern(quad.subject, predicate, None)]
        objects = [q.object for q in store.quads_for_pattern(quad.subject, object_, None)]
        for p in predicates:
            if isinstance(p, ox.NamedNode) and isinstance(quad.object, ox.NamedNode | ox.BlankNode):
                yield from (ox.Triple(quad.object, p, o) for o in objects)


def _is_grounding(shape: Term) -> bool:
    return isinstance(shape, ox.NamedNode) and shape.value.endswith(GROUNDED)


def _data(store: ox.Store) -> str:
    """Return the triples for the engine, with IRIs for targets and selectors.

    N-Triples, so that blank nodes of two files do not run into each other; IRIs, as the engine gives blank nodes other labels and
    a violation in a selector could not be led back to its evidence.
    """
    data = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    assert data is not None
    parts = (q.object for term in _PARTS for q in store.quads_for_pattern(None, ox.NamedNode(OA + term), None))
    blank = {part.value for part in parts if isinstance(part, ox.BlankNode)}

    def named(match: re.Match[str]) -> str:
        label = match[1] or match[2]
        return f"<{_BLANK}{label}>" if label in blank else match[0]

    # At the head of a line or before its last dot; within a literal neither can be.
    return re.sub(r"^_:(\S+)(?= )|(?<= )_:(\S+)(?= \.$)", named, data.decode("utf-8"), flags=re.MULTILINE)


def shapes_text(pack_dir: Path, ontology: Ontology) -> str:
    """Return all shapes of a domain pack as one Turtle text: ``shapes.ttl`` and every ``shapes-NAME.ttl``.

    Raises:
        PackError: A file is missing or no Turtle, names something that the ontology does not have, or a predicate has no shape.
    """
    paths = [pack_dir / "shapes.ttl", *sorted(pack_dir.glob("shapes-*.ttl"))]
    texts = []
    covered = set()
    for path in paths:
        texts.append(_read(path))
        covered |= _check_shapes(path, texts[-1], ontology)
    missing = [p for p in ontology.predicates if ontology.namespace + p not in covered]
    if missing:
        remedy = f"write the file again with: python -m kg.shapes {pack_dir}"
        raise PackError(f"{paths[0]}: no shape for {', '.join(missing)}; {remedy}")
    return "\n".join(texts)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(f"{path}: cannot be read: {error}") from error


def _check_shapes(path: Path, text: str, ontology: Ontology) -> set[str]:
    """Return the properties whose values a shape of this file restricts, after a check of every name of the ontology in it."""
    try:
        triples = [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)]
    except SyntaxError as error:
        raise PackError(f"{path}:{error.lineno or 1}:{error.offset or 1}: not Turtle: {error.msg}") from error
    known = names_of(ontology)
    for triple in triples:
        for term in (triple.predicate, triple.object):
            if isinstance(term, ox.NamedNode) and term.value.startswith(ontology.namespace):
                name = term.value[len(ontology.namespace) :]
                if name not in known:
                    check_name(name, known, kind="name", where=f"{path}:{_line(text, name)}")
    paths = (t.object for t in triples if t.predicate.value == SH + "path")
    return {path.value for path in paths if isinstance(path, ox.NamedNode)}


def _line(text: str, name: str) -> int:
    pattern = re.compile(rf"[:#]{re.escape(name)}(?![\w-])")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)), 1)


def _violation(result: _Result, shapes: ox.Store, output: Output) -> Violation:
    shape = next((t for t in map(_term, result.shapes) if isinstance(t, ox.NamedNode)), None)
    predicate: Term | None = _predicate(result.path, shape, shapes)
    focus, value = _owner(output.store, _term(result.focus)), _term(result.value)
    evidence = _evidence(output.store, focus, predicate, value)
    if evidence is not None and evidence == focus:
        # People look for the fact, not for the node that describes it.
        subject, predicate, value = (_one(output.store, evidence, RDF + part) for part in ("subject", "predicate", "object"))
    else:
        subject = focus
    zh, en = _messages(result, shape, shapes)
    return Violation(
        entity=_plain(subject),
        entity_name=_name(output.store, subject),
        predicate=_plain(predicate),
        predicate_name=name_of(output.store, predicate),
        value=_plain(value),
        value_name=_name(output.store, value),
        message_zh=zh,
        message_en=en,
        sentence=_plain(_one(output.store, evidence, output.namespace + "sentence")),
        document=name_of(output.store, _one(output.store, evidence, PROV + "wasDerivedFrom")),
        shape=_plain(shape),
    )


def _term(text: str | None) -> Term | None:
    """Return the term that N-Triples ``text`` stands for; a path that is no plain IRI is none."""
    if text is None:
        return None
    if text.startswith("<" + _BLANK):
        return ox.BlankNode(text[len(_BLANK) + 1 : -1])
    try:
        parsed = ox.parse(f"<a:a> <a:a> {text} .", format=ox.RdfFormat.N_TRIPLES, rename_blank_nodes=False)
        term: Term = next(iter(parsed)).object
    except SyntaxError:
        return None
    return term


def _predicate(path: str | None, shape: ox.NamedNode | None, shapes: ox.Store) -> ox.NamedNode | None:
    """Return the predicate that a violation is about: its path, or what its shape compares with or targets."""
    found = _term(path)
    if isinstance(found, ox.NamedNode):
        return found
    for term in ("disjoint", "targetSubjectsOf"):
        targets = [q.object for q in shapes.quads_for_pattern(shape, ox.NamedNode(SH + term), None)] if shape else []
        if len(targets) == 1 and isinstance(targets[0], ox.NamedNode):
            return targets[0]
    return None


def _messages(result: _Result, shape: ox.NamedNode | None, shapes: ox.Store) -> tuple[str, str]:
    """Return the messages in Chinese and English: of the shape, of its SPARQL constraint, or whatever the engine says."""
    nodes: list[ox.NamedNode | ox.BlankNode] = []
    if shape is not None:
        constraints = (q.object for q in shapes.quads_for_pattern(shape, ox.NamedNode(SH + "sparql"), None))
        nodes = [shape, *(c for c in constraints if isinstance(c, ox.NamedNode | ox.BlankNode))]
    for node in nodes:
        literals = [q.object for q in shapes.quads_for_pattern(node, ox.NamedNode(SH + "message"), None)]
        found = {v.language: v.value for v in literals if isinstance(v, ox.Literal)}
        if found:
            return found.get("zh", ""), found.get("en", found.get(None, ""))
    return "", result.text


def _owner(store: ox.Store, node: Term | None) -> Term | None:
    """Return the named thing that a blank node (a target, a selector) is a part of, or the node itself."""
    current = node
    for _ in range(_DEPTH):
        if not isinstance(current, ox.BlankNode):
            break
        above = sorted((q.subject for q in store.quads_for_pattern(None, None, current)), key=str)
        current = above[0] if above else None
    return current if isinstance(current, ox.NamedNode) else node


def _evidence(store: ox.Store, focus: Term | None, predicate: Term | None, value: Term | None) -> Term | None:
    """Return the evidence to quote: the focus itself, or the first one that states the fact in question."""
    if _one(store, focus, RDF + "subject") is not None:
        return focus
    if predicate is None or not isinstance(focus, ox.NamedNode):
        return None
    stating = (q.subject for q in store.quads_for_pattern(None, ox.NamedNode(RDF + "subject"), focus))
    found = [e for e in stating if _one(store, e, RDF + "predicate") == predicate]
    return min((e for e in found if value in (None, focus, _one(store, e, RDF + "object"))), key=str, default=None)


def _one(store: ox.Store, subject: Term | None, predicate: str) -> Term | None:
    if not isinstance(subject, ox.NamedNode | ox.BlankNode):
        return None
    objects: Iterable[Term] = (q.object for q in store.quads_for_pattern(subject, ox.NamedNode(predicate), None))
    return min(objects, key=str, default=None)


def _name(store: ox.Store, term: Term | None) -> str:
    return NAMELESS if isinstance(term, ox.BlankNode) else name_of(store, term)


def _plain(term: Term | None) -> str:
    if term is None:
        return ""
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else NAMELESS
