"""Queries answer with names, bind values as terms, agree with rdflib, and read nothing but what is loaded."""

from __future__ import annotations

import csv
import http.server
import io
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.answer import cells, to_csv, to_json, to_turtle
from kg.build import build
from kg.errors import InputError, PackError, QueryError
from kg.ontology import Ontology, default_pack, load_ontology
from kg.output import Output, open_output
from kg.query import list_queries, query_text, run_on, run_query
from kg.sparql import bind, refuse, tokens

GOLD = Path(__file__).parent / "gold" / "dev"
QUERIES = list_queries(default_pack())
SMALL = """
@prefix : <urn:> .
@prefix kgo: <https://example.org/kg/ontology#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:group a kgo:Organization ; skos:prefLabel "集团"@zh .
:part a kgo:Organization ; skos:prefLabel "分公司"@zh ; kgo:partOf :group ; kgo:quantity 5 .
:deep a kgo:Organization ; skos:prefLabel "营业部"@zh ; skos:altLabel "营业"@zh ; kgo:partOf :part ; kgo:pairsWith :out, :group .
:out a kgo:Organization ; skos:prefLabel "学校"@zh ; kgo:coBuilds :base .
:idle a kgo:Organization ; skos:prefLabel "闲置部"@zh ; kgo:partOf :group .
:group kgo:coBuilds :base ; kgo:establishes :idle ; kgo:upholds :motto .
:base a kgo:Asset ; skos:prefLabel "基地"@zh .
:motto a kgo:Slogan ; skos:prefLabel "[red]实\\u001b[31m\\"干"@zh .
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "small.ttl"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def opened(gold_output: Path, pack_ontology: Ontology) -> Output:
    return open_output(gold_output, ontology=pack_ontology, with_ontology=True)


@pytest.fixture(scope="module")
def by_rdflib(gold_output: Path) -> rdflib.Graph:
    graph = rdflib.Graph()
    for path in (gold_output / "graph.ttl", gold_output / "provenance.ttl", default_pack() / "ontology.ttl"):
        graph.parse(path)
    return graph


def rows(source: Path, query: str, **values: str) -> list[tuple[str, ...]]:
    return cells(run_query(source, query, set=values))[1]


def test_there_are_ten_competency_questions_with_titles_and_parameters() -> None:
    assert len(QUERIES) == 10
    for query in QUERIES:
        text = query.path.read_text(encoding="utf-8")
        assert "ORDER BY" in text, "an answer has one order"
        variables = {t[0][1:] for t in tokens(text) if t.lastgroup == "variable"}
        assert {name for name, _ in query.parameters} <= variables


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.name)
def test_rdflib_and_pyoxigraph_give_the_same_rows_in_the_same_order(query, opened, by_rdflib, pack_ontology) -> None:  # type: ignore[no-untyped-def]
    text = query.path.read_text(encoding="utf-8")
    answer = run_on(opened, text, ontology=pack_ontology)
    # pyoxigraph keeps every kind of whole number as xsd:integer.
    expected = json.loads(by_rdflib.query(text).serialize(format="json").replace(b"nonNegativeInteger", b"integer"))
    assert answer.rows, "a question without an answer tests nothing"
    assert json.loads(to_json(answer))["results"]["bindings"] == expected["results"]["bindings"]


def test_the_seed_says_who_pairs_with_whom_and_who_is_outside(opened: Output, pack_ontology: Ontology) -> None:
    def ask(name: str, **values: str) -> set[tuple[str, ...]]:
        return {*cells(run_on(opened, query_text(name, pack_ontology), ontology=pack_ontology, set=values))[1]}

    partners = {"海南联通", "广西联通", "研究院", "软研院"}
    assert {row[1] for row in ask("pairs", body="支付公司")} == partners
    assert {row[1] for row in ask("pairs", body="研究院")} == {"支付公司"}
    assert ("中国联通", "中讯院", "首都师范大学马克思主义学院") in ask("outside-partners", owner="中国联通")
    assert {row[1] for row in ask("implementers", programme="主题教育")} >= {"市场部", "智网科技", "创投公司"}
    assert ("学思想、强党性、重实践、建新功", "中国联通") in ask("slogans")
    assert len(ask("units", body="中国联通")) > 30
    assert {row[1] for row in ask("established", body="联通数科")} == {"党员攻坚突击队"}


def test_the_questions_on_a_graph_that_can_be_counted_by_hand(small: Path) -> None:
    assert rows(small, "pairs", body="营业部") == [("营业部", "集团"), ("营业部", "学校")]
    assert rows(small, "outside-partners") == [("集团", "营业部", "学校"), ("集团", "集团", "学校")]
    assert rows(small, "units", body="集团") == [("集团", "营业部"), ("集团", "闲置部"), ("集团", "分公司")]
    assert rows(small, "units", unit="营业部") == [("集团", "营业部"), ("分公司", "营业部")]
    assert rows(small, "established") == [("集团", "闲置部")]
    assert rows(small, "silent") == [("闲置部",), ("分公司",)]


def test_a_name_stands_for_all_that_carry_it_and_an_alias_for_its_bearer(small: Path) -> None:
    found = rows(small, "pairs", body="营业部")
    assert found and found == rows(small, "pairs", body="营业") == rows(small, "pairs", body="<urn:deep>")
    assert rows(small, "SELECT ?s { ?s skos:prefLabel ?n }", n="学校") == [("学校",)]
    assert rows(small, "SELECT ?s { ?s kgo:quantity ?n }", n="5") == [("分公司",)]
    assert rows(small, "SELECT ?s ?p { ?s ?p ?o }", p="kgo:establishes") == [("集团", "成立")]
    assert rows(small, "pairs", body="没有这个") == []


HOSTILE = [
    '" } DROP ALL #',
    "'} UNION { ?s ?p ?o } #",
    "\\",
    '"@zh } } INSERT DATA { <a:a> <a:b> <a:c> }',
    "<urn:a> . ?s ?p ?o",
    "\n}\r{\x00\u2028",
    "]]>😀\u202e",
    '"""',
]


