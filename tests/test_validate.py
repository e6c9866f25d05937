"""What the guideline forbids does not conform, and the fast engine judges as pyshacl does."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
import shacl

from kg.build import build
from kg.errors import InputError, PackError
from kg.ontology import Ontology, allows, default_pack, subtypes, types
from kg.shapes import shapes_turtle
from kg.validate import Violation, shapes_text, validate
from kg.vocabularies import date

GOLD = Path(__file__).parent / "gold" / "dev"
SH = rdflib.Namespace("http://www.w3.org/ns/shacl#")
PREFIXES = """
@prefix : <urn:> .
@prefix kgo: <https://example.org/kg/ontology#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix oa: <http://www.w3.org/ns/oa#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
GOOD = (
    PREFIXES
    + """
:liantong a kgo:Organization, kgo:Company, kgo:PartnerBody ; skos:prefLabel "中国联通"@zh ; skos:altLabel "联通"@zh ;
    rdfs:label "中国联通"@zh ; kgo:implements :theme ; kgo:pairsWith :school .
:school a kgo:Organization, kgo:School, kgo:PartnerBody ; skos:prefLabel "马克思主义学院"@zh ; rdfs:label "马克思主义学院"@zh .
:unit a kgo:Organization, kgo:Department ; skos:prefLabel "市场部"@zh ; rdfs:label "市场部"@zh ; kgo:partOf :liantong .
:theme a kgo:Programme ; skos:prefLabel "主题教育"@zh ; rdfs:label "主题教育"@zh .
:slogan a kgo:Slogan ; skos:prefLabel "严实精细快"@zh ; rdfs:label "严实精细快"@zh .
:doc a kgo:DocumentSource ; dcterms:title "报告"@zh ; dcterms:issued "2023-05-18"^^xsd:date ; dcterms:source "a.txt" .
"""
)
EVIDENCE = """
:{name} a rdf:Statement ; rdf:subject :{subject} ; rdf:predicate kgo:{predicate} ; rdf:object :{object} ;
    prov:wasDerivedFrom :doc ;
    prov:wasAttributedTo :kg ; kgo:confidence 0.9 ; kgo:implied false ; kgo:extractor "gold" ; kgo:sentence "他们{name}。"@zh ;
    oa:hasTarget [ oa:hasSource :doc ; oa:hasSelector [ a oa:TextQuoteSelector ; oa:exact "他们{name}。" ],
        [ a oa:TextPositionSelector ; oa:start "3"^^xsd:nonNegativeInteger ; oa:end "9"^^xsd:nonNegativeInteger ] ] .
"""
GROUNDED = GOOD + ':kg a prov:SoftwareAgent ; rdfs:label "gold" ; schema:softwareVersion "1.0" .' + "".join(
    EVIDENCE.format(name=name, subject=subject, predicate=predicate, object=obj)
    for name, subject, predicate, obj in [
        ("e1", "liantong", "implements", "theme"),
        ("e2", "liantong", "pairsWith", "school"),
        ("e3", "unit", "partOf", "liantong"),
    ]
)


@pytest.fixture(scope="module")
def shapes(pack_ontology: Ontology) -> str:
    return shapes_text(default_pack(), pack_ontology)


def check(data: str, folder: Path) -> tuple[Violation, ...]:
    (folder / "graph.ttl").write_text(data, encoding="utf-8")
    report = validate(folder, default_pack())
    assert report.conforms is (not report.results)
    return report.results


@cache
def compiled(shapes: str) -> tuple[shacl.Shapes, rdflib.Graph]:
    return shacl.Shapes.from_turtle(shapes), rdflib.Graph().parse(data=shapes)


def fast(data: str, shapes: str) -> Counter[tuple[str, ...]]:
    report = compiled(shapes)[0].validate_text(data, format="ntriples")
    return Counter(
        (_iri(r.focus_node), _iri(r.source_shape), r.component, _iri(r.value) if r.value is not None else "-")
        for r in report.results
    )


