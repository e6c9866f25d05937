"""The page of a large graph, drawn with WebGL: it answers as that of a small one does."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from kg.export.html import render_html
from kg.graph import Graph, build_graph
from kg.model import Document, Entity, Evidence, Fact, Knowledge, Located
from kg.ontology import Ontology, default_pack, load_ontology
from tests.browsing import Browser, until

from .gold_graph import SEED, gold_graph
from .page_steps import click_at, download, find, id_of, open_page, page_has, place_of, requests_of, script_click, text_of

pytest.importorskip("selenium", reason="selenium is not installed")


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(default_pack())


def test_sigma_draws_the_same_graph(browser: Browser, ontology: Ontology, tmp_path: Path) -> None:
    seed = gold_graph([SEED], ontology)
    (tmp_path / "g.html").write_text(render_html(seed, ontology, renderer="sigma"), encoding="utf-8")
    address = (tmp_path / "g.html").as_uri()
    open_page(browser, address)
    assert "sigma.js" in text_of(browser, "#status")
    assert [url for url in requests_of(browser) if url != address] == []
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]
    find(browser, "支付公司")
    assert "海南联通" in text_of(browser, "#panel")
    time.sleep(0.6)
    script_click(browser, ".close")
    script_click(browser, "#fit")
    time.sleep(0.6)
    at = place_of(browser, seed, "中国联通")
    click_at(browser, at["x"], at["y"])
    until(browser, lambda: text_of(browser, "#panel h2") == "中国联通")
def many(ontology: Ontology, *, groups: int = 20, each: int = 40) -> Graph:
    """Groups of a body with its units, the first of each group paired with the next group's."""
    entities, facts, text = [], [], ""
    evidence = (Evidence("d", 0, 2, "一甲"),)
    for group in range(groups):
        for n in range(each):
            name = f"第{group}集团" if n == 0 else f"第{group}集团{n}部"
            entities.append(
                Entity(f"organization/{group:03}-{n:03}", "Organization", name, subtype="Department" if n else "Company",
                       mentions=(Located("d", len(text), len(text) + len(name), name),))
            )  # fmt: skip
            text += name
            if n:
                facts.append(Fact(f"{group:03}-{n:03}", entities[-1].id, "partOf", f"organization/{group:03}-000", evidence))
        if group:
            ends = (f"organization/{group - 1:03}-000", f"organization/{group:03}-000")
            facts.append(Fact(f"pair-{group:03}", ends[0], "pairsWith", ends[1], evidence))
    return build_graph(Knowledge((Document("d", "d.txt", text, "0"),), tuple(entities), tuple(facts)), ontology)


def test_a_large_graph_answers_as_a_small_one(browser: Browser, ontology: Ontology, tmp_path: Path, downloads: Path) -> None:
    graph = many(ontology)
    (tmp_path / "g.html").write_text(render_html(graph, ontology, renderer="sigma"), encoding="utf-8")
    open_page(browser, (tmp_path / "g.html").as_uri())
    until(browser, lambda: browser.execute_script("return knowledgeGraph.drawings()"))
    assert "第7集团" in {graph.nodes[n]["label"] for n in browser.execute_script("return knowledgeGraph.named()")}
    at = place_of(browser, graph, "第7集团")
    click_at(browser, at["x"], at["y"])
    until(browser, lambda: text_of(browser, "#panel") and text_of(browser, "#panel h2") == "第7集团")
    ids = [id_of(graph, name) for name in ("第7集团", "第8集团")]
    open_page(browser, f"{(tmp_path / 'g.html').as_uri()}#{urlencode({'path': '|'.join(ids)})}")
    time.sleep(0.5)
    one, two = (place_of(browser, graph, name) for name in ("第7集团", "第8集团"))
    click_at(browser, (one["x"] + two["x"]) / 2, (one["y"] + two["y"]) / 2)
    until(browser, lambda: page_has(browser, "#panel blockquote"))
    assert {"第7集团", "第8集团"} <= set(text_of(browser, "#panel h2").split())
    script_click(browser, "#save-svg")
    saved = download(browser, downloads, "graph.svg")
    assert "第19集团" in "".join(ElementTree.parse(saved).getroot().itertext())
    saved.unlink()


def test_two_changes_at_once_both_reach_the_large_picture(browser: Browser, ontology: Ontology, tmp_path: Path) -> None:
    (tmp_path / "g.html").write_text(render_html(many(ontology), ontology, renderer="sigma"), encoding="utf-8")
    open_page(browser, (tmp_path / "g.html").as_uri() + "#theme=light")
    time.sleep(0.5)
    before = len(browser.get_screenshot_as_png())
    script_click(browser, '[data-only="pairsWith"]')
    time.sleep(0.8)
    assert len(browser.get_screenshot_as_png()) < 0.95 * before
    browser.execute_script("for (const id of ['reset', 'edge-names', 'edge-names']) document.getElementById(id).click()")
    time.sleep(0.8)
    assert len(browser.get_screenshot_as_png()) > 0.97 * before
