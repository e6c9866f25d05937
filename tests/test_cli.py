from __future__ import annotations

import ast
import json
import os
import pty
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

import kg
from kg.reference import render_reference

ROOT = Path(__file__).parent.parent
GOLD = ROOT / "tests" / "gold" / "dev"


def run(*arguments: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kg", *map(str, arguments)]
    full = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"} | (env or {})
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=full, cwd=cwd, check=False)


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_a_build_from_corrected_annotations_end_to_end(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("build", GOLD, "-o", out, "--annotations", GOLD)
    assert (done.returncode, done.stderr.count("✗")) == (0, 0), done.stderr
    assert "文档 documents: 5，其中人工标注 corrected 5" in done.stdout
    assert "机构 Organization" in done.stdout
    assert "用时 seconds: read" in done.stderr, "times are no part of the output"
    for command in ("verify", "validate"):
        checked = run(command, out)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_documents_that_fail_are_listed_and_the_exit_code_is_1(tmp_path: Path) -> None:
    shutil.copy(GOLD / "dev1.txt", tmp_path)
    (tmp_path / "empty.txt").touch()
    done = run("build", tmp_path, "-o", tmp_path / "out", "--annotations", GOLD)
    assert done.returncode == 1
    assert "✗ empty.txt: is empty" in done.stderr
    assert (tmp_path / "out" / "graph.ttl").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build", "missing", "-o", "out"), "kg: missing: does not exist"),
        (("build", "a.txt", "--annotations", "nowhere"), "kg: nowhere: no such folder of annotations"),
        (("build", "a.txt", "--ontology", "nowhere"), "nowhere"),
        (("build", "a.txt", "--base-iri", "x y"), "base IRI"),
        (("build", "a.txt", "-j", "0"), "--jobs"),
        (("extract", "missing", "-o", "out"), "kg: missing: does not exist"),
        (("extract", "a.txt"), "--output"),
        (("evaluate", "."), "kg: .: holds no annotation"),
        (("evaluate", ".", "--predictions", "nowhere"), "kg: nowhere: no such folder of predictions"),
        (("query", "nowhere", "ASK {}"), "nowhere"),
        (("verify", "nowhere"), "nowhere"),
        (("validate", "nowhere"), "nowhere"),
        (("explain", "nowhere", "x"), "nowhere"),
        (("export", "nowhere", "--to", "json"), "nowhere"),
        (("stats", "nowhere"), "kg: nowhere/report.json: No such file or directory; `kg build` writes it"),
        (("bild",), "Did you mean"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_input_is_one_clear_message_and_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "a.txt").write_text("某公司召开大会。", encoding="utf-8")
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_queries_give_tables_csv_and_json(gold_output: Path) -> None:
    listed = run("query", gold_output)
    assert "01-pairs" in listed.stdout
    assert "谁与谁结对" in listed.stdout
    by_name = run("query", gold_output, "pairs", "--set", "body=支付公司", "-f", "csv")
    assert sorted(line.split(",")[1] for line in by_name.stdout.splitlines()[1:]) == sorted(
        ["海南联通", "广西联通", "研究院", "软研院"]
    )
    ask = run("query", gold_output, "ASK { ?x a kgo:PartnerBody }", "-f", "json")
    assert json.loads(ask.stdout)["boolean"] is True
    turtle = run("query", gold_output, "CONSTRUCT { ?a kgo:pairsWith ?b } WHERE { ?a kgo:pairsWith ?b }", "-f", "turtle")
    assert "kgo:pairsWith" in turtle.stdout
    wrong = run("query", gold_output, "SELECT ?x { ?x a }")
    assert (wrong.returncode, "line 1, column" in wrong.stderr) == (2, True)
    unequal = run("query", gold_output, "pairs", "--set", "body")
    assert (unequal.returncode, "must be VAR=VALUE" in unequal.stderr) == (2, True)


def test_explain_shows_sentences_and_suggests_names(gold_output: Path) -> None:
    found = run("explain", gold_output, "软研院")
    assert found.returncode == 0
    assert "↔ 结对 pairsWith 支付公司" in found.stdout
    assert "开展结对共建" in found.stdout
    data = json.loads(run("explain", gold_output, "软研院", "--json").stdout)
    assert data["found"]["thing"]["name"] == "软研院"
    missing = run("explain", gold_output, "软研")
    assert missing.returncode == 2
    assert "软研院" in missing.stdout


def test_stats_show_documents_counts_and_coverage(gold_output: Path) -> None:
    shown = run("stats", gold_output)
    assert "2023-05-18" in shown.stdout
    assert "隶属于 partOf" in shown.stdout
    assert "sentences with a trigger but no fact: 0" in shown.stdout
    assert json.loads(run("stats", gold_output, "--json").stdout)["documents"]["built"] == 5


def test_export_lists_formats_and_writes_one_more(gold_output: Path, tmp_path: Path) -> None:
    assert "graph.nq" in run("export", gold_output).stdout
    done = run("export", gold_output, "--to", "nquads", "-o", tmp_path)
    assert done.stdout.strip() == str(tmp_path / "graph.nq")
    assert (tmp_path / "graph.nq").stat().st_size > 1000
    wrong = run("export", gold_output, "--to", "excel")
    assert (wrong.returncode, "unknown format 'excel'; known are" in wrong.stderr) == (2, True)


def test_the_licence_of_the_data_is_named_where_it_is_given(gold_output: Path, tmp_path: Path) -> None:
    command = ("export", str(gold_output), "--to", "void", "-o", str(tmp_path))
    assert run(*command).returncode == 0
    assert "dcterms:license" not in (text := (tmp_path / "void.ttl").read_text(encoding="utf-8")) and "未声明许可" in text
    assert run(*command, "--license", "https://creativecommons.org/licenses/by/4.0/").returncode == 0
    text = (tmp_path / "void.ttl").read_text(encoding="utf-8")
    assert "dcterms:license <https://creativecommons.org/licenses/by/4.0/>" in text and "未声明许可" not in text
    done = run(*command, "--license", "CC BY")
    assert done.returncode == 2 and "licence 'CC BY': not an IRI" in done.stderr


def test_load_fills_an_embedded_database(gold_output: Path, tmp_path: Path) -> None:
    counts = json.loads((gold_output / "report.json").read_text(encoding="utf-8"))["counts"]
    for _ in range(2):
        done = run("load", "ladybug", tmp_path / "graph.lbug", gold_output)
        assert done.stdout.strip() == f"实体 nodes {counts['entities']}, 关系 edges {counts['facts']}", done.stderr
    assert run("load", "ladybug", tmp_path / "missing" / "x", "nowhere").returncode == 2
    nobody = run("load", "neo4j", gold_output, "--uri", "bolt://127.0.0.1:1")
    assert (nobody.returncode, nobody.stderr.startswith("kg: bolt://127.0.0.1:1: cannot load")) == (2, True)


def test_evaluate_prints_figures_differences_and_the_page(tmp_path: Path) -> None:
    shutil.copy(GOLD / "dev1.txt", tmp_path)
    shutil.copy(GOLD / "dev1.json", tmp_path)
    data = json.loads((tmp_path / "dev1.json").read_text(encoding="utf-8"))
    lost = data["relations"].pop(2)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "dev1.json").write_text(json.dumps(data), encoding="utf-8")
    done = run("evaluate", tmp_path, "--predictions", tmp_path / "p", "--errors", "--html", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    assert "漏 missed" in done.stdout
    assert lost["predicate"] in done.stdout
    assert "有据 grounded 1.0000" in done.stdout
    assert "<!doctype html>" in (tmp_path / "page.html").read_text(encoding="utf-8")
    figures = json.loads(run("evaluate", tmp_path, "--predictions", tmp_path / "p", "--json").stdout)
    assert (figures["entity"]["f1"], figures["differences"]) == (1.0, 1)


def test_extract_writes_annotations_that_evaluate_and_build_accept(tmp_path: Path) -> None:
    done = run("extract", ROOT / "seeds", "-o", tmp_path / "a")
    assert done.returncode == 0, done.stderr
    path = tmp_path / "a" / "000_7056b8479da2a9af.json"
    assert f"{path}: 实体 entities" in done.stdout
    figures = run("evaluate", GOLD, "--predictions", tmp_path / "a", "--json")
    assert json.loads(figures.stdout)["grounded"] == 1.0
    assert run("build", ROOT / "seeds", "-o", tmp_path / "out", "--annotations", tmp_path / "a").returncode == 0


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C"},
        {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "latin-1"},
        {"PYTHONUTF8": "1"},
    ],
    ids=str,
)
def test_chinese_comes_out_whatever_the_locale(gold_output: Path, env: dict[str, str]) -> None:
    done = run("explain", gold_output, "软研院", env=env)
    assert (done.returncode, "↔ 结对 pairsWith 支付公司" in done.stdout) == (0, True), done.stderr