def oracle(data: str, shapes: str) -> Counter[tuple[str, ...]]:
    pyshacl = pytest.importorskip("pyshacl")
    graph = rdflib.Graph().parse(data=data, format="nt")
    _, report, _ = pyshacl.validate(graph, shacl_graph=compiled(shapes)[1])
    found: Counter[tuple[str, ...]] = Counter()
    for result in report.objects(None, SH.result):
        value = report.value(result, SH.value)
        component = str(report.value(result, SH.sourceConstraintComponent)).rsplit("#", 1)[-1]
        nodes = [report.value(result, SH[part]) for part in ("focusNode", "sourceShape")]
        found[(*(_iri(n.n3()) for n in nodes), component, _iri(value.n3()) if value is not None else "-")] += 1  # type: ignore[union-attr]
    return found


def _iri(text: str | None) -> str:
    """Return an IRI; blank nodes and literals, which the engines write in their own ways, only as such."""
    return text if text and text.startswith("<") else "literal" if text and text.startswith('"') else "blank"


def ntriples(turtle: str) -> str:
    store = ox.Store()
    store.load(turtle, format=ox.RdfFormat.TURTLE)
    data = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    assert data is not None
    return data.decode("utf-8")


def agree(turtle: str, shapes: str) -> Counter[tuple[str, ...]]:
    data = ntriples(turtle)
    by_fast = fast(data, shapes)
    assert by_fast == oracle(data, shapes)
    return by_fast


def test_the_shapes_file_is_what_the_ontology_gives(pack_ontology: Ontology) -> None:
    written = (default_pack() / "shapes.ttl").read_text(encoding="utf-8")
    assert written == shapes_turtle(pack_ontology), "run: python -m kg.shapes"


def test_the_gold_of_the_development_documents_conforms(gold_output: Path) -> None:
    assert validate(gold_output, default_pack()).results == ()


def test_a_document_conforms_by_pyshacl_too(tmp_path: Path, shapes: str) -> None:
    build([GOLD / "dev4.txt"], tmp_path / "out", annotations_dir=GOLD)
    both = "".join((tmp_path / "out" / name).read_text(encoding="utf-8") + "\n" for name in ("graph.ttl", "provenance.ttl"))
    assert not oracle(ntriples(both), shapes)


def test_the_small_graphs_conform(tmp_path: Path, shapes: str) -> None:
    assert check(GOOD, tmp_path) == ()
    assert check(GROUNDED, tmp_path) == ()
    assert not agree(GROUNDED, shapes)


def test_exactly_the_signatures_of_the_ontology_are_allowed(pack_ontology: Ontology, shapes: str) -> None:
    names = [*types(pack_ontology), *subtypes(pack_ontology, "Organization")[:1]]
    text, few, expected = [PREFIXES], [PREFIXES], set()
    for predicate in pack_ontology.predicates:
        for subject in names:
            for obj in names:
                case = f"urn:{predicate}:{subject}:{obj}"
                for node, name in ((f"<{case}>", subject), (f"<{case}:o>", obj)):
                    top = "" if name in types(pack_ontology) else ", kgo:Organization"
                    text.append(f'{node} a kgo:{name}{top} ; skos:prefLabel "x"@zh ; rdfs:label "x" .')
                text.append(f"<{case}> kgo:{predicate} <{case}:o> .")
                few += text[-3:] if len(text) % 19 == 0 else []
                if not allows(pack_ontology, subject, predicate, obj):
                    expected.add(f"<{case}>")
    found = fast(ntriples("\n".join(text)), shapes)
    roles = {"pairsWith-role", "collaboratesWith-role", "PartnerBody-statement"}
    about_types = {focus for focus, shape, *_ in found if not any(role in shape for role in roles) and shape != "blank"}
    assert about_types == expected
    assert agree("\n".join(few), shapes)


