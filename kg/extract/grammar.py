"""Names by lexicon alone, for a pack that has no training documents.

A name is a head noun with the words that make it particular, a quoted formula with its head noun, a title in 《》, a word
that the analyser takes for a name of a class that the lexicon maps it to, a registry name, or a short form that a bracket
gives. What stands between “” or 《》 without a head noun is of the class that the lexicon's tags give these marks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from kg.extract.analysis import Analysis, Resources
from kg.extract.features import Hit, quotes
from kg.extract.names import Named, everywhere
from kg.naming import normalise

_PROPER = frozenset({"nz", "nw", "ORG", "LOC", "PER"})
_NOMINAL = _PROPER | {"n", "vn", "an", "a", "s", "m", "TIME", "f"}
_LONGEST = 30
_FORMULA = 40
_SURE = {
    "registry": 0.95,
    "title": 0.85,
    "bracket": 0.85,
    "quoted": 0.8,
    "proper": 0.7,
    "tag": 0.65,
    "formula": 0.55,
    "head": 0.55,
}
_TITLE, _QUOTE = "《》", "“”"
_SHORT = re.compile(r"[(（](?:以下简称|下称|以下称|简称|又称|亦称)[:：]?\s*[“\"]?([^()（）“”\"]{2,16})[”\"]?\s*[)）]")
_COUNTED = re.compile("[0-9一二两三四五六七八九十百千]+[个项大心要+]?[\u4e00-\u9fff]{1,}")

_Found = dict[tuple[int, int], tuple[float, str]]


def propose(reading: Analysis, pack: Resources, *, parents: Mapping[str, str]) -> tuple[list[Named], dict[tuple[int, int], str]]:
    """Find names by grammar.

    Args:
        reading: the document.
        pack: the pack's words.
        parents: for each class its entity type (itself, or the type it is a subtype of).

    Returns:
        Spans that do not overlap, and for each span its class, which is its type or a subtype of that.
    """
    text = reading.text
    ends = {hit.end: _class(pack, hit) for hit in reading.heads}
    found: _Found = {}
    for start, end, entry in reading.known:
        found[start, end] = (_SURE["registry"], entry.subtype or entry.type)
    _marked(reading, pack, ends, found)
    for start, end, tag in reading.words:
        if tag in pack.lexicon.tags and end - start > 1:
            found.setdefault((start, end), (_SURE["tag"], _finer(ends.get(end), pack.lexicon.tags[tag], parents)))
    for hit in reading.heads:
        begin, proper = _left(reading, hit, pack.lexicon.heads, ends)
        if begin is not None and normalise(text[begin : hit.end]) not in pack.lexicon.plain:
            found.setdefault((begin, hit.end), (_SURE["proper" if proper else "head"], _class(pack, hit)))
    spans, classes = _longest(found, parents)
    by_end = {s.end: s for s in spans}
    for match in _SHORT.finditer(text):
        owner = by_end.get(match.start())
        if owner is not None and not any(s.start < match.end(1) and match.start(1) < s.end for s in spans):
            spans.append(Named(match.start(1), match.end(1), owner.type, _SURE["bracket"]))
            classes[match.span(1)] = classes[owner.start, owner.end]
    by_form = {text[start:end]: name for (start, end), name in classes.items()}
    spans = everywhere(text, spans, certain=_SURE["proper"])
    return spans, {(s.start, s.end): by_form[text[s.start : s.end]] for s in spans}


def _longest(found: _Found, parents: Mapping[str, str]) -> tuple[list[Named], dict[tuple[int, int], str]]:
    """Of overlapping names the longest, then the surest."""
    spans: list[Named] = []
    classes: dict[tuple[int, int], str] = {}
    taken: set[int] = set()
    for (start, end), (sure, name) in sorted(found.items(), key=lambda item: (item[0][0] - item[0][1], -item[1][0], item[0])):
        if end - start > 1 and taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            spans.append(Named(start, end, parents[name], sure))
            classes[start, end] = name
    return spans, classes


def _marked(reading: Analysis, pack: Resources, ends: Mapping[int, str], found: _Found) -> None:
    """Names that quotes or title marks set off."""
    text, tags = reading.text, pack.lexicon.tags
    after = {hit.start: hit for hit in reading.heads}
    for opened, closed, kind in quotes(text):
        inner = text[opened + 1 : closed]
        if not 2 <= len(inner.strip()) <= _FORMULA or kind == 2:
            continue
        head = after.get(closed + 1)
        if kind == 1:
            name = ends.get(closed) or tags.get(_TITLE)
            if name:
                found[opened + 1, closed] = (_SURE["title"], name)
        elif head is not None and len(inner) <= _LONGEST:
            found[opened + 1, head.end] = (_SURE["quoted"], _class(pack, head))
        elif closed in ends and len(inner) <= _LONGEST:
            found[opened + 1, closed] = (_SURE["quoted"], ends[closed])
        elif _QUOTE in tags and (len(inner) > 3 or _COUNTED.match(inner)):
            found[opened + 1, closed] = (_SURE["formula"], tags[_QUOTE])


def _finer(head: str | None, tag: str, parents: Mapping[str, str]) -> str:
    """The class of a head noun, where it is a kind of what the analyser takes the name for."""
    return head if head is not None and parents[head] == parents[tag] else tag


def _class(pack: Resources, hit: Hit) -> str:
    return pack.heads.groups[hit.code - 1][0]


def _left(reading: Analysis, head: Hit, heads: Collection[str], ends: Collection[int]) -> tuple[int | None, bool]:
    """Where a name that ends in a head noun begins, and whether a proper name is in it; ``None`` if nothing makes it particular.

    A word before a head of one character is enough (市场部), also one within a head noun (审计部, where 部 is a head noun,
    too). A longer head needs a proper name, a quotation, letters, two words, or to open its clause (推进重点项目 has none,
    推进智慧港口项目 has one).
    """
    text, words = reading.text, reading.words
    number = reading.word_at[head.start]
    if words[reading.word_at[head.end - 1]][1] != head.end:
        return None, False
    start, stop, tag = words[number]
    if start < head.start and stop - start < 3 and tag not in _PROPER:  # 干部, 全局: no head noun but the end of a word
        return None, False
    said = [text[start : head.start]] if start < head.start else []
    proper = start < head.start and words[number][2] in _PROPER
    while number > 0:
        begin, end, tag = words[number - 1]
        word = text[begin:end]
        if (
            tag not in _NOMINAL
            or end != start
            or not set(word).isdisjoint("\n\r\u3000")
            or word.isspace()
            or head.end - begin > _LONGEST
            or (tag in ("f", "a") and not said)
            or (begin in reading.triggers and begin in ends)  # 星火基金|资助|量子项目: another name, and what it does
        ):
            break
        start, number = begin, number - 1
        proper = proper or tag in _PROPER or any(c.isascii() and c.isalpha() for c in word)
        said.append(word if tag not in ("m", "TIME") else "")
    start = _quoted_before(reading, start)
    if text[start : start + 1] in _QUOTE or (start > 0 and text[start - 1] in '“"'):
        proper = True
    while start < head.start and text[start].isspace():
        start += 1
    noun = text[head.start : head.end]
    unit = len(noun) == 1 and "".join(said) != ""
    compound = any(noun[k:] in heads for k in range(2, len(noun)))
    opens = start == 0 or text[start - 1] in "\n。，,；;、和与及"
    modified = len([w for w in said if w]) > 1 and len("".join(said)) > 2
    enough = proper or unit or compound or modified or (opens and len("".join(said)) > 1)
    return (start, proper) if enough else (None, False)


def _quoted_before(reading: Analysis, start: int) -> int:
    """Behind the opening mark of a short quotation that ends right before ``start``; else ``start``."""
    if start == 0 or reading.text[start - 1] not in '”"':
        return start
    pair = next(
        ((a, b) for a, b, kind in quotes(reading.text[max(0, start - 24) : start]) if kind == 0 and b == min(start, 24) - 1), None
    )
    return start if pair is None else max(0, start - 24) + pair[0] + 1
