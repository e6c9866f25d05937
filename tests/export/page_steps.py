"""Steps that tests of a page in Chromium take."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from kg.graph import Graph
from tests.browsing import Browser, until

pytest.importorskip("selenium", reason="selenium is not installed")
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


def open_page(browser: Browser, address: str) -> None:
    """Open a page, forget what was logged before, and wait until it is ready."""
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(address)
    until(browser, lambda: browser.execute_script("return document.documentElement.dataset.ready") == "yes")


def text_of(browser: Browser, selector: str) -> str:
    """Return the text of an element as it is shown."""
    return browser.find_element(By.CSS_SELECTOR, selector).text


def script_click(browser: Browser, selector: str) -> None:
    """Click an element that may lie below another."""
    browser.execute_script("document.querySelector(arguments[0]).click()", selector)


def find(browser: Browser, text: str, box: str = "#find") -> None:
    """Type into a search box and take the first suggestion."""
    field = browser.find_element(By.CSS_SELECTOR, box)
    field.clear()
    field.send_keys(text)
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".suggestions:not([hidden]) li"))
    field.send_keys(Keys.ENTER)


def requests_of(browser: Browser) -> list[str]:
    """Return the addresses asked for since the last call, but for those that leave no page."""
    messages = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    # Chromium's own date field loads its icon from a data: URL; pictures to save are blob: URLs. Neither leaves the page.
    return [url for url in urls if not url.startswith(("data:", "blob:"))]


def id_of(graph: Graph, name: str) -> str:
    """Return the id of the node with this name."""
    return next(n for n, record in graph.nodes(data=True) if record["label"] == name)


def download(browser: Browser, folder: Path, name: str) -> Path:
    """Wait for a file that the page saves, and take it away, so that the next of this name is not mistaken for it."""
    path = folder / name
    until(browser, lambda: path.exists() and path.stat().st_size and not list(folder.glob("*.crdownload")))
    return path.replace(Path(tempfile.mkdtemp(dir=folder.parent)) / name)


def place_of(browser: Browser, graph: Graph, name: str) -> dict[str, float]:
    """Return where a node stands on the screen."""
    return browser.execute_script("return knowledgeGraph.positionOf(arguments[0])", id_of(graph, name))


def click_at(browser: Browser, x: float, y: float) -> None:
    """Press and release the mouse."""
    actions = ActionBuilder(browser)
    actions.pointer_action.move_to_location(round(x), round(y)).click()
    actions.perform()


def page_has(browser: Browser, selector: str) -> list[Browser]:
    """Return the elements that there are."""
    return browser.find_elements(By.CSS_SELECTOR, selector)
