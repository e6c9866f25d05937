"""The still figure and the report: well-formed, the same bytes, and text stays text."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from kg.errors import InputError
from kg.export.html.figure import draw_svg, find, neighbourhood
from kg.export.html.summary import owner_of, render_report
from kg.graph import Graph
from kg.ontology import Ontology, default_pack, load_ontology

from .gold_graph import SEED, gold_graph

HOSTILE = "<script>alert(1)</script>&\"'\x01]]>"


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(default_pack())


@pytest.fixture(scope="module")
def seed(ontology: Ontology) -> Graph:
    return gold_graph([SEED], ontology)


@pytest.fixture(scope="module")
def hostile(ontology: Ontology) -> Graph:
    return gold_graph([SEED], ontology, hostile=lambda text: HOSTILE + text)


def _report(graph: Graph, text: str = "句子") -> dict[str, Any]:
    evidence = sum(len(r["evidence"]) for *_, r in graph.edges(data=True))
    document = {"id": "d", "title": text, "date": None, "publisher": text, "characters": 1, "entities": 1, "relations": 1}
    return {
        "version": "0",
        "documents": {"built": 1, "list": [document]},
        "problems": [{"path": text, "message": text}],
        "counts": {
            "entities": len(graph), "facts": graph.number_of_edges(), "mentions": 1, "evidence": evidence, "implied": 0,
            "by_predicate": {"partOf": 1},
        },
        "coverage": {
            "uncovered": 1, "dropped": 1, "dropped_by_reason": {text: 1},
            "uncovered_sentences": [{"document": "d", "text": text}],
        },
    }  # fmt: skip


def test_figure_holds_the_neighbourhood_and_is_the_same_again(seed: Graph, ontology: Ontology) -> None:
    svg = draw_svg(seed, ontology, around="支付公司", depth=1)
    titles = {e.text for e in ElementTree.fromstring(svg.encode()).iter("{http://www.w3.org/2000/svg}title")}
    assert titles == {"支付公司", "中国联通", "海南联通", "广西联通", "研究院", "软研院", "融资租赁公司"}
    assert svg == draw_svg(seed, ontology, around="支付公司", depth=1)


def test_depth_counts_facts_in_both_directions(seed: Graph) -> None:
    start = find(seed, "反诈专班")
    sizes = [len(neighbourhood(seed, start, depth=d)) for d in range(4)]
    assert sizes[0] == 1
    assert sizes == sorted(set(sizes))


def test_figure_of_an_unknown_name_says_which_are_like_it(seed: Graph, ontology: Ontology) -> None:
    with pytest.raises(InputError, match=r"no entity is called '支付公'; like it: .*支付公司"):
        draw_svg(seed, ontology, around="支付公")


def test_figure_of_an_empty_graph_is_well_formed(ontology: Ontology) -> None:
    ElementTree.fromstring(draw_svg(gold_graph([], ontology), ontology).encode())


def test_hostile_names_stay_text_in_the_figure(hostile: Graph, ontology: Ontology) -> None:
    root = ElementTree.fromstring(draw_svg(hostile, ontology).encode())
    assert {e.tag.split("}")[-1] for e in root.iter()} <= {"svg", "rect", "line", "polygon", "circle", "text", "g", "title"}


def test_report_shows_figures_and_asks_for_nothing(seed: Graph, ontology: Ontology) -> None:
    page = render_report(seed, ontology, _report(seed), conforms=False, violations=["某处有误"])
    assert f"<b>{len(seed)}</b>实体" in page
    assert "海南联通" in page and "某处有误" in page and "主题教育" in page
    assert "<script" not in page and "default-src 'none'" in page
    assert not re.search(r"\b(?:src|href)=", page)
    assert page == render_report(seed, ontology, _report(seed), conforms=False, violations=["某处有误"])


def test_hostile_text_stays_text_in_the_report(hostile: Graph, ontology: Ontology) -> None:
    page = render_report(hostile, ontology, _report(hostile, HOSTILE), conforms=False, violations=[HOSTILE])
    assert "<script" not in page


def test_owner_is_the_outermost_and_a_circle_ends(seed: Graph) -> None:
    assert seed.nodes[owner_of(seed, find(seed, "财务公司"))]["label"] == "中国联通"
    circle = seed.copy()
    one, two = find(seed, "财务公司"), find(seed, "中国联通")
    circle.add_edge(two, one, key="x", predicate="partOf", symmetric=False, implied=False, confidence=1.0, evidence=[])
    assert owner_of(circle, one) in {one, two}


def test_matrix_has_no_empty_row_and_shades_by_number(seed: Graph, ontology: Ontology) -> None:
    page = render_report(seed, ontology, _report(seed))
    matrix = re.search(r'<table class="matrix">.*?</table>', page, re.S)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", matrix.split("<tbody>")[1], re.S)
    assert rows and all(re.search(r"<td class=\"d[1-4]\">\d", row) for row in rows)
    assert 'class="d4"' in matrix


def test_time_line_has_the_months_between(seed: Graph, ontology: Ontology) -> None:
    graph = seed.copy()
    edges = list(graph.edges(data=True))
    months = ("2021-11", "2022-01", "2022-02", "2022-03", "unknown")
    graph.graph["documents"] = {m: next(iter(seed.graph["documents"].values())) | {"id": m, "date": m} for m in months}
    for n, (_, _, record) in enumerate(edges):
        record["evidence"] = [{**e, "document": months[n % 5]} for e in record["evidence"]]
    time = re.search(r'<svg class="time".*?</svg>', render_report(graph, ontology, _report(graph)), re.S)[0]
    shown = re.findall(r"<title>(\S+?)：(\d+)</title>", time)
    assert [month for month, _ in shown] == ["2021-11", "2021-12", "2022-01", "2022-02", "2022-03"]
    assert dict(shown)["2021-12"] == "0"


def test_partner_map_shows_the_busiest_of_many(seed: Graph, ontology: Ontology, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.export.html.summary._FIGURE", 3)
    page = render_report(seed, ontology, _report(seed))
    assert re.search(r"图中是伙伴最多的 \d 个单位之间的 \d 条，共 \d+ 条。", page)
    assert "支付公司" in re.search(r'<div class="figure">.*?</div>', page, re.S)[0]
