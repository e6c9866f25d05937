"""With the answers of a good annotator nothing is lost on the way from quotes to the graph; hybrid asks half as often."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.build import build
from kg.evaluate import Evaluation, evaluate, read_cases
from kg.llm.run import Asker, Settings
from kg.ontology import Ontology, default_pack
from kg.verify import verify
from tests.llm.server import GoodAnnotator, Server, serving

GOLD = Path(__file__).parent.parent / "gold" / "dev"


def built(folder: Path, *, hybrid: bool) -> Server:
    with serving(GoodAnnotator(GOLD)) as server:
        asker = Asker(Settings(url=server.url, model="good", hybrid=hybrid), pack=default_pack())
        build([GOLD], folder, asker=asker)
    return server


@pytest.fixture(scope="module")
def by_model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Server]:
    out = tmp_path_factory.mktemp("llm") / "out"
    return out, built(out, hybrid=False)


def score(out: Path, ontology: Ontology) -> Evaluation:
    return evaluate(read_cases(GOLD, out / "annotations", ontology=ontology), ontology=ontology)


def test_locating_and_merging_lose_nothing(by_model: tuple[Path, Server], pack_ontology: Ontology) -> None:
    found = score(by_model[0], pack_ontology)
    assert found.entity.f1 >= 0.98
    assert found.relation.f1 >= 0.95
    assert found.grounded == 1.0
    assert verify(by_model[0]) == []


def test_hybrid_asks_at_most_half_as_often_and_is_better_than_the_embedded_extractor(
    by_model: tuple[Path, Server], tmp_path: Path, pack_ontology: Ontology
) -> None:
    out = tmp_path / "out"
    server = built(out, hybrid=True)
    assert 0 < len(server.requests) <= len(by_model[1].requests) / 2
    build([GOLD], tmp_path / "embedded")
    embedded, both = score(tmp_path / "embedded", pack_ontology), score(out, pack_ontology)
    assert both.relation.f1 > embedded.relation.f1 + 0.05
    assert both.entity.f1 > embedded.entity.f1
    assert both.grounded == 1.0
    assert verify(out) == []


def test_a_fact_of_both_keeps_both_sources_and_confidences(tmp_path: Path) -> None:
    out = tmp_path / "out"
    built(out, hybrid=True)
    provenance = (out / "provenance.ttl").read_text(encoding="utf-8")
    assert 'kgo:extractor "embedded"' in provenance
    assert 'kgo:extractor "llm:good"' in provenance
    import json

    graph = json.loads((out / "graph.json").read_text(encoding="utf-8"))
    sources = [{(e["extractor"], e["confidence"]) for e in edge["evidence"]} for edge in graph["edges"]]
    assert any(len({name for name, _ in pairs}) == 2 for pairs in sources)
