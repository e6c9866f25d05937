"""Answers kept on disk, so that an interrupted run goes on where it stopped and a second one costs nothing.

The key is a hash of document, conversation (with the prompt and the words asked about), schema and model. A file that a kill cut
short, or a person edited to nonsense, is no more than a miss.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kg.errors import InputError
from kg.llm.wire import Reply


def default_folder() -> Path:
    """Return where answers are kept unless told otherwise: ``kg/llm`` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kg" / "llm"


def answer_key(document: str, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any], model: str) -> str:
    """Return the key of an answer; ``document`` is the SHA-256 of the document's file."""
    data = json.dumps([document, [dict(m) for m in messages], schema, model], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()


class Answers:
    """The answers in a folder; a file each, which appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder; it is made for the first answer."""
        self._folder = folder

    def get(self, key: str) -> Reply | None:
        """Return the answer, or ``None`` if there is none that can be read."""
        try:
            data = json.loads(self._path(key).read_text(encoding="utf-8"))
            reply = Reply(**data)
        except (OSError, ValueError, TypeError):
            return None
        good = isinstance(reply.content, str) and isinstance(reply.read, int) and isinstance(reply.written, int)
        return reply if good and isinstance(reply.cut, bool) else None

    def put(self, key: str, reply: Reply) -> None:
        """Keep an answer.

        Raises:
            InputError: The folder cannot be written.
        """
        path = self._path(key)
        try:
            # Others cannot read it: it holds what documents say.
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.parent.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                json.dump(asdict(reply), file, ensure_ascii=False)
            os.replace(name, path)
        except OSError as error:
            raise InputError(f"{path.parent}: answers cannot be kept: {error.strerror}") from error

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"
