"""A post that only some bodies have is held in none of the others, and in the one that it points to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kg.errors import PackError
from kg.extract import Extractor
from kg.extract.loglinear import Example
from kg.extract.posts import held, with_offices
from kg.extract.relations import Candidate, Place
from kg.lexicon import Lexicon, load_lexicon

SOMEBODY, ANOTHER = "邹鹤鸣", "柳承泽"
Bodies = dict[str, str]
"""The bodies that a text names, with their classes."""


def mentions(text: str, bodies: Bodies) -> list[Place]:
    known = [(name, "Person", "") for name in (SOMEBODY, ANOTHER) if name in text]
    known += [(name, "Organization", kind) for name, kind in bodies.items()]
    places = [
        Place(at, at + len(name), number, type_, subtype)
        for number, (name, type_, subtype) in enumerate(known)
        for at in range(len(text))
        if text.startswith(name, at)
    ]
    return sorted(places, key=lambda place: (place.start, -place.end, place.entity))


def left(extractor: Extractor, text: str, body: str, kind: str, *, carried: str = "", chance: float = 0.8) -> float:
    """What is left of a chance that 邹鹤鸣 has a post in ``body``."""
    places = mentions(text, {body: kind})
    names = [text[place.start : place.end] for place in places]
    first, second = sorted((names.index(SOMEBODY), names.index(body)))
    at = extractor.fit.classes.index("holdsPosition" if names[first] == SOMEBODY else "-holdsPosition")
    pair = Candidate(first, second, (0, len(text)), carried, Example(np.zeros(0, np.uint64), (0, at)))
    chances = np.zeros((1, len(extractor.fit.classes)), np.float32)
    chances[0, at] = chance
    return round(float(held(text, places, [pair], chances, extractor.fit, extractor.pack.lexicon)[0, at]), 2)


@pytest.mark.parametrize(
    ("text", "body", "kind"),
    [
        ("澜州商业联合会会长柳承泽，副省长邹鹤鸣出席。", "澜州商业联合会", "Association"),
        ("市长邹鹤鸣与澜州港务集团一行座谈。", "澜州港务集团", "Company"),
        ("校长邹鹤鸣一行到云溪县人民政府考察。", "云溪县人民政府", "GovernmentBody"),
        ("云溪县人民政府县长柳承泽、总经理邹鹤鸣见证签约。", "云溪县人民政府", "GovernmentBody"),
        ("云溪县人大常委会主任柳承泽，县长邹鹤鸣出席。", "云溪县人大常委会", "GovernmentBody"),
        ("云溪县委书记柳承泽、县长邹鹤鸣出席。", "云溪县委", "PartyBody"),
        ("澜州海事大学签署战略合作协议 副市长邹鹤鸣出席", "澜州海事大学", "School"),
        ("一行到云溪县联社调研，县委书记邹鹤鸣参加座谈。", "云溪县联社", "Company"),
    ],
)
def test_a_body_that_has_no_such_post_has_none(extractor: Extractor, text: str, body: str, kind: str) -> None:
    assert left(extractor, text, body, kind) == 0


@pytest.mark.parametrize(
    ("text", "body", "kind"),
    [
        ("云溪县委书记柳承泽，县委副书记、县长邹鹤鸣出席。", "云溪县委", "PartyBody"),
        ("县长邹鹤鸣主持，云溪县人民政府主办。", "云溪县人民政府", "GovernmentBody"),
        ("副市长邹鹤鸣任澜州湾工作专班组长。", "澜州湾工作专班", "WorkingGroup"),
        ("澜州红十字会会长、副市长邹鹤鸣出席。", "澜州红十字会", "Association"),
        ("澜州港务集团董事长柳承泽、副总经理邹鹤鸣出席。", "澜州港务集团", "Company"),
        ("澜州港务集团总工程师柳承泽、秘书邹鹤鸣出席。", "澜州港务集团", "Company"),
    ],
)
def test_other_posts_and_bodies_that_have_them_are_left_alone(extractor: Extractor, text: str, body: str, kind: str) -> None:
    assert left(extractor, text, body, kind) == 0.8


def test_a_post_carried_over_from_another_sentence_must_fit_too(extractor: Extractor) -> None:
    assert left(extractor, "澜州红十字会介绍情况。副市长邹鹤鸣出席。", "澜州红十字会", "Association", carried="topic") == 0


def test_a_small_chance_is_taken_too_as_a_list_may_draw_it_up(extractor: Extractor) -> None:
    assert left(extractor, "市长邹鹤鸣与澜州港务集团一行座谈。", "澜州港务集团", "Company", chance=0.06) == 0


def offices(extractor: Extractor, text: str, bodies: Bodies) -> dict[str, str]:
    """The bodies in which 邹鹤鸣 has a post by what the post points to, with the evidence of each."""
    places = mentions(text, bodies)
    width = len(extractor.fit.classes)
    pairs, chances = with_offices(text, places, [], np.zeros((0, width), np.float32), extractor.fit, extractor.pack.lexicon)
    assert chances.shape == (len(pairs), width)
    found = {}
    for pair, row in zip(pairs, chances, strict=True):
        (at,) = np.flatnonzero(row).tolist()
        person, body = (places[n] for n in ((pair.first, pair.second) if extractor.fit.classes[at][0] != "-"
            else (pair.second, pair.first)))  # fmt: skip
        assert person.type == "Person" and extractor.fit.classes[at].removeprefix("-") == "holdsPosition"
        if text[person.start : person.end] == SOMEBODY:
            found[text[body.start : body.end]] = text[slice(*pair.sentence)]
    return found


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ("副省长邹鹤鸣宣布开幕。本届交易会由省政府主办。", {"省政府": "GovernmentBody"}),
        ("云溪市人民政府承办。市委副书记、市长邹鹤鸣致辞。", {"云溪市人民政府": "GovernmentBody"}),
        ("云溪市副市长邹鹤鸣出席，云溪市人民政府主办，澜州市政府协办。",
            {"云溪市人民政府": "GovernmentBody", "澜州市政府": "GovernmentBody"}),
        ("澜州海事大学举行签约仪式，常务副校长邹鹤鸣出席。", {"澜州海事大学": "School"}),
        ("云溪县委组织座谈。县委副书记邹鹤鸣出席。", {"云溪县委": "PartyBody"}),
    ],
)  # fmt: skip
def test_the_head_of_a_kind_of_body_is_of_the_only_one(extractor: Extractor, text: str, bodies: Bodies) -> None:
    sentence = next(part + "。" for part in text.split("。") if SOMEBODY in part)
    assert offices(extractor, text, bodies) == {next(iter(bodies)): sentence}


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ("澜州市副市长邹鹤鸣出席，云溪市人民政府主办。", {"云溪市人民政府": "GovernmentBody"}),
        ("副市长邹鹤鸣出席，云溪市人民政府、澜州市政府主办。",
            {"云溪市人民政府": "GovernmentBody", "澜州市政府": "GovernmentBody"}),
        ("云溪市文化馆馆长邹鹤鸣出席，云溪市人民政府主办。", {"云溪市人民政府": "GovernmentBody"}),
        ("董事长邹鹤鸣出席，云溪港务集团主办。", {"云溪港务集团": "Company"}),
        ("校长邹鹤鸣出席，澜州大学材料学院承办。", {"澜州大学材料学院": "School"}),
    ],
)  # fmt: skip
def test_of_no_other_and_not_of_one_of_several(extractor: Extractor, text: str, bodies: Bodies) -> None:
    assert offices(extractor, text, bodies) == {}


@pytest.mark.parametrize("title", ["党委书记、董事长", "党委副书记、副总经理", "党委委员、副总经理", "党委书记、董事长、总经理"])
def test_who_has_posts_in_a_company_s_committee_and_in_the_company_is_of_both(extractor: Extractor, title: str) -> None:
    text = f"澜州港务集团召开大会。澜州港务集团{title}邹鹤鸣讲话。"
    bodies = {"澜州港务集团": "Company", "澜州港务集团党委": "PartyBody"}
    assert offices(extractor, text, bodies) == {"澜州港务集团": f"澜州港务集团{title}邹鹤鸣讲话。"}


@pytest.mark.parametrize("title", ["党委书记", "党委书记、工会主席", "党委组织部部长"])
def test_a_post_in_the_committee_alone_is_none_in_the_company(extractor: Extractor, title: str) -> None:
    text = f"澜州港务集团召开大会。澜州港务集团{title}邹鹤鸣讲话。"
    assert offices(extractor, text, {"澜州港务集团": "Company", "澜州港务集团党委": "PartyBody"}) == {}


def test_the_owner_of_a_unit_is_not_the_body_of_the_units_committee(extractor: Extractor) -> None:
    text = "澜州港务集团召开大会。澜州港务集团龙湾公司党委书记、总经理邹鹤鸣讲话。"
    assert offices(extractor, text, {"澜州港务集团": "Company", "澜州港务集团龙湾公司党委": "PartyBody"}) == {}


def test_without_posts_in_the_pack_nothing_is_said_of_them(extractor: Extractor) -> None:
    nothing = Lexicon(heads={}, triggers={}, markers={}, tags={}, plain=frozenset())
    chances = np.full((0, len(extractor.fit.classes)), 0.9, np.float32)
    places = mentions("省政府副省长邹鹤鸣", {"省政府": "GovernmentBody"})
    assert held("省政府副省长邹鹤鸣", places, [], chances, extractor.fit, nothing) is chances
    assert with_offices("省政府副省长邹鹤鸣", places, [], chances, extractor.fit, nothing)[0] == []


@pytest.mark.parametrize(
    ("file", "lines", "message"),
    [
        ("posts.tsv", "post\tclasses\tbodies\n省长\tGovernment\t-\n", r"posts\.tsv:2: unknown class 'Government'"),
        ("exclusive.tsv", "predicates\norganizes|pairs\n", r"exclusive\.tsv:2: unknown predicate 'pairs'"),
        ("unfit.tsv", "side\twords\tpredicates\nabove\t精神\torganizes\n", r"unfit\.tsv:2: unknown side 'above'"),
        ("unfit.tsv", "side\twords\tpredicates\nbehind\t精神\torganises\n", r"unfit\.tsv:2: unknown predicate 'organises'; did"),
    ],
)
def test_wrong_lines_are_errors(tmp_path: Path, file: str, lines: str, message: str) -> None:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / file).write_text(lines, encoding="utf-8")
    with pytest.raises(PackError, match=message):
        load_lexicon(tmp_path, classes=["GovernmentBody"], predicates=["organizes"])
