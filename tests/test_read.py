from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.decode import decode
from kg.errors import InputError
from kg.read import read_corpus, read_document
from kg.structure import find_date, find_publisher, find_sections, find_title, lines, pages

TEXT = (
    "中国某公司召开大会\n\n发布时间：2024年9月12日 10:25 来源：党委宣传部\n\n9月10日,某公司与某大学签署协议。\r\n完<PAGE_DIV>\n"
)


def problems_of(folder: Path) -> dict[str, str]:
    (folder / "good.txt").write_text(TEXT, encoding="utf-8")
    documents, problems = read_corpus([folder])
    assert [d.id for d in documents] == ["good"], "the rest is read"
    return {p.path: p.message for p in problems}


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gb18030", "gb18030"), ("gbk", "gb18030"), ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32-le"),
    ],
)  # fmt: skip
def test_text_comes_back_unchanged_from_every_encoding(tmp_path: Path, encoding: str, found: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT.encode(encoding))
    document = read_document(path)
    assert (document.text, document.encoding) == (TEXT, found)


def test_traditional_characters_in_gb18030_are_read() -> None:
    text = "臺灣大學與國家實驗室簽署協議，雙方將共同建設研究院。"
    assert decode(text.encode("gb18030")) == (text, "gb18030")


@pytest.mark.parametrize("encoding", ["big5", "shift-jis"])
def test_other_encodings_are_refused_not_guessed(encoding: str) -> None:
    with pytest.raises(InputError, match="no known encoding"):
        decode("臺灣大學與國家實驗室簽署協議，雙方將共同建設研究院。".encode(encoding, errors="ignore"))


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=40), st.data())
def test_one_wrong_byte_in_utf8_is_never_read_as_another_encoding(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    at = data.draw(st.integers(0, len(raw) - 1))
    broken = raw[:at] + b"\xff" + raw[at:]
    with pytest.raises(InputError, match="broken UTF-8 at byte"):
        decode(broken)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_valid_utf8_is_utf8_whatever_it_says(text: str) -> None:
    if text.startswith("\ufeff") or text.startswith(("%PDF", "PK", "{\\rtf")):
        return
    assert decode(text.encode()) == (text, "utf-8")


def test_broken_utf8_names_byte_and_line(tmp_path: Path) -> None:
    raw = TEXT.encode()
    (tmp_path / "broken.txt").write_bytes(raw[:40] + b"\xff" + raw[40:])
    assert "is broken UTF-8 at byte 38 (line 3)" in problems_of(tmp_path)["broken.txt"]


def test_truncated_utf8_is_broken(tmp_path: Path) -> None:
    (tmp_path / "cut.txt").write_bytes("支付公司与软研院结对共建".encode()[:-1])
    assert "is broken UTF-8 at byte 33" in problems_of(tmp_path)["cut.txt"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\r\n\t", "nothing but white space"),
        (b"\xef\xbb\xbf", "nothing but white space"),
        (b"\x89PNG\r\n\x1a\n", "is a PNG picture, not text"),
        (b"%PDF-1.7 ...", "is a PDF, not text"),
        (b"PK\x03\x04....", "Office file"),
        (bytes(range(256)) * 8, "is binary, not text"),
        (b"abc\x00def", "is binary, not text: NUL byte at byte 3"),
        (b"\xff\xfe\x00", "begins as UTF-16-LE but is broken at byte 2"),
        (b"\x01\x02\x03\x04\x05\x06" * 9, "control characters"),
    ],
)
def test_what_is_no_text_is_named_with_the_reason(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    assert message in problems_of(tmp_path)["bad.txt"]


def test_a_link_to_nothing_and_an_unreadable_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "gone.txt").symlink_to("nowhere")
    locked = tmp_path / "locked.txt"
    locked.write_text(TEXT, encoding="utf-8")
    locked.chmod(0)
    found = problems_of(tmp_path) if os.geteuid() else None
    if found is None:  # nothing is unreadable to root
        locked.unlink()
        found = problems_of(tmp_path) | {"locked.txt": "cannot be read: Permission denied"}
    assert "cannot be read" in found["gone.txt"]
    assert "cannot be read" in found["locked.txt"]


def test_missing_inputs_are_named_and_the_others_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(TEXT, encoding="utf-8")
    documents, problems = read_corpus([tmp_path / "missing", tmp_path / "a.md"])
    assert [d.id for d in documents] == ["a"]
    assert problems[0].path.endswith("missing")
    assert problems[0].message == "does not exist"


def test_a_folder_without_documents_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"holds no .txt, .md, .*\.tar\.xz file \(it holds 1 .xlsx\)"):
        read_corpus([tmp_path])


