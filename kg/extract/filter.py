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
from kg.extract.loglinear import Classifier, Example, hashed, probabilities
from kg.extract.names import Named
from kg.extract.occurrences import occurrences
from kg.naming import normalise
from kg.registry import Entry

KEPT = 1
_LEVELS = (0.15, 0.3, 0.45, 0.6, 0.75, 0.85, 0.92, 0.97, 0.99)
_OPEN = "“”\"《「『【("


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
    ends = _heads_by_end(reading, heads)
    said = occurrences(reading.text, [reading.text[span.start : span.end] for group in groups for span in group])
    return [_example(reading, group, ends, said) for group in groups]


def _example(reading: Analysis, group: Sequence[Named], heads: Mapping[int, str], said: Mapping[str, Sequence[int]]) -> Example:
    text = reading.text
    best = max(group, key=lambda s: (s.confidence, -s.start))
    name = text[best.start : best.end]
    kind = best.type[:3]
    sure = int(np.searchsorted(_LEVELS, best.confidence))
    mean = int(np.searchsorted(_LEVELS, sum(s.confidence for s in group) / len(group)))
    total = len(said[name])
    words = reading.words[reading.word_at[best.start] : reading.word_at[best.end - 1] + 1]
    aligned = f"{words[0][0] == best.start}{words[-1][1] == best.end}"
    tags = "".join(tag[:2] for _, _, tag in words[-4:])
    before, after = text[max(0, best.start - 2) : best.start], text[best.end : best.end + 2]
    quoted = f"{before[-1:] in _OPEN and before != ''}{after[:1] in '”“》」』】)' and after != ''}"
    head = heads.get(best.end, "")
    known = sorted({
        f"{e.type[:3]}{e.subtype or ''}{_overlap((s, t), (best.start, best.end))}"
        for s, t, e in _known_at(reading, best)
    })  # fmt: skip
    inner = {text[s:t] for s, t, tag in words if tag in ("v", "d", "p", "c", "u", "r")}
    length = min(len(name), 20) // 2
    parts = [
        f"k{kind}", f"c{sure}", f"ck{sure}{kind}", f"m{mean}{kind}", f"cm{sure}{mean}", f"n{min(len(group), 4)}{kind}",
        f"nt{min(len(group), 4)}{min(total, 5)}{kind}", f"l{length}{kind}", f"lc{length}{kind}{sure}",
        f"t{tags}{kind}", f"al{aligned}{kind}", f"q{quoted}{kind}", f"qc{quoted}{kind}{sure}", f"h{head}{kind}",
        f"hc{head}{kind}{sure}", f"hl{head}{kind}{length}", f"s2{name[-2:]}{kind}", f"s1{name[-1:]}{kind}",
        f"p2{name[:2]}{kind}", f"p1{name[:1]}{kind}", f"b{before[-1:]}{kind}", f"b2{before}{kind}", f"a{after[:1]}{kind}",
        f"a2{after}{kind}", f"x{name}", f"w{text[words[0][0]:words[0][1]]}{kind}",
        f"we{text[words[-1][0]:words[-1][1]]}{kind}", f"hd{best.start < 60}{kind}", f"nk{not known}{kind}{sure}",
        f"fw{words[0][2]}{kind}{quoted}", f"nw{min(len(words), 6)}{kind}", f"v{len(inner) > 0}{kind}{sure}",
    ]  # fmt: skip
    parts += [f"g{item}{kind}" for item in known] + [f"i{word}{kind}" for word in sorted(inner)]
    return Example(hashed(parts, of="F"), (0, KEPT))


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
    return [replace(span, confidence=round(float(chance[KEPT]), 4)) for group, chance in zip(groups, chances, strict=True)
        for span in group]
