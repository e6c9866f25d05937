from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kg.extract import Extractor
from kg.extract.analysis import analysis
from kg.extract.loglinear import Example, hashed
from kg.extract.ownership import named_after
from kg.extract.relations import LONGEST, Candidate, Place, candidates, list_groups, own_organisations, schema, sentences, shared
from kg.model import Annotation
from kg.ontology import Ontology, allows

Read = Callable[[str], Annotation]


def places(text: str, *named: tuple[str, str]) -> list[Place]:
    """Each occurrence of each name as a mention; equal names are one entity."""
    found = []
    for number, (name, kind) in enumerate(named):
        at = text.find(name)
        while at >= 0:
            found.append(Place(at, at + len(name), number, kind, ""))
            at = text.find(name, at + 1)
    return sorted(found, key=lambda p: (p.start, -p.end))


def stated(annotation: Annotation) -> set[tuple[str, str, str]]:
    names = {e.id: e.name for e in annotation.entities}
    return {(names[r.subject], r.predicate, names[r.object]) for r in annotation.relations}


def test_sentences_cover_the_text() -> None:
    text = "甲。乙！\n\n丙？丁"
    assert "".join(text[a:b] for a, b in sentences(text)) == text


def test_a_line_without_end_is_cut_behind_commas() -> None:
    text = "中国联通推进数字中国建设，" * 1000
    found = sentences(text)
    assert "".join(text[a:b] for a, b in found) == text
    assert all(b - a <= LONGEST for a, b in found)
    assert all(text[b - 1] == "，" for _, b in found)


def test_the_schema_names_what_each_pair_of_types_allows() -> None:
    signatures = {"leads": [(frozenset({"P"}), frozenset({"O"}))], "with": [(frozenset({"O"}), frozenset({"O"}))]}
    fit = schema(("P", "O"), signatures, frozenset({"with"}))
    allowed = {pair: {fit.classes[n] for n in numbers} for pair, numbers in fit.possible.items()}
    assert allowed == {("P", "P"): {""}, ("P", "O"): {"", "leads"}, ("O", "P"): {"", "-leads"}, ("O", "O"): {"", "with"}}


def test_candidates_are_pairs_that_the_schema_allows(extractor: Extractor, pack_ontology: Ontology) -> None:
    text = "远洋公司与砺山大学签署《合作协议》。张伟在清河市出席“星火行动”启动会。该公司推进“星火行动”。"
    named = [
        ("远洋公司", "Organization"),
        ("砺山大学", "Organization"),
        ("合作协议", "Document"),
        ("张伟", "Person"),
        ("清河市", "Place"),
        ("星火行动", "Programme"),
    ]
    found = places(text, *named)
    pairs = candidates(analysis(text, extractor.pack), found, extractor.fit)
    assert pairs
    for pair in pairs:
        first, second = found[pair.first], found[pair.second]
        assert first.entity != second.entity
        for number in pair.example.possible[1:]:
            name = extractor.fit.classes[number]
            ends = (second.type, first.type) if name.startswith("-") else (first.type, second.type)
            predicate = name.removeprefix("-")
            either = allows(pack_ontology, *(ends[0], predicate, ends[1])) or allows(pack_ontology, ends[1], predicate, ends[0])
            assert allows(pack_ontology, ends[0], predicate, ends[1]) or (
                pack_ontology.predicates[predicate].symmetric and either
            )


def test_a_pair_across_sentences_says_what_carried_it(extractor: Extractor) -> None:
    text = "远洋公司召开会议。随后推进“星火行动”。"
    found = places(text, ("远洋公司", "Organization"), ("星火行动", "Programme"))
    pairs = candidates(analysis(text, extractor.pack), found, extractor.fit)
    assert {(found[p.first].entity, found[p.second].entity, p.carried) for p in pairs} >= {(0, 1, "topic1")}


def test_the_document_is_by_the_company_it_speaks_of_most() -> None:
    text = "远洋公司开会\n市场部、远洋公司、远洋公司、砺山大学"
    found = [
        Place(p.start, p.end, p.entity, p.type, kind)
        for p in places(text, ("远洋公司", "O"), ("市场部", "O"), ("砺山大学", "O"))
        for kind in [("Company", "Department", "School")[p.entity]]
    ]
    found = [Place(p.start, p.end, p.entity, "Organization", p.subtype) for p in found]
    assert own_organisations(text, found)[0] == 0
    assert 1 not in own_organisations(text, found)


