"""Tables of documents: JSON lines, CSV and Parquet, with the columns ``text`` and, where there are any, id, title and date."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from kg.decode import decode
from kg.errors import InputError

COLUMNS: dict[str, tuple[str, ...]] = {
    "text": ("text", "content", "body", "正文", "内容", "文本"),
    "id": ("id", "doc_id", "编号", "序号"),
    "title": ("title", "标题", "题目"),
    "date": ("date", "published", "日期", "发布日期", "发布时间"),
}
"""What a column may be called, the first that is there counting; case does not matter."""

_SAMPLE = 1 << 20
_BATCH = 64  # rows of Parquet in memory at a time
_UNNAMEABLE = re.compile(r"[\x00-\x1f\x7f/\\\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Record:
    """A row; ``number`` counts from 1 (in JSON lines: the line). ``id`` can be a file name or is empty.

    ``wrong`` says why the row is no document.
    """

    number: int
    id: str = ""
    text: str = ""
    title: str | None = None
    date: str | None = None
    encoding: str = "utf-8"
    wrong: str = ""


def records(file: BinaryIO, kind: str, *, listing: bool = False) -> Iterator[Record]:
    """Yield the rows of a table, a few of them in memory at a time; with ``listing`` texts may be left out.

    Raises:
        InputError: The file is no such table, has no column of texts, or is broken further on.
    """
    yield from TABLES[kind](file, listing)


def has_text(file: BinaryIO, kind: str) -> bool:
    """Say whether a CSV or Parquet file has a column of texts."""
    try:
        if kind == ".parquet":
            return "text" in _columns(_parquet(file).schema_arrow.names)
        return "text" in _columns(_header(file, kind)[0])
    except InputError:
        return True  # to be said when it is read


def _jsonl(file: BinaryIO, listing: bool) -> Iterator[Record]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            text, encoding = decode(line)
            data = json.loads(text)
        except InputError as error:
            yield Record(number, wrong=str(error))
            continue
        except (ValueError, RecursionError) as error:
            yield Record(number, wrong=f"is not JSON: {error}")
            continue
        if not isinstance(data, dict):
            yield Record(number, wrong='is no object with "text", "id", "title" and "date"')
            continue
        yield _record(number, data, _columns(data), encoding)


def _csv(file: BinaryIO, listing: bool, *, kind: str = ".csv") -> Iterator[Record]:
    header, encoding, delimiter = _header(file, kind)
    columns = _columns(header)
    if "text" not in columns:
        raise InputError(_without_text(header))
    file.seek(0)
    # as large as the platform's C long allows (the default is 128 KB)
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    shown = encoding.removesuffix("-sig")
    lines = io.TextIOWrapper(file, encoding=encoding, newline="")
    rows = csv.reader(lines, delimiter=delimiter)
    try:
        next(rows)
        for number, row in enumerate(rows, 1):
            if any(row):
                yield _record(number, dict(zip(header, row, strict=False)), columns, shown)
    except UnicodeDecodeError as error:
        raise InputError(f"begins as {shown.upper()} but is broken after line {rows.line_num}: {error.reason}") from error
    except csv.Error as error:
        raise InputError(f"is no CSV in line {rows.line_num}: {error}") from error
    finally:
        lines.detach()  # the file is its opener's to close


def _header(file: BinaryIO, kind: str) -> tuple[list[str], str, str]:
    """Return the header's cells, the encoding and the delimiter."""
    sample = file.read(_SAMPLE)
    if not sample.strip():
        raise InputError("is empty")
    marked = sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    cut = sample if marked or len(sample) < _SAMPLE else sample[: sample.rfind(b"\n") + 1] or sample
    text, encoding = decode(cut)
    encoding = "utf-16" if marked else "utf-8-sig" if encoding == "utf-8" else encoding
    first = next(iter(text.splitlines()), "")
    delimiter = "\t" if kind == ".tsv" else max(",;\t", key=first.count)
    try:
        return next(csv.reader(io.StringIO(text), delimiter=delimiter)), encoding, delimiter
    except csv.Error as error:
        raise InputError(f"is no CSV: {error}") from error


def _tsv(file: BinaryIO, listing: bool) -> Iterator[Record]:
    return _csv(file, listing, kind=".tsv")


def _parquet_rows(file: BinaryIO, listing: bool) -> Iterator[Record]:
    import pyarrow as pa

    table = _parquet(file)
    columns = _columns(table.schema_arrow.names)
    if "text" not in columns:
        raise InputError(_without_text(table.schema_arrow.names))
    if listing and "id" not in columns:
        yield from (Record(number) for number in range(1, table.metadata.num_rows + 1))
        return
    wanted = [columns["id"]] if listing else list(columns.values())
    number = 0
    try:
        for batch in table.iter_batches(batch_size=1 << 16 if listing else _BATCH, columns=wanted):
            for row in batch.to_pylist():
                number += 1
                yield Record(number, _id(row[columns["id"]])) if listing else _record(number, row, columns, "utf-8")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"is broken Parquet after row {number}: {error}") from error


def _parquet(file: BinaryIO) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # a member of an archive that cannot be wound back and forth is held in memory
        return pq.ParquetFile(file if file.seekable() else io.BytesIO(file.read()))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"is no Parquet file that can be read: {error}") from error


TABLES: dict[str, Callable[[BinaryIO, bool], Iterator[Record]]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".csv": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet_rows,
}


def _columns(names: Iterable[str]) -> dict[str, str]:
    """Return the column's own name of each kind of column that is there.

    >>> _columns(["ID", "标题", "正文"])
    {'text': '正文', 'id': 'ID', 'title': '标题'}
    """
    there = {name.strip().lower(): name for name in reversed(list(names))}
    found = {}
    for column, spellings in COLUMNS.items():
        name = next((there[spelling] for spelling in spellings if spelling in there), None)
        if name is not None:
            found[column] = name
    return found


def _without_text(names: Iterable[str]) -> str:
    return f"has no column of texts ({', '.join(COLUMNS['text'])}); its columns are {', '.join(map(str, names)) or 'none'}"


def _record(number: int, row: Mapping[str, Any], columns: Mapping[str, str], encoding: str) -> Record:
    values = {column: row.get(name) for column, name in columns.items()}
    text = values.get("text")
    wrong = ""
    if not isinstance(text, str):
        wrong = "has no text" if text is None else f"its text is no string but {type(text).__name__}"
    else:
        try:
            text.encode()
        except UnicodeEncodeError as error:  # JSON can spell half a surrogate pair, which no file could hold
            wrong = f"its text holds {text[error.start]!r}, which is no character"
        if "\x00" in text:
            wrong = "its text holds NUL characters"
    title, date = (_short(values.get(name)) for name in ("title", "date"))
    return Record(number, _id(values.get("id")), "" if wrong else str(text), title, date, encoding, wrong)


def _short(value: object) -> str | None:
    """Return a title or date as one line, or ``None``; half surrogates are left out."""
    text = " ".join(("" if value is None else str(value)).encode(errors="ignore").decode().split())
    return text or None


def _id(value: object) -> str:
    """Return an id that can be a file name, or an empty text.

    >>> _id("2023/第1号"), _id(7), _id(None), _id("..")
    ('2023-第1号', '7', '', '')
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else _UNNAMEABLE.sub("-", str(value)).strip().lstrip(".").strip()
