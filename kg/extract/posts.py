"""Posts that only some bodies have: a 副省长 who follows the president of a chamber of commerce in a list is not of that chamber.

Where the body stands before the person and no other person between, the text may well give one person posts in two bodies
(市红十字会会长、副市长李某), so that nothing is ruled out there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kg.extract.relations import Candidate, Place, Schema

_POST = "holdsPosition"
_HARDLY = 0.1  # chances below it come to nothing anyway


def held(
    text: str, places: Sequence[Place], pairs: Sequence[Candidate], chances: NDArray[np.float32], fit: Schema,
    posts: Mapping[str, Sequence[str]],
) -> NDArray[np.float32]:  # fmt: skip
    """Take the chance of a post from bodies that have none such.

    Args:
        text: of the document.
        places: its mentions, sorted by start.
        pairs: candidates.
        chances: of each class of each candidate.
        fit: names of the classes.
        posts: what a post ends with → the classes that have it.
    """
    classes = [at for at, name in enumerate(fit.classes) if name.removeprefix("-") == _POST]
    if not posts or not classes:
        return chances
    people = [place.start for place in places if place.type == "Person" and not place.anaphor]
    out = chances.copy()
    for number in np.flatnonzero(chances[:, classes].max(axis=1) >= _HARDLY).tolist():
        pair = pairs[number]
        first, second = places[pair.first], places[pair.second]
        person, body = (first, second) if first.type == "Person" else (second, first)
        having = _having(text, person.start, posts)
        if having and body.subtype and body.subtype not in having and not _follows(people, person, body, pair):
            out[number, classes] = 0
    return out


def _having(text: str, end: int, posts: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """The classes that have the post that ends at ``end``."""
    found = [post for post in posts if text.endswith(post, 0, end)]
    return posts[max(found, key=len)] if found else ()


def _follows(people: Sequence[int], person: Place, body: Place, pair: Candidate) -> bool:
    """Whether the person stands behind the body in one sentence, and no other person between."""
    between = bisect_left(people, person.start) - bisect_right(people, body.end - 1)
    return not pair.carried and body.end <= person.start and between == 0
