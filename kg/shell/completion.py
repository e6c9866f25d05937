"""What the shell offers while a question is typed: classes, predicates, names, prefixes, keywords. It knows no terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import pyoxigraph as ox

from kg.ontology import Ontology
from kg.output import ALT_LABEL, NAMING, Output
from kg.query import NamedQuery, prefixes_of
from kg.sparql import tokens

KEYWORDS = (
    "ASK", "ASC(", "BIND(", "CONSTRUCT", "COUNT(", "DESC(", "DESCRIBE", "DISTINCT", "EXISTS", "FILTER(", "GRAPH", "GROUP BY",
    "GROUP_CONCAT(", "HAVING(", "LIMIT", "MINUS", "NOT EXISTS", "OFFSET", "OPTIONAL", "ORDER BY", "PREFIX", "REGEX(", "SELECT",
    "STR(", "UNION", "VALUES", "WHERE",
)  # fmt: skip
MOST = 200
"""Offers at a time; more nobody reads."""


class Offer(NamedTuple):
    """A text that may take the place of the last ``length`` characters typed, and what it means."""

    text: str
    length: int
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """All that can be offered; ``terms`` are prefixed names of classes and predicates with their labels."""

    terms: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    prefixes: tuple[tuple[str, str], ...]
    questions: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]


def words_of(output: Output, ontology: Ontology, questions: Sequence[NamedQuery], commands: Sequence[str]) -> Words:
    """Collect the words of an opened build."""
    labels = {**{n: (c.label_zh, c.label_en) for n, c in ontology.classes.items()}}
    labels |= {n: (p.label_zh, p.label_en) for n, p in ontology.predicates.items()}
    terms = tuple((f"kgo:{name}", " ".join(filter(None, both))) for name, both in sorted(labels.items()))
    found = set()
    for predicate in (*NAMING, ALT_LABEL):
        for quad in output.store.quads_for_pattern(None, predicate, None, ox.DefaultGraph()):
            if isinstance(quad.object, ox.Literal) and not str(quad.subject).startswith(f"<{output.namespace}"):
                found.add(quad.object.value)
    prefixes = tuple(sorted(prefixes_of(output, ontology).items()))
    short = tuple((q.name.split("-", 1)[-1], q.title_zh) for q in questions)
    return Words(terms, tuple(sorted(found)), prefixes, short, tuple(commands))


def offers(before: str, words: Words) -> Iterator[Offer]:
    """Yield what may follow ``before``, the text left of the cursor, the likeliest first and not more than ``MOST``."""
    quoted = re.search(r'"([^"\n]*)$', before) if before.count('"') % 2 else None
    value = re.search(r"^(?:\.set|[\w-]+)\s.*?=([^\s=]*)$", before)
    if quoted:
        yield from islice((Offer(_escape(n) + '"@zh', len(quoted[1])) for n in _like(quoted[1], words.names)), MOST)
    elif value and not re.match(r"\s*(SELECT|ASK|CONSTRUCT|DESCRIBE|PREFIX)\b", before, re.IGNORECASE):
        yield from islice(
            (Offer(f"'{n}'" if re.search(r"\s", n) else n, len(value[1])) for n in _like(value[1], words.names)), MOST
        )
    else:
        found = re.search(r"[\w:.-]+$", before)
        word = found[0] if found else ""
        if word:
            yield from islice(_words(word, before[: -len(word)].strip() == "", words), MOST)


def _words(word: str, first: bool, words: Words) -> Iterator[Offer]:
    size, small = len(word), word.lower()
    if first:
        yield from (Offer(c, size) for c in words.commands if c.startswith(word))
        yield from (Offer(name, size, title) for name, title in words.questions if name.startswith(small))
    # By name or by label: 结对 leads to kgo:pairsWith, and so does pair.
    starts = [(t, m) for t, m in words.terms if t.lower().startswith((small, f"kgo:{small}")) or m.lower().startswith(small)]
    yield from (Offer(term, size, meaning) for term, meaning in starts)
    if ":" not in word:
        yield from (Offer(k, size) for k in KEYWORDS if k.lower().startswith(small))
        yield from (Offer(f"{p}:", size, iri) for p, iri in words.prefixes if p.startswith(small))
        if len(word) > 1:
            rest = [(t, m) for t, m in words.terms if (t, m) not in starts and small in f"{t} {m}".lower()]
            yield from (Offer(term, size, meaning) for term, meaning in rest)


def _like(text: str, names: Sequence[str]) -> Iterator[str]:
    """Yield the names that begin with ``text``, then those that hold it."""
    yield from (name for name in names if name.startswith(text))
    yield from (name for name in names if text in name[1:] and not name.startswith(text))


def _escape(name: str) -> str:
    return str(ox.Literal(name))[1:-1]


def is_complete(text: str) -> bool:
    """Return whether Enter ends the input: no bracket or string is open, and a query has its pattern.

    >>> is_complete("SELECT * {"), is_complete("SELECT * { ?s ?p ?o }"), is_complete(".help"), is_complete("SELECT *")
    (False, True, True, False)
    """
    found = [t[0] for t in tokens(text)]
    depth = sum(t in ("{", "(") for t in found) - sum(t in ("}", ")") for t in found)
    if depth > 0:
        return False
    forms = {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE", "PREFIX", "BASE"} & {t.upper() for t in found}
    # DESCRIBE needs no pattern; an empty line ends whatever has been typed.
    return not forms or "}" in found or "DESCRIBE" in forms or text.endswith("\n")
