"""Words beside a mention show that it is no party to some facts."""

from __future__ import annotations

import numpy as np
import pytest

from kg.extract import Extractor
from kg.extract.loglinear import Example
from kg.extract.relations import Candidate, Place
from kg.extract.unfit import fitting


def left(extractor: Extractor, text: str, first: tuple[str, str], second: tuple[str, str]) -> set[str]:
    """The predicates that are left to a pair of mentions of which any was possible."""
    places = [
        Place(text.index(name), text.index(name) + len(name), number, type_, "")
        for number, (name, type_) in enumerate((first, second))
    ]
    pair = Candidate(0, 1, (0, len(text)), "", Example(np.zeros(0, np.uint64), (0,)))
    chances = np.full((1, len(extractor.fit.classes)), 0.9, np.float32)
    kept = fitting(text, places, [pair], chances, extractor.fit, extractor.pack.lexicon.unfit)
    assert (chances == np.float32(0.9)).all()
    return {name.removeprefix("-") for name, chance in zip(extractor.fit.classes, kept[0], strict=True) if chance and name}


@pytest.mark.parametrize("behind", ["精神", "决策部署"])
def test_who_studies_what_a_congress_has_said_takes_no_part_in_it(extractor: Extractor, behind: str) -> None:
    text = f"澜州港务集团学习贯彻党的二十大{behind}。"
    kept = left(extractor, text, ("澜州港务集团", "Organization"), ("党的二十大", "Event"))
    assert not kept & {"participatesIn", "organizes", "locatedIn"}
    assert "upholds" in kept


def test_where_guests_come_from_nothing_happens(extractor: Extractor) -> None:
    kept = left(extractor, "澜州海洋论坛邀请来自英国的专家参加。", ("澜州海洋论坛", "Event"), ("英国", "Place"))
    assert "locatedIn" not in kept and "supports" in kept


def test_other_mentions_keep_all(extractor: Extractor) -> None:
    everything = {name.removeprefix("-") for name in extractor.fit.classes if name}
    assert left(extractor, "澜州海洋论坛在英国举行。", ("澜州海洋论坛", "Event"), ("英国", "Place")) == everything
