"""Files written in blocks: what a block is made of tells whether the last build's file holds it already.

A file is texts and *sections*; a section goes through the entities, facts or documents of the graph and writes some of them, a
block (see ``kg.store.digests``), at a time. For a graph that streams from tables, an index beside the last build's files says
where in them the block with a given digest lies; a block that is not there, or does not fit its hash, is written anew. The bytes
are the same in any case.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from kg import graph as kgraph
from kg.store.digests import in_blocks

_MANY = 100_000
"""Items that are looked up by their ids; where more are asked for, all are gone through."""

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


def _whole(graph: kgraph.Graph, section: Section) -> Iterator[str]:
    before = section.opening
    for block in in_blocks(section.items(graph), key=section.key, group=section.group):
        yield before + section.text(block)
        before = section.separator


class _Reusing:
    """One file of a build, and that of the last build beside it."""

    def __init__(self, graph: kgraph.Graph, file: IO[bytes], name: str, reuse: Reuse, context: object) -> None:
        self._graph = graph
        self._stream = cast(kgraph.Streamed, graph)
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
        before = section.opening
        fresh = self._fresh(section, known)
        for digest, first, length in self._stream.blocks(section.order):
            self._file.write(before.encode())
            before = section.separator
            data = self._found(known.get(digest))
            if data is None:
                items = self._alone(section, digest) if digest in known else _next(section, fresh, first, length)
                data = section.text(items).encode()
            self._index[-1].append((digest, self._file.tell(), len(data), hashlib.sha256(data).hexdigest()))
            self._file.write(data)

    def leave(self) -> None:
        """Leave the index to the next build."""
        if self._old is not None:
            self._old.close()
        path = _index_path(self._reuse.new_indexes, self._name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"context": self._context, "sections": self._index}), encoding="utf-8")

    def _fresh(self, section: Section, known: Mapping[str, Any]) -> Iterator[Item]:
        """Return an iterator of the items of all blocks that are not known, in their order, and perhaps of others."""
        missing = self._stream.ids(section.order, wanted=lambda digest: digest not in known) if known else []
        if not known or len(missing) > _MANY:
            return section.items(self._graph)
        return section.items(self._part(section, missing)) if missing else iter(())

    def _alone(self, section: Section, digest: str) -> list[Item]:
        """Return the items of a block that should have been in the last build's file."""
        return list(section.items(self._part(section, self._stream.ids(section.order, wanted=lambda other: other == digest))))

    def _part(self, section: Section, ids: list[str]) -> kgraph.Graph:
        return cast(kgraph.Graph, self._stream.part(section.order, ids))

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


def _next(section: Section, items: Iterator[Item], first: str, length: int) -> list[Item]:
    """Return the next ``length`` items from that with the key ``first`` on."""
    return [next(item for item in items if section.key(item) == first), *islice(items, length - 1)]


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
