"""Words beside a mention which show that it is no party to a fact: who studies 二十大精神 took no part in 二十大."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kg.extract.relations import Candidate, Place, Schema
from kg.lexicon import Unfit


def fitting(
    text: str, places: Sequence[Place], pairs: Sequence[Candidate], chances: NDArray[np.float32], fit: Schema,
    unfit: Sequence[Unfit],
) -> NDArray[np.float32]:  # fmt: skip
    """Take the chance of facts from pairs with a mention that is no party to them.

    Args:
        text: of the document.
        places: its mentions.
        pairs: candidates.
        chances: of each class of each candidate.
        fit: names of the classes.
        unfit: the words, and what they exclude.
    """
    if not unfit or not pairs:
        return chances
    out = chances.copy()
    first, second = np.array([(pair.first, pair.second) for pair in pairs], np.int64).T
    for rule in unfit:
        classes = [at for at, name in enumerate(fit.classes) if name.removeprefix("-") in rule.predicates]
        marked = np.array([_beside(text, place, rule) for place in places], np.bool_)
        out[np.ix_(marked[first] | marked[second], classes)] = 0
    return out


def _beside(text: str, place: Place, rule: Unfit) -> bool:
    return text.endswith(rule.words, 0, place.start) if rule.before else text.startswith(rule.words, place.end)