BAD = [
    ("a slogan as subject", ":slogan kgo:implements :theme .", "严实精细快", "“实施”(implements)的主语必须是机构。"),
    ("a wrong object", ":unit kgo:implements :slogan .", "市场部", "“实施”(implements)的宾语必须是项目行动。"),
    ("a literal as object", ':unit kgo:implements "主题教育" .', "市场部", "“实施”(implements)的宾语必须是项目行动。"),
    ("a programme in a body", ":theme kgo:partOf :unit .", "主题教育", "项目行动“隶属于”(partOf)的宾语必须是项目行动。"),
    ("a body in a programme", ":unit kgo:partOf :theme .", "市场部", "机构“隶属于”(partOf)的宾语必须是机构。"),
    ("no name", ':x a kgo:Place ; rdfs:label "x" .', "x", "地点必须有名称"),
    ("a blank name", ':x a kgo:Place ; rdfs:label "x" ; skos:prefLabel "  "@zh .', "", "地点必须有名称"),
    ("two names", ':unit skos:prefLabel "财务部"@zh .', "市场部", "机构必须有名称"),
    ("no label", ':x a kgo:Place ; skos:prefLabel "雄安"@zh .', "雄安", "地点必须有 rdfs:label"),
    ("an alias that is the name", ':unit skos:altLabel "市场部"@zh .', "市场部", "机构的别名不能为空，也不能与名称相同。"),
    ("no type", ':x skos:prefLabel "雄安"@zh .', "雄安", "实体必须恰好属于一个类型"),
    ("two types", ":unit a kgo:Place .", "市场部", "实体必须恰好属于一个类型"),
    ("two subtypes", ":unit a kgo:Company .", "市场部", "机构至多有一个子类型。"),
    ("a subtype alone", ':x a kgo:School ; skos:prefLabel "党校"@zh ; rdfs:label "x" .', "党校", "院校必须同时标为机构。"),
    ("no IRI", '[] a kgo:Place ; skos:prefLabel "雄安"@zh ; rdfs:label "x" .', "[]", "地点必须有 IRI。"),
    ("self", ":liantong kgo:pairsWith :liantong .", "中国联通", "“结对”(pairsWith)不能指向自身。"),
    ("both directions", ":school kgo:pairsWith :liantong .", "马克思主义学院", "“结对”(pairsWith)是对称关系，只写一个方向。"),
    ("a circle", ":liantong kgo:partOf :unit .", "中国联通", "“隶属于”(partOf)不能形成环。"),
    ("a role without a reason", ":unit a kgo:PartnerBody .", "市场部", "结对合作单位必须处于结对、合作、共建之一的关系中。"),
    ("a reason without the role", ":unit kgo:collaboratesWith :school .", "市场部", "“合作”(collaboratesWith)的双方都必须标为"),
    ("a date that is none", ':doc2 a kgo:DocumentSource ; dcterms:issued "昨天" .', "doc2", "为日期类型"),
]


