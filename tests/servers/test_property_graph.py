"""The exports load into real graph databases, and the counts and the text agree."""

from __future__ import annotations

import shutil

import ladybug
import pytest
from neo4j.exceptions import TransientError

from kg.errors import InputError
from kg.export import cypher
from kg.export.neo4j import EDGE_COLUMNS, NODE_COLUMNS, array_values, identifier, labels, relationship_type
from kg.graph import entities, facts
from kg.load import load_ladybug, load_neo4j


def empty(session) -> None:
    session.run("MATCH (n) DETACH DELETE n").consume()


def run_import(session, folder) -> None:
    """Run the file statement by statement, again where the server asks for it."""
    for statement in cypher.statements((folder / "neo4j/import.cypher").read_text(encoding="utf-8")):
        for _ in range(20):
            try:
                session.run(statement).consume()
                break
            except TransientError:
                continue
        else:
            pytest.fail(f"the server does not accept {statement[:200]}")


def assert_holds(session, graph) -> None:
    """Assert that the database holds the nodes and edges of ``graph`` and nothing else."""
    nodes = {r["n"]["id"]: r["n"] for r in session.run("MATCH (n) RETURN n")}
    assert nodes.keys() == set(graph.nodes)
    for id_, record in entities(graph):
        assert nodes[id_]["name"] == record["label"] and nodes[id_]["aliases"] == record["aliases"]
        assert set(nodes[id_].labels) == set(labels(record))
    query = (
        "MATCH (a)-[r]->(b) RETURN a.id AS s, type(r) AS kind, b.id AS o, r.id AS id, r.quotes AS quotes, r.implied AS implied"
    )
    edges = {r["id"]: (r["s"], r["kind"], r["o"], r["quotes"], r["implied"]) for r in session.run(query)}
    assert edges == {
        e.id: (
            e.subject,
            relationship_type(e.record["predicate"]),
            e.object,
            [x["quote"] for x in e.record["evidence"]],
            e.record["implied"],
        )
        for e in facts(graph)
    }


def test_import_cypher_loads_twice_and_stays_the_same(arcadedb, built):
    with arcadedb.session(database="kg") as session:
        empty(session)
        for _ in range(2):
            run_import(session, built.folder)
            assert_holds(session, built.graph)


def test_hostile_text_is_data_to_a_real_database(arcadedb, hostile):
    with arcadedb.session(database="kg") as session:
        empty(session)
        run_import(session, hostile.folder)
        assert_holds(session, hostile.graph)


def test_csv_loads_through_the_database_itself(arcadedb, built):
    folder = built.folder / "neo4j"
    with arcadedb.session(database="kg") as session:
        empty(session)
        session.run(
            f"LOAD CSV WITH HEADERS FROM '{(folder / 'nodes.csv').as_uri()}' AS row CREATE (:Entity {{id: row.`id:ID`}})"
        ).consume()
        session.run(
            f"LOAD CSV WITH HEADERS FROM '{(folder / 'relationships.csv').as_uri()}' AS row "
            "WITH row.`:START_ID` AS start, row.`:END_ID` AS end, row.`id:string` AS id "
            "MATCH (a:Entity {id: start}), (b:Entity {id: end}) CREATE (a)-[:FACT {id: id}]->(b)"
        ).consume()
        assert session.run("MATCH (n:Entity) RETURN count(n)").single()[0] == built.graph.number_of_nodes()
        assert session.run("MATCH ()-[r]->() RETURN count(r)").single()[0] == built.graph.number_of_edges()


def test_kg_load_neo4j_uses_the_driver_with_parameters(arcadedb, hostile):
    with arcadedb.session(database="kg") as session:
        empty(session)
        host, port = arcadedb.initial_addresses[0] if hasattr(arcadedb, "initial_addresses") else arcadedb._pool.address
        loaded = load_neo4j(hostile.graph, f"bolt://{host}:{port}", user="root", password="playwithdata1", database="kg")
        assert loaded == (hostile.graph.number_of_nodes(), hostile.graph.number_of_edges())
        assert_holds(session, hostile.graph)


def test_a_server_that_is_not_there_is_an_error(hostile):
    with pytest.raises(InputError, match=r"bolt://127\.0\.0\.1:1: cannot load"):
        load_neo4j(hostile.graph, "bolt://127.0.0.1:1", password="x")


@pytest.mark.parametrize("which", ["built", "hostile"])
def test_ladybug_holds_the_graph_after_one_and_after_two_loads(which, request, tmp_path):
    graph = request.getfixturevalue(which).graph
    expected = (graph.number_of_nodes(), graph.number_of_edges())
    assert load_ladybug(graph, tmp_path / "db") == expected
    assert load_ladybug(graph, tmp_path / "db") == expected
    with ladybug.Database(str(tmp_path / "db")) as database, ladybug.Connection(database) as connection:
        rows = connection.execute("MATCH (n:Entity) RETURN n.id, n.name, n.aliases, n.labels").get_all()
        assert sorted(rows) == [[i, r["label"], r["aliases"], list(labels(r)[1:])] for i, r in entities(graph)]
        found = connection.execute("MATCH (a)-[r]->(b) RETURN a.id, label(r), b.id, r.quotes").get_all()
        assert sorted(found) == sorted(
            [e.subject, relationship_type(e.record["predicate"]), e.object, [x["quote"] for x in e.record["evidence"]]]
            for e in facts(graph)
        )


def test_a_file_that_is_no_ladybug_database_is_an_error(built, tmp_path):
    (tmp_path / "db").write_text("not a database" * 1000)
    with pytest.raises(InputError, match="db: cannot load"):
        load_ladybug(built.graph, tmp_path / "db")


@pytest.mark.parametrize("which", ["built", "hostile"])
def test_csv_copies_into_ladybug(which, request, tmp_path):
    output = request.getfixturevalue(which)
    for file in ("nodes.csv", "relationships.csv"):
        shutil.copyfile(output.folder / "neo4j" / file, tmp_path / file)
    columns = ", ".join(f"{identifier(name)} STRING" for name in NODE_COLUMNS)
    edge_columns = ", ".join(f"{identifier(name)} STRING" for name in EDGE_COLUMNS)
    options = "(HEADER=true, PARALLEL=false, ESCAPE='\"')"
    with ladybug.Database(str(tmp_path / "db")) as database, ladybug.Connection(database) as connection:
        connection.execute(f"CREATE NODE TABLE Entity({columns}, labels STRING, PRIMARY KEY (id))")
        connection.execute(f"CREATE REL TABLE Fact(FROM Entity TO Entity, kind STRING, {edge_columns})")
        connection.execute(f'COPY Entity FROM "{tmp_path}/nodes.csv" {options}')
        connection.execute(f'COPY Fact FROM "{tmp_path}/relationships.csv" {options}')
        rows = connection.execute("MATCH (n:Entity) RETURN n.id, n.name, n.aliases").get_all()
        assert {i: (n, array_values(a or "")) for i, n, a in rows} == {
            i: (r["label"], r["aliases"]) for i, r in entities(output.graph)
        }
        found = connection.execute("MATCH (a)-[r:Fact]->(b) RETURN a.id, r.predicate, b.id, r.quotes").get_all()
        assert sorted([s, p, o, array_values(q)] for s, p, o, q in found) == sorted(
            [e.subject, e.record["predicate"], e.object, [x["quote"] for x in e.record["evidence"]]] for e in facts(output.graph)
        )
