"""Every form in which a corpus may come gives the same documents, and what is broken costs itself only."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from docx.oxml import parse_xml

from kg.build import build
from kg.errors import InputError
from kg.explain import explain
from kg.formats import READERS
from kg.formats.items import LARGEST
from kg.model import Document
from kg.read import Corpus, read_corpus, read_document
from kg.verify import verify

TITLE = "某公司与某大学签署协议"
TEXT = f"{TITLE}\n发布时间：2023-05-18 来源：新闻中心\n某公司与某大学开展结对共建。\r\n完"
EVIL = "<script>alert(1)</script>\u202e$(rm -rf ~)`;--'\""


def read(*inputs: Path) -> tuple[dict[str, Document], dict[str, str]]:
    documents, problems = read_corpus(inputs)
    return {d.id: d for d in documents}, {p.path: p.message for p in problems}


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def jsonl(*records: Any) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode()


def pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """Return a PDF with these lines on its pages, in a font and encoding (UniGB-UCS2-H) that Chinese PDFs have."""
    font = "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 5 0 R /DW 1000"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [4 0 R] >>",
        f"{font} /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>",
        "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 752"
        " /Descent -271 /CapHeight 737 /StemV 93 >>",
    ]
    kids = []
    for lines in pages:
        shown = " ".join(f"<{line.encode('utf-16-be').hex()}> Tj 0 -20 Td" for line in lines)
        body = f"BT /F1 14 Tf 50 780 Td {shown} ET"
        objects.append(f"<< /Length {len(body)} >>\nstream\n{body}\nendstream")
        page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"{page} /Contents {len(objects)} 0 R >>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n"
    return out + f"{end}startxref\n{len(out)}\n%%EOF\n".encode()


def word(*paragraphs: str) -> bytes:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar.gz"])
def test_an_archive_gives_the_documents_of_the_folder(tmp_path: Path, pack: Any) -> None:
    codes = {"甲.txt": "utf-8", "sub/乙.md": "gb18030", "甲.md": "utf-8"}
    members = {f"reports/{name}": TEXT.encode(code) for name, code in codes.items()}
    for name, data in members.items():
        (tmp_path / "plain" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plain" / name).write_bytes(data)
    furniture = dict.fromkeys(("reports/.hidden.txt", "__MACOSX/reports/._x.txt", "reports/logo.png", "reports/in.zip"), b"PK")
    suffix = ".zip" if pack is zipped else ".tar.gz"
    packed, _ = read(pack(tmp_path / f"all{suffix}", members | furniture))
    plain, _ = read(tmp_path / "plain")
    assert list(packed) == list(plain) == ["乙", "甲-md", "甲-txt"]
    assert packed["乙"].path == f"all{suffix}/reports/sub/乙.md"
    assert [(d.text, d.sha256, d.title) for d in packed.values()] == [(d.text, d.sha256, d.title) for d in plain.values()]


def test_names_in_an_archive_from_chinese_windows_are_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"xx.txt": TEXT.encode()})
    raw = "报.txt".encode("gb18030")[:6].ljust(6, b"_")
    path.write_bytes(path.read_bytes().replace(b"xx.txt", raw))
    assert raw == "报.txt".encode("gb18030"), "as long as the name it stands for"
    assert list(read(path)[0]) == ["报"]


def test_a_member_that_cannot_be_read_costs_itself_only(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"good.txt": TEXT.encode(), "bad.txt": b"\x89PNG\r\n\x1a\n", "flip.txt": b"0123456789" * 9})
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("flip.txt").header_offset + 30 + len("flip.txt")
    data[at] ^= 0xFF
    path.write_bytes(data)
    found, problems = read(path)
    assert list(found) == ["good"]
    assert problems["a.zip/bad.txt"] == "is a PNG picture, not text; save it as UTF-8 text first"
    assert "is broken in its archive" in problems["a.zip/flip.txt"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.zip", b"PK\x03\x04 no archive", "is a broken ZIP archive"),
        ("a.tar.gz", b"no archive", "is a broken archive"),
        ("a.jsonl", b"", "holds no record"),
        ("a.csv", "编号,标题\n1,甲\n".encode(), r"has no column of texts \(text, content, .*its columns are 编号, 标题"),
        ("a.parquet", b"PAR1 no table", "is no Parquet file that can be read"),
        ("a.docx", b"PK\x03\x04 no archive", "is no Word file that can be read"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + bytes(600), "is an old or a protected Word file"),
        ("a.pdf", b"%PDF-1.7 broken", "is a PDF that cannot be read"),
        ("a.html", b"<html><script>x</script></html>", "holds nothing but white space"),
        ("a.rtf", b"{\\rtf", "is no document: .txt, .md, .*files are read, not .rtf"),
    ],
)  # fmt: skip
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_corpus([tmp_path / name])


def test_a_truncated_archive_gives_what_is_whole_and_says_so(tmp_path: Path) -> None:
    path = tarred(tmp_path / "a.tar.gz", {"one.txt": TEXT.encode(), "two.txt": (TEXT + "。二" * 50_000).encode()})
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        for name in ("one.txt", "two.txt"):
            info = tarfile.TarInfo(name)
            info.size = 4000
            archive.addfile(info, io.BytesIO(TEXT.encode().ljust(4000)))
    whole = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(whole[: 512 + 4096 + 512 + 1000])
    path.unlink()
    found, problems = read(tmp_path)
    assert list(found) == ["one"]
    assert any("unexpected end of data" in message for message in problems.values())


def test_a_member_larger_than_any_report_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("good.txt", TEXT)
        with archive.open("zeros.txt", "w") as file:
            for _ in range(LARGEST // (1 << 24) + 1):
                file.write(bytes(1 << 24))
    tracemalloc.start()
    _, problems = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert problems == {"bomb.zip/zeros.txt": "is 528 MB large; a document may have 512 MB"}
    assert peak < 1 << 24


RECORDS = [
    {"id": "2023/第1号", "title": "给定的题目", "date": "2023年5月18日", "text": TEXT},
    {"id": 7, "text": "某公司召开大会。", "date": "20240102"},
    {"id": EVIL, "title": EVIL, "text": EVIL, "date": "昨天"},
]


def table(path: Path, records: list[dict[str, Any]]) -> Path:
    rows = [{k: None if r.get(k) is None else str(r[k]) for k in ("id", "title", "date", "text")} for r in records]
    if path.suffix == ".jsonl":
        path.write_bytes(jsonl(*records))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=1)
    else:
        code, delimiter = ("gb18030", ",") if path.suffix == ".csv" else ("utf-16", "\t")
        with open(path, "w", encoding=code, newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv", "a.parquet"])
def test_a_table_gives_a_document_a_row_with_its_own_title_and_date(tmp_path: Path, name: str) -> None:
    evil = RECORDS[2] | ({"text": EVIL.replace("\u202e", ""), "title": None, "id": "e"} if name == "a.csv" else {})
    found, problems = read(table(tmp_path / name, [*RECORDS[:2], evil, {"id": "e2", "text": ""}]))
    assert problems == {f"{name}#4": problems[f"{name}#4"]}
    first = found["2023-第1号"]
    assert (first.text, first.given_title, first.date, first.path) == (TEXT, "给定的题目", "2023-05-18", f"{name}#1")
    assert first.title is not None
    assert first.text[first.title.start : first.title.end] == TITLE, "what stands in the text is found, too"
    assert (found["7"].date, found["7"].given_title) == ("2024-01-02", None)
    (third,) = (d for d in found.values() if d.path == f"{name}#3")
    assert (third.text, third.date, "/" in third.id) == (evil["text"], None, False)


def test_columns_may_have_chinese_names_and_ids_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "表.csv").write_text("﻿标题,正文\n甲,某公司召开大会。\n乙,\"某大学\n成立研究院。\"\n", encoding="utf-8")
    found, _ = read(tmp_path)
    assert {id_: (d.given_title, d.text) for id_, d in found.items()} == {
        "表-000001": ("甲", "某公司召开大会。"),
        "表-000002": ("乙", "某大学\n成立研究院。"),
    }


def test_bad_records_are_listed_with_their_line(tmp_path: Path) -> None:
    lines = [
        jsonl({"id": "a", "text": TEXT}), b"{not json\n", b"[1]\n", b"\n", jsonl({"id": "b"}), jsonl({"id": "a", "text": TEXT}),
        b'{"text": "\\ud800"}\n', jsonl({"text": ["x"]}), b'{"text": "\xe6\x9f\x90\xff"}\n', b"[" * 5000 + b"\n",
        jsonl({"text": "x\0y"}),
    ]  # fmt: skip
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines))
    found, problems = read(tmp_path / "a.jsonl")
    assert list(found) == ["a"]
    wanted = {
        2: "is not JSON", 3: "is no object", 5: "has no text", 6: "its id 'a' is that of number 1", 7: "which is no character",
        8: "its text is no string but list", 9: "encoding", 10: "is not JSON", 11: "NUL characters",
    }  # fmt: skip
    assert sorted(problems) == sorted(f"a.jsonl#{number}" for number in wanted)
    for number, message in wanted.items():
        assert message in problems[f"a.jsonl#{number}"]


def test_tables_in_archives_are_read(tmp_path: Path) -> None:
    members = {"x.jsonl": jsonl(*RECORDS), "y.csv": "id,text\n9,某公司召开大会。\n".encode()}
    pq.write_table(pa.table({"text": ["某大学成立研究院。"]}), tmp_path / "z.parquet")
    members["z.parquet"] = (tmp_path / "z.parquet").read_bytes()
    (tmp_path / "z.parquet").unlink()
    for path in (zipped(tmp_path / "a.zip", members), tarred(tmp_path / "b.tgz", members)):
        found, problems = read(path)
        assert (len(found), problems) == (5, {})
        assert found["9"].path == f"{path.name}/y.csv#1"


def test_tables_that_hold_no_texts_may_lie_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "figures.csv").write_text("year,sum\n2023,7\n", encoding="utf-8")
    assert [list(part) for part in read(tmp_path)] == [["a"], []]


def test_documents_come_one_at_a_time_and_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    size = 200_000
    with open(tmp_path / "a.jsonl", "wb") as file:
        for number in range(200):
            file.write(jsonl({"id": number, "text": f"{number}。" + "某公司召开大会。" * (size // 8)}))
    tracemalloc.start()
    corpus = Corpus([tmp_path])
    lengths = [len(item.text) for item in corpus if isinstance(item, Document)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(corpus), len(lengths)) == (200, 200)
    assert peak < 30 * size, f"{peak} bytes for 200 documents of {size} characters"


def test_a_document_that_vanishes_between_listing_and_reading_is_a_problem(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(TEXT, encoding="utf-8")
    corpus = Corpus([tmp_path])
    (tmp_path / "b.txt").unlink()
    found = list(corpus)
    assert [type(item).__name__ for item in found] == ["Document", "Problem"]
    assert getattr(found[1], "message", "").endswith("is gone")


def test_a_web_page_gives_what_a_browser_shows(tmp_path: Path) -> None:
    page = f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>站点</title><style>p {{}}</style>
      <meta name="ArticleTitle" content="{TITLE}"><meta name="PubDate" content="2023-05-18 10:00"></head>
      <body><nav>首页 &gt; 新闻</nav><!-- 注释 --><h1>{TITLE}</h1><p>某公司
      与某大学<b>开展</b>结对&nbsp;共建。<br>第二行 &lt;script&gt;alert(1)&lt;/script&gt;</p>后面
      <script>document.write("不该有")</script><table><tr><td>党委</td><td>书记</td></tr></table>
      <pre>原样
  两行</pre><footer>ICP备</footer></body></html>"""
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    document = read_document(tmp_path / "a.html")
    assert document.text.split("\n") == [
        TITLE, "某公司与某大学开展结对\xa0共建。", "第二行 <script>alert(1)</script>", "后面", "党委\t书记", "原样", "两行",
    ]  # fmt: skip
    assert (document.given_title, document.date) == (TITLE, "2023-05-18")


