"""Finding the pack's words in a text: head nouns, trigger words, registry names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kg.extract.features import Hit


@dataclass(frozen=True, slots=True)
class Finder:
    """A multi-string matcher: leftmost longest matches, each with the code of its word."""

    automaton: Any
    codes: tuple[int, ...]
    groups: tuple[tuple[str, ...], ...]


def finder(words: Mapping[str, tuple[str, ...]]) -> Finder:
    """Build a matcher; words of one group (the same tuple of class names) share a code, counted from 1 in sorted order."""
    from ahocorasick_rs import AhoCorasick, MatchKind

    groups = sorted(set(words.values()))
    number = {group: at + 1 for at, group in enumerate(groups)}
    ordered = sorted(words)
    automaton = AhoCorasick(ordered, matchkind=MatchKind.LeftmostLongest) if ordered else None
    return Finder(automaton=automaton, codes=tuple(number[words[word]] for word in ordered), groups=tuple(groups))


def find(text: str, words: Finder) -> list[Hit]:
    """All leftmost longest matches, in order, not overlapping."""
    if words.automaton is None:
        return []
    return [Hit(start, end, words.codes[index]) for index, start, end in words.automaton.find_matches_as_indexes(text)]


def inverted(table: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Turn class → words into word → sorted classes.

    >>> inverted({"a": ["x", "y"], "b": ["x"]})
    {'x': ('a', 'b'), 'y': ('a',)}
    """
    out: dict[str, set[str]] = {}
    for name, words in table.items():
        for word in words:
            out.setdefault(word, set()).add(name)
    return {word: tuple(sorted(names)) for word, names in out.items()}
