"""Files written in blocks: what a block is made of tells whether the last build's file holds it already.

A file is texts and *sections*; a section goes through the entities, facts or documents of the graph and writes some of them, a
*block*, at a time. Where a block ends depends on the ids in it alone, so that a new entity changes its own block and no other.
For a graph that streams from tables, whose rows have digests, an index beside the last build's files says where in them the block
of given rows lies; a block that is not there, or does not fit its hash, is written anew. The bytes are the same in any case.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from kg import graph as kgraph

_EVERY = 64  # ids of a block, about
_MOST = 256

Item = Any
"""What a section goes through; every section has its own type."""


class Section(NamedTuple):
    """Items of the graph, and how they are written.

    ``order`` is one of ``kg.store.digests.ORDERS``. ``items`` yields them, one for each id and in that order, and may be given a
    part of the graph. ``text`` writes a block of them; blocks are separated by ``separator``, and ``opening`` comes before the
    first. A block ends where ``group`` changes.
    """

    order: str
    items: Callable[[kgraph.Graph], Iterator[Item]]
    key: Callable[[Item], str]
    text: Callable[[Sequence[Item]], str]
    separator: str = ""
    opening: str = ""
    group: Callable[[Item], Any] = lambda item: None


class Reuse(NamedTuple):
    """The last build's files and their indexes, and where those of this build go; ``context`` stands for the program and pack."""

    old: Path
    old_indexes: Path
    new_indexes: Path
    context: str


class _Block(NamedTuple):
    digest: str
    ids: list[str]


def write_file(graph: kgraph.Graph, folder: Path, name: str, parts: Iterable[str | Section], *, context: object = None) -> None:
    """Write ``parts`` into the file ``name`` of ``folder``.

    Args:
        graph: the graph.
        folder: of the output.
        name: path of the file in the folder.
        parts: in their order.
        context: all that the text of an item depends on beside the item, the program and the domain pack.
    """
    with open(folder / name, "wb") as file:
        stream = kgraph.streamed(graph)
        reuse: Reuse | None = getattr(stream, "reuse", None)
        if reuse is None:
            for part in parts:
                file.writelines(text.encode() for text in ([part] if isinstance(part, str) else _whole(graph, part)))
            return
        writer = _Reusing(graph, file, name, reuse, context)
        for part in parts:
            if isinstance(part, str):
                file.write(part.encode())
            else:
                writer.section(part)
    writer.leave()


def joined(text: Callable[[Item], str], separator: str = "") -> Callable[[Sequence[Item]], str]:
    """Return how to write a block whose items are written one by one.

    >>> joined(str, ", ")([1, 2])
    '1, 2'
    """
    return lambda items: separator.join(map(text, items))


def blocks(section: Section, items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield ``items`` in blocks."""
    block: list[Item] = []
    last = None
    for item in items:
        group = section.group(item)
        if block and (group != last or _ends(section.key(item), len(block))):
            yield block
            block = []
        block.append(item)
        last = group
    if block:
        yield block


def _ends(next_id: str, length: int) -> bool:
    """Return whether a block of ``length`` items ends before ``next_id``."""
    return length >= _MOST or zlib.crc32(next_id.encode()) % _EVERY == 0


def _whole(graph: kgraph.Graph, section: Section) -> Iterator[str]:
    before = section.opening
    for block in blocks(section, section.items(graph)):
        yield before + section.text(block)
        before = section.separator


class _Reusing:
    """One file of a build, and that of the last build beside it."""

    def __init__(self, graph: kgraph.Graph, file: IO[bytes], name: str, reuse: Reuse, context: object) -> None:
        self._graph = graph
        self._file = file
        self._reuse = reuse
        self._name = name
        self._context = hashlib.sha256(f"{reuse.context}\0{context!r}".encode()).hexdigest()
        self._last = _read_index(reuse, name, self._context)
        self._index: list[list[tuple[str, int, int, str]]] = []
        self._old: IO[bytes] | None = None

    def section(self, section: Section) -> None:
        """Write one section: from the last file what is there, else from the graph."""
        number = len(self._index)
        known = {row[0]: row for row in self._last[number]} if number < len(self._last) else {}
        self._index.append([])
        fresh = self._fresh(section, known)
        before = section.opening
        for block in self._blocks(section):
            self._file.write(before.encode())
            before = section.separator
            data = self._found(known.get(block.digest))
            if data is None:
                data = section.text(self._taken(section, block, fresh, known)).encode()
            self._index[-1].append((block.digest, self._file.tell(), len(data), hashlib.sha256(data).hexdigest()))
            self._file.write(data)

    def leave(self) -> None:
        """Leave the index to the next build."""
        if self._old is not None:
            self._old.close()
        path = _index_path(self._reuse.new_indexes, self._name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"context": self._context, "sections": self._index}), encoding="utf-8")

    def _blocks(self, section: Section) -> Iterator[_Block]:
        rows = self._graph.digests(section.order)  # type: ignore[attr-defined]
        for block in blocks(_DIGESTS, rows):
            content = "\n".join(digest for _, digest, _ in block)
            digest = hashlib.sha256(f"{block[0][2]}\n{content}".encode()).hexdigest()
            yield _Block(digest, [id_ for id_, _, _ in block])

    def _fresh(self, section: Section, known: dict[str, Any]) -> Iterator[Item]:
        """Return an iterator of the items that are in no known block, in their order, or of all where many are not."""
        if not known:
            return section.items(self._graph)
        missing = [id_ for block in self._blocks(section) if block.digest not in known for id_ in block.ids]
        if len(missing) > 100_000:
            return section.items(self._graph)
        return section.items(self._graph.part(section.order, missing)) if missing else iter(())  # type: ignore[attr-defined]

    def _taken(self, section: Section, block: _Block, fresh: Iterator[Item], known: dict[str, Any]) -> list[Item]:
        """Return the items of a block."""
        if block.digest in known:  # it was, but its text was not what was written
            return list(section.items(self._graph.part(section.order, block.ids)))  # type: ignore[attr-defined]
        first = next(item for item in fresh if section.key(item) == block.ids[0])
        items = [first, *islice(fresh, len(block.ids) - 1)]
        assert [section.key(item) for item in items] == block.ids, f"the digests are not of the items of {section.order}"
        return items

    def _found(self, row: tuple[str, int, int, str] | None) -> bytes | None:
        """Return a block of the last build's file, if it is what that build has written."""
        if row is None:
            return None
        _, at, length, digest = row
        try:
            self._old = self._old or open(self._reuse.old / self._name, "rb")  # closed in leave
            self._old.seek(at)
            data = self._old.read(length)
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None


_DIGESTS = Section("", lambda graph: iter(()), lambda row: row[0], lambda rows: "", group=lambda row: row[2])


def _index_path(folder: Path, name: str) -> Path:
    return folder / f"{name.replace('/', '-')}.json"


def _read_index(reuse: Reuse, name: str, context: str) -> list[list[tuple[str, int, int, str]]]:
    try:
        index = json.loads(_index_path(reuse.old_indexes, name).read_text(encoding="utf-8"))
        if index["context"] != context:
            return []
        return [[(str(d), int(at), int(size), str(h)) for d, at, size, h in section] for section in index["sections"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
