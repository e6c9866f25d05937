"""The edges of mentions: what belongs to a name and what only stands beside it."""

from __future__ import annotations

import pytest

from kg.extract import Extractor, annotate
from kg.extract.analysis import analysis
from kg.extract.extractor import Settings, sift
from kg.extract.mentions import _trimmed
from kg.extract.names import Named
from kg.model import Document


def trimmed(text: str, name: str, kind: str, extractor: Extractor, forms: tuple[str, ...] = ()) -> str:
    start = text.index(name)
    span = _trimmed(Named(start, start + len(name), kind, 0.9), analysis(text, extractor.pack), set(forms))
    return text[span.start : span.end]


def test_a_verb_is_none_of_a_name_that_stands_without_it_elsewhere(extractor: Extractor) -> None:
    text = "集团服务乡村振兴战略，推进重点工程。"
    assert trimmed(text, "服务乡村振兴战略", "Programme", extractor, ("乡村振兴战略",)) == "乡村振兴战略"
    assert trimmed(text, "服务乡村振兴战略", "Programme", extractor) == "服务乡村振兴战略"


def test_a_body_does_not_begin_with_a_preposition(extractor: Extractor) -> None:
    assert trimmed("活动由远山能源集团主办。", "由远山能源集团", "Organization", extractor) == "远山能源集团"


@pytest.mark.parametrize("line", ["文 | 甄明远", "编辑：甄明远 审核：柯南亭"])
def test_a_byline_does_not_end_inside_a_name(line: str, extractor: Extractor) -> None:
    assert trimmed(line, "甄明", "Person", extractor) == "甄明远"


def test_what_follows_a_name_in_a_sentence_is_left_alone(extractor: Extractor) -> None:
    assert trimmed("记者甄明远来报道。", "甄明", "Person", extractor) == "甄明"


def test_a_short_form_that_a_bracket_introduces_is_found_everywhere(extractor: Extractor) -> None:
    text = "2021年9月，远山能源集团有限公司（以下简称“远能”）召开工作会。会后，远能印发了实施方案。"
    found = annotate(Document(id="d", path="d.txt", text=text, sha256=""), extractor)
    body = next(e for e in found.entities if e.name == "远山能源集团有限公司")
    assert "远能" in body.aliases
    assert [text[m.start : m.end] for m in body.mentions].count("远能") == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [("该港务局", "Organization"), ("一系列读书活动", "Programme"), ("双方工会", "Organization"), ("多个平台", "Asset")],
)
def test_what_means_no_one_thing_is_no_name(name: str, kind: str, extractor: Extractor) -> None:
    text = f"会后，{name}有了起色。"
    kept, dropped = sift([Named(3, 3 + len(name), kind, 0.99)], text, extractor.pack, Settings())
    assert not kept
    assert [reason for _, reason in dropped] == ["general"]


def test_a_formula_may_begin_with_such_a_word(extractor: Extractor) -> None:
    text = "坚持“各尽其能、各得其所”。"
    kept, _ = sift([Named(3, 12, "Slogan", 0.9)], text, extractor.pack, Settings())
    assert [text[s.start : s.end] for s in kept] == ["各尽其能、各得其所"]
