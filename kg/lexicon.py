"""The lexicon of a domain pack: head nouns, trigger words and markers, read from ``PACK/lexicon/*.tsv``."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kg.errors import PackError

_WHOSE, _SIDES = ("own", "last"), ("before", "behind", "between")


@dataclass(frozen=True, slots=True)
class Anaphor:
    """What a word may stand for: a thing of one of the ``classes``, the document's ``own`` body or the last one named."""

    own: bool
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """Which bodies have a post: those of ``classes``, and those with names that end with one of ``bodies`` (省政府)."""

    classes: tuple[str, ...]
    bodies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unfit:
    """Words with which a mention takes no part in facts of some predicates.

    ``side`` says where they stand: right ``before`` it, right ``behind`` it, or anywhere ``between`` a fact's subject and the
    object behind it in one sentence.
    """

    side: str
    words: tuple[str, ...]
    predicates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words that say what a name or a clause is about.

    ``heads`` maps a head noun to the classes it makes (most usual first), ``triggers`` a predicate to its words, ``markers`` a
    kind
    (``planned``, ``negated``, ``hypothetical``, ``anaphora``, ``owner``, ``abbreviation``) to its words, ``tags`` a tag of the
    analyser (``ORG``, ``PER`` …) to a class, and ``plain`` holds names too
    common to be entities (``高质量发展``). ``notices`` are phrases that mark a line as a notice about the copy (免责声明), not
    a part of the report. ``general`` maps a word to the classes whose names do not begin with it (该平台 is no platform's name).
    ``anaphora`` are words that stand for something named before. ``posts`` maps what a post ends with to the bodies that have it,
    and ``ranks`` are words that stand before one (副). ``unfit`` are words beside a mention which show that it is no party to
    some facts (二十大精神 is no event to take part in), and of the predicates of one of ``exclusive`` two things stand in one.
    ``backward`` are trigger words whose subject stands behind them and whose object before: 甲公司旗下乙公司 says that 乙公司
    is part of 甲公司.
    """

    heads: Mapping[str, tuple[str, ...]]
    triggers: Mapping[str, tuple[str, ...]]
    markers: Mapping[str, tuple[str, ...]]
    tags: Mapping[str, str]
    plain: frozenset[str]
    notices: tuple[str, ...] = ()
    backward: frozenset[str] = frozenset()
    general: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    anaphora: Mapping[str, Anaphor] = field(default_factory=dict)
    posts: Mapping[str, Post] = field(default_factory=dict)
    ranks: tuple[str, ...] = ()
    unfit: tuple[Unfit, ...] = ()
    exclusive: tuple[frozenset[str], ...] = ()


def load_lexicon(pack: Path, *, classes: Collection[str], predicates: Collection[str]) -> Lexicon:
    """Read the lexicon of a pack; a missing file counts as empty.

    Args:
        pack: folder of the domain pack.
        classes: names of the classes that a head noun may make.
        predicates: names of the predicates that a trigger may state.

    Raises:
        PackError: a line has the wrong number of columns or names a class or predicate that the ontology does not have.
    """
    folder = pack / "lexicon"
    heads = _classes_of(folder / "heads.tsv", "head", classes)
    triggers = {}
    for where, (predicate, words) in _rows(folder / "triggers.tsv", "predicate", "words"):
        triggers[_known(predicate, predicates, where, "predicate")] = tuple(words.split("|"))
    markers = {kind: tuple(words.split("|")) for _, (kind, words) in _rows(folder / "markers.tsv", "kind", "words")}
    plain = frozenset(word for _, (word,) in _rows(folder / "plain.tsv", "word"))
    tags = {tag: _known(name, classes, where, "class") for where, (tag, name) in _rows(folder / "tags.tsv", "tag", "class")}
    notices = tuple(phrase for _, (phrase,) in _rows(folder / "notices.tsv", "phrase"))
    backward = frozenset(word for _, (word,) in _rows(folder / "backward.tsv", "word"))
    general = _classes_of(folder / "general.tsv", "word", classes)
    return Lexicon(heads=heads, triggers=triggers, markers=markers, tags=tags, plain=plain, notices=notices, backward=backward,
        general=general, anaphora=_anaphora(folder / "anaphora.tsv", classes),
        posts=_posts(folder / "posts.tsv", classes),
        ranks=tuple(word for _, (word,) in _rows(folder / "ranks.tsv", "word")),
        unfit=_unfit(folder / "unfit.tsv", predicates),
        exclusive=tuple(frozenset(_known(name, predicates, where, "predicate") for name in names.split("|"))
            for where, (names,) in _rows(folder / "exclusive.tsv", "predicates")))


def _anaphora(path: Path, classes: Collection[str]) -> dict[str, Anaphor]:
    """What each word may stand for."""
    return {
        word: Anaphor(_known(whose, _WHOSE, where, "value") == "own",
            tuple(_known(name, classes, where, "class") for name in names.split("|")))
        for where, (word, whose, names) in _rows(path, "word", "whose", "classes")
    }  # fmt: skip


def _posts(path: Path, classes: Collection[str]) -> dict[str, Post]:
    return {
        post: Post(tuple(_known(name, classes, where, "class") for name in names.split("|")),
            () if bodies == "-" else tuple(bodies.split("|")))
        for where, (post, names, bodies) in _rows(path, "post", "classes", "bodies")
    }  # fmt: skip


def _unfit(path: Path, predicates: Collection[str]) -> tuple[Unfit, ...]:
    return tuple(
        Unfit(_known(side, _SIDES, where, "side"), tuple(words.split("|")),
            tuple(_known(name, predicates, where, "predicate") for name in names.split("|")))
        for where, (side, words, names) in _rows(path, "side", "words", "predicates")
    )  # fmt: skip


def _classes_of(path: Path, column: str, classes: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The classes of each word in a file of two columns."""
    return {word: tuple(_known(name, classes, where, "class") for name in names.split("|"))
        for where, (word, names) in _rows(path, column, "classes")}  # fmt: skip


def _rows(path: Path, *header: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The rows of a tab-separated file with the place of each (``file:line``); ``#`` starts a comment line."""
    if not path.exists():
        return
    expected: tuple[str, ...] | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = tuple(cell.strip() for cell in line.split("\t"))
        where = f"{path}:{number}"
        if expected is None:
            if cells != header:
                raise PackError(f"{where}: the first line must be {' <tab> '.join(header)!r}, not {line!r}")
            expected = header
            continue
        if len(cells) != len(header) or not all(cells):
            raise PackError(f"{where}: expected {len(header)} columns ({', '.join(header)}), got {line!r}")
        yield where, cells


def _known(name: str, names: Collection[str], where: str, what: str) -> str:
    if name not in names:
        close = difflib.get_close_matches(name, list(names), 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise PackError(f"{where}: unknown {what} {name!r}{hint} Known: {', '.join(sorted(names))}")
    return name