def test_a_value_that_stands_nowhere_is_said_to(small: Path) -> None:
    assert run_query(small, "pairs", set={"body": "没有的公司"}).unknown == ("没有的公司",)
    assert run_query(small, "by-date", set={"date": "1999-01-01"}).unknown == ("1999-01-01",)
    with_rows = run_query(small, "SELECT ?x { ?x a ?c }", set={"c": "kgo:Organization"})
    assert with_rows.rows and with_rows.unknown == ()
    known_but_no_rows = run_query(small, "SELECT ?x { ?x kgo:partOf ?c . ?c a kgo:Slogan }", set={"x": str(with_rows.rows[0][0])})
    assert (known_but_no_rows.rows, known_but_no_rows.unknown) == ((), ())


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_only_a_value(small: Path, value: str) -> None:
    assert rows(small, "pairs", body=value) == []
    assert rows(small, "SELECT (STR(?x) AS ?y) { FILTER(LANG(?x) = '') }", x=value) == [(value,)]


@given(st.text(st.characters(exclude_categories=["Cs"])))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_bound(value: str) -> None:
    text = bind("SELECT ?x WHERE { FILTER(true) }", {"x": [ox.Literal(value)]})
    assert [row["x"].value for row in ox.Store().query(text)] == [value]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?x WHERE { ?x kgo:partOf ?y }",
        "SELECT ?x { ?x kgo:partOf ?y }",
        "SELECT ?x (EXISTS { ?x kgo:pairsWith ?z } AS ?e) WHERE { ?x kgo:partOf ?y }",
        "# { ?y }\nSELECT ?x WHERE { ?x kgo:partOf ?y FILTER (STR(?x) != '}{') }",
        "SELECT ?x { { SELECT ?x ?y { ?x kgo:partOf ?y } ORDER BY ?x } }",
        "SELECT ?x { { ?x kgo:partOf ?y } UNION { ?x kgo:partOf ?y . ?x kgo:partOf ?nothing . ?nothing kgo:partOf ?x } }",
        "PREFIX k: <https://example.org/kg/ontology#> SELECT ?x WHERE { ?x k:partOf ?y . FILTER EXISTS { ?x k:partOf ?y } }",
    ],
)
def test_values_are_bound_in_any_shape_of_query(small: Path, query: str) -> None:
    assert {row[0] for row in rows(small, query, y="集团")} == {"分公司", "闲置部"}


