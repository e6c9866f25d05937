"""Real browsers that reach nothing but this machine: Chromium by its driver, Firefox by WebDriver BiDi, which needs none."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Browser = Any
CHROMIUM = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--window-size=1440,900", "--lang=zh-CN",
)  # fmt: skip
FIREFOX = {
    "app.normandy.enabled": False, "app.update.enabled": False, "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False, "network.proxy.type": 1, "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9, "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9, "intl.accept_languages": "zh-CN",
}  # fmt: skip


def missing(what: str) -> None:
    """Skip the test for want of a program; where everything is required, fail."""
    if os.environ.get("KG_REQUIRE_ALL") == "1":
        pytest.fail(f"required (KG_REQUIRE_ALL=1) and not installed: {what}")
    pytest.skip(f"not installed: {what}")


@contextmanager
def chromium(profile: Path, downloads: Path) -> Iterator[Browser]:
    """A headless Chromium that keeps what pages save in ``downloads``."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    program = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if not (program and driver):
        missing("chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (*CHROMIUM, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    browser.execute_cdp_cmd("Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
    try:
        yield browser
    finally:
        browser.quit()


def until(browser: Browser, condition: Callable[[], object]) -> Any:
    """Wait until ``condition`` holds, and return what it returns."""
    from selenium.webdriver.support.wait import WebDriverWait

    return WebDriverWait(browser, 20, poll_frequency=0.05).until(lambda _: condition())


class Firefox:
    """A page in headless Firefox, over WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/).

    ``events`` are what the browser reported: its log and its requests.
    """

    def __init__(self, address: str) -> None:
        websocket = pytest.importorskip("websocket", reason="websocket-client is not installed")
        self._socket = websocket.create_connection(f"{address}/session", timeout=60, suppress_origin=True)
        self._sent = 0
        self.events: list[dict[str, Any]] = []
        self.command("session.new", capabilities={})
        self._tab = self.command("browsingContext.getTree")["contexts"][0]["context"]
        self.command("browsingContext.setViewport", context=self._tab, viewport={"width": 1440, "height": 900})
        self.command("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"], contexts=[self._tab])

    def command(self, method: str, **params: Any) -> Any:
        """Send a command and return its result."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._sent:
                assert answer["type"] == "success", answer
                return answer["result"]
            self.events.append(answer)

    def open(self, address: str) -> None:
        """Open a page and wait for its scripts."""
        self.events.clear()
        self.command("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def run(self, script: str) -> Any:
        """Return the value of an expression of the page, which must be plain."""
        found = self.command("script.evaluate", expression=script, target={"context": self._tab}, awaitPromise=True)
        assert found["type"] == "success", found
        return found["result"].get("value")


@contextmanager
def firefox(profile: Path) -> Iterator[Firefox]:
    """A headless Firefox."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if not program:
        missing("firefox-esr")
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in sorted(FIREFOX.items())]
    (profile / "user.js").write_text("".join(lines), encoding="utf-8")
    command = [str(program), "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, encoding="utf-8")
    ended = threading.Timer(60, process.kill)
    ended.start()
    try:
        assert process.stderr
        said = next((m for m in (re.search(r"BiDi listening on (ws://\S+)", line) for line in process.stderr) if m), None)
        assert said, "Firefox ended before it listened"
        ended.cancel()
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield Firefox(said[1])
    finally:
        ended.cancel()
        process.kill()
        process.wait()
