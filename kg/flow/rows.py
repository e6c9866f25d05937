"""What flows between the steps: rows with a kind and a key, and what an engine must be able to do with them.

Two operations are enough: ``mapped`` (every row by itself) and ``grouped`` (all rows of one key together, sorted). A join is the
``grouped`` of two data sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol


class Row(NamedTuple):
    """One row; in a group rows are sorted by ``order``, then ``number``, and the rest is as it comes.

    Steps never depend on how rows that agree in all three follow each other. ``data`` is any value that can be pickled.
    """

    kind: str
    key: str
    order: str = ""
    number: int = 0
    data: Any = None


Mapper = Callable[[Iterator[Row]], Iterator[Row]]
"""Some of the rows of a data set → rows; which of them come together means nothing."""

Grouper = Callable[[str, Iterator[Row]], Iterator[Row]]
"""A key and all its rows → rows."""


class Data(Protocol):
    """A data set that an engine holds."""

    def only(self, *kinds: str) -> Data:
        """Return the rows of these kinds."""
        ...


class Engine(Protocol):
    """What runs the steps; ``Data`` is its own."""

    def given(self, rows: Iterable[Row]) -> Data:
        """Return rows as a data set."""
        ...

    def mapped(self, data: Data, step: Mapper) -> Data:
        """Return what ``step`` makes of ``data``, part by part."""
        ...

    def grouped(self, data: Iterable[Data], step: Grouper) -> Data:
        """Return what ``step`` makes of each group of rows with one key."""
        ...

    def united(self, data: Iterable[Data]) -> Data:
        """Return the rows of several data sets as one."""
        ...

    def collected(self, data: Data) -> Iterator[Row]:
        """Yield the rows of ``data``, which must be few, sorted by key, order and number."""
        ...
