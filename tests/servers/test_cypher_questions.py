"""The competency questions in Cypher have the answers that they have in SPARQL."""

from __future__ import annotations

import ladybug
import pyoxigraph as ox
import pytest
from neo4j.exceptions import TransientError

from kg import naming
from kg.export import cypher
from kg.graph import build_graph, documents
from kg.load import load_ladybug
from kg.model import Document, Entity, Knowledge
from kg.ontology import default_pack, load_ontology

QUESTIONS = sorted((default_pack() / "queries" / "cypher").glob("*.cypher"))


@pytest.fixture(scope="session")
def answers(built):
    """Return the rows of a SPARQL query, with IRIs as the ids that a property graph holds."""
    store = ox.Store()
    for file in ("graph.ttl", "provenance.ttl"):
        store.bulk_load(path=str(built.folder / file))
    ids = {naming.document_iri(d["id"]): d["id"] for d in documents(built.graph)}

    def short(text: str) -> str:
        return ids.get(text, text.removeprefix(naming.entity_iri("")).removeprefix(naming.ontology_iri()))

    def select(path) -> list[tuple[str, ...]]:
        return [tuple(short(term.value) for term in row) for row in store.query(path.read_text(encoding="utf-8"))]

    return select


@pytest.fixture(scope="module")
def session(arcadedb, built):
    with arcadedb.session(database="kg") as session:
        session.run("MATCH (n) DETACH DELETE n").consume()
        for statement in cypher.statements((built.folder / "neo4j/import.cypher").read_text(encoding="utf-8")):
            for _ in range(20):
                try:
                    session.run(statement).consume()
                    break
                except TransientError:
                    continue
        yield session


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda path: path.stem)
def test_cypher_and_sparql_agree(question, session, answers):
    expected = answers(question.parent.parent / f"{question.stem}.rq")
    found = [tuple(str(value) for value in row.values()) for row in session.run(question.read_text(encoding="utf-8"))]
    assert expected
    assert sorted(found) == sorted(expected)


@pytest.fixture(scope="module")
def embedded(built, tmp_path_factory):
    path = tmp_path_factory.mktemp("ladybug") / "kg.lbug"
    load_ladybug(built.graph, path, predicates=load_ontology(default_pack()).predicates)
    with ladybug.Database(str(path)) as database, ladybug.Connection(database) as connection:
        yield connection


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda path: path.stem)
def test_cypher_and_sparql_agree_in_the_embedded_database(question, embedded, answers):
    own = question.parent / "ladybug" / question.name
    text = (own if own.is_file() else question).read_text(encoding="utf-8")
    found = [tuple(map(str, row)) for row in embedded.execute(text).get_all()]
    assert found and sorted(found) == sorted(answers(question.parent.parent / f"{question.stem}.rq"))


def test_questions_about_what_nothing_says_have_no_answer_rather_than_an_error(tmp_path):
    knowledge = Knowledge((Document("d", "d.txt", "甲公司", "0" * 64),), (Entity("organization/jia", "Organization", "甲公司"),))
    ontology = load_ontology(default_pack())
    load_ladybug(build_graph(knowledge, ontology), tmp_path / "db", predicates=ontology.predicates)
    with ladybug.Database(str(tmp_path / "db")) as database, ladybug.Connection(database) as connection:
        found = {q.stem: connection.execute(q.read_text(encoding="utf-8")).get_all() for q in QUESTIONS}
    assert found.pop("10-silent") == [["organization/jia", "甲公司"]]
    assert not any(found.values())


def test_every_question_has_a_cypher_version():
    assert [q.stem for q in QUESTIONS] == sorted(q.stem for q in (default_pack() / "queries").glob("*.rq"))
