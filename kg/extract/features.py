"""Features of every character, as hashed numbers in arrays: what the tagger reads.

Every template yields one unsigned 64-bit number a character. A number stands for a template and its value; equal contexts give
equal
numbers on every machine. Nothing is kept as a string, which is what makes a linear model fast here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kg.extract.lexical import Lexed, Lexer

U64 = NDArray[np.uint64]
Ints = NDArray[np.int64]

_MIX = np.uint64(0x9E3779B97F4A7C15)
_SEED = np.uint64(0xBF58476D1CE4E5B9)
_FOLD = np.uint64(29)
_QUOTES = "“”\"＂"
_PAIRS = {"《": "》", "〈": "〉", "「": "」", "『": "』", "【": "】", "(": ")", "（": "）"}
_BREAKS = ",，。;；:：!！?？\n、"
_VERBAL = ("v", "p", "u", "c", "d", "r", "xc", "vd", "f")


@dataclass(frozen=True, slots=True)
class Hit:
    """A known word in the text: ``[start, end)`` with a small number for its class (a head noun, a registry name, a trigger)."""

    start: int
    end: int
    code: int


def mix(template: int, *values: U64 | Ints | NDArray[np.bool_] | np.uint64) -> U64:
    """Hash a template number and parallel value arrays (single numbers after the first) into one array."""
    state = np.asarray((template + 1) * int(_SEED) % 2**64, np.uint64)
    for value in values:
        state = state ^ value.astype(np.uint64, copy=False)
        state *= _MIX
        state ^= state >> _FOLD
    return state


_Column = TypeVar("_Column", U64, Ints)


def _shift(values: _Column, by: int, fill: int) -> _Column:
    out = np.full_like(values, fill)
    if by == 0:
        out[:] = values
    elif by > 0:
        out[:-by] = values[by:]
    else:
        out[-by:] = values[:by]
    return out


def _bucket(values: Ints, edges: Sequence[int] = (1, 2, 3, 4, 6, 9, 14)) -> Ints:
    return np.searchsorted(np.asarray(edges), values, side="right").astype(np.int64)


def _folded(text: str) -> NDArray[np.uint64]:
    """Code points with full-width forms and letters folded."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    wide = (points >= 0xFF01) & (points <= 0xFF5E)
    points = np.where(wide, points - 0xFEE0, points)
    upper = (points >= 65) & (points <= 90)
    return np.where(upper, points + 32, points)


def _kinds(points: U64) -> Ints:
    """0 other, 1 han, 2 digit, 3 letter, 4 space, 5 quote, 6 clause mark, 7 stop, 8 Chinese numeral, 9 bracket."""
    kind = np.zeros(len(points), np.int64)
    kind[(points >= 0x4E00) & (points <= 0x9FFF)] = 1
    kind[(points >= 48) & (points <= 57)] = 2
    kind[(points >= 97) & (points <= 122)] = 3
    for number, marks in ((4, " \t\u3000\n\r"), (5, "“”\"'‘’"), (6, ",、;:"), (7, "。!?"),
        (8, "一二三四五六七八九十百千万两零"), (9, "《》()「」【】〈〉")):
        kind[np.isin(points, _folded(marks))] = number
    return kind


def words_of(lexed: Lexed) -> tuple[Ints, Ints, Ints]:
    """Word starts, word ends, and for each character the number of its word."""
    starts = np.flatnonzero(lexed.begin).astype(np.int64)
    ends = np.append(starts[1:], len(lexed.begin))[: len(starts)].astype(np.int64)
    return starts, ends, (np.cumsum(lexed.begin) - 1).astype(np.int64)


def _word_hash(points: U64, starts: Ints, of: Ints) -> U64:
    with np.errstate(over="ignore"):
        inside = np.arange(len(points)) - starts[of]
        salt = mix(90, inside)
        return np.add.reduceat(mix(91, points) * (salt | np.uint64(1)), starts)


def quotes(text: str) -> list[tuple[int, int, int]]:
    """Quoted and bracketed stretches ``(open, close, kind)``: 0 for quotes, 1 for titles, 2 for brackets.

    Quote marks of a line pair up in turn, whichever way they are turned, if their number is even or they are straight; else an
    opening
    mark begins a pair anew.

    >>> quotes("以”三个抓实“推动")
    [(1, 6, 0)]
    >>> quotes("“甲,乙“主题党日,营造”丙“氛围")
    [(0, 4, 0), (12, 14, 0)]
    """
    found: list[tuple[int, int, int]] = []
    at = 0
    for line in text.split("\n"):
        marks = [at + place for place, mark in enumerate(line) if mark in _QUOTES]
        if len(marks) % 2 == 0:
            found += [(start, end, 0) for start, end in zip(marks[::2], marks[1::2], strict=True)]
        else:
            found += _turned(text, marks)
        waiting: list[tuple[str, int]] = []
        for place, mark in enumerate(line, at):
            if mark in _PAIRS:
                waiting.append((_PAIRS[mark], place))
            elif waiting and mark == waiting[-1][0]:
                found.append((waiting.pop()[1], place, 1 if mark in "》〉" else 2))
        at += len(line) + 1
    return sorted(found)