@pytest.mark.parametrize(("code", "named"), [("gb18030", "gb2312"), ("utf-8", "utf-8"), ("big5", "big5"), ("utf-16", "utf-16")])
def test_a_web_page_is_read_in_its_encoding(tmp_path: Path, code: str, named: str) -> None:
    text = "臺灣大學與國家實驗室簽署協議。" if code == "big5" else "某公司与某大学签署协议。"
    page = f"""<?xml version="1.0" encoding="{named}"?><meta charset='{named}'><p>{text}</p>"""
    (tmp_path / "a.htm").write_bytes(page.encode(code))
    assert read_document(tmp_path / "a.htm").text == text


def test_a_page_nested_without_end_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<div>" * 50_000 + "某公司" + "</div>" * 50_000, encoding="utf-8")
    try:
        assert read_document(tmp_path / "a.html").text == "某公司"
    except InputError as error:
        assert "nothing but white space" in str(error) or "is no web page" in str(error)


def test_a_word_file_gives_paragraphs_tables_pages_and_accepted_changes(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading(TITLE, 1)
    paragraph = document.add_paragraph("某公司")
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    for tag, text, kind in (("del", "退出", "delText"), ("ins", "与某大学结对", "t")):
        change = f'<w:{tag} {space} w:id="1" w:author="x"><w:r><w:{kind}>{text}</w:{kind}></w:r></w:{tag}>'
        paragraph._p.append(parse_xml(change))
    cells = document.add_table(1, 2).rows[0].cells
    cells[0].text, cells[1].text = "党委", "书记"
    document.add_page_break()
    document.add_paragraph("第二页。")
    document.save(tmp_path / "a.docx")
    found = read_document(tmp_path / "a.docx")
    assert found.text == f"{TITLE}\n某公司与某大学结对\n党委 \t书记\n第二页。"
    assert found.pages == (0, found.text.index("第二页"))


def test_a_pdf_gives_paragraphs_and_where_its_pages_begin(tmp_path: Path) -> None:
    pages = [
        [TITLE, "一、概况", "某公司与某大学、某研究院签署战略合作协议，三方将共同", "建设联合实验室，开展结对共建。", "- 1 -"],
        [],
        ["二、成效", "<script>alert(1)</script>"],
    ]
    (tmp_path / "a.pdf").write_bytes(pdf(pages))
    document = read_document(tmp_path / "a.pdf")
    joined = "某公司与某大学、某研究院签署战略合作协议，三方将共同建设联合实验室，开展结对共建。"
    assert document.text == f"{TITLE}\n一、概况\n{joined}\n二、成效\n<script>alert(1)</script>"
    assert len(document.pages) == 3
    assert document.pages[2] == document.text.index("二、")


def test_a_pdf_without_text_says_that_it_is_a_picture(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf([[], []]))
    with pytest.raises(InputError, match=r"whose 2 pages hold no text .*OCR"):
        read_document(tmp_path / "a.pdf")


@pytest.mark.parametrize("suffix", sorted(READERS))
def test_no_bytes_break_a_reader(suffix: str) -> None:
    base = {".pdf": pdf([[TITLE]]), ".docx": word(TITLE)}.get(suffix, f"<p>{TITLE}</p>".encode())
    for at in range(0, len(base), max(1, len(base) // 60)):
        for data in (base[:at], base[:at] + b"\xff" + base[at + 1 :], base[:at] + base[at:] * 2):
            try:
                assert isinstance(READERS[suffix](data).text, str)
            except InputError as error:
                assert str(error)


def test_without_the_extra_the_file_is_listed_with_what_it_needs(tmp_path: Path) -> None:
    for name, data in (("a.pdf", pdf([[TITLE]])), ("b.docx", word(TITLE)), ("c.html", b"<p>x</p>"), ("d.txt", TEXT.encode())):
        (tmp_path / name).write_bytes(data)
    code = """import sys
sys.modules.update(dict.fromkeys(("docx", "lxml", "pypdfium2")))
from pathlib import Path
from kg.read import read_corpus
documents, problems = read_corpus([Path(sys.argv[1])])
print([d.id for d in documents], *(f"{p.path}: {p.message}" for p in problems), sep="\\n")"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines() == [
        "['d']",
        "a.pdf: is a PDF, which needs pypdfium2: pip install 'kg-builder[formats]'",
        "b.docx: is a Word file, which needs python-docx: pip install 'kg-builder[formats]'",
        "c.html: is a web page, which needs lxml: pip install 'kg-builder[formats]'",
    ]


def test_a_pdf_that_a_browser_printed_is_read(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        import os

        assert os.environ.get("KG_REQUIRE_ALL") != "1", "chromium is not installed"
        pytest.skip("chromium is not installed")
    seed = (Path(__file__).parent.parent / "seeds" / "000_7056b8479da2a9af.txt").read_text(encoding="utf-8")
    sentences = [s for s in seed.replace("\n", "").split("。")[3:12] if s.isprintable()]
    body = "".join(f"<p>{s}。</p>" for s in sentences)
    style = "<style>@page { size: A5 } body { font-family: 'Noto Sans CJK SC' }</style>"
    (tmp_path / "a.html").write_text(f"<meta charset=utf-8>{style}{body}", encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'a.pdf'}"]
    subprocess.run([browser, *flags, (tmp_path / "a.html").as_uri()], check=True, capture_output=True, timeout=60)
    document = read_document(tmp_path / "a.pdf")
    found = document.text.split("\n")
    whole = sum("".join(f"{s}。".split()) in {"".join(line.split()) for line in found} for s in sentences)
    assert whole >= 0.8 * len(sentences), "paragraphs come back whole"


def test_the_page_of_a_sentence_is_kept_and_explained(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf([["某公司概况。"], ["支付公司与软研院开展结对共建。"]]))
    document = read_document(tmp_path / "a.pdf")
    places = {name: document.text.index(name) for name in ("支付公司", "软研院")}
    said = {
        "entities": [
            {"id": f"e{i}", "type": "Organization", "name": name, "mentions": [[start, start + len(name)]]}
            for i, (name, start) in enumerate(places.items(), 1)
        ],
        "relations": [
            {"subject": "e1", "predicate": "pairsWith", "object": "e2", "evidence": [document.pages[1], len(document.text)]}
        ],
    }
    (tmp_path / "a.json").write_text(json.dumps(said), encoding="utf-8")
    for engine in ("memory", "duckdb"):
        out = tmp_path / engine
        build([tmp_path / "a.pdf"], out, annotations_dir=tmp_path, engine=engine)
        assert verify(out) == []
        found = explain(out, "支付公司").found
        assert found is not None
        assert [s.page for fact in found.facts for s in fact.statements] == [2]
    assert (tmp_path / "memory" / "graph.json").read_bytes() == (tmp_path / "duckdb" / "graph.json").read_bytes()
