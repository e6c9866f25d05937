"""What flows between the steps: rows with a kind and a key, and what an engine must be able to do with them.

One operation is enough: ``grouped`` (all rows of one key together, sorted). A join is the ``grouped`` of two data sets. As a step
sees nothing but its group, a group whose rows are those of the last build gives what it gave then: see ``remembering``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
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

    def grouped(self, data: Iterable[Data], step: Grouper) -> Data:
        """Return what ``step`` makes of each group of rows with one key."""
        ...

    def united(self, data: Iterable[Data]) -> Data:
        """Return the rows of several data sets as one."""
        ...

    def collected(self, data: Data) -> Iterator[Row]:
        """Yield the rows of ``data``, which must be few, sorted by key, order and number."""
        ...


def step_name(number: int, step: Grouper | None) -> str:
    """Return what tells the ``number``-th data set of a plan from others: what makes it, the domain pack apart.

    >>> step_name(3, partial(lambda key, rows, depth, pack: rows, depth=1, pack="folder"))
    '3 <lambda> depth=1'
    """
    if step is None:
        return f"{number} given"
    function, more = (step.func, step.keywords) if isinstance(step, partial) else (step, {})
    settings = [f"{name}={value}" for name, value in sorted(more.items()) if name != "pack"]
    return " ".join([str(number), function.__name__, *settings])
