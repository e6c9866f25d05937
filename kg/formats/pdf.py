"""PDF files: their text by PDFium, page by page, with the lines of a paragraph put together again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kg.errors import InputError
from kg.formats.contents import Content, missing

_PAGE_NUMBER = re.compile(r"[-—–·\s]*(第\s*\d+\s*页[\s，,/]*(共\s*\d+\s*页)?|\d{1,4}(\s*/\s*\d{1,4})?)[-—–·\s]*")
_ENDS = re.compile(r"[。！？；：!?;:.…][”’』」）)】》]*$")
_BEGINS = re.compile(
    r"第[一二三四五六七八九十百\d]{1,4}[章节条编]|[一二三四五六七八九十]{1,3}\s?[、.．]|[(（][一二三四五六七八九十\d]{1,3}[)）]"
    r"|\d{1,2}\s?[.、．](?!\d)|[●■◆•·▪]"
)
_HYPHENS = re.compile("[\x02\ufffe\u00ad]")
_SLACK = 6  # half-widths that a full line may fall short of the longest: punctuation that may not begin a line
_NARROW = 24  # half-widths below which no line counts as full: a list or a table


def read_pdf(data: bytes) -> Content:
    """Return the text of all pages; a line that runs to the margin and on into the next is put together with it.

    Page numbers that stand alone are left out.

    Raises:
        InputError: The file is broken, needs a password or holds no text, or pypdfium2 is not installed.
    """
    try:
        import pypdfium2
    except ImportError:
        raise InputError(missing("pypdfium2", "a PDF")) from None
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise InputError(f"is a PDF that cannot be read (broken, or it needs a password): {error}") from error
    try:
        pages = [_page_lines(document, number) for number in range(len(document))]
    except pypdfium2.PdfiumError as error:
        raise InputError(f"is a PDF that cannot be read: {error}") from error
    finally:
        document.close()
    if not any(pages):
        raise InputError(f"is a PDF whose {len(pages)} pages hold no text (pictures of pages?); recognise the text (OCR) first")
    text, starts = put_together(pages)
    return Content(text, "pdf", starts)


def put_together(pages: Sequence[Sequence[str]]) -> tuple[str, tuple[int, ...]]:
    r"""Return the text of pages of lines, and the offsets at which the pages begin.

    >>> put_together([["某公司与某大学共同建设国家", "实验室。", "- 1 -"], ["二、成效"]])
    ('某公司与某大学共同建设国家实验室。\n二、成效', (0, 18))
    """
    text = ""
    starts = []
    before = ""  # the line before, if it ran to the margin
    for lines in pages:
        shown = [line for i, line in enumerate(lines) if 0 < i < len(lines) - 1 or not _PAGE_NUMBER.fullmatch(line)]
        widest = max(map(_width, shown), default=0)
        full = max(widest - _SLACK, _NARROW)
        for i, line in enumerate(shown):
            if text:
                text += _joint(before, line)
            if i == 0:
                starts.append(len(text))
            text += line
            before = line if _width(line) >= full and not _ENDS.search(line) else ""
        if not shown:
            starts.append(len(text))
    return text, tuple(starts)


def _page_lines(document: object, number: int) -> list[str]:
    page = document[number]  # type: ignore[index]
    try:
        textpage = page.get_textpage()
        try:
            raw = _HYPHENS.sub("", textpage.get_text_range())
        finally:
            textpage.close()
    finally:
        page.close()
    # half a surrogate pair, which PDFium gives for a broken character map, could be written nowhere
    raw = raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "")
    return [line.strip() for line in re.split(r"[\r\n\f]+", raw) if line.strip()]


def _joint(before: str, line: str) -> str:
    """Return what stands between a line and the next."""
    if not before or _BEGINS.match(line):
        return "\n"
    return " " if before[-1].isascii() and line[0].isascii() else ""


def _width(line: str) -> int:
    return sum(1 if c < "\u2e80" else 2 for c in line)
