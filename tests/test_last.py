"""A build after another costs what changed, whatever the last one left, and gives every byte of a build from nothing."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import kg.engines
from benchmarks.synthetic import write
from kg.build import build
from kg.cache import FOLDER
from kg.errors import InputError
from kg.export import DEFAULT_FORMATS, blocks
from kg.flow import memory, recalling
from kg.ontology import default_pack

COUNT = 24
"""So many that two changed documents are few: see ``kg.engines.SHARE``."""
FORMATS = (*(name for name in DEFAULT_FORMATS if name != "html"), "tables")
"""All but the page, which is made whole each time."""

FEW = ("turtle", "json", "cypher")


def files(out: Path) -> dict[str, bytes]:
    found = {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
    report = json.loads(found.pop("report.json"))
    del report["documents"]["extracted"], report["documents"]["cached"]
    return {n: d for n, d in found.items() if not n.startswith(FOLDER)} | {"report": json.dumps(report, sort_keys=True).encode()}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a corpus and its build."""
    folder = tmp_path_factory.mktemp("first")
    write(COUNT, folder / "corpus", annotations=False)
    run(folder)
    return folder


def run(folder: Path, out: str = "out", **options: Any) -> dict[str, bytes]:
    build([folder / "corpus"], folder / out, **{"model": "grammar", "engine": "duckdb", "formats": FEW, **options})
    return files(folder / out)


@pytest.fixture
def folder(first: Path, tmp_path: Path) -> Path:
    shutil.copytree(first, tmp_path / "copy")
    return tmp_path / "copy"


_anew: dict[str, dict[str, bytes]] = {}


