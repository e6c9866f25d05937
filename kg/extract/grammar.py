"""Names and facts by lexicon alone, for a pack that has no training documents.

A name is a head noun with the words that make it particular, a quoted formula with its head noun, a title in 《》, a word that the analyser takes for a
name of a class that the lexicon maps it to, or a registry name. A fact is a trigger word between two names that its predicate allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kg.extract.analysis import Analysis, Resources
from kg.extract.features import Hit, quotes
from kg.extract.names import Named
from kg.extract.relations import Candidate, Place, Schema, sentences
from kg.extract.loglinear import Example, hashed

_NOMINAL = frozenset({"n", "nz", "nw", "ORG", "LOC", "PER", "vn", "an", "s", "m", "xc", "TIME"})
_LONGEST = 30
_SURE = {"registry": 0.95, "title": 0.85, "quoted": 0.75, "tag": 0.6, "head": 0.6}
_FACT = 0.6


def propose(reading: Analysis, pack: Resources, *, parents: Mapping[str, str]) -> tuple[list[Named], dict[tuple[int, int], str]]:
    """Find names by grammar.

    Args:
        reading: the document.
        pack: the pack's words.
        parents: for each class its entity type (itself, or the type it is a subtype of).

    Returns:
        Spans that do not overlap, and for each span the class that its head noun gives it.
    """
    found: dict[tuple[int, int], tuple[float, str]] = {}
    for start, end, entry in reading.known:
        found[start, end] = (_SURE["registry"], entry.subtype or entry.type)
    text = reading.text
    ends = {hit.end: hit for hit in reading.heads}
    for opened, closed, kind in quotes(text):
        if closed - opened < 3 or closed - opened > _LONGEST:
            continue
        after = next((hit for hit in reading.heads if hit.start == closed + 1), None)
        if after is not None and kind == 0:
            found[opened + 1, after.end] = (_SURE["quoted"], _class(pack, after))
        elif kind == 1 and closed in ends:
            found[opened + 1, closed] = (_SURE["title"], _class(pack, ends[closed]))
    for start, end, tag in reading.words:
        if tag in pack.lexicon.tags and end - start > 1:
            found.setdefault((start, end), (_SURE["tag"], pack.lexicon.tags[tag]))
    for hit in reading.heads:
        start = _left(reading, hit)
        if start is not None and text[start : hit.end] not in pack.lexicon.plain:
            found.setdefault((start, hit.end), (_SURE["head"], _class(pack, hit)))
    spans: list[Named] = []
    classes: dict[tuple[int, int], str] = {}
    taken = [False] * (len(text) + 1)
    for (start, end), (sure, name) in sorted(found.items(), key=lambda item: (item[0][0] - item[0][1], -item[1][0], item[0])):
        if not any(taken[start:end]) and end - start > 1:
            taken[start:end] = [True] * (end - start)
            spans.append(Named(start, end, parents[name], sure))
            classes[start, end] = name
    return sorted(spans, key=lambda s: s.start), classes


def _class(pack: Resources, hit: Hit) -> str:
    return pack.heads.groups[hit.code - 1][0]


def _left(reading: Analysis, head: Hit) -> int | None:
    """Where a name that ends in a head noun begins; ``None`` if nothing makes it particular."""
    number = reading.word_at[head.start]
    start = reading.words[number][0]
    particular = start < head.start
    while number > 0:
        begin, end, tag = reading.words[number - 1]
        if tag not in _NOMINAL or reading.text[begin:end].isspace() or head.end - begin > _LONGEST or end != start:
            break
        if tag in ("m", "TIME") and not particular:
            break
        start, number = begin, number - 1
        particular = particular or tag in ("nz", "ORG", "LOC", "PER", "nw") or end - begin > 1
        if tag in ("ORG", "LOC") and start < head.start and number > 0 and reading.words[number - 1][2] not in ("n", "nz", "LOC"):
            break
    return start if particular and start < head.start else None


def facts(reading: Analysis, places: Sequence[Place], fit: Schema) -> list[tuple[Candidate, int, float]]:
    """Pair names around trigger words.

    Returns:
        Candidates, each with the number of its class in ``fit`` and a confidence.
    """
    out: list[tuple[Candidate, int, float]] = []
    number = {name: at for at, name in enumerate(fit.classes)}
    empty = Example(hashed(()), (0,))
    topic: list[int] = []
    for start, end in sentences(reading.text):
        here = [at for at, place in enumerate(places) if start <= place.start < end]
        cues = [(at, *reading.triggers[at]) for at in range(start, end) if at in reading.triggers]
        for at, stop, names in cues:
            if _unreal(reading, start, at) or any(places[h].start <= at < places[h].end for h in here):
                continue
            before = [h for h in here if places[h].end <= at] or topic
            after = [h for h in here if places[h].start >= stop and places[h].start - stop <= 12] or [h for h in here if places[h].start >= stop][:1]
            for name in names:
                pair = _first_fit(places, before, after, number[name], fit)
                if pair is not None:
                    out.append((Candidate(*pair, (start, end), "" if pair[0] in here else "topic", empty), number[name], _FACT))
                    out += [
                        (Candidate(pair[0], h, (start, end), "", empty), number[name], _FACT)
                        for h in _listed(reading.text, places, after, pair[1])
                    ]  # fmt: skip
        if here:
            topic = here[:1]
    return out


def _unreal(reading: Analysis, start: int, at: int) -> bool:
    """Whether a planned, negated or hypothetical marker stands before a place in its clause."""
    clause = max([start, *(reading.text.rfind(mark, start, at) + 1 for mark in ",，;；")])
    return any(m in reading.markers and {"planned", "negated", "hypothetical"} & set(reading.markers[m][1]) for m in range(clause, at))


def _first_fit(places: Sequence[Place], before: Sequence[int], after: Sequence[int], wanted: int, fit: Schema) -> tuple[int, int] | None:
    for b in after:
        for a in reversed(before):
            if places[a].entity != places[b].entity and wanted in fit.possible.get((places[a].type, places[b].type), ()):
                return a, b
    return None


def _listed(text: str, places: Sequence[Place], after: Sequence[int], first: int) -> list[int]:
    """The further members of the list that a mention opens."""
    out, last = [], first
    for h in after:
        if places[h].start > places[last].end and places[h].type == places[first].type and text[places[last].end : places[h].start].strip("”》 “《") in ("、", "和", "与", "及", "以及"):
            out.append(h)
            last = h
    return out
