"""Which short form names which longer one: the forms of a document's names, and the pairs that the linker judges."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kg.extract.bags import Bags
from kg.extract.loglinear import Example
from kg.extract.names import Named, subsequence
from kg.extract.stretches import U64, Ints, codes, stretches
from kg.naming import normalise

_NEAR = 32
"""How many forms to either side, in the order of first mention and alike in some way, are looked at."""

_RIVALS = 16
_AT_ONCE = 4096
_PLACES = ("prefix", "suffix", "inner", "subsequence", "other")
_LONGEST_EDGE = 6


@dataclass(frozen=True, slots=True)
class Form:
    """All spans of one normalised name of one type."""

    key: str
    type: str
    spans: tuple[Named, ...]

    @property
    def start(self) -> int:
        """Where it is first said."""
        return self.spans[0].start


def forms_of(text: str, found: Sequence[Named]) -> list[Form]:
    """Group spans of one type with equal normalised text, in order of first mention."""
    groups: dict[tuple[str, str], list[Named]] = {}
    for span in sorted(found, key=lambda s: (s.start, s.end)):
        key = normalise(text[span.start : span.end])
        if key:
            groups.setdefault((span.type, key), []).append(span)
    return [Form(key, kind, tuple(spans)) for (kind, key), spans in groups.items()]


def longer_forms(forms: Sequence[Form]) -> list[list[int]]:
    """For each form the longer ones of its type that it may be short for, in order of first mention.

    Such a form has all characters in order, the same last one, or the same first two. Forms are looked up by these, and of too
    many the nearest are taken, for to compare each form with each would take a long document days.
    """
    where: dict[tuple[str, str, str], list[int]] = {}
    for number, form in enumerate(forms):
        for sign in (("last", form.key[-1]), ("first", form.key[:2]), *(("has", character) for character in set(form.key))):
            where.setdefault((form.type, *sign), []).append(number)
    out = []
    for number, short in enumerate(forms):
        rarity = {character: len(where[short.type, "has", character]) for character in short.key}
        rarest = min(rarity, key=lambda character: (rarity[character], character))
        near: set[int] = set()
        for sign in (("last", short.key[-1]), ("first", short.key[:2]), ("has", rarest)):
            alike = where[(short.type, *sign)]
            at = bisect_left(alike, number)
            near.update(alike[max(0, at - _NEAR) : at + _NEAR])
        ranked = sorted((rank, abs(other - number), other) for other in near
            if (rank := _alike(short.key, forms[other].key)) is not None)
        out.append(sorted(other for _, _, other in ranked[:_RIVALS]))
    return out


def _alike(short: str, long: str) -> int | None:
    """Whether one form is longer and like the other: 0 if it has all its characters in order, 1 if its start or end."""
    if len(long) <= len(short):
        return None
    if subsequence(short, long):
        return 0
    return 1 if short[-1] == long[-1] or short[:2] == long[:2] else None


def link_pairs(forms: Sequence[Form], subtypes: Mapping[tuple[str, str], str]) -> Iterator[tuple[int, int, Example]]:
    """Pairs of forms (shorter, longer) of one type that may name one thing, with the linker's features."""
    longer = longer_forms(forms)
    pairs = [(number, other) for number, others in enumerate(longer) for other in others]
    rivals = np.array([len(longer[number]) for number, _ in pairs], np.int64)
    finer = codes([subtypes.get((form.type, form.key), "") for form in forms])
    for begin in range(0, len(pairs), _AT_ONCE):
        part = pairs[begin : begin + _AT_ONCE]
        for (i, j), features in zip(part, _features(forms, finer, part, rivals[begin : begin + _AT_ONCE]), strict=True):
            yield i, j, Example(features, (0, 1))


def _features(forms: Sequence[Form], finer: U64, pairs: Sequence[tuple[int, int]], rivals: Ints) -> list[U64]:
    """The features of “the one is a short form of the other”, the number of whose ``rivals`` is given."""
    short, long = np.array(pairs, np.int64).T
    keys = [(forms[i].key, forms[j].key) for i, j in pairs]
    where = np.array([_PLACES.index(_place(a, b)) for a, b in keys], np.int64)
    kind = codes([forms[i].type[:3] for i, _ in pairs])
    order = np.array([forms[j].start < forms[i].start for i, j in pairs], np.bool_)
    again = np.array([len(form.spans) > 1 for form in forms], np.bool_)
    found = Bags(len(pairs))
    found.put("k", kind)
    found.put("w", where)
    found.put("kw", kind, where)
    found.put("s", finer[short], finer[long])
    found.put("sw", finer[short], finer[long], where)
    found.put("o", order, where)
    found.put("v", np.minimum(rivals, 3), where)
    found.put("vo", np.minimum(rivals, 3), order)
    found.put("c", again[short], again[long], order)
    _spelling(keys, (kind, where, finer[short] == finer[long]), found)
    return found.by_example()


def _place(short: str, long: str) -> str:
    """Where a form stands in a longer one."""
    if long.startswith(short):
        return "prefix"
    if long.endswith(short):
        return "suffix"
    return "inner" if short in long else "subsequence" if subsequence(short, long) else "other"


def _spelling(keys: Sequence[tuple[str, str]], values: tuple[U64, Ints, np.ndarray[tuple[int], np.dtype[np.bool_]]],
    found: Bags) -> None:
    """What the characters of the two say: how far their starts and ends agree, and what the longer one has besides."""
    kind, where, same = values
    text = stretches("".join(a + b for a, b in keys))
    sizes = np.array([(len(a), len(b)) for a, b in keys], np.int64)
    start = np.cumsum(sizes.sum(1)) - sizes.sum(1)
    long, end, size = start + sizes[:, 0], start + sizes.sum(1), sizes[:, 0]
    tails = [(text.of(np.maximum(long - k, start), long), text.of(end - k, end)) for k in range(1, _LONGEST_EDGE + 1)]
    heads = [(text.of(start, np.minimum(start + k, long)), text.of(long, long + k)) for k in range(1, _LONGEST_EDGE + 1)]
    tail, head = (np.sum([(a == b) & (size >= k) for k, (a, b) in enumerate(edge, 1)], 0) for edge in (tails, heads))
    low = np.where(where == _PLACES.index("prefix"), long + size, long)
    high = np.where(where == _PLACES.index("suffix"), end - size, np.where(where == _PLACES.index("prefix"), end, low))
    found.put("h", kind, np.minimum(tail, 4))
    found.put("f", kind, np.minimum(head, 4))
    found.put("hw", kind, np.minimum(tail, 4), where)
    found.put("l", where, np.minimum(size, 8))
    found.put("t", *tails[1])
    found.put("t1", *tails[0])
    found.put("r", where, text.of(np.maximum(high - 2, low), high))
    found.put("r1", where, text.of(np.maximum(high - 1, low), high))
    found.put("rs", where, text.of(low, np.minimum(low + 2, high)))
    found.put("d", where, np.minimum(end - long - size, 9))
    found.put("lt", kind, where, tails[0][0])
    found.put("same", where, same, np.minimum(tail, 2))
    found.put("x", np.where(size < 5, text.of(start, long), np.uint64(0)))
    found.put("fh", where, np.minimum(head, 3), np.minimum(tail, 3))
