"""Training from a few documents: what is written, that it is whole or not at all, and what is said when it cannot be done."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="training needs the extra 'train'")

from kg.errors import AnnotationError, InputError, KgError, PackError
from kg.extract import annotate, load_extractor
from kg.learn.run import OURS, train_pack
from kg.read import read_document

ROOT = Path(__file__).parents[2]
GOLD = ROOT / "tests" / "gold" / "dev"
CASE = ROOT / "tests" / "cases" / "research-grants" / "pack"
TEXTS = (
    "云岭大学承担光子学项目。张文博主持光子学项目。江州省科技厅资助光子学项目。",
    "北川研究所承担海洋项目。李思远主持海洋项目。清河省科技厅资助海洋项目。",
    "砺山大学承担病理项目。王立群主持病理项目。东陵省科技厅资助病理项目。",
    "平湖大学承担农业项目。赵一鸣主持农业项目。西岭省科技厅资助农业项目。",
)


def annotated(text: str) -> dict[str, object]:
    sentences = [s + "。" for s in text.rstrip("。").split("。")]
    body, project = sentences[0].split("承担")[0], sentences[0].split("承担")[1].rstrip("。")
    person, funder = sentences[1].split("主持")[0], sentences[2].split("资助")[0]
    names = [("Institution", body), ("Project", project), ("Researcher", person), ("Funder", funder)]
    entities = []
    for number, (kind, name) in enumerate(names, 1):
        mentions = [[at, at + len(name)] for at in range(len(text)) if text.startswith(name, at)]
        subtype = {"subtype": "University"} if name.endswith("大学") else {}
        entities.append({"id": f"e{number}", "type": kind, "name": name, "mentions": mentions, **subtype})
    ends = [0, len(sentences[0]), len(sentences[0] + sentences[1]), len(text)]
    said = [("e1", "undertakes"), ("e3", "leads"), ("e4", "funds")]
    relations = [
        {"subject": s, "predicate": p, "object": "e2", "evidence": [ends[i], ends[i + 1]]} for i, (s, p) in enumerate(said)
    ]
    return {"entities": entities, "relations": relations}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack with four small annotated documents."""
    folder = tmp_path / "pack"
    shutil.copytree(CASE, folder)
    (folder / "training").mkdir()
    for number, text in enumerate(TEXTS):
        (folder / "training" / f"d{number}.txt").write_text(text, encoding="utf-8")
        (folder / "training" / f"d{number}.json").write_text(json.dumps(annotated(text), ensure_ascii=False), encoding="utf-8")
    return folder


def digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_models_thresholds_and_card_are_written_and_read_again(pack: Path) -> None:
    report = train_pack(pack, pack / "models", folds=2)
    assert report.documents == 4
    assert set(digest(pack / "models")) == OURS
    found = annotate(read_document(pack / "training" / "d0.txt"), load_extractor(pack))
    assert {e.name for e in found.entities} >= {"云岭大学", "光子学项目"}
    assert found.extractor == "embedded"


