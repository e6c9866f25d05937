"""One document made ready for every later step: words, head nouns, registry names, trigger words, markers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kg.extract.features import Hit, words_of
from kg.extract.known import Finder, find, finder, inverted
from kg.extract.lexical import Lexed, Lexer, analyse
from kg.lexicon import Lexicon
from kg.registry import Entry, Registry


@dataclass(frozen=True, slots=True)
class Resources:
    """What a pack knows, indexed for finding it in a text; ``name_codes`` numbers the (type, subtype) of registry entries.

    ``endings`` may follow a body's short name and leave it the same body: 集团, 有限公司.
    """

    lexer: Lexer
    lexicon: Lexicon
    registry: Registry
    heads: Finder
    triggers: Finder
    markers: Finder
    name_codes: Mapping[tuple[str, str], int]
    endings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Analysis:
    """The analysis of a text; ``words`` are ``(start, end, tag)`` and ``word_at`` gives the word of each character."""

    text: str
    lexed: Lexed
    words: Sequence[tuple[int, int, str]]
    word_at: Sequence[int]
    heads: Sequence[Hit]
    names: Sequence[Hit]
    known: Sequence[tuple[int, int, Entry]]
    triggers: Mapping[int, tuple[int, tuple[str, ...]]]
    trigger_hits: Sequence[Hit]
    markers: Mapping[int, tuple[int, tuple[str, ...]]]


def resources(lexer: Lexer, lexicon: Lexicon, registry: Registry, *, classes: Sequence[str]) -> Resources:
    """Index a pack's words; ``classes`` fixes the numbers of registry classes, whatever entries come and go."""
    pairs = sorted({(a, b) for a in classes for b in ("", *classes)})
    return Resources(
        lexer=lexer,
        lexicon=lexicon,
        registry=registry,
        heads=finder(dict(lexicon.heads)),
        triggers=finder(inverted(lexicon.triggers)),
        markers=finder(inverted(lexicon.markers)),
        name_codes={pair: number + 1 for number, pair in enumerate(pairs)},
        endings=registry.scoping.legal | {word for word, anaphor in lexicon.anaphora.items() if anaphor.own},
    )


def analysis(text: str, pack: Resources) -> Analysis:
    """Analyse a text with the words of a pack."""
    lexed = analyse(text, pack.lexer)
    starts, ends, of = words_of(lexed)
    tags = pack.lexer.tags
    trigger_hits = find(text, pack.triggers)
    known = pack.registry.find(text)
    return Analysis(
        text=text,
        lexed=lexed,
        words=[(start, end, tags[lexed.tag[start]]) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)],
        word_at=of.tolist(),
        heads=find(text, pack.heads),
        names=[Hit(start, end, pack.name_codes[entry.type, entry.subtype or ""]) for start, end, entry in known],
        known=known,
        triggers={hit.start: (hit.end, pack.triggers.groups[hit.code - 1]) for hit in trigger_hits},
        trigger_hits=trigger_hits,
        markers={hit.start: (hit.end, pack.markers.groups[hit.code - 1]) for hit in find(text, pack.markers)},
    )
