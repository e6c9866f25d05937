from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.annotation import dumps, from_json, load_annotation, to_json
from kg.errors import AnnotationError
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Document, Dropped, Mention, Span
from kg.ontology import Ontology
from kg.read import read_document

GOLD = Path(__file__).parent / "gold" / "dev"
DOCUMENT = Document("d", "d.txt", "支付公司与“软研院”结对共建", "")
DATA: dict[str, Any] = {
    "entities": [
        {"id": "e1", "type": "Organization", "subtype": "Company", "name": "支付公司", "mentions": [[0, 4]]},
        {"id": "e2", "type": "Organization", "name": "软研院", "aliases": ["软件研究院"], "mentions": [[6, 9]]},
    ],
    "relations": [{"subject": "e1", "predicate": "pairsWith", "object": "e2", "evidence": [0, 14]}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the data with the item at ``path`` (keys and indices, joined by dots) set to ``value``."""
    data = copy.deepcopy(DATA)
    *front, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    item: Any = data
    for part in front:
        item = item[part]
    item[last] = value
    return data


@pytest.mark.parametrize("path", sorted(GOLD.glob("*.json")), ids=lambda p: p.stem)
def test_gold_is_valid_and_survives_the_round_trip(path: Path, pack_ontology: Ontology) -> None:
    document = read_document(path.with_suffix(".txt"))
    annotation = load_annotation(path, document, ontology=pack_ontology)
    text = dumps(to_json(annotation, document))
    assert from_json(json.loads(text), document, where="again") == annotation
    gold = json.loads(path.read_text(encoding="utf-8"))
    assert len(annotation.entities) == len(gold["entities"])
    assert [[m.start, m.end] for m in annotation.entities[0].mentions] == gold["entities"][0]["mentions"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("entities.0.mentions", [[0, 99]], r"entity e1 \(支付公司\): \[0, 99\] does not lie in the text of d \(14 characters\)"),
        ("entities.0.mentions", [[0, 3]], "reads '支付公', which is neither its name nor one of its aliases"),
        ("entities.0.mentions", [], "has no mention"),
        ("entities.0.mentions", [[0, "4"]], r"entities\[0\].mentions\[0\]: must be \[start, end\]"),
        ("entities.0.mentions", [[True, 4]], "two whole numbers"),
        ("entities.0.mention_confidence", [1.0, 0.5], "2 numbers for 1 mentions"),
        ("entities.0.id", "e2", "two entities have the id 'e2'"),
        ("entities.0.name", "", "name must be a string that is not empty"),
        ("entities.0.typo", 1, r"entities\[0\]: unknown field 'typo'; allowed are id, type"),
        ("entities.0.confidence", 1.5, "confidence must be a number from 0 to 1"),
        ("entities.0.confidence", float("nan"), "confidence must be a number from 0 to 1"),
        ("entities.0.attributes", {"quantity": [5]}, "attribute 'quantity' must be a string or a number, not a list"),
        ("entities.0.attributes", {"quantity": float("inf")}, "attribute 'quantity' must be"),
        ("entities.0.aliases", "软院", "aliases must be a list, not a string"),
        ("entities.0.aliases", ["\ud800"], "which is no character"),
        ("entities.0", 5, r"entities\[0\]: must be an object with id, type, name, mentions, not 5"),
        ("relations.0.object", "e9", "relation e1 pairsWith e9: no entity has the id 'e9'"),
        ("relations.0.evidence", [9, 4], r"relation e1 pairsWith e2: \[9, 4\] does not lie"),
        ("relations.0.implied", "no", "implied must be true or false, not 'no'"),
        ("relations", None, "relations must be a list, not null"),
        ("uncovered", [[3, 1]], r"\[3, 1\] does not lie in the text"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(path: str, value: Any, message: str) -> None:
    with pytest.raises(AnnotationError, match=message):
        from_json(changed(path, value), DOCUMENT, where="d.json")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("entities.0.type", "Organisation", "unknown type 'Organisation'; allowed are Asset, Document"),
        ("entities.0.subtype", "Slogan", "unknown subtype of Organization 'Slogan'; allowed are Association"),
        ("relations.0.predicate", "pairs", "unknown predicate 'pairs'; allowed are coBuilds"),
        ("relations.0.predicate", "implements", "implements does not stand between Organization and Organization"),
    ],
)
def test_names_outside_the_ontology_are_refused(path: str, value: Any, message: str, pack_ontology: Ontology) -> None:
    from_json(DATA, DOCUMENT, where="d.json", ontology=pack_ontology)
    with pytest.raises(AnnotationError, match=message):
        from_json(changed(path, value), DOCUMENT, where="d.json", ontology=pack_ontology)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", r"d.json:1:2: not JSON"),
        (b"[]", "must be an object with entities, relations, not a list"),
        (b'{"entities": []}', "'relations' is missing"),
        ("{}".encode("utf-16"), "not UTF-8 at byte 0"),
        (b"[" * 100_000, "nested too deeply|not JSON"),
    ],
)
def test_files_that_are_no_annotation_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "d.json"
    path.write_bytes(content)
    with pytest.raises(AnnotationError, match=message):
        load_annotation(path, DOCUMENT)


def test_without_strictness_only_the_form_counts() -> None:
    data = changed("entities.0.mentions", [[0, 99]])
    assert from_json(data, DOCUMENT, where="d.json", strict=False).entities[0].mentions == (Mention(0, 99),)


TEXT = "甲公司与乙大学、丙院共建丁基地。" * 3
places = st.integers(0, len(TEXT) - 1).flatmap(lambda a: st.integers(a + 1, len(TEXT)).map(lambda b: Span(a, b)))
shares = st.floats(0, 1)
values = st.text(max_size=3) | st.integers()
attributes = st.dictionaries(st.text(max_size=3), values, max_size=2).map(lambda d: tuple(sorted(d.items())))


@st.composite
def annotations(draw: st.DrawFn) -> Annotation:
    entities = []
    for i in range(draw(st.integers(1, 3))):
        spans = draw(st.lists(places, min_size=1, max_size=3))
        names = [TEXT[s.start : s.end] for s in spans]
        mentions = tuple(Mention(s.start, s.end, draw(shares)) for s in spans)
        subtype = draw(st.none() | st.just("Company"))
        entities.append(
            AnnotatedEntity(f"e{i}", "T", names[0], subtype, tuple(names[1:]), mentions, draw(attributes), draw(shares))
        )
    ids = st.sampled_from([e.id for e in entities])
    optional = st.none() | places
    relations = st.builds(
        AnnotatedRelation, subject=ids, predicate=st.just("p"), object=ids, evidence=places, implied=st.booleans(),
        confidence=shares, trigger=optional,
        subject_span=optional, object_span=optional, attributes=attributes, extractor=st.text(max_size=3),
    )  # fmt: skip
    dropped = st.builds(Dropped, span=places, type=st.just("T"), reason=st.just("r"), confidence=shares)
    lists = (tuple(draw(st.lists(s, max_size=2))) for s in (relations, dropped, places))
    return Annotation("d", tuple(entities), *lists, extractor="x")


@given(annotations())
def test_every_annotation_survives_the_round_trip(annotation: Annotation) -> None:
    document = Document("d", "d.txt", TEXT, "")
    assert from_json(json.loads(dumps(to_json(annotation, document))), document, where="d.json") == annotation
