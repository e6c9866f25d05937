"""The prompt is the ontology and the guideline of the pack; its examples are marked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kg.errors import PackError
from kg.llm.prompt import MARK, load_prompt
from kg.ontology import Ontology, default_pack, load_ontology, types

OTHER = Path(__file__).parent.parent / "cases" / "research-grants" / "pack"


def test_every_type_and_predicate_stands_in_the_prompt_with_its_definition(pack_ontology: Ontology) -> None:
    prompt = load_prompt(default_pack(), pack_ontology)
    system = prompt.messages[0]["content"]
    for term in (*pack_ontology.classes.values(), *pack_ontology.predicates.values()):
        if term.name != "PartnerBody":  # a role, which no model gives
            assert f"- {term.name}（{term.label_zh}）" in system
            assert term.comment_zh in system
    assert prompt.attributes == {"position"}


def test_every_name_of_an_example_is_marked_and_known(pack_ontology: Ontology) -> None:
    prompt = load_prompt(default_pack(), pack_ontology)
    example = prompt.messages[2]["content"]
    assert [m["role"] for m in prompt.messages] == ["system", "user", "assistant"]
    assert example.count('"name": "') == example.count(f'"name": "{MARK}') >= 6
    assert len(prompt.examples) > 8


def test_another_domain_needs_no_more_than_its_ontology() -> None:
    ontology = load_ontology(OTHER)
    prompt = load_prompt(OTHER, ontology)
    assert len(prompt.messages) == 1
    assert all(f"- {name}（" in prompt.messages[0]["content"] for name in types(ontology))
    assert "pairsWith" not in prompt.messages[0]["content"]


def test_an_example_without_marks_is_an_error_of_the_pack(tmp_path: Path) -> None:
    shutil.copytree(default_pack() / "prompt", tmp_path / "prompt")
    shutil.copy(default_pack() / "ontology.ttl", tmp_path)
    example = tmp_path / "prompt" / "example"
    for suffix in (".txt", ".json"):
        path = example.with_suffix(suffix)
        path.write_text(path.read_text(encoding="utf-8").replace("示例·王小宇", "张三李四王小"), encoding="utf-8")
    with pytest.raises(PackError, match="'张三李四王小' must begin with '示例·'"):
        load_prompt(tmp_path, load_ontology(tmp_path))


def test_an_example_without_its_text_is_an_error_of_the_pack(tmp_path: Path) -> None:
    shutil.copytree(default_pack() / "prompt", tmp_path / "prompt")
    shutil.copy(default_pack() / "ontology.ttl", tmp_path)
    (tmp_path / "prompt" / "example.txt").unlink()
    with pytest.raises(PackError, match=r"example\.txt: cannot be read"):
        load_prompt(tmp_path, load_ontology(tmp_path))
