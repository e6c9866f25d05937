"""Text in XML 1.0, which has no way to write some characters (https://www.w3.org/TR/xml/#charsets).

They are written ``_xHHHH_``, the convention of ECMA-376 part 1, 22.9.2.19 (ST_Xstring); a text that holds such a sequence itself
has its underscore escaped as ``_x005F_``. A carriage return is among them, since a reader turns it into a line feed.
"""

from __future__ import annotations

import re
from typing import IO
from xml.sax.saxutils import escape, quoteattr

_ILLEGAL = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")
_MARKUP = re.compile("[&<>]").search
_QUOTED = re.compile('[&<>"\n\r\t]').search  # what an attribute's value cannot hold as it is
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def encode(text: str) -> str:
    r"""Return ``text`` with every character that XML cannot hold escaped.

    >>> encode("a\x01_x0001_")
    'a_x0001__x005F_x0001_'
    """
    if text.isprintable() and "_x" not in text:  # nearly all texts; the question takes a tenth of the answer's time
        return text
    return _ILLEGAL.sub(lambda match: f"_x{ord(match.group()):04X}_", text)


def decode(text: str) -> str:
    r"""Return the text that ``encode`` was given.

    >>> decode(encode("_x0001_\r"))
    '_x0001_\r'
    """
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)


def lexical(value: str | int | float | bool) -> str:
    """Return a value as XML Schema writes it.

    >>> lexical(True), lexical(0.5)
    ('true', '0.5')
    """
    if type(value) is str:
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


class XmlWriter:
    """XML written as it comes, each element on its own line; escaping is the standard library's.

    ``xml.sax.saxutils.XMLGenerator`` writes the same and takes three times as long.
    """

    def __init__(self, file: IO[str], *, depth: int = 0) -> None:
        """Begin a document in ``file``, which is open for text in UTF-8, or go on inside ``depth`` elements of one."""
        self._write = file.write
        self._depth = depth
        self._open = False  # whether the last tag waits for its end
        if not depth:
            self._write('<?xml version="1.0" encoding="utf-8"?>\n')

    def inside(self) -> None:
        """Begin the line of an element inside the last one, so that another writer can go on with one."""
        self._write(self._line())

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Open an element that has others inside."""
        self._write(f"{self._line()}<{name}{_attributes(attributes)}")
        self._open = True
        self._depth += 1

    def end(self, name: str) -> None:
        """Close the element that was opened last; the outermost ends the document."""
        self._depth -= 1
        self._write(f"{self._line()}</{name}>")
        if self._depth == 0:
            self._write("\n")

    def element(self, name: str, attributes: dict[str, str], text: str = "") -> None:
        """Write an element that holds nothing but text."""
        inside = f">{escape(text) if _MARKUP(text) else text}</{name}>" if text else "/>"
        self._write(f"{self._line()}<{name}{_attributes(attributes)}{inside}")

    def _line(self) -> str:
        """Return the end of the last tag, if it waits for that, and the begin of a line."""
        end = ">" if self._open else ""
        self._open = False
        return f"{end}\n{'  ' * self._depth}"


def _attributes(attributes: dict[str, str]) -> str:
    text = ""
    for name, value in attributes.items():
        text += f" {name}={quoteattr(value)}" if _QUOTED(value) else f' {name}="{value}"'
    return text