def anew(folder: Path, **options: Any) -> dict[str, bytes]:
    """Return the files of a build of the same corpus from nothing, in memory."""
    corpus = sorted((path.name, path.read_text(encoding="utf-8")) for path in (folder / "corpus").iterdir())
    key = repr((corpus, options))
    if key not in _anew:
        _anew[key] = run(folder, "anew", **{"cache": False, "engine": "memory", **options})
    return _anew[key]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Count what is made: documents whose resolution is run whole, and blocks of files that are written anew."""
    counts = {"whole": 0, "texts": 0, "taken": 0}
    real, found = kg.engines._brought_on, blocks._Reusing._found

    def brought_on(*arguments: Any) -> bool:
        done = real(*arguments)
        counts["whole"] += not done
        return done

    def taken(self: Any, row: Any) -> bytes | None:
        data = found(self, row)
        counts["texts" if data is None else "taken"] += 1
        return data

    monkeypatch.setattr(kg.engines, "_brought_on", brought_on)
    monkeypatch.setattr(blocks._Reusing, "_found", taken)
    return counts


def change(corpus: Path) -> None:
    path = corpus / "r0000007.txt"
    path.write_text(path.read_text(encoding="utf-8") + "\n海南联通与软研院结对共建。\n", encoding="utf-8")


def remove(corpus: Path) -> None:
    (corpus / "r0000011.txt").unlink()


def add(corpus: Path) -> None:
    (corpus / "new.txt").write_text('海南联通成立数字化部。\n<b>&"支付公司与软研院结对共建。', encoding="utf-8")


def rename(corpus: Path) -> None:
    (corpus / "r0000013.txt").rename(corpus / "a'b\"<&>.txt")


def test_another_least_confidence_gives_every_byte_of_a_build_from_nothing(folder: Path) -> None:
    before = files(folder / "out")
    surer = run(folder, least=0.6)
    assert surer == anew(folder, least=0.6) != before
    assert run(folder, least=0.6, engine="memory") == surer
    assert run(folder) == before


def test_after_a_change_little_is_made_anew_and_every_byte_of_every_format_is_that_of_a_build_from_nothing(
    folder: Path, made: dict[str, int]
) -> None:
    run(folder, formats=FORMATS)
    made.update(whole=0, texts=0, taken=0)
    change(folder / "corpus")
    found = run(folder, formats=FORMATS)
    assert made["whole"] == 0 and made["texts"] < made["taken"]
    expected = anew(folder, formats=FORMATS)
    assert [name for name in expected if found.get(name) != expected[name]] == []
    assert found.keys() == expected.keys()


def test_where_nothing_has_changed_no_block_is_written_anew(folder: Path, made: dict[str, int]) -> None:
    before = files(folder / "out")
    assert run(folder) == before
    assert made["whole"] == made["texts"] == 0 < made["taken"]


def test_changes_add_up_over_many_builds(folder: Path, made: dict[str, int]) -> None:
    for what in (change, add, remove, rename):
        what(folder / "corpus")
        found = run(folder)
    assert made["whole"] == 0
    assert found == anew(folder)


def test_two_processes_take_the_same_blocks(folder: Path) -> None:
    change(folder / "corpus")
    assert run(folder, jobs=2) == anew(folder)


def test_where_much_has_changed_all_is_resolved_anew(folder: Path, made: dict[str, int]) -> None:
    for path in sorted((folder / "corpus").iterdir())[: COUNT // 2]:
        path.write_text(path.read_text(encoding="utf-8") + "\n海南联通与软研院结对共建。\n", encoding="utf-8")
    found = run(folder)
    assert made["whole"] == 1
    assert found == anew(folder)


def garble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["rows.sqlite", "tables/facts.parquet"])
def test_a_memory_that_a_disk_has_garbled_costs_time_and_nothing_else(folder: Path, made: dict[str, int], name: str) -> None:
    garble(folder / "out" / FOLDER / "memory" / name)
    change(folder / "corpus")
    found = run(folder)
    assert made["whole"] == 1
    assert found == anew(folder)
    index = json.loads((folder / "out" / FOLDER / "memory" / "index.json").read_text(encoding="utf-8"))
    path = folder / "out" / FOLDER / "memory" / name
    assert index["files"][name] == hashlib.sha256(path.read_bytes()).hexdigest(), "the memory is whole again"


def test_what_a_user_has_changed_in_the_output_is_not_taken_for_the_last_builds(folder: Path) -> None:
    for name in ("graph.ttl", "neo4j/import.cypher", "annotations/r0000003.json", f"{FOLDER}/documents.jsonl"):
        path = folder / "out" / name
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2] + "<改>".encode() + data[len(data) // 2 + 5 :])
    change(folder / "corpus")
    assert run(folder) == anew(folder)


@pytest.mark.parametrize("damage", ["noise", "wrong"])
def test_a_lost_index_of_blocks_costs_time_and_nothing_else(folder: Path, damage: str) -> None:
    for path in (folder / "out" / FOLDER / "blocks").iterdir():
        if damage == "noise":
            path.write_bytes(b"\xff\x00")
        else:
            index = json.loads(path.read_text(encoding="utf-8"))
            for section in index["sections"]:
                for row in section:
                    row[1] += 1
            path.write_text(json.dumps(index), encoding="utf-8")
    change(folder / "corpus")
    assert run(folder) == anew(folder)


def test_another_base_or_pack_takes_nothing_that_depends_on_it(folder: Path, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(default_pack(), pack, ignore=shutil.ignore_patterns("training", "*.onnx"))
    for path in sorted(pack.glob("*.ttl")):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("机构", "组织机构"), encoding="utf-8")
    other: dict[str, Any] = {"pack": pack, "base_iri": "https://beispiel.de/x/"}
    assert run(folder, **other) == anew(folder, **other)


def test_a_memory_holds_plain_values_and_runs_no_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (print, ("run",))

    kept = memory.Memory(tmp_path / "rows.sqlite")
    step = kept.add_step("0 given")
    kept.replace(step, "", [("node", "a", "", 0, pickle.dumps(Evil()))])
    with pytest.raises(InputError, match=r"holds a builtins.print, which no build keeps"):
        list(kept.all(step, None))


def test_nothing_is_left_for_the_next_build_where_no_cache_is_wanted(folder: Path, tmp_path: Path) -> None:
    run(folder, "none", cache=False)
    run(folder, "shared", cache=tmp_path / "shared")
    assert not (folder / "none" / FOLDER).exists() and not (folder / "shared" / FOLDER).exists()


def test_a_memory_beyond_its_bounds_is_not_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalling, "LIMIT", 1000)
    change(folder / "corpus")
    found = run(folder)
    assert not (folder / "out" / FOLDER / "memory").exists()
    assert found == anew(folder)


def test_rows_of_the_memory_are_those_of_a_build_from_nothing(folder: Path) -> None:
    change(folder / "corpus")
    run(folder)
    run(folder, "other")

    def rows(out: str) -> list[str]:
        db = sqlite3.connect(folder / out / FOLDER / "memory" / "rows.sqlite")
        text = "SELECT name, source, kind, key, place, rows.number FROM rows JOIN steps ON step = steps.number"
        return sorted(map(repr, db.execute(text)))

    assert rows("out") == rows("other")
