"""What a reader found in a file or record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Content:
    """The text of a document, and what came beside it.

    ``pages`` are the offsets in ``text`` at which the pages begin. ``title`` and ``date`` are what the file's own fields say; the
    date is as it was written there.
    """

    text: str
    encoding: str = "utf-8"
    pages: tuple[int, ...] = ()
    title: str | None = None
    date: str | None = None


def missing(library: str, kind: str) -> str:
    """Return what to say where an optional library is not installed."""
    return f"is {kind}, which needs {library}: pip install 'kg-builder[formats]'"