def test_five_megabytes_on_one_line_are_read(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("某公司召开大会，来源：发布时间" * 120_000, encoding="utf-8")
    documents, problems = read_corpus([tmp_path])
    assert len(documents[0].text) == 15 * 120_000
    assert (documents[0].title, documents[0].date, problems) == (None, None, [])


def test_documents_of_one_stem_get_distinct_ids_and_the_rest_keep_theirs(tmp_path: Path) -> None:
    names = "a/report.txt b/report.txt other.txt same.md same.txt deep/x/y.txt deep-x/y.txt deep/x-y.txt"
    for name in names.split():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    documents, _ = read_corpus([tmp_path])
    ids = {d.path: d.id for d in documents}
    assert ids["a/report.txt"] == "a-report"
    assert ids["b/report.txt"] == "b-report"
    assert (ids["other.txt"], ids["same.md"], ids["same.txt"]) == ("other", "same-md", "same-txt")
    assert len(set(ids.values())) == len(ids) == 8


def test_names_that_differ_only_in_case_get_distinct_files(tmp_path: Path) -> None:
    for name in ("Report.txt", "report.txt"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    documents, _ = read_corpus([tmp_path])
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system does not tell names by case")
    assert len({d.id.casefold() for d in documents}) == 2


def test_a_document_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    documents, _ = read_corpus([tmp_path, tmp_path / "a.txt", tmp_path])
    assert [d.id for d in documents] == ["a"]


def test_hidden_files_and_other_suffixes_are_left_alone(tmp_path: Path) -> None:
    for name in (".hidden.txt", ".git/a.txt", "notes.json", "a.TXT"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    documents, problems = read_corpus([tmp_path])
    assert ([d.path for d in documents], problems) == (["a.TXT"], [])


def test_title_date_and_publisher_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    document = read_document(tmp_path / "a.txt")
    assert document.title and document.publisher
    assert TEXT[document.title.start : document.title.end] == "中国某公司召开大会"
    assert TEXT[document.publisher.start : document.publisher.end] == "党委宣传部"
    assert document.date == "2024-09-12"


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("发布时间：2023-05-18 发布人：新闻宣传中心", "2023-05-18"),
        ("发布日期:2024.6.3", "2024-06-03"),
        ("2024/11/28 20:13 来源:闽江数字网", "2024-11-28"),
        ("日期：二〇二三年十一月二十日", "2023-11-20"),
        ("日期:2 023-12- 06", "2023-12-06"),
        ("发布时间：2023-02-31", None),
        ("编号 12023-05-181", None),
        ("2023年5月18日,某公司与某大学在某地举行签约仪式，双方负责人出席。", None),
        ("发布时间：2023年5月", None),
    ],
)
def test_dates(line: str, date: str | None) -> None:
    text = f"某公司召开年度工作大会\n{line}\n某公司召开大会。"
    assert find_date(text, lines(text)) == date


def test_a_date_below_the_text_is_the_documents_date() -> None:
    text = "关于某事的通知\n" + "各单位：现将有关事项通知如下。\n" * 20 + "某公司\n2023年5月18日\n"
    assert find_date(text, lines(text)) == "2023-05-18"


@pytest.mark.parametrize(
    ("line", "publisher"),
    [
        ("来源：本报记者 时间：2023-01-01", "本报记者"),
        ("发布机构:市工业和信息化局  发布日期:2025-01-15", "市工业和信息化局"),
        ("来源： 发布时间：2023-01-01", None),
        ("来源：新华社 发布人：宣传部", "宣传部"),
        ("水的来源：某河流经此地，是重要的水源。", None),
    ],
)
def test_publishers(line: str, publisher: str | None) -> None:
    text = f"某公司召开年度工作大会\n{line}\n某公司召开大会。"
    span = find_publisher(text, lines(text))
    assert (text[span.start : span.end] if span else None) == publisher


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# 年度报告\n正文。", "年度报告"),
        ("标题：年度报告\n正文。", "年度报告"),
        ("本文档为语料的一部分，内容可能不实。\n\n某公司召开大会\n\n发布时间：2024-01-01\n正文。", "某公司召开大会"),
        ("某公司召开大会\n——记年度会议\n\n2024-01-01 来源：某报\n正文。", "某公司召开大会\n——记年度会议"),
        ("当前位置: 首页 > 新闻\n\n某公司召开大会\n\n2024-01-01 来源：某报\n正文。", "某公司召开大会"),
        ("某公司召开大会，会议提出新的目标。\n会议由某人主持。", None),
        ("只有一行", None),
    ],
)
def test_titles(text: str, title: str | None) -> None:
    span = find_title(text, lines(text))
    assert (text[span.start : span.end] if span else None) == title


def test_sections_nest_and_keep_their_words() -> None:
    text = "总题\n一、主要做法\n(一)抓学习。成立专班。\r\n(二)抓落实。\n二、成效\n良好。\n"
    sections = find_sections(text, lines(text))
    found = [(s.level, text[s.title.start : s.title.end], text[s.body.start : s.body.end]) for s in sections]
    assert found == [
        (2, "一、主要做法", "(一)抓学习。成立专班。\r\n(二)抓落实。"),
        (3, "(一)抓学习", "成立专班。"),
        (3, "(二)抓落实", ""),
        (2, "二、成效", "良好。"),
    ]


@given(st.text(alphabet="一、(二)。#\n\r 党<PAGE_DIV>:：来源发布时间2024-01", max_size=200))
def test_every_span_lies_in_the_text_and_has_no_white_space_at_its_ends(text: str) -> None:
    rows = lines(text)
    spans = [*rows, *pages(text), *(s for x in find_sections(text, rows) for s in (x.title, x.body))]
    spans += [s for s in (find_title(text, rows), find_publisher(text, rows)) if s]
    for span in spans:
        assert 0 <= span.start <= span.end <= len(text)
        assert text[span.start : span.end] == text[span.start : span.end].strip()
    find_date(text, rows)
