"""Candidates of a model become training material where a person accepts them, and nowhere else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kg.annotation import load_annotation
from kg.errors import InputError
from kg.learn.material import read_material
from kg.llm.distil import accept
from kg.ontology import Ontology
from kg.read import read_document
from tests.browsing import Browser, until
from tests.llm.conftest import FIRST, entity, good
from tests.llm.server import Request, serving

HOSTILE = "<img src=x onerror=alert(1)>\"'&银行"


def behave(request: Request) -> dict[str, Any]:
    answer = good(request.words)
    extra = [entity(HOSTILE), entity("不存在的公司")] if HOSTILE in request.words else []
    return {"entities": answer["entities"] + extra, "relations": answer["relations"]}


def distil(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kg", "distil", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What kg distil wrote about two documents."""
    folder = tmp_path_factory.mktemp("distil")
    (folder / "in").mkdir()
    (folder / "in" / "a.txt").write_text(FIRST + f"{HOSTILE}开业。\r\n", encoding="utf-8", newline="")
    (folder / "in" / "b.txt").write_text("华曜能源集团有限公司成立反诈专班。\n", encoding="gb18030")
    with serving(behave) as server:
        options = ["--llm-url", server.url, "--llm-model", "m", "--llm-cache", str(folder / "answers")]
        done = distil(str(folder / "in"), "-o", str(folder / "out"), *options)
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture
def own(out: Path, tmp_path: Path) -> Path:
    """A copy to accept in."""
    return Path(shutil.copytree(out, tmp_path / "out"))


def decide(folder: Path, accepted: dict[str, Any]) -> Path:
    path = folder / "accepted.json"
    path.write_text(json.dumps({"accepted": accepted}), encoding="utf-8")
    return path


def test_candidates_are_documents_with_annotations_that_fit_them(out: Path, pack_ontology: Ontology) -> None:
    material = read_material([out / "candidates"], pack_ontology)
    assert [document.id for document, _ in material] == ["a", "b"]
    assert [len(annotation.relations) for _, annotation in material] == [3, 1]
    assert material[0][1].extractor == "llm:m"
    assert (out / "candidates" / "a.txt").read_bytes().endswith(f"{HOSTILE}开业。\r\n".encode())


def test_nothing_is_material_before_a_person_accepts_it(out: Path, pack_ontology: Ontology) -> None:
    assert not (out / "accepted").exists()
    with pytest.raises(InputError, match="holds no annotation"):
        read_material([out], pack_ontology)


def test_what_a_person_takes_out_is_not_accepted_and_takes_its_statements_along(own: Path, pack_ontology: Ontology) -> None:
    candidate = json.loads((own / "candidates" / "a.json").read_text(encoding="utf-8"))
    wrong = next(e["id"] for e in candidate["entities"] if e["name"] == "软研院")
    done = distil("-o", str(own), "--accept", str(decide(own, {"a": {"without_entities": [wrong]}})))
    assert done.returncode == 0, done.stderr
    (document, annotation), *others = read_material([own / "accepted"], pack_ontology)
    assert not others
    assert (document.id, "软研院" in {e.name for e in annotation.entities}) == ("a", False)
    assert sorted(r.predicate for r in annotation.relations) == ["implements", "pairsWith"]
    assert annotation.refused == ()
    assert document.text == read_document(own / "candidates" / "a.txt").text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not what the page saves"),
        ('{"accepted": {"a": {"without": []}}}', "not what the page saves"),
        ('{"accepted": ["a"]}', "not what the page saves"),
        ('{"accepted": {"../a": {}}}', "'../a' is no candidate"),
        ('{"accepted": {"zzz": {}}}', "'zzz' is no candidate"),
        ('{"accepted": {"a": {"without_entities": ["e99"]}}}', "no entity has the id 'e99'"),
        ('{"accepted": {"a": {"without_relations": [3]}}}', "there are 3 relations"),
    ],
)
def test_decisions_that_fit_nothing_are_said(own: Path, pack_ontology: Ontology, text: str, message: str) -> None:
    path = own / "decisions.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        accept(own, path, ontology=pack_ontology)
    assert not list((own / "accepted").glob("*"))


def test_a_person_accepts_on_the_page_what_is_then_trained_on(
    own: Path, browser: Browser, downloads: Path, pack_ontology: Ontology
) -> None:
    from selenium.webdriver.common.by import By

    browser.get((own / "review.html").as_uri())
    save = browser.find_element(By.ID, "save")
    assert not save.is_enabled(), "nothing is accepted at first"
    article = browser.find_element(By.CSS_SELECTOR, 'article[data-document="a"]')
    assert article.find_element(By.CSS_SELECTOR, ".text").text.startswith("支付公司与海南联通、软研院开展结对共建。")
    assert not browser.find_elements(By.TAG_NAME, "img"), "text stays text"
    article.find_element(By.CSS_SELECTOR, 'input.relation[aria-label*="软研院"]').click()
    article.find_element(By.CSS_SELECTOR, ".accept").click()
    save.click()
    path = downloads / "accepted.json"
    until(browser, path.exists)
    accept(own, path, ontology=pack_ontology)
    path.unlink()
    assert [p.name for p in sorted((own / "accepted").iterdir())] == ["a.json", "a.txt"]
    document = read_document(own / "accepted" / "a.txt")
    annotation = load_annotation(own / "accepted" / "a.json", document, ontology=pack_ontology)
    assert len(annotation.relations) == 2
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
