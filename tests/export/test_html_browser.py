"""What a reader does with the page, in headless Chromium with every host name blocked."""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kg.export.html import write_html
from kg.graph import Graph
from kg.ontology import Ontology, default_pack, load_ontology
from tests.browsing import Browser, until

from .gold_graph import SEED, gold_graph
from .page_steps import click_at, download, find, id_of, open_page, place_of, requests_of, script_click, text_of

pytest.importorskip("selenium", reason="selenium is not installed")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


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
    open_page(browser, seed_page)
    return browser


def test_opens_without_a_single_request_or_complaint(page: Browser, seed_page: str) -> None:
    time.sleep(0.3)
    assert [url for url in requests_of(page) if url != seed_page] == []
    assert page.get_log("browser") == []
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_shows_chinese_labels_and_a_legend_with_counts(page: Browser) -> None:
    assert text_of(page, "html") and page.find_element(By.TAG_NAME, "html").get_attribute("lang") == "zh-CN"
    legend = text_of(page, "#legend-types")
    assert "企业" in legend and "13" in legend
    assert "结对" in text_of(page, "#legend-predicates")
    assert "83 个实体" in text_of(page, "#status")
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
    find(page, query)
    assert text_of(page, "#panel h2") == "支付公司"


def test_search_finds_an_alias(page: Browser, seed: Graph) -> None:
    name, alias = next((r["label"], a) for _, r in seed.nodes(data=True) for a in r["aliases"] if len(a) > 2)
    field = page.find_element(By.ID, "find")
    field.send_keys(alias)
    assert name in until(page, lambda: text_of(page, "#find-list"))


def test_reader_follows_the_four_pairings_to_their_sentence(page: Browser) -> None:
    find(page, "支付公司")
    panel = text_of(page, "#panel")
    for partner in ("海南联通", "广西联通", "研究院", "软研院"):
        assert partner in panel
    assert "结对 4" in panel.replace("\n", " ")
    rows = page.find_elements(By.CSS_SELECTOR, "#panel .facts li")
    row = next(row for row in rows if row.find_element(By.CSS_SELECTOR, ".name").text == "海南联通")
    row.find_element(By.CSS_SELECTOR, ".says").click()
    assert "支付公司与海南联通、广西联通、研究院、软研院等单位开展结对共建" in text_of(page, "#panel blockquote")
    marks = {m.get_attribute("class"): m.text for m in page.find_elements(By.CSS_SELECTOR, "#panel blockquote mark")}
    assert set(marks.values()) == {"支付公司", "海南联通"}
    assert "2023-05-18" in text_of(page, "#panel .where") and "90%" in text_of(page, "#panel .where")


def test_sentence_leads_to_the_document_and_a_name_there_back_into_the_graph(page: Browser) -> None:
    find(page, "支付公司")
    script_click(page, "#panel .facts h4:nth-of-type(2) + ul .says")
    page.find_element(By.CSS_SELECTOR, "#panel .where .link").click()
    assert "支付公司与海南联通" in text_of(page, "#view-paper .said")
    names = page.find_elements(By.CSS_SELECTOR, "#view-paper .text .name")
    assert len(names) > 100
    next(n for n in names if n.text == "首都师范大学马克思主义学院").click()
    assert page.find_element(By.ID, "view-graph").is_displayed()
    assert text_of(page, "#panel h2") == "首都师范大学马克思主义学院"


def test_a_click_on_a_node_and_on_an_edge_opens_the_panel(page: Browser, seed: Graph) -> None:
    time.sleep(0.3)
    at = place_of(page, seed, "中国联通")
    click_at(page, at["x"], at["y"])
    until(page, lambda: text_of(page, "#panel") and text_of(page, "#panel h2") == "中国联通")
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
    until(page, lambda: not page.find_element(By.ID, "panel").is_displayed())
    time.sleep(0.5)
    one, two = (place_of(page, seed, name) for name in ("数字化部", "4+99+32重点任务体系"))
    click_at(page, (one["x"] + two["x"]) / 2, (one["y"] + two["y"]) / 2)
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, "#panel blockquote"))
    assert "数字化部" in text_of(page, "#panel h2")


def test_filter_to_one_predicate_leaves_its_bodies(page: Browser, seed: Graph) -> None:
    script_click(page, '[data-only="pairsWith"]')
    pairs = [(s, o) for s, o, r in seed.edges(data=True) if r["predicate"] == "pairsWith"]
    assert set(page.execute_script("return knowledgeGraph.shown()")) == {n for pair in pairs for n in pair}
    assert f"{len(pairs)}/{seed.number_of_edges()}" in text_of(page, "#status")
    script_click(page, "#reset")
    assert len(page.execute_script("return knowledgeGraph.shown()")) == len(seed)


