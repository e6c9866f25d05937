"""What every reader of a genre knows: bodies, programmes, places, their aliases and owners, read from ``PACK/registry/``.

Each ``*.tsv`` holds entries, one a line (``name type subtype aliases kind parent source``, aliases divided by ``|``). Besides,
``patterns.tsv`` holds derived names (``{place}联通`` is a branch of 中国联通), ``merges.tsv`` (pairs that must
stay apart) and ``user.tsv``, the user's own: entries that win over ours, and lines ``!same <tab> A <tab> B <tab> why`` or
``!apart <tab> A <tab> B <tab> why``, which force or forbid a merge. ``generic.tsv`` and ``scopes.tsv`` belong to ``kg.scoping``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from kg.errors import PackError
from kg.gazetteer import Entry, Gazetteer, Pattern, parse_pattern, placeholders
from kg.naming import display_name, normalise
from kg.ontology import Ontology, subtypes, types
from kg.scoping import MEMO, Scoping, load_scoping
from kg.tables import check_cell, read_rows

ENTRY_HEADER = ("name", "type", "subtype", "aliases", "kind", "parent", "source")
MERGE_HEADER = ("left", "right", "reason")
PATTERN_HEADER = ("pattern", "canonical", "type", "subtype", "parent", "reason")
_OTHER_FILES = {"merges.tsv", "patterns.tsv", "user.tsv", "generic.tsv", "scopes.tsv"}
_DIRECTIVES = ("!same", "!apart")

__all__ = ["Entry", "Registry", "Ruling", "forms", "load_registry"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """A pair of names that are the same, or must stay apart, with the reason and the ``file:line`` in the pack that says so."""

    left: str
    right: str
    reason: str
    where: str


@dataclass(frozen=True)
class Registry:
    """Known names. ``by_name`` maps a normalised name or alias to its entries, at most one of a type."""

    entries: tuple[Entry, ...] = ()
    by_name: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    patterns: tuple[Pattern, ...] = ()
    same: tuple[Ruling, ...] = ()
    apart: tuple[Ruling, ...] = ()
    scoping: Scoping = field(default_factory=Scoping)

    def lookup(self, name: str, *, type: str | None = None) -> Entry | None:
        """Return the entry with this name or alias; ``None`` if it is not known.

        Failing that, the entry that a pattern derives from the name, or that stands in it behind its owner (安徽合肥 is 合肥市).

        Args:
            name: any spelling; names are compared as ``kg.naming.normalise`` does.
            type: entity type of the entry wanted; without it the first in the order of the files.
        """
        key = normalise(name)
        for entry in self.by_name.get(key, ()):
            if type is None or entry.type == type:
                return entry
        found = self.gazetteer.derive(key) or self._nested(key)
        return found if found is not None and (type is None or found.type == type) else None

    def find(self, text: str) -> list[tuple[int, int, Entry]]:
        """Return the known names in ``text`` as ``(start, end, entry)``: leftmost, then longest, without overlap.

        Offsets count code points of ``text``. White space and quotes inside a name and the width of letters are overlooked; of
        entries that share a name the first is given. A name right behind its owner's is one with it, as in ``lookup``.
        """
        joined: list[tuple[int, int, Entry]] = []
        for start, end, entry in self.gazetteer.find(text):
            if joined and joined[-1][1] == start and self._owns(joined[-1][2], entry):
                start = joined.pop()[0]
            joined.append((start, end, entry))
        return joined

    def _nested(self, key: str) -> Entry | None:
        if key not in self._nestings:
            found = next(self._behind_owners(key), None)
            if len(self._nestings) >= MEMO:
                self._nestings.clear()
            self._nestings[key] = found
            return found
        return self._nestings[key]

    def _behind_owners(self, key: str) -> Iterator[Entry]:
        for i in range(2, len(key) - 1):
            for inner in self.by_name.get(key[i:], ()):
                outers = self.by_name.get(key[:i], ()) or tuple(filter(None, [self._nested(key[:i])]))
                if any(self._owns(outer, inner) for outer in outers):
                    yield inner

    def _owns(self, outer: Entry, inner: Entry) -> bool:
        """Return whether ``outer`` is the owner of ``inner`` or the owner's owner, and so on, of one type."""
        seen = {inner.name}
        while inner.parent and inner.parent not in seen:
            seen.add(inner.parent)
            if inner.parent == outer.name:
                return outer.type == inner.type
            above = self.by_name.get(normalise(inner.parent), ())
            inner = next((entry for entry in above if entry.type == inner.type), inner)
        return False

    @cached_property
    def _nestings(self) -> dict[str, Entry | None]:
        return {}

    def forbids(self, name: str, entry: Entry) -> Ruling | None:
        """Return the ruling that keeps ``name`` apart from an entry: from its name, or from an alias fuller than ``name``."""
        key, main = normalise(name), normalise(entry.name)
        rulings = self.apart_by_name.get(key)
        for form in sorted({normalise(f) for f in (entry.name, *entry.aliases)}) if rulings else ():
            if rulings and form in rulings and (form == main or (-len(form), form) < (-len(key), key)):
                return rulings[form]
        return None

    @cached_property
    def apart_by_name(self) -> dict[str, dict[str, Ruling]]:
        """Pairs to keep apart, by either normalised name; the user's own word to join them overrides one."""
        wanted = {frozenset((normalise(r.left), normalise(r.right))) for r in self.same}
        found: dict[str, dict[str, Ruling]] = {}
        for ruling in self.apart:
            left, right = normalise(ruling.left), normalise(ruling.right)
            if frozenset((left, right)) not in wanted:
                found.setdefault(left, {})[right] = ruling
                found.setdefault(right, {})[left] = ruling
        return found

    @cached_property
    def gazetteer(self) -> Gazetteer:
        """The matcher over all names, made when first used."""
        return Gazetteer(self.by_name, self.patterns)


