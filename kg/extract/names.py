"""From mentions to the entities of one document: known names everywhere, subtypes, short forms.

A mention is where a thing is named; an entity is the thing. Two forms are one entity when they are equal after normalisation,
when a bracket says
so (以下简称), when the registry says so, or when the linker — a small classifier over pairs of forms of one type — is sure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kg.extract.loglinear import Example, hashed
from kg.extract.occurrences import occurrences
from kg.naming import normalise

_BRACKET = re.compile(
    r"[(（]\s*(?:以下简称|下称|以下称|简称|又称|亦称|下同)?[:：]?\s*[“\"”']?([^()（）“”\"']{2,16})[”\"“']?(?:\s*或\s*[“\"]?([^()（）“”\"']{2,16})[”\"]?)?\s*[)）]")
_SAID = re.compile(r"以下简称|下称|以下称|简称|又称|亦称")


@dataclass(frozen=True, slots=True)
class Named:
    """A typed span with the tagger's confidence."""

    start: int
    end: int
    type: str
    confidence: float


def everywhere(text: str, found: Sequence[Named], *, certain: float) -> list[Named]:
    """Add every further occurrence of names found with confidence ``certain`` or more, where no found span overlaps it.

    Occurrences inside a longer mention are kept too when the name is an organisation of its own elsewhere: 中国联通 in
    中国联通直属党委.
    """
    taken = _taken(text, found)
    votes: dict[str, Counter[str]] = {}
    best: dict[str, float] = {}
    for span in found:
        form = text[span.start : span.end]
        votes.setdefault(form, Counter())[span.type] += 1
        best[form] = max(best.get(form, 0.0), span.confidence)
    sure = [form for form in votes if len(form) >= 3 and best[form] >= certain]
    places = occurrences(text, sure)
    out = list(found)
    for form in sorted(sure, key=lambda f: (-len(f), f)):
        kind = min(votes[form], key=lambda t: (-votes[form][t], t))
        for at in places[form]:
            end = at + len(form)
            if not any(taken[at:end]):
                out.append(Named(at, end, kind, best[form] * 0.95))
                taken[at:end] = [True] * len(form)
    return sorted(out, key=lambda s: (s.start, s.end, s.type))


def _taken(text: str, found: Sequence[Named]) -> list[bool]:
    """Which characters stand in a name."""
    taken = [False] * (len(text) + 1)
    for span in found:
        taken[span.start : span.end] = [True] * (span.end - span.start)
    return taken


def introduced(text: str, found: Sequence[Named]) -> list[Named]:
    """Add the short forms that a bracket right after a name introduces in so many words (以下简称), everywhere in the text.

    An occurrence that overlaps a found name is left to that name.

    >>> text = "远山能源集团有限公司(以下简称“远能”)与会。远能表态。"
    >>> [text[s.start:s.end] for s in introduced(text, [Named(0, 10, "Organization", 0.9)])]
    ['远山能源集团有限公司', '远能', '远能']
    """
    ends = {span.end: span for span in found}
    said: list[tuple[str, Named]] = []
    for match in _BRACKET.finditer(text):
        owner = next((ends[at] for at in (match.start(), match.start() - 1) if at in ends), None)
        if owner is None or not _SAID.search(match[0]):
            continue
        forms = [(match[group] or "").strip() for group in (1, 2)]
        said += [(form, owner) for form in forms if form and not any(mark in form for mark in "，,。；;、")]
    if not said:
        return sorted(found, key=lambda s: (s.start, s.end, s.type))
    places = occurrences(text, [form for form, _ in said])
    taken = _taken(text, found)
    out = list(found)
    for form, owner in said:
        for at in places[form]:
            if not any(taken[at : at + len(form)]):
                out.append(Named(at, at + len(form), owner.type, owner.confidence))
                taken[at : at + len(form)] = [True] * len(form)
    return sorted(out, key=lambda s: (s.start, s.end, s.type))


def bracketed(text: str, found: Sequence[Named]) -> list[tuple[int, int]]:
    """Pairs of indices of ``found``: a name and the short form that a bracket right after it gives."""
    by_end = {span.end: number for number, span in enumerate(found)}
    by_start: dict[int, int] = {span.start: number for number, span in enumerate(found)}
    pairs = []
    for match in _BRACKET.finditer(text):
        owner = next((by_end[at] for at in (match.start(), match.start() - 1) if at in by_end), None)
        if owner is None:
            continue
        for group in (1, 2):
            short = by_start.get(match.start(group)) if match[group] else None
            if short is not None and short != owner and found[short].type == found[owner].type and (_SAID.search(match[0])
                or found[short].end == match.end(group)):
                pairs.append((owner, short))
    return pairs


def subsequence(short: str, long: str) -> bool:
    """Whether the characters of ``short`` stand in ``long`` in order.

    >>> subsequence("软研院", "联通软件研究院")
    True
    """
    rest = iter(long)
    return all(character in rest for character in short)


def subtype_example(name: str, *, before: str, after: str, possible: tuple[int, ...], heads: Sequence[str]) -> Example:
    """The features of an organisation's subtype: its form, its head nouns, and the words around its first mention."""
    n = normalise(name)
    parts = [f"n{n}", *(f"s{k}{n[-k:]}" for k in range(1, 6)), *(f"p{k}{n[:k]}" for k in (1, 2, 3, 4)), f"l{min(len(n), 12)}",
        f"b{before[-2:]}", f"a{after[:2]}", f"b1{before[-1:]}", f"a1{after[:1]}"]
    parts += [f"g{n[i : i + 2]}" for i in range(len(n) - 1)] + [f"h{at}{head}" for at,
        head in enumerate(heads)] + [f"hs{head}{n[-1:]}" for head in heads[:1]]
    return Example(hashed(parts, of="S"), possible)


def best_name(forms: Sequence[str]) -> str:
    """The fullest form: the longest, then the first in code point order."""
    return min(forms, key=lambda form: (-len(normalise(form)), form))


def merge_confidence(group: Sequence[Named]) -> float:
    """Confidence that an entity is one: its best mention, raised a little by each further one."""
    miss = 1.0
    for span in sorted(group, key=lambda s: -s.confidence)[:3]:
        miss *= 1.0 - min(span.confidence, 0.999)
    return round(1.0 - miss if len(group) > 1 else group[0].confidence, 4)


def retyped(found: Sequence[Named], text: str) -> list[Named]:
    """Give equal forms one type: the type with the most confidence over the document."""
    weight: dict[str, Counter[str]] = {}
    for span in found:
        weight.setdefault(normalise(text[span.start : span.end]),
            Counter())[span.type] += span.confidence  # type: ignore[assignment]
    out = []
    for span in found:
        kinds = weight[normalise(text[span.start : span.end])]
        out.append(replace(span, type=min(kinds, key=lambda t: (-kinds[t], t))))
    return out
