"""The domain pack of the steps, wherever they run."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kg.ontology import Ontology, load_ontology
from kg.registry import Registry, load_registry

SENT = "sent:"
"""Before the name of a folder that Spark has sent to its workers."""


def located(folder: str) -> Path:
    """Return where the folder of a pack lies on this machine."""
    if not folder.startswith(SENT):
        return Path(folder)
    from pyspark import SparkFiles

    return Path(SparkFiles.get(folder.removeprefix(SENT)))


@lru_cache(maxsize=2)
def pack_of(folder: str) -> tuple[Ontology, Registry]:
    """Return ontology and registry of a pack, loaded once a process."""
    path = located(folder)
    ontology = load_ontology(path)
    return ontology, load_registry(path, ontology)
