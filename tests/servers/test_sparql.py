"""The competency questions have the same answers from three engines that nobody here wrote."""

from __future__ import annotations

import re

import pyoxigraph as ox
import pytest
import rdflib

from kg.ontology import default_pack

QUESTIONS = sorted((default_pack() / "queries").glob("*.rq"))
FILES = ("graph.ttl", "provenance.ttl")


@pytest.fixture(scope="session")
def by_rdflib(seed):
    graph = rdflib.Graph()
    for file in FILES:
        graph.parse(seed.folder / file)
    return graph


@pytest.fixture(scope="session")
def by_oxigraph(seed):
    store = ox.Store()
    for file in FILES:
        store.bulk_load(path=str(seed.folder / file))
    return store


@pytest.fixture(scope="session")
def by_virtuoso(seed, virtuoso):
    for file in FILES:
        virtuoso.load(seed.folder / file)
    return virtuoso


def value(text: object) -> str:
    """Return a term's text; Virtuoso gives large integers as it likes, so numbers are compared as numbers."""
    return re.sub(r"^\+?(-?)0*(?=\d+$)", r"\1", str(text))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda path: path.stem)
def test_the_engines_agree(question, by_rdflib, by_oxigraph, by_virtuoso):
    text = question.read_text(encoding="utf-8")
    solutions = by_oxigraph.query(text)
    names = [variable.value for variable in solutions.variables]
    expected = sorted(tuple(value(row[name].value) for name in names) for row in solutions)
    assert expected, "a question without an answer tests nothing"
    assert sorted(tuple(value(row[name]) for name in names) for row in by_rdflib.query(text)) == expected
    assert sorted(tuple(value(row[name]["value"]) for name in names) for row in by_virtuoso.select(text)) == expected


def test_there_are_ten_questions():
    assert len(QUESTIONS) >= 10


def test_virtuoso_counts_the_triples_that_were_written(by_virtuoso, by_oxigraph):
    (row,) = by_virtuoso.select("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    assert int(row["n"]["value"]) == len(by_oxigraph)
