"""The tables: their written schema, and that other programs read in them what the graph holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from benchmarks.synthetic import report, reports
from kg.build import export_again
from kg.errors import InputError
from kg.export.nodelink import read_graph
from kg.ontology import Ontology, load_ontology
from kg.registry import load_registry
from kg.resolve import check_located
from kg.store import COLUMNS, TABLES, open_tables
from kg.store.schema import ORDER, arrow_schema

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def tables(gold_output: Path, pack_ontology: Ontology, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    files = export_again(gold_output, pack_ontology, formats=["tables"], folder=folder)
    assert sorted(file.name for file in files) == sorted(f"{table}.parquet" for table in TABLES)
    return folder / "tables"


def test_each_file_has_the_written_schema_and_its_rows_in_the_written_order(tables: Path) -> None:
    for table in TABLES:
        found = pq.read_table(tables / f"{table}.parquet")
        assert found.schema.equals(arrow_schema(table)), table
        rows = list(zip(*(found[column].to_pylist() for column in ORDER[table]), strict=True))
        assert rows == sorted(set(rows)), table
        assert rows


def test_the_documentation_names_the_tables_and_columns_of_the_schema() -> None:
    text = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    found = {}
    for line in re.findall(r"^\| `.*$", text, re.M):
        name, _, order, columns = (cell.strip() for cell in line.strip("|").split("|"))
        assert tuple(re.findall(r"`(\w+)`", order)) == ORDER[name.strip("`")]
        found[name.strip("`")] = re.findall(r"`(\w+)`", columns)
    assert found == {table: list(columns) for table, columns in COLUMNS.items()}


def test_another_program_finds_in_the_tables_what_the_graph_holds(tables: Path, gold_output: Path) -> None:
    graph = read_graph(gold_output)
    query = f"""SELECT s.label, f.predicate, o.label, e.quote, e."start" FROM '{tables}/facts.parquet' f
        JOIN '{tables}/entities.parquet' s ON s.id = f.subject JOIN '{tables}/entities.parquet' o ON o.id = f.object
        JOIN '{tables}/evidence.parquet' e ON e.fact = f.id"""
    found = sorted(duckdb.sql(query).fetchall())
    labels = {id_: record["label"] for id_, record in graph.nodes(data=True)}
    expected = sorted(
        (labels[s], record["predicate"], labels[o], e["quote"], e["start"])
        for s, o, record in graph.edges(data=True)
        for e in record["evidence"]
    )
    assert found == expected
    degrees = dict(duckdb.sql(f"SELECT id, degree FROM '{tables}/entities.parquet'").fetchall())
    assert degrees == dict(graph.degree())
    attributes = duckdb.sql(f"SELECT attributes FROM '{tables}/entities.parquet'").fetchall()
    assert all(isinstance(json.loads(text), dict) for (text,) in attributes)


def test_what_stands_around_a_sentence_is_the_text_of_its_document(tables: Path) -> None:
    query = f"""SELECT d.text, e."start", e."end", e.quote, e.before, e.after FROM '{tables}/evidence.parquet' e
        JOIN '{tables}/documents.parquet' d ON d.id = e.document"""
    rows = duckdb.sql(query).fetchall()
    assert rows
    for text, start, end, quote, before, after in rows:
        assert text[start:end] == quote
        assert (before, after) == (text[max(0, start - 16) : start], text[end : end + 16])


def test_a_folder_without_a_table_is_refused_by_the_name_of_the_table(tables: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"documents.parquet: no such table; there should be documents, entities, mentions"):
        open_tables(tmp_path)


def test_synthetic_reports_are_annotated_where_they_say_and_do_not_depend_on_their_number() -> None:
    ontology = load_ontology(ROOT / "ontology")
    registry = load_registry(ROOT / "ontology", ontology)
    names: set[str] = set()
    for document, annotation in reports(60):
        check_located(document, annotation)
        for entity in annotation.entities:
            assert entity.name
            names.add(entity.name)
    assert report(7) == next(reports(1, start=7)) != report(7, seed=1)
    assert len(names) > 600 and any(registry.lookup(name) for name in names)
