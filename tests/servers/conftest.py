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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kg import build
from kg.graph import Graph
from kg.ontology import default_pack, load_ontology

HERE = Path(__file__).parent
SEEDS = HERE.parent.parent / "seeds"
WAIT = 90


@dataclass(frozen=True)
class Built:
    """The output of a build of the seed, with the graph that it holds."""

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
            driver.verify_connectivity()
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
