"""Where a build leaves its memory and its tables for the next, and what must hold for the next to believe them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from kg.store.schema import TABLES
from kg.swap import link

ROWS = "rows.sqlite"
INDEX = "index.json"
FILES = (ROWS, *(f"tables/{table}.parquet" for table in TABLES))

LIMIT = 4 << 30
"""Bytes that the memory and the tables of a build may take."""

_CHUNK = 1 << 20


class Last(NamedTuple):
    """Where the last build left its memory, where this one leaves its own, and under which conditions it is the same.

    ``context`` stands for the program and the domain pack; ``digests`` of each document stand for its text, its annotation and
    all else that its row holds.
    """

    old: Path
    new: Path
    context: str
    digests: Mapping[str, str]


def recalled(last: Last, scratch: Path) -> bool:
    """Copy what the last build has left into ``scratch``; say whether it is whole and of the same program and pack.

    Each file must fit its hash: one that a disk has garbled, or that another program has written, costs the time of a build and
    no more.
    """
    try:
        index = json.loads((last.old / INDEX).read_text(encoding="utf-8"))
        if not isinstance(index, dict) or index.get("context") != last.context:
            return False
        (scratch / "tables").mkdir(parents=True, exist_ok=True)
        return all(_copied(last.old / name, scratch / name) == index["files"][name] for name in FILES)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def leave(last: Last, scratch: Path) -> None:
    """Leave the memory and the tables in ``scratch`` for the next build, unless they are too large.

    Raises:
        OSError: A file cannot be written.
    """
    if sum((scratch / name).stat().st_size for name in FILES) > LIMIT:
        return
    (last.new / "tables").mkdir(parents=True)
    for name in FILES:
        link(scratch / name, last.new / name)
    index = {"context": last.context, "files": {name: _hash(scratch / name) for name in FILES}}
    (last.new / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def _copied(source: Path, target: Path) -> str:
    """Copy a file and return the hash of the copy."""
    shutil.copyfile(source, target)
    return _hash(target)


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
