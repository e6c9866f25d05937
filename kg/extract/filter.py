"""The precision filter: which proposed names are names.

The tagger proposes more than it is sure of; this classifier sees every proposal as a whole — its words, its head, its quotes,
how often and where the
document says it, what the registry and the analyser think — and gives the confidence that the graph shows. It is fitted on
proposals for documents
that the tagger was not fitted on, so that its probabilities mean what they say.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kg.extract.analysis import Analysis
from kg.extract.bags import MOST, Bags
from kg.extract.loglinear import Classifier, Example, probabilities
from kg.extract.names import Named
from kg.extract.occurrences import occurrences
from kg.extract.stretches import U64, Ints, Range, Stretches, codes, stretches
from kg.naming import normalise
from kg.registry import Entry

KEPT = 1
_LEVELS = (0.15, 0.3, 0.45, 0.6, 0.75, 0.85, 0.92, 0.97, 0.99)
_OPEN = "“”\"《「『【("
_CLOSED = "”“》」』】)"
_INNER = ("v", "d", "p", "c", "u", "r")


def grouped(text: str, proposals: Sequence[Named]) -> list[list[Named]]:
    """Proposals of one type with one normalised name, in order of first mention."""
    groups: dict[tuple[str, str], list[Named]] = {}
    for span in sorted(proposals, key=lambda s: (s.start, s.end, s.type)):
        groups.setdefault((span.type, normalise(text[span.start : span.end])), []).append(span)
    return list(groups.values())


def filter_examples(reading: Analysis, groups: Sequence[Sequence[Named]], heads: Sequence[tuple[str, ...]]) -> list[Example]:
    """The features of proposed names.

    Args:
        reading: the document.
        groups: the spans of each name.
        heads: the classes that head nouns make, by their codes.
    """
    found: list[Example] = []
    said = occurrences(reading.text, [reading.text[span.start : span.end] for group in groups for span in group])
    known, ends = stretches(reading.text), _heads_by_end(reading, heads)
    for begin in range(0, len(groups), MOST):
        features = _features(reading, known, groups[begin : begin + MOST], ends, said)
        found += [Example(numbers, (0, KEPT)) for numbers in features]
    return found


def _features(reading: Analysis, known: Stretches, groups: Sequence[Sequence[Named]], heads: Mapping[int, str],
    said: Mapping[str, Sequence[int]]) -> list[U64]:
    best = [max(group, key=lambda s: (s.confidence, -s.start)) for group in groups]
    start, end = (np.array(edge, np.int64) for edge in ([s.start for s in best], [s.end for s in best]))
    kind = codes([span.type[:3] for span in best])
    sure = np.searchsorted(_LEVELS, [span.confidence for span in best])
    mean = np.searchsorted(_LEVELS, [sum(s.confidence for s in group) / len(group) for group in groups])
    times = np.array([min(len(group), 4) for group in groups], np.int64)
    total = np.array([min(len(said[reading.text[s.start : s.end]]), 5) for s in best], np.int64)
    length = np.minimum(end - start, 20) // 2
    head = codes([heads.get(span.end, "") for span in best])
    found = Bags(len(groups))
    found.put("k", kind)
    found.put("c", sure)
    found.put("ck", kind, sure)
    found.put("m", kind, mean)
    found.put("cm", sure, mean)
    found.put("n", kind, times)
    found.put("nt", kind, times, total)
    found.put("l", kind, length)
    found.put("lc", kind, length, sure)
    found.put("h", kind, head)
    found.put("hc", kind, head, sure)
    found.put("hl", kind, head, length)
    found.put("hd", kind, start < 60)
    _spelling(known, (start, end), kind, found)
    quoted = known.opened_by(_OPEN, np.maximum(start - 1, 0)) & (start > 0), known.opened_by(_CLOSED, end)
    found.put("q", kind, *quoted)
    found.put("qc", kind, *quoted, sure)
    _words(reading, best, (kind, sure, quoted[0] * 2 + quoted[1]), found)
    _registry(reading, best, (kind, sure), found)
    return found.by_example()


def _spelling(text: Stretches, span: Range, kind: U64, found: Bags) -> None:
    """How the name begins and ends, and what stands before and after it."""
    start, end = span
    found.put("x", text.of(start, end))
    found.put("s2", kind, text.of(np.maximum(end - 2, start), end))
    found.put("s1", kind, text.of(end - 1, end))
    found.put("p2", kind, text.of(start, np.minimum(start + 2, end)))
    found.put("p1", kind, text.of(start, start + 1))
    found.put("b", kind, text.of(start - 1, start))
    found.put("b2", kind, text.of(start - 2, start))
    found.put("a", kind, text.of(end, end + 1))
    found.put("a2", kind, text.of(end, end + 2))


def _words(reading: Analysis, best: Sequence[Named], values: tuple[U64, Ints, Ints], found: Bags) -> None:
    """The words of the name: whether it begins and ends with one, the first and the last, the tags, what is no name's word."""
    kind, sure, quoted = values
    words = [reading.words[reading.word_at[span.start] : reading.word_at[span.end - 1] + 1] for span in best]
    text = reading.text
    first, last = (codes([text[row[side][0] : row[side][1]] for row in words]) for side in (0, -1))
    inner = [{text[start:end] for start, end, tag in row if tag in _INNER} for row in words]
    aligned = [(row[0][0] == span.start) + 2 * (row[-1][1] == span.end) for row, span in zip(words, best, strict=True)]
    found.put("al", kind, np.array(aligned, np.int64))
    found.put("t", kind, codes(["".join(tag[:2] for _, _, tag in row[-4:]) for row in words]))
    found.put("w", kind, first)
    found.put("we", kind, last)
    found.put("fw", kind, codes([row[0][2] for row in words]), quoted)
    found.put("nw", kind, np.array([min(len(row), 6) for row in words], np.int64))
    found.put("v", kind, np.array([bool(row) for row in inner], np.bool_), sure)
    rows = np.repeat(np.arange(len(inner)), [len(row) for row in inner])
    found.of(rows, "i", kind[rows], codes([word for row in inner for word in row]))


