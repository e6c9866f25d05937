"""What follows from the facts, and the description of the data set."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
import rdflib

from kg.export import FORMATS
from kg.export.inferred import infer
from kg.graph import build_graph
from kg.model import Document, Entity, Evidence, Fact, Knowledge, Located

BASE = "https://example.org/kg/"
TEXT = "甲乙丙丁"


def knowledge(*facts: tuple[str, str, str]) -> Knowledge:
    document = Document("d", "d.txt", TEXT, "0" * 64)
    entities = tuple(Entity(n, "Organization", n, mentions=(Located("d", i, i + 1, n),)) for i, n in enumerate(TEXT))
    evidence = (Evidence("d", 0, 4, TEXT),)
    return Knowledge((document,), entities, tuple(Fact("-".join(f), *f, evidence) for f in facts))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([("甲", "pairsWith", "乙")], {("乙", "pairsWith", "甲")}),
        ([("甲", "partOf", "乙")], {("乙", "hasPart", "甲")}),
        (
            [("甲", "partOf", "乙"), ("乙", "partOf", "丙")],
            {("甲", "partOf", "丙"), ("乙", "hasPart", "甲"), ("丙", "hasPart", "乙"), ("丙", "hasPart", "甲")},
        ),
        ([("甲", "partOf", "乙"), ("乙", "partOf", "甲")], {("甲", "hasPart", "乙"), ("乙", "hasPart", "甲")}),
        ([], set()),
    ],
)
def test_symmetry_inverses_and_transitivity(facts, expected, ontology):
    assert infer(build_graph(knowledge(*facts), ontology), ontology) == expected


def test_inferred_triples_stand_apart_from_what_a_text_states(graph, ontology, tmp_path):
    for name in ("turtle", "inferred"):
        FORMATS[name][1](graph, ontology, tmp_path, base_iri=BASE)
    stated = {q.triple for q in ox.parse(path=str(tmp_path / "graph.ttl"))}
    inferred = {q.triple for q in ox.parse(path=str(tmp_path / "inferred.ttl"))}
    assert inferred and not stated & inferred


def test_superclasses_and_superproperties_reach_other_vocabularies(ontology, tmp_path):
    graph = build_graph(knowledge(("甲", "partOf", "乙"), ("乙", "partOf", "丙"), ("丙", "pairsWith", "丁")), ontology)
    FORMATS["inferred"][1](graph, ontology, tmp_path, base_iri="http://kb.example.com/")
    found = rdflib.Graph().parse(tmp_path / "inferred.ttl")
    iri, kgo = rdflib.Namespace("http://kb.example.com/id/"), rdflib.Namespace("http://kb.example.com/ontology#")
    others = (rdflib.ORG, rdflib.FOAF, rdflib.PROV, rdflib.Namespace("https://schema.org/"))
    above = {*(other.Organization for other in others), kgo.Entity, others[-1].Thing}
    assert set(found.objects(iri["甲"], rdflib.RDF.type)) == above
    assert set(found.objects(iri["甲"], rdflib.DCTERMS.isPartOf)) == {iri["乙"], iri["丙"]}
    assert set(found.objects(iri["丁"], rdflib.ORG.linkedTo)) == {iri["丙"]}
    assert set(found.objects(iri["丙"], rdflib.ORG.linkedTo)) == {iri["丁"]}
    documents = set(found.subjects(rdflib.RDF.type, rdflib.FOAF.Document))
    assert len(documents) == 1 and "d-" in str(documents.pop())


def test_the_description_counts_what_graph_ttl_holds(graph, ontology, tmp_path):
    for name in ("turtle", "void"):
        FORMATS[name][1](graph, ontology, tmp_path, base_iri=BASE)
    data, found = rdflib.Graph().parse(tmp_path / "graph.ttl"), rdflib.Graph().parse(tmp_path / "void.ttl")
    dataset, void = rdflib.URIRef(BASE + "dataset"), rdflib.VOID
    assert int(found.value(dataset, void.triples)) == len(data)
    assert int(found.value(dataset, void.properties)) == len(set(data.predicates()))
    for partition in found.objects(dataset, void.classPartition):
        kind = found.value(partition, void["class"])
        assert int(found.value(partition, void.entities)) == len(set(data.subjects(rdflib.RDF.type, kind)))
