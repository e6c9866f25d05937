"""How well the shipped models read documents that they were not fitted on: floors, not aims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kg.annotation import load_annotation
from kg.evaluate import Case, Evaluation, evaluate
from kg.extract import Extractor, annotate
from kg.model import Annotation, Document
from kg.ontology import Ontology, default_pack
from kg.read import read_document

GOLD = Path(__file__).parents[1] / "gold" / "dev"
SEED = "000_7056b8479da2a9af"

INVENTED = {
    "中国联通": "中国星河",
    "中国联通直属党委": "中国星河直属党委",
    "新闻宣传中心": "时讯传播中心",
    "主题教育领导小组": "主题教育推进小组",
    "主题教育办公室": "主题教育秘书处",
    "主题教育巡回指导组": "主题教育巡回督导组",
    "党组班子": "党委班子",
    "第一巡回指导组": "第三巡回督导组",
    "第一指导组": "第三督导组",
    "党群工作部": "党建事务部",
    "集团办公室": "总部办公室",
    "专项工作组": "专项攻坚组",
    "人力资源部": "人才发展部",
    "审计部": "稽核部",
    "党组巡视办": "党组督查办",
    "纪检监察组": "纪检监督组",
    "集团工会": "集团团委",
    "公众客户销售中心": "家庭用户营销中心",
    "智网创新中心": "云砺创新中心",
    "财务公司": "金服公司",
    "研究院": "研发院",
    "企业发展部": "战略规划部",
    "法律部": "法务部",
    "财务部": "资金部",
    "市场部": "营销部",
    "智网科技": "云砺科技",
    "创投公司": "风投公司",
    "中讯院": "华砺院",
    "首都师范大学马克思主义学院": "江都师范大学马克思主义学院",
    "支付公司": "易付公司",
    "支付": "易付",
    "海南联通": "海南星河",
    "广西联通": "广西星河",
    "软研院": "砺研院",
    "联通党校": "星河党校",
    "智研院": "慧研院",
    "网络部": "运维部",
    "政企客户事业群": "商企用户事业群",
    "客户服务部": "用户体验部",
    "网络与信息安全部": "数据与信息安全部",
    "反诈专班": "防骗专班",
    "5G 共建共享工作组": "5G 共维共用工作组",
    "联通华盛": "星河隆泰",
    "华盛": "隆泰",
    "联通数科": "星河数科",
    "党员攻坚突击队": "党员先锋突击队",
    "数字化部": "智能化部",
    "科技创新部": "技术研发部",
    "在线公司": "云客公司",
    "融资租赁公司": "设备租赁公司",
    "云链": "砺链",
    "资产运营公司": "物业经营公司",
}
"""The organisations of the seed and names that no one bears, of the same shape and length."""


def case(document: Document, gold: Annotation, extractor: Extractor) -> Case:
    return Case(document, gold, annotate(document, extractor))


@pytest.fixture(scope="module")
def gold(pack_ontology: Ontology) -> dict[str, tuple[Document, Annotation]]:
    out = {}
    for path in sorted(GOLD.glob("*.json")):
        document = read_document(path.with_suffix(".txt"))
        out[path.stem] = (document, load_annotation(path, document, ontology=pack_ontology))
    return out


@pytest.fixture(scope="module")
def figures(gold: Mapping[str, tuple[Document, Annotation]], extractor: Extractor, pack_ontology: Ontology) -> Evaluation:
    return evaluate([case(document, truth, extractor) for document, truth in gold.values()], ontology=pack_ontology)


def test_no_document_of_the_gold_is_among_the_training_documents(gold: Mapping[str, tuple[Document, Annotation]]) -> None:
    trained = {path.read_text(encoding="utf-8") for path in (default_pack() / "training").glob("*.txt")}
    assert trained
    assert not trained & {document.text for document, _ in gold.values()}


def test_entities_are_found(figures: Evaluation) -> None:
    assert figures.entity.f1 >= 0.91


def test_relations_are_found(figures: Evaluation) -> None:
    assert figures.relation.f1 >= 0.70


def test_the_sample_alone_is_read_as_well_as_reports_are_to_be(
    gold: Mapping[str, tuple[Document, Annotation]], extractor: Extractor, pack_ontology: Ontology
) -> None:
    found = evaluate([case(*gold[SEED], extractor)], ontology=pack_ontology)
    assert found.entity.f1 >= 0.94
    assert found.relation.f1 >= 0.82


def test_organisations_have_their_subtype(figures: Evaluation) -> None:
    assert figures.subtype_accuracy >= 0.93


def test_everything_is_grounded(figures: Evaluation) -> None:
    assert figures.grounded == 1.0


def renamed(document: Document, gold: Annotation) -> tuple[Document, Annotation]:
    """The document with invented organisations; as they are as long as the real ones, every offset stays."""
    text = document.text
    spans = sorted(
        {(m.start, m.end) for e in gold.entities if e.type == "Organization" for m in e.mentions}, key=lambda s: s[0] - s[1]
    )
    for start, end in reversed(spans):  # the inner names first, so that the names around them are what counts
        text = text[:start] + INVENTED[document.text[start:end]] + text[end:]
    text = text.replace("联通", "星河")  # in the names of things of other types
    entities = []
    for e in gold.entities:
        names = list(dict.fromkeys(text[m.start : m.end] for m in e.mentions))
        fullest = max(names, key=len)
        entities.append(replace(e, name=fullest, aliases=tuple(n for n in names if n != fullest)))
    return replace(document, text=text), replace(gold, entities=tuple(entities))


def test_the_table_of_invented_names_keeps_lengths_and_covers_the_seed(gold: Mapping[str, tuple[Document, Annotation]]) -> None:
    document, truth = gold[SEED]
    forms = {document.text[m.start : m.end] for e in truth.entities if e.type == "Organization" for m in e.mentions}
    assert forms <= set(INVENTED)
    assert all(len(old) == len(new) and old != new for old, new in INVENTED.items())
    changed, _ = renamed(document, truth)
    assert len(changed.text) == len(document.text)
    assert "联通" not in changed.text


def test_names_that_no_one_has_seen_are_found_as_well(
    gold: Mapping[str, tuple[Document, Annotation]], extractor: Extractor, pack_ontology: Ontology
) -> None:
    document, truth = gold[SEED]
    before = evaluate([case(document, truth, extractor)], ontology=pack_ontology).entity.f1
    after = evaluate([case(*renamed(document, truth), extractor)], ontology=pack_ontology).entity.f1
    assert before - after < 0.03