def test_legend_hides_a_type_and_partner_bodies_can_stand_alone(page: Browser, seed: Graph) -> None:
    script_click(page, '[data-key="Slogan"]')
    assert not [n for n in page.execute_script("return knowledgeGraph.shown()") if seed.nodes[n]["type"] == "Slogan"]
    script_click(page, "#partner")
    shown = page.execute_script("return knowledgeGraph.shown()")
    assert set(shown) == {n for n, r in seed.nodes(data=True) if "PartnerBody" in r["roles"]}


def test_implied_facts_can_be_left_out(page: Browser, seed: Graph) -> None:
    script_click(page, "#implied")
    stated = sum(not r["implied"] for *_, r in seed.edges(data=True))
    assert f"{stated}/{seed.number_of_edges()}" in text_of(page, "#status")


def test_neighbourhood_grows_with_depth(page: Browser) -> None:
    find(page, "反诈专班")
    sizes = []
    for depth in (1, 2, 3):
        script_click(page, f"#panel .actions .button:nth-child({depth})")
        sizes.append(len(page.execute_script("return knowledgeGraph.shown()")))
    assert 1 < sizes[0] < sizes[1] < sizes[2] < 83


def test_path_between_two_bodies_is_the_shortest(page: Browser, seed: Graph) -> None:
    import networkx as nx

    page.find_element(By.ID, "path").click()
    for n, name in enumerate(("反诈专班", "首都师范大学马克思主义学院")):
        field = page.find_elements(By.CSS_SELECTOR, "#panel .finder input")[n]
        field.send_keys(name, Keys.ENTER)
    steps = until(page, lambda: page.find_elements(By.CSS_SELECTOR, "#path-steps .hop"))
    expected = nx.shortest_path_length(seed.to_undirected(), id_of(seed, "反诈专班"), id_of(seed, "首都师范大学马克思主义学院"))
    assert len(steps) == expected


def test_language_and_theme_switch_and_the_address_keeps_them(page: Browser, seed_page: str) -> None:
    page.find_element(By.ID, "lang").click()
    assert "Company" in text_of(page, "#legend-types")
    assert "entities" in text_of(page, "#status")
    page.find_element(By.ID, "theme").click()
    find(page, "支付公司")
    address = page.current_url
    assert "lang=en" in address and "theme=dark" in address and "node=" in address
    open_page(page, address)
    assert text_of(page, "#panel h2") == "支付公司"
    assert page.find_element(By.TAG_NAME, "html").get_attribute("data-theme") == "dark"
    assert "Company" in text_of(page, "#legend-types")


def test_an_address_with_nonsense_opens_the_whole_graph(page: Browser, seed_page: str) -> None:
    nonsense = "#node=%3Cscript%3E&depth=99&hide=Nothing,__proto__&least=x&from=1;2&path=a|b&doc=..%2F..&view=evil"
    open_page(page, seed_page + nonsense)
    assert "83 个实体" in text_of(page, "#status")
    assert page.get_log("browser") == []


def test_an_address_brings_back_filters_table_document_and_path(page: Browser, seed_page: str, seed: Graph) -> None:
    script_click(page, '[data-key="Slogan"]')
    page.execute_script("const d = document.getElementById('from'); d.value = '2023-01-01'; d.dispatchEvent(new Event('change'))")
    page.execute_script("const d = document.getElementById('least'); d.value = '0.5'; d.dispatchEvent(new Event('input'))")
    page.find_element(By.ID, "path").click()
    for n, name in enumerate(("支付公司", "中讯院")):
        page.find_elements(By.CSS_SELECTOR, "#panel .finder input")[n].send_keys(name, Keys.ENTER)
    script_click(page, "#tab-table")
    address, status, steps = page.current_url, text_of(page, "#panel"), page.find_elements(By.CSS_SELECTOR, "#path-steps .hop")
    assert {"hide=Slogan", "from=2023-01-01", "least=0.5", "view=table"} <= set(address.split("#")[1].split("&"))
    assert steps
    open_page(page, address)
    assert page.find_element(By.ID, "view-table").is_displayed()
    assert text_of(page, "#panel") == status
    script_click(page, "#tab-graph")
    assert not [n for n in page.execute_script("return knowledgeGraph.shown()") if seed.nodes[n]["type"] == "Slogan"]


