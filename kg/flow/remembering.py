"""The engine of a build after another: of each step it runs the groups whose rows have changed, and remembers the rest.

A group's rows are all that a step sees, so a group with the same rows gives the same. What changed flows from the documents down:
a step's changed groups are those of the keys of its input's changed rows, and its own changed rows are the difference between
what such a group gives and what it gave. From the first step on that the last build did not have, all runs whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from kg.flow.claiming import ANNOTATED
from kg.flow.memory import LAST, Kept, Memory
from kg.flow.packing import packed
from kg.flow.rows import Data, Grouper, Row, step_name

Kinds = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Steps:
    """A data set: steps, each with the kinds of its rows that count, ``None`` for all."""

    parts: tuple[tuple[int, Kinds], ...]

    def only(self, *kinds: str) -> Steps:
        """Return the rows of these kinds."""
        parts = ((step, tuple(k for k in kinds if old is None or k in old)) for step, old in self.parts)
        return Steps(tuple(part for part in parts if part[1]))


@dataclass
class Changes:
    """What is new in the rows of the last steps: groups that have changed, and all rows that they have now."""

    groups: set[str] = field(default_factory=set)
    rows: dict[str, list[Row]] = field(default_factory=dict)


class RememberingEngine:
    """Brings a ``memory`` from the last build's documents to this one's.

    Args:
        memory: what the last build made.
        digests: of each document by its id: of its text and annotation and of all else that its row holds.
        annotated: gives the row of a document.
    """

    def __init__(self, memory: Memory, digests: Mapping[str, str], annotated: Callable[[str], Row]) -> None:
        """Find what documents have changed."""
        self._memory = memory
        self._digests = digests
        self._annotated = annotated
        self._known = memory.steps()
        self._count = 0
        self._changed: dict[int, dict[str, set[str]]] = {}  # step → kind → keys of rows that came, went or are others
        self._last: dict[int, Changes] = {}
        old = memory.documents()
        self.documents = {id_ for id_ in old.keys() | digests.keys() if old.get(id_) != digests.get(id_)}
        """Documents that came, went, or are others now."""

    def finish(self) -> None:
        """Forget the steps that this build did not have."""
        self._forget()
        self._memory.set_documents(self._digests)

    def given_documents(self) -> Steps:
        """Return the documents with their annotations, whose rows are made when they are asked for."""
        step, _ = self._step(None)
        self._changed[step][ANNOTATED] = self.documents
        return Steps(((step, (ANNOTATED,)),))

    def given(self, rows: Iterable[Row]) -> Steps:
        """Take ``rows``, of which those with one key change together."""
        step, _ = self._step(None)
        new: dict[str, list[Kept]] = {}
        for row in rows:
            new.setdefault(row.key, []).append(_kept(row))
        old: dict[str, list[Kept]] = {}
        for row in self._memory.all(step, None):
            old.setdefault(row.key, []).append(_kept(row))
        for key in sorted(old.keys() | new.keys()):
            self._compare(step, key, old.get(key, []), new.get(key, []))
        return Steps(((step, None),))

    def grouped(self, data: Iterable[Data], step: Grouper) -> Steps:
        """Run ``step`` on the groups that have changed."""
        parts = tuple(chain.from_iterable(_steps(one).parts for one in data))
        number, new = self._step(step)
        last = self._last[number] = Changes()
        for key in sorted(self._keys(parts) if new else self._changed_keys(parts)):
            group = sorted(self._group(parts, key), key=lambda row: row[2:4])
            made = list(step(key, iter(group))) if group else []
            last.groups.add(key)
            last.rows[key] = [row for row in made if row.kind in LAST]
            self._compare(number, key, self._memory.made(number, key), [_kept(row) for row in made if row.kind not in LAST])
        return Steps(((number, None),))

    def united(self, data: Iterable[Data]) -> Steps:
        """Return several data sets as one."""
        return Steps(tuple(chain.from_iterable(_steps(one).parts for one in data)))

    def collected(self, data: Data) -> Iterator[Row]:
        """Yield all rows, sorted by key, order and number."""
        for step, kinds in _steps(data).parts:  # the plan collects what one step has made
            yield from self._memory.all(step, kinds)

    def changes(self, data: Data) -> Changes:
        """Return what is new in the rows that a last step makes."""
        ((step, _),) = _steps(data).parts
        return self._last[step]

    def document(self, id_: str) -> Iterator[Row]:
        """Yield the row of a document, if it is still there."""
        if id_ in self._digests:
            yield self._annotated(id_)

    def _step(self, step: Grouper | None) -> tuple[int, bool]:
        """Return the number of a step, and whether it is new."""
        name = step_name(self._count, step)
        self._count += 1
        if name not in self._known:
            self._forget()
        known = self._known.pop(name, None)
        number = self._memory.add_step(name) if known is None else known
        self._changed[number] = {}
        return number, known is None

    def _forget(self) -> None:
        for number in self._known.values():
            self._memory.remove_step(number)
        self._known = {}

    def _keys(self, parts: tuple[tuple[int, Kinds], ...]) -> set[str]:
        found: set[str] = set()
        for step, kinds in parts:
            found.update(self._digests if kinds == (ANNOTATED,) else self._memory.keys(step, kinds))
        return found

    def _changed_keys(self, parts: tuple[tuple[int, Kinds], ...]) -> set[str]:
        found: set[str] = set()
        for step, kinds in parts:
            for kind, keys in self._changed[step].items():
                if kinds is None or kind in kinds:
                    found |= keys
        return found

    def _group(self, parts: tuple[tuple[int, Kinds], ...], key: str) -> Iterator[Row]:
        for step, kinds in parts:
            if kinds != (ANNOTATED,):
                yield from self._memory.group(step, kinds, key)
            else:
                yield from self.document(key)

    def _compare(self, step: int, source: str, old: list[Kept], new: list[Kept]) -> None:
        """Note which rows of a group are others now, and remember the new ones."""
        if old == new:
            return
        came, went = Counter(new), Counter(old)
        for kind, key, *_ in chain(came - went, went - came):
            self._changed[step].setdefault(kind, set()).add(key)
        self._memory.replace(step, source, new)


def _kept(row: Row) -> Kept:
    return (*row[:4], None if row.data is None else packed(row.data))


def _steps(data: Data) -> Steps:
    assert isinstance(data, Steps)
    return data
