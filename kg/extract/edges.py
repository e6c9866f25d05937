"""Edges of names that marks in the text decide: a quotation or a bracket is inside a name as a whole or not at all."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from kg.extract.names import Named

_PAIRS = {"”": "“", "》": "《"}
_FARTHEST = 60
_QUOTED = re.compile(r"“([^“”\n。！？!?]{2,60})[。！？!?]?”|《([^《》\n]{2,60})》")
_TWO_BODIES = re.compile(r".{0,12}(?:[省市县区旗州]委|党工委)(?=[、和]?(?:[省市县区旗州]政府|管委会)$)")
_FORMULAS = ("Slogan", "Document")


def whole(text: str, found: Sequence[Named]) -> list[Named]:
    """Set the edges of names right where marks decide; of names that then overlap the surest stays.

    A name that holds a closing quote begins behind its opening one: “甲、乙”主题活动. A slogan or document that fills one side of
    a quotation fills it. A bracket that has no partner in the name does not belong to it. 某县委县政府 is two bodies.

    >>> text = "举办“守初心,担使命”主题活动"
    >>> [text[s.start:s.end] for s in whole(text, [Named(7, 15, "Event", 0.9)])]
    ['守初心,担使命”主题活动']
    """
    quotations = [match.span(match.lastindex or 0) for match in _QUOTED.finditer(text)]
    found = [part for span in found for part in _parted(text, span)]
    mended = [_filled(_bracketed(text, _opened(text, span)), quotations) for span in found]
    # What was set right covers more than what stood there before: pieces of the same name give way to it.
    order = sorted(zip(mended, found, strict=True), key=_standing)
    kept: list[Named] = []
    taken = bytearray(len(text))
    for span, _ in order:
        if span.start < span.end and not any(taken[span.start : span.end]):
            kept.append(span)
            taken[span.start : span.end] = b"\1" * (span.end - span.start)
    return sorted(kept, key=lambda s: s.start)


def _parted(text: str, span: Named) -> list[Named]:
    """A committee and the government of its place, run together, are two bodies: 某县委县政府."""
    match = _TWO_BODIES.match(text, span.start, span.end) if span.type == "Organization" else None
    if match is None:
        return [span]
    second = match.end() + (text[match.end()] in "、和")
    return [replace(span, end=match.end()), replace(span, start=second)]


def _standing(pair: tuple[Named, Named]) -> tuple[bool, int, float, int]:
    """Who stays where names overlap: the one that was set right, the longer one, the surer one."""
    now, before = pair
    changed = now != before
    return (not changed, (now.start - now.end) * changed, -now.confidence, now.start)


def _opened(text: str, span: Named) -> Named:
    """Begin behind the opening quote of a quotation that ends inside the name."""
    for closing, opening in _PAIRS.items():
        at = text.find(closing, span.start, span.end)
        if at < 0 or opening in text[span.start : at]:
            continue
        low = max(text.rfind("\n", 0, span.start) + 1, span.start - _FARTHEST)
        start = text.rfind(opening, low, span.start)
        if start >= 0 and closing not in text[start : span.start]:
            return replace(span, start=start + 1)
    return span


def _bracketed(text: str, span: Named) -> Named:
    """Leave out a bracket at an end of the name that has no partner in it; take in the one that closes right behind it."""
    name = text[span.start : span.end]
    closed, opened = sum(name.count(mark) for mark in ")）"), sum(name.count(mark) for mark in "(（")
    if closed > opened and name[-1] in ")）":
        return replace(span, end=span.end - 1)
    if opened > closed and text[span.end : span.end + 1] in (")", "）"):
        return replace(span, end=span.end + 1)
    if opened > closed:
        return replace(span, end=span.start + max(name.rfind(mark) for mark in "(（"))
    return span


def _filled(span: Named, quotations: Sequence[tuple[int, int]]) -> Named:
    """Let a formula that fills one side of a quotation fill it."""
    before = bisect_right(quotations, span.start, key=lambda quotation: quotation[0])
    if span.type in _FORMULAS and before:
        start, end = quotations[before - 1]
        if span.end <= end and (start == span.start or end == span.end):
            return replace(span, start=start, end=end)
    return span
