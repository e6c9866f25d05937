"""The matcher of known names: finds entries and derived names in running text, in one pass (Aho–Corasick)."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import ahocorasick_rs

from kg.errors import PackError
from kg.naming import display_name, normalise

_SLOT = re.compile(r"\{(\w*)\}")
_SHORTEST = 2
_MEMO = 1 << 15  # names of which an answer is remembered, as in kg.scoping
# What fills a slot may end in the word that follows it: 昌宁县 in {place}县供电公司.
_REPEATED = re.compile("(.)\0\\1")
# White space and quotes may interrupt a name; a line break may not, it ends a paragraph.
_SKIPPED = re.compile("[ \\t\u00a0\u2000-\u200b\u3000\ufeff“”„‟‘’「」『』《》〈〉\"']+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One known thing; ``parent`` is the name of its owner's entry or empty, ``where`` its ``file:line`` in the pack."""

    name: str
    type: str
    subtype: str | None = None
    aliases: tuple[str, ...] = ()
    kind: str = ""
    parent: str = ""
    source: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A way in which names derive from others: literal text and slots, ``("", "place", "联通")`` for ``{place}联通``.

    ``parts`` has literals at even places and names of slots at odd ones. ``canonical`` and ``parent`` may use the slots.
    """

    parts: tuple[str, ...]
    canonical: str
    type: str
    subtype: str | None
    parent: str
    reason: str
    where: str

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the slots, in their order."""
        return self.parts[1::2]


def parse_pattern(
    pattern: str, canonical: str, *, type: str, subtype: str | None, parent: str, reason: str, where: str
) -> Pattern:
    """Return the pattern of one line of ``patterns.tsv``.

    >>> parse_pattern("{place}联通", "中国联通{place}分公司", type="O", subtype=None, parent="", reason="", where="").parts
    ('', 'place', '联通')

    Raises:
        PackError: It has no slot, no literal or a slot twice, or its canonical name or parent uses a slot that it does not have.
    """
    split = _SLOT.split(pattern)
    parts = tuple(part if i % 2 else _fold(part) for i, part in enumerate(split))
    slots = parts[1::2]
    if not slots or not any(parts[::2]) or len(set(slots)) != len(slots):
        raise PackError(f"{where}: {pattern!r} needs literal text and slots such as {{place}}, each once")
    for text in (canonical, parent):
        if unknown := set(_SLOT.findall(text)) - set(slots):
            raise PackError(f"{where}: {text!r} uses {{{sorted(unknown)[0]}}}, which {pattern!r} does not have")
    return Pattern(parts, canonical or pattern, type, subtype, parent, reason, where)


def placeholders(entry: Entry) -> tuple[str, ...]:
    """Return the names of the slots that an entry can fill: its type, subtype and kind in lower case; a company is a ``brand``.

    >>> placeholders(Entry("中国联通", "Organization", "Company", kind="telecom"))
    ('organization', 'company', 'telecom', 'brand')
    """
    brand = "brand" if entry.subtype == "Company" else ""
    named = (entry.type.lower(), (entry.subtype or "").lower(), entry.kind.lower(), brand)
    return tuple(dict.fromkeys(n for n in named if n))


