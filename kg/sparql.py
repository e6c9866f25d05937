"""The text of a SPARQL query: what it would read, and where values for its variables go.

Only the tokens are looked at; the grammar is the engine's. https://www.w3.org/TR/sparql11-query/#sparqlGrammar
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from kg.errors import QueryError, RefusedError
from kg.output import Term

# Where the engine ends a comment, a string or an IRI, this must end it, too, or a SERVICE could hide behind it.
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n\r]*)
      | (?P<iri><[^<>"{}|^`\x00-\x20]*>)
      | (?P<string>\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n\r])*"|'(?:\\.|[^'\\\n\r])*')
      | (?P<variable>[?$]\w+)
      | (?P<escape>\\.)
      | (?P<name>[\w.-]*:(?:\\.|[\w.:%-])*)
      | (?P<word>@?[A-Za-z_]\w*)
      | (?P<mark>[{}()])""",
    re.VERBOSE | re.DOTALL,
)
_UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD"}


def tokens(text: str) -> list[re.Match[str]]:
    """Return what matters of SPARQL: words, names, variables, brackets, IRIs; comments and strings are left out."""
    return [m for m in _TOKEN.finditer(text) if m.lastgroup not in ("comment", "string", "escape")]


def refuse(text: str, graphs: Collection[str]) -> None:
    """Raise if the query would change anything, or read anything but ``graphs`` (IRIs in angle brackets).

    Raises:
        RefusedError: It is an update, or it names a service or a graph that is not loaded; with line and column.
    """
    found = tokens(text)
    depth = 0
    for index, token in enumerate(found):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        word = token[0].upper() if token.lastgroup == "word" else ""
        if word in _UPDATES and depth == 0:
            raise RefusedError(f"{_place(text, token)}: {word} refused: queries only read, an update cannot be run")
        if word == "SERVICE":
            raise RefusedError(f"{_place(text, token)}: SERVICE refused: a query reads no other server")
        if word == "FROM":
            rest = [t for t in found[index + 1 : index + 3] if t[0].upper() != "NAMED"]
            if rest and rest[0][0] not in graphs:
                known = ", ".join(sorted(graphs)) or "none; leave FROM out"
                name = rest[0][0]
                raise RefusedError(f"{_place(text, token)}: FROM {name} refused: only what is loaded is read. Graphs: {known}")


def _place(text: str, token: re.Match[str]) -> str:
    before = text[: token.start()]
    return f"line {before.count(chr(10)) + 1}, column {token.start() - before.rfind(chr(10))}"


def bind(text: str, values: Mapping[str, Sequence[Term]]) -> str:
    """Return the query with a ``VALUES`` block for each variable at the head of its pattern.

    The terms are written by pyoxigraph, which escapes them, so a value never becomes syntax. Substitution in the engine is no
    way: it demands that the variable be selected.

    Raises:
        QueryError: The query has no such variable, or no pattern in which it could be bound.
    """
    found = tokens(text)
    variables = {t[0][1:] for t in found if t.lastgroup == "variable"}
    for name in values:
        if name not in variables:
            raise QueryError(f"cannot set {name!r}: the query has no ?{name}; its variables: {', '.join(sorted(variables))}")
    opening, closing, subselect = _pattern(found)
    block = " ".join(f"VALUES ?{name} {{ {' '.join(map(str, terms))} }}" for name, terms in values.items())
    inner = text[opening.end() : closing.start()]
    # A pattern that is only a sub-select takes nothing beside it, so it gets braces of its own.
    return f"{text[: opening.end()]} {block} {'{' + inner + '}' if subselect else inner}{text[closing.start() :]}"


def _pattern(found: list[re.Match[str]]) -> tuple[re.Match[str], re.Match[str], bool]:
    """Return the braces around the pattern of the query, and whether a sub-select is all there is in it."""
    form = next((t[0].upper() for t in found if t[0].upper() in ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")), "")
    round_, depth, opening, after_where = 0, 0, None, form != "CONSTRUCT"
    for index, token in enumerate(found):
        round_ += {"(": 1, ")": -1}.get(token[0], 0)
        if round_ and opening is None:
            continue
        if token[0].upper() == "WHERE" and depth == 0:
            if form == "CONSTRUCT" and found[index - 1][0].upper() == "CONSTRUCT":
                break
            after_where = True
        elif token[0] == "{":
            if depth == 0 and after_where:
                opening = index
            depth += 1
        elif token[0] == "}":
            depth -= 1
            if depth == 0 and opening is not None:
                return found[opening], token, found[opening + 1][0].upper() == "SELECT"
            # CONSTRUCT { template } { pattern }: WHERE may be left out
            after_where = True
    raise QueryError("cannot set variables in a query without a pattern of its own (CONSTRUCT WHERE, or DESCRIBE of an IRI)")
