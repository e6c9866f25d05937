"""Commands that show a graph, and the choices of a build: profile of provenance, what follows, the page's renderer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from kg.build import build
from kg.cli import app
from kg.errors import InputError
from kg.export import PROVENANCE, formats_of
from kg.export.html import pixels
from kg.export.html.figure import draw_svg
from kg.export.html.pixels import to_png
from kg.export.nodelink import read_graph
from kg.ontology import default_pack, load_ontology
from kg.query import run_query
from kg.validate import validate
from kg.verify import verify
from tests.conftest import GOLD


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One build a profile of provenance, each with what follows from the facts."""
    found = {}
    for profile in PROVENANCE:
        found[profile] = tmp_path_factory.mktemp("profile") / profile
        build([GOLD / "dev1.txt"], found[profile], annotations_dir=GOLD, formats=formats_of(profile, infer=True))
    return found


@pytest.mark.parametrize("profile", PROVENANCE)
def test_every_profile_of_provenance_verifies_and_conforms(builds: dict[str, Path], profile: str) -> None:
    out = builds[profile]
    assert verify(out) == []
    assert validate(out, default_pack()).results == ()
    files = {"none": set(), "reified": {"provenance.ttl"}, "rdf12": {"provenance-rdf12.ttl"}, "named-graphs": {"graph.trig"}}
    known = {"provenance.ttl", "provenance-rdf12.ttl", "graph.trig"}
    assert {path.name for path in out.iterdir()} & known == files[profile]


def test_a_file_that_this_build_wrote_is_missed_and_no_other(builds: dict[str, Path]) -> None:
    path = builds["rdf12"] / "provenance-rdf12.ttl"
    content = path.read_bytes()
    path.unlink()
    assert verify(builds["rdf12"]) == ["provenance-rdf12.ttl: is missing"]
    path.write_bytes(content)


def test_what_follows_is_asked_only_on_request(builds: dict[str, Path]) -> None:
    query = "SELECT (COUNT(*) AS ?n) WHERE { ?a kgo:pairsWith ?b }"
    stated, both = (int(run_query(builds["none"], query, inferred=i).rows[0][0].value) for i in (False, True))  # type: ignore[union-attr]
    assert both == 2 * stated > 0
    with pytest.raises(InputError, match=r"holds no inferred\.ttl; kg build --infer"):
        run_query(builds["none"] / "graph.ttl", query, inferred=True)


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(
        InputError, match="unknown profile of provenance 'rdf-star'; known are none, reified, rdf12, named-graphs"
    ):
        formats_of("rdf-star")


def test_build_takes_profile_inference_and_renderer(tmp_path: Path) -> None:
    options = ("--annotations", GOLD, "--provenance", "none", "--infer", "--renderer", "sigma")
    run("build", GOLD / "dev1.txt", "-o", tmp_path / "out", *options)
    formats = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["formats"]
    assert "inferred" in formats and "provenance" not in formats
    assert '"renderer":"sigma"' in (tmp_path / "out" / "graph.html").read_text(encoding="utf-8")


def test_the_report_is_one_page_with_the_result_of_validation(gold_output: Path, tmp_path: Path) -> None:
    assert str(tmp_path / "r.html") in run("report", gold_output, "-o", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "符合约束。" in page
    assert "<script" not in page


def test_a_drawing_is_svg_of_what_lies_around_a_thing(gold_output: Path, tmp_path: Path) -> None:
    for depth in (1, 2):
        run("draw", gold_output, "支付公司", "--depth", depth, "-o", tmp_path / f"{depth}.svg")
    near, far = ((tmp_path / f"{depth}.svg").read_text(encoding="utf-8") for depth in (1, 2))
    assert ElementTree.fromstring(near).tag.endswith("svg")
    assert "软研院" in near and len(near) < len(far)


def test_a_drawing_as_png_has_the_characters_too(gold_output: Path, tmp_path: Path) -> None:
    sizes = {}
    for name in ("fig", "again"):
        run("draw", gold_output, "支付公司", "--depth", 1, "-o", tmp_path / f"{name}.png")
        sizes[name] = (tmp_path / f"{name}.png").read_bytes()
    assert sizes["fig"].startswith(b"\x89PNG")
    assert sizes["fig"] == sizes["again"]
    # Without the text next to nothing is left: the characters are what the picture weighs.
    svg = draw_svg(read_graph(gold_output), load_ontology(default_pack()), around="支付公司", depth=1)
    assert len(to_png(re.sub(r"<text.*?</text>", "", svg))) < 0.7 * len(sizes["fig"])


def test_a_machine_without_chinese_fonts_is_told(gold_output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "_has_chinese", lambda: False)
    with pytest.raises(InputError, match="no font with Chinese characters is installed"):
        run("draw", gold_output, "支付公司", "-o", "fig.png")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("支付公司", "-o", "fig.pdf"), r"fig\.pdf: only \.svg and \.png are drawn"),
        (("支付公司", "-o", "nowhere/fig.png"), "cannot be written"),
        (("支付公", "-o", "fig.svg"), "no entity is called '支付公'; like it: 支付公司"),
        (("-o", "nowhere/fig.svg"), "cannot be written"),
    ],
)
def test_what_cannot_be_drawn_is_said(gold_output: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CliRunner().invoke(app, ["draw", str(gold_output), *arguments], catch_exceptions=False)
