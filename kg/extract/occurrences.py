"""Where each of many strings stands in a text, in one pass over it: looking for them one by one takes each of them a pass."""

from __future__ import annotations

from collections.abc import Collection


def occurrences(text: str, forms: Collection[str]) -> dict[str, list[int]]:
    """The places of each form that stands in a text, in order; those of one form do not overlap.

    >>> occurrences("甲甲甲乙甲甲", ["甲甲", "乙", "丙"])
    {'甲甲': [0, 4], '乙': [3]}
    """
    from ahocorasick_rs import AhoCorasick, Implementation

    ordered = sorted({form for form in forms if form})
    found: dict[str, list[int]] = {}
    if not ordered:
        return found
    # Built for one text: of the kinds of automaton the one that is quickest to build.
    automaton = AhoCorasick(ordered, store_patterns=False, implementation=Implementation.ContiguousNFA)
    for index, start, _ in automaton.find_matches_as_indexes(text, overlapping=True):
        form = ordered[index]
        places = found.setdefault(form, [])
        if not places or start >= places[-1] + len(form):
            places.append(start)
    return found
