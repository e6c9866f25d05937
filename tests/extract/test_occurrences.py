from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kg.extract.occurrences import occurrences


def one_by_one(text: str, form: str) -> list[int]:
    found = []
    at = text.find(form)
    while at >= 0:
        found.append(at)
        at = text.find(form, at + len(form))
    return found


@given(st.text(alphabet="甲乙丙a\n𠀀", max_size=40), st.lists(st.text(alphabet="甲乙丙a\n𠀀", min_size=1, max_size=4)))
def test_all_forms_are_found_as_if_each_were_looked_for_by_itself(text: str, forms: list[str]) -> None:
    expected = {form: places for form in forms if (places := one_by_one(text, form))}
    assert occurrences(text, forms) == expected


def test_an_empty_form_stands_nowhere() -> None:
    assert occurrences("甲", [""]) == {}
