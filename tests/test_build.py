from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kg.build import build, export_again
from kg.errors import InputError, KgError, PackError
from kg.export import DEFAULT_FORMATS, FORMATS
from kg.ontology import Ontology
from kg.swap import replaced

GOLD = Path(__file__).parent / "gold" / "dev"
SEEDS = Path(__file__).parent.parent / "seeds"


def digest(folder: Path) -> dict[str, str]:
    """Return the hash of every file below ``folder``, by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two annotated documents, to be built with their gold."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("dev1", "dev2"):
        shutil.copy(GOLD / f"{name}.txt", folder)
    return folder


def test_a_build_writes_every_default_format_annotations_and_report(gold_output: Path) -> None:
    expected = {file for name in DEFAULT_FORMATS for file in FORMATS[name][0]} | {"report.json"}
    expected |= {f"annotations/{path.name}" for path in GOLD.glob("*.json")}
    assert {name for name in digest(gold_output) if not name.startswith(".cache/")} == expected


def test_two_builds_give_identical_bytes_in_every_file(gold_output: Path, tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from kg.build import build; "
    code += "build([Path(sys.argv[1])], Path(sys.argv[2]), annotations_dir=Path(sys.argv[1]))"
    # another process with another hash seed, locale, clock and order of files
    env = os.environ | {"PYTHONHASHSEED": "99", "LC_ALL": "C", "TZ": "Asia/Shanghai"}
    subprocess.run([sys.executable, "-c", code, str(GOLD), str(tmp_path / "out")], check=True, env=env)
    assert digest(tmp_path / "out") == digest(gold_output)


def test_extraction_gives_identical_bytes_with_one_process_or_two(tmp_path: Path) -> None:
    inputs = [SEEDS, GOLD / "dev1.txt", GOLD / "dev2.txt"]
    build(inputs, tmp_path / "one")
    build(list(reversed(inputs)), tmp_path / "two", jobs=2)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")


def test_the_report_counts_what_the_graph_holds(gold_output: Path) -> None:
    report = json.loads((gold_output / "report.json").read_text(encoding="utf-8"))
    graph = json.loads((gold_output / "graph.json").read_text(encoding="utf-8"))
    assert report["counts"]["entities"] == len(graph["nodes"]) == sum(report["counts"]["by_type"].values())
    assert report["counts"]["facts"] == len(graph["edges"]) == sum(report["counts"]["by_predicate"].values())
    assert (report["documents"]["built"], report["documents"]["corrected"]) == (5, 5)
    first = report["documents"]["list"][0]
    assert (first["id"], first["date"], first["publisher"]) == ("000_7056b8479da2a9af", "2023-05-18", "新闻宣传中心")


def test_a_corrected_annotation_is_the_truth_for_its_document(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build([corpus], out, annotations_dir=GOLD)
    corrected = tmp_path / "corrected"
    shutil.copytree(out / "annotations", corrected)
    data = json.loads((corrected / "dev1.json").read_text(encoding="utf-8"))
    dropped = data["relations"].pop()
    (corrected / "dev1.json").write_text(json.dumps(data), encoding="utf-8")
    again = build([corpus], tmp_path / "again", annotations_dir=corrected)
    before = json.loads((out / "report.json").read_text(encoding="utf-8"))["counts"]["by_predicate"][dropped["predicate"]]
    assert again.report["counts"]["by_predicate"].get(dropped["predicate"], 0) == before - 1


def test_facts_that_are_not_sure_enough_are_left_out_of_all_files_but_a_persons_stay(tmp_path: Path) -> None:
    build([SEEDS], tmp_path / "all")
    done = build([SEEDS], tmp_path / "surer", least=0.7)
    every, surer = (json.loads((tmp_path / name / "graph.json").read_text(encoding="utf-8")) for name in ("all", "surer"))
    kept = {edge["key"] for edge in every["edges"] if edge["confidence"] >= 0.7}
    assert 0 < len(kept) < len(every["edges"])
    assert {edge["key"] for edge in surer["edges"]} == kept
    assert len(surer["nodes"]) == len(every["nodes"])
    assert done.report["min_confidence"] == 0.7
    assert (tmp_path / "surer" / "graph.ttl").read_text(encoding="utf-8").count("kgo:pairsWith") < (
        tmp_path / "all" / "graph.ttl").read_text(encoding="utf-8").count("kgo:pairsWith")  # fmt: skip
    corrected = build([SEEDS], tmp_path / "corrected", annotations_dir=tmp_path / "all" / "annotations", least=0.7)
    assert corrected.report["counts"]["facts"] == len(every["edges"])


def test_building_from_written_annotations_gives_the_same_graph(tmp_path: Path) -> None:
    build([SEEDS], tmp_path / "a")
    build([SEEDS], tmp_path / "b", annotations_dir=tmp_path / "a" / "annotations")
    a, b = digest(tmp_path / "a"), digest(tmp_path / "b")
    del a["report.json"], b["report.json"]  # it says that the document was not extracted
    for made in (a, b):
        for name in [name for name in made if name.startswith(".cache/")]:
            del made[name]
    assert a == b


def test_a_wrong_annotation_costs_its_document_only(corpus: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    shutil.copy(GOLD / "dev1.json", given)
    (given / "dev2.json").write_text('{"entities": [], "relations": [{}]}', encoding="utf-8")
    (given / "stranger.json").write_text("{}", encoding="utf-8")
    report = build([corpus], tmp_path / "out", annotations_dir=given)
    assert [d["id"] for d in report.report["documents"]["list"]] == ["dev1"]
    assert "its corrected annotation is wrong" in report.problems[0].message
    assert "dev2.json: relations[0]: 'subject' is missing" in report.problems[0].message
    assert report.unused == ("stranger.json",)


def test_a_document_whose_extraction_raises_is_listed_and_the_rest_built(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import kg.extract

    real = kg.extract.annotate

    def annotate(document, extractor):  # type: ignore[no-untyped-def]
        if document.id == "dev1":
            raise ValueError("out of ideas")
        return real(document, extractor)

    monkeypatch.setattr(kg.extract, "annotate", annotate)
    report = build([corpus], tmp_path / "out")
    assert [d["id"] for d in report.report["documents"]["list"]] == ["dev2"]
    assert report.problems[0].message == "extraction failed: ValueError: out of ideas"


def test_bad_documents_are_listed_and_the_rest_built(corpus: Path, tmp_path: Path) -> None:
    (corpus / "empty.txt").write_bytes(b"")
    (corpus / "broken.txt").write_bytes("某公司与某大学结对共建".encode() + b"\xff")
    (corpus / "sub").mkdir()
    shutil.copy(corpus / "dev2.txt", corpus / "sub" / "dev2.txt")
    (corpus / "untitled.txt").write_text("某公司召开大会，会议提出新的目标。", encoding="utf-8")
    report = build([corpus, tmp_path / "missing"], tmp_path / "out", annotations_dir=GOLD)
    assert {Path(p.path).name: p.message.split(" at ")[0] for p in report.problems} == {
        "empty.txt": "is empty",
        "broken.txt": "is broken UTF-8",
        "missing": "does not exist",
    }
    built = [d["id"] for d in report.report["documents"]["list"]]
    assert built == ["corpus-dev2", "dev1", "sub-dev2", "untitled"]
    stored = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert [p["message"] for p in stored["problems"]]


def test_five_megabytes_on_one_line_build(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("某" * 5_000_000, encoding="utf-8")
    (tmp_path / "long.json").write_text('{"entities": [], "relations": []}', encoding="utf-8")
    report = build([tmp_path / "long.txt"], tmp_path / "out", annotations_dir=tmp_path)
    assert report.report["documents"]["list"][0]["characters"] == 5_000_000


def test_nothing_to_build_is_an_error_and_leaves_the_last_output(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build([corpus], out, annotations_dir=GOLD)
    before = digest(out)
    with pytest.raises(InputError, match="missing: does not exist"):
        build([tmp_path / "missing"], out)
    assert digest(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "out"], "no working folder is left"


def test_a_folder_that_no_build_made_is_not_replaced(corpus: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "letters.doc").write_text("dear", encoding="utf-8")
    with pytest.raises(InputError, match=r"home: holds letters.doc but no report.json"):
        build([corpus], home, annotations_dir=GOLD)
    assert (home / "letters.doc").read_text(encoding="utf-8") == "dear"


def test_files_that_are_not_ours_stay_and_stale_exports_go(corpus: Path, tmp_path: Path, pack_ontology: Ontology) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / ".gitkeep").touch()
    build([corpus], out, annotations_dir=GOLD)
    (out / "notes.md").write_text("mine", encoding="utf-8")
    export_again(out, pack_ontology, formats=["nquads"], folder=out)
    assert (out / "graph.nq").exists()
    build([corpus / "dev1.txt"], out, annotations_dir=GOLD)
    assert (out / "notes.md").read_text(encoding="utf-8") == "mine"
    assert (out / ".gitkeep").exists()
    assert not (out / "graph.nq").exists()
    assert not (out / "annotations" / "dev2.json").exists()


def test_the_output_may_not_be_a_file(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="out: is a file"):
        build([corpus], tmp_path / "out", annotations_dir=GOLD)


@pytest.mark.parametrize(
    ("option", "message"), [({"base_iri": "no iri"}, "base IRI"), ({"model": "nope"}, "unknown model 'nope'")]
)
def test_wrong_options_are_named(corpus: Path, tmp_path: Path, option: dict[str, str], message: str) -> None:
    with pytest.raises((InputError, PackError), match=message):
        build([corpus], tmp_path / "out", **option)  # type: ignore[arg-type]


def test_a_second_build_into_one_folder_says_so_and_stops(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with replaced(out, ours=()) as folder:
        (folder / "report.json").write_text("{}", encoding="utf-8")
        with pytest.raises(KgError, match="another build is writing into this folder"):
            build([corpus], out, annotations_dir=GOLD)
    assert digest(out).keys() == {"report.json"}
    build([corpus], out, annotations_dir=GOLD)


def test_a_build_killed_at_a_random_time_leaves_the_last_output_whole(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build([corpus], out, annotations_dir=GOLD)
    before = digest(out)
    command = [sys.executable, "-m", "kg", "build", str(corpus), "-o", str(out), "--annotations", str(GOLD)]
    moments = random.Random(5)
    for _ in range(3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.1, 1.0))
        process.kill()
        process.wait()
        assert digest(out) == before
    subprocess.run(command, check=True, capture_output=True)
    assert digest(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "out"]


def test_a_full_disk_is_named_and_leaves_the_last_output(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    build([corpus], out, annotations_dir=GOLD)
    before = digest(out)

    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(FORMATS, "gexf", (("graph.gexf",), full))
    with pytest.raises(KgError, match="No space left on device; what was there before is untouched"):
        build([corpus], out, annotations_dir=GOLD)
    assert digest(out) == before


def test_exporting_again_gives_the_bytes_of_the_build(gold_output: Path, tmp_path: Path, pack_ontology: Ontology) -> None:
    export_again(gold_output, pack_ontology, formats=DEFAULT_FORMATS, folder=tmp_path)
    again = digest(tmp_path)
    assert again == {name: hash_ for name, hash_ in digest(gold_output).items() if name in again}
    with pytest.raises(InputError, match=r"unknown format 'excel'; known are cyjs, cypher"):
        export_again(gold_output, pack_ontology, formats=["excel"], folder=tmp_path)
