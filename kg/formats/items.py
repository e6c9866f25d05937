"""The documents that a file or a folder holds, one after the other, whatever they are packed in.

Walking is cheap and lazy: it names each document and gives a way to read it, so that a corpus is walked once for its names and
once for its texts, and no more than one document is in memory.
"""

from __future__ import annotations

import os
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from kg.errors import InputError
from kg.formats import READERS
from kg.formats.contents import Content
from kg.formats.records import TABLES, Record, has_text, records

ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz")
KNOWN = (*READERS, *TABLES, *ARCHIVES)
LARGEST = 512 << 20
"""Bytes of one file in an archive; a larger one is no report but an attack or a mistake."""


@dataclass(frozen=True, slots=True)
class Item:
    """A document to be read.

    ``path`` is absolute and unique, ``shown`` relative to the input that led here, both with forward slashes; they go on behind
    an archive or table with the member's path or the record's number. ``stem`` is the name to make the id of, ``full`` a longer
    one for twins in one place. ``load`` raises ``InputError`` if the document cannot be read; call it before the walk goes on.
    """

    path: str
    shown: str
    stem: str
    full: str
    load: Callable[[], tuple[bytes, Content]]


def kind_of(name: str) -> str:
    """Return the suffix that says what a file is, or an empty text.

    >>> kind_of("a.TXT"), kind_of("b.tar.gz"), kind_of("c.exe")
    ('.txt', '.tar.gz', '')
    """
    lower = name.lower()
    return next((suffix for suffix in sorted(KNOWN, key=len, reverse=True) if lower.endswith(suffix) and lower != suffix), "")


def walk(root: Path, *, listing: bool = False) -> Iterator[Item]:
    """Yield the documents in the file or folder ``root``, in the order of paths or in that of an archive or table.

    With ``listing``, only names are wanted and ``load`` is not called, which spares reading some texts.

    Raises:
        InputError: ``root`` does not exist or is no document, or holds none, or a folder or archive cannot be read to its end.
    """
    if root.is_dir():
        yield from _folder(root, listing=listing)
    elif not root.exists():
        raise InputError("is a link to nothing" if root.is_symlink() else "does not exist")
    elif not kind_of(root.name):
        raise InputError(f"is no document: {_named()} files are read, not {root.suffix or 'a file without suffix'}")
    else:
        yield from _file(root, root.name, listing=listing)


def _named() -> str:
    return f"{', '.join(KNOWN[:-1])} and {KNOWN[-1]}"


def _folder(root: Path, *, listing: bool) -> Iterator[Item]:
    others: Counter[str] = Counter()
    found = False
    errors: list[tuple[str, str]] = []

    def failed(error: OSError) -> None:
        errors.append((str(error.filename), str(error.strerror)))

    for folder, folders, files in os.walk(root, onerror=failed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith(".")):
            path = Path(folder, name)
            if not kind_of(name) or (kind_of(name) in (".csv", ".tsv", ".parquet") and not _is_corpus(path)):
                others[path.suffix or name] += 1
                continue
            found = True
            try:
                yield from _file(path, path.relative_to(root).as_posix(), listing=listing)
            except InputError as error:
                errors.append((str(path), str(error)))
    if errors:
        raise InputError("; ".join(f"{name}: {_unread(why)}" for name, why in errors))
    if not found:
        holds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(others.items())[:5]) or "nothing"
        raise InputError(f"holds no {', '.join(KNOWN[:-1])} or {KNOWN[-1]} file (it holds {holds})")


def _unread(why: str) -> str:
    return why if why[:1].islower() else f"cannot be read: {why}"


def _is_corpus(path: Path) -> bool:
    """Say whether a table lying in a folder has a column of texts; others lie beside reports and are none."""
    try:
        with open(path, "rb") as file:
            return has_text(file, kind_of(path.name))
    except OSError:
        return True  # to be said when it is read


def _file(path: Path, shown: str, *, listing: bool) -> Iterator[Item]:
    kind = kind_of(path.name)
    if kind in READERS:
        yield Item(path.as_posix(), shown, path.stem, path.name.replace(".", "-"), partial(_load, partial(_bytes, path), kind))
        return
    try:
        if kind == ".zip":
            yield from _zip(path, shown, listing=listing)
        elif kind in ARCHIVES:
            yield from _tar(path, shown, listing=listing)
        else:
            with open(path, "rb") as file:
                yield from _table(file, path.as_posix(), shown, kind, listing=listing)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error