def test_tables_with_chinese_line_up(gold_output: Path) -> None:
    lines = run("query", gold_output, "pairs").stdout.splitlines()
    rule = next(i for i, line in enumerate(lines) if line.startswith("─"))
    column = width(lines[rule - 1].split("partner")[0])
    rows = [line for line in lines[rule + 1 :] if line.strip()]
    assert len(rows) >= 8
    for row in rows:
        name = row.split()[-1]
        assert width(row[: row.rindex(name)]) == column


def test_documents_cannot_paint_the_terminal(tmp_path: Path) -> None:
    text = "支付\x1b[31m公司[bold]:smile:[/bold]召开大会。"
    (tmp_path / "d.txt").write_text(text, encoding="utf-8")
    end = len(text)
    body = {"id": "e1", "type": "Organization", "subtype": "Company", "name": text[:-5], "mentions": [[0, end - 5]]}
    event = {"id": "e2", "type": "Event", "name": "大会", "mentions": [[end - 3, end - 1]]}
    held = {"subject": "e1", "predicate": "organizes", "object": "e2", "evidence": [0, end]}
    data = {"entities": [body, event], "relations": [held]}
    (tmp_path / "d.json").write_text(json.dumps(data), encoding="utf-8")
    assert run("build", tmp_path / "d.txt", "-o", tmp_path / "out", "--annotations", tmp_path).returncode == 0
    shown = run("explain", tmp_path / "out", "大会").stdout
    assert "\x1b" not in shown
    assert "␛[31m公司[bold]:smile:[/bold]召开大会。" in shown


