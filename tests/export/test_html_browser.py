"""What a reader does with the page, in headless Chromium with every host name blocked."""

from __future__ import annotations

import csv
import json
import os
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kg.export.html import render_html, write_html
from kg.graph import Graph, build_graph
from kg.model import Document, Entity, Evidence, Fact, Knowledge, Located, Span
from kg.ontology import Ontology, default_pack, load_ontology
from tests.browsing import Browser, until

from .gold_graph import SEED, gold_graph

pytest.importorskip("selenium", reason="selenium is not installed")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
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
    "a\u2028b\u2029c\u202eevil",
    "😀𠮷<b>粗体</b>",
)


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(default_pack())


@pytest.fixture(scope="module")
def seed(ontology: Ontology) -> Graph:
    return gold_graph([SEED], ontology)


@pytest.fixture(scope="module")
def seed_page(seed: Graph, ontology: Ontology, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("输出 out")
    write_html(seed, ontology, folder)
    return (folder / "graph.html").as_uri()


@pytest.fixture
def page(browser: Browser, seed_page: str) -> Browser:
    _open(browser, seed_page)
    return browser


def _open(browser: Browser, address: str) -> None:
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(address)
    until(browser, lambda: browser.execute_script("return document.documentElement.dataset.ready") == "yes")


def _text(browser: Browser, selector: str) -> str:
    return browser.find_element(By.CSS_SELECTOR, selector).text


def _script_click(browser: Browser, selector: str) -> None:
    browser.execute_script("document.querySelector(arguments[0]).click()", selector)


def _find(browser: Browser, text: str, box: str = "#find") -> None:
    field = browser.find_element(By.CSS_SELECTOR, box)
    field.clear()
    field.send_keys(text)
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".suggestions:not([hidden]) li"))
    field.send_keys(Keys.ENTER)


def _requests(browser: Browser) -> list[str]:
    messages = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    # Chromium's own date field loads its icon from a data: URL; pictures to save are blob: URLs. Neither leaves the page.
    return [url for url in urls if not url.startswith(("data:", "blob:"))]


def _id_of(graph: Graph, name: str) -> str:
    return next(n for n, record in graph.nodes(data=True) if record["label"] == name)


def _download(browser: Browser, folder: Path, name: str) -> Path:
    path = folder / name
    until(browser, lambda: path.exists() and path.stat().st_size and not list(folder.glob("*.crdownload")))
    return path


def test_opens_without_a_single_request_or_complaint(page: Browser, seed_page: str) -> None:
    time.sleep(0.3)
    assert [url for url in _requests(page) if url != seed_page] == []
    assert page.get_log("browser") == []
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_shows_chinese_labels_and_a_legend_with_counts(page: Browser) -> None:
    assert _text(page, "html") and page.find_element(By.TAG_NAME, "html").get_attribute("lang") == "zh-CN"
    legend = _text(page, "#legend-types")
    assert "企业" in legend and "13" in legend
    assert "结对" in _text(page, "#legend-predicates")
    assert "83 个实体" in _text(page, "#status")
    # The canvas is not blank: more than a few colours.
    colours = page.execute_script(
        "const c=document.querySelector('#net canvas'),d=c.getContext('2d').getImageData(0,0,c.width,c.height).data,s=new Set();"
        "for(let i=0;i<d.length;i+=16)s.add(d[i]<<16|d[i+1]<<8|d[i+2]);return s.size"
    )
    assert colours > 100


def test_almost_all_names_are_shown_at_the_start(page: Browser) -> None:
    until(page, lambda: page.execute_script("return knowledgeGraph.named().length") >= 70)


@pytest.mark.parametrize("query", ["支付公司", "zhifugongsi", "zfgs"])
def test_search_finds_by_name_pinyin_and_initials(page: Browser, query: str) -> None:
    _find(page, query)
    assert _text(page, "#panel h2") == "支付公司"


def test_search_finds_an_alias(page: Browser, seed: Graph) -> None:
    name, alias = next((r["label"], a) for _, r in seed.nodes(data=True) for a in r["aliases"] if len(a) > 2)
    field = page.find_element(By.ID, "find")
    field.send_keys(alias)
    assert name in until(page, lambda: _text(page, "#find-list"))


