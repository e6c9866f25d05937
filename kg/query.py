"""SPARQL over what a build wrote: read only, from one folder or file, with names where people want names.

The default graph holds ``graph.ttl``, ``provenance.ttl`` and the ontology. Nothing else is ever read: updates, ``SERVICE`` and
graphs that are not loaded are refused. https://www.w3.org/TR/sparql11-query/
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg.errors import PackError, QueryError, RefusedError
from kg.ontology import Ontology, check_name, default_pack, load_ontology, names_of
from kg.output import Output, Term, name_of, named, open_output, rebase
from kg.shapes import shapes_namespace
from kg.sparql import bind, refuse, tokens
from kg.vocabularies import VOCABULARIES, date, term

PREFIXES = {
    prefix: VOCABULARIES[prefix]
    for prefix in ("dcterms", "foaf", "nif", "oa", "org", "owl", "prov", "rdf", "rdfs", "schema", "skos", "xsd")
}
"""Declared for every query, beside ``kgo:`` and ``kgs:``."""

Solutions = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples
"""What the engine gives, before anyone has asked for its rows."""


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A competency question of the pack; ``parameters`` are the variables worth setting, each with what it does."""

    name: str
    title_zh: str
    title_en: str
    parameters: tuple[tuple[str, str], ...]
    path: Path


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave: rows of terms (``None`` where unbound), or one boolean, or triples.

    ``names`` are the names of the IRIs that occur, and ``prefixes`` those that a Turtle answer is written with. ``unknown``
    are names in the ontology's namespace that neither it nor the graph knows and, where there is no row, set values that stand
    nowhere.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Term | None, ...], ...] = ()
    boolean: bool | None = None
    triples: tuple[ox.Triple, ...] | None = None
    names: Mapping[str, str] | None = None
    prefixes: Mapping[str, str] | None = None
    unknown: tuple[str, ...] = ()


def list_queries(pack_dir: Path) -> tuple[NamedQuery, ...]:
    """Return the competency questions of a pack, by file name.

    >>> [q.title_en for q in list_queries(default_pack())][:2]
    ['Who pairs with whom', "Partner bodies outside the owner's group"]

    Raises:
        PackError: A query does not begin with a Chinese and an English title.
    """
    return tuple(_named_query(path) for path in sorted((pack_dir / "queries").glob("*.rq")))


def run_query(
    source: Path, query: str, *, set: Mapping[str, str] | None = None, pack: Path | None = None, inferred: bool = False
) -> Answer:
    """Run a query over a build's folder or an RDF file; with ``inferred`` also over what follows from the facts.

    ``query`` is SPARQL, the path of a ``.rq`` file, or the name of one of the pack's (``01-pairs``, or ``pairs``). ``set`` binds
    variables: a name stands for everything that carries it, ``<iri>`` and ``prefix:name`` for themselves.

    Raises:
        InputError: ``source`` cannot be read.
        QueryError: The query cannot be parsed, is refused, or a set variable does not occur in it.
    """
    ontology = load_ontology(pack or default_pack())
    text = query_text(query, ontology)
    output = open_output(source, ontology=ontology, with_ontology=True, with_inferred=inferred)
    return run_on(output, text, ontology=ontology, set=set)


def run_on(output: Output, text: str, *, ontology: Ontology, set: Mapping[str, str] | None = None) -> Answer:
    """Run SPARQL text over an opened build; for callers that ask more than once.

    Raises:
        QueryError: As ``run_query``.
    """
    prefixes = prefixes_of(output, ontology)
    answer = _answer(evaluate(output, text, ontology=ontology, set=set), output.store, prefixes)
    asked = [f"kgo:{name}" for name, _ in _own_names(text) if name not in names_of(ontology)]
    asked += set.values() if set and answer.columns and not answer.rows else []
    return replace(answer, unknown=tuple(v for v in dict.fromkeys(asked) if not _stands_in(output.store, v, prefixes)))


def prefixes_of(output: Output, ontology: Ontology) -> dict[str, str]:
    """Return prefix → namespace: all that are declared for a query."""
    return PREFIXES | {"kgo": output.namespace, "kgs": shapes_namespace(ontology)}


def evaluate(
    output: Output,
    text: str,
    *,
    ontology: Ontology,
    set: Mapping[str, str] | None = None,
    default_graphs: Collection[str] = (),
    named_graphs: Collection[str] = (),
) -> Solutions:
    """Begin to run SPARQL text over an opened build; rows come as they are asked for.

    ``default_graphs`` and ``named_graphs`` (IRIs) take the place of ``FROM`` and ``FROM NAMED``.

    Raises:
        QueryError: As ``run_query``; of what is refused, its child ``RefusedError``.
    """
    text = rebase(text, ontology, output.namespace)
    prefixes = prefixes_of(output, ontology)
    loaded = {str(graph): graph for graph in output.store.named_graphs()}
    for iri in (*default_graphs, *named_graphs):
        if f"<{iri}>" not in loaded:
            known = ", ".join(sorted(loaded)) or "none"
            raise RefusedError(f"graph <{iri}> refused: only what is loaded is read. Graphs: {known}")
    refuse(text, loaded.keys())
    # On an empty store first: so line and column are those of the text as given, before variables are bound in it.
    _run(ox.Store(), text, prefixes)
    if set:
        text = bind(text, {name: _candidates(output.store, value, prefixes) for name, value in set.items()})
    if default_graphs or named_graphs:
        chosen = {name: [loaded[f"<{iri}>"] for iri in iris] for name, iris in (("d", default_graphs), ("n", named_graphs))}
        return _run(output.store, text, prefixes, default_graph=chosen["d"], named_graphs=chosen["n"])
    return _run(output.store, text, prefixes)


