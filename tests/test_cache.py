from __future__ import annotations

import ast
import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kg.cache
import kg.extract
from kg.build import build
from kg.cache import FILE, FOLDER, Cache, content_key, fingerprint, trim
from kg.learn.run import CARD, OURS
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Document, Dropped, Mention, Refused, Span
from kg.ontology import default_pack

TEXTS = {
    "a": "支付公司与软研院结对共建。\n中国联通成立数字化部，市场部推进“数字乡村”行动。",
    "b": "某大学成立马克思主义学院。\n华曜能源集团有限公司举办青年论坛。",
    "c": "临江市教育局组织开展“书香校园”活动。\n学校有关部门推动工作。",
}


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "report.json")
    found = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    del report["documents"]["extracted"], report["documents"]["cached"]
    return found | {"report": json.dumps(report, ensure_ascii=False)}


def made(out: Path) -> tuple[int, int]:
    """Return how many documents the build extracted, and how many it found in its cache."""
    documents = json.loads((out / "report.json").read_text(encoding="utf-8"))["documents"]
    return documents["extracted"], documents["cached"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def run(corpus: Path, tmp_path: Path) -> Any:
    def run(out: str = "out", **options: Any) -> Path:
        build([corpus], tmp_path / out, **{"model": "grammar", "formats": ("json", "turtle"), **options})
        return tmp_path / out

    return run


def test_a_build_extracts_what_changed_and_equals_one_from_nothing(corpus: Path, run: Any) -> None:
    assert made(run()) == (3, 0)
    (corpus / "b.txt").write_text(TEXTS["b"].replace("青年", "创新"), encoding="utf-8")
    assert made(run()) == (1, 2)
    assert digest(run()) == digest(run("new"))
    assert (made(run()), made(run("new2"))) == ((0, 3), (3, 0))


def test_a_removed_document_takes_its_facts_and_its_place_in_the_cache_with_it(corpus: Path, run: Any) -> None:
    run()
    (corpus / "b.txt").unlink()
    out = run()
    assert made(out) == (0, 2)
    assert digest(out) == digest(run("new"))
    assert "论坛" not in (out / "graph.json").read_text(encoding="utf-8")
    assert (out / FOLDER / FILE).read_bytes().count(b"\n") == 2


def test_a_document_that_moves_is_not_extracted_again(corpus: Path, run: Any) -> None:
    run()
    (corpus / "sub").mkdir()
    (corpus / "a.txt").rename(corpus / "sub" / "moved.md")
    out = run()
    assert made(out) == (0, 3)
    assert digest(out) == digest(run("new"))


def test_another_model_or_pack_or_a_given_date_is_another_extraction(corpus: Path, run: Any, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(default_pack(), pack, ignore=shutil.ignore_patterns("training", "*.onnx"))
    names = {fingerprint(pack, model=model) for model in ("fast", "grammar")}
    with open(pack / "lexicon" / "plain.tsv", "a", encoding="utf-8") as file:
        file.write("# 又一行\n")
    names.add(fingerprint(pack, model="fast"))
    assert len(names) == 3
    before = fingerprint(pack, model="fast")
    (pack / "shapes.ttl").write_text("", encoding="utf-8")
    assert fingerprint(pack, model="fast") == before, "what extraction does not read does not count"
    document = Document("a", "a", TEXTS["a"], "")
    assert len({content_key(d, "x") for d in (document, replace(document, date="2023-05-18"), replace(document, text="x"))}) == 3


def test_the_fingerprint_covers_every_module_that_extraction_loads() -> None:
    code = "import sys, kg.extract; print(sorted(m for m in sys.modules if m.startswith('kg.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    root = Path(kg.cache.__file__).parent
    covered = {p for pattern in kg.cache._SOURCES for p in root.glob(pattern)}
    loaded = {root.joinpath(*name.split(".")[1:]) for name in ast.literal_eval(done.stdout)} - {root / "errors"}
    missed = {p.name for p in loaded if not {p.with_suffix(".py"), p / "__init__.py"} & covered}
    assert not missed


def test_the_fingerprint_covers_every_file_of_the_fast_model() -> None:
    covered = {path.name for pattern in kg.cache._PACK for path in default_pack().glob(pattern)}
    assert set(OURS) - {CARD} <= covered


def test_where_nothing_changed_no_model_is_loaded(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run()

    def load(*_: object, **__: object) -> None:
        raise AssertionError("the extractor was loaded")

    monkeypatch.setattr(kg.extract, "load_extractor", load)
    assert made(run()) == (0, 3)


@pytest.mark.parametrize("damage", ["garbled", "cut", "swapped", "other", "noise"])
def test_a_damaged_cache_costs_time_and_nothing_else(run: Any, tmp_path: Path, damage: str) -> None:
    path = run() / FOLDER / FILE
    good = digest(tmp_path / "out")
    lines = path.read_bytes().split(b"\n")
    line = bytearray(lines[0])
    line[len(line) // 2] ^= 1
    first, second = lines[:2]
    broken = {
        "garbled": b"\n".join([bytes(line), *lines[1:]]),
        "cut": b"\n".join(lines)[:-20],
        "swapped": b"\n".join([first[:64] + second[64:], second[:64] + first[64:], *lines[2:]]),
        "other": first[:65] + hashlib.sha256(first[:64] + b"[1]").hexdigest().encode() + b" [1]\n" + b"\n".join(lines[1:]),
        "noise": b"\xff\x00" * 5000,
    }
    path.write_bytes(broken[damage])
    out = run()
    assert made(out) == {"noise": (3, 0), "swapped": (2, 1)}.get(damage, (1, 2))
    assert digest(out) == good, "the cache, too, is whole again"


def test_a_document_that_fails_is_tried_again(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = kg.extract.annotate

    def annotate(document: Document, extractor: kg.extract.Extractor) -> Annotation:
        if document.id == "b":
            raise ValueError("<b>no</b>")
        return real(document, extractor)

    with monkeypatch.context() as patch:
        patch.setattr(kg.extract, "annotate", annotate)
        assert made(run()) == (2, 0)
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["problems"] == [{"path": "b.txt", "message": "extraction failed: ValueError: <b>no</b>"}]
    assert made(run()) == (1, 2)


def test_what_was_extracted_before_a_build_was_stopped_is_not_extracted_again(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = kg.extract.annotate

    def annotate(document: Document, extractor: kg.extract.Extractor) -> Annotation:
        if document.id == "c":
            raise KeyboardInterrupt
        return real(document, extractor)

    with monkeypatch.context() as patch:
        patch.setattr(kg.extract, "annotate", annotate)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert not (tmp_path / "out").exists()
    out = run()
    assert made(out) == (1, 2)
    assert digest(out) == digest(run("new"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "new", "out"], "nothing is left beside the output"


def test_a_shared_cache_serves_several_outputs_and_nothing_is_kept_in_them(run: Any, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert made(run("one", cache=cache)) == (3, 0)
    assert made(run("two", cache=cache)) == (0, 3)
    assert not (tmp_path / "two" / FOLDER).exists()
    assert made(run("one", model="grammar", cache=False)) == (3, 0)
    assert len(list(cache.iterdir())) == 1


def test_corrected_documents_are_neither_extracted_nor_cached(run: Any, tmp_path: Path) -> None:
    run()
    given = tmp_path / "given"
    given.mkdir()
    shutil.copy(tmp_path / "out" / "annotations" / "a.json", given)
    out = run(annotations_dir=given)
    assert made(out) == (0, 2)
    assert json.loads((out / "report.json").read_text(encoding="utf-8"))["documents"]["corrected"] == 1
    assert made(run()) == (1, 2)


def test_equal_documents_are_kept_once(corpus: Path, run: Any) -> None:
    shutil.copy(corpus / "a.txt", corpus / "twin.txt")
    out = run()
    assert (out / FOLDER / FILE).read_bytes().count(b"\n") == 3
    assert made(out) == (4, 0), "its text was extracted by this build, whenever that was done"
    assert made(run()) == (0, 4)


def test_without_a_cache_nothing_of_it_is_left_and_all_counts_as_extracted(corpus: Path, run: Any) -> None:
    shutil.copy(corpus / "a.txt", corpus / "twin.txt")
    out = run("none", cache=False)
    assert made(out) == (4, 0)
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]


def test_two_builds_may_write_to_one_cache_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "x" / "a.jsonl"
    document = Document("d", "d", "某公司", "")
    others = [replace(document, text=f"某公司{number}") for number in range(40)]
    with Cache(path, extractor="x") as one, Cache(path, extractor="x") as two:
        for number, other in enumerate(others):
            (one, two)[number % 2].put(other, Annotation("d", extractor=str(number)))
    path.write_bytes(path.read_bytes() + b"torn")
    with Cache(path, extractor="x") as three:
        assert [(three.get(other) or Annotation("")).extractor for other in others] == [str(n) for n in range(40)]
        three.put(document, Annotation("d", extractor="after a torn line"))
    with Cache(path, extractor="x") as four:
        assert (four.get(document) or Annotation("")).extractor == "after a torn line"


def test_a_shared_cache_that_grows_too_large_keeps_what_this_build_used(tmp_path: Path) -> None:
    documents = [Document("d", "d", f"某公司{number}", "") for number in range(50)]
    for extractor in ("old", "new"):
        with Cache(tmp_path / f"{extractor}.jsonl", extractor=extractor) as cache:
            for document in documents:
                cache.put(document, Annotation("d", extractor=extractor))
    with Cache(tmp_path / "new.jsonl", extractor="new") as cache:
        assert cache.get(documents[7])
        trim(tmp_path, cache, limit=10**6)
        assert len(list(tmp_path.iterdir())) == 2
        trim(tmp_path, cache, limit=1000)
    assert [path.name for path in tmp_path.iterdir()] == ["new.jsonl"]
    with Cache(tmp_path / "new.jsonl", extractor="new") as cache:
        assert [bool(cache.get(document)) for document in documents] == [number == 7 for number in range(50)]


SPAN = st.builds(Span, st.integers(0, 9), st.integers(0, 9))
SURE = st.floats(0, 1)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
PAIRS = st.lists(st.tuples(WORDS, WORDS | st.integers() | st.floats(allow_nan=False, allow_infinity=False)), max_size=2)
MENTION = {"start": st.integers(), "end": st.integers(), "confidence": SURE}
ENTITY = {
    "id": WORDS, "type": WORDS, "name": WORDS, "subtype": st.none() | WORDS, "aliases": st.lists(WORDS, max_size=2).map(tuple),
    "mentions": st.lists(st.builds(Mention, **MENTION), max_size=2).map(tuple), "attributes": PAIRS.map(tuple),
    "confidence": SURE,
}  # fmt: skip
RELATION = {
    "subject": WORDS, "predicate": WORDS, "object": WORDS, "evidence": SPAN, "implied": st.booleans(), "confidence": SURE,
    "trigger": st.none() | SPAN, "subject_span": st.none() | SPAN, "object_span": st.none() | SPAN, "extractor": WORDS,
    "attributes": PAIRS.map(tuple),
}  # fmt: skip
DROPPED = {"span": SPAN, "type": WORDS, "reason": WORDS, "confidence": SURE}
REFUSED = {"span": SPAN, "answer": WORDS, "reason": WORDS}
ANNOTATION = {
    "document": st.just("d"), "extractor": WORDS, "uncovered": st.lists(SPAN, max_size=2).map(tuple),
    "entities": st.lists(st.builds(AnnotatedEntity, **ENTITY), max_size=2).map(tuple),
    "relations": st.lists(st.builds(AnnotatedRelation, **RELATION), max_size=2).map(tuple),
    "dropped": st.lists(st.builds(Dropped, **DROPPED), max_size=2).map(tuple),
    "refused": st.lists(st.builds(Refused, **REFUSED), max_size=2).map(tuple),
}  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache") / "a.jsonl"


@given(annotation=st.builds(Annotation, **ANNOTATION))
def test_an_annotation_comes_back_as_it_was_whatever_it_holds(file: Path, annotation: Annotation) -> None:
    document = Document("d", "d", "某公司", "")
    with Cache(file, extractor="x") as cache:
        cache.put(document, annotation)
    with Cache(file, extractor="x") as cache:
        assert cache.get(document) == annotation
        assert repr(cache.get(document)) == repr(annotation), "numbers keep their kind"
    file.unlink()


def test_the_test_before_fills_every_field() -> None:
    filled = {Mention: MENTION, AnnotatedEntity: ENTITY, AnnotatedRelation: RELATION, Dropped: DROPPED, Refused: REFUSED}
    for kind, values in (filled | {Annotation: ANNOTATION}).items():
        assert {field.name for field in fields(kind)} == set(values)
