"""CSV and Cypher as text: headers, escapes, statements. Real databases are in tests/servers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import InputError
from kg.export import FORMATS, cypher
from kg.export.neo4j import array_cell, array_values, labels, relationship_type


@pytest.fixture
def out(graph, ontology, tmp_path):
    for name in ("neo4j-csv", "cypher"):
        FORMATS[name][1](graph, ontology, tmp_path, base_iri="https://example.org/kg/")
    return tmp_path / "neo4j"


@given(st.lists(st.text(min_size=1), max_size=4))
def test_arrays_come_back_from_a_cell(values):
    assert array_values(array_cell(values)) == values
    assert array_cell(values).count(";") == max(0, len(values) - 1)


@given(
    st.recursive(
        st.text() | st.integers() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.from_regex(r"[a-z_`]+", fullmatch=True), inner),
    )
)
def test_any_value_comes_back_from_a_cypher_literal(value):
    text = cypher.literal([{"v": value}])
    assert "\n" not in text
    assert list(cypher.parse_statements(f"UNWIND {text} AS row RETURN row;\n")) == [
        ("UNWIND $rows AS row RETURN row", [{"v": value}])
    ]


def test_no_backslash_stands_before_a_u_that_the_text_holds():
    assert cypher.literal("\\u0022}) DETACH") == '"\\\\" + "u0022}) DETACH"'


def test_a_broken_statement_is_refused():
    with pytest.raises(InputError, match="',' is missing at offset 12"):
        list(cypher.parse_statements('UNWIND ["a" "b"] AS row RETURN row;\n'))


# The header format: https://neo4j.com/docs/operations-manual/current/import/#import-tool-header-format
KIND = re.compile(
    r"(?P<name>[^:]*):(?:(?P<special>ID|LABEL|TYPE|START_ID|END_ID|IGNORE)(?:\(\w+\))?|"
    r"(?P<type>int|long|float|double|boolean|byte|short|char|string|point|date|localtime|time|localdatetime|datetime|duration)"
    r"(?P<array>\[\])?)"
)
CELLS = {
    "string": re.compile(r".*", re.DOTALL),
    "long": re.compile(r"-?[0-9]{1,18}"),
    "double": re.compile(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?"),
    "boolean": re.compile(r"true|false"),
}


def read_as_neo4j_admin(path: Path) -> tuple[list[re.Match[str]], list[list[str | None]]]:
    """Return header and rows by the rules that the manual gives: RFC 4180, an empty cell without quotes is no value."""
    text = path.read_bytes().decode("utf-8")
    assert not text.startswith("\ufeff")
    cell = re.compile(r'"((?:[^"]|"")*)"([,\n])|([^",\n]*)([,\n])')
    rows: list[list[str | None]] = [[]]
    at = 0
    while at < len(text):
        match = cell.match(text, at)
        assert match, text[at : at + 80]
        rows[-1].append(match[1].replace('""', '"') if match[1] is not None else match[3] or None)
        at = match.end()
        if (match[2] or match[4]) == "\n":
            rows.append([])
    assert rows.pop() == []
    header = [KIND.fullmatch(name or "") for name in rows.pop(0)]
    assert all(header) and all(len(row) == len(header) for row in rows)
    return header, rows  # type: ignore[return-value]


def test_the_csv_keeps_the_rules_of_neo4j_admin(out, graph):
    (nodes, things), (edges, facts_) = (read_as_neo4j_admin(out / f"{name}.csv") for name in ("nodes", "relationships"))
    assert [h["special"] for h in nodes if h["special"]] == ["ID", "LABEL"]
    assert [h["special"] for h in edges if h["special"]] == ["START_ID", "END_ID", "TYPE"]
    for header, rows in ((nodes, things), (edges, facts_)):
        names = [h["name"] for h in header if h["type"] or h["special"] == "ID"]
        assert len(set(names)) == len(names) and all(names)
        for row in rows:
            for column, value in zip(header, row, strict=True):
                assert value is not None or column["type"], "ids, labels and types are never missing"
                parts = [] if value is None else value.split(";") if column["array"] else [value]
                assert not column["type"] or all(CELLS[column["type"]].fullmatch(part) for part in parts), (column[0], value)
    ids = [row[0] for row in things]
    assert ids == sorted(graph.nodes) and len(set(ids)) == len(ids)
    assert {end for row in facts_ for end in row[:2]} <= set(ids)
    assert {row[2] for row in facts_} == {"PAIRS_WITH", "IMPLEMENTS"}
    assert all(re.fullmatch(r"\w+", label) for row in things for label in row[-1].split(";"))


def test_numbers_are_bare_and_text_is_quoted(out):
    line = next(x for x in (out / "nodes.csv").read_text(encoding="utf-8").split("\n") if x.startswith('"organization/hyperlink'))
    assert '"=HYPERLINK(""http://x"")"' in line and ",2," in line
    assert line.endswith('"Entity;Organization;Company;PartnerBody"')


def test_import_statements_are_idempotent_and_end_in_a_line_break(out):
    statements = list(cypher.statements((out / "import.cypher").read_text(encoding="utf-8")))
    assert statements[0].startswith("CREATE CONSTRAINT") and "IF NOT EXISTS" in statements[0]
    assert all(s.startswith("UNWIND [\n{") and " MERGE " in s and "CREATE" not in s.rsplit("]", 1)[1] for s in statements[1:])


def test_names_that_are_no_words_stand_in_backticks():
    assert cypher.identifier("a`b c") == "`a``b c`"
    assert cypher.names(":A:`a``b c`") == ["A", "a`b c"]


def test_labels_go_from_the_general_to_the_particular():
    record = {"type": "Organization", "subtype": "Company", "roles": ["PartnerBody"]}
    assert labels(record) == ("Entity", "Organization", "Company", "PartnerBody")
    assert relationship_type("holdsPosition") == "HOLDS_POSITION"