def test_the_card_says_what_the_models_were_made_from(pack: Path) -> None:
    train_pack(pack, pack / "models", folds=2)
    card = (pack / "models" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"4 documents, {sum(map(len, TEXTS))} characters, 16 entities, 12 relations" in card
    for words in (
        "| undertakes | 4 |",
        "## 交叉验证",
        "| Project |",
        "## 置信度",
        "## 阈值",
        "## 局限",
        "LICENSE-2.0",
        "tagger.npz",
    ):
        assert words in card
    assert str(pack) not in card


def test_the_same_data_give_the_same_bytes_in_another_process(pack: Path) -> None:
    train_pack(pack, pack / "models", folds=2)
    code = "import sys; from pathlib import Path; from kg.learn.run import train_pack;"
    code += "train_pack(Path(sys.argv[1]), Path(sys.argv[2]), folds=2)"
    env = os.environ | {"PYTHONHASHSEED": "5", "PYTHONPATH": str(ROOT), "TZ": "Asia/Shanghai"}
    subprocess.run([sys.executable, "-c", code, str(pack), str(pack / "again")], check=True, env=env)
    assert digest(pack / "again") == digest(pack / "models")


def test_only_figures_write_nothing(pack: Path) -> None:
    report = train_pack(pack, None, folds=2)
    assert report.out is None
    assert not (pack / "models").exists()
    assert report.figures.entity.gold == 16


def test_a_correction_takes_the_place_of_the_document_it_corrects(pack: Path, tmp_path: Path) -> None:
    extra = tmp_path / "corrected"
    extra.mkdir()
    shutil.copy(pack / "training" / "d0.txt", extra)
    data = annotated(TEXTS[0])
    data["relations"] = []
    (extra / "d0.json").write_text(json.dumps(data), encoding="utf-8")
    report = train_pack(pack, None, extra=[extra], folds=2)
    assert (report.documents, report.figures.relation.gold) == (4, 9)


def test_other_files_beside_the_models_stay(pack: Path) -> None:
    train_pack(pack, pack / "models", folds=2)
    (pack / "models" / "accurate.onnx").write_bytes(b"x")
    train_pack(pack, pack / "models", folds=2)
    assert (pack / "models" / "accurate.onnx").read_bytes() == b"x"


def test_a_training_that_fails_leaves_the_old_models(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train_pack(pack, pack / "models", folds=2)
    before = digest(pack / "models")

    def broken(*args: object, **kwargs: object) -> str:
        raise KgError("the disk is full")

    monkeypatch.setattr("kg.learn.card.render_card", broken)
    with pytest.raises(KgError, match="disk is full"):
        train_pack(pack, pack / "models", folds=2)
    assert digest(pack / "models") == before
    assert [path.name for path in pack.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_holds_something_else_is_not_replaced(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match=r"photos: holds a\.jpg but no settings\.json"):
        train_pack(pack, tmp_path / "photos", folds=2)


def test_too_few_documents_are_refused(pack: Path) -> None:
    with pytest.raises(InputError, match="4 documents and 5 folds"):
        train_pack(pack, None, folds=5)


def test_a_pack_without_documents_says_where_they_would_be(tmp_path: Path) -> None:
    shutil.copytree(CASE, tmp_path / "pack")
    with pytest.raises(InputError, match=r"no folder training.*--extra DIR"):
        train_pack(tmp_path / "pack", None)


def test_an_annotation_that_does_not_fit_its_text_is_named(pack: Path) -> None:
    (pack / "training" / "d2.txt").write_text("另一篇文章。", encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"d2\.json: entity e1 .*reads '另一篇文'"):
        train_pack(pack, None, folds=2)


def test_an_annotation_with_an_unknown_type_is_named(pack: Path) -> None:
    path = pack / "training" / "d1.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Researcher", "Reseacher"), encoding="utf-8")
    with pytest.raises((AnnotationError, PackError), match=r"d1\.json.*Reseacher"):
        train_pack(pack, None, folds=2)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: folder.rmdir(), "no such folder"),
        (lambda folder: None, "holds no annotation"),
        (lambda folder: (folder / "x.json").write_text("{}"), r"there is no x\.txt or x\.md"),
        (lambda folder: [(folder / f"x{s}").write_text(t) for s, t in ((".json", "{}"), (".txt", ""))], r"x\.txt: is empty"),
    ],
    ids=["missing", "empty", "no text", "empty text"],
)
def test_a_bad_folder_is_named(prepare: object, message: str, pack: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    prepare(folder)  # type: ignore[operator]
    with pytest.raises(InputError, match=message):
        train_pack(pack, None, extra=[folder], folds=2)


def test_without_numba_it_says_what_to_install(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "numba" else real(name, *rest))
    with pytest.raises(KgError, match=r"needs numba.*pip install 'kg-builder\[train\]'"):
        train_pack(pack, None)


def test_the_command_prints_figures_and_writes_where_it_is_told(pack: Path) -> None:
    command = [sys.executable, "-m", "kg", "train", "--ontology", str(pack), "-o", str(pack / "mine"), "--folds", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert "承担 undertakes" in done.stdout
    assert "fold 1 of 2" in done.stderr
    assert set(digest(pack / "mine")) == OURS