def query_text(query: str, ontology: Ontology) -> str:
    """Return the SPARQL text that ``query`` means: itself, the content of a ``.rq`` file, or one of the pack's by name.

    Raises:
        QueryError: It has the look of a file or a name, and there is none.
        PackError: A query of the pack names what the ontology does not have.
    """
    folder = ontology.path.parent / "queries"
    looks_like_name = re.fullmatch(r"[\w./\\:-]+", query) is not None
    if not looks_like_name:
        return query
    known = {path.stem: path for path in sorted(folder.glob("*.rq"))}
    short = {stem.split("-", 1)[-1]: path for stem, path in known.items()}
    path = known.get(query) or short.get(query) or (Path(query) if query.endswith(".rq") else None)
    if path is None or not path.is_file():
        raise QueryError(f"no query {query!r}: neither a .rq file nor one of the pack's: {', '.join(known) or 'none'}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(f"{path}: cannot be read: {error}") from error
    for name, line in _own_names(text) if path in known.values() else ():
        check_name(name, names_of(ontology), kind="name", where=f"{path}:{line}")
    return text


def _own_names(text: str) -> Iterator[tuple[str, int]]:
    """Yield each ``kgo:NAME`` of a query, without the prefix, with its line."""
    for token in tokens(text):
        prefix, colon, name = token[0].partition(":")
        if prefix == "kgo" and colon and name:
            yield name, text.count("\n", 0, token.start()) + 1


def _named_query(path: Path) -> NamedQuery:
    comments = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        comments.append(line[1:].strip())
    if len(comments) < 2 or not re.search(r"[\u4e00-\u9fff]", comments[0]) or not re.search("[A-Za-z]", comments[1]):
        raise PackError(f"{path}:1: a query begins with two comment lines: its title in Chinese, and its title in English")
    parameters = tuple((m[1], m[2]) for line in comments[2:] if (m := re.match(r"set (\w+):\s*(.+)", line)))
    return NamedQuery(path.stem, comments[0], comments[1], parameters, path)


def _run(store: ox.Store, text: str, prefixes: Mapping[str, str], **dataset: Any) -> Solutions:
    try:
        return store.query(text, prefixes=dict(prefixes), **dataset)
    except SyntaxError as error:
        raise QueryError(_syntax_message(text, str(error), prefixes)) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise QueryError(f"the query cannot be run: {error}") from error


def _syntax_message(text: str, message: str, prefixes: Mapping[str, str]) -> str:
    """Return the parser's message with line, column, the line itself and a mark below the place."""
    found = re.match(r"error at (\d+):(\d+): (.*)", message, re.DOTALL)
    if not found:
        return f"not SPARQL: {message}"
    line, column = int(found[1]), int(found[2])
    shown = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    expected = " ".join(found[3].split())
    if "Prefix not found" in expected:
        expected = f"unknown prefix; declare it with PREFIX, or use one of {', '.join(sorted(prefixes))}"
    return f"line {line}, column {column}: not SPARQL: {expected}\n  {shown}\n  {' ' * (column - 1)}^"


def _candidates(store: ox.Store, value: str, prefixes: Mapping[str, str]) -> list[Term]:
    """Return every term that ``value`` may mean: an IRI as such, or all that carries the name, and the text itself."""
    prefix, colon, local = value.partition(":")
    try:
        if value.startswith("<") and value.endswith(">"):
            return [ox.NamedNode(value[1:-1])]
        if colon and prefix in prefixes and re.fullmatch(r"[\w.-]+", local):
            return [ox.NamedNode(prefixes[prefix] + local)]
        if re.match(r"https?://", value):
            return [ox.NamedNode(value)]
    except ValueError as error:
        raise QueryError(f"not an IRI: {value}: {error}") from error
    literals = [ox.Literal(value), ox.Literal(value, language="zh"), ox.Literal(value, language="en")]
    literals += [date(value)] if date(value) not in literals else []
    if re.fullmatch(r"[+-]?\d+", value):
        # The store keeps every kind of whole number as xsd:integer.
        literals.append(ox.Literal(value, datatype=term("xsd:integer")))
    return [*named(store, value), *literals]


def _stands_in(store: ox.Store, value: str, prefixes: Mapping[str, str]) -> bool:
    """Return whether any term that ``value`` may mean is in the graph."""
    for candidate in _candidates(store, value, prefixes):
        found = [store.quads_for_pattern(None, None, candidate)]
        if isinstance(candidate, ox.NamedNode):
            found += [store.quads_for_pattern(candidate, None, None), store.quads_for_pattern(None, candidate, None)]
        if any(next(quads, None) for quads in found):
            return True
    return False


def _answer(result: Solutions, store: ox.Store, prefixes: Mapping[str, str]) -> Answer:
    try:
        if isinstance(result, ox.QueryBoolean):
            return Answer(boolean=bool(result))
        if isinstance(result, ox.QueryTriples):
            triples = tuple(result)
            parts = [part for t in triples for part in (t.subject, t.predicate, t.object)]
            return Answer(triples=triples, names=_names(store, parts), prefixes=prefixes)
        columns = tuple(variable.value for variable in result.variables)
        rows = tuple(tuple(solution[column] for column in columns) for solution in result)
    except (OSError, RuntimeError, ValueError) as error:
        raise QueryError(f"the query cannot be run: {error}") from error
    return Answer(columns, rows, names=_names(store, [term for row in rows for term in row]), prefixes=prefixes)


def _names(store: ox.Store, terms: Iterable[Term | None]) -> dict[str, str]:
    found = {term.value: term for term in terms if isinstance(term, ox.NamedNode)}
    return {iri: name_of(store, term) for iri, term in found.items()}
