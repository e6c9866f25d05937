"""What a post says of the body: which bodies have none such, and whose head somebody is though no body is named with the post.

A 副省长 who follows the president of a chamber of commerce in a list is not of that chamber; he is of the one provincial
government that the document names, though perhaps in another sentence. And 某公司党委书记、董事长 is of the company, too, whose
name opens that of its committee.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kg.extract.loglinear import Example
from kg.extract.relations import HOPELESS, Candidate, Place, Schema, sentences
from kg.lexicon import Lexicon, Post

_POST, _COMMITTEE = "holdsPosition", "PartyBody"
_SURE = 0.9
"""The chance that a post is in the body that it points to; among the documents to learn from it is in 257 of 259."""
_ENDS = "，、。；：！？,;:!?“”‘’（）()《》·—和与及由 \u3000\n"
_AND, _HEAD = "、", "长"
_FAR = 32
_COMMITTEES = 4  # characters that a committee has behind its body's name: 直属党委


def held(
    text: str, places: Sequence[Place], pairs: Sequence[Candidate], chances: NDArray[np.float32], fit: Schema,
    words: Lexicon,
) -> NDArray[np.float32]:  # fmt: skip
    """Take the chance of a post from bodies that have none such, by their class and their name.

    Args:
        text: of the document.
        places: its mentions, sorted by start.
        pairs: candidates.
        chances: of each class of each candidate.
        fit: names of the classes.
        words: what posts end with, and what stands before them.
    """
    posts = words.posts
    classes = [at for at, name in enumerate(fit.classes) if name.removeprefix("-") == _POST]
    if not posts or not classes:
        return chances
    people = [place.start for place in places if place.type == "Person" and not place.anaphor]
    out = chances.copy()
    for number in np.flatnonzero(chances[:, classes].max(axis=1, initial=0) >= HOPELESS).tolist():
        pair = pairs[number]
        first, second = places[pair.first], places[pair.second]
        person, body = (first, second) if first.type == "Person" else (second, first)
        post = _ending(text, person.start, posts)
        fits = not post or _has(text, body, posts[post]) or (
            body.subtype == _COMMITTEE and _joint(text, person.start, post, words))  # fmt: skip
        if not fits and not _follows(text, people, person, body, pair, words):
            out[number, classes] = 0
    return out


def with_offices(
    text: str, places: Sequence[Place], pairs: Sequence[Candidate], chances: NDArray[np.float32], fit: Schema, words: Lexicon
) -> tuple[list[Candidate], NDArray[np.float32]]:
    """Put to the candidates, and their chances, the posts that point to a body without naming it.

    Evidence is the sentence that names person and post.
    """
    found = _offices(text, places, words) if _POST in fit.classes else []
    if not found:
        return list(pairs), chances
    bounds = sentences(text)
    starts = [start for start, _ in bounds]
    added, rows = [], np.zeros((len(found), chances.shape[1]), np.float32)
    for row, (person, body) in enumerate(found):
        at = fit.classes.index(_POST if person < body else f"-{_POST}")
        sentence = bounds[bisect_right(starts, places[person].start) - 1]
        nothing = Example(np.zeros(0, np.uint64), (0, at))
        added.append(Candidate(min(person, body), max(person, body), sentence, "post", nothing))
        rows[row, at] = _SURE
    return [*pairs, *added], np.concatenate([chances, rows])


def _offices(text: str, places: Sequence[Place], words: Lexicon) -> list[tuple[int, int]]:
    """Person and body, as numbers of mentions, of each post that points to one."""
    bodies = [at for at, place in enumerate(places) if place.type == "Organization" and not place.anaphor]
    found = []
    for number, person in enumerate(places):
        post = _ending(text, person.start, words.posts) if person.type == "Person" and not person.anaphor else ""
        if post:
            meant = {places[at].entity: at for at in (_only(text, person.start, post, places, bodies, words),
                _owner(text, person.start, places, bodies, words)) if at is not None}  # fmt: skip
            found += [(number, at) for _, at in sorted(meant.items())]
    return found


def _ending(text: str, end: int, words: Mapping[str, Post] | Sequence[str]) -> str:
    """The longest of the words that ends at ``end``."""
    return max((word for word in words if text.endswith(word, 0, end)), key=len, default="")


def _before(text: str, end: int, words: Sequence[str]) -> int:
    """Where the words begin that end at ``end``, one behind the other."""
    while word := _ending(text, end, words):
        end -= len(word)
    return end


def _only(text: str, end: int, post: str, places: Sequence[Place], bodies: Sequence[int], words: Lexicon) -> int | None:
    """The only body of the document that has the post that ends at ``end``, if the text before says nothing else of the body."""
    last = _before(text, end - len(post), words.ranks)
    said = text[max((text.rfind(mark, max(0, last - _FAR), last) for mark in _ENDS), default=-1) + 1 : last]
    heads = words.posts[post].bodies
    alike = [at for at in bodies if heads and (name := _name(text, places[at])).startswith(said) and _headed(name, heads)]
    return alike[0] if len({places[at].entity for at in alike}) == 1 else None


def _headed(name: str, heads: Sequence[str]) -> bool:
    """Whether a name ends with one of the words and holds none before: a 校长 is head of no 东江大学材料学院."""
    head = max((head for head in heads if name.endswith(head)), key=len, default="")
    return head != "" and not any(other in name[: len(name) - len(head)] for other in heads)


def _owner(text: str, end: int, places: Sequence[Place], bodies: Sequence[int], words: Lexicon) -> int | None:
    """The body whose committee's name stands before several posts, of which one is the body's own."""
    first = _before(text, end, (*words.posts, *words.ranks, _AND))
    titles = text[first:end].split(_AND)
    if len(titles) == 1:
        return None
    posts = [post for title in titles if (post := _ending(title, len(title), words.posts))]
    for committee in (places[at] for at in bodies if places[at].end == first and places[at].subtype == _COMMITTEE):
        name = _name(text, committee)
        owners = [at for at in bodies if places[at].entity != committee.entity and name.startswith(_name(text, places[at]))
            and len(name) - len(_name(text, places[at])) <= _COMMITTEES]
        at = max(owners, key=lambda at: (len(_name(text, places[at])), -at), default=None)
        if at is not None and any(_has(text, places[at], words.posts[post]) for post in posts):
            return at
    return None


def _name(text: str, place: Place) -> str:
    return text[place.start : place.end]


def _has(text: str, body: Place, post: Post) -> bool:
    """Whether a body may have a post: by its class or its name."""
    return not body.subtype or body.subtype in post.classes or _name(text, body).endswith(post.bodies)


def _joint(text: str, end: int, post: str, words: Lexicon) -> bool:
    """Whether another title stands before the post that ends at ``end``: 县委副书记、县长, but not 县委书记某某、县长."""
    first = _before(text, end - len(post), words.ranks)
    return text.endswith(_AND, 0, first) and _ending(text, first - 1, (*words.posts, *words.ranks)) != ""


def _follows(text: str, people: Sequence[int], person: Place, body: Place, pair: Candidate, words: Lexicon) -> bool:
    """Whether nothing but posts stands between the body and the person.

    Then the text may well give one person posts in two bodies: 市红十字会会长、副市长李某.
    """
    if pair.carried or body.end > person.start or bisect_left(people, person.start) != bisect_right(people, body.end - 1):
        return False
    *titles, last = text[body.end : person.start].split(_AND)
    post = _ending(last, len(last), words.posts)
    alone = _before(last, len(last) - len(post), words.ranks) == 0
    return alone and all(title.endswith(_HEAD) or _ending(title, len(title), (*words.posts, *words.ranks)) for title in titles)