def test_dates_and_confidence_leave_out_what_does_not_pass(page: Browser) -> None:
    set_ = "const d = document.getElementById(arguments[0]); d.value = arguments[1]; d.dispatchEvent(new Event(arguments[2]))"
    page.execute_script(set_, "to", "2023-05-17", "change")
    assert "显示 0/83" in text_of(page, "#status")
    page.execute_script(set_, "to", "2023-05-18", "change")
    assert "83 个实体" in text_of(page, "#status")
    page.execute_script(set_, "least", "0.95", "input")
    assert "0/104" in text_of(page, "#status")


def test_table_sorts_filters_and_exports_what_is_shown(page: Browser, downloads: Path, seed: Graph) -> None:
    page.find_element(By.ID, "tab-table").click()
    assert f"{seed.number_of_edges()} 条事实" in text_of(page, "#view-table .bar")
    page.find_element(By.CSS_SELECTOR, "#view-table input").send_keys("pairsWith 支付公司")
    until(page, lambda: "4 条事实" in text_of(page, "#view-table .bar"))
    page.find_element(By.CSS_SELECTOR, "#view-table th:nth-child(3) button").click()
    ascending = [c.text for c in page.find_elements(By.CSS_SELECTOR, "#view-table td:nth-child(3)")]
    page.find_element(By.CSS_SELECTOR, "#view-table th:nth-child(3) button").click()
    assert [c.text for c in page.find_elements(By.CSS_SELECTOR, "#view-table td:nth-child(3)")] == ascending[::-1]
    page.find_element(By.ID, "csv").click()
    text = download(page, downloads, "facts.csv").read_bytes().decode("utf-8-sig")
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
    assert text_of(page, "#panel h2") == "支付公司"
    body.send_keys("n")
    assert text_of(page, "#panel h2") != "支付公司"
    body.send_keys("?")
    assert page.find_element(By.TAG_NAME, "dialog").is_displayed()
    ActionChains(page).send_keys(Keys.ESCAPE).perform()
    until(page, lambda: not page.find_elements(By.TAG_NAME, "dialog"))
    body.send_keys(Keys.ESCAPE)
    assert not page.find_element(By.ID, "panel").is_displayed()


def test_saves_svg_and_png_without_a_request(page: Browser, downloads: Path, seed_page: str) -> None:
    page.find_element(By.ID, "save-svg").click()
    root = ElementTree.parse(download(page, downloads, "graph.svg")).getroot()
    assert "中国联通" in "".join(root.itertext())
    page.find_element(By.ID, "save-png").click()
    assert download(page, downloads, "graph.png").read_bytes().startswith(b"\x89PNG")
    assert [url for url in requests_of(page) if url != seed_page] == []
    assert page.get_log("browser") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, seed_page: str, theme: str) -> None:
    axe = pytest.importorskip("axe_selenium_python.axe", reason="axe-selenium-python is not installed")
    open_page(browser, f"{seed_page}#theme={theme}")
    find(browser, "支付公司")
    for step in ("#panel .says", "#panel .where .link", "#tab-table", "#help"):
        browser.execute_script(Path(axe._DEFAULT_SCRIPT).read_text(encoding="utf-8"))
        found = browser.execute_async_script(
            "axe.run(document).then((r) => arguments[0](r.violations.map((v) => [v.impact, v.id, v.nodes[0].html])))"
        )
        assert [v for v in found if v[0] in ("serious", "critical")] == [], step
        script_click(browser, step)


@pytest.mark.skipif("KG_SCREENSHOTS" not in os.environ, reason="KG_SCREENSHOTS names no folder to keep pictures in")
def test_pictures_for_the_documentation(browser: Browser, seed_page: str) -> None:
    """``KG_GRAPH`` may name the ``graph.html`` of a build to show in place of the annotated seed."""
    folder = Path(os.environ["KG_SCREENSHOTS"])
    page = Path(os.environ["KG_GRAPH"]).resolve().as_uri() if "KG_GRAPH" in os.environ else seed_page
    browser.set_window_size(1440, 960)
    open_page(browser, page)
    time.sleep(0.8)
    assert browser.save_screenshot(str(folder / "graph.png"))
    browser.set_window_size(1440, 900)


def test_queries_name_the_thing_selected(page: Browser, seed: Graph) -> None:
    find(page, "支付公司")
    script_click(page, "#panel summary")
    queries = text_of(page, "#panel .queries")
    assert f"<https://example.org/kg/id/{id_of(seed, '支付公司')}>" in queries
    assert "MATCH (n:Entity {id:" in queries


