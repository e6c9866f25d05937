"""GraphML and GEXF open in networkx and igraph, and keep characters that XML lacks."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import igraph
import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.export import FORMATS
from kg.export.xmltext import decode, encode

GEXF = "{http://gexf.net/1.3}"
VIZ = "{http://gexf.net/1.3/viz}"


@pytest.fixture
def out(graph, ontology, tmp_path):
    for name in ("graphml", "gexf"):
        FORMATS[name][1](graph, ontology, tmp_path, base_iri="https://example.org/kg/")
    return tmp_path


@given(st.text())
def test_any_text_survives_xml(text):
    element = ElementTree.Element("a", {"b": encode(text)})
    assert decode(ElementTree.fromstring(ElementTree.tostring(element)).get("b")) == text


def test_graphml_opens_in_networkx_and_igraph_with_ids_and_types(out, graph):
    by_networkx = nx.read_graphml(out / "graph.graphml", force_multigraph=True)
    assert set(by_networkx.edges(keys=True)) == set(graph.edges(keys=True))
    by_igraph = igraph.Graph.Read_GraphML(str(out / "graph.graphml"))
    assert set(by_igraph.vs["id"]) == set(graph.nodes)
    assert sorted(by_igraph.es["fact"]) == sorted(key for _, _, key in graph.edges(keys=True))
    assert set(by_igraph.es["implied"]) == {True, False} and set(by_igraph.es["weight"]) == {2.0}
    assert '中国"联通"' in by_igraph.vs["label"]


def test_gexf_has_colours_sizes_weights_labels_and_dates(out):
    root = ElementTree.parse(out / "graph.gexf").getroot()
    assert root.tag == GEXF + "gexf" and root.get("version") == "1.3"
    assert root.find(GEXF + "graph").get("timeformat") == "date"
    nodes = root.findall(f".//{GEXF}node")
    colours = {n.find(VIZ + "color").get("r") for n in nodes}
    assert len(colours) == 2
    assert all(float(n.find(VIZ + "size").get("value")) > 0 and n.get("start", "2023-05-18") == "2023-05-18" for n in nodes)
    edges = root.findall(f".//{GEXF}edge")
    assert {e.get("label") for e in edges} == {"结对", "实施"}
    assert {e.get("start") for e in edges} == {"2023-05-18", None}


def test_gexf_opens_in_networkx(out, graph, tmp_path):
    # networkx knows the namespace of GEXF 1.2 only; the elements it reads are the same
    text = (out / "graph.gexf").read_text(encoding="utf-8").replace("http://gexf.net/1.3", "http://www.gexf.net/1.2draft")
    (tmp_path / "12.gexf").write_text(text.replace('version="1.3"', 'version="1.2"'), encoding="utf-8")
    read = nx.read_gexf(tmp_path / "12.gexf")
    assert set(read.nodes) == set(graph.nodes) and read.number_of_edges() == graph.number_of_edges()