def _registry(reading: Analysis, best: Sequence[Named], values: tuple[U64, Ints], found: Bags) -> None:
    """What the registry knows there, and how it lies on the name."""
    kind, sure = values
    names = [
        [f"{e.type[:3]}{e.subtype or ''}{_overlap((s, t), (span.start, span.end))}" for s, t, e in _known_at(reading, span)]
        for span in best
    ]
    found.put("nk", kind, np.array([not row for row in names], np.bool_), sure)
    rows = np.repeat(np.arange(len(names)), [len(row) for row in names])
    found.of(rows, "g", kind[rows], codes([name for row in names for name in row]))


def _known_at(reading: Analysis, span: Named) -> Sequence[tuple[int, int, Entry]]:
    """The registry's names that overlap a span."""
    first = bisect_right(reading.known, span.start, key=lambda known: known[1])
    return reading.known[first : bisect_left(reading.known, span.end, key=lambda known: known[0])]


def _overlap(known: tuple[int, int], span: tuple[int, int]) -> str:
    """How a known name lies on a span: the same, around it, or across it."""
    return "=" if known == span else "<" if known[0] <= span[0] and known[1] >= span[1] else ">"


def _heads_by_end(reading: Analysis, groups: Sequence[tuple[str, ...]]) -> dict[int, str]:
    """The classes of the head noun that ends at each place."""
    return {hit.end: "+".join(name[:4] for name in groups[hit.code - 1][:2]) for hit in reading.heads}


def judge(reading: Analysis, proposals: Sequence[Named], model: Classifier, *, heads: Sequence[tuple[str, ...]]) -> list[Named]:
    """Give every proposal the filter's confidence, one for all spans of a name."""
    groups = grouped(reading.text, proposals)
    chances = probabilities(filter_examples(reading, groups, heads), model)
    return confident(reading, groups, [float(chance[KEPT]) for chance in chances])


def confident(reading: Analysis, groups: Sequence[Sequence[Named]], chances: Sequence[float]) -> list[Named]:
    """The spans of names with their chances; a name that the registry knows is at least as sure as the tagger is of it."""
    known = {(start, end, entry.type) for start, end, entry in reading.known}
    out = []
    for group, chance in zip(groups, chances, strict=True):
        sure = max([chance, *(span.confidence for span in group if (span.start, span.end, span.type) in known)])
        out += [replace(span, confidence=round(sure, 4)) for span in group]
    return out
