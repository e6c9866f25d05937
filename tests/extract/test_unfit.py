"""Words beside a mention show that it is no party to some facts, and a fact shows that another is none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from kg.extract import Extractor
from kg.extract.loglinear import Example
from kg.extract.relations import Candidate, Place
from kg.extract.unfit import fitting, without_rivals


def left(extractor: Extractor, text: str, first: tuple[str, str], second: tuple[str, str]) -> set[str]:
    """The predicates that are left to a pair of mentions of which any was possible, the first one the subject."""
    places = [
        Place(text.index(name), text.index(name) + len(name), number, type_, "")
        for number, (name, type_) in enumerate((first, second))
    ]
    pair = Candidate(0, 1, (0, len(text)), "", Example(np.zeros(0, np.uint64), (0,)))
    chances = np.full((1, len(extractor.fit.classes)), 0.9, np.float32)
    kept = fitting(text, places, [pair], chances, extractor.fit, extractor.pack.lexicon.unfit)
    assert (chances == np.float32(0.9)).all()
    return {name for name, chance in zip(extractor.fit.classes, kept[0], strict=True) if chance and name[:1] not in "-"}


@pytest.mark.parametrize("behind", ["精神", "决策部署"])
def test_who_studies_what_a_congress_has_said_takes_no_part_in_it(extractor: Extractor, behind: str) -> None:
    text = f"澜州港务集团学习贯彻党的二十大{behind}。"
    kept = left(extractor, text, ("澜州港务集团", "Organization"), ("党的二十大", "Event"))
    assert not kept & {"participatesIn", "organizes", "locatedIn"}
    assert "upholds" in kept


def test_where_guests_come_from_nothing_happens(extractor: Extractor) -> None:
    kept = left(extractor, "澜州海洋论坛邀请来自英国的专家参加。", ("澜州海洋论坛", "Event"), ("英国", "Place"))
    assert "locatedIn" not in kept and "supports" in kept


@pytest.mark.parametrize("act", ["前往", "向", "与", "一行走访"])
def test_who_goes_to_a_body_or_speaks_to_it_has_no_post_there(extractor: Extractor, act: str) -> None:
    kept = left(extractor, f"院长邹鹤鸣{act}云溪县委座谈。", ("邹鹤鸣", "Person"), ("云溪县委", "Organization"))
    assert "holdsPosition" not in kept and "guides" in kept


def test_who_is_made_the_head_of_a_body_may_have_a_post_there(extractor: Extractor) -> None:
    kept = left(extractor, "会议决定邹鹤鸣任云溪县委书记。", ("邹鹤鸣", "Person"), ("云溪县委", "Organization"))
    assert "holdsPosition" in kept


def test_other_mentions_keep_all(extractor: Extractor) -> None:
    everything = {name for name in extractor.fit.classes if name[:1] not in "-"}
    assert left(extractor, "澜州海洋论坛在英国举行。", ("澜州海洋论坛", "Event"), ("英国", "Place")) == everything


class Said(NamedTuple):
    subject: int
    predicate: str
    object: int
    confidence: float


def kept(extractor: Extractor, *facts: Said) -> list[Said]:
    return without_rivals(facts, extractor.pack.lexicon.exclusive)


def test_who_pairs_with_another_does_not_also_cooperate_with_it(extractor: Extractor) -> None:
    pairing, cooperation = Said(1, "pairsWith", 2, 0.7), Said(2, "collaboratesWith", 1, 0.6)
    assert kept(extractor, cooperation, pairing) == [pairing]
    surer = cooperation._replace(confidence=0.8)
    assert kept(extractor, surer, pairing) == [surer]


def test_of_two_that_are_as_sure_the_same_stays_whatever_their_order(extractor: Extractor) -> None:
    facts = Said(1, "pairsWith", 2, 0.7), Said(1, "collaboratesWith", 2, 0.7)
    assert kept(extractor, *facts) == kept(extractor, *reversed(facts)) == [facts[1]]


def test_other_predicates_and_other_things_stand_beside_it(extractor: Extractor) -> None:
    facts = [Said(1, "pairsWith", 2, 0.7), Said(1, "collaboratesWith", 3, 0.6), Said(2, "partOf", 1, 0.5)]
    assert kept(extractor, *facts) == facts


def test_a_news_desk_is_no_organizer(extractor: Extractor) -> None:
    kept = left(extractor, "澜州新闻网讯（记者）澜州海洋论坛举行。", ("澜州新闻网", "Organization"), ("澜州海洋论坛", "Event"))
    assert "organizes" not in kept
