"""What is one thing in a corpus, and what is not."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.annotation import load_annotation
from kg.errors import AnnotationError, InputError
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Document, Entity, Knowledge, Mention, Span
from kg.naming import normalise
from kg.ontology import default_pack, load_ontology
from kg.registry import Entry, Registry, Ruling, load_registry
from kg.resolve import resolve

GOLD = Path(__file__).parent / "gold" / "dev"
ONTOLOGY = load_ontology(default_pack())
REGISTRY = load_registry(default_pack(), ONTOLOGY)
Pair = tuple[Document, Annotation]


def said(
    id_: str,
    things: dict[str, str],
    facts: Sequence[str] = (),
    *,
    aliases: dict[str, tuple[str, ...]] | None = None,
    title: str = "",
    date: str | None = None,
    publisher: str = "",
) -> Pair:
    """Return a document that names ``things`` (name → ``Type`` or ``Type/Subtype``) and states ``facts``.

    A fact is ``subject predicate object``, with ``~`` before the predicate where it is implied.
    """
    text = title + "\n" + publisher + "\n"
    entities = []
    for number, (name, class_) in enumerate(things.items()):
        mentions = []
        names = (name, *(aliases or {}).get(name, ()))
        for form in names:
            mentions.append(Mention(len(text), len(text) + len(form)))
            text += form + "。"
        type_, _, subtype = class_.partition("/")
        entities.append(AnnotatedEntity(f"e{number}", type_, name, subtype or None, names[1:], tuple(mentions)))
    ids = {entity.name: entity.id for entity in entities}
    relations = []
    for fact in facts:
        subject, predicate, object_ = fact.split(" ")
        sentence = f"{subject}…{object_}"
        relations.append(
            AnnotatedRelation(
                ids[subject],
                predicate.lstrip("~"),
                ids[object_],
                Span(len(text), len(text) + len(sentence)),
                implied=predicate.startswith("~"),
                confidence=0.8,
                extractor="test",
            )
        )
        text += sentence + "。"
    document = Document(
        id_,
        f"{id_}.txt",
        text,
        "0" * 64,
        title=Span(0, len(title)) if title else None,
        publisher=Span(len(title) + 1, len(title) + 1 + len(publisher)) if publisher else None,
        date=date,
    )
    return document, Annotation(id_, tuple(entities), tuple(relations), extractor="test")


def know(*pairs: Pair, registry: Registry = REGISTRY) -> Knowledge:
    return resolve([d for d, _ in pairs], [a for _, a in pairs], ontology=ONTOLOGY, registry=registry)


def named(knowledge: Knowledge, name: str) -> list[Entity]:
    wanted = normalise(name)
    return [e for e in knowledge.entities if wanted in {normalise(n) for n in (e.name, *e.aliases)}]


def owner(knowledge: Knowledge, entity: Entity) -> str | None:
    return next((e.name for e in knowledge.entities if e.id == entity.scope), None)


def reasons(knowledge: Knowledge, entity: Entity) -> str:
    return "\n".join(f"{m.name}: {m.reason}" for m in knowledge.merges if m.entity == entity.id)


def with_rulings(*rulings: tuple[str, str, str]) -> Registry:
    made = {
        kind: tuple(Ruling(a, b, "the user's own", "user.tsv:1") for k, a, b in rulings if k == kind)
        for kind in ("same", "apart")
    }
    return replace(REGISTRY, same=made["same"], apart=(*REGISTRY.apart, *made["apart"]))


UNITS = {
    "市场部": "Organization/Department",
    "研究院": "Organization/ResearchInstitution",
    "党委": "Organization/PartyBody",
    "第一巡回指导组": "Organization/WorkingGroup",
    "人力资源部": "Organization/Department",
    "财务公司": "Organization/Company",
    "市场经营部": "Organization/Department",
}


def report(id_: str, company: str, *, stated: bool = True) -> Pair:
    facts = [f"{unit} ~partOf {company}" for unit in UNITS] if stated else []
    return said(id_, {company: "Organization/Company", **UNITS}, facts, title=f"{company}开展主题教育")


def test_units_of_different_owners_stay_apart() -> None:
    knowledge = know(report("a", "星河集团有限公司"), report("b", "砺石能源有限公司"))
    for unit in UNITS:
        both = named(knowledge, unit)
        assert sorted(str(owner(knowledge, e)) for e in both) == ["星河集团有限公司", "砺石能源有限公司"], unit
        assert {e.name for e in both} == {unit}


def test_units_of_one_owner_are_one_over_twenty_documents() -> None:
    knowledge = know(*(report(f"d{i:02}", "星河集团有限公司", stated=i % 2 == 0) for i in range(20)))
    assert len(knowledge.entities) == 1 + len(UNITS)
    for unit in UNITS:
        (entity,) = named(knowledge, unit)
        assert len({m.document for m in entity.mentions}) == 20
    assert all(len(f.evidence) == 10 for f in knowledge.facts)
    assert len(knowledge.facts) == len(UNITS)


def test_a_unit_without_stated_owner_belongs_to_the_documents_own_body() -> None:
    knowledge = know(report("a", "星河集团有限公司", stated=False))
    (unit,) = named(knowledge, "市场部")
    assert owner(knowledge, unit) == "星河集团有限公司"
    assert "the document is about 星河集团有限公司" in reasons(knowledge, unit)
    assert "it stands in the title" in reasons(knowledge, unit)
    assert not knowledge.facts, "an owner that only tells apart is no fact"


def test_documents_that_name_no_body_keep_their_units_apart() -> None:
    unit = {"市场部": "Organization/Department"}
    assert len(named(know(said("a", unit), said("b", unit)), "市场部")) == 2
    assert len(named(know(said("a", unit, publisher="星河报"), said("b", unit, publisher="星河报")), "市场部")) == 1


def test_an_owner_in_front_of_the_name_is_the_same_owner() -> None:
    plain = said("a", {"星河集团": "Organization/Company", "市场部": "Organization/Department"}, ["市场部 ~partOf 星河集团"])
    full = said(
        "b", {"砺石能源": "Organization/Company", "星河集团市场部": "Organization/Department"}, title="砺石能源访星河集团市场部"
    )
    stated = said(
        "c", {"星河集团": "Organization/Company", "星河集团市场部": "Organization/Department"}, ["星河集团市场部 partOf 星河集团"]
    )
    (unit,) = named(know(plain, full, stated), "市场部")
    assert len({m.document for m in unit.mentions}) == 3
    assert unit.aliases == ("市场部",)


def test_known_companies_are_one_by_all_their_names() -> None:
    knowledge = know(
        said("a", {"中国联通": "Organization/Company"}),
        said("b", {"联通": "Organization/Company"}),
        said(
            "c", {"中国联合网络通信集团有限公司": "Organization/Company"}, aliases={"中国联合网络通信集团有限公司": ("中国联通",)}
        ),
        said("d", {"中国移动": "Organization/Company"}),
    )
    (unicom,) = named(knowledge, "中国联通")
    assert set(unicom.aliases) | {unicom.name} == {"中国联通", "联通", "中国联合网络通信集团有限公司"}
    assert unicom.registry is not None
    assert "(registry/companies.tsv:" in reasons(knowledge, unicom), "without the folder of the installation"
    assert len(knowledge.entities) == 2


def test_a_short_form_given_in_one_document_holds_in_all() -> None:
    full = said("a", {"天穹数字科技股份有限公司": "Organization/Company"}, aliases={"天穹数字科技股份有限公司": ("天穹数科",)})
    short = said("b", {"天穹数科": "Organization/Company"})
    (entity,) = know(full, short).entities
    assert (entity.name, entity.aliases) == ("天穹数字科技股份有限公司", ("天穹数科",))
    assert "天穹数科: short for 天穹数字科技股份有限公司" in reasons(know(full, short), entity)


def test_a_legal_form_is_not_needed_for_a_companys_name() -> None:
    knowledge = know(
        said("a", {"华曜能源集团有限公司": "Organization/Company"}), said("b", {"华曜能源集团": "Organization/Company"})
    )
    assert [e.name for e in knowledge.entities] == ["华曜能源集团有限公司"]


def test_an_ambiguous_short_form_joins_nothing() -> None:
    knowledge = know(
        said("a", {"星河建设有限公司": "Organization/Company"}, aliases={"星河建设有限公司": ("星建",)}),
        said("b", {"星港建工有限公司": "Organization/Company"}, aliases={"星港建工有限公司": ("星建",)}),
        said("c", {"星建": "Organization/Company"}),
    )
    assert len(knowledge.entities) == 3
    (alone,) = [e for e in knowledge.entities if e.name == "星建"]
    assert "kept apart: it is short for several things" in reasons(knowledge, alone)


def test_what_one_document_tells_apart_stays_apart() -> None:
    knowledge = know(
        said("a", {"澜海大模型3.0": "Asset"}, aliases={"澜海大模型3.0": ("澜海",)}),
        said("b", {"澜海大模型3.0": "Asset", "澜海": "Asset"}),
    )
    assert len(knowledge.entities) == 2
    assert "one document tells them apart" in "".join(m.reason for m in knowledge.merges)


def test_a_generic_short_form_holds_in_its_document_only() -> None:
    knowledge = know(
        said("a", {"云溪低空智能研究院": "Organization/ResearchInstitution"}, aliases={"云溪低空智能研究院": ("研究院",)}),
        said(
            "b", {"星河集团": "Organization/Company", "研究院": "Organization/ResearchInstitution"}, ["研究院 ~partOf 星河集团"]
        ),
    )
    assert len(named(knowledge, "研究院")) == 2


def test_the_user_forbids_a_merge_with_one_line() -> None:
    pairs = (said("a", {"中国联通": "Organization/Company"}), said("b", {"联通": "Organization/Company"}))
    assert len(know(*pairs).entities) == 1
    apart = know(*pairs, registry=with_rulings(("apart", "中国联通", "联通")))
    assert len(apart.entities) == 2
    assert "kept apart" in "".join(m.reason for m in apart.merges)
    assert "user.tsv:1" in "".join(m.reason for m in apart.merges)


def test_the_user_forbids_a_merge_by_short_form() -> None:
    full = said("a", {"天穹数字科技股份有限公司": "Organization/Company"}, aliases={"天穹数字科技股份有限公司": ("天穹数科",)})
    short = said("b", {"天穹数科": "Organization/Company"})
    ruled = with_rulings(("apart", "天穹数科", "天穹数字科技股份有限公司"))
    assert len(know(full, short, registry=ruled).entities) == 2


def test_the_user_forces_a_merge_with_one_line() -> None:
    pairs = (said("a", {"北川电厂": "Organization/Company"}), said("b", {"北电公司": "Organization/Company"}))
    assert len(know(*pairs).entities) == 2
    (one,) = know(*pairs, registry=with_rulings(("same", "北川电厂", "北电公司"))).entities
    assert "user.tsv:1" in "".join(m.reason for m in know(*pairs, registry=with_rulings(("same", "北川电厂", "北电公司"))).merges)
    assert {one.name, *one.aliases} == {"北川电厂", "北电公司"}


def test_the_user_forces_a_merge_over_scopes_and_over_a_forbidden_pair() -> None:
    pairs = (
        said("a", {"星河集团": "Organization/Company", "智研院": "Organization/ResearchInstitution"}),
        said("b", {"星河集团": "Organization/Company", "市场部": "Organization/Department"}),
    )
    forced = replace(with_rulings(("same", "智研院", "市场部")), apart=(Ruling("智研院", "市场部", "differ", "merges.tsv:2"),))
    assert len(know(*pairs).entities) == 3
    assert len(know(*pairs, registry=forced).entities) == 2


def test_persons_of_one_name_are_told_apart_by_their_employer() -> None:
    def person(id_: str, company: str, *facts: str) -> Pair:
        return said(id_, {company: "Organization/Company", "张伟": "Person"}, facts)

    knowledge = know(
        person("a", "星河集团", "张伟 holdsPosition 星河集团"),
        person("b", "砺石能源", "张伟 holdsPosition 砺石能源"),
        person("c", "星河集团"),
    )
    assert sorted((str(owner(knowledge, e)), len(e.mentions)) for e in named(knowledge, "张伟")) == [
        ("星河集团", 2),
        ("砺石能源", 1),
    ]


def test_an_office_in_a_unit_counts_for_the_company_above_it() -> None:
    unit = said(
        "a",
        {"星河集团": "Organization/Company", "市场部": "Organization/Department", "张伟": "Person"},
        ["市场部 ~partOf 星河集团", "张伟 holdsPosition 市场部"],
    )
    company = said("b", {"星河集团": "Organization/Company", "张伟": "Person"}, ["张伟 holdsPosition 星河集团"])
    assert len(named(know(unit, company), "张伟")) == 1


def test_a_regional_office_is_one_by_short_and_full_name() -> None:
    short = said(
        "a",
        {"云溪市人民政府": "Organization/GovernmentBody", "市财政局": "Organization/GovernmentBody"},
        ["市财政局 ~partOf 云溪市人民政府"],
    )
    full = said("b", {"云溪市财政局": "Organization/GovernmentBody"})
    other = said("c", {"临澄市人民政府": "Organization/GovernmentBody", "市财政局": "Organization/GovernmentBody"})
    assert sorted(len(e.mentions) for e in named(know(short, full, other), "市财政局")) == [1, 2]


def test_generic_documents_are_told_apart_by_all_who_sign_them() -> None:
    def signed(id_: str, *companies: str) -> Pair:
        things = {**{c: "Organization/Company" for c in companies}, "战略合作协议": "Document"}
        return said(id_, things, [f"{c} issues 战略合作协议" for c in companies])

    knowledge = know(
        signed("a", "星河集团", "砺石能源"), signed("b", "星河集团", "北辰自动化"), signed("c", "砺石能源", "星河集团")
    )
    assert sorted(len(e.mentions) for e in named(knowledge, "战略合作协议")) == [1, 2]


def test_generic_events_are_told_apart_by_owner_and_date() -> None:
    def held(id_: str, company: str, date: str) -> Pair:
        things = {company: "Organization/Company", "动员部署会": "Event"}
        return said(id_, things, [f"{company} organizes 动员部署会"], date=date)

    knowledge = know(
        held("a", "星河集团", "2024-01-02"), held("b", "星河集团", "2025-01-02"), held("c", "砺石能源", "2024-01-02"),
        held("d", "星河集团", "2024-01-02"),
    )  # fmt: skip
    assert sorted(len(e.mentions) for e in named(knowledge, "动员部署会")) == [1, 1, 2]


def test_slogans_programmes_and_proper_names_are_one_everywhere() -> None:
    things = {"严实精细快": "Slogan", "“红网先锋”行动": "Programme", "网络强国": "Programme", "澜图科技": "Organization/Company"}
    knowledge = know(
        *(said(id_, {**things, company: "Organization/Company"}) for id_, company in (("a", "星河集团"), ("b", "砺石能源")))
    )
    for name in things:
        assert len(named(knowledge, name)) == 1


def test_a_slip_of_type_gives_way_to_the_corpus() -> None:
    good = [said(f"d{i}", {"红帆先锋行动": "Programme", "星河集团": "Organization/Company"}) for i in range(4)]
    slip = said("x", {"红帆先锋行动": "Slogan", "星河集团": "Organization/Company"})
    fact = said("y", {"红帆先锋行动": "Slogan", "星河集团": "Organization/Company"}, ["星河集团 upholds 红帆先锋行动"])
    assert [e.type for e in named(know(*good, slip), "红帆先锋行动")] == ["Programme"]
    assert [e.type for e in named(know(*good, fact), "红帆先锋行动")] == ["Programme", "Slogan"], "the fact needs a slogan"


def test_people_may_be_called_like_places() -> None:
    knowledge = know(*(said(f"d{i}", {"和平": "Place"}) for i in range(5)), said("x", {"和平": "Person"}))
    assert len(named(knowledge, "和平")) == 2


def test_the_subtype_is_that_of_most_mentions() -> None:
    pairs = [said(f"d{i}", {"深澜研究院": "Organization/ResearchInstitution"}) for i in range(3)]
    (entity,) = know(*pairs, said("x", {"深澜研究院": "Organization/Company"})).entities
    assert entity.subtype == "ResearchInstitution"


def test_owners_that_own_each_other_do_no_harm() -> None:
    things = {"市场部": "Organization/Department", "网络部": "Organization/Department", "审计部": "Organization/Department"}
    circle = ["市场部 partOf 网络部", "网络部 partOf 审计部", "审计部 partOf 市场部"]
    knowledge = know(said("a", things, circle))
    assert (len(knowledge.entities), len(knowledge.facts)) == (3, 3)


def test_symmetric_facts_are_stored_once_with_all_their_evidence() -> None:
    things = {"星河集团": "Organization/Company", "砺石能源": "Organization/Company"}
    knowledge = know(
        said("a", things, ["星河集团 pairsWith 砺石能源", "砺石能源 pairsWith 星河集团"]),
        said("b", things, ["砺石能源 pairsWith 星河集团"]),
    )
    (fact,) = knowledge.facts
    assert fact.subject < fact.object
    assert len(fact.evidence) == 3
    names = {e.id: e.name for e in knowledge.entities}
    texts = {d.id: d.text for d in knowledge.documents}
    for evidence in fact.evidence:
        assert (
            evidence.subject is None
            or texts[evidence.document][evidence.subject.start : evidence.subject.end] == names[fact.subject]
        )


def test_a_thing_has_no_facts_with_itself() -> None:
    knowledge = know(
        said("a", {"中国联通": "Organization/Company", "联通": "Organization/Company"}, ["联通 partOf 中国联通"]),
    )
    assert (len(knowledge.entities), knowledge.facts) == (1, ())


def test_partners_have_the_role_and_what_they_build_has_not() -> None:
    things = {n: "Organization/Company" for n in ("甲星集团", "乙星集团", "丙星集团", "丁星集团", "戊星集团", "己星集团")}
    knowledge = know(
        said(
            "a",
            {**things, "云翼联合实验室": "Organization/ResearchInstitution", "澜海平台": "Asset"},
            [
                "甲星集团 pairsWith 乙星集团",
                "丙星集团 coBuilds 云翼联合实验室",
                "丁星集团 coBuilds 云翼联合实验室",
                "戊星集团 coBuilds 澜海平台",
            ],
        )
    )
    assert {e.name for e in knowledge.entities if e.roles == ("PartnerBody",)} == {"甲星集团", "乙星集团", "丙星集团", "丁星集团"}


def test_a_fact_is_implied_only_if_all_its_statements_are() -> None:
    things = {"星河集团": "Organization/Company", "市场部": "Organization/Department"}
    implied, stated = said("a", things, ["市场部 ~partOf 星河集团"]), said("b", things, ["市场部 partOf 星河集团"])
    assert know(implied).facts[0].implied
    assert not know(implied, stated).facts[0].implied
    assert know(implied, stated).facts[0].confidence == 0.8


def broken(change: str) -> Pair:
    document, annotation = said("a", {"甲": "Person", "乙集团": "Organization/Company"}, ["甲 holdsPosition 乙集团"])
    entity, relation = annotation.entities[0], annotation.relations[0]
    changes = {
        "mention": replace(annotation, entities=(replace(entity, mentions=(Mention(0, 10**6),)), *annotation.entities[1:])),
        "no mention": replace(annotation, entities=(replace(entity, mentions=()), *annotation.entities[1:])),
        "evidence": replace(annotation, relations=(replace(relation, evidence=Span(5, 5)),)),
        "end": replace(annotation, relations=(replace(relation, object="e9"),)),
        "document": replace(annotation, document="z"),
    }
    return document, changes[change]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("mention", r"a\.txt: mention 0–1000000 of e0 \(甲\) is not in 0–\d+"),
        ("no mention", r"a\.txt: entity e0 \(甲\) has no mention"),
        ("evidence", r"a\.txt: e0 holdsPosition e1: the evidence 5–5 is not in"),
        ("end", r"a\.txt: e0 holdsPosition e9: no entity e9; known: e0, e1"),
        ("document", r"the annotation of 'z' is of no document"),
    ],
)
def test_what_is_not_located_is_refused(change: str, message: str) -> None:
    with pytest.raises(AnnotationError, match=message):
        know(broken(change))


def test_two_annotations_of_one_document_are_refused() -> None:
    document, annotation = said("a", {"甲": "Person"})
    with pytest.raises(AnnotationError, match="the annotation of 'a' is the second of its document"):
        resolve([document], [annotation, annotation], ontology=ONTOLOGY, registry=REGISTRY)


def test_a_wrong_base_iri_is_refused() -> None:
    with pytest.raises(InputError, match="base IRI"):
        resolve([], [], ontology=ONTOLOGY, registry=REGISTRY, base_iri="图")


def test_a_document_without_annotation_is_kept() -> None:
    document, _ = said("a", {})
    assert resolve([document], [], ontology=ONTOLOGY, registry=REGISTRY).documents == (document,)


def test_a_pack_without_registry_compares_by_name() -> None:
    knowledge = know(report("a", "星河集团有限公司"), report("b", "砺石能源有限公司"), registry=Registry())
    assert len(named(knowledge, "市场部")) == 1


def gold() -> list[Pair]:
    pairs = []
    for path in sorted(GOLD.glob("*.txt")):
        document = Document(path.stem, path.name, path.read_text(encoding="utf-8"), "0" * 64)
        pairs.append((document, load_annotation(path.with_suffix(".json"), document, ontology=ONTOLOGY)))
    return pairs


def test_the_gold_documents_keep_their_entities_and_facts() -> None:
    pairs = gold()
    knowledge = know(*pairs)
    assert len(pairs) == 5
    assert len(knowledge.entities) == len({(e.id) for e in knowledge.entities}) == sum(len(a.entities) for _, a in pairs)
    assert len(knowledge.facts) == sum(len(a.relations) for _, a in pairs)
    texts = {d.id: d.text for d in knowledge.documents}
    for entity in knowledge.entities:
        assert entity.mentions
        for mention in entity.mentions:
            assert texts[mention.document][mention.start : mention.end] == mention.text
            assert normalise(mention.text) in {normalise(n) for n in (entity.name, *entity.aliases)}
    for fact in knowledge.facts:
        assert all(texts[e.document][e.start : e.end] == e.quote for e in fact.evidence)
    assert {e.scope for e in knowledge.entities} - {None} <= {e.id for e in knowledge.entities}


def test_the_same_unit_names_in_the_gold_are_different_bodies() -> None:
    knowledge = know(*gold())
    assert sorted(str(owner(knowledge, e)) for e in named(knowledge, "审计部")) == ["中国联通", "华曜能源集团有限公司"]


def shuffled(pairs: Sequence[Pair], seed: int) -> list[Pair]:
    """Return the same statements in another order, under other ids within the documents."""
    rng = random.Random(seed)
    result = []
    for document, annotation in pairs:
        new = {e.id: f"x{n}" for n, e in enumerate(rng.sample(annotation.entities, len(annotation.entities)))}
        entities = [replace(e, id=new[e.id], aliases=tuple(rng.sample(e.aliases, len(e.aliases)))) for e in annotation.entities]
        relations = [replace(r, subject=new[r.subject], object=new[r.object]) for r in annotation.relations]
        rng.shuffle(entities)
        rng.shuffle(relations)
        result.append((document, replace(annotation, entities=tuple(entities), relations=tuple(relations))))
    rng.shuffle(result)
    return result


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_gold_does_not_matter(seed: int) -> None:
    assert know(*shuffled(gold(), seed)) == know(*gold())


NAMES = {
    "星河集团": "Organization/Company", "星河集团有限公司": "Organization/Company", "星河": "Organization/Company",
    "砺石能源": "Organization/Company", "中国联通": "Organization/Company", "联通": "Organization/Company",
    "市场部": "Organization/Department", "星河集团市场部": "Organization/Department", "党委": "Organization/PartyBody",
    "集团党委": "Organization/PartyBody", "研究院": "Organization/ResearchInstitution", "张伟": "Person", "网络强国": "Programme",
    "实施方案": "Document", "动员部署会": "Event", "严实精细快": "Slogan",
}  # fmt: skip


@st.composite
def corpora(draw: st.DrawFn, *, anchor: str = "") -> list[Pair]:
    """Draw documents; with ``anchor`` each is about that company, and no owners own each other."""
    pairs = []
    predicates = ["pairsWith", "guides"] if anchor else ["partOf", "~partOf", "pairsWith", "guides"]
    for number in range(draw(st.integers(1, 5))):
        names = draw(st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=7, unique=True))
        bodies = [n for n in names if NAMES[n].startswith("Organization")]
        facts = []
        for _ in range(draw(st.integers(0, 4))):
            if bodies:
                one, two = draw(st.sampled_from(bodies)), draw(st.sampled_from(bodies))
                facts.append(f"{one} {draw(st.sampled_from(predicates))} {two}")
        given_names = draw(st.lists(st.sampled_from(["星河", "星集", "领导", "联通"]), max_size=2, unique=True))
        aliases = {names[0]: tuple(n for n in given_names if n not in names)}
        date = draw(st.sampled_from([None, "2024-01-02"]))
        things = {n: NAMES.get(n, "Organization/Company") for n in (*names, *([anchor] if anchor else []))}
        pairs.append(said(f"d{number}", things, facts, aliases=aliases, date=date, title=anchor))
    return pairs


@settings(max_examples=60, deadline=None)
@given(corpora(), st.integers(0, 10**6))
def test_the_order_of_a_corpus_does_not_matter(pairs: list[Pair], seed: int) -> None:
    assert know(*shuffled(pairs, seed)) == know(*pairs)


@settings(max_examples=60, deadline=None)
@given(corpora())
def test_every_mention_and_statement_is_kept_once(pairs: list[Pair]) -> None:
    knowledge = know(*pairs)
    mentions = [m for e in knowledge.entities for m in e.mentions]
    assert len(mentions) == sum(len(e.mentions) for _, a in pairs for e in a.entities)
    assert len({e.id for e in knowledge.entities}) == len(knowledge.entities)
    ids = {e.id for e in knowledge.entities}
    assert {f.subject for f in knowledge.facts} | {f.object for f in knowledge.facts} <= ids
    assert all(f.subject != f.object and f.evidence for f in knowledge.facts)
    assert {m.entity for m in knowledge.merges} <= ids


@settings(max_examples=60, deadline=None)
@given(corpora(anchor="海川轴承"))
def test_saying_everything_twice_adds_evidence_and_nothing_else(pairs: list[Pair]) -> None:
    once = know(*pairs)
    copies = [(replace(d, id=f"{d.id}x", path=f"{d.id}x.txt"), replace(a, document=f"{a.document}x")) for d, a in pairs]
    twice = know(*pairs, *copies)
    assert [(e.id, e.name, e.aliases, e.scope, e.roles) for e in twice.entities] == [
        (e.id, e.name, e.aliases, e.scope, e.roles) for e in once.entities
    ]
    assert [(f.id, 2 * len(f.evidence)) for f in once.facts] == [(f.id, len(f.evidence)) for f in twice.facts]


def oracle(pairs: Sequence[Pair], registry: Registry) -> set[frozenset[tuple[str, str]]]:
    """Return the groups of one thing for things known by name alone: components of a graph of documents' entities and names."""
    graph: nx.Graph[object] = nx.Graph()
    for document, annotation in pairs:
        for entity in annotation.entities:
            graph.add_edge((document.id, entity.id), ("name", entity.type, normalise(entity.name)))
            entry = registry.lookup(entity.name, type=entity.type)
            if entry:
                graph.add_edge(("name", entity.type, normalise(entity.name)), ("name", entity.type, normalise(entry.name)))
    groups = ([n for n in component if isinstance(n, tuple) and len(n) == 2] for component in nx.connected_components(graph))
    return {frozenset(group) for group in groups if group}  # type: ignore[arg-type]