def _turned(text: str, marks: Sequence[int]) -> list[tuple[int, int, int]]:
    """Pair quote marks by the way they are turned: an opening mark where a closing one was due begins a pair anew."""
    found: list[tuple[int, int, int]] = []
    waiting = -1
    for at in marks:
        if waiting >= 0 and not (text[at] == "“" and text[waiting] == "“"):
            found.append((waiting, at, 0))
            waiting = -1
        else:
            waiting = at
    return found


def _spans(n: int, hits: Sequence[Hit]) -> tuple[Ints, Ints]:
    """For each character the code of the hit over it (0 for none) and its place there (1 begin, 2 inside, 3 end, 4 alone)."""
    code = np.zeros(n, np.int64)
    place = np.zeros(n, np.int64)
    for hit in hits:
        code[hit.start : hit.end] = hit.code
        place[hit.start : hit.end] = 2
        place[hit.start] = 1
        place[hit.end - 1] = 4 if hit.end - hit.start == 1 else 3
    return code, place


def _next(marks: NDArray[np.bool_]) -> Ints:
    """For each place the first marked place at or after it (n where there is none)."""
    n = len(marks)
    at = np.where(marks, np.arange(n), n)
    return np.minimum.accumulate(at[::-1])[::-1]


def _last(marks: NDArray[np.bool_]) -> Ints:
    """For each place the last marked place at or before it (-1 where there is none)."""
    return np.maximum.accumulate(np.where(marks, np.arange(len(marks)), -1))


def _repeats(points: U64) -> tuple[Ints, Ints]:
    """For each character how long a string from it (and up to it) stands elsewhere in the document: 0, 3, 4, 6, 8 or 12."""
    n = len(points)
    right = np.zeros(n, np.int64)
    left = np.zeros(n, np.int64)
    for size in (3, 4, 6, 8, 12):
        if n <= size:
            break
        with np.errstate(over="ignore"):
            grams = np.zeros(n - size + 1, np.uint64)
            for k in range(size):
                grams = (grams ^ points[k : n - size + 1 + k]) * _MIX
                grams ^= grams >> np.uint64(31)
        _, inverse, counts = np.unique(grams, return_inverse=True, return_counts=True)
        again = np.flatnonzero(counts[inverse] > 1)
        right[again] = size
        left[again + size - 1] = size
    return right, left


def feature_columns(text: str, lexed: Lexed, lexer: Lexer, *, heads: Sequence[Hit], names: Sequence[Hit],
    triggers: Sequence[Hit]) -> Iterator[U64]:
    """Hash the context of each character, one template after the other: a long text need not hold them all at once.

    Args:
        text: the document's text, n code points.
        lexed: its lexical analysis.
        lexer: the analyser, for its tag names.
        heads: head nouns in the text, non-overlapping; codes above 0.
        names: registry names in the text, non-overlapping; codes above 0.
        triggers: trigger words in the text, non-overlapping; codes above 0.

    Yields:
        For each template an array of n numbers.
    """
    n = len(text)
    points = _folded(text)
    kind = _kinds(points)
    starts, ends, of = words_of(lexed)
    yield from _surface(points, kind)
    yield from _word_columns(points, lexed, lexer, starts, ends, of)
    yield from _score_columns(lexed, lexer)
    yield from _head_columns(points, lexed, lexer, heads, starts, ends, of)
    yield from _quote_columns(text, points, of, n)
    yield from _known_columns(n, points, names, triggers)
    yield from _document_columns(text, points, lexed, starts, of)


def _surface(points: U64, kind: Ints) -> list[U64]:
    at = {k: _shift(points, k, 0) for k in range(-3, 4)}
    ck = {k: _shift(kind, k, 0) for k in range(-2, 3)}
    return [
        *(mix(1 + k + 3, at[k]) for k in range(-3, 4)),
        mix(10, at[-2], at[-1]), mix(11, at[-1], at[0]), mix(12, at[0], at[1]), mix(13, at[1], at[2]),
        mix(14, at[-1], at[0], at[1]), mix(15, at[-2], at[-1], at[0]), mix(16, at[0], at[1], at[2]), mix(17, at[-1], at[1]),
        mix(18, ck[-2], ck[-1], ck[0], ck[1], ck[2]),
    ]  # fmt: skip


