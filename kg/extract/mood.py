"""What is said to be so and what is only planned, denied or supposed.

A marker of the lexicon counts where it stands as a word of its own before what it governs: 拟 before a verb or a preposition
is a plan, 将 before a noun is not (将主题教育与专项行动结合), 计划 as a noun is none either. A condition counts where it
opens its clause, a time to come (下一步) where it opens the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence

from kg.extract.analysis import Analysis

_GOVERNED = ("v", "vd", "vn", "p", "c", "d", "ad")
_MADE = ("作为", "结合", "融入", "纳入", "列为", "列入", "转化", "贯穿", "变成", "打造成", "建成", "落到")
_BREAKS = ",，;；:：。！？!?\n"


def unreal(reading: Analysis, start: int, end: int) -> list[tuple[int, int]]:
    """Where the markers of a sentence ``[start, end)`` take the truth from what follows them: stretches, in order.

    A stretch begins at its marker and ends with its clause; with the sentence, if the marker is a clause of its own that
    opens it.
    """
    out = []
    for at in range(start, end):
        if at not in reading.markers:
            continue
        stop, kinds = reading.markers[at]
        if stop <= end and _counts(reading, at, stop, kinds, (start, end)):
            clause_end = _clause_end(reading.text, stop, end)
            alone = clause_end == stop and not reading.text[start:at].strip()
            out.append((at, end if alone else clause_end))
    return out


def _counts(reading: Analysis, at: int, stop: int, kinds: tuple[str, ...], sentence: tuple[int, int]) -> bool:
    text = reading.text
    first, last = reading.word_at[at], reading.word_at[stop - 1]
    if reading.words[first][0] != at or reading.words[last][1] != stop:
        return False
    tag = reading.words[first][2]
    after = reading.words[last + 1] if last + 1 < len(reading.words) else None
    lead = text[max(sentence[0], at - 1) : at].strip()
    opens = not lead or lead in _BREAKS
    if "hypothetical" in kinds and tag in ("c", "d") and (opens or tag == "c"):
        return True
    if after is None or not {"planned", "negated"} & set(kinds):
        return False
    if opens and reading.text[after[0] : after[0] + 1] in _BREAKS:
        return "planned" in kinds
    if text[at:stop] == "将" and any(word in text[stop : _clause_end(text, stop, sentence[1])] for word in _MADE):
        return False  # 将开展主题教育与劳动竞赛结合起来: what is made of something, not what will be
    return tag in ("d", "v", "vd", "ad") and after[0] == stop and after[2] in _GOVERNED


def _clause_end(text: str, at: int, end: int) -> int:
    return next((i for i in range(at, end) if text[i] in _BREAKS), end)


def untrue(reading: Analysis, stretches: Sequence[tuple[int, int]], first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether a statement about two mentions (in text order) stands under a marker.

    It does when the second one lies in a stretch, or when the marker follows both before any trigger word: 甲与乙拟开展共建.
    """
    for start, end in stretches:
        if start < second[0] <= end:
            return True
        if second[1] <= start and not any(mark in reading.text[second[1] : start] for mark in _BREAKS):
            said = range(first[1], start)
            if not any(at in reading.triggers and len(reading.text[at : reading.triggers[at][0]]) > 1 for at in said):
                return True
    return False