@pytest.mark.parametrize("where", ["WHERE ", ""])
def test_values_are_bound_in_construct_and_ask(small: Path, where: str) -> None:
    answer = run_query(small, f"CONSTRUCT {{ ?y kgo:hasPart ?x }} {where}{{ ?x kgo:partOf ?y }}", set={"y": "分公司"})
    assert to_turtle(answer) == (
        "@prefix kgo: <https://example.org/kg/ontology#> .\n<urn:part> kgo:hasPart <urn:deep> .\n"
    )
    assert cells(answer) == (("subject", "predicate", "object"), [("分公司", "下辖", "营业部")])
    assert run_query(small, f"ASK {where}{{ ?x kgo:partOf ?y }}", set={"y": "分公司"}).boolean is True
    assert run_query(small, f"ASK {where}{{ ?x kgo:partOf ?y }}", set={"y": "学校"}).boolean is False


@pytest.mark.parametrize(
    ("query", "values", "message"),
    [
        ("SELECT ?x { ?x a ?t }", {"y": "1"}, r"cannot set 'y': the query has no \?y; its variables: t, x"),
        ("CONSTRUCT WHERE { ?x a ?y }", {"y": "1"}, "without a pattern of its own"),
        ("DESCRIBE <urn:x> ?y", {"y": "1"}, "without a pattern of its own"),
        ("SELECT ?x { ?x a ?y }", {"y": "<not an iri>"}, "not an IRI"),
        ("SELECT ?x\nWHERE { ?x a }", {}, r"line 2, column 15: not SPARQL: .*\n  WHERE \{ \?x a \}\n {16}\^"),
        ("SELECT ?x { ?x kgoo:partOf ?y }", {}, r"line 1, column \d+: not SPARQL: unknown prefix; .* dcterms, foaf, kgo"),
        ("pairz", {}, "no query 'pairz': neither a .rq file nor one of the pack's: 01-pairs, 02-"),
        ("/etc/passwd", {}, "no query '/etc/passwd'"),
        ("INSERT DATA { <a:a> <a:b> <a:c> }", {}, "line 1, column 1: INSERT refused"),
        ("PREFIX a: <a:>\nDELETE WHERE { ?s ?p ?o }", {}, "line 2, column 1: DELETE refused"),
        ("LOAD <file:///etc/passwd>", {}, "LOAD refused"),
        ("CLEAR ALL", {}, "CLEAR refused"),
        ("SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }", {}, r"FROM <file:///etc/passwd> refused: only what is loaded"),
        ("SELECT * FROM NAMED <http://x/> { GRAPH ?g { ?s ?p ?o } }", {}, r"FROM <http://x/> refused"),
        ("", {}, "not SPARQL"),
    ],
)
def test_what_cannot_be_asked_is_an_error_that_says_why(small: Path, query: str, values: dict[str, str], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        run_query(small, query, set=values)


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine that notes who calls."""
    calls: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_error(404)

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", calls
    server.shutdown()
    server.server_close()


HIDING = [
    "SERVICE {url} {{ ?s ?p ?o }}",
    "SeRvIcE SILENT {url} {{ ?s ?p ?o }}",
    "?s ?p '#' . SERVICE {url} {{ ?s ?p ?o }}",
    '?s ?p "\\"#" . SERVICE {url} {{ ?s ?p ?o }}',
    "?s ?p '''a'#\n''' . SERVICE {url} {{ ?s ?p ?o }}",
    "?s kgo:a\\#b ?o . SERVICE {url} {{ ?s ?p ?o }}",
    "?s kgo:a℃\\#b ?o . SERVICE {url} {{ ?s ?p ?o }}",
    "?s <http://x/a#b> ?o . SERVICE {url} {{ ?s ?p ?o }}",
    "?s <http://x/\\u0061#b> ?o . SERVICE {url} {{ ?s ?p ?o }}",
    "#\rSERVICE {url} {{ ?s ?p ?o }}",
    "# x\nSERVICE {url} {{ ?s ?p ?o }}",
    "{{ SELECT * {{ SERVICE {url} {{ ?s ?p ?o }} }} }}",
    "OPTIONAL {{SERVICE{url}{{?s ?p ?o}}}}",
    "VALUES ?u {{ {url} }} SERVICE ?u {{ ?s ?p ?o }}",
    "\\u0053ERVICE {url} {{ ?s ?p ?o }}",
    "FILTER(1<2)SERVICE {url} {{ ?s ?p ?o }}",
    "FILTER(?s<?o&&?o>?s)SERVICE {url} {{ ?s ?p ?o }}",
]


@pytest.mark.parametrize("pattern", HIDING)
def test_no_query_reaches_another_server(small: Path, listener: tuple[str, list[str]], pattern: str) -> None:
    url, calls = listener
    with pytest.raises(QueryError, match=r"SERVICE refused|not SPARQL"):
        run_query(small, "SELECT * { " + pattern.format(url=f"<{url}>") + " }")
    assert calls == []


def test_the_words_that_are_refused_may_stand_in_texts_names_and_comments() -> None:
    head = "# SERVICE\nPREFIX service: <http://x/FROM>\n"
    refuse(head + "SELECT ?load ?insert { ?load service:LOAD ?insert . FILTER(?load = 'SERVICE') }", [])


def test_named_graphs_that_are_loaded_may_be_read(tmp_path: Path) -> None:
    (tmp_path / "g.trig").write_text("<urn:g> { <urn:a> <urn:b> <urn:c> } <urn:d> <urn:b> <urn:e> .", encoding="utf-8")
    path = tmp_path / "g.trig"
    assert rows(path, "SELECT ?s ?g { GRAPH ?g { ?s <urn:b> ?o } }") == [("a", "g")]
    assert rows(path, "SELECT ?s { ?s <urn:b> ?o } ORDER BY ?s") == [("a",), ("d",)]
    assert rows(path, "SELECT ?s FROM NAMED <urn:g> { GRAPH <urn:g> { ?s <urn:b> ?o } }") == [("a",)]


def test_iris_are_there_for_who_asks(small: Path) -> None:
    answer = run_query(small, "established")
    assert cells(answer)[0] == ("body", "thing")
    assert cells(answer, iris=True) == (
        ("body", "bodyName", "thing", "thingName"),
        [("urn:group", "集团", "urn:idle", "闲置部")],
    )


def test_csv_and_json_read_back_equal_with_hostile_names(small: Path) -> None:
    answer = run_query(small, "slogans")
    name = '[red]实\x1b[31m"干'
    assert list(csv.reader(io.StringIO(to_csv(answer), newline=""))) == [["slogan", "who"], [name, "集团"]]
    again = ox.parse_query_results(to_json(answer), format=ox.QueryResultsFormat.JSON)
    assert isinstance(again, ox.QuerySolutions)
    assert [tuple(row) for row in again] == list(answer.rows)


def test_json_of_every_kind_of_term_is_that_of_the_standard(small: Path) -> None:
    query = "SELECT ?x ?y ?z ?n { VALUES (?x ?y ?z ?n) { (<urn:a> 'a'@zh 1.5 UNDEF) ('b' true '2023-05-18'^^xsd:date 3) } }"
    engine = ox.Store().query("PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>" + query)
    assert isinstance(engine, ox.QuerySolutions)
    assert json.loads(to_json(run_query(small, query))) == json.loads(engine.serialize(format=ox.QueryResultsFormat.JSON) or b"")
    assert json.loads(to_json(run_query(small, "ASK { ?s ?p ?o }"))) == {"head": {}, "boolean": True}


def test_a_form_that_does_not_fit_the_answer_is_an_error(small: Path) -> None:
    with pytest.raises(QueryError, match="ask for Turtle"):
        to_json(run_query(small, "CONSTRUCT WHERE { ?s ?p ?o }"))
    with pytest.raises(QueryError, match="ask for a table, CSV or JSON"):
        to_turtle(run_query(small, "SELECT * { ?s ?p ?o }"))


def test_the_prefixes_are_declared_and_the_ontology_is_loaded(small: Path) -> None:
    assert rows(small, "SELECT ?c { ?c rdfs:subClassOf kgo:Organization ; rdfs:label '企业'@zh }") == [("企业",)]
    assert rows(small, "SELECT ?p { ?p a owl:TransitiveProperty }") == [("隶属于",)]


def test_a_query_file_can_be_given_by_its_path(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "我的.rq"
    path.write_text("\ufeffSELECT ?s { ?s a kgo:Asset }", encoding="utf-8")
    assert rows(small, str(path)) == [("基地",)]


def test_another_base_iri_is_followed_by_questions_and_prefixes(tmp_path: Path) -> None:
    build([GOLD / "dev4.txt"], tmp_path / "other", annotations_dir=GOLD, base_iri="https://data.test/g/")
    build([GOLD / "dev4.txt"], tmp_path / "usual", annotations_dir=GOLD)
    for query in QUERIES:
        assert rows(tmp_path / "other", query.name) == rows(tmp_path / "usual", query.name), query.name
    assert rows(tmp_path / "other", "SELECT ?x { ?x a kgo:Person } ORDER BY ?x")


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        run_query(tmp_path / "missing", "pairs")


def test_a_name_that_neither_ontology_nor_graph_knows_is_said_to(small: Path, tmp_path: Path) -> None:
    assert run_query(small, "SELECT ?x { ?x kgo:pairWith ?y }").unknown == ("kgo:pairWith",)
    assert run_query(small, "SELECT (COUNT(*) AS ?n) { ?x a kgo:Compny, kgo:Company # kgo:comment\n }").unknown == ("kgo:Compny",)
    own = tmp_path / "own.ttl"
    own.write_text("@prefix kgo: <https://example.org/kg/ontology#> . <urn:a> kgo:ours <urn:b> .", encoding="utf-8")
    assert run_query(own, "SELECT ?x { ?x kgo:ours ?y }").unknown == ()


def test_a_typo_in_a_query_of_the_pack_is_an_error_with_file_and_line(small: Path, tmp_path: Path) -> None:
    shutil.copytree(default_pack(), tmp_path / "pack", ignore=shutil.ignore_patterns("training", "models", "registry", "lexicon"))
    path = tmp_path / "pack" / "queries" / "01-pairs.rq"
    path.write_text(path.read_text(encoding="utf-8").replace("kgo:pairsWith", "kgo:pairWith"), encoding="utf-8")
    with pytest.raises(PackError, match=r"01-pairs\.rq:9: unknown name 'pairWith'; did you mean pairsWith"):
        run_query(small, "pairs", pack=tmp_path / "pack")


def test_a_pack_query_without_titles_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "x.rq").write_text("# only English\nSELECT * {}", encoding="utf-8")
    with pytest.raises(PackError, match=r"x\.rq:1: a query begins with two comment lines"):
        list_queries(tmp_path)


def test_a_hundred_thousand_triples_are_answered_quickly(tmp_path: Path) -> None:
    import time

    ontology = load_ontology(default_pack())
    lines = (
        f'<urn:n{i}> a <{ontology.namespace}Organization> ; <{ontology.namespace}partOf> <urn:n{i // 10}> ; '
        f'<http://www.w3.org/2004/02/skos/core#prefLabel> "单位{i}"@zh .\n'
        for i in range(1, 33_000)
    )
    (tmp_path / "big.ttl").write_text("".join(lines), encoding="utf-8")
    start = time.perf_counter()
    assert len(rows(tmp_path / "big.ttl", "units", body="单位3")) > 1000
    assert time.perf_counter() - start < 20
