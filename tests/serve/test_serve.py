"""The endpoint as its clients see it: SPARQLWrapper, curl and httpx against a running server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import rdflib

import kg.query
from kg.errors import InputError
from kg.ontology import Ontology, default_pack
from kg.query import list_queries, run_query
from kg.serve.answering import Request, choose
from kg.serve.engine import Limits, started
from tests.serve.conftest import ROOT, Start

PAIRS = "SELECT ?a ?b WHERE { ?a kgo:pairsWith ?b } ORDER BY ?a ?b"
SLOW = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=20) as client:
        yield client


def ask(client: httpx.Client, query: str, accept: str = "*/*", **parameters: str) -> httpx.Response:
    return client.post("/sparql", data={"query": query} | parameters, headers={"Accept": accept})


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_sparqlwrapper_reads_rows_in_every_form(address: str, gold_output: Path, method: str, form: str) -> None:
    wrapper = pytest.importorskip("SPARQLWrapper").SPARQLWrapper(address + "sparql")
    wrapper.setMethod(method)
    wrapper.setReturnFormat(form)
    wrapper.setQuery(PAIRS)
    expected = [tuple(term.value for term in row) for row in run_query(gold_output, PAIRS).rows]  # type: ignore[union-attr]
    found: Any = wrapper.query().convert()
    if form == "json":
        rows = [(row["a"]["value"], row["b"]["value"]) for row in found["results"]["bindings"]]
    elif form == "xml":
        uris = [uri.firstChild.data for uri in found.getElementsByTagName("uri")]
        rows = list(zip(uris[::2], uris[1::2], strict=True))
    else:
        separator = "," if form == "csv" else "\t"
        rows = [tuple(cell.strip("<>") for cell in line.split(separator)) for line in found.decode().splitlines()[1:]]
    assert rows == expected != []


def test_sparqlwrapper_reads_graphs_booleans_and_errors(address: str) -> None:
    library = pytest.importorskip("SPARQLWrapper")
    wrapper = library.SPARQLWrapper(address + "sparql")
    wrapper.setQuery("CONSTRUCT { ?a kgo:pairsWith ?b } WHERE { ?a kgo:pairsWith ?b }")
    wrapper.setReturnFormat(library.TURTLE)
    assert len(rdflib.Graph().parse(data=wrapper.query().convert(), format="turtle")) > 3
    wrapper.setReturnFormat(library.JSON)
    wrapper.setQuery("ASK { ?x a kgo:PartnerBody }")
    assert wrapper.query().convert() == {"head": {}, "boolean": True}
    wrapper.setQuery("ASK { ?x a ")
    with pytest.raises(library.SPARQLExceptions.QueryBadFormed, match="line 1, column"):
        wrapper.query()
    wrapper.setMethod("POST")
    wrapper.setQuery("INSERT DATA { <urn:a> <urn:b> <urn:c> }")
    with pytest.raises(Exception, match="403"):
        wrapper.query()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    "options",
    [
        ("-G", "--data-urlencode", f"query={PAIRS}"),
        ("--data-urlencode", f"query={PAIRS}"),
        ("-H", "Content-Type: application/sparql-query", "--data-binary", PAIRS),
        ("-H", "Content-Type: application/sparql-query; charset=utf-8", "--data-binary", f"# 结对\n{PAIRS}"),
    ],
    ids=["GET", "POST form", "POST query", "POST query with charset"],
)
def test_curl_gets_the_same_answer_by_every_operation_of_the_protocol(address: str, options: tuple[str, ...]) -> None:
    command = ["curl", "-sS", "-i", address + "sparql", "-H", "Accept: text/csv", *options]
    head, body = subprocess.run(command, capture_output=True, check=True).stdout.split(b"\r\n\r\n", 1)
    assert b"200 OK" in head and b"content-type: text/csv; charset=utf-8" in head
    assert body.startswith(b"a,b\r\nhttps://example.org/kg/id/organization/")


@pytest.mark.parametrize(
    ("query", "accept", "given"),
    [
        (PAIRS, "*/*", "application/sparql-results+json"),
        (PAIRS, "application/json", "application/json"),
        (PAIRS, "application/sparql-results+xml, text/csv;q=0.9", "application/sparql-results+xml"),
        (PAIRS, "text/tab-separated-values;q=0.1, text/csv;q=0.7", "text/csv"),
        (PAIRS, "text/*", "text/xml"),
        (PAIRS, "image/png", None),
        (PAIRS, "text/turtle", None),
        ("ASK {}", "application/sparql-results+xml", "application/sparql-results+xml"),
        ("CONSTRUCT WHERE { ?a kgo:pairsWith ?b }", "*/*", "text/turtle"),
        ("CONSTRUCT WHERE { ?a kgo:pairsWith ?b }", "application/n-triples", "application/n-triples"),
        ("CONSTRUCT WHERE { ?a kgo:pairsWith ?b }", "application/rdf+xml", "application/rdf+xml"),
        ("DESCRIBE kgo:Company", "application/ld+json", "application/ld+json"),
        ("DESCRIBE kgo:Company", "text/csv", None),
    ],
)
def test_the_form_is_what_the_client_accepts(client: httpx.Client, query: str, accept: str, given: str | None) -> None:
    found = ask(client, query, accept)
    if given is None:
        assert found.status_code == 406
        assert f"not acceptable: {accept}; this query gives" in found.text
    else:
        assert (found.status_code, found.headers["content-type"]) == (200, f"{given}; charset=utf-8")
        assert found.content


def test_preferences_follow_the_most_specific_range() -> None:
    assert choose("text/csv;q=0, */*", ["text/csv", "text/xml"]) == "text/xml"
    assert choose("", ["text/csv"]) == "text/csv"
    assert choose("text/csv;q=x", ["text/csv"]) is None


@pytest.mark.parametrize(
    "query",
    [
        "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
        "DELETE WHERE { ?s ?p ?o }",
        "LOAD <file:///etc/passwd>",
        "CLEAR ALL",
        "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
        "SELECT * { SERVICE SILENT <http://127.0.0.1:9/> { ?s ?p ?o } }",
        "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }",
        "SELECT * FROM NAMED <http://127.0.0.1:9/> { GRAPH ?g { ?s ?p ?o } }",
    ],
)
def test_updates_services_and_other_sources_are_refused(client: httpx.Client, query: str) -> None:
    before = ask(client, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", "text/csv").text
    for found in (client.get("/sparql", params={"query": query}), ask(client, query)):
        assert (found.status_code, found.text.startswith("refused: line 1, column ")) == (403, True)
    assert ask(client, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", "text/csv").text == before


def test_requests_that_the_protocol_does_not_know_are_refused(client: httpx.Client) -> None:
    update = {"Content-Type": "application/sparql-update"}
    assert client.post("/sparql", content="CLEAR ALL", headers=update).status_code == 403
    assert client.post("/sparql", data={"update": "CLEAR ALL"}).status_code == 403
    assert client.post("/sparql", content="x", headers={"Content-Type": "text/plain"}).status_code == 415
    assert client.post("/sparql", data={"x": "y"}).status_code == 400
    assert client.put("/sparql", content="x").status_code == 405
    assert client.delete("/sparql").status_code == 405
    assert client.get("/sparql?query=ASK%7B%7D&query=ASK%7B%7D").status_code == 400
    assert client.get("/sparql?query=%FF").status_code == 400
    assert client.get("/graph.ttl").status_code == 404
    assert client.get("/%2e%2e/%2e%2e/etc/passwd").status_code == 404
    long = client.post("/sparql", data={"query": "#" * (1 << 20)})
    assert (long.status_code, "more than 1 MB" in long.text) == (413, True)
    graph = client.get("/sparql", params={"query": "ASK {}", "default-graph-uri": "file:///etc/passwd"})
    assert (graph.status_code, "only what is loaded is read" in graph.text) == (403, True)


def test_syntax_errors_show_the_place(client: httpx.Client) -> None:
    found = ask(client, "SELECT ?x {\n  ?x a }")
    assert found.status_code == 400
    assert found.headers["content-type"].startswith("text/plain")
    assert "line 2, column 9: not SPARQL" in found.text
    assert ask(client, "").status_code == 400


def test_a_query_that_runs_too_long_is_ended_and_hinders_no_other(client: httpx.Client, address: str) -> None:
    async def both() -> tuple[httpx.Response, float, httpx.Response]:
        async with httpx.AsyncClient(base_url=address, timeout=20) as many:
            slow = asyncio.create_task(many.post("/sparql", data={"query": SLOW}))
            await asyncio.sleep(0.2)
            begun = time.monotonic()
            quick = await many.post("/sparql", data={"query": "ASK {}"})
            return quick, time.monotonic() - begun, await slow

    begun = time.monotonic()
    quick, waited, slow = asyncio.run(both())
    assert (quick.status_code, waited < 1.5) == (200, True)
    assert slow.status_code == 503
    assert slow.text == "time limit: the query was ended after 2 s; make it more selective, or give it a LIMIT\n"
    assert time.monotonic() - begun < 5
    assert ask(client, "ASK {}").status_code == 200


def test_an_answer_that_is_too_large_is_refused_and_not_cut(client: httpx.Client) -> None:
    found = ask(client, "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 100000")
    assert (found.status_code, found.text) == (500, "answer limit: the answer has more than 1 MB; give the query a LIMIT\n")


def test_fifty_clients_at_once_get_their_answers(client: httpx.Client, address: str) -> None:
    names = [row["n"]["value"] for row in ask(client, "SELECT ?n { ?x skos:prefLabel ?n }").json()["results"]["bindings"]]

    async def one(many: httpx.AsyncClient, number: int) -> list[str]:
        found = []
        for name in (names[number % len(names)], names[-number]):
            query = f"SELECT ?n {{ ?x skos:prefLabel ?n FILTER(STR(?n) = {json.dumps(name, ensure_ascii=False)}) }}"
            answer = await many.post("/sparql", data={"query": query})
            assert answer.status_code == 200, answer.text
            found.append(answer.json()["results"]["bindings"][0]["n"]["value"] == name)
        return found

    async def all_of_them() -> list[list[str]]:
        async with httpx.AsyncClient(base_url=address, timeout=40, limits=httpx.Limits(max_connections=50)) as many:
            return await asyncio.gather(*(one(many, number) for number in range(50)))

    assert asyncio.run(all_of_them()) == [[True, True]] * 50


def test_the_ten_questions_have_the_answers_of_kg_query_also_with_a_variable_set(client: httpx.Client, gold_output: Path) -> None:
    for question in list_queries(default_pack()):
        found = ask(client, question.path.read_text(encoding="utf-8"), "application/json").json()
        expected = run_query(gold_output, question.name)
        assert found["head"]["vars"] == list(expected.columns)
        assert len(found["results"]["bindings"]) == len(expected.rows)
    pairs = list_queries(default_pack())[0].path.read_text(encoding="utf-8")
    some = ask(client, pairs, **{"$body": "支付公司"}).json()["results"]["bindings"]
    assert len(some) == len(run_query(gold_output, "pairs", set={"body": "支付公司"}).rows) > 0
    hostile = ask(client, pairs, **{"$body": '" } } SERVICE <http://127.0.0.1:9/> { {} #'})
    assert hostile.json()["results"]["bindings"] == []
    unknown = ask(client, pairs, **{"$nobody": "x"})
    assert (unknown.status_code, "the query has no ?nobody" in unknown.text) == (400, True)


def test_the_service_describes_itself(client: httpx.Client, address: str) -> None:
    sd = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
    for kind, form in (("text/turtle", "turtle"), ("application/rdf+xml", "xml")):
        graph = rdflib.Graph().parse(data=client.get("/sparql", headers={"Accept": kind}).text, format=form)
        (service,) = graph.subjects(rdflib.RDF.type, sd.Service)
        assert graph.value(service, sd.endpoint) == rdflib.URIRef(address + "sparql")
        assert (service, sd.supportedLanguage, sd.SPARQL11Query) in graph
    browser = client.get("/sparql", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (browser.status_code, browser.headers["location"]) == (307, "/query")
    assert client.get("/sparql", headers={"Accept": "image/png"}).status_code == 406


def test_the_graph_and_the_page_to_ask_on_are_served_with_their_policies(client: httpx.Client, gold_output: Path) -> None:
    graph = client.get("/")
    assert graph.content == (gold_output / "graph.html").read_bytes()
    assert graph.headers["content-type"] == "text/html; charset=utf-8"
    page = client.get("/query")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'sha256-" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"


def test_other_web_sites_may_not_ask_unless_they_are_named(client: httpx.Client, start: Start, gold_output: Path) -> None:
    origin = {"Origin": "https://app.example"}
    closed = client.get("/sparql", params={"query": "ASK {}"}, headers=origin)
    assert "access-control-allow-origin" not in closed.headers
    rebound = client.get("/sparql", params={"query": "ASK {}"}, headers={"Host": "evil.example"})
    assert rebound.status_code == 400
    assert client.get("/sparql", params={"query": "ASK {}"}, headers={"Host": "localhost:1"}).status_code == 200
    opened = start(gold_output, "--cors", "https://app.example")
    with httpx.Client(base_url=opened) as other:
        allowed = other.get("/sparql", params={"query": "ASK {}"}, headers=origin)
        assert allowed.headers["access-control-allow-origin"] == "https://app.example"
        refused = other.get("/sparql", params={"query": "ASK {}"}, headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in refused.headers


def test_named_graphs_can_be_chosen_by_the_request(start: Start, tmp_path: Path) -> None:
    (tmp_path / "g.trig").write_text("<urn:g> { <urn:a> <urn:b> <urn:c> } <urn:d> <urn:b> <urn:e> .", encoding="utf-8")
    with httpx.Client(base_url=start(tmp_path / "g.trig")) as client:
        count = "SELECT (COUNT(*) AS ?n) { <urn:a> ?p ?o }"
        chosen = {"query": "SELECT ?s { ?s <urn:b> ?o }", "default-graph-uri": "urn:g"}
        assert client.get("/sparql", params=chosen, headers={"Accept": "text/csv"}).text == "s\r\nurn:a\r\n"
        assert client.get("/sparql", params={"query": count}, headers={"Accept": "text/csv"}).text == "n\r\n1\r\n"
        named = {"query": "SELECT ?g { GRAPH ?g { ?s ?p ?o } }", "named-graph-uri": "urn:g"}
        assert client.get("/sparql", params=named, headers={"Accept": "text/csv"}).text == "g\r\nurn:g\r\n"
        assert client.get("/").headers["location"] == "/query", "a file has no page of its graph"


def test_what_follows_is_asked_only_where_it_is_asked_for(start: Start, tmp_path: Path) -> None:
    (tmp_path / "graph.ttl").write_text("<urn:a> <urn:b> <urn:c> .", encoding="utf-8")
    (tmp_path / "inferred.ttl").write_text("<urn:c> <urn:b> <urn:a> .", encoding="utf-8")
    query = {"query": "SELECT ?s { ?s <urn:b> ?o } ORDER BY ?s"}
    for options, rows in (((), "s\r\nurn:a\r\n"), (("--infer",), "s\r\nurn:a\r\nurn:c\r\n")):
        answer = httpx.get(start(tmp_path, *options) + "sparql", params=query, headers={"Accept": "text/csv"})
        assert answer.text == rows


def test_the_engine_cannot_open_files_or_connections_even_where_a_query_would_pass(
    gold_output: Path, pack_ontology: Ontology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kg.query, "refuse", lambda text, graphs: None)
    with socket.create_server(("127.0.0.1", 0)) as listener, started(gold_output, pack_ontology, Limits()) as engine:
        listener.settimeout(0.5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        answer = asyncio.run(engine.ask(Request(f"SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}")))
        assert answer.status == 500
        with pytest.raises(TimeoutError):
            listener.accept()


def test_memory_is_bounded(gold_output: Path, pack_ontology: Ontology) -> None:
    with started(gold_output, pack_ontology, Limits(memory=64 << 20)) as engine:
        answer = asyncio.run(engine.ask(Request("SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?a ?f")))
        assert (answer.status, answer.body.startswith(b"memory limit: the query needs more than 64 MB")) == (500, True)
        assert asyncio.run(engine.ask(Request("ASK {}"))).status == 200


def test_what_cannot_be_served_is_said_at_once(gold_output: Path, pack_ontology: Ontology, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no graph"), started(tmp_path, pack_ontology, Limits()):
        pass
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "kg", "serve", str(gold_output), "--port", str(taken.getsockname()[1])]
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, encoding="utf-8", env=env, check=False)
    assert done.returncode == 2
    assert "cannot listen: Address already in use; choose another --host or --port" in done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_nothing_is_left_when_it_ends(gold_output: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "kg", "serve", str(gold_output), "--port", "0"]
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    # Its own group, and a pipe that ends when the last process that holds it has ended.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, start_new_session=True) as process:
        assert process.stdout
        # Ends, too, where the server does: then there is no such line.
        assert any(b"sparql" in line for line in process.stdout)
        process.send_signal(number)
        rest = process.stdout.read()
        assert b"Traceback" not in rest, rest.decode()