def test_a_unit_is_named_after_the_nearest_body_whose_name_opens_its_own() -> None:
    text = "青禾集团、青禾集团江南分公司、青禾集团江南分公司工会和青禾县人民政府"
    names = [("青禾集团", "Company"), ("青禾集团江南分公司", "Company"), ("青禾集团江南分公司工会", "PartyBody"),
        ("青禾县人民政府", "GovernmentBody")]  # fmt: skip
    places = [Place(text.index(name), text.index(name) + len(name), at, "Organization", kind)
        for at, (name, kind) in enumerate(names)]  # fmt: skip
    assert named_after(text, sorted(places, key=lambda p: (p.start, -p.end))) == {1: 0, 2: 1}


def test_a_name_that_opens_with_its_owners_states_whose_it_is(read: Read) -> None:
    text = "江陵机械集团召开会议。会后，江陵机械集团质量部提出了意见。"
    assert ("江陵机械集团质量部", "partOf", "江陵机械集团") in stated(read(text))


def test_members_of_a_list_are_one_group_and_others_are_not() -> None:
    text = "甲公司、乙公司和“丙公司”与丁计划，戊公司"
    found = places(
        text, *((n, "Organization") for n in ("甲公司", "乙公司", "丙公司")), ("丁计划", "Programme"), ("戊公司", "Organization")
    )
    groups = list_groups(text, found)
    assert groups[0] == groups[1] == groups[2]
    assert len({groups[0], groups[3], groups[4]}) == 3


def test_members_of_a_list_draw_each_other_towards_their_mean() -> None:
    text = "甲公司、乙公司推进丙计划"
    found = places(text, ("甲公司", "Organization"), ("乙公司", "Organization"), ("丙计划", "Programme"))
    empty = Example(hashed(()), (0, 1))
    pairs = [Candidate(0, 2, (0, 12), "", empty), Candidate(1, 2, (0, 12), "", empty)]
    out = shared(text, pairs, found, np.array([[0.1, 0.9], [0.7, 0.3]], np.float32))
    assert 0.3 < out[1, 1] < out[0, 1] < 0.9
    np.testing.assert_allclose(out.sum(1), 1, rtol=1e-5)


PLAIN = [
    ("远洋集团有限公司与砺山大学签署战略合作协议。", {("远洋集团有限公司", "collaboratesWith", "砺山大学")}),
    ("远洋集团有限公司董事长张伟出席会议。", {("张伟", "holdsPosition", "远洋集团有限公司")}),
    ("远洋集团有限公司党委与砺山大学党委开展结对共建。", {("远洋集团有限公司党委", "pairsWith", "砺山大学党委")}),
]


@pytest.mark.parametrize(("text", "facts"), PLAIN, ids=["collaboration", "office", "pairing"])
def test_a_plain_statement_is_a_fact(text: str, facts: set[tuple[str, str, str]], read: Read) -> None:
    assert facts <= {(a, p, b) for a, p, b in stated(read(text))} | {(b, p, a) for a, p, b in stated(read(text))}


@pytest.mark.parametrize(
    "text",
    [
        "远洋集团有限公司拟与砺山大学签署战略合作协议。",
        "远洋集团有限公司尚未与砺山大学签署战略合作协议。",
        "如果远洋集团有限公司与砺山大学合作，效果会更好。",
        "下一步，远洋集团有限公司将与砺山大学开展结对共建。",
    ],
    ids=["planned", "negated", "hypothetical", "future"],
)
def test_what_is_planned_negated_or_supposed_is_no_fact(text: str, read: Read) -> None:
    between = {p for a, p, b in stated(read(text)) if {a, b} == {"远洋集团有限公司", "砺山大学"}}
    assert not between


def test_what_is_said_of_a_list_is_said_of_each_member(read: Read) -> None:
    text = "远洋集团有限公司与砺山大学、清河银行、北川电力有限公司签署战略合作协议。"
    found = {frozenset((a, b)) for a, p, b in stated(read(text)) if p == "collaboratesWith"}
    wanted = {frozenset(("远洋集团有限公司", name)) for name in ("砺山大学", "清河银行", "北川电力有限公司")}
    assert wanted <= found
