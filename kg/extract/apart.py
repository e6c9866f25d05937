"""Which longer form names something in or of what a shorter one names, and so something else, however alike the two are.

A place's name opens with the places it lies in (青海西宁 lies in 青海), a ceremony's with the fair that it opens, a unit's with
its body: 澜州集团龙山公司 is not 澜州集团.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kg.extract.analysis import Analysis
from kg.extract.linking import Form

_OWN_NAME = 2
"""Characters that a place's own name has at least, behind those of the places it lies in. Of 82 such pairs that annotators
marked, 77 are two places. What stands in the middle of an address may have its 社区 behind it."""

_SORT = frozenset("省市县区州盟旗镇乡村岛")
"""What alone behind a place's name leaves it the same place: 宁德市, but not 上海港."""

_ABOVE, _BELOW = "省市县区州盟", "市县区旗镇乡"
_TOGETHER, _OPENING = "暨", ("(", "（")


@dataclass(frozen=True, slots=True)
class Within:
    """What a document's names are known by.

    Attributes:
        known: names of organisations that the registry has, each with the name of its entry.
        whole: names that end in a head noun, so that more behind them makes another name.
        endings: what may follow a body's name and still be that body (集团, 有限公司).
    """

    known: Mapping[str, str]
    whole: Collection[str]
    endings: Collection[str]

    def __call__(self, short: Form, long: Form) -> bool:
        """Return whether the longer form names something in or of what the shorter one names.

        Of 395 pairs of bodies that annotators marked, one the beginning of the other and ending in a head noun, 394 are two.
        """
        before, said, rest = long.key.partition(short.key)
        if short.type == "Organization":
            if not said:
                return _of_district(short.key, long.key)
            apart = short.key in self.known and self.known.get(long.key) != self.known[short.key]
            return not before and (apart or short.key in self.whole) and not self._is_ending(rest)
        if not said or not rest:
            return False
        if short.type == "Place":
            return len(rest) > _OWN_NAME if before else len(rest) >= _OWN_NAME or rest not in _SORT
        return short.type == "Event" and not before and len(rest) > _OWN_NAME and not rest.startswith((_TOGETHER, *_OPENING))

    def _is_ending(self, rest: str) -> bool:
        while rest and (ending := max((e for e in self.endings if rest.startswith(e)), key=len, default="")):
            rest = rest.removeprefix(ending)
        return not rest


def within(reading: Analysis, forms: Sequence[Form], known: Mapping[str, str], endings: Collection[str]) -> Within:
    """Return what tells the forms of a document apart."""
    ends = {hit.end for hit in reading.heads}
    return Within(known, {form.key for form in forms if form.spans[0].end in ends}, endings)


def _of_district(short: str, long: str) -> bool:
    """Whether the longer name is the shorter with a district in it: 澜州市龙山区总工会 beside 澜州市总工会."""
    return any(
        short[at - 1] in _ABOVE and long.startswith(short[:at]) and long.endswith(short[at:])
        and long[len(long) - len(short) + at - 1] in _BELOW
        for at in range(2, len(short) - 1)
    )  # fmt: skip
