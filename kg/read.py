"""Read documents: files, folders, archives and tables in, ``Document`` values with unmodified text out."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg.errors import InputError
from kg.formats import READERS
from kg.formats.contents import Content
from kg.formats.items import Item, kind_of, walk
from kg.model import Document
from kg.structure import find_date, find_publisher, find_sections, find_title, iso_date, lines

_LONGEST = 240  # bytes of an id: with ".json" it must still be a file name


@dataclass(frozen=True, slots=True)
class Problem:
    """A document or folder that could not be used, and why; the other documents are."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class _Source:
    """A document's names before it is read; see ``kg.formats.items.Item``."""

    path: str
    shown: str
    stem: str
    full: str


class Corpus:
    """The documents of ``inputs``: their ids at once, their texts as one iterates, one at a time, in the order of the inputs.

    An input is a file of a known format (``kg.formats.items.KNOWN``) or a folder, which is read with all folders below it; hidden
    files, files with other names and folders that are symbolic links are left alone. Archives and tables hold many documents. A
    document's id is the stem of its file or the id of its record; where those collide, folder names are put before it.
    """

    def __init__(self, inputs: Sequence[Path]) -> None:
        """Find the documents; what cannot be looked through is among the problems that iterating yields."""
        self._roots = [Path(os.path.abspath(item)) for item in inputs]
        sources: dict[str, _Source] = {}
        self._problems: list[Problem] = []
        for item, root in zip(inputs, self._roots, strict=True):
            try:
                for found in walk(root, listing=True):
                    sources.setdefault(found.path, _Source(found.path, found.shown, found.stem, found.full))
            except InputError as error:
                self._problems.append(Problem(_writable(str(item)), str(error)))
        self._ids = {source.path: _writable(document_id) for source, document_id in _identify(list(sources.values()))}

    def __len__(self) -> int:
        """Return how many documents there are to read."""
        return len(self._ids)

    def __iter__(self) -> Iterator[Document | Problem]:
        """Yield each document, or why it or a folder could not be read."""
        yield from self._problems
        rest = dict(self._ids)
        for root in self._roots:
            try:
                for item in walk(root):
                    document_id = rest.pop(item.path, None)
                    if document_id is not None:
                        yield _read(item, document_id)
            except InputError:
                pass  # found in __init__, too, or what was there then is among the rest
        yield from (Problem(_writable(path), "was there when the build began and is gone") for path in rest)


def read_corpus(inputs: Sequence[Path]) -> tuple[list[Document], list[Problem]]:
    """Return the documents of ``inputs``, sorted by id, and what could not be read; see ``Corpus``.

    The text is what the bytes say, byte order mark apart: line ends and ``<PAGE_DIV>`` stay.

    Raises:
        InputError: Nothing could be read; the message lists why.
    """
    found = list(Corpus(inputs))
    documents = [item for item in found if isinstance(item, Document)]
    problems = [item for item in found if isinstance(item, Problem)]
    if not documents:
        raise InputError("\n".join(f"{p.path}: {p.message}" for p in problems) or "no input was given")
    return sorted(documents, key=lambda d: d.id), problems


def read_document(path: Path, *, document_id: str | None = None, shown: str | None = None) -> Document:
    """Return the document in the file ``path``; ``shown`` is the path that the document carries.

    Raises:
        InputError: The file cannot be read, is empty, or is no text in a known encoding. The message leaves out the path.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
    if not data:
        raise InputError("is empty")
    content = READERS.get(kind_of(path.name), READERS[".txt"])(data)
    return document_of(data, content, document_id=document_id or path.stem, path=shown or path.name)


def document_of(data: bytes, content: Content, *, document_id: str, path: str) -> Document:
    """Return the document whose file's bytes are ``data`` and whose text and fields are ``content``.

    Raises:
        InputError: The text holds nothing.
    """
    text = content.text
    rows = lines(text)
    if not rows:
        raise InputError("holds nothing but white space")
    return Document(
        id=document_id,
        path=path,
        text=text,
        sha256=hashlib.sha256(data).hexdigest(),
        encoding=content.encoding,
        title=find_title(text, rows),
        date=(iso_date(content.date) if content.date else None) or find_date(text, rows),
        publisher=find_publisher(text, rows),
        sections=find_sections(text, rows),
        given_title=content.title,
        pages=content.pages,
    )


def _read(item: Item, document_id: str) -> Document | Problem:
    try:
        return document_of(*item.load(), document_id=document_id, path=_writable(item.shown))
    except InputError as error:
        return Problem(_writable(item.shown), str(error))


def _identify(sources: list[_Source]) -> list[tuple[_Source, str]]:
    """Give each source an id that is unique whatever the file system's view of case: its stem, or more of its path.

    Only those that collide get longer, so that one more document does not rename the others.
    """
    twins = Counter(map(_place, sources))
    depth = {source: 0 for source in sources}
    while True:
        ids = {s: _id(s, depth[s], twin=twins[_place(s)] > 1) for s in sources}
        shared = Counter(map(_folded, ids.values()))
        clashing = [source for source in sources if shared[_folded(ids[source])] > 1]
        if not clashing:
            return list(ids.items())
        for source in clashing:
            depth[source] += 1


def _place(source: _Source) -> tuple[str, str]:
    return source.path.rsplit("/", 1)[0], _folded(source.stem)


def _id(source: _Source, depth: int, *, twin: bool) -> str:
    """Return stem or, for a ``twin`` in the same place (a.txt, a.md), the longer name, with ``depth`` folders before it."""
    stem = source.full if twin else source.stem
    if depth > source.shown.count("/") + 3:  # names that differ only in case or in where a "-" stands
        return f"{stem}-{hashlib.sha256(os.fsencode(source.path)).hexdigest()[:8]}"
    folders = source.path.split("/")[1:-1]
    name = "-".join((*folders[max(0, len(folders) - depth) :], stem))
    if len(os.fsencode(name)) > _LONGEST:
        name = f"{name[: _LONGEST // 4]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"
    return name


def _writable(name: str) -> str:
    """Return ``name`` with the bytes of a broken file name, which no UTF-8 file could hold, replaced."""
    return os.fsencode(name).decode("utf-8", errors="replace")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
