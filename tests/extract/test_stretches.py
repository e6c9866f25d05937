from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kg.extract.stretches import spread, stretches

TEXT = st.text(alphabet="甲乙，𠀀\x00 ", max_size=12)


@given(TEXT, st.lists(st.tuples(st.integers(-3, 15), st.integers(-3, 15)), min_size=1, max_size=20))
def test_stretches_have_one_hash_where_they_say_the_same(text: str, bounds: list[tuple[int, int]]) -> None:
    low, high = np.array(bounds).T
    hashes = stretches(text).of(low, high).tolist()
    said = [text[max(a, 0) : max(b, 0)] for a, b in bounds]
    for i in range(len(said)):
        for j in range(i):
            assert (hashes[i] == hashes[j]) == (said[i] == said[j]), (said[i], said[j])


@given(TEXT)
def test_a_word_has_the_hash_of_a_stretch_that_says_it(text: str) -> None:
    known = stretches(f"丙{text}丁")
    assert known.of(np.array([1]), np.array([1 + len(text)]))[0] == known.word(text)


@given(TEXT, st.sampled_from(["，", "，甲", " "]))
def test_marks_are_counted_and_found_before_each_place(text: str, marks: str) -> None:
    known = stretches(text)
    places = range(len(text) + 1)
    assert known.before(marks).tolist() == [sum(c in marks for c in text[:at]) for at in places]
    assert known.behind(marks).tolist() == [max((i + 1 for i in range(at) if text[i] in marks), default=0) for at in places]
    assert known.opened_by(marks, np.arange(len(text) + 1)).tolist() == [text[at : at + 1] in set(marks) for at in places]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=8))
def test_ranges_are_run_through_in_order(ranges: list[tuple[int, int]]) -> None:
    low, high = np.array(ranges, np.int64).reshape(-1, 2).T
    rows, items = spread(low, high)
    expected = [(number, item) for number, (a, b) in enumerate(ranges) for item in range(a, b)]
    assert list(zip(rows.tolist(), items.tolist(), strict=True)) == expected
