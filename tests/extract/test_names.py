from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.extract.mentions import complete, decode, nested, notices
from kg.extract.names import Named, best_name, bracketed, everywhere, merge_confidence, retyped, subsequence


def named(text: str, *found: tuple[str, str, float]) -> list[Named]:
    """The first occurrence of each string as a typed span."""
    return [Named(text.index(name), text.index(name) + len(name), kind, sure) for name, kind, sure in found]


@pytest.mark.parametrize(
    ("text", "long", "short"),
    [
        ("华曜能源集团有限公司（以下简称“华曜能源”）召开会议", "华曜能源集团有限公司", "华曜能源"),
        ("联通软件研究院(下称软研院)", "联通软件研究院", "软研院"),
        ("北川智能制造公司（简称：智造公司）", "北川智能制造公司", "智造公司"),
        ("星河发展银行（星发行）", "星河发展银行", "星发行"),
    ],
)
def test_a_bracket_gives_the_short_form(text: str, long: str, short: str) -> None:
    where = text.index(short, text.index("（") if "（" in text else text.index("("))
    found = [*named(text, (long, "Organization", 1.0)), Named(where, where + len(short), "Organization", 1.0)]
    assert bracketed(text, found) == [(0, 1)]


def test_a_bracket_with_something_else_gives_none() -> None:
    text = "华曜能源集团（北川）召开会议"
    assert bracketed(text, named(text, ("华曜能源集团", "Organization", 1.0), ("北川", "Place", 1.0))) == []


def test_a_sure_name_is_found_everywhere_and_an_unsure_one_is_not() -> None:
    text = "软研院开会。软研院又开会。蓝帆杯举行，蓝帆杯闭幕。"
    found = everywhere(text, named(text, ("软研院", "Organization", 0.9), ("蓝帆杯", "Event", 0.5)), certain=0.8)
    assert [text[s.start : s.end] for s in found] == ["软研院", "软研院", "蓝帆杯"]
    assert found[1].confidence < found[0].confidence


def test_what_is_found_again_does_not_cut_into_another_name() -> None:
    text = "研究院开会，联通研究院成立"
    found = everywhere(text, named(text, ("联通研究院", "Organization", 0.9), ("研究院", "Organization", 0.9)), certain=0.8)
    assert sorted((s.start, s.end) for s in found) == [(0, 3), (6, 11)]


def test_two_characters_are_too_few_to_be_found_elsewhere() -> None:
    text = "支付开会，支付费用"
    assert len(everywhere(text, named(text, ("支付", "Organization", 1.0)), certain=0.8)) == 1


def test_equal_names_have_one_type_the_surer_one() -> None:
    text = "云链平台，云链平台"
    found = retyped([Named(0, 4, "Asset", 0.9), Named(5, 9, "Organization", 0.4)], text)
    assert [s.type for s in found] == ["Asset", "Asset"]


def test_a_body_named_inside_a_longer_name_is_a_mention_of_its_own() -> None:
    text = "中国联通直属党委开会，中国联通参加"
    flat = [*named(text, ("中国联通直属党委", "Organization", 0.9)), Named(11, 15, "Organization", 0.8)]
    assert [(s.start, s.end) for s in nested(text, flat)] == [(0, 4)]
    assert [(s.start, s.end) for s in complete(text, flat)] == [(0, 8), (0, 4), (11, 15)]


def test_a_place_and_the_brand_of_a_national_company_is_a_branch() -> None:
    text = "中国星河开会，海南星河和广西参加"
    found = named(text, ("中国星河", "Organization", 0.9), ("海南", "Place", 0.8), ("广西", "Place", 0.8))
    out = complete(text, found, [(7, 9), (12, 14)])
    assert [text[s.start : s.end] for s in out] == ["中国星河", "海南星河", "广西"]
    assert [s.type for s in out] == ["Organization", "Organization", "Place"]


@given(
    st.text(alphabet="甲乙丙公司院。，“” \n", max_size=60),
    st.lists(st.tuples(st.integers(0, 59), st.integers(1, 8), st.floats(0, 1))),
)
def test_completing_keeps_what_was_found_and_stays_in_the_text(text: str, raw: list[tuple[int, int, float]]) -> None:
    found = [Named(a, min(a + n, len(text)), "Organization", c) for a, n, c in raw if a < len(text)]
    out = complete(text, found)
    assert {(s.start, s.end) for s in found} <= {(s.start, s.end) for s in out}
    assert all(0 <= s.start < s.end <= len(text) and 0 <= s.confidence <= 1 for s in out)
    assert out == complete(text, list(reversed(found))) or len({(s.start, s.end) for s in found}) < len(found)


def test_the_fullest_form_names_an_entity() -> None:
    assert best_name(["软研院", "联通软件研究院", "联通 软研院"]) == "联通软件研究院"


def test_a_name_said_twice_is_surer_than_its_best_mention() -> None:
    one, two = Named(0, 2, "Place", 0.8), Named(5, 7, "Place", 0.6)
    assert merge_confidence([one]) == 0.8
    assert 0.8 < merge_confidence([one, two]) <= 1


@pytest.mark.parametrize(
    ("short", "long", "holds"), [("软研院", "联通软件研究院", True), ("院软", "软件研究院", False), ("", "甲", True)]
)
def test_a_short_form_keeps_the_order_of_characters(short: str, long: str, holds: bool) -> None:
    assert subsequence(short, long) is holds


def test_a_notice_is_its_line_or_its_part_set_apart() -> None:
    text = "版权所有 翻印必究\n甲公司开会\u3000\u3000免责声明：仅供参考"
    assert [text[a:b] for a, b in notices(text, ["版权所有", "免责声明"])] == ["版权所有 翻印必究", "免责声明：仅供参考"]


def test_a_span_ends_at_its_words_not_at_quotes_or_spaces() -> None:
    import numpy as np

    text = "“软研院”"
    labels = ("O", "B-A", "I-A", "E-A", "S-A")
    chances = np.full((5, 5), 0.01, np.float32)
    for at, label in enumerate((1, 2, 2, 2, 3)):
        chances[at, label] = 0.9
    (span,) = decode(text, chances, [(0, 5)], labels)
    assert text[span.start : span.end] in ("软研院", "软研院”") and span.start == 1
