"""The graph holds what the knowledge says, in a fixed order, and refuses what hangs in the air."""

from __future__ import annotations

import json
from dataclasses import replace

import networkx as nx
import pytest

from kg.errors import KgError
from kg.graph import build_graph, classes_of, document, document_dates, documents, entities, facts, facts_by_subject, merges
from kg.model import Document, Entity, Evidence, Fact, Knowledge, Located, Merge, Span
from kg.ontology import default_pack, load_ontology

TEXT = "中国联通与华为结对。"
ONTOLOGY = load_ontology(default_pack())
DOCUMENT = Document("d1", "d1.txt", TEXT, "0" * 64, title=Span(0, 4), date="2023-05-18")
UNICOM = Entity(
    "organization/b", "Organization", "中国联通", "Company", ("PartnerBody",), mentions=(Located("d1", 0, 4, "中国联通"),)
)
HUAWEI = Entity("organization/a", "Organization", "华为", mentions=(Located("d1", 5, 7, "华为"),), attributes=(("quantity", 2),))
EVIDENCE = Evidence("d1", 0, 10, TEXT, 0.5, extractor="x", trigger=Span(7, 9))
PAIR = Fact("f1", HUAWEI.id, "pairsWith", UNICOM.id, (EVIDENCE,), confidence=0.5)
KNOWLEDGE = Knowledge((DOCUMENT,), (UNICOM, HUAWEI), (PAIR,), (Merge(UNICOM.id, "联通", "alias", "d1"),))


def test_nodes_and_edges_carry_the_ids_and_every_attribute():
    graph = build_graph(KNOWLEDGE, ONTOLOGY)
    assert isinstance(graph, nx.MultiDiGraph)
    assert list(graph.edges(keys=True)) == [(HUAWEI.id, UNICOM.id, "f1")]
    assert graph.nodes[HUAWEI.id]["attributes"] == {"quantity": 2}
    edge = graph.edges[HUAWEI.id, UNICOM.id, "f1"]
    assert edge["predicate"] == "pairsWith" and edge["symmetric"] is True and edge["confidence"] == 0.5
    assert edge["evidence"][0]["quote"] == TEXT and edge["evidence"][0]["trigger"] == [7, 9]
    assert classes_of(graph.nodes[UNICOM.id]) == ["Company", "Organization", "PartnerBody"]


def test_readers_follow_the_order_of_ids_whatever_the_order_of_the_input():
    forward, backward = build_graph(KNOWLEDGE, ONTOLOGY), build_graph(replace(KNOWLEDGE, entities=(HUAWEI, UNICOM)), ONTOLOGY)
    assert [id_ for id_, _ in entities(forward)] == [HUAWEI.id, UNICOM.id]
    assert list(entities(forward)) == list(entities(backward))
    assert list(facts(forward)) == list(facts(backward)) == facts_by_subject(forward, HUAWEI.id)
    assert [d["title"] for d in documents(forward)] == ["中国联通"]
    assert document(forward, "d1")["text"] == TEXT
    assert document_dates(forward, forward.nodes[HUAWEI.id]["mentions"]) == ["2023-05-18"]
    assert merges(forward)[0]["reason"] == "alias"


def test_the_graph_is_plain_json():
    data = nx.node_link_data(build_graph(KNOWLEDGE, ONTOLOGY), edges="edges")
    assert json.loads(json.dumps(data)) == data


def test_a_fact_about_no_entity_is_refused():
    with pytest.raises(KgError, match="f1: no entity has the id 'organization/b'"):
        build_graph(replace(KNOWLEDGE, entities=(HUAWEI,)), ONTOLOGY)


def test_an_unknown_predicate_is_refused_with_the_known_ones():
    with pytest.raises(KgError, match=r"unknown predicate 'parsWith'; known: .*pairsWith"):
        build_graph(replace(KNOWLEDGE, facts=(replace(PAIR, predicate="parsWith"),)), ONTOLOGY)


def test_evidence_in_no_document_is_refused():
    with pytest.raises(KgError, match="no document has the id 'd1'"):
        build_graph(replace(KNOWLEDGE, documents=()), ONTOLOGY)
