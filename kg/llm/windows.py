"""A document in pieces that a model reads at a time: cut between sentences, each beginning with the last sentences before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kg.extract.relations import sentences
from kg.model import Document, Span

SIZE = 600
OVERLAP = 120
_LEAST = 150  # characters below which a window is not halved
_HEAD = 80
GAP = "\n……\n"
"""What stands for text left out between the parts of a window."""


@dataclass(frozen=True, slots=True)
class Window:
    """Parts of one document, in the order of the text, that are asked about at once; sentences that lie together are one part."""

    parts: tuple[Span, ...]

    @property
    def span(self) -> Span:
        """From the first character to the last."""
        return Span(self.parts[0].start, self.parts[-1].end)

    def text(self, document: Document) -> str:
        """Return the words, with a mark where something was left out."""
        return GAP.join(document.text[part.start : part.end].strip("\r\n") for part in self.parts)


def windows(text: str, *, size: int = SIZE, overlap: int = OVERLAP) -> list[Window]:
    """Cut ``text`` into windows of at most ``size`` characters (a longer sentence is one by itself).

    Each begins with the sentences before it that fit into ``overlap`` characters, so that what is referred to is shown, too.

    >>> [window.span for window in windows("第一句。第二句。第三句。第四句。", size=8, overlap=4)]
    [Span(start=0, end=8), Span(start=4, end=12), Span(start=8, end=16)]
    """
    rows = [Span(start, end) for start, end in sentences(text) if text[start:end].strip()]
    found: list[Window] = []
    first = 0
    while first < len(rows):
        last = first
        while last + 1 < len(rows) and rows[last + 1].end - rows[first].start <= size:
            last += 1
        found.append(Window((Span(rows[first].start, rows[last].end),)))
        if last + 1 >= len(rows):
            break
        begin = last + 1
        # The next window must hold at least one sentence more than what it repeats.
        while (
            begin - 1 > first
            and rows[last].end - rows[begin - 1].start <= overlap
            and (rows[last + 1].end - rows[begin - 1].start <= size)
        ):
            begin -= 1
        first = begin
    return found


def packed(chosen: Iterable[Span], *, size: int = SIZE) -> list[Window]:
    """Put chosen sentences (in the order of the text) together into as few windows of about ``size`` characters as hold them.

    >>> [window.parts for window in packed([Span(0, 4), Span(4, 8), Span(20, 24)], size=20)]
    [(Span(start=0, end=8), Span(start=20, end=24))]
    """
    found: list[list[Span]] = []
    used = 0
    for span in chosen:
        length = span.end - span.start
        if not found or used + length > size:
            found.append([span])
            used = length
            continue
        used += length
        if found[-1][-1].end == span.start:
            found[-1][-1] = Span(found[-1][-1].start, span.end)
        else:
            found[-1].append(span)
    return [Window(tuple(parts)) for parts in found]


def halves(window: Window, text: str) -> list[Window]:
    """Return the window as two, cut between sentences near the middle; nothing if it is too short for that."""
    rows = [row for part in window.parts for row in _rows(text, part)]
    total = sum(row.end - row.start for row in rows)
    if len(rows) < 2 or total < _LEAST:
        return []
    used = cut = 0
    while cut < len(rows) - 1 and (cut == 0 or used + rows[cut].end - rows[cut].start <= total / 2):
        used += rows[cut].end - rows[cut].start
        cut += 1
    return [_window(rows[:cut]), _window(rows[cut:])]


def head(document: Document) -> str:
    """Return what tells of whom a document speaks: its title, or else its first line."""
    if document.title is not None:
        title = document.text[document.title.start : document.title.end]
    else:
        title = next((line for line in document.text.splitlines() if line.strip()), "")
    return " ".join(title.split())[:_HEAD]


def _rows(text: str, part: Span) -> list[Span]:
    return [Span(part.start + s, part.start + e) for s, e in sentences(text[part.start : part.end])]


def _window(rows: Sequence[Span]) -> Window:
    return packed(rows, size=sum(row.end - row.start for row in rows))[0]
