"""Quotes have the places that they have in the text, whatever white space and punctuation stand between."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.llm.locate import Quotable, nearest
from kg.llm.windows import GAP, Window, halves, packed, windows
from kg.model import Document, Span
from kg.naming import normalise

LETTERS = st.text(st.sampled_from("中国联通研究院AI5 \n，。“”·ｘ㈱①"), max_size=60)


@given(LETTERS, st.integers(0, 59), st.integers(1, 12))
def test_what_is_cut_out_of_a_text_is_found_there_and_every_place_reads_like_it(text: str, start: int, length: int) -> None:
    quote = text[start : start + length]
    places = Quotable(text).find(quote, name=False)
    for place in places:
        assert 0 <= place.span.start < place.span.end <= len(text)
        assert normalise(text[place.span.start : place.span.end]) == normalise(quote)
    whole_word = not any(
        0 < at < len(text) and text[at - 1].isascii() and text[at - 1].isalnum() and text[at].isascii() and text[at].isalnum()
        for at in (start, start + length)
    )
    if normalise(quote) and whole_word:
        assert places


@given(LETTERS, st.text(st.sampled_from("甲乙丙YZ"), min_size=1, max_size=5))
def test_what_is_not_there_is_not_found(text: str, quote: str) -> None:
    assert Quotable(text).find(quote) == []


@pytest.mark.parametrize(
    ("text", "quote", "spans"),
    [
        ("中国 联通、中国\n联通", "中国联通", [(0, 5), (6, 11)]),
        ("“三个一”行动", "三个一行动", [(1, 7)]),
        ("《战略合作协议》", "战略合作协议", [(1, 7)]),
        ("５Ｇ专网", "5g专网", [(0, 4)]),
        ("联通,研究院", "联通，研究院", [(0, 6)]),
        ("MAIN与AI", "AI", [(5, 7)]),
        ("2023年", "202", []),
        ("某公司。海南\n\n联通", "海南联通", []),
        ("某联。通某", "联通", []),
        ("支付公司", "“支付公司”", [(0, 4)]),
        ("a" * 50, "", []),
        ("——", "—", []),
    ],
)
def test_white_space_punctuation_width_and_case_do_not_matter_and_all_else_does(
    text: str, quote: str, spans: list[tuple[int, int]]
) -> None:
    assert [(place.span.start, place.span.end) for place in Quotable(text).find(quote)] == spans


def test_an_exact_place_is_preferred_to_a_tolerant_one() -> None:
    assert [place.span.start for place in Quotable("中国 联通；中国联通").find("中国联通")] == [6]


def test_of_several_places_the_nearest_to_the_evidence_counts() -> None:
    places = [Span(0, 4), Span(50, 54), Span(90, 94)]
    assert nearest(places, Span(48, 60)) == Span(50, 54)
    assert nearest(places, Span(60, 80)) == Span(50, 54)
    assert nearest(places, Span(80, 89)) == Span(90, 94)


PARAGRAPHS = st.text(st.sampled_from("甲乙丙丁，。！\n "), max_size=400)


@given(PARAGRAPHS, st.integers(20, 120), st.integers(0, 30))
def test_windows_hold_every_sentence_in_order_and_each_brings_something_new(text: str, size: int, overlap: int) -> None:
    found = [window.span for window in windows(text, size=size, overlap=overlap)]
    covered = {at for span in found for at in range(span.start, span.end)}
    assert all(at in covered for at, letter in enumerate(text) if not letter.isspace())
    assert all(a.start < b.start and a.end < b.end for a, b in pairwise(found))
    assert all(a.end - b.start <= overlap for a, b in pairwise(found))


@given(PARAGRAPHS, st.integers(20, 200))
def test_halves_hold_all_of_a_window(text: str, size: int) -> None:
    for window in windows(text, size=size, overlap=0):
        parts = halves(window, text)
        assert len(parts) in (0, 2)
        if parts:
            read = [part for half in parts for part in half.parts]
            assert "".join(text[p.start : p.end] for p in read) == "".join(text[p.start : p.end] for p in window.parts)


def test_parts_that_are_left_out_show_in_the_words() -> None:
    document = Document("d", "d.txt", "第一句。第二句。第三句。", "")
    (window,) = packed([Span(0, 4), Span(8, 12)], size=100)
    assert window == Window((Span(0, 4), Span(8, 12)))
    assert window.text(document) == f"第一句。{GAP}第三句。"
