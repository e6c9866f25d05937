from __future__ import annotations

from kg.extract import Extractor
from kg.extract.analysis import analysis
from kg.extract.entities import Thing, things
from kg.extract.linking import forms_of
from kg.extract.names import Named


def group(text: str, names: list[tuple[str, str]], extractor: Extractor, *, models: bool = False) -> list[Thing]:
    """The entities of every occurrence of the given names."""
    found = []
    for name, kind in names:
        at = text.find(name)
        while at >= 0:
            found.append(Named(at, at + len(name), kind, 0.9))
            at = text.find(name, at + 1)
    reading = analysis(text, extractor.pack)
    linker, subtyper = (extractor.linker, extractor.subtyper) if models else (None, None)
    return things(reading, found, linker=linker, subtyper=subtyper, endings=extractor.pack.endings)


def test_equal_names_are_one_entity_whatever_their_spaces_and_quotes(extractor: Extractor) -> None:
    text = "磐石行动启动。磐石 行动见效。"
    (thing,) = group(text, [("磐石行动", "Programme"), ("磐石 行动", "Programme")], extractor)
    assert [text[s.start : s.end] for s in thing.spans] == ["磐石行动", "磐石 行动"]


def test_one_name_of_two_types_is_two_entities(extractor: Extractor) -> None:
    text = "云帆平台上线，云帆平台发布"
    found = [Named(0, 4, "Asset", 0.9), Named(7, 11, "Organization", 0.9)]
    assert len(things(analysis(text, extractor.pack), found, linker=None, subtyper=None)) == 2


def test_a_bracket_makes_two_forms_one(extractor: Extractor) -> None:
    text = "曜川能源集团有限公司（以下简称“曜川能源”）开会，曜川能源参会"
    (thing,) = group(text, [("曜川能源集团有限公司", "Organization"), ("曜川能源", "Organization")], extractor)
    assert thing.forms == ("曜川能源集团有限公司", "曜川能源")


def test_the_registry_makes_two_forms_one(extractor: Extractor) -> None:
    text = "中国联通发布成果，中国联合网络通信集团有限公司参会"
    found = group(text, [("中国联通", "Organization"), ("中国联合网络通信集团有限公司", "Organization")], extractor)
    assert [thing.forms[0] for thing in found] == ["中国联合网络通信集团有限公司"]
    assert found[0].subtype == "Company"


def test_a_short_form_joins_its_long_one(extractor: Extractor) -> None:
    text = "曜川软件研究院与清河市第一中学结对。曜川软件研究院表示欢迎，软件研究院随后派员。"
    found = group(text, [("曜川软件研究院", "Organization"), ("清河市第一中学", "Organization")], extractor, models=True)
    assert len(found) == 2


def names(text: str, kind: str, *forms: str, extractor: Extractor) -> set[tuple[str, ...]]:
    return {thing.forms for thing in group(text, [(form, kind) for form in forms], extractor, models=True)}


def test_a_known_body_is_not_its_unit_though_its_name_opens_the_unit_s(extractor: Extractor) -> None:
    text = "中国电信出席仪式。中国电信集团澜州公司签约，中国电信（澜洲）有限公司见证。中国电信表示支持。"
    bodies = ("中国电信集团澜州公司", "中国电信（澜洲）有限公司", "中国电信")
    assert names(text, "Organization", *bodies, extractor=extractor) == {(name,) for name in bodies}


def test_a_known_body_keeps_its_name_with_a_legal_form_behind(extractor: Extractor) -> None:
    text = "中国电信集团公司发布成果，中国电信表示支持。"
    assert names(text, "Organization", "中国电信集团公司", "中国电信", extractor=extractor) == {("中国电信集团公司", "中国电信")}


def test_a_body_is_not_its_unit_nor_that_of_a_district(extractor: Extractor) -> None:
    text = "澜州钢铁集团、澜州钢铁集团龙山公司签约。澜州市总工会、澜州市龙山区总工会到会。澜州钢铁集团、澜州市总工会讲话。"
    bodies = ("澜州钢铁集团龙山公司", "澜州钢铁集团", "澜州市龙山区总工会", "澜州市总工会")
    assert names(text, "Organization", *bodies, extractor=extractor) == {(name,) for name in bodies}


def test_a_body_with_its_legal_form_behind_is_one(extractor: Extractor) -> None:
    text = "澜州钢铁集团股份有限公司召开大会。会后，澜州钢铁集团发布成果。"
    forms = ("澜州钢铁集团股份有限公司", "澜州钢铁集团")
    assert names(text, "Organization", *forms, extractor=extractor) == {forms}


def test_the_branch_of_a_known_company_is_one_by_each_of_its_names(extractor: Extractor) -> None:
    text = "安康联通举行签约仪式。中国联通安康市分公司总经理讲话。"
    forms = ("中国联通安康市分公司", "安康联通")
    assert names(text, "Organization", *forms, extractor=extractor) == {forms}


def test_a_place_is_not_what_lies_in_it(extractor: Extractor) -> None:
    text = "大会在青海西宁举行，青海各地企业参会。会后一行前往云溪镇龙山村，云溪镇随后介绍情况。"
    places = ("青海西宁", "青海", "云溪镇龙山村", "云溪镇")
    assert names(text, "Place", *places, extractor=extractor) == {(name,) for name in places}


def test_a_port_is_not_its_city(extractor: Extractor) -> None:
    text = "船舶停靠澜州港，澜州为此开设专班。"
    assert names(text, "Place", "澜州港", "澜州", extractor=extractor) == {("澜州港",), ("澜州",)}


def test_a_fair_is_not_its_opening_ceremony(extractor: Extractor) -> None:
    text = "第六届澜州国际海洋博览会启动仪式举行。第六届澜州国际海洋博览会将于九月开幕。"
    events = ("第六届澜州国际海洋博览会启动仪式", "第六届澜州国际海洋博览会")
    assert names(text, "Event", *events, extractor=extractor) == {(name,) for name in events}


def test_a_place_with_what_kind_of_place_it_is_behind_is_one(extractor: Extractor) -> None:
    text = "活动在福建省宁德市举行，宁德多个部门参加。"
    assert names(text, "Place", "福建省宁德市", "宁德", extractor=extractor) == {("福建省宁德市", "宁德")}


def test_two_departments_are_not_one(extractor: Extractor) -> None:
    text = "市场部、财务部、人力资源部、法律部分别发言。"
    names = [(n, "Organization") for n in ("市场部", "财务部", "人力资源部", "法律部")]
    found = group(text, names, extractor, models=True)
    assert len(found) == 4
    assert {thing.subtype for thing in found} == {"Department"}


def test_subtypes_follow_the_head_noun(extractor: Extractor) -> None:
    text = "砺山股份有限公司、砺山大学、砺山市财政局、砺山集团党委、砺山行业协会"
    names = ["砺山股份有限公司", "砺山大学", "砺山市财政局", "砺山集团党委", "砺山行业协会"]
    found = group(text, [(n, "Organization") for n in names], extractor, models=True)
    kinds = {thing.forms[0]: thing.subtype for thing in found}
    assert [kinds[n] for n in names] == ["Company", "School", "GovernmentBody", "PartyBody", "Association"]


def test_forms_are_in_the_order_of_their_first_mention() -> None:
    text = "乙厂甲厂乙厂"
    found = forms_of(text, [Named(4, 6, "Organization", 1), Named(2, 4, "Organization", 1), Named(0, 2, "Organization", 1)])
    assert [(form.key, len(form.spans)) for form in found] == [("乙厂", 2), ("甲厂", 1)]
