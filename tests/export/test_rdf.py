"""Turtle, JSON-LD, N-Quads, TriG and RDF 1.2, read by rdflib and by pyoxigraph."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib.compare import isomorphic

from kg import __version__
from kg.export import FORMATS, turtle
from kg.export.provenance import provenance_blocks, provenance_prefixes
from kg.export.rdf import Names, graph_blocks, value
from kg.export.turtle import Renderer
from kg.graph import build_graph
from kg.vocabularies import date

BASE = "https://example.org/kg/"
KGO = rdflib.Namespace(BASE + "ontology#")
OA = rdflib.Namespace("http://www.w3.org/ns/oa#")
XSD = rdflib.XSD


@pytest.fixture
def out(graph, ontology, tmp_path):
    for name in ("turtle", "provenance", "jsonld", "nquads", "trig", "rdf12"):
        FORMATS[name][1](graph, ontology, tmp_path, base_iri=BASE)
    return tmp_path


def by_oxigraph(path) -> rdflib.Graph:
    """Return the default graph as pyoxigraph reads it, handed over as N-Triples."""
    quads = ox.parse(path=str(path))
    triples = ox.serialize((q.triple for q in quads if q.graph_name == ox.DefaultGraph()), format=ox.RdfFormat.N_TRIPLES)
    return rdflib.Graph().parse(data=triples, format="nt")


@pytest.mark.parametrize("file", ["graph.ttl", "provenance.ttl"])
def test_turtle_is_the_same_graph_to_rdflib_and_to_pyoxigraph(out, file):
    assert isomorphic(rdflib.Graph().parse(out / file), by_oxigraph(out / file))


@pytest.mark.parametrize("file", ["graph.ttl", "provenance.ttl"])
def test_turtle_round_trips_through_both_libraries(out, file, tmp_path):
    original = rdflib.Graph().parse(out / file)
    assert isomorphic(rdflib.Graph().parse(data=original.serialize(format="turtle"), format="turtle"), original)
    triples = [q.triple for q in ox.parse(path=str(out / file))]
    ox.serialize(triples, str(tmp_path / "again.ttl"))
    assert isomorphic(rdflib.Graph().parse(tmp_path / "again.ttl"), original)


@pytest.mark.parametrize("file", ["graph.jsonld", "graph.nq", "graph.trig"])
def test_other_formats_hold_the_triples_of_graph_ttl(out, file):
    expected = rdflib.Graph().parse(out / "graph.ttl")
    assert isomorphic(by_oxigraph(out / file), expected)
    if file == "graph.jsonld":
        assert isomorphic(rdflib.Graph().parse(out / file, format="json-ld"), expected)


def test_turtle_is_grouped_by_subject_with_short_names(out):
    text = (out / "graph.ttl").read_text(encoding="utf-8")
    subjects = [line.split(" ")[0] for line in text.split("\n") if line and line[0] not in " @"]
    assert len(subjects) == len(set(subjects))
    assert "\nprogramme:zhongguo-liantong-" in text and " a kgo:Programme ;\n" in text
    assert "<https://example.org/kg/id/" not in text.replace("@prefix", "", 20).split("\n\n", 1)[1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_entities_written_as_text_are_what_their_terms_would_be_written_as(data, knowledge_strategy, ontology):
    graph, names = build_graph(data.draw(knowledge_strategy), ontology), Names(BASE)
    with tempfile.TemporaryDirectory() as folder:
        turtle.write(graph, ontology, Path(folder), base_iri=BASE)
        written = (Path(folder) / "graph.ttl").read_bytes().decode("utf-8")
    expected = io.StringIO(newline="")
    turtle.write_blocks(graph_blocks(graph, ontology, names), expected, turtle.prefixes_of(graph, names, turtle.PREFIXES))
    assert written == expected.getvalue()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_statements_written_as_text_are_what_their_terms_would_be_written_as(data, knowledge_strategy, ontology):
    graph, names = build_graph(data.draw(knowledge_strategy), ontology), Names(BASE)
    with tempfile.TemporaryDirectory() as folder:
        FORMATS["provenance"][1](graph, ontology, Path(folder), base_iri=BASE)
        written = Path(folder, "provenance.ttl").read_bytes().decode()
    expected = io.StringIO()
    turtle.write_blocks(provenance_blocks(graph, names), expected, provenance_prefixes(graph, names))
    assert written == expected.getvalue()


def test_documents_have_title_date_source_and_checksum(out):
    graph = rdflib.Graph().parse(out / "graph.ttl")
    found = {str(graph.value(d, rdflib.DCTERMS.identifier)): d for d in graph.subjects(rdflib.RDF.type, KGO.DocumentSource)}
    first, second = found["第 1 份"], found["b;b"]
    assert graph.value(first, rdflib.DCTERMS.title) == rdflib.Literal('中国"联通"', lang="zh")
    assert graph.value(first, rdflib.DCTERMS.issued) == rdflib.Literal("2023-05-18", datatype=XSD.date)
    assert graph.value(first, rdflib.DCTERMS.source) == rdflib.Literal("甲/第 1 份.txt")
    assert graph.value(second, KGO.sha256) == rdflib.Literal("f" * 64)
    assert graph.value(second, rdflib.DCTERMS.issued) is None


def test_classes_and_predicates_are_labelled_in_both_languages(out):
    graph = rdflib.Graph().parse(out / "graph.ttl")
    for term in (KGO.Company, KGO.PartnerBody, KGO.pairsWith):
        assert {label.language for label in graph.objects(term, rdflib.RDFS.label)} == {"zh", "en"}
    assert (KGO.Company, rdflib.RDFS.subClassOf, KGO.Organization) in graph


def test_selectors_point_at_the_quote_in_code_points(out, graph):
    texts = {d["path"]: d["text"] for d in graph.graph["documents"].values()}
    known = rdflib.Graph().parse(out / "graph.ttl")
    found = rdflib.Graph().parse(out / "provenance.ttl")
    statements = list(found.subjects(rdflib.RDF.type, rdflib.RDF.Statement))
    assert len(statements) == sum(len(d["evidence"]) for _, _, d in graph.edges(data=True))
    for statement in statements:
        target = found.value(statement, OA.hasTarget)
        text = texts[str(known.value(found.value(target, OA.hasSource), rdflib.DCTERMS.source))]
        selectors = {found.value(s, rdflib.RDF.type): s for s in found.objects(target, OA.hasSelector)}
        quote, position = selectors[OA.TextQuoteSelector], selectors[OA.TextPositionSelector]
        start, end = int(found.value(position, OA.start)), int(found.value(position, OA.end))
        assert text[start:end] == str(found.value(quote, OA.exact)) == str(found.value(statement, KGO.sentence))
        assert text[:start].endswith(str(found.value(quote, OA.prefix)))
        assert text[end:].startswith(str(found.value(quote, OA.suffix)))
        triple = tuple(found.value(statement, rdflib.RDF[part]) for part in ("subject", "predicate", "object"))
        assert triple in known


@pytest.mark.parametrize("file", ["provenance.ttl", "provenance-rdf12.ttl", "graph.nq", "graph.trig"])
def test_evidence_says_what_found_it_and_in_which_version(out, file):
    store = ox.Store()
    store.bulk_load(path=str(out / file))
    query = """PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX kgo: <https://example.org/kg/ontology#>
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT DISTINCT ?found ?label ?version { ?e kgo:extractor ?found ; prov:wasAttributedTo ?agent .
          ?agent a prov:SoftwareAgent ; rdfs:label ?label ; <https://schema.org/softwareVersion> ?version } ORDER BY ?found"""
    rows = [tuple(term.value for term in row) for row in store.query(query, use_default_graph_as_union=True)]
    assert rows == [("crf", "crf", __version__), ("规则", "规则", __version__)]


def test_a_later_version_that_writes_a_graph_again_says_which_one_built_it(graph, ontology, tmp_path):
    graph.graph["version"] = "0.0.7"
    FORMATS["provenance"][1](graph, ontology, tmp_path, base_iri=BASE)
    text = (tmp_path / "provenance.ttl").read_text(encoding="utf-8")
    assert text.count('schema:softwareVersion "0.0.7"') == 2 and __version__ not in text


def test_rdf12_states_the_same_with_triple_terms(out):
    store = ox.Store()
    store.load(path=str(out / "provenance-rdf12.ttl"))
    rows = store.query(
        "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> PREFIX kgo: <https://example.org/kg/ontology#>"
        "SELECT ?s ?o ?confidence WHERE { ?e rdf:reifies <<( ?s kgo:implements ?o )>> ; kgo:confidence ?confidence }"
    )
    assert sorted(row["confidence"].value for row in rows) == ["0.5", "0.875"]


def test_trig_has_a_named_graph_for_each_document_that_states_something(out):
    data = rdflib.Dataset()
    data.parse(out / "graph.trig")
    stated = []
    for named in data.graphs():
        if str(named.identifier) not in (str(rdflib.graph.DATASET_DEFAULT_GRAPH_ID), BASE + "provenance"):
            statements = set(named.subjects(rdflib.RDF.type, rdflib.RDF.Statement))
            facts = {tuple(named.value(s, rdflib.RDF[part]) for part in ("subject", "predicate", "object")) for s in statements}
            assert all(fact in named for fact in facts), "fact and evidence stand in one graph"
            assert {named.value(s, rdflib.PROV.wasDerivedFrom) for s in statements} == {named.identifier}
            stated.append(len(facts))
    assert sorted(stated) == [1, 16]


def test_jsonld_context_gives_plain_names(out):
    data = json.loads((out / "graph.jsonld").read_text(encoding="utf-8"))
    node = next(n for n in data["@graph"] if n["@id"].startswith("id:organization/hyperlink"))
    assert node["name"] == '=HYPERLINK("http://x")'
    assert node["@type"] == ["Company", "Organization", "PartnerBody"]
    assert node["pairsWith"].startswith("id:organization/")


def test_data_of_others_can_use_the_context_file(out):
    context = json.loads((out / "context.jsonld").read_text(encoding="utf-8"))
    assert context["@context"] == json.loads((out / "graph.jsonld").read_text(encoding="utf-8"))["@context"]
    theirs = {**context, "@id": "id:organization/x", "@type": "Company", "name": "甲公司", "partOf": "id:organization/y"}
    found = rdflib.Graph().parse(data=json.dumps(theirs), format="json-ld")
    x = rdflib.URIRef(BASE + "id/organization/x")
    assert set(found) == {
        (x, rdflib.RDF.type, KGO.Company),
        (x, rdflib.SKOS.prefLabel, rdflib.Literal("甲公司", lang="zh")),
        (x, KGO.partOf, rdflib.URIRef(BASE + "id/organization/y")),
    }


@given(st.integers() | st.floats() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"])))
def test_values_are_typed_and_come_back_equal(scalar):
    literal = value(scalar)
    text = Renderer({"xsd": str(XSD)}).literal(literal)
    source = f"@prefix xsd: <{XSD}> . <urn:a> <urn:b> {text} ."
    (quad,) = ox.parse(source, format=ox.RdfFormat.TURTLE)
    assert quad.object == literal
    if isinstance(scalar, float) and scalar == scalar:
        assert float(literal.value.replace("Inf", "inf")) == scalar


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2023-05-18", "date"),
        ("2024-02-29", "date"),
        ("2023-02-29", "string"),
        ("2023-05", "gYearMonth"),
        ("2023-13", "string"),
        ("2023", "gYear"),
        ("0000", "string"),
        ("2023-13-01", "string"),
        ("２０２３-05-18", "string"),
        ("２０２３", "string"),
    ],
)
def test_only_dates_are_typed_as_dates(text, kind):
    assert date(text).datatype.value.rpartition("#")[2] == kind


def test_attribute_names_that_no_iri_may_hold_are_encoded():
    assert Names(BASE).kgo("奇 key>").value == BASE + "ontology#%E5%A5%87%20key%3E"
