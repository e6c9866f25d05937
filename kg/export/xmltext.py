"""Text in XML 1.0, which has no way to write some characters (https://www.w3.org/TR/xml/#charsets).

They are written ``_xHHHH_``, the convention of ECMA-376 part 1, 22.9.2.19 (ST_Xstring); a text that holds such a sequence itself
has its underscore escaped as ``_x005F_``. A carriage return is among them, since a reader turns it into a line feed.
"""

from __future__ import annotations

import re

_ILLEGAL = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def encode(text: str) -> str:
    r"""Return ``text`` with every character that XML cannot hold escaped.

    >>> encode("a\x01_x0001_")
    'a_x0001__x005F_x0001_'
    """
    return _ILLEGAL.sub(lambda match: f"_x{ord(match.group()):04X}_", text)


def decode(text: str) -> str:
    r"""Return the text that ``encode`` was given.

    >>> decode(encode("_x0001_\r"))
    '_x0001_\r'
    """
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)
