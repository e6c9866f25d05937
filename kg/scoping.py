"""When two equal names are one thing: which names are generic, and whose they are.

A name is *generic* if nothing in it is proper: it consists of words of ``PACK/registry/generic.tsv`` and ends in a head noun of
its class (市场部, 第一巡回指导组, 市财政局). ``PACK/registry/scopes.tsv`` says for each class whether an owner tells its names
apart. A pack without these files compares by name alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from kg.errors import PackError
from kg.naming import normalise
from kg.ontology import Ontology, subtypes, types
from kg.tables import check_cell, read_rows

GENERIC_HEADER = ("word", "role", "classes")
SCOPES_HEADER = ("type", "subtype", "policy", "owner", "owns", "reason")
_ROLES = ("head", "branch", "owner", "seat", "legal", "regional", "modifier")
_POLICIES = ("name", "generic", "owner", "root", "all", "date", "context", "modifies")
_OWNS = ("yes", "last", "no")
_ORDINAL = re.compile(r"第?[0-9一二三四五六七八九十百零两]+(?:届|期|次|批|号|支|季度|年度|年|月|日)?|[甲乙丙丁]")
_LONGEST = 24
MEMO = 1 << 15
"""Names of which an answer is remembered; all are forgotten when they are more, since a corpus never ends to bring new ones."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How the things of one class are told apart.

    ``owners`` are the predicates that lead to the owner, as ``(name, inverse)``: with ``inverse`` the owner is the subject.
    """

    policy: frozenset[str] = frozenset({"name"})
    owners: tuple[tuple[str, bool], ...] = ()
    owns: str = "no"


@dataclass(frozen=True)
class Scoping:
    """Generic words and rules; ``heads`` maps a class (or ``*``) to its head nouns, and all words are normalised.

    ``branches`` are head nouns of names that are generic even behind a place (三亚分行). ``owner_words`` stand for the owner
    (集团, 公司) at the beginning of a name, ``seats`` end the part of a name that names an owner (公司 in 某某公司市场部), and
    ``regional`` words make a body of a place (人民政府). ``legal`` forms end the full name of a company (有限公司).
    """

    heads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    modifiers: frozenset[str] = frozenset()
    owner_words: frozenset[str] = frozenset()
    seats: frozenset[str] = frozenset()
    branches: frozenset[str] = frozenset()
    regional: frozenset[str] = frozenset()
    legal: frozenset[str] = frozenset()
    rules: Mapping[tuple[str, str], Rule] = field(default_factory=dict)

    def rule(self, type: str, subtype: str | None) -> Rule:
        """Return the rule of a class; a subtype without one has that of its type, a type without one goes by name."""
        return self.rules.get((type, subtype or "")) or self.rules.get((type, "")) or Rule()

    def generic(self, key: str, type: str, subtype: str | None) -> bool:
        """Return whether the normalised name ``key`` has no proper part."""
        memo = self._memo
        found = memo.get((key, type, subtype))
        if found is None:
            if len(memo) >= MEMO:
                memo.clear()
            fronts = (key[: len(key) - len(head)] for head in self.heads_of(key, type, subtype))
            found = memo[key, type, subtype] = any(map(self._covered, fronts))
        return found

    def relative(self, key: str, type: str, subtype: str | None) -> bool:
        """Return whether ``key`` says nothing without its owner: it is generic or names a branch.

        >>> rules = {("Body", ""): Rule(owners=(("partOf", False),))}
        >>> Scoping(branches=frozenset({"分行"}), rules=rules).relative("三亚分行", "Body", None)
        True
        """
        if self.generic(key, type, subtype):
            return True
        within = any(not inverse for _, inverse in self.rule(type, subtype).owners)
        return within and any(key[i:] in self.branches for i in range(len(key)))

    def cores(self, key: str) -> Iterator[str]:
        """Yield ``key`` without the legal form at its end.

        >>> list(Scoping(legal=frozenset({"有限公司", "集团有限公司"})).cores("星河能源集团有限公司"))
        ['星河能源', '星河能源集团']
        """
        return (key[:i] for i in range(2, len(key)) if key[i:] in self.legal)

    def in_region(self, key: str, owner: str) -> str:
        """Return the full name of a body of a region, or an empty string if ``owner`` is not the region's own body.

        >>> Scoping(regional=frozenset({"人民政府"})).in_region("市财政局", "云溪市人民政府")
        '云溪市财政局'
        """
        for i in range(2, len(owner)):
            if owner[i:] in self.regional and owner[i - 1] == key[0]:
                return owner[:i] + key[1:]
        return ""

    def owner_prefix(self, key: str) -> str:
        """Return the longest word for the owner at the beginning of ``key``, or an empty string.

        >>> Scoping(owner_words=frozenset({"集团", "集团公司"})).owner_prefix("集团公司工会")
        '集团公司'
        """
        return max((key[:i] for i in range(1, len(key)) if key[:i] in self.owner_words), key=len, default="")

    def seat_splits(self, key: str, type: str, subtype: str | None) -> Iterator[int]:
        """Yield the places that divide ``key`` into an owner's proper name and a generic rest, the shortest owner first."""
        for i in range(3, len(key)):
            if any(key.endswith(seat, 0, i) and len(seat) < i for seat in self._seats_by_tail.get(key[i - 1], ())):
                if self.relative(key[i:], type, subtype) and not self._covered(key[:i]):
                    yield i

    def heads_of(self, key: str, type: str, subtype: str | None) -> Iterator[str]:
        """Yield the head nouns of the class that ``key`` ends in."""
        for name in (subtype or type, "*"):
            heads = self.heads.get(name, frozenset())
            yield from (key[i:] for i in range(len(key)) if key[i:] in heads)

    def _covered(self, key: str) -> bool:
        """Return whether ``key`` is a chain of generic words and ordinals."""
        reached = [True] + [False] * len(key)
        for start in range(len(key)):
            if reached[start]:
                for end in range(start + 1, min(len(key), start + _LONGEST) + 1):
                    if key[start:end] in self._words:
                        reached[end] = True
                if ordinal := _ORDINAL.match(key, start):
                    for end in range(start + 1, ordinal.end() + 1):
                        reached[end] = reached[end] or _ORDINAL.fullmatch(key, start, end) is not None
        return reached[-1]

    @cached_property
    def _words(self) -> frozenset[str]:
        return self.modifiers | self.owner_words | self.branches | frozenset().union(*self.heads.values())

    @cached_property
    def _seats_by_tail(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for seat in sorted(self.seats):
            found.setdefault(seat[-1], []).append(seat)
        return found

    @cached_property
    def _memo(self) -> dict[tuple[str, str, str | None], bool]:
        return {}


def load_scoping(folder: Path, ontology: Ontology, *, known: Mapping[str, Collection[str]]) -> Scoping:
    """Read ``generic.tsv`` and ``scopes.tsv`` of a pack's registry; a missing file counts as empty.

    Args:
        folder: the pack's ``registry`` folder.
        ontology: says which classes and predicates exist.
        known: normalised names of the registry by type; those of a type whose policy is ``modifies`` count as generic modifiers.

    Raises:
        PackError: A line has the wrong columns or names a role, class, policy or predicate that does not exist.
    """
    rules = dict(_rules(folder / "scopes.tsv", ontology))
    heads: dict[str, set[str]] = {}
    words: dict[str, set[str]] = {role: set() for role in _ROLES}
    if (path := folder / "generic.tsv").exists():
        classes = {*ontology.classes, "*"}
        for number, (word, role, names) in read_rows(path, GENERIC_HEADER):
            where = f"{path}:{number}"
            check_cell(role, _ROLES, kind="role", where=where)
            if not (key := normalise(word)):
                raise PackError(f"{where}: {word!r} has no letter, digit or character by which it could be compared")
            words[role].add(key)
            for name in names.split("|") if role == "head" else ():
                check_cell(name, classes, kind="class", where=where)
                heads.setdefault(name, set()).add(key)
    for (type_, subtype), rule in rules.items():
        if "modifies" in rule.policy and not subtype:
            words["modifier"].update(known.get(type_, ()))
    return Scoping(
        heads={name: frozenset(found) for name, found in heads.items()},
        modifiers=frozenset(words["modifier"]),
        owner_words=frozenset(words["owner"]),
        seats=frozenset(words["seat"]),
        branches=frozenset(words["branch"]),
        regional=frozenset(words["regional"]),
        legal=frozenset(words["legal"]),
        rules=rules,
    )


def _rules(path: Path, ontology: Ontology) -> Iterator[tuple[tuple[str, str], Rule]]:
    if not path.exists():
        return
    for number, (type_, subtype, policy, owner, owns, _) in read_rows(path, SCOPES_HEADER):
        where = f"{path}:{number}"
        check_cell(type_, types(ontology), kind="type", where=where)
        if subtype:
            check_cell(subtype, subtypes(ontology, type_), kind=f"subtype of {type_}", where=where)
        policies = frozenset(policy.split("|"))
        for name in policies:
            check_cell(name, _POLICIES, kind="policy", where=where)
        check_cell(owns, _OWNS, kind="value of owns", where=where)
        paths = tuple((step.removeprefix("^"), step.startswith("^")) for step in owner.split("|") if step)
        for name, _inverse in paths:
            check_cell(name, ontology.predicates, kind="predicate", where=where)
        yield (type_, subtype), Rule(policies, paths, owns)
