"""Text that would like to run, in every place where the page shows text, in what it saves and in its address."""

from __future__ import annotations

import csv
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from kg.export.html import render_html, write_html
from kg.graph import Graph, build_graph
from kg.model import Document, Entity, Evidence, Fact, Knowledge, Located, Span
from kg.ontology import Ontology, default_pack, load_ontology
from tests.browsing import Browser

from .gold_graph import SEED, gold_graph
from .page_steps import download, open_page, requests_of, script_click, text_of

pytest.importorskip("selenium", reason="selenium is not installed")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PAYLOADS = (
    "<img src=x onerror=window.hacked=1>",
    "</script><script>window.hacked=1</script>",
    "\"><svg onload=window.hacked=1>",
    "javascript:window.hacked=1",
    "<a href='javascript:window.hacked=1'>点我</a>",
    "'-(window.hacked=1)-'",
    "<iframe srcdoc='<script>parent.hacked=1</script>'>",
    "]]><script>window.hacked=1</script>",
    "{{program}}${window.hacked=1}",
    "&lt;script&gt;window.hacked=1&lt;/script&gt;",
    "<style>*{display:none}</style>",
    "=HYPERLINK(\"http://x\",\"y\")",
    " =1+1",
    "＝1+1",
    "-2+3",
    "@SUM(1)",
    "a\u2028b\u2029c\u202eevil",
    "😀𠮷<b>粗体</b>",
)


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(default_pack())


@pytest.fixture(scope="module")
def seed_page(ontology: Ontology, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("输出 out")
    write_html(gold_graph([SEED], ontology), ontology, folder)
    return (folder / "graph.html").as_uri()


def hostile_graph(ontology: Ontology) -> Graph:
    """Every payload as name, alias, attribute, sentence, title, path and id; offsets count code points."""
    text, entities, facts = PAYLOADS[0] + "\n\n", [], []
    for n, payload in enumerate(PAYLOADS):
        start = len(text)
        text += payload
        mention = Located("d" + PAYLOADS[0], start, start + len(payload), payload)
        text += "开展结对。\n"
        entities.append(
            Entity(f"organization/{n}{payload}", "Organization", payload, subtype="Company", aliases=(payload + "别名",),
                   mentions=(mention,), attributes=((payload, payload),), registry=payload)
        )  # fmt: skip
    for n, one in enumerate(entities[:-1]):
        a, b = one.mentions[0].start, entities[n + 1].mentions[0].end
        odd = PAYLOADS[n]
        evidence = Evidence(one.mentions[0].document, a, b, text[a:b], extractor=odd, attributes=((odd, odd),))
        facts.append(Fact(f"f{n}{PAYLOADS[n]}", one.id, "collaboratesWith", entities[n + 1].id, (evidence,)))
    documents = [
        Document("d" + PAYLOADS[0], PAYLOADS[1], text, "0", title=Span(0, len(PAYLOADS[0])), publisher=Span(0, len(PAYLOADS[0]))),
        Document("e" + PAYLOADS[2], PAYLOADS[3], PAYLOADS[1], "0", title=Span(0, len(PAYLOADS[1]))),
    ]
    return build_graph(Knowledge(tuple(documents), tuple(entities), tuple(facts)), ontology)


@pytest.mark.parametrize("renderer", ["vis", "sigma"])
def test_hostile_text_is_shown_and_never_run(
    browser: Browser, ontology: Ontology, tmp_path: Path, downloads: Path, renderer: str
) -> None:
    graph = hostile_graph(ontology)
    (tmp_path / "h.html").write_text(render_html(graph, ontology, title=PAYLOADS[1], renderer=renderer), encoding="utf-8")
    address = (tmp_path / "h.html").as_uri()
    open_page(browser, address)
    assert browser.title == PAYLOADS[1]
    for payload in PAYLOADS[:3] + PAYLOADS[-1:]:
        field = browser.find_element(By.ID, "find")
        browser.execute_script(
            "arguments[0].value=arguments[1];arguments[0].dispatchEvent(new Event('input'))", field, payload
        )
        assert payload in text_of(browser, "#find-list")
        field.send_keys(Keys.ENTER)
        assert browser.execute_script("return document.querySelector('#panel h2').textContent") == payload
        script_click(browser, "#panel .says")
        assert payload in browser.execute_script("return document.querySelector('#panel blockquote').textContent")
        script_click(browser, "#panel summary")
    script_click(browser, "#panel .where .link")
    text = browser.execute_script("return document.querySelector('#view-paper .text').textContent")
    assert all(payload in text for payload in PAYLOADS)
    names = browser.execute_script("return [...document.querySelectorAll('#view-paper .name')].map((n) => n.textContent)")
    assert names == list(PAYLOADS)
    script_click(browser, "#tab-table")
    script_click(browser, "#csv")
    rows = list(csv.reader(download(browser, downloads, "facts.csv").read_bytes().decode("utf-8-sig").splitlines()))
    assert not [cell for row in rows for cell in row if cell.strip().startswith(tuple("=+-@＝＋－＠"))]
    assert [row for row in rows if "' =1+1" in row and "'＝1+1" in row]
    script_click(browser, "#tab-graph")
    script_click(browser, "#save-svg")
    saved = download(browser, downloads, "graph.svg")
    tags = {e.tag.split("}")[-1] for e in ElementTree.parse(saved).iter()}
    saved.unlink()
    assert tags <= {"svg", "title", "rect", "path", "polygon", "text", "g", "circle"}
    assert browser.execute_script("return window.hacked") is None
    active = "return document.querySelectorAll(arguments[0]).length"
    assert browser.execute_script(active, "script") == 4
    assert browser.execute_script(active, "img, iframe, object, embed, [onerror], [onload], [href^=javascript]") == 0
    assert [url for url in requests_of(browser) if url != address] == []
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_an_address_runs_nothing(browser: Browser, seed_page: str, payload: str) -> None:
    keys = ("view", "node", "fact", "depth", "hide", "without", "skip", "least", "from", "to", "path", "doc", "lang", "theme")
    open_page(browser, seed_page + "#" + urlencode(dict.fromkeys(keys, payload)))
    assert "83 个实体" in text_of(browser, "#status")
    browser.execute_script("location.hash = arguments[0]", payload)
    assert browser.execute_script("return window.hacked") is None
    assert browser.get_log("browser") == []
