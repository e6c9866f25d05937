"""What tests of several rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.ontology import Ontology, default_pack, load_ontology

ROOT = Path(__file__).parent.parent
GOLD = ROOT / "tests" / "gold" / "dev"


@pytest.fixture(scope="session")
def pack_ontology() -> Ontology:
    """The ontology of the pack in this checkout."""
    return load_ontology(default_pack())


@pytest.fixture(scope="session")
def gold_output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the annotated documents from their gold, which needs no extraction; not to be changed by a test."""
    from kg.build import build

    out = tmp_path_factory.mktemp("gold") / "out"
    build([GOLD], out, annotations_dir=GOLD)
    return out
