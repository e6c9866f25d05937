"""A thing is found by any of its names, and explained with the sentences that state its facts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from kg.annotation import load_annotation
from kg.errors import InputError
from kg.explain import explain
from kg.export import nodelink
from kg.graph import Graph, build_graph
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Document, Mention, Span
from kg.naming import DEFAULT_BASE_IRI, entity_iri
from kg.ontology import default_pack, load_ontology
from kg.registry import load_registry
from kg.resolve import resolve

GOLD = Path(__file__).parent / "gold" / "dev"
ONTOLOGY = load_ontology(default_pack())
REGISTRY = load_registry(default_pack(), ONTOLOGY)


@pytest.fixture(scope="module")
def graph() -> Graph:
    documents, annotations = [], []
    for path in sorted(GOLD.glob("*.txt")):
        document = Document(
            path.stem, path.name, path.read_text(encoding="utf-8"), "0" * 64, title=Span(0, 10), date="2024-05-06"
        )
        documents.append(document)
        annotations.append(load_annotation(path.with_suffix(".json"), document, ontology=ONTOLOGY))
    return build_graph(resolve(documents, annotations, ontology=ONTOLOGY, registry=REGISTRY), ONTOLOGY)


def test_a_thing_is_explained_with_its_facts_and_their_sentences(graph: Graph) -> None:
    found = explain(graph, "华曜能源").found
    assert found is not None
    assert (found.thing.name, found.thing.type, found.thing.subtype) == ("华曜能源集团有限公司", "Organization", "Company")
    assert found.aliases == ("华曜能源",)
    assert dict(found.mentions).keys() == {"dev1"}
    units = {f.other.name for f in found.facts if (f.predicate, f.direction) == ("partOf", "in")}
    assert {"人力资源部", "审计部"} <= units
    text = (GOLD / "dev1.txt").read_text(encoding="utf-8")
    for fact in found.facts:
        for statement in fact.statements:
            assert text[statement.start : statement.end] == statement.quote
            assert (statement.document, statement.date) == ("dev1", "2024-05-06")


@pytest.mark.parametrize("form", ["工业和信息化部", " 工业和信息化部 ", "“工业和信息化部”", "工业 和信息化部"])
def test_spelling_does_not_matter(graph: Graph, form: str) -> None:
    found = explain(graph, form).found
    assert found is not None
    assert found.registry == "工业和信息化部"


def test_id_and_iri_lead_to_the_same_thing(graph: Graph) -> None:
    found = explain(graph, "澜图").found
    assert found is not None
    id_ = found.thing.id
    for name in (id_, entity_iri(id_), f"<{entity_iri(id_, base_iri='http://a.b/kg/')}>"):
        assert explain(graph, name).found == found


def test_namesakes_are_listed_with_their_owners(graph: Graph) -> None:
    answer = explain(graph, "审计部")
    assert answer.found is None
    assert sorted(c.owner for c in answer.candidates) == ["中国联通", "华曜能源集团有限公司"]


@pytest.mark.parametrize("query", ["中国联通审计部", "中国联通的审计部", "中国联通 审计部"])
def test_the_owners_name_chooses_among_namesakes(graph: Graph, query: str) -> None:
    found = explain(graph, query).found
    assert found is not None
    assert (found.thing.name, found.thing.owner) == ("审计部", "中国联通")


def test_the_reason_of_a_merge_and_of_an_owner_is_given(graph: Graph) -> None:
    unicom, unit = explain(graph, "中国联通").found, explain(graph, "中国联通审计部").found
    assert unicom is not None
    assert unit is not None
    assert any("companies.tsv" in r.reason for r in unicom.reasons)
    assert [r.reason for r in unit.reasons] == ["partOf 中国联通 (implied)"]


@pytest.mark.parametrize(
    ("query", "name", "why"),
    [
        ("zhongguoliantong", "中国联通", "sounds like"),
        ("中国连通", "中国联通", "sounds like"),
        ("联通数", "联通数科", "part of"),
        ("华曜能源集团公司", "华曜能源集团有限公司", "spelt like"),
        ("人工资源部", "人力资源部", "spelt like"),
    ],
)
def test_an_unknown_name_gets_the_nearest_ones(graph: Graph, query: str, name: str, why: str) -> None:
    answer = explain(graph, query)
    assert (answer.found, answer.candidates) == (None, ())
    assert any(s.name == name and s.why.startswith(why) for s in answer.suggestions)


@pytest.mark.parametrize("query", ["", "  ", "《》", "<script>alert(1)</script>", "\x00", "完全没有的东西龘", "x" * 10000])
def test_nonsense_finds_nothing(graph: Graph, query: str) -> None:
    answer = explain(graph, query)
    assert (answer.query, answer.found, answer.candidates) == (query, None, ())


def test_a_written_build_is_explained_like_the_graph(graph: Graph, tmp_path: Path) -> None:
    nodelink.write(graph, ONTOLOGY, tmp_path, base_iri=DEFAULT_BASE_IRI)
    assert explain(tmp_path, "中国联通") == explain(graph, "中国联通")


def test_a_folder_without_a_build_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"graph\.json"):
        explain(tmp_path, "中国联通")


def test_symmetric_facts_have_both_directions(graph: Graph) -> None:
    found = explain(graph, "软研院").found
    assert found is not None
    assert {f.direction for f in found.facts if f.predicate == "pairsWith"} == {"both"}


def large(count: int) -> tuple[Sequence[Document], Sequence[Annotation]]:
    text = "".join(f"公司甲{i:05}。" for i in range(count))
    size = len("公司甲00000。")
    entities = [
        AnnotatedEntity(f"e{i}", "Organization", f"公司甲{i:05}", "Company", (), (Mention(i * size, i * size + 8),))
        for i in range(count)
    ]
    relations = [AnnotatedRelation("e0", "guides", f"e{i}", Span(0, 8)) for i in range(1, count)]
    return [Document("d", "d.txt", text, "0" * 64)], [Annotation("d", tuple(entities), tuple(relations))]


def test_suggestions_stay_quick_on_a_large_graph() -> None:
    documents, annotations = large(5000)
    graph = build_graph(resolve(documents, annotations, ontology=ONTOLOGY, registry=REGISTRY), ONTOLOGY)
    begin = time.process_time()
    assert explain(graph, "公司乙00001").suggestions
    assert time.process_time() - begin < 10
