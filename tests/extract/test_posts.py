"""A post that only some bodies have is held in the only one of its kind, and in no other unless the text says so right there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kg.errors import PackError
from kg.extract import Extractor
from kg.extract.loglinear import Example
from kg.extract.posts import held
from kg.extract.relations import Candidate, Place
from kg.lexicon import load_lexicon

PEOPLE = ("邹鹤鸣", "柳承泽")


def chance(
    extractor: Extractor, text: str, body: str, kind: str, *others: str, before: float = 0.8, carried: str = ""
) -> float:
    """What becomes of a chance of ``before`` that 邹鹤鸣 has a post in ``body``, the document's only one but for ``others``."""
    known = [(name, "Person", "") for name in PEOPLE if name in text]
    known += [(name, "Organization", kind) for name in (body, *others)]
    places = sorted((Place(text.index(name), text.index(name) + len(name), number, type_, subtype)
        for number, (name, type_, subtype) in enumerate(known)), key=lambda place: place.start)  # fmt: skip
    names = [text[place.start : place.end] for place in places]
    first, second = sorted((names.index("邹鹤鸣"), names.index(body)))
    at = extractor.fit.classes.index("holdsPosition" if names[first] == "邹鹤鸣" else "-holdsPosition")
    pair = Candidate(first, second, (0, len(text)), carried, Example(np.zeros(0, np.uint64), (0, at)))
    chances = np.zeros((1, len(extractor.fit.classes)), np.float32)
    chances[0, at] = before
    words = extractor.pack.lexicon
    return round(float(held(text, places, [pair], chances, extractor.fit, words.posts, words.ranks)[0, at]), 2)


@pytest.mark.parametrize(
    ("text", "body", "kind"),
    [
        ("澜州商业联合会会长柳承泽，副省长邹鹤鸣出席。", "澜州商业联合会", "Association"),
        ("市长邹鹤鸣与澜州港务集团一行座谈。", "澜州港务集团", "Company"),
        ("校长邹鹤鸣一行到云溪县人民政府考察。", "云溪县人民政府", "GovernmentBody"),
        ("云溪县人民政府县长柳承泽、总经理邹鹤鸣见证签约。", "云溪县人民政府", "GovernmentBody"),
    ],
)
def test_a_body_that_has_no_such_post_has_none(extractor: Extractor, text: str, body: str, kind: str) -> None:
    assert chance(extractor, text, body, kind) == 0


@pytest.mark.parametrize(
    ("text", "body", "kind"),
    [
        ("云溪县委书记柳承泽，县长邹鹤鸣出席。", "云溪县委", "PartyBody"),
        ("副市长邹鹤鸣任澜州湾工作专班组长。", "澜州湾工作专班", "WorkingGroup"),
        ("澜州红十字会会长、副市长邹鹤鸣出席。", "澜州红十字会", "Association"),
        ("澜州港务集团董事长柳承泽、副总经理邹鹤鸣出席。", "澜州港务集团", "Company"),
        ("澜州港务集团总工程师柳承泽、秘书邹鹤鸣出席。", "澜州港务集团", "Company"),
    ],
)
def test_other_posts_and_bodies_that_have_them_are_left_alone(extractor: Extractor, text: str, body: str, kind: str) -> None:
    assert chance(extractor, text, body, kind) == 0.8


def test_a_post_carried_over_from_another_sentence_must_fit_too(extractor: Extractor) -> None:
    text = "澜州红十字会介绍情况。副市长邹鹤鸣出席。"
    assert chance(extractor, text, "澜州红十字会", "Association", carried="topic") == 0


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("副省长邹鹤鸣宣布开幕。本届交易会由省政府主办。", "省政府"),
        ("云溪市人民政府承办。市委副书记、市长邹鹤鸣致辞。", "云溪市人民政府"),
        ("云溪市副市长邹鹤鸣出席，云溪市人民政府主办。", "云溪市人民政府"),
        ("澜州海事大学举行签约仪式，常务副校长邹鹤鸣出席。", "澜州海事大学"),
    ],
)
def test_the_head_of_a_kind_of_body_is_of_the_only_one(extractor: Extractor, text: str, body: str) -> None:
    assert chance(extractor, text, body, "GovernmentBody" if "政府" in body else "School", before=0.0, carried="topic") == 0.9


@pytest.mark.parametrize(
    ("text", "body", "others"),
    [
        ("澜州市副市长邹鹤鸣出席，云溪市人民政府主办。", "云溪市人民政府", ()),
        ("副市长邹鹤鸣出席，云溪市人民政府、澜州市人民政府主办。", "云溪市人民政府", ("澜州市人民政府",)),
        ("云溪市文化馆馆长邹鹤鸣出席，云溪市人民政府主办。", "云溪市人民政府", ()),
        ("董事长邹鹤鸣出席，云溪港务集团主办。", "云溪港务集团", ()),
    ],
)
def test_of_no_other_and_not_of_one_of_several(extractor: Extractor, text: str, body: str, others: tuple[str, ...]) -> None:
    kind = "GovernmentBody" if "政府" in body else "Company"
    assert chance(extractor, text, body, kind, *others, before=0.3) == pytest.approx(0.3)


def test_without_posts_in_the_pack_nothing_is_ruled_out(extractor: Extractor) -> None:
    chances = np.full((1, len(extractor.fit.classes)), 0.9, np.float32)
    assert held("", [], [], chances, extractor.fit, {}, ()) is chances


def test_a_post_of_an_unknown_class_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "posts.tsv").write_text("post\tclasses\tbodies\n省长\tGovernment\t-\n", encoding="utf-8")
    with pytest.raises(PackError, match=r"posts\.tsv:2: unknown class 'Government'"):
        load_lexicon(tmp_path, classes=["GovernmentBody"], predicates=[])
