"""With the answers of a good annotator nothing is lost on the way from quotes to the graph; hybrid asks half as often."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.build import build
from kg.evaluate import Evaluation, evaluate, read_cases
from kg.extract import annotate, load_extractor
from kg.llm.run import Asker, Settings
from kg.model import Annotation, Document
from kg.ontology import Ontology, default_pack
from kg.verify import verify
from tests.llm.conftest import FORMATS
from tests.llm.server import GoodAnnotator, Server, serving

GOLD = Path(__file__).parent.parent / "gold" / "dev"


def built(folder: Path, *, hybrid: bool) -> Server:
    with serving(GoodAnnotator(GOLD)) as server:
        asker = Asker(Settings(url=server.url, model="good", hybrid=hybrid), pack=default_pack())
        build([GOLD], folder, asker=asker, formats=FORMATS)
    return server


@pytest.fixture(scope="module")
def by_model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Server]:
    out = tmp_path_factory.mktemp("llm") / "out"
    return out, built(out, hybrid=False)


@pytest.fixture(scope="module")
def by_both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Server]:
    out = tmp_path_factory.mktemp("hybrid") / "out"
    return out, built(out, hybrid=True)


def score(predicted: Path | Callable[[Document], Annotation], ontology: Ontology) -> Evaluation:
    return evaluate(read_cases(GOLD, predicted, ontology=ontology), ontology=ontology)


def test_locating_and_merging_lose_nothing(by_model: tuple[Path, Server], pack_ontology: Ontology) -> None:
    found = score(by_model[0] / "annotations", pack_ontology)
    assert found.entity.f1 >= 0.98
    assert found.relation.f1 >= 0.95
    assert found.grounded == 1.0
    assert verify(by_model[0]) == []


def test_hybrid_asks_at_most_half_as_often_and_is_better_than_the_embedded_extractor(
    by_model: tuple[Path, Server], by_both: tuple[Path, Server], pack_ontology: Ontology
) -> None:
    out, server = by_both
    assert 0 < len(server.requests) <= len(by_model[1].requests) / 2
    extractor = load_extractor(default_pack())
    embedded = score(lambda document: annotate(document, extractor), pack_ontology)
    both = score(out / "annotations", pack_ontology)
    assert both.relation.f1 > embedded.relation.f1 + 0.03
    assert both.entity.f1 > embedded.entity.f1
    assert both.grounded == 1.0
    assert verify(out) == []


def test_a_fact_of_both_keeps_both_sources_and_confidences(by_both: tuple[Path, Server]) -> None:
    out, _ = by_both
    provenance = (out / "provenance.ttl").read_text(encoding="utf-8")
    assert 'kgo:extractor "embedded"' in provenance
    assert 'kgo:extractor "llm:good"' in provenance
    graph = json.loads((out / "graph.json").read_text(encoding="utf-8"))
    sources = [{(e["extractor"], e["confidence"]) for e in edge["evidence"]} for edge in graph["edges"]]
    assert any(len({name for name, _ in pairs}) == 2 for pairs in sources)
