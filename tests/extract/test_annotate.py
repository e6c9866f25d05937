"""Extraction as a whole, with the shipped models, on texts that no one would write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.annotation import from_json, to_json
from kg.errors import InputError, PackError
from kg.extract import Extractor, annotate, load_extractor
from kg.model import Annotation, Document
from kg.naming import normalise
from kg.ontology import Ontology, default_pack
from kg.read import read_document

ROOT = Path(__file__).parents[2]
GOLD = ROOT / "tests" / "gold" / "dev"
Read = Callable[[str], Annotation]

PARTS = [
    "中国联通",
    "软研院",
    "市场部、财务部",
    "与",
    "签署",
    "《合作协议》",
    "推进",
    "“星火行动”",
    "张伟董事长",
    "在清河市",
    "举办",
    "启动会",
    "（以下简称“软院”）",
    "坚持",
    "”三个抓实“",
    "，",
    "。",
    "；",
    "\n",
    "\r\n",
    "\u3000",
    "\t",
    " ",
    "👩‍🚀",
    "🇨🇳",
    "é",
    "e\u0301",
    "\u200b",
    "\x00",
    "<script>",
    '"',
    "''",
    "５Ｇ",
    "5G 共建",
    "# ",
    "免责声明",
    "来源：",
    "𠮷野家公司",
    "\u202e",
    "100%",
    "\\n",
    "{}",
    "|",
    "联" * 30,
]
TEXTS = st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=6)), max_size=25).map("".join)


def check(text: str, annotation: Annotation) -> None:
    """Every offset is in bounds and every mention reads like its entity."""
    ids = {e.id for e in annotation.entities}
    assert len(ids) == len(annotation.entities)
    for entity in annotation.entities:
        assert entity.mentions and 0 <= entity.confidence <= 1
        names = {normalise(name) for name in (entity.name, *entity.aliases)}
        for m in entity.mentions:
            assert 0 <= m.start < m.end <= len(text)
            assert normalise(text[m.start : m.end]) in names
            assert 0 <= m.confidence <= 1
    for relation in annotation.relations:
        assert {relation.subject, relation.object} <= ids and relation.subject != relation.object
        assert 0 <= relation.evidence.start < relation.evidence.end <= len(text)
        assert (
            text[relation.evidence.start : relation.evidence.end].strip() == text[relation.evidence.start : relation.evidence.end]
        )
        assert 0 <= relation.confidence <= 1
        for span, end in ((relation.subject_span, relation.subject), (relation.object_span, relation.object)):
            owner = next(e for e in annotation.entities if e.id == end)
            assert span is not None and (span.start, span.end) in {(m.start, m.end) for m in owner.mentions}
    for dropped in annotation.dropped:
        assert 0 <= dropped.span.start < dropped.span.end <= len(text)
        assert dropped.reason
    for span in annotation.uncovered:
        assert 0 <= span.start < span.end <= len(text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS)
def test_every_offset_holds_in_any_text(read: Read, pack_ontology: Ontology, text: str) -> None:
    annotation = read(text)
    check(text, annotation)
    document = Document("d", "d.txt", text, "")
    if not any(0xD800 <= ord(c) < 0xE000 for c in text):
        assert (
            from_json(to_json(annotation, document), document, where="d.json", ontology=pack_ontology).entities
            == annotation.entities
        )


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_every_offset_holds_by_grammar_alone(text: str) -> None:
    check(text, annotate(Document("d", "d.txt", text, ""), load_grammar()))


_grammar: list[Extractor] = []


def load_grammar() -> Extractor:
    if not _grammar:
        _grammar.append(load_extractor(default_pack(), model="grammar"))
    return _grammar[0]


@pytest.mark.parametrize("text", ["", " ", "\n\n\r\n", "\u3000\t ", "。。。", "\ufeff", "👩‍🚀🇨🇳"], ids=repr)
def test_a_text_that_says_nothing_yields_nothing(text: str, read: Read) -> None:
    found = read(text)
    assert (found.entities, found.relations) == ((), ())


@pytest.mark.parametrize("name", ["dev1", "dev3", "000_7056b8479da2a9af"])
def test_offsets_hold_in_real_documents_with_either_line_ending(name: str, read: Read) -> None:
    text = (GOLD / f"{name}.txt").read_text(encoding="utf-8")
    check(text, read(text))
    windows = text.replace("\n", "\r\n")
    check(windows, read(windows))


def test_lone_surrogates_never_reach_extraction(tmp_path: Path) -> None:
    path = tmp_path / "d.txt"
    path.write_bytes("中国联通".encode() + b"\xed\xa0\x80" + b"\xff\xfe\x00" * 3)
    with pytest.raises(InputError):
        read_document(path)


def test_a_document_reads_the_same_after_another(extractor: Extractor) -> None:
    documents = [read_document(GOLD / f"{name}.txt") for name in ("dev1", "dev2")]
    forward = [annotate(d, extractor) for d in documents]
    backward = [annotate(d, extractor) for d in reversed(documents)]
    assert forward == backward[::-1]


def test_another_process_with_another_hash_seed_reads_the_same(extractor: Extractor) -> None:
    code = (
        "import sys, json; from pathlib import Path; from kg.annotation import to_json;"
        "from kg.extract import annotate, load_extractor;"
        "from kg.ontology import default_pack; from kg.read import read_document; d = read_document(Path(sys.argv[1]));"
        "print(json.dumps(to_json(annotate(d, load_extractor(default_pack())), d), sort_keys=True))"
    )
    env = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT), "TZ": "Asia/Shanghai", "OMP_NUM_THREADS": "3"}
    path = GOLD / "dev1.txt"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, encoding="utf-8", env=env, check=True)
    document = read_document(path)
    assert json.loads(done.stdout) == json.loads(json.dumps(to_json(annotate(document, extractor), document)))


def test_what_was_left_out_says_why(read: Read) -> None:
    found = read((GOLD / "dev2.txt").read_text(encoding="utf-8"))
    assert {d.reason for d in found.dropped} <= {"notice", "plain", "general", "low-confidence"}


def test_a_notice_about_the_copy_names_nothing(read: Read) -> None:
    text = "免责声明：本文由北川网络有限公司转载，仅供参考。\n远洋集团有限公司召开年度工作会议。"
    assert not any("北川" in e.name for e in read(text).entities)


def test_a_line_without_end_takes_time_in_proportion_to_its_length(read: Read) -> None:
    def seconds(times: int) -> float:
        begun = time.process_time()
        read("中国联通推进数字中国建设，" * times)
        return time.process_time() - begun

    seconds(10)
    assert seconds(1000) < 10 * seconds(200) + 1


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(PackError, match=r"unknown model 'best'; there are: .*fast"):
        load_extractor(default_pack(), model="best")
