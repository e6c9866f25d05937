"""The domain pack of the steps, wherever they run."""

from __future__ import annotations

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


_held: dict[str, tuple[Ontology, Registry]] = {}


def hold_pack(folder: str, ontology: Ontology, registry: Registry) -> None:
    """Let the steps in this process take a pack that is loaded already."""
    _held.clear()
    _held[folder] = (ontology, registry)


def pack_of(folder: str) -> tuple[Ontology, Registry]:
    """Return ontology and registry of a pack, loaded once a process."""
    if folder not in _held:
        path = located(folder)
        ontology = load_ontology(path)
        hold_pack(folder, ontology, load_registry(path, ontology))
    return _held[folder]
