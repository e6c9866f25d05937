"""Marks decide where a name begins and ends."""

from __future__ import annotations

import pytest

from kg.extract.edges import whole
from kg.extract.names import Named


def _read(text: str, *names: tuple[str, str, float]) -> list[str]:
    spans = [Named(text.index(name), text.index(name) + len(name), kind, sure) for name, kind, sure in names]
    return [text[s.start : s.end] for s in whole(text, sorted(spans, key=lambda s: s.start))]


def test_a_name_that_closes_a_quotation_begins_behind_its_opening() -> None:
    text = "分会举办“读旧信:家书里的‘老码头’记忆”专题读书会,三十人到场。"
    assert _read(text, ("记忆”专题读书会", "Event", 0.7)) == ["读旧信:家书里的‘老码头’记忆”专题读书会"]


def test_pieces_of_a_name_give_way_to_the_whole() -> None:
    text = "社区启动“邻里守望,灯火可亲”志愿活动。"
    found = _read(text, ("邻里守望", "Slogan", 0.9), ("灯火可亲”志愿活动", "Programme", 0.4))
    assert found == ["邻里守望,灯火可亲”志愿活动"]


@pytest.mark.parametrize("text", ["甲”乙活动开始了。", "“甲”丙丁”乙活动开始了。", "“甲\n丁”乙活动开始了。"])
def test_without_an_open_quotation_on_its_line_nothing_moves(text: str) -> None:
    assert _read(text, ("”乙活动", "Event", 0.9)) == ["”乙活动"]


def test_half_a_quoted_formula_becomes_the_whole_of_it() -> None:
    assert _read("坚持“早发现、早处置”。", ("早发现", "Slogan", 0.6)) == ["早发现、早处置"]
    assert _read("印发《港区防汛预案（试行）》。", ("港区防汛预案", "Document", 0.6)) == ["港区防汛预案（试行）"]


def test_a_bracket_without_its_partner_is_no_part_of_a_name() -> None:
    assert _read("发布模型(如“远帆”大模型)和工具", ("“远帆”大模型)", "Asset", 0.6)) == ["“远帆”大模型"]
    assert _read("玉台县盐务局（分公司）获评", ("玉台县盐务局（分公司", "Organization", 0.9)) == ["玉台县盐务局（分公司）"]
    assert _read("岭南公司(原岭南厂区)改制", ("岭南公司(原岭南", "Organization", 0.9)) == ["岭南公司"]


def test_other_names_stay_as_they_are() -> None:
    text = "甲公司和乙公司(上海)共建“星火”工作站。"
    assert _read(text, ("甲公司", "Organization", 0.9), ("乙公司(上海)", "Organization", 0.9)) == ["甲公司", "乙公司(上海)"]


@pytest.mark.parametrize(
    ("name", "bodies"),
    [
        ("玉台县委县政府", ["玉台县委", "县政府"]),
        ("市委、市政府", ["市委", "市政府"]),
        ("江滩新区党工委管委会", ["江滩新区党工委", "管委会"]),
    ],
)
def test_a_committee_and_a_government_run_together_are_two_bodies(name: str, bodies: list[str]) -> None:
    assert _read(f"会上,{name}负责人讲话", (name, "Organization", 0.9)) == bodies


def test_a_committees_own_office_is_one_body() -> None:
    assert _read("玉台县委办公室发文", ("玉台县委办公室", "Organization", 0.9)) == ["玉台县委办公室"]
