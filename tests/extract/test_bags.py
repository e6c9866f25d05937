from __future__ import annotations

import numpy as np

from kg.extract.bags import Bags


def test_a_feature_is_its_name_and_its_values_whoever_has_it() -> None:
    found = Bags(3)
    found.put("a", np.array([1, 2, 1]))
    found.put("b", np.array([1, 2, 1]))
    one, two, three = found.by_example()
    assert one.tolist() == three.tolist()
    assert len(one) == 2 and set(one.tolist()).isdisjoint(two.tolist())


def test_only_those_chosen_have_a_feature() -> None:
    found = Bags(3)
    found.put_where(np.array([True, False, True]), "a", np.array([7, 8, 9]))
    assert [len(bag) for bag in found.by_example()] == [1, 0, 1]


def test_features_are_sorted_and_one_given_twice_counts_once() -> None:
    found = Bags(2)
    found.of(np.array([1, 0, 1, 1]), "word", np.array([5, 5, 6, 5]))
    one, two = found.by_example()
    assert len(one) == 1 and len(two) == 2
    assert one[0] in two and two.tolist() == sorted(two.tolist())


def test_the_order_of_values_matters() -> None:
    found = Bags(1)
    found.put("a", np.array([1]), np.array([2]))
    found.put("a", np.array([2]), np.array([1]))
    assert len(found.by_example()[0]) == 2


def test_the_numbers_are_the_same_on_every_machine() -> None:
    found = Bags(1)
    found.put("a", np.array([1]), np.array([True]))
    (bag,) = found.by_example()
    assert bag.tolist() == [17375688257801093120]
