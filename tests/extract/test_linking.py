from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kg.extract.linking import Form, link_pairs, longer_forms
from kg.extract.names import Named, subsequence


def forms(*keys: str, kind: str = "Organization") -> list[Form]:
    """Forms said one after the other."""
    return [Form(key, kind, (Named(at, at + len(key), kind, 0.9),)) for at, key in enumerate(keys)]


def alike(short: str, long: str) -> bool:
    return len(long) > len(short) and (subsequence(short, long) or short[-1] == long[-1] or short[:2] == long[:2])


@given(st.lists(st.text(alphabet="甲乙丙丁院部", min_size=1, max_size=6), unique=True, max_size=16))
def test_among_few_forms_every_longer_one_that_is_alike_is_a_candidate(keys: list[str]) -> None:
    expected = [[j for j, long in enumerate(keys) if alike(short, long)] for short in keys]
    assert longer_forms(forms(*keys)) == expected


def test_forms_of_two_types_are_no_candidates() -> None:
    assert longer_forms([*forms("星河"), *forms("星河行动", kind="Programme")]) == [[], []]


def test_the_number_of_pairs_grows_with_the_number_of_forms_not_with_its_square() -> None:
    syllables = [a + b for a in "东南西北中上下左右前" for b in "甲乙丙丁戊己庚辛壬癸"]
    counts = []
    for many in (400, 1600):
        keys = [f"{syllables[n % 100]}{syllables[n // 100]}{'研究' * (n % 3)}院" for n in range(many)]
        counts.append(len(list(link_pairs(forms(*keys), {}))))
    assert 0 < counts[0] < 400 * 20
    assert counts[1] < 5 * counts[0]


def test_of_too_many_forms_those_that_hold_all_its_characters_come_first() -> None:
    others = [f"{place}{kind}院" for place in "东南西北中" for kind in ("气象", "法", "计算技术", "医", "农科")]
    keys = ["云研院", *others, "云帆软件研究院"]
    assert len(keys) - 1 in longer_forms(forms(*keys))[0]
