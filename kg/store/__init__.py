"""The graph as tables: Parquet files with a written schema, from which every export can be streamed."""

from kg.store.reading import Stored, open_tables
from kg.store.schema import COLUMNS, FOLDER, TABLES

__all__ = ["COLUMNS", "FOLDER", "TABLES", "Stored", "open_tables"]
