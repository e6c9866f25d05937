"""Words that stand for what was named before are read like mentions of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kg.errors import PackError
from kg.extract import Extractor
from kg.extract.analysis import analysis
from kg.extract.anaphora import with_anaphora
from kg.extract.relations import Place
from kg.lexicon import load_lexicon
from kg.model import Annotation

Read = Callable[[str], Annotation]
HARBOUR, TRUST, SCHOOL = ("澜州港务集团有限公司", "Company"), ("澜州船务公司", "Company"), ("澜州海事大学", "School")
FORUM, CONGRESS = ("澜州港口发展论坛", "Event"), ("党的二十大", "Event")


def standing(extractor: Extractor, text: str, *named: tuple[str, str]) -> dict[str, str]:
    """What each word that stands for something in a text stands for."""
    places = []
    for number, (name, kind) in enumerate(named):
        body = kind in ("Company", "School")
        places += [
            Place(at, at + len(name), number, "Organization" if body else kind, kind if body else "")
            for at in range(len(text)) if text.startswith(name, at)
        ]  # fmt: skip
    found = with_anaphora(analysis(text, extractor.pack), places, extractor.pack)
    assert sorted(found, key=lambda p: (p.start, -p.end, p.entity)) == found
    assert {(p.start, p.end) for p in places} <= {(p.start, p.end) for p in found if not p.anaphor}
    return {text[p.start : p.end]: named[p.entity][0] for p in found if p.anaphor}


@pytest.mark.parametrize(
    ("text", "named", "expected"),
    [
        (f"{HARBOUR[0]}召开大会。会上，集团印发了方案。", [HARBOUR], {"集团": HARBOUR[0]}),
        (f"{HARBOUR[0]}走访{SCHOOL[0]}。随后，学校与集团座谈。", [HARBOUR, SCHOOL], {"集团": HARBOUR[0], "学校": SCHOOL[0]}),
        (f"{HARBOUR[0]}到{TRUST[0]}调研。该公司汇报了情况。", [HARBOUR, TRUST], {"该公司": TRUST[0]}),
        (f"{FORUM[0]}开幕，嘉宾学习{CONGRESS[0]}精神。本次论坛为期两天。", [FORUM, CONGRESS], {"本次论坛": FORUM[0]}),
    ],
)  # fmt: skip
def test_a_word_stands_for_the_documents_own_body_or_for_the_last_of_its_kind(
    extractor: Extractor, text: str, named: list[tuple[str, str]], expected: dict[str, str]
) -> None:
    assert standing(extractor, text, *named) == expected


@pytest.mark.parametrize("text", ["集团成立了。", f"{HARBOUR[0]}服务二百家公司。", f"{HARBOUR[0]}与各公司签约。"])
def test_what_nothing_was_named_for_or_what_means_any_company_stands_for_nothing(extractor: Extractor, text: str) -> None:
    assert standing(extractor, text, HARBOUR) == {}


@pytest.mark.parametrize("text", [f"{HARBOUR[0]}召开大会。集团党委印发了方案。", f"{TRUST[0]}来访。该公司工会表示感谢。"])
def test_a_word_that_opens_a_unit_s_name_stands_for_nothing(extractor: Extractor, text: str) -> None:
    assert standing(extractor, text, *(body for body in (HARBOUR, TRUST) if body[0] in text)) == {}


def test_a_name_that_holds_the_word_is_left_alone(extractor: Extractor) -> None:
    assert standing(extractor, f"{HARBOUR[0]}来了，{HARBOUR[0]}走了。", HARBOUR) == {}


def test_a_statement_about_such_a_word_names_the_mention_it_points_back_to(read: Read) -> None:
    text = f"{HARBOUR[0]}召开年度工作会议。\n\n去年，集团印发《安全生产管理办法》，启动“清港行动”。"
    found = read(text)
    names = {e.id: e for e in found.entities}
    issued = [r for r in found.relations if r.predicate == "issues"]
    assert [(names[r.subject].name, names[r.object].name) for r in issued] == [(HARBOUR[0], "安全生产管理办法")]
    for relation in issued:
        assert relation.subject_span is not None
        spans = {(m.start, m.end) for m in names[relation.subject].mentions}
        assert (relation.subject_span.start, relation.subject_span.end) in spans
        assert "集团" in text[relation.evidence.start : relation.evidence.end]


def test_without_such_words_in_its_lexicon_a_pack_reads_mentions_alone(extractor: Extractor) -> None:
    bare = replace(extractor.pack, lexicon=replace(extractor.pack.lexicon, anaphora={}))
    place = Place(0, len(HARBOUR[0]), 0, "Organization", "Company")
    assert with_anaphora(analysis(f"{HARBOUR[0]}开会。集团总结。", bare), [place], bare) == [place]


def test_a_word_for_neither_the_own_nor_the_last_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "anaphora.tsv").write_text("word\twhose\tclasses\n集团\tfirst\tCompany\n", encoding="utf-8")
    with pytest.raises(PackError, match=r"anaphora\.tsv:2.*first.*own"):
        load_lexicon(tmp_path, classes=["Company"], predicates=[])


def test_a_sentence_that_only_points_back_is_no_evidence(read: Read) -> None:
    found = read(f"{HARBOUR[0]}旗下的{SCHOOL[0]}启用“智港云”平台。\n\n会后，集团推介该平台，学校与集团共建该平台。")
    spans = {e.id: [(m.start, m.end) for m in e.mentions] for e in found.entities}
    for relation in found.relations:
        start, end = relation.evidence.start, relation.evidence.end
        assert any(a < end and start < b for one in (relation.subject, relation.object) for a, b in spans[one])


def test_both_parties_are_those_that_opened_the_sentence_before(read: Read) -> None:
    found = read(f"{HARBOUR[0]}与{SCHOOL[0]}举行座谈会。双方共建“智港”联合实验室。")
    names = {e.id: e.name for e in found.entities}
    builders = {names[r.subject] for r in found.relations if r.predicate == "coBuilds"}
    assert builders == {HARBOUR[0], SCHOOL[0]}