def test_reader_follows_the_four_pairings_to_their_sentence(page: Browser) -> None:
    _find(page, "支付公司")
    panel = _text(page, "#panel")
    for partner in ("海南联通", "广西联通", "研究院", "软研院"):
        assert partner in panel
    assert "结对 4" in panel.replace("\n", " ")
    rows = page.find_elements(By.CSS_SELECTOR, "#panel .facts li")
    row = next(row for row in rows if row.find_element(By.CSS_SELECTOR, ".name").text == "海南联通")
    row.find_element(By.CSS_SELECTOR, ".says").click()
    assert "支付公司与海南联通、广西联通、研究院、软研院等单位开展结对共建" in _text(page, "#panel blockquote")
    marks = {m.get_attribute("class"): m.text for m in page.find_elements(By.CSS_SELECTOR, "#panel blockquote mark")}
    assert set(marks.values()) == {"支付公司", "海南联通"}
    assert "2023-05-18" in _text(page, "#panel .where") and "90%" in _text(page, "#panel .where")


def test_sentence_leads_to_the_document_and_a_name_there_back_into_the_graph(page: Browser) -> None:
    _find(page, "支付公司")
    _script_click(page, "#panel .facts h4:nth-of-type(2) + ul .says")
    page.find_element(By.CSS_SELECTOR, "#panel .where .link").click()
    assert "支付公司与海南联通" in _text(page, "#view-paper .said")
    names = page.find_elements(By.CSS_SELECTOR, "#view-paper .text .name")
    assert len(names) > 100
    next(n for n in names if n.text == "首都师范大学马克思主义学院").click()
    assert page.find_element(By.ID, "view-graph").is_displayed()
    assert _text(page, "#panel h2") == "首都师范大学马克思主义学院"


def test_a_click_on_a_node_and_on_an_edge_opens_the_panel(page: Browser, seed: Graph) -> None:
    time.sleep(0.3)
    at = _place(page, seed, "中国联通")
    _click_at(page, at["x"], at["y"])
    until(page, lambda: _text(page, "#panel") and _text(page, "#panel h2") == "中国联通")
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
    until(page, lambda: not page.find_element(By.ID, "panel").is_displayed())
    time.sleep(0.5)
    one, two = (_place(page, seed, name) for name in ("数字化部", "4+99+32重点任务体系"))
    _click_at(page, (one["x"] + two["x"]) / 2, (one["y"] + two["y"]) / 2)
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, "#panel blockquote"))
    assert "数字化部" in _text(page, "#panel h2")


def _place(browser: Browser, graph: Graph, name: str) -> dict[str, float]:
    return browser.execute_script("return knowledgeGraph.positionOf(arguments[0])", _id_of(graph, name))


def _click_at(browser: Browser, x: float, y: float) -> None:
    actions = ActionBuilder(browser)
    actions.pointer_action.move_to_location(round(x), round(y)).click()
    actions.perform()


def test_filter_to_one_predicate_leaves_its_bodies(page: Browser, seed: Graph) -> None:
    _script_click(page, '[data-only="pairsWith"]')
    pairs = [(s, o) for s, o, r in seed.edges(data=True) if r["predicate"] == "pairsWith"]
    assert set(page.execute_script("return knowledgeGraph.shown()")) == {n for pair in pairs for n in pair}
    assert f"{len(pairs)}/{seed.number_of_edges()}" in _text(page, "#status")
    _script_click(page, "#reset")
    assert len(page.execute_script("return knowledgeGraph.shown()")) == len(seed)


def test_legend_hides_a_type_and_partner_bodies_can_stand_alone(page: Browser, seed: Graph) -> None:
    _script_click(page, '[data-key="Slogan"]')
    assert not [n for n in page.execute_script("return knowledgeGraph.shown()") if seed.nodes[n]["type"] == "Slogan"]
    _script_click(page, "#partner")
    shown = page.execute_script("return knowledgeGraph.shown()")
    assert set(shown) == {n for n, r in seed.nodes(data=True) if "PartnerBody" in r["roles"]}


def test_implied_facts_can_be_left_out(page: Browser, seed: Graph) -> None:
    _script_click(page, "#implied")
    stated = sum(not r["implied"] for *_, r in seed.edges(data=True))
    assert f"{stated}/{seed.number_of_edges()}" in _text(page, "#status")


def test_neighbourhood_grows_with_depth(page: Browser) -> None:
    _find(page, "反诈专班")
    sizes = []
    for depth in (1, 2, 3):
        _script_click(page, f"#panel .actions .button:nth-child({depth})")
        sizes.append(len(page.execute_script("return knowledgeGraph.shown()")))
    assert 1 < sizes[0] < sizes[1] < sizes[2] < 83


