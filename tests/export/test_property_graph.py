"""CSV and Cypher as text: headers, escapes, statements. Real databases are in tests/servers."""

from __future__ import annotations

import csv

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


def test_headers_are_those_of_neo4j_admin(out):
    assert (out / "nodes.csv").read_text(encoding="utf-8").startswith('"id:ID","name:string","type:string",')
    with open(out / "relationships.csv", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[:3] == [":START_ID", ":END_ID", ":TYPE"] and "confidence:double" in header and "quotes:string[]" in header
    assert {row[2] for row in rows} == {"PAIRS_WITH", "IMPLEMENTS"}


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
