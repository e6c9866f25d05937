"""The shipped models, loaded once, and a way to read a text with them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kg.extract import Extractor, annotate, load_extractor
from kg.extract.lexical import Lexer, load_lexer
from kg.model import Annotation, Document
from kg.ontology import default_pack

Read = Callable[[str], Annotation]


@pytest.fixture(scope="session")
def extractor() -> Extractor:
    return load_extractor(default_pack())


@pytest.fixture(scope="session")
def lexer() -> Lexer:
    return load_lexer()


@pytest.fixture(scope="session")
def read(extractor: Extractor) -> Read:
    """Return what a text states by the shipped models."""
    return lambda text: annotate(Document("d", "d.txt", text, ""), extractor)