def test_path_between_two_bodies_is_the_shortest(page: Browser, seed: Graph) -> None:
    import networkx as nx

    page.find_element(By.ID, "path").click()
    for n, name in enumerate(("反诈专班", "首都师范大学马克思主义学院")):
        field = page.find_elements(By.CSS_SELECTOR, "#panel .finder input")[n]
        field.send_keys(name, Keys.ENTER)
    steps = until(page, lambda: page.find_elements(By.CSS_SELECTOR, "#path-steps .hop"))
    expected = nx.shortest_path_length(seed.to_undirected(), _id_of(seed, "反诈专班"), _id_of(seed, "首都师范大学马克思主义学院"))
    assert len(steps) == expected


def test_language_and_theme_switch_and_the_address_keeps_them(page: Browser, seed_page: str) -> None:
    page.find_element(By.ID, "lang").click()
    assert "Company" in _text(page, "#legend-types")
    assert "entities" in _text(page, "#status")
    page.find_element(By.ID, "theme").click()
    _find(page, "支付公司")
    address = page.current_url
    assert "lang=en" in address and "theme=dark" in address and "node=" in address
    _open(page, address)
    assert _text(page, "#panel h2") == "支付公司"
    assert page.find_element(By.TAG_NAME, "html").get_attribute("data-theme") == "dark"
    assert "Company" in _text(page, "#legend-types")


def test_an_address_with_nonsense_opens_the_whole_graph(page: Browser, seed_page: str) -> None:
    _open(page, seed_page + "#node=%3Cscript%3E&depth=99&hide=Nothing,__proto__&least=x&from=1;2&path=a|b&doc=..%2F..&view=evil")
    assert "83 个实体" in _text(page, "#status")
    assert page.get_log("browser") == []


def test_table_sorts_filters_and_exports_what_is_shown(page: Browser, downloads: Path, seed: Graph) -> None:
    page.find_element(By.ID, "tab-table").click()
    assert f"{seed.number_of_edges()} 条事实" in _text(page, "#view-table .bar")
    page.find_element(By.CSS_SELECTOR, "#view-table input").send_keys("pairsWith 支付公司")
    until(page, lambda: "4 条事实" in _text(page, "#view-table .bar"))
    page.find_element(By.CSS_SELECTOR, "#view-table th:nth-child(3) button").click()
    ascending = [c.text for c in page.find_elements(By.CSS_SELECTOR, "#view-table td:nth-child(3)")]
    page.find_element(By.CSS_SELECTOR, "#view-table th:nth-child(3) button").click()
    assert [c.text for c in page.find_elements(By.CSS_SELECTOR, "#view-table td:nth-child(3)")] == ascending[::-1]
    page.find_element(By.ID, "csv").click()
    text = _download(page, downloads, "facts.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 4
    assert {r["predicate"] for r in rows} == {"pairsWith"}
    assert all(r["subject_id"] in seed and r["object_id"] in seed for r in rows)


def test_keyboard_alone_reaches_search_views_and_neighbours(page: Browser) -> None:
    body = page.find_element(By.TAG_NAME, "body")
    body.send_keys("2")
    assert page.find_element(By.ID, "view-table").is_displayed()
    body.send_keys("1")
    body.send_keys("/")
    page.switch_to.active_element.send_keys("支付公司", Keys.ENTER)
    assert _text(page, "#panel h2") == "支付公司"
    body.send_keys("n")
    assert _text(page, "#panel h2") != "支付公司"
    body.send_keys("?")
    assert page.find_element(By.TAG_NAME, "dialog").is_displayed()
    ActionChains(page).send_keys(Keys.ESCAPE).perform()
    until(page, lambda: not page.find_elements(By.TAG_NAME, "dialog"))
    body.send_keys(Keys.ESCAPE)
    assert not page.find_element(By.ID, "panel").is_displayed()


def test_saves_svg_and_png_without_a_request(page: Browser, downloads: Path, seed_page: str) -> None:
    page.find_element(By.ID, "save-svg").click()
    root = ElementTree.parse(_download(page, downloads, "graph.svg")).getroot()
    assert "中国联通" in "".join(root.itertext())
    page.find_element(By.ID, "save-png").click()
    assert _download(page, downloads, "graph.png").read_bytes().startswith(b"\x89PNG")
    assert [url for url in _requests(page) if url != seed_page] == []
    assert page.get_log("browser") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, seed_page: str, theme: str) -> None:
    axe = pytest.importorskip("axe_selenium_python.axe", reason="axe-selenium-python is not installed")
    _open(browser, f"{seed_page}#theme={theme}")
    _find(browser, "支付公司")
    for step in ("#panel .says", "#panel .where .link", "#tab-table", "#help"):
        browser.execute_script(Path(axe._DEFAULT_SCRIPT).read_text(encoding="utf-8"))
        found = browser.execute_async_script(
            "axe.run(document).then((r) => arguments[0](r.violations.map((v) => [v.impact, v.id, v.nodes[0].html])))"
        )
        assert [v for v in found if v[0] in ("serious", "critical")] == [], step
        _script_click(browser, step)