def _word_columns(points: U64, lexed: Lexed, lexer: Lexer, starts: Ints, ends: Ints, of: Ints) -> list[U64]:
    # Tag numbers differ for the B and I parts of one tag; the first number of a name stands for both.
    canonical = np.array([lexer.tags.index(name) for name in lexer.tags], np.int64)
    word_tag = canonical[lexed.tag[starts]]
    word = _word_hash(points, starts, of)
    place = _place(starts, ends, of)
    tag = {k: _shift(word_tag, k, 99) for k in range(-3, 4)}
    near = {k: _shift(word, k, 0) for k in range(-2, 3)}
    length = np.minimum(ends - starts, 7)
    last_point = points[ends - 1]
    by_word: list[tuple[tuple[U64 | Ints, ...], int]] = [
        ((near[0],), 30), ((near[-1],), 31), ((near[1],), 32), ((tag[0],), 33), ((tag[-1], tag[0]), 34), ((tag[0], tag[1]), 35),
        ((tag[-1], tag[0], tag[1]), 36), ((tag[-2], tag[-1], tag[0]), 37), ((tag[0], tag[1], tag[2]), 38),
        ((near[-1], near[0]), 39),
        ((near[0], near[1]), 40), ((tag[0], length), 41), ((last_point, tag[0]), 42), ((near[2],), 43), ((near[-2],), 44),
        ((near[-1], tag[0]), 45),
        ((near[1], tag[0]), 46), ((_shift(last_point, 1, 0), tag[1]), 47), ((tag[1], tag[2], tag[3]), 48),
    ]  # fmt: skip
    return [mix(template, *(value[of] for value in values), place) for values, template in by_word]


def _place(starts: Ints, ends: Ints, of: Ints) -> Ints:
    at = np.arange(len(of))
    first, last = at == starts[of], at == ends[of] - 1
    return np.where(first & last, 3, np.where(first, 0, np.where(last, 2, 1))).astype(np.int64)


def _score_columns(lexed: Lexed, lexer: Lexer) -> list[U64]:
    top = lexed.scores.max(1, keepdims=True) if len(lexed.scores) else lexed.scores
    odds = np.exp(lexed.scores - top)
    odds /= odds.sum(1, keepdims=True) if len(odds) else 1
    names = np.array(lexer.tags)
    columns = []
    for number, wanted in enumerate(("ORG", "LOC", "PER", "nz", "nw", "n", "v", "vn")):
        share = odds[:, names == wanted].sum(1)
        level = np.searchsorted([0.02, 0.1, 0.3, 0.6, 0.9], share)
        columns.append(mix(60 + number, level, _shift(level, -1, 9), _shift(level, 1, 9)))
    starting = np.searchsorted([0.05, 0.3, 0.7, 0.95], odds[:, ~lexer.inside].sum(1))
    columns.append(mix(68, starting, _shift(starting, 1, 9)))
    return columns


def _head_columns(points: U64, lexed: Lexed, lexer: Lexer, heads: Sequence[Hit], starts: Ints, ends: Ints, of: Ints) -> list[U64]:
    n = len(points)
    code, place = _spans(n, heads)
    is_end = (place == 3) | (place == 4)
    stop = np.isin(points, _folded(_BREAKS))
    tags = np.array(lexer.tags)[lexed.tag]
    verbal = np.isin(tags, _VERBAL) & lexed.begin & (code == 0)
    next_stop, next_verbal, next_head = _next(stop), _next(verbal), _next(is_end)
    padded = np.append(code, 0)
    inside_clause = next_head < next_stop
    first = np.where(inside_clause, padded[next_head], 0)
    distance = _bucket(next_head - np.arange(n))
    limit = np.minimum(next_stop, next_verbal)
    last_before = np.append(_last(is_end), -1)
    ahead = last_before[np.minimum(limit, n) - 1] if n else last_before[:0]
    reachable = ahead >= np.arange(n)
    final = np.where(reachable, padded[ahead], 0)
    to_final = np.where(reachable, _bucket(ahead - np.arange(n)), 0)
    before = _last(is_end)
    before = _shift(before, -1, -1)
    previous = np.where((before >= 0) & (before >= _last(stop)), padded[before], 0)
    return [
        mix(70, code, place), mix(71, _shift(code, 1, 0), _shift(place, 1, 0)), mix(72, _shift(code, -1, 0),
            _shift(place, -1, 0)),
        mix(73, first, distance), mix(74, first, next_head < next_verbal, lexed.begin), mix(75, final, to_final), mix(76, final,
            lexed.begin, place),
        mix(77, previous, np.arange(n) - before == 1), mix(78, final, _shift(points, -1, 0)),
    ]  # fmt: skip


