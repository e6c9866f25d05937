"""Pairs of mentions as arrays: what is known of each mention, and that pairs do not touch each other."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from kg.extract import Extractor
from kg.extract.analysis import analysis
from kg.extract.pair_features import pair_features
from kg.extract.pairs import gaps
from kg.extract.relations import LONGEST, Place, candidates, sentences
from kg.extract.sheet import Sheet, sheet
from kg.extract.stretches import stretches

TEXT = "5月，远洋公司、砺山大学与“清河银行”签署协议。会上，张伟表示，砺山大学图书馆将推进“星火行动”，远洋公司参加。"
NAMES = {
    "远洋公司": "Organization",
    "砺山大学": "Organization",
    "清河银行": "Organization",
    "张伟": "Person",
    "砺山大学图书馆": "Organization",
    "星火行动": "Programme",
}


def mentions(text: str, names: dict[str, str]) -> list[Place]:
    found = []
    for number, (name, kind) in enumerate(names.items()):
        at = text.find(name)
        while at >= 0:
            found.append(Place(at, at + len(name), number, kind, ""))
            at = text.find(name, at + 1)
    return sorted(found, key=lambda p: (p.start, -p.end))


@pytest.fixture(scope="module")
def places() -> list[Place]:
    return mentions(TEXT, NAMES)


@pytest.fixture(scope="module")
def laid_out(extractor: Extractor, places: list[Place]) -> Sheet:
    return sheet(analysis(TEXT, extractor.pack), stretches(TEXT), places, sentences(TEXT))


def test_members_of_a_list_know_its_ends(laid_out: Sheet, places: list[Place]) -> None:
    said = [TEXT[p.start : p.end] for p in places]
    first, last = laid_out.mentions.first, laid_out.mentions.last
    assert said[:3] == ["远洋公司", "砺山大学", "清河银行"]
    assert first[:3].tolist() == [0, 0, 0] and last[:3].tolist() == [2, 2, 2]
    assert first[3:].tolist() == last[3:].tolist() == list(range(3, len(places)))


def test_who_opens_a_clause_may_be_its_subject(laid_out: Sheet, places: list[Place]) -> None:
    opening = {(TEXT[p.start : p.end], p.start) for p, opens in zip(places, laid_out.mentions.opens, strict=True) if opens}
    assert {name for name, _ in opening} == {"远洋公司", "砺山大学", "清河银行", "张伟", "砺山大学图书馆"}
    assert ("星火行动", TEXT.index("星火行动")) not in opening


def test_organisations_before_a_mention_are_counted_within_its_sentence(laid_out: Sheet, places: list[Place]) -> None:
    bodies = {(TEXT[p.start : p.end], p.start): int(n) for p, n in zip(places, laid_out.mentions.bodies, strict=True)}
    assert bodies["远洋公司", TEXT.index("远洋公司")] == 0
    assert bodies["清河银行", TEXT.index("清河银行")] == 2
    assert bodies["张伟", TEXT.index("张伟")] == 0
    assert bodies["星火行动", TEXT.index("星火行动")] == 2


def test_a_pair_has_the_same_features_alone_and_among_others(laid_out: Sheet, places: list[Place]) -> None:
    sentence = laid_out.mentions.low
    pairs = [(a, b) for a, b in itertools.combinations(range(len(places)), 2)]
    why = ["" if sentence[a] == sentence[b] else "topic1" for a, b in pairs]
    first, second = np.array(pairs).T
    together = pair_features(gaps(laid_out, first, second, why))
    assert {reason for reason in why} == {"", "topic1"}
    for number, features in enumerate(together):
        one = slice(number, number + 1)
        (alone,) = pair_features(gaps(laid_out, first[one], second[one], why[one]))
        assert alone.tolist() == features.tolist()


def test_the_features_of_a_pair_do_not_depend_on_where_in_the_document_it_stands(extractor: Extractor) -> None:
    lead = "天气晴朗，风和日丽，万里无云，一切如常，开始之前众人在广场上合影留念并互致问候，气氛热烈，其乐融融。\n" * 3
    sets = []
    for text in (lead + TEXT, lead + lead + TEXT):
        found = mentions(text, NAMES)
        within = [c for c in candidates(analysis(text, extractor.pack), found, extractor.fit) if not c.carried]
        sets.append([c.example.features.tolist() for c in within])
    assert sets[0] == sets[1] != []


def test_pairs_grow_with_the_length_of_a_line_not_with_its_square(extractor: Extractor) -> None:
    counts = []
    for many in (150, 600):
        triples = itertools.islice(itertools.product("东南西北中上下左右前", repeat=3), many)
        names = {f"{a}{b}{c}公司": "Organization" for a, b, c in triples}
        text = "、".join(names) + "签署协议"
        counts.append(len(candidates(analysis(text, extractor.pack), mentions(text, names), extractor.fit)))
    assert 600 * 6 > LONGEST
    assert counts[0] > 150
    assert counts[1] < 5 * counts[0]