class Gazetteer:
    """All names of a registry as one automaton.

    Args:
        by_name: entries by normalised name.
        patterns: ways to derive names.
    """

    def __init__(self, by_name: Mapping[str, tuple[Entry, ...]], patterns: tuple[Pattern, ...]) -> None:
        """Build the automaton; five thousand names take a few hundredths of a second."""
        self._by_name = by_name
        slots = {slot for pattern in patterns for slot in pattern.slots}
        self._fillers = {key: made for key, found in by_name.items() if (made := _fillers(found, slots))} if slots else {}
        keys: dict[str, str] = {}
        for entry in dict.fromkeys(e for found in by_name.values() for e in found):
            for form in (entry.name, *entry.aliases):
                key = normalise(form)
                if len(folded := _fold(form)) >= _SHORTEST and entry in by_name.get(key, ()):
                    keys[folded] = key
        # A pattern that begins with literal text is looked for by that text.
        leads = {p.parts[0] for p in patterns if p.parts[0]} - keys.keys()
        self._keys = [*keys.values(), *sorted(leads)]
        self._automaton = ahocorasick_rs.AhoCorasick([*keys, *sorted(leads)], store_patterns=False)
        self._order = {pattern: number for number, pattern in enumerate(patterns)}
        self._by_lead: dict[str, list[Pattern]] = {}
        self._by_tail: dict[str, list[tuple[Pattern, Pattern]]] = {}
        for pattern in patterns:
            lead = pattern.parts[0] or f"{{{pattern.parts[1]}}}"
            self._by_lead.setdefault(lead, []).append(pattern)
            plain = replace(pattern, parts=tuple(p if i % 2 else normalise(p) for i, p in enumerate(pattern.parts)))
            self._by_tail.setdefault(pattern.parts[-1][-1:], []).append((pattern, plain))
        self._longest = max(map(len, self._fillers), default=0)
        self._derived: dict[str, Entry | None] = {}

    def find(self, text: str) -> list[tuple[int, int, Entry]]:
        """Return the known names in ``text`` as ``(start, end, entry)``: leftmost, then longest, without overlap."""
        folded, offsets = _fold_text(text)
        at: dict[int, dict[int, str]] = {}
        for index, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            at.setdefault(start, {})[end] = self._keys[index]
        result: list[tuple[int, int, Entry]] = []
        done = 0
        for start in sorted(at):
            if start < done:
                continue
            listed = {end: self._by_name[key][0] for end, key in at[start].items() if key in self._by_name}
            spans = self._expand(folded, start, at) | listed
            first = offsets(start)
            spans = {end: entry for end, entry in spans.items() if _whole(text, first, offsets(end - 1) + 1)}
            if spans:
                done = max(spans)
                result.append((first, offsets(done - 1) + 1, spans[done]))
        return result

    def derive(self, key: str) -> Entry | None:
        """Return the entry that a pattern makes of the normalised name ``key``, or ``None``."""
        if key not in self._derived:
            if len(self._derived) >= _MEMO:
                self._derived.clear()
            self._derived[key] = None  # ends the recursion, should patterns derive from each other in a circle
            found = self._derived[key] = next(self._derivations(key), None)
            return found
        return self._derived[key]

    def _derivations(self, key: str) -> Iterator[Entry]:
        known: dict[int, list[tuple[int, str]]] = {}  # all patterns look at the same few places

        def ends(start: int) -> Iterator[tuple[int, str]]:
            if start not in known:
                last = min(len(key), start + self._longest)
                places = ((end, key[start:end]) for end in range(start + 1, last + 1))
                known[start] = [(end, part) for end, part in places if part in self._fillers]
            return iter(known[start])

        for pattern, plain in [*self._by_tail.get(key[-1:], ()), *self._by_tail.get("", ())]:
            for end, filled in self._walk(plain, key, 0, ends):
                if end == len(key):
                    yield self._make(pattern, filled)

    def _expand(self, folded: str, start: int, at: Mapping[int, Mapping[int, str]]) -> dict[int, Entry]:
        """Return the derived names that begin at ``start``, by their end."""

        def ends(position: int) -> Iterator[tuple[int, str]]:
            return iter(at.get(position, {}).items())

        leads = [f"{{{slot}}}" for key in at[start].values() for slot in self._fillers.get(key, ())]
        leads += [folded[start:end] for end in at[start]]
        spans: dict[int, Entry] = {}
        # In the order of the file, as ``derive`` goes: 中国联通{place}分公司 before {brand}{place}分公司.
        possible = {p: None for lead in dict.fromkeys(leads) for p in self._by_lead.get(lead, ())}
        for pattern in sorted(possible, key=self._order.__getitem__):
            for end, filled in self._walk(pattern, folded, start, ends):
                spans.setdefault(end, self._make(pattern, filled))
        return spans

    def _walk(
        self, pattern: Pattern, text: str, start: int, ends: Callable[[int], Iterator[tuple[int, str]]]
    ) -> list[tuple[int, dict[str, Entry]]]:
        """Return where ``pattern`` may end and what its slots then hold; ``ends`` gives the names that begin at an offset."""
        reached: list[tuple[int, dict[str, Entry]]] = [(start, {})]
        for i, part in enumerate(pattern.parts):
            if i % 2 == 0:
                reached = [(at + len(part), filled) for at, filled in reached if text.startswith(part, at)]
            else:
                reached = [
                    (end, {**filled, part: entry})
                    for at, filled in reached
                    for end, key in ends(at)
                    if (entry := self._fillers.get(key, {}).get(part)) is not None
                ]
            if not reached:
                break
        return reached

    def _make(self, pattern: Pattern, filled: Mapping[str, Entry]) -> Entry:
        """Return the entry for a derived name: one of its own if the registry has the canonical name, else a made one."""
        stems = {slot: _stem(entry) for slot, entry in filled.items()}
        name = _fill(pattern.canonical, stems)
        # The registry may list the thing by another name of what fills the slot: 中国联通研究院, not 中国联合网络通信集团研究院.
        spellings = [stems, *({slot: alias} for slot, e in filled.items() if len(filled) == 1 for alias in (e.name, *e.aliases))]
        for spelling in spellings:
            for entry in self._by_name.get(normalise(_fill(pattern.canonical, spelling)), ()):
                if entry.type == pattern.type:
                    return entry
        # The canonical name of one pattern may be a spelling that another one derives from.
        again = self.derive(normalise(name))
        if again is not None and again.type == pattern.type:
            return again
        parent = normalise(_fill(pattern.parent, stems))
        above = next((e for e in self._by_name.get(parent, ()) if e.type == pattern.type), None) or (
            parent and self.derive(parent)
        )
        # The spelling found is no part of the entry: all spellings of one derived name must give equal entries.
        owner = above.name if above else _fill(pattern.parent, stems)
        return Entry(name, pattern.type, pattern.subtype, (), "derived", owner, pattern.reason, pattern.where)