PROPER = [
    "中国联通",
    "联通",
    "中国联合网络通信集团有限公司",
    "中国移动",
    "澜图科技",
    "海川轴承",
    "工信部",
    "工业和信息化部",
    "云链",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PROPER), min_size=1, max_size=4, unique=True), min_size=1, max_size=6))
def test_names_known_by_themselves_are_the_components_of_a_graph(documents: list[list[str]]) -> None:
    classes = {n: "Organization/GovernmentBody" if n.startswith("工") else "Organization/Company" for n in PROPER}
    pairs = [said(f"d{i}", {n: classes[n] for n in names}) for i, names in enumerate(documents)]
    knowledge = know(*pairs)
    ids = {(d.id, m.start): e.id for d, a in pairs for e in a.entities for m in e.mentions}
    groups = {frozenset((m.document, ids[m.document, m.start]) for m in entity.mentions) for entity in knowledge.entities}
    assert groups == oracle(pairs, REGISTRY)


def test_a_derived_entry_needs_no_line_of_its_own() -> None:
    entry = Entry("星河集团", "Organization", "Company")
    registry = replace(REGISTRY, by_name={**REGISTRY.by_name, "星河集团": (entry,)})
    assert know(said("a", {"星河集团": "Organization/Company"}), registry=registry).entities[0].registry == "星河集团"


