"""Cypher text: names and literals written, and the statements of ``import.cypher`` read again.

Syntax: https://neo4j.com/docs/cypher-manual/current/syntax/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from kg.errors import InputError

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"\w+|`(?:[^`]|``)*`")
_ROWS = "UNWIND "
_DECODER = json.JSONDecoder()


@lru_cache(maxsize=4096)  # a file repeats a few names on every line
def identifier(name: str) -> str:
    """Return ``name`` as a Cypher name: in backticks, those inside doubled, unless it is a plain word.

    >>> identifier("PAIRS_WITH"), identifier("a`b")
    ('PAIRS_WITH', '`a``b`')
    """
    return name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) else "`" + name.replace("`", "``") + "`"


def literal(value: Any) -> str:
    r"""Return ``value`` as a Cypher expression.

    JSON's escapes are Cypher's. A backslash before ``u`` is put into a string of its own: some versions of Neo4j read ``\uXXXX``
    before they read strings, and a text that spells one must not end the string.

    >>> print(literal({"name": 'a"b\n', "n": [1, True]}))
    {name: "a\"b\n", n: [1, true]}
    """
    if isinstance(value, str):
        if "\\u" not in value:
            return encode_basestring(value)
        return " + ".join(encode_basestring(part) for part in re.split(r"(?<=\\)(?=u)", value))
    if isinstance(value, dict):
        return "{" + ", ".join([f"{identifier(k)}: {literal(v)}" for k, v in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join([literal(one) for one in value]) + "]"
    return str(value) if type(value) is int else json.dumps(value)


def statements(text: str) -> Iterator[str]:
    """Yield the statements of a file of which each ends in ``;`` and a line break, which no string holds.

    Only the line feed counts: other characters that Python's ``splitlines`` knows may stand in a string.
    """
    for part in text.split(";\n"):
        if part.strip():
            yield part


def parse_statements(text: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each statement with its list of rows taken out, and the rows.

    Raises:
        InputError: The rows of a statement are not a list of literals.
    """
    for statement in statements(text):
        if not statement.startswith(_ROWS):
            continue
        rows, end = _parse(statement, len(_ROWS))
        yield statement[: len(_ROWS)] + "$rows" + statement[end:], rows


def names(labels: str) -> list[str]:
    """Return the names in ``:A:`b```.

    >>> names(":Company:`a``b`")
    ['Company', 'a`b']
    """
    return [_unquote(match) for match in _NAME.findall(labels)]


def _unquote(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _parse(text: str, at: int) -> tuple[Any, int]:
    """Return the value that starts at offset ``at`` and the offset behind it."""
    at = _skip(text, at)
    if text[at] == "[":
        items: list[Any] = []
        at = _skip(text, at + 1)
        while text[at] != "]":
            item, at = _parse(text, at)
            items.append(item)
            at = _comma(text, at, "]")
        return items, at + 1
    if text[at] == "{":
        found: dict[str, Any] = {}
        at = _skip(text, at + 1)
        while text[at] != "}":
            match = _NAME.match(text, at)
            if match is None:
                raise InputError(f"a name is missing at offset {at} of a statement")
            at = _expect(text, _skip(text, match.end()), ":")
            found[_unquote(match.group())], at = _parse(text, at)
            at = _comma(text, at, "}")
        return found, at + 1
    try:
        value, at = _DECODER.raw_decode(text, at)
    except ValueError as error:
        raise InputError(f"no literal at offset {at} of a statement: {error}") from None
    while isinstance(value, str) and text.startswith(" + ", at):
        more, at = _DECODER.raw_decode(text, at + 3)
        value += more
    return value, at


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, char: str) -> int:
    if not text.startswith(char, at):
        raise InputError(f"{char!r} is missing at offset {at} of a statement")
    return at + 1


def _comma(text: str, at: int, close: str) -> int:
    at = _skip(text, at)
    return at if text.startswith(close, at) else _skip(text, _expect(text, at, ","))
