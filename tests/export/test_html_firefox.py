"""The page in the other browser: the same file opens, finds, answers and keeps to itself in Firefox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kg.export.html import render_html
from kg.ontology import Ontology
from tests.browsing import Firefox, firefox

from .gold_graph import SEED, gold_graph

FIND = """(() => {
  const field = document.getElementById("find");
  field.value = "zfgs";
  field.dispatchEvent(new Event("input"));
  field.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter"}));
  return document.querySelector("#panel h2").textContent;
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("firefox")) as found:
        yield found


@pytest.fixture(scope="module")
def address(pack_ontology: Ontology, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder, graph = tmp_path_factory.mktemp("输出 out"), gold_graph([SEED], pack_ontology)
    for renderer in ("vis", "sigma"):
        (folder / f"{renderer}.html").write_text(render_html(graph, pack_ontology, renderer=renderer), encoding="utf-8")
    return {renderer: (folder / f"{renderer}.html").as_uri() for renderer in ("vis", "sigma")}


def test_opens_finds_and_shows_the_sentence_without_a_request_or_complaint(page: Firefox, address: dict[str, str]) -> None:
    page.open(address["vis"])
    assert page.run("document.documentElement.dataset.ready") == "yes"
    assert page.run("document.getElementById('status').textContent") == "83 个实体 · 104 条关系"
    assert page.run("knowledgeGraph.named().length") >= 70
    assert page.run(FIND) == "支付公司"
    page.run("document.querySelector('#panel .says').click()")
    assert "支付公司" in page.run("document.querySelector('#panel blockquote').textContent")
    page.run("document.getElementById('tab-table').click()")
    assert page.run("document.querySelectorAll('#view-table tbody tr').length") == 104
    page.run("document.getElementById('lang').click()")
    assert page.run("document.getElementById('tab-graph').textContent") == "Graph"
    asked = [e["params"]["request"]["url"] for e in page.events if e["method"] == "network.beforeRequestSent"]
    # vis-network's own style names a font by a data: URL, which leaves no page.
    assert [url for url in asked if url.split("#")[0] != address["vis"] and not url.startswith("data:")] == []
    assert [e["params"]["text"] for e in page.events if e["method"] == "log.entryAdded"] == []


def test_without_webgl_the_large_page_says_so_and_still_answers(page: Firefox, address: dict[str, str]) -> None:
    page.open(address["sigma"])
    assert page.run("document.documentElement.dataset.ready") == "yes"
    if not page.run("!!document.createElement('canvas').getContext('webgl')"):
        assert "没有 WebGL" in page.run("document.getElementById('no-webgl').textContent")
    assert page.run(FIND) == "支付公司"
    page.run("document.getElementById('tab-paper').click()")
    assert page.run("document.querySelectorAll('#view-paper .text .name').length") > 100