def test_resolving_is_linear_and_quick() -> None:
    pairs = [report(f"d{i:04}", f"星河{i % 50}集团有限公司") for i in range(800)]
    know(*pairs[:20])
    begin = time.process_time()
    know(*pairs[:400])
    half = time.process_time() - begin
    begin = time.process_time()
    know(*pairs)
    full = time.process_time() - begin
    assert full < 4 * half + 0.5
    assert full < 15


def test_a_known_unit_is_one_under_its_owner_and_by_its_full_name() -> None:
    knowledge = know(
        said(
            "a", {"中国联通": "Organization/Company", "研究院": "Organization/ResearchInstitution"}, ["研究院 ~partOf 中国联通"]
        ),
        said("b", {"砺石能源": "Organization/Company", "中国联通研究院": "Organization/ResearchInstitution"}),
        said(
            "c", {"砺石能源": "Organization/Company", "研究院": "Organization/ResearchInstitution"}, ["研究院 ~partOf 砺石能源"]
        ),
    )
    assert sorted((str(owner(knowledge, e)), len(e.mentions)) for e in named(knowledge, "研究院")) == [
        ("中国联通", 2),
        ("砺石能源", 1),
    ]


def test_a_short_name_of_a_known_unit_is_believed_only_under_its_owner() -> None:
    def unit(id_: str, company: str) -> Pair:
        things = {company: "Organization/Company", "软研院": "Organization/ResearchInstitution"}
        return said(id_, things, [f"软研院 ~partOf {company}"])

    knowledge = know(
        unit("a", "中国联通"), unit("b", "砺石能源"), said("c", {"联通软件研究院": "Organization/ResearchInstitution"})
    )
    assert sorted((e.registry, len(e.mentions)) for e in named(knowledge, "软研院") if e.registry) == [("联通软件研究院", 2)]
    assert len(named(knowledge, "软研院")) == 2
    (known,) = [e for e in named(knowledge, "软研院") if e.registry]
    assert "软研院: a name of 联通软件研究院 under its owner (registry/companies.tsv:" in reasons(knowledge, known)
