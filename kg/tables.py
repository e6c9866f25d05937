"""The tab-separated files of a domain pack: one header line, ``#`` starts a comment line, nothing is quoted."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from pathlib import Path

from kg.errors import PackError


def read_rows(path: Path, header: tuple[str, ...], *, directives: str = "") -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield ``(line number, cells)`` of a file; line numbers count from 1, cells are stripped.

    Cells missing at the end of a line are empty: editors drop trailing tabs. A line whose first character is in ``directives`` is
    yielded with as many cells as it has, and may stand before the header.

    Raises:
        PackError: The file is no UTF-8, its header differs from ``header``, or a line has too many or too few cells.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(f"{path}: cannot be read: {error}") from error
    shown = " <tab> ".join(header)
    seen_header = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = tuple(cell.strip() for cell in line.split("\t"))
        if directives and line[0] in directives:
            yield number, cells
        elif not seen_header:
            if cells != header:
                raise PackError(f"{path}:{number}: the first line must be {shown!r}, not {line!r}")
            seen_header = True
        elif len(cells) > len(header) or len(cells) < 2 or not cells[0]:
            raise PackError(f"{path}:{number}: expected {len(header)} columns ({shown}), got {len(cells)}: {line!r}")
        else:
            yield number, cells + ("",) * (len(header) - len(cells))


def check_cell(value: str, allowed: Collection[str], *, kind: str, where: str) -> None:
    """Raise if a cell holds a name that does not exist; ``where`` is ``file:line``.

    Raises:
        PackError: ``value`` is not in ``allowed``; the message offers the nearest name and lists at most thirty.
    """
    if value in allowed:
        return
    close = difflib.get_close_matches(value, list(allowed), 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    known = sorted(allowed)
    listed = ", ".join(known[:30]) + (", …" if len(known) > 30 else "")
    raise PackError(f"{where}: unknown {kind} {value!r}{hint} Known: {listed or 'none'}")