@pytest.mark.parametrize(("addition", "name", "message"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_what_is_forbidden_is_reported_by_name_in_both_languages(
    tmp_path: Path, shapes: str, addition: str, name: str, message: str
) -> None:
    results = check(GOOD + addition, tmp_path)
    assert any(r.entity_name.strip() == name and message in r.message_zh for r in results), results
    assert all(r.message_zh and r.message_en for r in results)
    assert agree(GOOD + addition, shapes)


BAD_EVIDENCE = [
    ("no position selector", " a oa:TextPositionSelector ;", " ", "引文与位置两种选择器"),
    ("no quote selector", " a oa:TextQuoteSelector ;", " ", "引文与位置两种选择器"),
    ("an empty quote", 'oa:exact "他们e1。"', 'oa:exact ""', "引文选择器必须有原文"),
    ("a start after the end", 'oa:start "3"', 'oa:start "30"', "且小于终点"),
    ("a negative start", 'oa:start "3"^^xsd:nonNegativeInteger', "oa:start -3", "且小于终点"),
    ("no document", "prov:wasDerivedFrom :doc ;", "", "出自恰好一个来源文档"),
    ("an unknown document", "prov:wasDerivedFrom :doc ;", "prov:wasDerivedFrom :unit ;", "出自恰好一个来源文档"),
    ("too sure", "kgo:confidence 0.9", "kgo:confidence 1.1", "0 到 1 之间"),
    ("a confidence in words", "kgo:confidence 0.9", 'kgo:confidence "high"', "0 到 1 之间"),
    ("not said whether implied", "kgo:implied false ;", "", "是否隐含"),
    ("no extractor", 'kgo:extractor "gold" ;', "", "由什么抽取"),
    ("an agent without a name", 'rdfs:label "gold" ;', "", "抽取者必须有名称"),
    ("a program without a version", '; schema:softwareVersion "1.0"', "", "抽取程序必须有一个版本"),
    ("no sentence", 'kgo:sentence "他们e1。"@zh ;', "", "原文句子"),
    ("an unknown predicate", "rdf:predicate kgo:implements", "rdf:predicate kgo:implemented", "本体中的关系"),
    ("another fact", "rdf:object :theme", "rdf:object :slogan", "“实施”(implements)没有出处"),
]


@pytest.mark.parametrize(("right", "wrong", "message"), [b[1:] for b in BAD_EVIDENCE], ids=[b[0] for b in BAD_EVIDENCE])
def test_evidence_that_does_not_ground_its_fact_is_reported(
    tmp_path: Path, shapes: str, right: str, wrong: str, message: str
) -> None:
    assert right in GROUNDED
    results = check(GROUNDED.replace(right, wrong, 1), tmp_path)
    assert any(message in r.message_zh for r in results), results
    assert agree(GROUNDED.replace(right, wrong, 1), shapes)


@pytest.mark.parametrize(
    ("issued", "conforms"),
    [("2023-05-18", True), ("2023-05", True), ("2023", True), ("2023-02-30", False), ("二〇二三年", False)],
)
def test_a_date_of_issue_may_be_a_day_a_month_or_a_year(tmp_path: Path, shapes: str, issued: str, conforms: bool) -> None:
    data = GOOD.replace('"2023-05-18"^^xsd:date', str(date(issued)))
    assert (not check(data, tmp_path)) is conforms
    assert (not agree(data, shapes)) is conforms


def test_a_violation_quotes_the_sentence_that_states_the_fact(tmp_path: Path) -> None:
    bad = EVIDENCE.format(name="e9", subject="unit", predicate="implements", object="slogan")
    (result,) = check(GROUNDED + ":unit kgo:implements :slogan ." + bad, tmp_path)
    assert (result.entity_name, result.predicate_name, result.value_name) == ("市场部", "implements", "严实精细快")
    assert (result.sentence, result.document) == ("他们e9。", "报告")
    assert result.message_en == "The object of implements must be: Programme."


def test_a_violation_of_evidence_names_the_fact_and_not_the_node(tmp_path: Path) -> None:
    for right, wrong in [('oa:start "3"', 'oa:start "30"'), ("kgo:confidence 0.9", "kgo:confidence 7")]:
        (result,) = check(GROUNDED.replace(right, wrong, 1), tmp_path)
        assert (result.entity_name, result.value_name, result.sentence) == ("中国联通", "主题教育", "他们e1。")


def test_a_fact_without_evidence_is_reported_only_where_there_is_evidence(tmp_path: Path) -> None:
    addition = ":school kgo:implements :theme ."
    assert check(GOOD + addition, tmp_path) == ()
    (result,) = check(GROUNDED + addition, tmp_path)
    assert (result.entity_name, result.value_name, result.sentence) == ("马克思主义学院", "主题教育", "")
    assert "没有出处" in result.message_zh


def test_the_report_is_the_same_each_time(tmp_path: Path) -> None:
    data = GOOD + "".join(b[1] for b in BAD)
    assert check(data, tmp_path) == check(data, tmp_path)


@pytest.mark.parametrize("seed", range(12))
def test_the_engines_agree_on_random_graphs(tmp_path: Path, pack_ontology: Ontology, shapes: str, seed: int) -> None:
    pick = random.Random(seed)
    classes = list(pack_ontology.classes)
    text = [PREFIXES, ':doc a kgo:DocumentSource ; dcterms:title "文"@zh .']
    for node in range(12):
        for name in pick.sample(classes, pick.choice([0, 1, 1, 1, 2])):
            parent = pack_ontology.classes[name].parent
            text.append(f":n{node} a kgo:{name}{f', kgo:{parent}' if parent and pick.random() < 0.8 else ''} .")
        for label in pick.sample(['"甲"@zh', '"A"@en', '" "@zh', '"乙"', '"<b>\\"\\\\\\n😀"@zh'], pick.choice([0, 1, 1, 2])):
            text.append(f":n{node} skos:prefLabel {label} ; rdfs:label {label} .")
    for number in range(30):
        subject, obj = pick.randrange(12), pick.randrange(12)
        predicate = pick.choice([*pack_ontology.predicates])
        text.append(f":n{subject} kgo:{predicate} :n{obj} .")
        if pick.random() < 0.5:
            evidence = EVIDENCE.format(name=f"e{number}", subject=f"n{subject}", predicate=predicate, object=f"n{obj}")
            right, wrong = pick.choice([b[1:3] for b in BAD_EVIDENCE])
            text.append(evidence if pick.random() < 0.5 else evidence.replace(right, wrong, 1))
    found = agree("\n".join(text), shapes)
    engine = {(focus[1:-1], shape[1:-1]) for focus, shape, *_ in found if "-grounded" in shape}
    ours = {(r.entity, r.shape) for r in check("\n".join(text), tmp_path) if "-grounded" in r.shape}
    assert ours == engine, "facts without evidence are found apart from the engine, and must be the same"


def test_another_base_iri_is_followed(tmp_path: Path) -> None:
    build([GOLD / "dev4.txt"], tmp_path / "out", annotations_dir=GOLD, base_iri="https://data.test/g/")
    assert validate(tmp_path / "out", default_pack()).conforms
    graph = tmp_path / "out" / "graph.ttl"
    graph.write_text(graph.read_text(encoding="utf-8") + "\n<urn:x> kgo:implements <urn:x> .\n", encoding="utf-8")
    assert not validate(tmp_path / "out", default_pack()).conforms


def test_one_file_can_be_validated(tmp_path: Path) -> None:
    (tmp_path / "a.nt").write_text(ntriples(GOOD), encoding="utf-8")
    assert validate(tmp_path / "a.nt", default_pack()).conforms


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing", None, "no such file or folder"),
        ("graph.ttl", "<a> <b> .", r"graph\.ttl:1:\d+: not RDF"),
        ("graph.xlsx", "", "unknown kind of file '.xlsx'; allowed: .ttl"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_it(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        validate(tmp_path / name, default_pack())


def test_a_folder_that_is_no_build_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no graph\.ttl"):
        validate(tmp_path, default_pack())


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("sh:targetClass kgo:Slogan ;", "sh:targetClass kgo:Slogam ;", r"shapes\.ttl:\d+: unknown name 'Slogam'; did you mean"),
        ("sh:targetClass kgo:Slogan ;", "sh:targetClass kgo:Slogan", r"shapes\.ttl:\d+:\d+: not Turtle"),
        ("sh:path kgo:guides ;", "sh:path kgo:issues ;", r"no shape for guides; write the file again with: python -m kg\.shapes"),
    ],
)
def test_a_mistake_in_the_shapes_is_an_error_with_file_and_line(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(default_pack(), pack, ignore=shutil.ignore_patterns("models", "training", "registry", "lexicon"))
    text = (pack / "shapes.ttl").read_text(encoding="utf-8")
    assert right in text
    (pack / "shapes.ttl").write_text(text.replace(right, wrong), encoding="utf-8")
    (tmp_path / "graph.ttl").write_text(GOOD, encoding="utf-8")
    with pytest.raises(PackError, match=message):
        validate(tmp_path / "graph.ttl", pack)


def test_a_pack_may_add_shapes_in_a_file_of_its_own(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(default_pack(), pack, ignore=shutil.ignore_patterns("models", "training", "registry", "lexicon"))
    (pack / "shapes-own.ttl").write_text(
        PREFIXES
        + """@prefix sh: <http://www.w3.org/ns/shacl#> .
        :long a sh:NodeShape ; sh:targetClass kgo:Slogan ; sh:property :long-name .
        :long-name a sh:PropertyShape ; sh:path skos:prefLabel ; sh:maxLength 3 ; sh:message "太长"@zh, "too long"@en .""",
        encoding="utf-8",
    )
    (tmp_path / "graph.ttl").write_text(GOOD, encoding="utf-8")
    (result,) = validate(tmp_path / "graph.ttl", pack).results
    assert (result.entity_name, result.message_zh, result.message_en) == ("严实精细快", "太长", "too long")
