"""A post that only some bodies have is held in none of the others, unless the text gives it to the person right there."""

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


def chance(extractor: Extractor, text: str, person: str, body: str, kind: str, *, carried: str = "") -> float:
    """What is left of a chance of .9 that ``person`` has a post in ``body``."""
    known = [(name, "Person", "") for name in PEOPLE if name in text] + [(body, "Organization", kind)]
    places = sorted((Place(text.index(name), text.index(name) + len(name), number, type_, subtype)
        for number, (name, type_, subtype) in enumerate(known)), key=lambda place: place.start)  # fmt: skip
    names = [text[place.start : place.end] for place in places]
    first, second = sorted((names.index(person), names.index(body)))
    pair = Candidate(first, second, (0, len(text)), carried, Example(np.zeros(0, np.uint64), (0,)))
    chances = np.zeros((1, len(extractor.fit.classes)), np.float32)
    at = extractor.fit.classes.index("holdsPosition" if names[first] == person else "-holdsPosition")
    chances[0, at] = 0.9
    return round(float(held(text, places, [pair], chances, extractor.fit, extractor.pack.lexicon.posts)[0, at]), 2)


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
    assert chance(extractor, text, "邹鹤鸣", body, kind) == 0


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
    assert chance(extractor, text, "邹鹤鸣", body, kind) == 0.9


def test_a_post_carried_over_from_another_sentence_must_fit_too(extractor: Extractor) -> None:
    text = "澜州红十字会介绍情况。副市长邹鹤鸣出席。"
    assert chance(extractor, text, "邹鹤鸣", "澜州红十字会", "Association", carried="topic") == 0


def test_without_posts_in_the_pack_nothing_is_ruled_out(extractor: Extractor) -> None:
    chances = np.full((1, len(extractor.fit.classes)), 0.9, np.float32)
    assert held("", [], [], chances, extractor.fit, {}) is chances


def test_a_post_of_an_unknown_class_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "posts.tsv").write_text("post\tclasses\n省长\tGovernment\n", encoding="utf-8")
    with pytest.raises(PackError, match=r"posts\.tsv:2: unknown class 'Government'"):
        load_lexicon(tmp_path, classes=["GovernmentBody"], predicates=[])