def _quote_columns(text: str, points: U64, of: Ints, n: int) -> list[U64]:
    kind = np.zeros(n, np.int64)
    from_open = np.zeros(n, np.int64)
    to_close = np.zeros(n, np.int64)
    size = np.zeros(n, np.int64)
    after = np.zeros(n, np.uint64)
    before = np.zeros(n, np.uint64)
    parts = np.zeros(n, np.int64)
    padded = np.concatenate([[np.uint64(0)] * 2, points, [np.uint64(0)] * 3])
    tail = mix(80, padded[3 : 3 + n], padded[4 : 4 + n])
    lead = mix(81, padded[0:n], padded[1 : 1 + n])
    for start, end, sort in quotes(text):
        if end - start > 60:
            continue
        inner = slice(start, end + 1)
        kind[inner] = sort + 1
        from_open[inner] = np.arange(end + 1 - start)
        to_close[inner] = np.arange(end - start, -1, -1)
        size[inner] = end - start - 1
        after[inner] = tail[end]
        before[inner] = lead[start]
        content = text[start + 1 : end]
        parts[inner] = min(3, sum(content.count(c) for c in "、,，")) + 4 * any(c in "的了是在" for c in content)
    opened, closed, room = _bucket(from_open), _bucket(to_close), _bucket(size)
    just_closed = _shift(to_close, -1, -1)
    return [
        mix(82, kind, opened, closed), mix(83, kind, room, parts, opened == 0), mix(84, kind, after, opened == 1), mix(85, kind,
            before, opened == 1),
        mix(86, _shift(kind, -1, 0), just_closed == 0, points), mix(87, kind, room, after), mix(88, kind, closed == 0, tail),
    ]  # fmt: skip


def _known_columns(n: int, points: U64, names: Sequence[Hit], triggers: Sequence[Hit]) -> list[U64]:
    code, place = _spans(n, names)
    cue, cue_place = _spans(n, triggers)
    last = _last((cue_place == 3) | (cue_place == 4))
    stop = _last(np.isin(points, _folded("。;；!！?？\n")))
    live = (last >= 0) & (last > stop)
    padded = np.append(cue, 0)
    before = np.where(live, padded[last], 0)
    away = np.where(live, _bucket(np.arange(n) - last), 0)
    return [
        mix(100, code, place), mix(101, _shift(code, -1, 0), _shift(place, -1, 0)), mix(102, _shift(code, 1, 0),
            _shift(place, 1, 0)),
        mix(103, cue, cue_place), mix(104, before, away), mix(105, before, _shift(cue, -1, 0)),
    ]  # fmt: skip


def _document_columns(text: str, points: U64, lexed: Lexed, starts: Ints, of: Ints) -> list[U64]:
    n = len(points)
    right, left = _repeats(points)
    word = _word_hash(points, starts, of)
    _, inverse, counts = np.unique(word, return_inverse=True, return_counts=True)
    often = _bucket(counts[inverse], (2, 3, 5, 9))[of]
    line_break = points == 10
    line = np.concatenate([[0], np.cumsum(line_break)[:-1]]) if n else np.zeros(0, np.int64)
    line_start = np.where(line_break, np.arange(n) + 1, 0)
    begin = np.concatenate([[0], np.maximum.accumulate(line_start)[:-1]]) if n else np.zeros(0, np.int64)
    end = _next(line_break)
    length = _bucket(end - begin, (1, 8, 16, 32, 64, 128))
    offset = _bucket(np.arange(n) - begin, (1, 2, 3, 6, 12))
    first = np.append(points, np.uint64(0))[begin]
    total = line[-1] if n else 0
    header = np.minimum(line, 4) + 5 * (line >= total - 2)
    marked = np.zeros(n, np.int64)
    for match in re.finditer(r"(来源|发布人|作者|供稿|记者|通讯员|编辑|责编|审核)[^\n]{0,40}", text):
        marked[match.start() : match.end()] = 1 + len(match[1])
    piece = np.zeros(n, np.int64)
    for start, _ in lexed.pieces:
        piece[start] = 1
    return [
        mix(110, _bucket(right, (3, 4, 6, 8, 12)), _bucket(left, (3, 4, 6, 8, 12))), mix(111, often, lexed.begin), mix(112,
            header, length),
        mix(113, offset, length, first), mix(114, marked, points), mix(115, marked, header), mix(116, piece,
            _shift(piece, -1, 0), points),
        mix(117, _shift(left, -1, 0), right, lexed.begin),
    ]  # fmt: skip
