"""Read documents: files and folders in, ``Document`` values with unmodified text out."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg.decode import decode
from kg.errors import InputError
from kg.model import Document
from kg.structure import find_date, find_publisher, find_sections, find_title, lines

SUFFIXES = (".txt", ".md")
_LONGEST = 240  # bytes of an id: with ".json" it must still be a file name


@dataclass(frozen=True, slots=True)
class Problem:
    """A document or folder that could not be used, and why; the other documents are."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class _Source:
    """A file to read: ``path`` is absolute, ``shown`` relative to the input that led to it, with forward slashes."""

    path: Path
    shown: str


def read_corpus(inputs: Sequence[Path]) -> tuple[list[Document], list[Problem]]:
    """Return the documents of ``inputs``, sorted by id, and what could not be read.

    An input is a ``.txt`` or ``.md`` file or a folder, which is read with all folders below it; hidden files, files with other
    names and folders that are symbolic links are left alone. The text is what the bytes say, byte order mark apart: line ends and
    ``<PAGE_DIV>`` stay. A document's id is the stem of its file; where stems collide, folder names are put before it.

    Raises:
        InputError: Nothing could be read; the message lists why.
    """
    sources: dict[Path, _Source] = {}
    problems: list[Problem] = []
    for item in inputs:
        try:
            for source in _find(item):
                sources.setdefault(source.path, source)
        except InputError as error:
            problems.append(Problem(str(item), str(error)))
    documents = []
    for source, document_id in _identify(list(sources.values())):
        try:
            documents.append(read_document(source.path, document_id=_writable(document_id), shown=_writable(source.shown)))
        except InputError as error:
            problems.append(Problem(source.shown, str(error)))
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
    text, encoding = decode(data)
    rows = lines(text)
    if not rows:
        raise InputError("is empty" if not data else "holds nothing but white space")
    return Document(
        id=document_id or path.stem,
        path=shown or path.name,
        text=text,
        sha256=hashlib.sha256(data).hexdigest(),
        encoding=encoding,
        title=find_title(text, rows),
        date=find_date(text, rows),
        publisher=find_publisher(text, rows),
        sections=find_sections(text, rows),
    )


def _find(item: Path) -> Iterator[_Source]:
    """Yield the files that the input ``item`` names, in the order of their paths."""
    root = Path(os.path.abspath(item))
    if root.is_dir():
        yield from _find_below(root)
    elif not root.exists():
        what = "is a link to nothing" if root.is_symlink() else "does not exist"
        raise InputError(what)
    elif root.suffix.lower() not in SUFFIXES:
        raise InputError(f"is no document: {' and '.join(SUFFIXES)} files are read, not {root.suffix or 'a file without suffix'}")
    else:
        yield _Source(root, root.name)


def _find_below(root: Path) -> Iterator[_Source]:
    others: Counter[str] = Counter()
    found = False
    errors: list[OSError] = []
    for folder, folders, files in os.walk(root, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith(".")):
            path = Path(folder, name)
            if path.suffix.lower() in SUFFIXES:
                found = True
                yield _Source(path, path.relative_to(root).as_posix())
            else:
                others[path.suffix or name] += 1
    for error in errors:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}")
    if not found:
        holds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(others.items())[:5]) or "nothing"
        raise InputError(f"holds no {' or '.join(SUFFIXES)} file (it holds {holds})")


def _identify(sources: list[_Source]) -> list[tuple[_Source, str]]:
    """Give each source an id that is unique whatever the file system's view of case: its stem, or more of its path.

    Only those that collide get longer, so that one more document does not rename the others.
    """
    twins = Counter((s.path.parent, _folded(s.path.stem)) for s in sources)
    depth = {source: 0 for source in sources}
    while True:
        ids = {s: _id(s, depth[s], twin=twins[s.path.parent, _folded(s.path.stem)] > 1) for s in sources}
        shared = Counter(map(_folded, ids.values()))
        clashing = [source for source in sources if shared[_folded(ids[source])] > 1]
        if not clashing:
            return list(ids.items())
        for source in clashing:
            depth[source] += 1


def _id(source: _Source, depth: int, *, twin: bool) -> str:
    """Return stem or, for a ``twin`` in the same folder (a.txt, a.md), name, with ``depth`` folders before it."""
    stem = source.path.name.replace(".", "-") if twin else source.path.stem
    if depth > len(Path(source.shown).parts) + 2:  # names that differ only in case or in where a "-" stands
        return f"{stem}-{hashlib.sha256(os.fsencode(source.path)).hexdigest()[:8]}"
    folders = source.path.parts[1:-1]
    name = "-".join((*folders[max(0, len(folders) - depth) :], stem))
    if len(os.fsencode(name)) > _LONGEST:
        name = f"{name[: _LONGEST // 4]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"
    return name


def _writable(name: str) -> str:
    """Return ``name`` with the bytes of a broken file name, which no UTF-8 file could hold, replaced."""
    return os.fsencode(name).decode("utf-8", errors="replace")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