@pytest.mark.skipif("KG_SCREENSHOTS" not in os.environ, reason="KG_SCREENSHOTS names no folder to keep pictures in")
def test_pictures_for_the_documentation(browser: Browser, seed_page: str) -> None:
    """``KG_GRAPH`` may name the ``graph.html`` of a build to show in place of the annotated seed."""
    folder = Path(os.environ["KG_SCREENSHOTS"])
    page = Path(os.environ["KG_GRAPH"]).resolve().as_uri() if "KG_GRAPH" in os.environ else seed_page
    browser.set_window_size(1440, 960)
    _open(browser, page)
    time.sleep(0.8)
    assert browser.save_screenshot(str(folder / "graph.png"))
    browser.set_window_size(1440, 900)


def test_queries_name_the_thing_selected(page: Browser, seed: Graph) -> None:
    _find(page, "支付公司")
    _script_click(page, "#panel summary")
    queries = _text(page, "#panel .queries")
    assert f"<https://example.org/kg/id/{_id_of(seed, '支付公司')}>" in queries
    assert "MATCH (n:Entity {id:" in queries


def test_sigma_draws_the_same_graph(browser: Browser, seed: Graph, ontology: Ontology, tmp_path: Path) -> None:
    (tmp_path / "g.html").write_text(render_html(seed, ontology, renderer="sigma"), encoding="utf-8")
    address = (tmp_path / "g.html").as_uri()
    _open(browser, address)
    assert "sigma.js" in _text(browser, "#status")
    assert [url for url in _requests(browser) if url != address] == []
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]
    _find(browser, "支付公司")
    assert "海南联通" in _text(browser, "#panel")
    time.sleep(0.6)
    _script_click(browser, ".close")
    _script_click(browser, "#fit")
    time.sleep(0.6)
    at = _place(browser, seed, "中国联通")
    _click_at(browser, at["x"], at["y"])
    until(browser, lambda: _text(browser, "#panel h2") == "中国联通")


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
    _open(browser, address)
    assert browser.title == PAYLOADS[1]
    for payload in PAYLOADS[:3] + PAYLOADS[-1:]:
        field = browser.find_element(By.ID, "find")
        browser.execute_script(
            "arguments[0].value=arguments[1];arguments[0].dispatchEvent(new Event('input'))", field, payload
        )
        assert payload in _text(browser, "#find-list")
        field.send_keys(Keys.ENTER)
        assert browser.execute_script("return document.querySelector('#panel h2').textContent") == payload
        _script_click(browser, "#panel .says")
        assert payload in browser.execute_script("return document.querySelector('#panel blockquote').textContent")
        _script_click(browser, "#panel summary")
    _script_click(browser, "#panel .where .link")
    text = browser.execute_script("return document.querySelector('#view-paper .text').textContent")
    assert all(payload in text for payload in PAYLOADS)
    names = browser.execute_script("return [...document.querySelectorAll('#view-paper .name')].map((n) => n.textContent)")
    assert names == list(PAYLOADS)
    _script_click(browser, "#tab-table")
    _script_click(browser, "#csv")
    rows = list(csv.reader(_download(browser, downloads, "facts.csv").read_bytes().decode("utf-8-sig").splitlines()))
    (downloads / "facts.csv").unlink()
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]
    _script_click(browser, "#tab-graph")
    _script_click(browser, "#save-svg")
    saved = _download(browser, downloads, "graph.svg")
    tags = {e.tag.split("}")[-1] for e in ElementTree.parse(saved).iter()}
    saved.unlink()
    assert tags <= {"svg", "title", "rect", "path", "polygon", "text", "g", "circle"}
    assert browser.execute_script("return window.hacked") is None
    active = "return document.querySelectorAll(arguments[0]).length"
    assert browser.execute_script(active, "script") == 4
    assert browser.execute_script(active, "img, iframe, object, embed, [onerror], [onload], [href^=javascript]") == 0
    assert [url for url in _requests(browser) if url != address] == []
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]
