"""What tests of several rooms share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import configuration

from kg.ontology import Ontology, default_pack, load_ontology
from tests.browsing import Browser, chromium

# What hypothesis keeps names the files that it read, with their whole paths: none of it belongs in the project.
configuration.set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "kg-hypothesis")

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


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the browser keeps what a page saves."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Iterator[Browser]:
    """One headless Chromium for all tests; it reaches no other machine."""
    with chromium(tmp_path_factory.mktemp("profile"), downloads) as found:
        yield found
