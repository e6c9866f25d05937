"""What is read by grammar alone, with the small pack of the research grants, which has neither models nor training documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.extract import Extractor, annotate, load_extractor
from kg.model import Annotation, Document
from kg.ontology import default_pack

PACK = Path(__file__).parents[1] / "cases" / "research-grants" / "pack"


@pytest.fixture(scope="module")
def grants() -> Extractor:
    return load_extractor(PACK)


def read(text: str, extractor: Extractor) -> Annotation:
    return annotate(Document("d", "d.txt", text, ""), extractor)


def named(annotation: Annotation) -> dict[str, str]:
    return {e.name: e.subtype or e.type for e in annotation.entities}


def stated(annotation: Annotation) -> set[tuple[str, str, str]]:
    names = {e.id: e.name for e in annotation.entities}
    return {(names[r.subject], r.predicate, names[r.object]) for r in annotation.relations}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("云岭大学召开会议", {"云岭大学": "University"}),
        ("参观了先进光源实验室", {"先进光源实验室": "Laboratory"}),
        ("启动“深海微生物”研究计划", {"深海微生物研究计划": "Project"}),
        ("启动“深海微生物研究计划”", {"深海微生物研究计划": "Project"}),
        ("出版《海洋微生物图谱》", {"海洋微生物图谱": "Output"}),
        ("推进重点项目", {}),
        ("各项目、每个实验室都要重视", {}),
        ("江州省科技厅（以下简称“省厅”）发文，省厅要求", {"江州省科技厅": "Funder"}),
        ("2024-05-06\n\n云岭大学召开会议", {"云岭大学": "University"}),
    ],
    ids=["head", "modified", "quoted", "inside", "title", "common", "each", "bracket", "break"],
)
def test_names_are_read_by_their_head_noun(text: str, names: dict[str, str], grants: Extractor) -> None:
    assert named(read(text, grants)) == names


def test_a_short_form_in_a_bracket_is_found_again(grants: Extractor) -> None:
    found = read("国家星火科学基金会（以下简称“星火基金”）成立，星火基金资助量子材料表征项目。", grants)
    (funder,) = (e for e in found.entities if e.type == "Funder")
    assert (funder.name, funder.aliases, len(funder.mentions)) == ("国家星火科学基金会", ("星火基金",), 3)
    assert ("国家星火科学基金会", "funds", "量子材料表征项目") in stated(found)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("云岭大学承担数字病理项目。", {("云岭大学", "undertakes", "数字病理项目")}),
        (
            "云岭大学、清河医学院承担数字病理项目和量子材料项目。",
            {(a, "undertakes", b) for a in ("云岭大学", "清河医学院") for b in ("数字病理项目", "量子材料项目")},
        ),
        ("数字病理项目由云岭大学承担。", {("云岭大学", "undertakes", "数字病理项目")}),
        ("数字病理项目由云岭大学张文博教授主持。", {("张文博", "leads", "数字病理项目"), ("张文博", "worksAt", "云岭大学")}),
        ("云岭大学与清河医学院签署合作协议。", {("云岭大学", "partnersWith", "清河医学院")}),
        (
            "云岭大学与清河医学院、北川物理研究所开展合作。",
            {("云岭大学", "partnersWith", "清河医学院"), ("云岭大学", "partnersWith", "北川物理研究所")},
        ),
        ("北川物理研究所下属先进光源实验室。", {("先进光源实验室", "unitOf", "北川物理研究所")}),
        ("先进光源实验室隶属于北川物理研究所。", {("先进光源实验室", "unitOf", "北川物理研究所")}),
        ("云岭大学启动数字病理项目。清河医学院承担该项目。", {("清河医学院", "undertakes", "数字病理项目")}),
        ("云岭大学召开会议，承担数字病理项目。", {("云岭大学", "undertakes", "数字病理项目")}),
    ],
    ids=["plain", "lists", "passive", "agent", "joint", "group", "backward", "unit", "that", "carried"],
)
def test_a_trigger_word_states_its_predicate(text: str, facts: set[tuple[str, str, str]], grants: Extractor) -> None:
    assert stated(read(text, grants)) == facts


@pytest.mark.parametrize(
    "text",
    [
        "云岭大学拟承担数字病理项目。",
        "云岭大学将与清河医学院合作。",
        "云岭大学尚未承担数字病理项目。",
        "如果云岭大学承担数字病理项目，江州省科技厅会高兴。",
        "下一步，云岭大学承担数字病理项目。",
        "云岭大学召开会议。\n承担数字病理项目。",
        "承担数字病理项目。",
    ],
    ids=["planned", "future", "negated", "supposed", "next", "paragraph", "nobody"],
)
def test_what_is_not_said_to_be_so_is_no_fact(text: str, grants: Extractor) -> None:
    assert stated(read(text, grants)) == set()


def test_facts_follow_the_schema(grants: Extractor) -> None:
    found = read("张文博承担数字病理项目。云岭大学资助数字病理项目。", grants)
    assert stated(found) == set()


def test_every_fact_says_where_it_stands(grants: Extractor) -> None:
    text = "会议召开。云岭大学承担数字病理项目。"
    (relation,) = read(text, grants).relations
    assert text[relation.evidence.start : relation.evidence.end] == "云岭大学承担数字病理项目。"
    assert relation.subject_span and text[relation.subject_span.start : relation.subject_span.end] == "云岭大学"
    assert relation.extractor == "grammar"


def test_sentences_with_a_trigger_and_no_fact_are_listed(grants: Extractor) -> None:
    text = "会议批准了预算。云岭大学承担数字病理项目。"
    assert [text[s.start : s.end] for s in read(text, grants).uncovered] == ["会议批准了预算。"]


def test_the_core_pack_reads_by_grammar_too() -> None:
    found = read(
        "远洋集团有限公司与砺山大学共建“星火”联合实验室，审计部开展“清风行动”。", load_extractor(default_pack(), model="grammar")
    )
    kinds = named(found)
    assert (kinds["远洋集团有限公司"], kinds["砺山大学"], kinds["审计部"]) == ("Company", "School", "Department")
    assert ("审计部", "implements", "清风行动") in stated(found)
