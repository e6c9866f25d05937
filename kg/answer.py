"""The answer of a query in the forms that people and programs read: cells of a table, CSV, SPARQL JSON, Turtle."""

from __future__ import annotations

import csv
import io
import json

import pyoxigraph as ox

from kg.errors import QueryError
from kg.output import Term, short_iri
from kg.query import Answer
from kg.vocabularies import VOCABULARIES

_NAME = "Name"
_XSD_STRING = VOCABULARIES["xsd"] + "string"


def cells(answer: Answer, *, iris: bool = False) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the header and the rows of a table of text.

    Things are shown by their names, and a column ``bodyName`` beside a column ``body`` is left out; with ``iris`` they are shown
    as IRIs, and no column is left out. Triples have three columns, a boolean one.
    """
    if answer.boolean is not None:
        return ("answer",), [("true" if answer.boolean else "false",)]
    if answer.triples is not None:
        parts = ((t.subject, t.predicate, t.object) for t in answer.triples)
        rows = [tuple(_text(term, answer, iris=iris) for term in part) for part in parts]
        return ("subject", "predicate", "object"), sorted(rows)
    doubled = {c for c in answer.columns if c.endswith(_NAME) and c.removesuffix(_NAME) in answer.columns}
    shown = [i for i, column in enumerate(answer.columns) if iris or column not in doubled]
    header = tuple(answer.columns[i] for i in shown)
    return header, [tuple(_text(row[i], answer, iris=iris) for i in shown) for row in answer.rows]


def to_csv(answer: Answer, *, iris: bool = False) -> str:
    """Return the rows as CSV; with ``iris`` it is that of the standard (https://www.w3.org/TR/sparql11-results-csv-tsv/)."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    header, rows = cells(answer, iris=iris)
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()


def to_json(answer: Answer) -> str:
    """Return SPARQL 1.1 JSON results (https://www.w3.org/TR/sparql11-results-json/): terms as they are, for programs.

    Raises:
        QueryError: The answer is a graph, which has no such form.
    """
    if answer.triples is not None:
        raise QueryError("a CONSTRUCT or DESCRIBE query gives triples: ask for Turtle")
    if answer.boolean is not None:
        return json.dumps({"head": {}, "boolean": answer.boolean}) + "\n"
    bindings = [
        {column: _json(term) for column, term in zip(answer.columns, row, strict=True) if term is not None} for row in answer.rows
    ]
    document = {"head": {"vars": list(answer.columns)}, "results": {"bindings": bindings}}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def to_turtle(answer: Answer) -> str:
    """Return the triples of a CONSTRUCT or DESCRIBE query as Turtle, sorted.

    Raises:
        QueryError: The answer is no graph.
    """
    if answer.triples is None:
        raise QueryError("only CONSTRUCT and DESCRIBE queries give Turtle: ask for a table, CSV or JSON")
    ordered = sorted(dict.fromkeys(answer.triples), key=str)
    used = {iri for t in ordered for iri in _namespaces(t)}
    prefixes = {p: iri for p, iri in (answer.prefixes or {}).items() if iri in used}
    data = ox.serialize(ordered, format=ox.RdfFormat.TURTLE, prefixes=prefixes)
    assert data is not None
    return data.decode("utf-8")


def _namespaces(triple: ox.Triple) -> list[str]:
    iris = [t.value for t in (triple.subject, triple.predicate, triple.object) if isinstance(t, ox.NamedNode)]
    iris += [triple.object.datatype.value] if isinstance(triple.object, ox.Literal) else []
    return [iri[: max(iri.rfind("#"), iri.rfind("/")) + 1] for iri in iris]


def _text(term: Term | None, answer: Answer, *, iris: bool) -> str:
    if term is None:
        return ""
    if isinstance(term, ox.NamedNode):
        return term.value if iris else (answer.names or {}).get(term.value) or short_iri(term.value)
    return term.value if isinstance(term, ox.Literal) else str(term)


def _json(term: Term) -> dict[str, object]:
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, ox.Triple):
        parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
        return {"type": "triple", "value": {name: _json(part) for name, part in parts.items()}}
    found: dict[str, object] = {"type": "literal", "value": term.value}
    if term.language:
        found["xml:lang"] = term.language
    elif term.datatype.value != _XSD_STRING:
        found["datatype"] = term.datatype.value
    return found
