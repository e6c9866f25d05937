"""What a post says of the body: which bodies have none such, and which the document names but once.

A 副省长 who follows the president of a chamber of commerce in a list is not of that chamber; he is of the one provincial
government that the document names, though perhaps in another sentence.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kg.extract.relations import Candidate, Place, Schema
from kg.lexicon import Post

_POST = "holdsPosition"
_HARDLY = 0.1  # chances below it come to nothing anyway
_ONLY = 0.9
"""The chance that a post is in the only body that has its like; of such posts in the documents to learn from 98 in 99 are."""
_ENDS = "，、。；：！？,;:!?“”‘’（）()《》·—和与及由"
_FAR = 24


def held(
    text: str, places: Sequence[Place], pairs: Sequence[Candidate], chances: NDArray[np.float32], fit: Schema,
    posts: Mapping[str, Post], ranks: Iterable[str],
) -> NDArray[np.float32]:  # fmt: skip
    """Take the chance of a post from bodies that have none such, and give it to the only one of its kind.

    Args:
        text: of the document.
        places: its mentions, sorted by start.
        pairs: candidates.
        chances: of each class of each candidate.
        fit: names of the classes.
        posts: what a post ends with.
        ranks: what may stand before it: 副, 代.
    """
    if not posts or _POST not in fit.classes:
        return chances
    forward, backward = fit.classes.index(_POST), fit.classes.index(f"-{_POST}")
    people = [place.start for place in places if place.type == "Person" and not place.anaphor]
    post_of = {start: _post(text, start, posts) for start in people}
    only_of = {start: _only(text, start, post, places, posts, tuple(ranks)) for start, post in post_of.items() if post}
    out = chances.copy()
    for number, pair in enumerate(pairs):
        first, second = places[pair.first], places[pair.second]
        person, body, at = (first, second, forward) if first.type == "Person" else (second, first, backward)
        post = post_of.get(person.start) if at in pair.example.possible else ""
        if not post or person.type != "Person":
            continue
        if body.entity == only_of[person.start]:
            out[number, at] = max(out[number, at], np.float32(_ONLY))
        elif out[number, at] >= _HARDLY and _has_none(body, posts[post]) and not _follows(people, person, body, pair):
            out[number, at] = 0
    return out


def _post(text: str, end: int, posts: Mapping[str, Post]) -> str:
    """The post that ends at ``end``."""
    return max((post for post in posts if text.endswith(post, 0, end)), key=len, default="")


def _only(
    text: str, end: int, post: str, places: Sequence[Place], posts: Mapping[str, Post], ranks: Sequence[str]
) -> int | None:
    """The only body of the document that has the post that ends at ``end``, if the text before says nothing else of the body."""
    begin = max((text.rfind(mark, max(0, end - _FAR), end) for mark in (*_ENDS, "\n", " ", "\u3000")), default=-1) + 1
    said = text[max(begin, end - _FAR) : end - len(post)]
    while rank := next((rank for rank in ranks if said.endswith(rank)), ""):
        said = said.removesuffix(rank)
    bodies = {place.entity for place in places if place.type == "Organization" and not place.anaphor
        and text.startswith(said, place.start, place.end) and text.endswith(posts[post].bodies, place.start, place.end)}
    return bodies.pop() if posts[post].bodies and len(bodies) == 1 else None


def _has_none(body: Place, post: Post) -> bool:
    return bool(body.subtype) and body.subtype not in post.classes


def _follows(people: Sequence[int], person: Place, body: Place, pair: Candidate) -> bool:
    """Whether the person stands behind the body in one sentence, and no other person between.

    Then the text may well give one person posts in two bodies: 市红十字会会长、副市长李某.
    """
    between = bisect_left(people, person.start) - bisect_right(people, body.end - 1)
    return not pair.carried and body.end <= person.start and between == 0
