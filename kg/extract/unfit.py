"""What cannot be a fact: who studies 二十大精神 took no part in 二十大, and who pairs with another does not also cooperate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from kg.extract.relations import HOPELESS, Candidate, Place, Schema
from kg.lexicon import Unfit


class Fact(Protocol):
    """Two things, in numbers, what is said of them, and how sure that is."""

    @property
    def subject(self) -> int: ...  # noqa: D102
    @property
    def predicate(self) -> str: ...  # noqa: D102
    @property
    def object(self) -> int: ...  # noqa: D102
    @property
    def confidence(self) -> float: ...  # noqa: D102


F = TypeVar("F", bound=Fact)


def without_rivals(facts: Sequence[F], exclusive: Iterable[frozenset[str]]) -> list[F]:
    """Return the facts but those of two things of which a surer fact says what excludes them.

    Args:
        facts: of one document.
        exclusive: sets of predicates of which two things stand in one; where two are as sure, the first in order of names stays.
    """
    rivals = {pair for names in exclusive for pair in map(frozenset, combinations(sorted(names), 2))}
    best: dict[frozenset[int], list[F]] = {}
    for fact in sorted(facts, key=lambda f: (-f.confidence, f.predicate, f.subject, f.object)):
        others = best.setdefault(frozenset((fact.subject, fact.object)), [])
        if not any(frozenset((fact.predicate, other.predicate)) in rivals for other in others):
            others.append(fact)
    kept = {id(fact) for others in best.values() for fact in others}
    return [fact for fact in facts if id(fact) in kept]


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
        if rule.side == "between":
            classes = [at for at in classes if not fit.classes[at].startswith("-")]
            likely = np.flatnonzero(out[:, classes].max(axis=1, initial=0) >= HOPELESS).tolist()
            out[np.ix_([n for n in likely if _apart(text, places, pairs[n], rule.words)], classes)] = 0
        else:
            marked = np.array([_beside(text, place, rule) for place in places], np.bool_)
            out[np.ix_(marked[first] | marked[second], classes)] = 0
    return out


def _apart(text: str, places: Sequence[Place], pair: Candidate, words: Sequence[str]) -> bool:
    between = text[places[pair.first].end : places[pair.second].start]
    return not pair.carried and any(word in between for word in words)


def _beside(text: str, place: Place, rule: Unfit) -> bool:
    return text.endswith(rule.words, 0, place.start) if rule.side == "before" else text.startswith(rule.words, place.end)