def test_progress_bars_are_drawn_on_a_terminal_only(tmp_path: Path) -> None:
    quiet = run("build", GOLD / "dev1.txt", "-o", tmp_path / "out", "--annotations", GOLD)
    assert "\x1b" not in quiet.stdout + quiet.stderr
    main, other = pty.openpty()
    build = ["build", str(GOLD / "dev1.txt"), "-o", str(tmp_path / "out"), "--annotations", str(GOLD)]
    command = [sys.executable, "-m", "kg", *build]
    env = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=other, env=env) as process:
        os.close(other)
        drawn = b""
        while True:
            try:
                part = os.read(main, 4096)
            except OSError:  # Linux says EIO when the other side is closed
                break
            if not part:
                break
            drawn += part
        printed = process.stdout.read() if process.stdout else b""
    os.close(main)
    assert "写出 export".encode() in drawn
    assert b"\x1b" not in printed


def test_a_closed_pipe_is_no_error(gold_output: Path) -> None:
    command = f"{sys.executable} -m kg query {gold_output} 'SELECT * {{ ?s ?p ?o }}' -f csv | head -1"
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8", env=env, check=False)
    assert sorted(done.stdout.strip().split(",")) == ["o", "p", "s"]
    assert "Traceback" not in done.stderr


def test_importing_kg_and_asking_for_help_loads_nothing_heavy() -> None:
    heavy = {"rdflib", "numpy", "onnxruntime", "networkx", "pyoxigraph"}
    code = f"import sys, kg.cli; print(sorted({heavy} & set(sys.modules)))"
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", env=env, check=True)
    assert done.stdout.strip() == "[]"
    tree = ast.parse(Path(kg.__file__).read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)], "`import kg` imports nothing"


def test_version_and_help(tmp_path: Path) -> None:
    assert run("--version").stdout == f"kg {kg.__version__}\n"
    shown = run("build", "--help", env={"COLUMNS": "100"}).stdout
    assert "文档 → 知识图谱" in shown
    assert "例 examples" in shown
    assert run().returncode == 2


def test_the_command_reference_is_current() -> None:
    stored = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert stored == render_reference(), "run: python -m kg.reference > docs/commands.md"
