"""``tables/``: the graph as Parquet files for DuckDB, pandas, Spark and others; their schema is in ``kg.store.schema``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kg import graph as kgraph
from kg.store.schema import FOLDER, TABLES
from kg.store.writing import records_of, write_table

if TYPE_CHECKING:
    from kg.ontology import Ontology

FILES = tuple(f"{FOLDER}/{table}.parquet" for table in TABLES)


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write one file a table; ids are those of ``graph.json``, to which ``base_iri`` may be put."""
    (out_dir / FOLDER).mkdir(parents=True, exist_ok=True)
    for table, records in records_of(graph).items():
        write_table(table, records, out_dir / FOLDER / f"{table}.parquet")
