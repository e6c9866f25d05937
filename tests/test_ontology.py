"""The ontology says what the guideline says, and a slip of the pen in it is found where it was made."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib

from kg.errors import PackError
from kg.ontology import Ontology, allows, check_name, default_pack, load_ontology, roles, subtypes, top_type, types

B, P, S, E, D, A, H, L = "Organization", "Programme", "Slogan", "Event", "Document", "Asset", "Person", "Place"
SCHEMA = {
    "partOf": [({B}, {B}), ({P}, {P})],
    "pairsWith": [({B}, {B})],
    "collaboratesWith": [({B}, {B})],
    "coBuilds": [({B}, {A, B})],
    "implements": [({B}, {P})],
    "establishes": [({B}, {B, A})],
    "organizes": [({B}, {E})],
    "participatesIn": [({B, H}, {E, P})],
    "issues": [({B, H}, {D, A})],
    "upholds": [({B, P, E}, {S})],
    "guides": [({B, H}, {B})],
    "supports": [({B, A}, {B, P, E, L})],
    "combinedWith": [({P}, {P, E}), ({E}, {P, E})],
    "holdsPosition": [({H}, {B})],
    "locatedIn": [({B, E, A}, {L})],
}


def pairs(signatures: Iterable[tuple[Iterable[str], Iterable[str]]]) -> set[tuple[str, str]]:
    return {(s, o) for subjects, objects in signatures for s in subjects for o in objects}


def test_the_types_and_subtypes_are_those_of_the_guideline(pack_ontology: Ontology) -> None:
    assert types(pack_ontology) == (B, P, S, E, D, A, H, L)
    assert subtypes(pack_ontology, B) == (
        "Company", "Department", "PartyBody", "WorkingGroup", "ResearchInstitution", "School", "GovernmentBody", "Association",
    )  # fmt: skip
    assert all(subtypes(pack_ontology, t) == () for t in types(pack_ontology) if t != B)


def test_the_signatures_are_those_of_the_guideline(pack_ontology: Ontology) -> None:
    assert list(pack_ontology.predicates) == list(SCHEMA)
    for name, signatures in SCHEMA.items():
        assert pairs(pack_ontology.predicates[name].signatures) == pairs(signatures), name


def test_allows_agrees_with_the_signatures_for_types_and_subtypes(pack_ontology: Ontology) -> None:
    names = [*types(pack_ontology), *subtypes(pack_ontology, B)]
    for predicate, signatures in SCHEMA.items():
        for subject in names:
            for obj in names:
                expected = (top_type(pack_ontology, subject), top_type(pack_ontology, obj)) in pairs(signatures)
                assert allows(pack_ontology, subject, predicate, obj) is expected


def test_the_partner_body_is_a_role_and_no_type(pack_ontology: Ontology) -> None:
    assert roles(pack_ontology) == ("PartnerBody",)
    assert "PartnerBody" not in subtypes(pack_ontology, B)
    assert {p.name for p in pack_ontology.predicates.values() if p.role} == {"pairsWith", "collaboratesWith", "coBuilds"}


def test_symmetry_transitivity_and_inverses(pack_ontology: Ontology) -> None:
    predicates = pack_ontology.predicates.values()
    assert {p.name for p in predicates if p.symmetric} == {"pairsWith", "collaboratesWith", "combinedWith"}
    assert {p.name for p in predicates if p.transitive} == {"partOf"}
    inverses = [p.inverse for p in predicates if not p.symmetric]
    assert None not in inverses and len(set(inverses)) == len(inverses)
    assert all(p.inverse is None for p in predicates if p.symmetric)
    assert all(p.inverse_label_zh and p.inverse_label_en for p in predicates if p.inverse)


def test_everything_has_labels_and_comments_in_both_languages(pack_ontology: Ontology) -> None:
    for term in [*pack_ontology.classes.values(), *pack_ontology.predicates.values()]:
        assert re.search("[\u4e00-\u9fff]", term.label_zh) and re.search("[\u4e00-\u9fff]", term.comment_zh)
        assert re.search("[A-Za-z]", term.label_en) and re.search("[A-Za-z]", term.comment_en)


def test_rdflib_and_pyoxigraph_read_the_same_triples() -> None:
    for path in sorted(default_pack().glob("*.ttl")):
        by_rdflib = {t.n3() for t in rdflib.Graph().parse(path).all_nodes() if not isinstance(t, rdflib.BNode)}
        by_oxigraph = {
            rdflib.util.from_n3(str(t)).n3()  # type: ignore[union-attr]
            for quad in ox.parse(path=str(path))
            for t in (quad.subject, quad.object)
            if not isinstance(t, ox.BlankNode)
        }
        assert by_rdflib == by_oxigraph, path


def test_alignment_entails_no_second_entity_type() -> None:
    """Under RDFS, with the domains of W3C ORG and FOAF, no entity becomes an entity of another kind than its own."""
    shacl = pytest.importorskip("shacl")
    external = """
        @prefix org: <http://www.w3.org/ns/org#> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix schema: <https://schema.org/> .
        org:memberOf rdfs:domain foaf:Agent ; rdfs:range org:Organization .
        org:linkedTo rdfs:domain org:Organization ; rdfs:range org:Organization .
        org:Organization rdfs:subClassOf foaf:Agent . foaf:Person rdfs:subClassOf foaf:Agent .
        org:OrganizationalUnit rdfs:subClassOf org:Organization . schema:Project rdfs:subClassOf schema:Organization .
    """
    kgo = load_ontology(default_pack()).namespace
    data = "".join(
        f"<urn:{p}:{s}:{o}:s> a <{kgo}{s}> ; <{kgo}{p}> <urn:{p}:{s}:{o}:o> . <urn:{p}:{s}:{o}:o> a <{kgo}{o}> .\n"
        for p, signatures in SCHEMA.items()
        for s, o in sorted(pairs(signatures))
    )
    # Domains that are unions entail nothing under RDFS, so blank nodes stand for them here.
    closure = shacl.rdfs_closure((default_pack() / "ontology.ttl").read_text(encoding="utf-8") + external + data)
    graph = rdflib.Graph().parse(data=closure)
    agents = {rdflib.URIRef(iri) for iri in ("http://www.w3.org/ns/org#Organization", "http://xmlns.com/foaf/0.1/Agent")}
    for node in set(graph.subjects(rdflib.RDF.type)):
        if not str(node).startswith("urn:"):
            continue
        found = set(graph.objects(node, rdflib.RDF.type))
        own = {str(c).removeprefix(kgo) for c in found} & set(types(load_ontology(default_pack())))
        assert len(own) == 1, (node, own)
        assert not (found & agents) or own <= {B, H}, (node, found)
        assert rdflib.URIRef("http://www.w3.org/ns/org#Organization") not in found or own == {B}


MISTAKES = [
    ("kgo:subjectType kgo:Person ;", "kgo:subjectType kgo:Persn ;", r"unknown name 'Persn'; did you mean Person"),
    ("kgo:objectType kgo:Slogan", "kgo:objectTyp kgo:Slogan", r"unknown name 'objectTyp'; did you mean objectType"),
    ('rdfs:label "项目行动"@zh, ', "rdfs:label ", r"Programme has no rdfs:label in 'zh'"),
    ('rdfs:label "项目行动"@zh, ', 'rdfs:label "项目行动"@zh, "行动"@zh, ', r"Programme has 2 rdfs:label in 'zh'"),
    ('rdfs:label "项目行动"@zh, ', 'rdfs:label " "@zh, ', r"Programme has an empty rdfs:label"),
    ('rdfs:label "项目行动"@zh, ', 'rdfs:lable "项目行动"@zh, ', r"unknown rdfs: term 'lable'; did you mean label"),
    ("rdfs:subClassOf kgo:Organization, schema:Gov", "rdfs:subClassOf kgo:Organisation, schema:Gov", r"did you mean Organiz"),
    ("rdfs:subClassOf kgo:Organization, schema:Gov", "rdfs:subClassOf kgo:GovernmentBody, schema:Gov", r"is its own superclass"),
    ("rdfs:subClassOf kgo:Organization, schema:Gov", "rdfs:subClassOf kgo:Organization, kgo:Asset, schema:Gov", r"superclasses"),
    ("kgo:subjectType kgo:Person ;", "kgo:subjectType kgo:Company ;", r"unknown entity type in a signature of holdsPosition"),
    ("rdfs:range kgo:Slogan ;", "rdfs:range kgo:Event ;", r"rdfs:range of upholds is Event but its signatures say Slogan"),
    ("a owl:ObjectProperty, owl:TransitiveProperty ;", "a owl:ObjectProperty, owl:TransitivProperty ;", r"TransitiveProperty"),
    ('"口号"@zh', '"口号@zh', r"not Turtle"),
    ("kgo:givesRole kgo:PartnerBody", "kgo:givesRole kgo:Company", r"unknown role class 'Company'"),
    ("kgo:coBuilds a owl:ObjectProperty", "kgo:coBuilds a owl:ObjectProperty, owl:SymmetricProperty", r"coBuilds is symmetric"),
    ("owl:inverseOf kgo:guidedBy", "owl:inverseOf kgo:guidedBye", r"'guidedBye'; did you mean guidedBy"),
]


@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES)
def test_a_mistake_is_an_error_with_file_and_line(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    text = (default_pack() / "ontology.ttl").read_text(encoding="utf-8")
    assert right in text
    changed = text.replace(right, wrong, 1)
    (tmp_path / "ontology.ttl").write_text(changed, encoding="utf-8")
    with pytest.raises(PackError, match=message) as caught:
        load_ontology(tmp_path)
    place = re.match(rf"{re.escape(str(tmp_path / 'ontology.ttl'))}:(\d+)", str(caught.value))
    assert place, caught.value
    line = text[: text.index(right)].count("\n") + 1
    assert line - 14 <= int(place[1]) <= line, "the line is that of the mistake, or the head of its description"


def test_a_pack_without_an_ontology_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"the domain pack has no ontology\.ttl"):
        load_ontology(tmp_path)


def test_a_file_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ontology.ttl").write_bytes("标签".encode("gb18030"))
    with pytest.raises(PackError, match=r"ontology\.ttl: cannot be read"):
        load_ontology(tmp_path)


def test_an_unknown_name_is_met_with_the_nearest_and_all_there_are() -> None:
    message = r"lexicon\.tsv:7: unknown predicate 'implement'; did you mean implements\? Known: implements, partOf"
    with pytest.raises(PackError, match=message):
        check_name("implement", ["implements", "partOf"], kind="predicate", where="lexicon.tsv:7")


def test_a_pack_may_have_a_namespace_of_its_own(tmp_path: Path) -> None:
    text = (default_pack() / "ontology.ttl").read_text(encoding="utf-8")
    (tmp_path / "ontology.ttl").write_text(text.replace("https://example.org/kg/", "https://kg.test/其他/"), encoding="utf-8")
    ontology = load_ontology(tmp_path)
    assert ontology.namespace == "https://kg.test/其他/ontology#"
    assert list(ontology.predicates) == list(SCHEMA)


def test_a_new_subtype_and_predicate_are_only_an_edit_of_the_file(tmp_path: Path) -> None:
    text = (default_pack() / "ontology.ttl").read_text(encoding="utf-8")
    text += """
kgo:Hospital a owl:Class ; rdfs:subClassOf kgo:Organization ;
    rdfs:label "医院"@zh, "Hospital"@en ; rdfs:comment "医院。"@zh, "A hospital."@en .
kgo:treats a owl:ObjectProperty ; rdfs:domain kgo:Organization ; rdfs:range kgo:Person ;
    kgo:signature [ kgo:subjectType kgo:Organization ; kgo:objectType kgo:Person ] ;
    rdfs:label "收治"@zh, "treats"@en ; rdfs:comment "收治。"@zh, "Treats a person."@en .
"""
    (tmp_path / "ontology.ttl").write_text(text, encoding="utf-8")
    ontology = load_ontology(tmp_path)
    assert "Hospital" in subtypes(ontology, B)
    assert allows(ontology, "Hospital", "treats", H)


def test_shapes_can_be_written_again_for_a_changed_ontology(tmp_path: Path) -> None:
    shutil.copy(default_pack() / "ontology.ttl", tmp_path)
    subprocess.run([sys.executable, "-m", "kg.shapes", str(tmp_path)], check=True, cwd=Path(__file__).parent.parent)
    assert (tmp_path / "shapes.ttl").read_bytes() == (default_pack() / "shapes.ttl").read_bytes()
