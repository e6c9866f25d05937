"""The page to ask on, in a real browser that reaches nothing but this server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browsing import Browser
from tests.serve.conftest import Start

pytest.importorskip("selenium", reason="selenium is not installed")
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait


@pytest.fixture
def page(browser: Browser, address: str) -> Browser:
    browser.get_log("browser")
    browser.get(address + "query")
    return browser


def find(page: Browser, selector: str) -> list[Any]:
    return page.find_elements(By.CSS_SELECTOR, selector)


def run(page: Browser, text: str | None = None) -> str:
    if text is not None:
        page.execute_script("document.getElementById('text').value = arguments[0]", text)
    find(page, "#run")[0].click()
    WebDriverWait(page, 10).until(lambda _: find(page, "#run")[0].is_enabled())
    return str(find(page, "#status")[0].text)


def test_every_ready_made_question_runs_and_shows_names(page: Browser) -> None:
    questions = Select(find(page, "#question")[0])
    assert len(questions.options) == 11
    for number in range(1, 11):
        Select(find(page, "#question")[0]).select_by_index(number)
        status = run(page)
        assert status.endswith("行"), status
    Select(find(page, "#question")[0]).select_by_index(1)
    assert [head.text for head in find(page, "#parameters label")] == ["body — 只看某机构"]
    find(page, "#parameters input")[0].send_keys("支付公司")
    assert run(page) == "4 行"
    assert [head.text for head in find(page, "#answer th")] == ["body", "partner"]
    names = {link.text for link in find(page, "#answer td a")}
    assert names == {"支付公司", "海南联通", "广西联通", "研究院", "软研院"}
    assert "violate" not in " ".join(line["message"] for line in page.get_log("browser")), "the policy allows all it needs"


def test_a_name_leads_to_its_place_in_the_graph(page: Browser) -> None:
    run(page)
    link = next(link for link in find(page, "#answer td a") if link.text == "支付公司")
    link.click()
    WebDriverWait(page, 20).until(lambda _: "#node=organization" in page.current_url and find(page, "canvas"))
    assert "支付公司" in find(page, "body")[0].text


def test_errors_booleans_and_graphs_are_shown_and_english_is_a_click_away(page: Browser) -> None:
    assert "line 1, column" in run(page, "SELECT * {")
    assert find(page, "#status.wrong")
    assert run(page, "ASK { ?x a kgo:PartnerBody }") == "是"
    run(page, "CONSTRUCT WHERE { ?a kgo:pairsWith ?b }")
    assert "kgo:pairsWith" in find(page, "#answer pre")[0].text
    find(page, "#language")[0].click()
    assert find(page, "h1")[0].text == "Query"
    assert run(page, "ASK { ?x a kgo:PartnerBody }") == "true"


def test_hostile_names_run_no_script(browser: Browser, start: Start, tmp_path: Path) -> None:
    payload = "<img src=x onerror=window.hacked=1></script><script>window.hacked=1</script>"
    (tmp_path / "g.ttl").write_text(
        f'<https://x.example/id/a> <http://www.w3.org/2004/02/skos/core#prefLabel> "{payload}"@zh .'
        f'<javascript:window.hacked=1> <urn:p> "{payload}" .',
        encoding="utf-8",
    )
    browser.get(start(tmp_path / "g.ttl") + "query")
    assert run(browser, "SELECT ?s ?o { ?s skos:prefLabel|<urn:p> ?o }") == "2 行"
    assert payload in find(browser, "#answer")[0].text
    assert browser.execute_script("return window.hacked === undefined")
    assert not find(browser, "a[href^=javascript]")
