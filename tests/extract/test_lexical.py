from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.extract.lexical import MAX_PIECE, Lexer, analyse, split

GOLD = Path(__file__).parents[1] / "gold" / "dev"
TEXTS = st.text(alphabet=st.sampled_from("中国联通与研究院签署协议，。！？；、\n\r\t \u3000“”《》ab1👩‍🚀é\u0301"), max_size=400)


@given(TEXTS)
def test_pieces_cover_the_text_in_order_without_gaps(text: str) -> None:
    pieces = split(text)
    assert "".join(text[start:end] for start, end in pieces) == text
    assert all(before[1] == after[0] for before, after in pairwise(pieces))
    assert all(0 < end - start <= MAX_PIECE for start, end in pieces)


def test_a_long_sentence_is_cut_behind_a_comma_where_it_has_one() -> None:
    text = "甲" * 100 + "，" + "乙" * 100
    assert split(text) == ((0, 101), (101, 201))


def test_a_single_line_of_five_megabytes_is_cut_in_seconds() -> None:
    text = "中国联通推进数字中国建设，" * 130_000
    begun = time.process_time()
    pieces = split(text)
    assert time.process_time() - begun < 20
    assert max(end - start for start, end in pieces) <= MAX_PIECE
    assert len(pieces) < len(text) / (MAX_PIECE / 2) + 1


def test_a_sentence_reads_the_same_alone_and_in_company(lexer: Lexer) -> None:
    text = (GOLD / "dev2.txt").read_text(encoding="utf-8")
    whole = analyse(text, lexer)
    for start, end in whole.pieces[:25]:
        alone = analyse(text[start:end], lexer)
        assert alone.tag.tolist() == whole.tag[start:end].tolist()
        assert alone.begin.tolist() == whole.begin[start:end].tolist()
        np.testing.assert_allclose(alone.scores, whole.scores[start:end], atol=1e-3)


def test_the_order_of_sentences_changes_nothing(lexer: Lexer) -> None:
    sentences = ["中国联通研究院与清华大学签署战略合作协议。", "会议强调要坚持问题导向。", "张伟任党委书记。", "大家" * 60 + "。"]
    forward, backward = analyse("".join(sentences), lexer), analyse("".join(reversed(sentences)), lexer)
    first = len(sentences[0])
    assert forward.tag[:first].tolist() == backward.tag[-first:].tolist()


def test_names_are_tagged_and_words_have_one_tag(lexer: Lexer) -> None:
    text = "张伟出席北京大学校庆。"
    lexed = analyse(text, lexer)
    assert lexer.tags[lexed.tag[0]] == "PER"
    assert lexer.tags[lexed.tag[text.index("北京大学")]] == "ORG"
    begins = [*np.flatnonzero(lexed.begin).tolist(), len(text)]
    assert all(len(set(lexed.tag[a:b].tolist())) == 1 for a, b in pairwise(begins))


@pytest.mark.parametrize("text", ["", "甲", "\n", "\u3000\u3000", "👩‍🚀🇨🇳", "a" * 500, "\x00\x1b[31m"], ids=repr)
def test_odd_texts_are_analysed_in_full(text: str, lexer: Lexer) -> None:
    lexed = analyse(text, lexer)
    assert len(lexed.tag) == len(lexed.begin) == len(lexed.scores) == len(text)
    assert not len(text) or lexed.begin[0]
