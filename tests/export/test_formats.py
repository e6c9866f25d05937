"""All formats: the declared files, the same bytes every time, and hostile text that comes back equal from each of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import __version__
from kg.errors import InputError
from kg.export import DEFAULT_FORMATS, FORMATS
from kg.export.nodelink import read_graph
from kg.graph import build_graph
from kg.verify import verify

BASE = "https://example.org/kg/"


def write_all(graph, ontology, folder: Path, base_iri: str = BASE) -> None:
    for _, writer in FORMATS.values():
        writer(graph, ontology, folder, base_iri=base_iri)


def test_every_format_writes_the_files_it_declares_and_no_others(graph, ontology, tmp_path):
    for name, (files, writer) in FORMATS.items():
        folder = tmp_path / name
        folder.mkdir()
        writer(graph, ontology, folder, base_iri=BASE)
        assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == sorted(files)
    assert set(DEFAULT_FORMATS) <= FORMATS.keys()


def test_the_same_graph_gives_the_same_bytes_whatever_the_order_it_was_built_in(graph, ontology, tmp_path):
    shuffled = nx.MultiDiGraph(**graph.graph)
    shuffled.add_nodes_from(reversed(list(graph.nodes(data=True))))
    shuffled.add_edges_from(reversed(list(graph.edges(keys=True, data=True))))
    for folder, each in ((tmp_path / "1", graph), (tmp_path / "2", shuffled)):
        folder.mkdir()
        write_all(each, ontology, folder)
    for files, _ in FORMATS.values():
        for file in files:
            assert (tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes(), file


def test_hostile_text_comes_back_equal_from_every_format(graph, ontology, tmp_path):
    write_all(graph, ontology, tmp_path)
    assert verify(tmp_path) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_text_comes_back_equal_from_every_format(data, knowledge_strategy, ontology):
    graph = build_graph(data.draw(knowledge_strategy), ontology)
    with tempfile.TemporaryDirectory() as folder:
        for name, (_, writer) in FORMATS.items():
            if name != "html":  # its page alone is megabytes; its own tests give it hostile text
                writer(graph, ontology, Path(folder), base_iri=BASE)
        assert verify(Path(folder)) == ["graph.html: is missing"]


def test_another_base_iri_stands_in_every_format(graph, ontology, tmp_path):
    write_all(graph, ontology, tmp_path, "http://kb.example.com/x/")
    assert verify(tmp_path) == []
    for file in ("graph.ttl", "provenance.ttl", "graph.jsonld", "graph.nq", "graph.trig"):
        assert BASE not in (tmp_path / file).read_text(encoding="utf-8")


def test_a_graph_without_anything_is_written_too(ontology, tmp_path):
    empty = nx.MultiDiGraph(documents={}, merges=[])
    write_all(empty, ontology, tmp_path)
    assert verify(tmp_path) == []


def test_graph_json_gives_the_graph_back_whole(graph, ontology, tmp_path):
    FORMATS["json"][1](graph, ontology, tmp_path, base_iri=BASE)
    again = read_graph(tmp_path)
    assert nx.utils.graphs_equal(again, nx.MultiDiGraph(graph, base_iri=BASE, version=__version__))
    assert again.graph["documents"] == graph.graph["documents"]


@pytest.mark.parametrize(
    ("text", "message"), [("{", "not a node-link graph"), ('{"nodes": [], "edges": []}', "does not hold its documents")]
)
def test_a_file_that_is_no_graph_is_named(text, message, tmp_path):
    (tmp_path / "graph.json").write_text(text)
    with pytest.raises(InputError, match=f"graph.json: .*{message}"):
        read_graph(tmp_path)


def test_a_folder_without_a_graph_says_what_makes_one(tmp_path):
    with pytest.raises(InputError, match="no such file; `kg build` writes it"):
        read_graph(tmp_path)
