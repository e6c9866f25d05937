"""Names are compared, shown and turned into identifiers the same way everywhere."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import naming
from kg.errors import InputError
from kg.naming import display_name, entity_id, normalise, slug

HOSTILE = [
    "",
    " ",
    "《》",
    "<img src=x onerror=alert(1)>",
    "a/../b",
    "名#字?",
    "\u202e反",
    "é̂",
    "①⑴㈱",
    "\ud800",
    "𠮷野家",
    "İSTANBUL",
]


def definition(name: str) -> str:
    """Comparison as the annotation guideline defines it, without short cuts."""
    folded = unicodedata.normalize("NFKC", name)
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c)[0] not in "PZ").lower()


@settings(deadline=None)
@given(st.text())
def test_normalising_follows_its_definition(text: str) -> None:
    assert normalise(text) == definition(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_normalising_hostile_text_follows_its_definition(text: str) -> None:
    assert normalise(text) == definition(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("“三个一”行动", "三个一行动"),
        ("《战略合作协议》", "战略合作协议"),
        ("5G 共建共享工作组", "5G 共建共享工作组"),
        ("５Ｇ专网", "5G专网"),
        ("中国\n联通", "中国联通"),
        ("Open  AI", "Open AI"),
        ("学思想、强党性", "学思想、强党性"),
        ("\u200b市场部\u202e", "市场部"),
        ("白皮书（2024）", "白皮书（2024）"),
    ],
)
def test_display_names_lose_quotes_and_broken_lines_only(text: str, shown: str) -> None:
    assert display_name(text) == shown


@settings(deadline=None)
@given(st.text())
def test_a_display_name_compares_like_its_text(text: str) -> None:
    assert normalise(display_name(text)) == normalise(text) or any(unicodedata.category(c)[0] == "C" for c in text)


@settings(deadline=None)
@given(st.text())
def test_display_names_are_stable(text: str) -> None:
    assert display_name(display_name(text)) == display_name(text)


@settings(deadline=None)
@given(st.text(), st.text())
def test_slugs_and_ids_are_plain_ascii(name: str, scope: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(name))
    assert len(slug(name)) <= 48
    assert re.fullmatch(r"organization/[a-z0-9-]+-[0-9a-f]{8}", entity_id("Organization", name, scope=scope))


def test_homophones_differ_in_the_hash() -> None:
    assert slug("市场") == slug("市厂")
    assert entity_id("Organization", "市场") != entity_id("Organization", "市厂")


def test_pinyin_knows_words() -> None:
    assert slug("重庆银行") == "chongqing-yinhang"


def test_ids_do_not_depend_on_spelling_or_order_of_calls() -> None:
    assert entity_id("Programme", "“三个一”行动") == entity_id("Programme", "三个一 行动")
    assert naming.fact_id("a", "b", "c") != naming.fact_id("ab", "", "c")


def test_known_ids_stay_as_they_are() -> None:
    """These are in users' graphs: a change here breaks their links."""
    assert entity_id("Organization", "中国联通") == "organization/zhongguo-liantong-3362bfb8"
    assert naming.document_iri("000_7056b8479da2a9af") == (
        "https://example.org/kg/id/document-source/000-7056b8479da2a9af-a0d83ccf"
    )


def test_iris_follow_the_base() -> None:
    assert naming.entity_iri("place/x-1", base_iri="http://a.b/") == "http://a.b/id/place/x-1"
    assert naming.ontology_iri(base_iri="urn:kg:") == "urn:kg:ontology#"


@pytest.mark.parametrize(
    "base", ["", "kg/", "http://a.b/图/", "http://a b/", "http://a.b", "http://a.b/#", "javascript:alert(1)//", "http:///"]
)
def test_a_base_iri_that_cannot_carry_names_is_refused(base: str) -> None:
    with pytest.raises(InputError, match=r"base IRI .*an example is https://example.org/kg/"):
        naming.check_base_iri(base)


@pytest.mark.parametrize("base", ["https://example.org/kg/", "http://localhost:8000/x/", "urn:kg:"])
def test_usual_base_iris_pass(base: str) -> None:
    assert naming.check_base_iri(base) == base
