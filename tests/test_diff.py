from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import rdflib

from kg.build import build
from kg.diff import Difference, describe, diff, rdf_patch
from kg.errors import InputError
from kg.ontology import Ontology

FIRST = "支付公司与软研院开展结对共建。"
SECOND = "软研院与\"\\<b>砺\n行\u202e' ; DROP\"大学签署协议。"


def annotation(text: str, subject: str, predicate: str, object_: str, confidence: float = 1.0) -> dict[str, Any]:
    kinds = {subject: "Company", object_: "School" if "大学" in object_ else "ResearchInstitution"}
    entities = []
    for i, (name, kind) in enumerate(kinds.items()):
        place = [text.index(name), text.index(name) + len(name)]
        entities.append({"id": f"e{i}", "type": "Organization", "subtype": kind, "name": name, "mentions": [place]})
    relation = {"subject": "e0", "predicate": predicate, "object": "e1", "evidence": [0, len(text)], "confidence": confidence}
    return {"entities": entities, "relations": [relation]}


def built(folder: Path, documents: dict[str, tuple[str, dict[str, Any]]]) -> Path:
    folder.mkdir()
    for name, (text, said) in documents.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
        (folder / f"{name}.json").write_text(json.dumps(said), encoding="utf-8")
    build([folder], folder / "out", annotations_dir=folder)
    return folder / "out"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of a, which states that two bodies pair, and b, which states it again."""
    pairs = annotation(FIRST, "支付公司", "pairsWith", "软研院", 0.8)
    return built(tmp_path_factory.mktemp("first") / "x", {"a": (FIRST, pairs), "b": (FIRST + "完", pairs)})


def test_builds_of_the_same_documents_do_not_differ(first: Path) -> None:
    assert diff(first, first) == Difference((), (), ())
    assert [line[0] for line in rdf_patch(first, first)] == ["H", "T", "T"]


def test_a_removed_document_takes_its_statements_and_what_only_it_states(first: Path, tmp_path: Path) -> None:
    pairs = annotation(FIRST, "支付公司", "pairsWith", "软研院", 0.8)
    says = annotation(SECOND, "软研院", "coBuilds", SECOND[4:-6])
    second = built(tmp_path / "x", {"a": (FIRST, pairs), "c": (SECOND, says)})
    found = diff(first, second)
    assert [(d.what, d.id) for d in found.documents] == [("went", "b"), ("came", "c")]
    by_name = {e.name: (e.what, e.documents) for e in found.entities}
    assert by_name["支付公司"] == ("changed", ("b",))
    assert {what for what, documents in by_name.values() if documents == ("c",)} == {"came"}
    pairing, building = sorted(found.facts, key=lambda f: f.predicate, reverse=True)
    assert (pairing.what, [s.document for s in pairing.went], pairing.came) == ("changed", ["b"], ())
    assert (building.what, building.documents, building.came[0].quote) == ("came", ("c",), SECOND)
    back = diff(second, first)
    assert {f.what for f in back.facts} == {"changed", "went"}
    assert back.counts()["facts"] == {"came": 0, "went": 1, "changed": 1}


def test_a_statement_that_only_stands_elsewhere_is_no_change_but_its_confidence_is(first: Path, tmp_path: Path) -> None:
    moved = "标题\n" + FIRST
    says = annotation(moved, "支付公司", "pairsWith", "软研院", 0.8)
    says["relations"][0]["evidence"] = [3, len(moved)]
    surer = annotation(FIRST, "支付公司", "pairsWith", "软研院", 0.9)
    found = diff(first, built(tmp_path / "x", {"a": (moved, says), "b": (FIRST + "完", surer)}))
    assert ([(d.what, d.id) for d in found.documents], found.entities) == ([("changed", "a")], ())
    (fact,) = found.facts
    assert (fact.what, fact.came, fact.went) == ("changed", (), ())
    assert [(s.document, s.before, s.confidence) for s in fact.other] == [("b", 0.8, 0.9)]


def test_the_patch_makes_one_graph_the_other_whatever_it_says(first: Path, tmp_path: Path) -> None:
    second = built(tmp_path / "x", {"c": (SECOND, annotation(SECOND, "软研院", "coBuilds", SECOND[4:-6]))})
    graph = rdflib.Graph().parse(first / "graph.ttl")
    head, begin, *rows, end = rdf_patch(first, second)
    assert head.startswith("H id <urn:uuid:")
    assert (begin, end) == ("TX .", "TC .")
    for row in rows:
        (triple,) = rdflib.Graph().parse(data=row[2:], format="nt")
        assert (triple in graph) == (row[0] == "D"), "only what is there goes, only what is not comes"
        graph.remove(triple) if row[0] == "D" else graph.add(triple)
    assert set(graph) == set(rdflib.Graph().parse(second / "graph.ttl"))
    assert list(rdf_patch(first, second)) == [head, begin, *rows, end], "the same bytes each time"


def test_the_lines_for_a_person_name_sentences_and_documents(first: Path, tmp_path: Path, pack_ontology: Ontology) -> None:
    second = built(tmp_path / "x", {"a": (FIRST, annotation(FIRST, "支付公司", "pairsWith", "软研院", 0.8))})
    lines = list(describe(diff(first, second), pack_ontology, limit=9))
    assert "文档 documents: +0 −1 ~0" in lines
    assert "  ~ 软研院 结对 pairsWith 支付公司" in lines
    assert f"      − b 0–{len(FIRST)} · 0.80 “{FIRST}”" in lines
    short = list(describe(diff(first, second), pack_ontology, limit=1))
    assert "  … 还有 and 1 more" in short


def test_the_command_prints_text_json_or_a_patch_and_refuses_what_is_no_build(first: Path, tmp_path: Path) -> None:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kg", "diff", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)

    second = built(tmp_path / "x", {"c": (SECOND, annotation(SECOND, "软研院", "coBuilds", SECOND[4:-6]))})
    shown = run(first, second)
    assert (shown.returncode, "\u202e" in shown.stdout, "− 软研院 结对 pairsWith 支付公司" in shown.stdout) == (0, False, True)
    data = json.loads(run(first, second, "-f", "json").stdout)
    assert data["counts"]["documents"] == {"came": 1, "went": 2, "changed": 0}
    assert {f["what"] for f in data["facts"]} == {"came", "went"}
    assert run(first, second, "-f", "patch").stdout.splitlines() == list(rdf_patch(first, second))
    wrong = run(first, tmp_path)
    assert (wrong.returncode, wrong.stderr.startswith(f"kg: {tmp_path}/graph.json: no such file")) == (2, True)
    (tmp_path / "graph.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="not a node-link graph"):
        diff(first, tmp_path)