def _load(read: Callable[[], bytes], kind: str) -> tuple[bytes, Content]:
    data = read()
    if not data:
        raise InputError("is empty")
    return data, READERS[kind](data)


def _table(file: BinaryIO, path: str, shown: str, kind: str, *, listing: bool) -> Iterator[Item]:
    stem = path.rsplit("/", 1)[-1][: -len(kind)]
    seen: dict[str, int] = {}
    found = False
    for record in records(file, kind, listing=listing):
        found = True
        number = f"{record.number:06d}"
        first = seen.setdefault(record.id, record.number) if record.id else record.number
        twice = f"its id {record.id!r} is that of number {first}" if first != record.number else ""
        name = f"{stem}-{number}" if twice or not record.id else record.id
        full = name if name.endswith(number) else f"{name}-{number}"
        yield Item(f"{path}/{number}", f"{shown}#{record.number}", name, full, partial(_load_record, record, twice))
    if not found:
        raise InputError("holds no record")


def _load_record(record: Record, wrong: str) -> tuple[bytes, Content]:
    if wrong or record.wrong:
        raise InputError(wrong or record.wrong)
    return record.text.encode(), Content(record.text, record.encoding, title=record.title, date=record.date)


def _members(name: str) -> str:
    """Return the kind of an archive's member, empty for what is no document: hidden files and what macOS adds."""
    parts = name.replace("\\", "/").split("/")
    if any(part.startswith((".", "__MACOSX")) for part in parts):
        return ""
    return kind_of(parts[-1])


def _member(
    path: Path, shown: str, name: str, read: Callable[[], bytes], open_: Callable[[], BinaryIO], *, listing: bool
) -> Iterator[Item]:
    kind = _members(name)
    here, there = f"{path.as_posix()}/{name}", f"{shown}/{name}"
    if kind in READERS:
        last = name.rsplit("/", 1)[-1]
        yield Item(here, there, last[: -len(kind)], last.replace(".", "-"), partial(_load, read, kind))
    elif kind in TABLES:
        with open_() as file:
            yield from _table(file, here, there, kind, listing=listing)


def _zip(path: Path, shown: str, *, listing: bool) -> Iterator[Item]:
    found = False
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                name = _zip_name(info)
                if info.is_dir() or not _members(name) or _members(name) in ARCHIVES:
                    continue
                found = True
                read = partial(_zip_bytes, archive, info)
                yield from _member(path, shown, name, read, partial(_opened, archive, info), listing=listing)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"is a broken ZIP archive: {error}") from error
    if not found:
        raise InputError("is an archive without any document")


def _opened(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    return cast(BinaryIO, archive.open(info))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; where the archive does not say that it is UTF-8, Chinese Windows wrote GBK (APPNOTE.TXT, 4.4.4)."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _zip_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    _check_size(info.file_size)
    try:
        with archive.open(info) as file:
            return file.read(LARGEST + 1)
    except RuntimeError as error:  # what zipfile raises for a password
        raise InputError(f"cannot be unpacked: {error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(f"is broken in its archive: {error}") from error


def _tar(path: Path, shown: str, *, listing: bool) -> Iterator[Item]:
    found = False
    try:
        with tarfile.open(path, "r:*") as archive:
            for info in archive:
                archive.members = []  # type: ignore[attr-defined]  # else all of them stay in memory
                if not info.isfile() or not _members(info.name) or _members(info.name) in ARCHIVES:
                    continue
                found = True
                name = info.name.removeprefix("./")
                open_ = partial(_extracted, archive, info)
                yield from _member(path, shown, name, partial(_tar_bytes, open_, info.size), open_, listing=listing)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise InputError(f"is a broken archive: {error}") from error
    if not found:
        raise InputError("is an archive without any document")


def _extracted(archive: tarfile.TarFile, info: tarfile.TarInfo) -> BinaryIO:
    file = archive.extractfile(info)
    assert file is not None  # it is a file
    return cast(BinaryIO, file)


def _tar_bytes(open_: Callable[[], BinaryIO], size: int) -> bytes:
    _check_size(size)
    try:
        with open_() as file:
            return file.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise InputError(f"is broken in its archive: {error}") from error


def _check_size(size: int) -> None:
    if size > LARGEST:
        raise InputError(f"is {size >> 20} MB large; a document may have {LARGEST >> 20} MB")
