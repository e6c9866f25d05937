"""Servers on free ports of this machine, each in a folder of its own, stopped when the tests end."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kg.annotation import load_annotation
from kg.export import FORMATS
from kg.graph import Graph, build_graph
from kg.model import Document
from kg.ontology import Ontology, default_pack, load_ontology
from kg.read import read_corpus
from kg.registry import load_registry
from kg.resolve import resolve

HERE = Path(__file__).parent
GOLD = HERE.parent / "gold" / "dev"
WAIT = 90


@dataclass(frozen=True)
class Built:
    """The exports of the annotated development documents, with the graph that they hold."""

    folder: Path
    graph: Graph


@dataclass(frozen=True)
class Virtuoso:
    """A running Virtuoso; ``load`` puts a Turtle file into its one graph."""

    folder: Path
    sql_port: int
    http_port: int

    def load(self, file: Path) -> None:
        target = self.folder / file.name
        shutil.copyfile(file, target)
        command = [str(HERE / "virtuoso.sh"), "load", str(self.folder), str(self.sql_port), file.name]
        result = subprocess.run(command, capture_output=True, text=True, timeout=WAIT, check=True)
        assert " 2           NULL" in result.stdout, result.stdout

    def select(self, query: str) -> list[dict[str, Any]]:
        fields = {"default-graph-uri": "http://kg.test/", "query": query}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}/sparql",
            urllib.parse.urlencode(fields).encode(),
            {"Accept": "application/sparql-results+json"},
        )
        with urllib.request.urlopen(request, timeout=WAIT) as answer:
            return json.loads(answer.read())["results"]["bindings"]


def missing(reason: str) -> None:
    """Skip, or fail where everything must be there."""
    if os.environ.get("KG_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def serve(command: list[str], ready_port: int, log: Path) -> subprocess.Popen[bytes]:
    """Start a server and wait until it listens."""
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    end = time.monotonic() + WAIT
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ready_port), timeout=1):
            return process
        time.sleep(0.1)
    stop(process)
    pytest.fail(f"{command[0]} does not listen on port {ready_port}: {log.read_text(errors='replace')[-2000:]}")


def wait_for(probe: Callable[[], object]) -> None:
    """Call ``probe`` until it succeeds: a server listens before its database is there."""
    end = time.monotonic() + WAIT
    while True:
        try:
            probe()
            return
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(15)


@pytest.fixture(scope="session")
def ontology():
    return load_ontology(default_pack())


def write_gold(documents: list[Document], ontology: Ontology, folder: Path) -> Built:
    annotations = [load_annotation(GOLD / f"{d.id}.json", d, ontology=ontology) for d in documents]
    registry = load_registry(default_pack(), ontology)
    graph = build_graph(resolve(documents, annotations, ontology=ontology, registry=registry), ontology)
    for _, writer in FORMATS.values():
        writer(graph, ontology, folder, base_iri="https://example.org/kg/")
    return Built(folder, graph)


@pytest.fixture(scope="session")
def built(tmp_path_factory, ontology):
    """Every export of the graph of the annotated development documents."""
    documents, problems = read_corpus([GOLD])
    assert not problems
    return write_gold(documents, ontology, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def seed(tmp_path_factory, ontology):
    """Every export of the graph of the annotated seed alone: rdflib takes minutes for some joins on more."""
    documents, problems = read_corpus([GOLD / "000_7056b8479da2a9af.txt"])
    assert not problems
    return write_gold(documents, ontology, tmp_path_factory.mktemp("seed"))


@pytest.fixture(scope="session")
def arcadedb(tmp_path_factory):
    """A neo4j driver that is connected to ArcadeDB."""
    if importlib.util.find_spec("arcadedb_embedded") is None:
        missing("ArcadeDB is not installed: pip install arcadedb-embedded")
    import neo4j

    folder = tmp_path_factory.mktemp("arcadedb")
    bolt, http = free_port(), free_port()
    process = serve([str(HERE / "arcadedb.sh"), str(folder / "data"), str(bolt), str(http), sys.executable], bolt, folder / "log")
    try:
        with neo4j.GraphDatabase.driver(f"bolt://127.0.0.1:{bolt}", auth=("root", "playwithdata1")) as driver:
            wait_for(lambda: driver.execute_query("RETURN 1", database_="kg"))
            yield driver
    finally:
        stop(process)


@pytest.fixture(scope="session")
def virtuoso(tmp_path_factory):
    """A running Virtuoso with an empty database."""
    if not (shutil.which("virtuoso-t") and shutil.which("isql-vt")):
        missing("Virtuoso is not installed: apt-get install virtuoso-opensource")
    folder = tmp_path_factory.mktemp("virtuoso")
    sql, http = free_port(), free_port()
    process = serve([str(HERE / "virtuoso.sh"), "serve", str(folder / "db"), str(sql), str(http)], http, folder / "log")
    try:
        yield Virtuoso(folder / "db", sql, http)
    finally:
        stop(process)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory, ontology):
    """Every export of a graph whose names break a writer that does not escape."""
    spec = importlib.util.spec_from_file_location("hostile_knowledge", HERE.parent / "export" / "conftest.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    graph = build_graph(module.make_knowledge(module.HOSTILE), ontology)
    folder = tmp_path_factory.mktemp("hostile")
    for _, writer in FORMATS.values():
        writer(graph, ontology, folder, base_iri="https://example.org/kg/")
    return Built(folder, graph)
