"""Word files (``.docx``): their paragraphs and tables, as they read after all tracked changes are accepted."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from kg.errors import InputError
from kg.formats.contents import Content, missing

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEFT_OUT = frozenset(
    {f"{_W}{name}" for name in ("del", "moveFrom", "delText", "instrText", "txbxContent", "pPr", "rPr", "footnoteReference")}
    | {"{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
)
_LARGEST = 512 << 20  # bytes of a file unpacked: more is no report
PAGE = "\f"


def read_word(data: bytes) -> Content:
    """Return one line a paragraph and, for tables, one a row with tabs between the cells.

    Pages begin where Word last broke them, as far as the file says so.

    Raises:
        InputError: The file is no Word file, is protected or shows no text, or python-docx is not installed.
    """
    try:
        import docx
    except ImportError:
        raise InputError(missing("python-docx", "a Word file")) from None
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError("is an old or a protected Word file; open it in Word and save it as .docx without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > _LARGEST:
                raise InputError(f"is larger than {_LARGEST >> 20} MB when unpacked")
        body = docx.Document(io.BytesIO(data)).element.body
    except InputError:
        raise
    except Exception as error:  # whatever zipfile, lxml and python-docx say of a broken file
        raise InputError(f"is no Word file that can be read: {type(error).__name__}: {error}") from error
    text, pages = _paged("".join(_shown(body)))
    return Content(text, "docx", pages)


def _shown(body: Any) -> Iterator[str]:
    """Yield the pieces of text in their order; ``PAGE`` is where a page ends."""
    from lxml import etree

    silent = 0
    rows = 0  # in a table a paragraph does not end the line
    for event, element in etree.iterwalk(body, events=("start", "end")):
        tag = element.tag
        if tag in _LEFT_OUT:
            silent += 1 if event == "start" else -1
        elif silent:
            continue
        elif tag == f"{_W}tr":
            rows += 1 if event == "start" else -1
            if event == "end":
                yield "\n"
        elif event == "start":
            yield _piece(element, tag)
        elif tag == f"{_W}p":
            yield " " if rows else "\n"
        elif tag == f"{_W}tc":
            yield "\t"


def _piece(element: Any, tag: str) -> str:
    if tag == f"{_W}t":
        return element.text or ""
    if tag == f"{_W}br":
        return PAGE if element.get(f"{_W}type") == "page" else "\n"
    return {f"{_W}tab": "\t", f"{_W}cr": "\n", f"{_W}lastRenderedPageBreak": PAGE, f"{_W}noBreakHyphen": "-"}.get(tag, "")


def _paged(raw: str) -> tuple[str, tuple[int, ...]]:
    r"""Return the lines that hold text, and where pages begin; two marks without text between them are one page's end.

    >>> _paged("一\f\n\f二\n 三 \t\n")
    ('一\n二\n三', (0, 2))
    """
    lines: list[str] = []
    pages = [0]
    at = 0
    turned = False
    for line in raw.split("\n"):
        shown = ""
        for i, part in enumerate(line.split(PAGE)):
            turned = turned or i > 0
            if turned and part.strip():
                before = shown.lstrip()
                pages.append(at + len(before) + (len(part) - len(part.lstrip()) if before else 0))
                turned = False
            shown += part
        if whole := shown.strip():
            lines.append(whole)
            at += len(whole) + 1
    starts = tuple(sorted(set(pages)))
    return "\n".join(lines), starts if len(starts) > 1 else ()