def _fill(text: str, spelling: Mapping[str, str]) -> str:
    return _REPEATED.sub(r"\1", _SLOT.sub(lambda slot: f"{spelling[slot.group(1)]}\0", text)).replace("\0", "")


def _stem(entry: Entry) -> str:
    """Return what a derived name is made of: the longest alias that the name begins with (海南 of 海南省), else the name."""
    stems = [alias for alias in entry.aliases if len(alias) >= _SHORTEST and entry.name.startswith(alias) and alias != entry.name]
    return max(stems, key=len, default=entry.name)


def _fillers(found: tuple[Entry, ...], slots: Collection[str]) -> dict[str, Entry]:
    """Return which entry of one name fills which slot."""
    return {slot: entry for entry in reversed(found) for slot in placeholders(entry) if slot in slots}


class _Folding(dict[int, str]):
    """A translation table that is filled as characters come: NFKC and lower case, where those are one character."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = unicodedata.normalize("NFKC", char).lower()
        self[code] = folded if len(folded) == 1 else char
        return self[code]


_FOLDING = _Folding()


def _fold(text: str) -> str:
    if text.isalnum():  # the usual case
        return text.translate(_FOLDING)
    return _SKIPPED.sub("", display_name(text)).translate(_FOLDING)


def _whole(text: str, start: int, end: int) -> bool:
    """Return whether a match does not begin or end inside a Latin word or number."""
    for before, after in ((start - 1, start), (end - 1, end)):
        if before >= 0 and after < len(text):
            left, right = text[before], text[after]
            if left.isascii() and right.isascii() and left.isalnum() and right.isalnum():
                return False
    return True


class _Offsets:
    """Maps offsets of folded text back: ``starts`` are folded offsets at which ``shift`` characters had been left out before."""

    def __init__(self, starts: list[int], shifts: list[int]) -> None:
        self._starts, self._shifts = starts, shifts

    def __call__(self, offset: int) -> int:
        index = bisect_right(self._starts, offset) - 1
        return offset + self._shifts[index]


def _fold_text(text: str) -> tuple[str, _Offsets]:
    """Return ``text`` as names are matched, and the way back to its own offsets."""
    starts, shifts, kept, shift, position = [0], [0], [], 0, 0
    for gap in _SKIPPED.finditer(text):
        kept.append(text[position : gap.start()])
        position = gap.end()
        shift += gap.end() - gap.start()
        starts.append(position - shift)
        shifts.append(shift)
    kept.append(text[position:])
    return "".join(kept).translate(_FOLDING), _Offsets(starts, shifts)