def load_registry(pack_dir: Path, ontology: Ontology) -> Registry:
    """Read the registry of a domain pack; a pack without one has an empty registry.

    The last one read is given again while its files are the same: a build asks twice, and it takes a fifth of a second.

    Raises:
        PackError: A line has the wrong columns or names a type, subtype, parent or placeholder that does not exist, or an alias
            belongs to two entries of one type; the message names file and line.
    """
    folder = pack_dir / "registry"
    if not folder.is_dir():
        return Registry()
    state = (pack_dir, [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.tsv"))], ontology)
    for known, registry in _last:
        if known == state:
            return registry
    _last[:] = [(state, _read(folder, pack_dir, ontology))]
    return _last[0][1]


_last: list[tuple[tuple[Path, list[tuple[str, bytes]], Ontology], Registry]] = []


def _read(folder: Path, pack_dir: Path, ontology: Ontology) -> Registry:
    allowed = {name: frozenset(subtypes(ontology, name)) for name in types(ontology)}
    files = [path for path in sorted(folder.glob("*.tsv")) if path.name not in _OTHER_FILES]
    entries = [entry for path in files for entry in _entries(path, allowed)]
    same: list[Ruling] = []
    apart = [
        Ruling(left, right, reason, _short(path, number))
        for path in (folder / "merges.tsv",)
        if path.exists()
        for number, (left, right, reason) in read_rows(path, MERGE_HEADER)
    ]
    own: list[Entry] = []
    if (folder / "user.tsv").exists():
        own = list(_entries(folder / "user.tsv", allowed, same=same, apart=apart))
    by_name = _index(entries, own, pack_dir)
    kept = tuple(dict.fromkeys(entry for found in by_name.values() for entry in found))
    kept = tuple(_checked_parent(entry, by_name, pack_dir) for entry in kept)
    fresh = {(e.name, e.type): e for e in kept}
    by_name = {key: tuple(fresh[e.name, e.type] for e in found) for key, found in by_name.items()}
    patterns = tuple(_patterns(folder / "patterns.tsv", allowed, by_name)) if (folder / "patterns.tsv").exists() else ()
    known: dict[str, set[str]] = {}
    for key, found in by_name.items():
        for entry in found:
            known.setdefault(entry.type, set()).add(key)
    scoping = load_scoping(folder, ontology, known=known)
    return Registry(kept, by_name, patterns, tuple(same), tuple(apart), scoping)


def _entries(
    path: Path, allowed: Mapping[str, frozenset[str]], *, same: list[Ruling] | None = None, apart: list[Ruling] | None = None
) -> Iterator[Entry]:
    """Yield the entries of a file; its directives go to ``same`` and ``apart`` where those are given."""
    for number, cells in read_rows(path, ENTRY_HEADER, directives="!" if same is not None else ""):
        where = f"{path}:{number}"
        if cells[0].startswith("!"):
            check_cell(cells[0], _DIRECTIVES, kind="directive", where=where)
            if len(cells) not in (3, 4) or not normalise(cells[1]) or not normalise(cells[2]):
                raise PackError(f"{where}: expected {cells[0]} <tab> name <tab> name <tab> reason")
            rulings = same if cells[0] == "!same" else apart
            assert rulings is not None
            rulings.append(Ruling(cells[1], cells[2], cells[3] if len(cells) == 4 else "the user's own", _short(path, number)))
            continue
        name, type_, subtype, aliases, kind, parent, source = cells
        check_cell(type_, allowed, kind="type", where=where)
        if subtype:
            check_cell(subtype, allowed[type_], kind=f"subtype of {type_}", where=where)
        forms = tuple(alias for a in aliases.split("|") if (alias := a.strip()))
        for form in (name, *forms):
            if not normalise(form):
                raise PackError(f"{where}: {form!r} has no letter, digit or character by which it could be compared")
        yield Entry(name, type_, subtype or None, forms, kind, parent, source, _short(path, number))


def _short(path: Path, number: int) -> str:
    """Return where a line stands within its pack: the reasons of merges must not tell where the pack is installed."""
    return f"{path.parent.name}/{path.name}:{number}"


def _index(entries: list[Entry], own: list[Entry], pack: Path) -> dict[str, tuple[Entry, ...]]:
    """Return the entries by normalised name and alias; the user's ``own`` replace ours of the same name or alias and type."""
    index: dict[str, dict[str, Entry]] = {}
    replaced = {(normalise(entry.name), entry.type) for entry in own}
    for group in (own, [entry for entry in entries if (normalise(entry.name), entry.type) not in replaced]):
        mine: dict[tuple[str, str], Entry] = {}
        for entry in group:
            for form in (entry.name, *entry.aliases):
                key = normalise(form)
                other = mine.setdefault((key, entry.type), entry)
                if other is not entry:
                    what = "name" if form == entry.name else "alias"
                    raise PackError(f"{pack / entry.where}: duplicate {what} {form!r}: {other.where} gives it to {other.name!r}")
                index.setdefault(key, {}).setdefault(entry.type, entry)
    return {key: tuple(found.values()) for key, found in index.items()}


def _checked_parent(entry: Entry, by_name: Mapping[str, tuple[Entry, ...]], pack: Path) -> Entry:
    """Return ``entry`` with the parent's own name in place of an alias of it."""
    if not entry.parent:
        return entry
    found = by_name.get(normalise(entry.parent), ())
    parents = [e for e in found if e.type == entry.type] or list(found)
    if not parents:
        check_cell(entry.parent, [e.name for es in by_name.values() for e in es], kind="parent", where=str(pack / entry.where))
    if not parents or parents[0].name == entry.name:
        raise PackError(f"{pack / entry.where}: {entry.name!r} is its own parent")
    return entry if parents[0].name == entry.parent else replace(entry, parent=parents[0].name)


def _patterns(path: Path, allowed: Mapping[str, frozenset[str]], by_name: Mapping[str, tuple[Entry, ...]]) -> Iterator[Pattern]:
    kinds = frozenset(kind for found in by_name.values() for entry in found for kind in placeholders(entry))
    for number, (pattern, canonical, type_, subtype, parent, reason) in read_rows(path, PATTERN_HEADER):
        where = f"{path}:{number}"
        check_cell(type_, allowed, kind="type", where=where)
        if subtype:
            check_cell(subtype, allowed[type_], kind=f"subtype of {type_}", where=where)
        made = parse_pattern(pattern, canonical, type=type_, subtype=subtype or None, parent=parent, reason=reason, where=where)
        made = replace(made, where=_short(path, number))
        for slot in made.slots:
            check_cell(slot, kinds, kind="placeholder", where=where)
        if parent and "{" not in parent:
            check_cell(normalise(parent), by_name, kind=f"parent {parent!r}, compared as", where=where)
            parents = by_name[normalise(parent)]
            made = replace(made, parent=next((e.name for e in parents if e.type == type_), parents[0].name))
        yield made


def forms(entry: Entry) -> tuple[str, ...]:
    """Return the name and the aliases of an entry, each shown form once.

    >>> forms(Entry("中国联通", "Organization", aliases=("联通", "“联通”")))
    ('中国联通', '联通')
    """
    return tuple(dict.fromkeys(display_name(form) for form in (entry.name, *entry.aliases)))
