"""The page without a browser: one file, whole, the same bytes, nothing in it that could run or ask for anything."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kg.export import html
from kg.export.html import DEFAULT_BASE, render_html, write_html
from kg.export.html import data as html_data
from kg.export.html.data import network_data, page_data
from kg.export.html.layout import ASPECT, fit_scale, overlaps, place, wrap
from kg.export.html.page import safe_json
from kg.graph import Graph, build_graph
from kg.model import Document, Entity, Evidence, Fact, Knowledge, Located
from kg.ontology import Ontology, default_pack, load_ontology

from .gold_graph import DEV, SEED, gold_graph


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(default_pack())


@pytest.fixture(scope="module")
def seed(ontology: Ontology) -> Graph:
    return gold_graph([SEED], ontology)


def _json(page: str, name: str) -> dict:
    return json.loads(re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', page, re.S)[1])


def test_same_graph_gives_same_bytes(ontology: Ontology) -> None:
    pages = [render_html(gold_graph(sorted(p.stem for p in DEV.glob("*.txt")), ontology), ontology) for _ in range(2)]
    assert pages[0] == pages[1]


def test_file_is_utf8_without_a_carriage_return(seed: Graph, ontology: Ontology, tmp_path: Path) -> None:
    write_html(seed, ontology, tmp_path, base_iri=DEFAULT_BASE)
    text = (tmp_path / "graph.html").read_bytes()
    assert "中国联通" in text.decode("utf-8")
    assert b"\r" not in text


def test_page_names_no_outside_resource(seed: Graph, ontology: Ontology) -> None:
    page = render_html(seed, ontology)
    assert not re.search(r"<(?:link|img|iframe|object|embed|base)\b", re.sub(r"<script.*?</script>", "", page, flags=re.S))
    assert not re.search(r"<script[^>]+\bsrc=", page)
    assert "sourceMappingURL" not in page
    assert "default-src 'none'" in page
    assert "unsafe" not in re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]


def test_page_stays_small(seed: Graph, ontology: Ontology) -> None:
    assert len(render_html(seed, ontology).encode()) < 3_000_000 + 1000 * len(seed)
    assert len(render_html(seed, ontology, renderer="sigma").encode()) < 3_000_000 + 1000 * len(seed)


def test_nodes_and_edges_are_those_of_the_graph(seed: Graph, ontology: Ontology) -> None:
    page = render_html(seed, ontology)
    data, network = _json(page, "kg-data"), _json(page, "kg-network")
    assert {n["id"] for n in data["nodes"]} == set(seed.nodes)
    assert {f["id"] for f in data["facts"]} == {key for _, _, key in seed.edges(keys=True)}
    assert len(network["nodes"]) == len(seed)
    assert len(network["edges"]) == seed.number_of_edges()
    assert network["options"]["physics"]["enabled"] is False


def test_offsets_reach_the_page_unchanged(seed: Graph, ontology: Ontology) -> None:
    data = _json(render_html(seed, ontology), "kg-data")
    text = (DEV / f"{SEED}.txt").read_text(encoding="utf-8")
    assert data["documents"][0]["text"] == text
    company = next(n for n in data["nodes"] if n["name"] == "中国联通")
    assert all(text[start:end] == "中国联通" for _, start, end in company["mentions"])


def test_implied_facts_are_dashed_and_parallel_ones_bend_apart(ontology: Ontology) -> None:
    text = "甲与乙"
    ends = [
        Entity(f"organization/{n}", "Organization", n, mentions=(Located("d", i, i + 1, n),)) for n, i in (("甲", 0), ("乙", 2))
    ]
    stated, implied = (Evidence("d", 0, 3, text, implied=i) for i in (False, True))
    facts = [
        Fact(f"{predicate}{s}", ends[s].id, predicate, ends[1 - s].id, (implied if s else stated,), implied=bool(s))
        for predicate in ("coBuilds", "guides", "supports") for s in (0, 1)
    ]
    graph = build_graph(Knowledge((Document("d", "d.txt", text, "0"),), tuple(ends), tuple(facts)), ontology)
    data = page_data(graph, ontology, title="t", base_iri=DEFAULT_BASE)
    edges = network_data(data)["edges"]
    assert all(("dashes" in e) == f["implied"] for e, f in zip(edges, data["facts"], strict=True))
    pairs: dict[tuple[int, int], list[float]] = {}
    for edge in edges:
        smooth = edge.get("smooth", {"type": "", "roundness": 0})
        # A clockwise bend of the opposite direction lies on the other side.
        side = (1 if smooth["type"] == "curvedCW" else -1) * (1 if edge["from"] <= edge["to"] else -1)
        pairs.setdefault(tuple(sorted((edge["from"], edge["to"]))), []).append(side * smooth["roundness"])
    assert [len(set(bends)) for bends in pairs.values()] == [6]


def test_names_overlap_in_less_than_two_per_cent_of_pairs(seed: Graph, ontology: Ontology) -> None:
    data = page_data(seed, ontology, title="t", base_iri=DEFAULT_BASE)
    nodes = network_data(data)["nodes"]
    labels, radii = [n["label"] for n in nodes], [n["size"] for n in nodes]
    layout = place(labels, [(f["s"], f["o"], 1.0) for f in data["facts"]], radii)
    import numpy as np

    scale = fit_scale(np.column_stack([layout.x, layout.y]).astype(float))
    assert overlaps(layout, labels, radii, scale=scale) <= 0.02 * len(nodes) * (len(nodes) - 1) / 2


def test_large_corpora_leave_the_documents_out(ontology: Ontology, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_data, "_TEXT_FREE", 0)
    monkeypatch.setattr(html_data, "_TEXT_PER_NODE", 1)
    data = html_data.page_data(gold_graph([SEED], ontology), ontology, title="t", base_iri=DEFAULT_BASE)
    assert data["whole"] is False
    assert all("text" not in d for d in data["documents"])
    assert all(e["q"] for f in data["facts"] for e in f["evidence"])


def test_renderer_follows_the_size_and_unknown_ones_are_named(
    seed: Graph, ontology: Ontology, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _json(render_html(seed, ontology), "kg-data")["renderer"] == "vis"
    monkeypatch.setattr(html, "VIS_LIMIT", 10)
    assert _json(render_html(seed, ontology), "kg-data")["renderer"] == "sigma"
    with pytest.raises(ValueError, match="no renderer 'canvas'; known: sigma, vis"):
        render_html(seed, ontology, renderer="canvas")


def test_an_empty_graph_is_a_page(ontology: Ontology) -> None:
    page = render_html(gold_graph([], ontology), ontology)
    assert _json(page, "kg-data")["nodes"] == []


@pytest.mark.parametrize(
    "text", ["</script><script>alert(1)</script>", "<!--<script>", "]]>", "a\u2028b\u2029c", "&lt;b&gt;", "{{program}}"]
)
def test_json_cannot_end_its_script(text: str) -> None:
    safe = safe_json({"a": text})
    assert not set(safe) & set("<>&\u2028\u2029")
    assert json.loads(safe) == {"a": text}


def test_placeholders_in_the_data_stay_data(ontology: Ontology) -> None:
    page = render_html(gold_graph([SEED], ontology), ontology, title="{{program}} <b>")
    assert "<title>{{program}} &lt;b&gt;</title>" in page


def test_wrapped_names_keep_their_characters() -> None:
    assert wrap("中国联通") == "中国联通"
    assert wrap("首都师范大学马克思主义学院").replace("\n", "") == "首都师范大学马克思主义学院"
    assert wrap("习近平" * 20).endswith("…")
    assert wrap("") == ""


def test_a_large_graph_is_laid_out_as_islands() -> None:
    import numpy as np

    groups, each = 50, 40
    edges = [(g * each, g * each + n, 1.0) for g in range(groups) for n in range(1, each)]
    edges += [(g * each, other % 25 * each, 1.0) for g in range(25) for other in (g + 1, g * 7 + 3)]
    alone = 30
    labels, radii = ["某某部门"] * (groups * each + alone), [8.0] * (groups * each + alone)
    layout = place(labels, edges, radii)
    assert layout == place(labels, edges, radii)
    xy = np.column_stack([layout.x, layout.y]).astype(float)
    islands = xy[: groups * each].reshape(groups, each, 2)
    centres, own = islands.mean(axis=1), np.hypot(*(islands - islands.mean(axis=1)[:, None]).transpose(2, 0, 1)).mean()
    apart = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1)) + np.eye(groups) * 1e9
    assert apart.min() > 1.5 * own
    assert len({tuple(spot) for spot in xy.tolist()}) == len(xy)
    # What stands alone lies farther out than what is connected.
    rings = np.hypot(xy[groups * each :, 0] / ASPECT, xy[groups * each :, 1])
    assert rings.min() > np.hypot(centres[:25, 0] / ASPECT, centres[:25, 1]).max()
