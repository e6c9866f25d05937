"""Whole cases: a folder with ``input.txt``, its domain pack, and ``expected.ttl``, compared by graph isomorphism."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import rdflib
from rdflib.compare import graph_diff, to_isomorphic

from kg.build import build
from kg.ontology import load_ontology
from kg.shapes import shapes_turtle
from kg.validate import validate

CASES = Path(__file__).parent / "cases"
WITH_PACK = sorted(path.parent for path in CASES.glob("*/pack"))


def facts_of(path: Path) -> rdflib.Graph:
    """The triples about entities: not those about classes and documents."""
    whole, out = rdflib.Graph().parse(path), rdflib.Graph()
    for triple in whole:
        if "/id/" in str(triple[0]) and "/document-source/" not in str(triple[0]):
            out.add(triple)
    out.namespace_manager = whole.namespace_manager
    return out


@pytest.mark.parametrize("case", WITH_PACK, ids=lambda path: path.name)
def test_a_pack_for_another_domain_reads_its_text_as_expected(case: Path, tmp_path: Path) -> None:
    report = build([case / "input.txt"], tmp_path / "out", pack=case / "pack")
    assert not report.problems
    found = facts_of(tmp_path / "out" / "graph.ttl")
    if os.environ.get("KG_UPDATE_CASES") == "1":
        (case / "expected.ttl").write_text(found.serialize(format="turtle"), encoding="utf-8", newline="\n")
    expected = rdflib.Graph().parse(case / "expected.ttl")
    _, missing, spurious = graph_diff(expected, found)
    assert to_isomorphic(found) == to_isomorphic(expected), f"missing:\n{missing.serialize()}\nspurious:\n{spurious.serialize()}"
    assert validate(tmp_path / "out", case / "pack").conforms


@pytest.mark.parametrize("case", WITH_PACK, ids=lambda path: path.name)
def test_a_pack_is_data_alone(case: Path) -> None:
    suffixes = {path.suffix for path in (case / "pack").rglob("*") if path.is_file()}
    assert suffixes <= {".ttl", ".tsv", ".rq"}
    assert (case / "pack" / "shapes.ttl").read_text(encoding="utf-8") == shapes_turtle(load_ontology(case / "pack"))
