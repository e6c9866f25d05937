"""Bytes to text: UTF-8, GB18030 and UTF-16 are recognised by rules that never guess past a doubt.

1. A byte order mark decides (UTF-8, UTF-16, UTF-32); the mark itself is no part of the text.
2. A NUL byte means UTF-16 without a mark, if one byte order gives plausible text; else the file is binary.
3. Bytes that are valid UTF-8 are UTF-8: no other encoding gets there by chance.
4. Bytes that are mostly valid UTF-8 are *broken* UTF-8, which is an error and never read as something else.
5. Bytes that are valid GB18030, or UTF-16 without a mark, and give plausible Chinese text are that; all else is refused.
"""

from __future__ import annotations

import codecs
import re

from kg.errors import InputError

_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or Office file (docx, xlsx, pptx)"),
    (b"\xd0\xcf\x11\xe0", "an old Office file (doc, xls, ppt)"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "an RTF file"),
)
_HANZI_UTF8 = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}|\xef[\xbc\xbd][\x80-\xbf]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_SAMPLE = 200_000  # characters looked at to judge whether text is plausible


def decode(data: bytes) -> tuple[str, str]:
    r"""Return the text of ``data`` and the name of its encoding; line ends stay as they are.

    >>> decode("主题教育\r\n".encode("gb18030"))
    ('主题教育\r\n', 'gb18030')
    >>> decode("主题教育".encode("utf-8-sig"))
    ('主题教育', 'utf-8')

    Raises:
        InputError: The bytes are no text, or no text in a known encoding; the message says at which byte.
    """
    for signature, what in _SIGNATURES:
        if data.startswith(signature):
            raise InputError(f"is {what}, not text; save it as UTF-8 text first")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding, skip=len(mark)), encoding
    if b"\x00" in data:
        return _utf16(data) or _refuse_binary(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(data, error)
    controls = len(_CONTROLS.findall(text))
    if controls > 4 + len(text) // 100:
        raise InputError(f"is binary, not text: {controls} control characters among {len(text)} characters")
    return text, "utf-8"


def _strict(data: bytes, encoding: str, *, skip: int) -> str:
    try:
        text = data[skip:].decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"begins as {encoding.upper()} but is broken at byte {error.start + skip}: {error.reason}") from error
    if "\x00" in text:
        raise InputError(f"is binary, not text: NUL character at character {text.index(chr(0))}")
    return text


def _not_utf8(data: bytes, error: UnicodeDecodeError) -> tuple[str, str]:
    # Every wrong byte of broken UTF-8 stands among many right sequences; in GB18030 text right three-byte sequences are rare.
    good = len(_HANZI_UTF8.findall(data))
    wrong = data.decode("utf-8", errors="replace").count("�")
    if good > 3 * wrong:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"is broken UTF-8 at byte {error.start} (line {line}): {error.reason}, byte 0x{data[error.start]:02x}; "
            "repair the file or save it anew as UTF-8"
        )
    try:
        text = data.decode("gb18030")
        if _plausible(text):
            return text, "gb18030"
    except UnicodeDecodeError as gb_error:
        error = gb_error
    found = _utf16(data)
    if found:
        return found
    if len(_CONTROLS.findall(data[:_SAMPLE].decode("latin-1"))) > len(data[:_SAMPLE]) // 100:
        return _refuse_binary(data)
    raise InputError(f"is in no known encoding (UTF-8, GB18030, UTF-16 are read): byte {error.start} fits none of them")


def _utf16(data: bytes) -> tuple[str, str] | None:
    """Return text and encoding if ``data`` is UTF-16 without a mark in one of the two byte orders."""
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _plausible(text):
            return text, encoding
    return None


def _plausible(text: str) -> bool:
    """Say whether nearly everything beyond ASCII in ``text`` is a common Chinese character or punctuation mark.

    Common is GB 2312, and level 1 of Big5 for traditional characters; text in the wrong encoding falls among rare characters.
    """
    sample = text[:_SAMPLE]
    if _CONTROLS.search(sample):
        return False
    foreign = [c for c in sample if c > "\x7f"]
    simplified = set("".join(foreign).encode("gb2312", errors="ignore").decode("gb2312"))
    rest = [c for c in foreign if c not in simplified]
    return len(rest) - sum(_traditional(c) for c in rest) <= 0.1 * len(foreign)


def _traditional(character: str) -> bool:
    big5 = character.encode("big5", errors="ignore")
    return len(big5) == 2 and 0xA1 <= big5[0] <= 0xC6


def _refuse_binary(data: bytes) -> tuple[str, str]:
    where = f"NUL byte at byte {data.index(0)}" if 0 in data else "too many control characters"
    raise InputError(f"is binary, not text: {where}")
