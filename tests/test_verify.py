"""A folder is good when all its files say the same and every quote is the text; one change anywhere is named."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kg.errors import InputError
from kg.export import FORMATS
from kg.graph import build_graph
from kg.model import Document, Entity, Evidence, Fact, Knowledge, Located
from kg.ontology import default_pack, load_ontology
from kg.verify import verify

TEXT = "中国联通与华为结对，华为参与。"


@pytest.fixture
def out(tmp_path):
    ontology = load_ontology(default_pack())
    document = Document("d1", "d1.txt", TEXT, "0" * 64, date="2023-05-18")
    a = Entity(
        "organization/a", "Organization", "华为", "Company", aliases=("华为公司",), mentions=(Located("d1", 5, 7, "华为"),)
    )
    b = Entity("organization/b", "Organization", "中国联通", mentions=(Located("d1", 0, 4, "中国联通"),))
    fact = Fact("f1", a.id, "pairsWith", b.id, (Evidence("d1", 0, 9, TEXT[:9], 0.5, extractor="x"),), confidence=0.5)
    graph = build_graph(Knowledge((document,), (a, b), (fact,)), ontology)
    for _, writer in FORMATS.values():
        writer(graph, ontology, tmp_path, base_iri="https://example.org/kg/")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_bytes().decode("utf-8")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode("utf-8"))


def test_a_folder_as_it_was_built_is_good(out):
    assert verify(out) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("graph.ttl", '"华为"@zh', '"华 为"@zh', "node organization/a: name is '华 为', graph.json has '华为'"),
        (
            "graph.ttl",
            "kgo:pairsWith organization:b",
            "kgo:guides organization:b",
            "1 edges, graph.json has 1: edge .* guides .* is not in",
        ),
        ("graph.ttl", "organization:a a kgo:Company,", "organization:a a", "classes is"),
        ("graph.ttl", "organization:a a", "organization:a b", "cannot be read: SyntaxError"),
        ("graph.jsonld", '"alias": "华为公司"', '"alias": "x"', "aliases is"),
        ("graph.graphml", "pairsWith", "guides", "edge organization/a guides"),
        ("graph.gexf", 'value="0.5"', 'value="0.75"', "confidence is 0.75, graph.json has 0.5"),
        ("graph.cyjs", '"implied": false', '"implied": true', "implied is True"),
        ("graph.html", '"a":0,"b":9', '"a":0,"b":8', "places is"),
        ("graph.nq", "/id/organization/b>", "/id/organization/c>", "organization/c"),
        ("graph.trig", '"华为"@zh', '"华 为"@zh', "name is"),
        ("neo4j/nodes.csv", "中国联通", "中国移动", "node organization/b: name is"),
        ("neo4j/relationships.csv", "organization/b", "organization/a", "edge organization/a pairsWith organization/a is not in"),
        ("neo4j/import.cypher", "organization/b", "organization/x", "2 nodes, graph.json has 2: node organization/b is missing"),
        ("provenance.ttl", 'oa:start "0"', 'oa:start "1"', "of kind evidence"),
        ("provenance.ttl", 'nif:anchorOf "华为"', 'nif:anchorOf "中国"', "of kind mention"),
        ("graph.nq", '"0"^^<http://www.w3.org/2001/XMLSchema#nonNeg', '"1"^^<http://www.w3.org/2001/XMLSchema#nonNeg', "of kind"),
        ("graph.trig", 'oa:exact "中国联通与华为结对"', 'oa:exact "中国联通"', "of kind evidence"),
        ("inferred.ttl", "kgo:pairsWith organization:a", "kgo:pairsWith organization:b", "organization/a> is missing"),
        ("inferred.ttl", " kgo:Entity", " kgo:Slogan, kgo:Entity", "ontology#Slogan> is not among them"),
        ("void.ttl", "void:entities 2 ;", "void:entities 3 ;", "entities is 3, not 2"),
        ("void.ttl", "    void:classes", "    void:glasses", "classes is missing, not"),
        ("provenance-rdf12.ttl", "kgo:implied false", "kgo:implied true", "of kind evidence"),
    ],
)
def test_one_change_in_one_file_is_named(out, file, old, new, message):
    change(out / file, old, new)
    (difference,) = verify(out)
    assert re.match(f"{re.escape(file)}: .*{message}", difference), difference


def test_a_missing_file_is_named(out):
    (out / "graph.gexf").unlink()
    assert verify(out) == ["graph.gexf: is missing"]


def test_quotes_that_are_not_the_text_are_named(out):
    data = json.loads((out / "graph.json").read_text(encoding="utf-8"))
    data["graph"]["documents"]["d1"]["text"] = "，" + TEXT
    (out / "graph.json").write_text(json.dumps(data), encoding="utf-8")
    found = verify(out)
    assert "mention of organization/a: d1 5–7 is '与华', not '华为'" in found
    assert any(line.startswith("evidence of f1: d1 0–9 is") for line in found)


def test_offsets_outside_the_text_are_named(out):
    data = json.loads((out / "graph.json").read_text(encoding="utf-8"))
    data["graph"]["documents"]["d1"]["text"] = TEXT[:4]
    (out / "graph.json").write_text(json.dumps(data), encoding="utf-8")
    assert "mention of organization/a: 5–7 does not lie in d1 of 4 characters" in verify(out)


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"graph\.json: no such file"):
        verify(tmp_path)
