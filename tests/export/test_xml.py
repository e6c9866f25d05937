"""GraphML and GEXF open in networkx and igraph, and keep characters that XML lacks."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import igraph
import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.export import FORMATS, readback
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


# What stands where in GEXF 1.3 (https://gexf.net/schema.html, https://gexf.net/viz.html): element → its children and attributes,
# each with the form of its values; a star marks what must be there.
_TEXT, _NAME = re.compile(r".*", re.DOTALL), re.compile(r".+", re.DOTALL)
_NUMBER, _DAY = re.compile(r"[0-9]+(\.[0-9]+)?"), re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BYTE = re.compile(r"[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]")
GEXF_RULES = {
    "gexf": (["meta", "graph*"], {"version*": re.compile(r"1\.3")}),
    "graph": (
        ["attributes", "nodes*", "edges*"],
        {
            "defaultedgetype": re.compile("directed|undirected|mutual"),
            "mode": re.compile("static|dynamic|slice"),
            "timeformat": re.compile("integer|double|date|dateTime"),
        },
    ),
    "attributes": (["attribute"], {"class*": re.compile("node|edge"), "mode": re.compile("static|dynamic")}),
    "attribute": (
        [],
        {"id*": _NAME, "title*": _NAME, "type*": re.compile("integer|long|double|float|boolean|string|anyURI")},
    ),
    "nodes": (["node"], {}),
    "edges": (["edge"], {}),
    "node": (["attvalues", "viz:color", "viz:size"], {"id*": _NAME, "label": _TEXT, "start": _DAY}),
    "edge": (
        ["attvalues"],
        {"id": _NAME, "source*": _NAME, "target*": _NAME, "kind": _NAME, "label": _TEXT, "weight": _NUMBER, "start": _DAY},
    ),
    "attvalues": (["attvalue"], {}),
    "attvalue": ([], {"for*": _NAME, "value*": _TEXT}),
    "viz:color": ([], {"r*": _BYTE, "g*": _BYTE, "b*": _BYTE}),
    "viz:size": ([], {"value*": _NUMBER}),
}
_MANY = {"attributes", "attribute", "node", "edge", "attvalue"}
_VALUES = {"integer": re.compile(r"-?[0-9]{1,9}"), "double": _NUMBER, "boolean": re.compile("true|false"), "string": _TEXT}


def assert_gexf(element):
    name = element.tag.replace(GEXF, "").replace(VIZ, "viz:")
    children, attributes = GEXF_RULES[name]
    found = [child.tag.replace(GEXF, "").replace(VIZ, "viz:") for child in element]
    order = [child.rstrip("*") for child in children]
    assert [order.index(child) for child in found] == sorted(order.index(child) for child in found), (name, found)
    assert all(found.count(child) <= 1 for child in set(found) - _MANY), (name, found)
    assert {child.rstrip("*") for child in children if child.endswith("*")} <= set(found), (name, found)
    forms = {key.rstrip("*"): form for key, form in attributes.items()}
    assert {key.rstrip("*") for key in attributes if key.endswith("*")} <= element.attrib.keys() <= forms.keys(), name
    assert all(forms[key].fullmatch(value) for key, value in element.attrib.items()), element.attrib
    assert not (element.text or "").strip()
    for child in element:
        assert_gexf(child)


@pytest.mark.parametrize("dated", [True, False])
def test_gexf_keeps_the_rules_of_its_documentation(graph, ontology, tmp_path, dated):
    for document in graph.graph["documents"].values():
        document["date"] = document["date"] if dated else None
    FORMATS["gexf"][1](graph, ontology, tmp_path, base_iri="https://example.org/kg/")
    root = ElementTree.parse(tmp_path / "graph.gexf").getroot()
    assert_gexf(root)
    assert root.find(GEXF + "graph").get("mode") == ("dynamic" if dated else "static")
    ids = {kind: [e.get("id") for e in root.iter(GEXF + kind)] for kind in ("node", "edge")}
    assert all(len(set(found)) == len(found) for found in ids.values())
    assert all({e.get("source"), e.get("target")} <= set(ids["node"]) for e in root.iter(GEXF + "edge"))
    for kind in ("node", "edge"):
        declared = {a.get("id"): a.get("type") for a in root.findall(f".//{GEXF}attributes[@class='{kind}']/{GEXF}attribute")}
        for value in root.findall(f".//{GEXF}{kind}/{GEXF}attvalues/{GEXF}attvalue"):
            assert _VALUES[declared[value.get("for")]].fullmatch(value.get("value"))


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


def test_the_id_of_a_fact_that_is_all_digits_is_read_as_text(out, graph):
    path = out / "graph.graphml"
    fact = next(key for *_, key in graph.edges(keys=True))
    path.write_text(path.read_text(encoding="utf-8").replace(f'id="{fact}"', 'id="8665623482444821"'), encoding="utf-8")
    found = readback.read_graphml(path, graph, "https://example.org/kg/")
    assert "8665623482444821" in {record["id"] for record in found.edges.values()}
