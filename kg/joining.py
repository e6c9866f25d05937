"""Names that are one: union–find over the names of a corpus, with the reason of every join and of every refusal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kg.naming import entity_id, normalise
from kg.registry import Entry, Registry

Node = tuple[str, str, str]
"""Type, scope (empty for a thing that its name alone identifies), normalised name."""


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """Why a name was joined to another, was kept apart from it, or belongs to its owner."""

    node: Node
    name: str
    reason: str
    document: str = ""


@dataclass(frozen=True, slots=True, order=True)
class ShortForm:
    """A document gives ``short`` as another name of ``full``; both nodes have one type and scope."""

    short: Node
    full: Node
    document: str


class Joining:
    """Nodes and what joins them.

    Decisions are taken in the order of names, longest first, so they do not depend on the order in which nodes were added.

    Args:
        registry: gives entries and rulings.
    """

    def __init__(self, registry: Registry) -> None:
        """Begin without nodes."""
        self.registry = registry
        self.notes: set[Note] = set()
        self.ids: dict[Node, str] = {}
        self._explained: set[tuple[Node, str]] = set()
        self._parent: dict[Node, Node] = {}
        self._members: dict[Node, list[Node]] = {}
        self._longest: dict[Node, Node] = {}
        self._final: dict[Node, str] = {}
        self._documents: dict[Node, set[str]] = {}
        self._ruled: dict[Node, set[str]] = {}
        self._entry: dict[Node, Entry] = {}
        self._waiting: dict[Node, Entry] = {}
        self._by_name: dict[tuple[str, str], set[Node]] = {}
        self._apart = registry.apart_by_name

    def add(self, node: Node, *, document: str = "", entry: Entry | None = None) -> None:
        """Add a node, or one more document in which it stands; ``entry`` is what the registry knows by its name."""
        if node not in self._parent:
            self._parent[node] = node
            self._members[node] = [node]
            self._longest[node] = node
            self._documents[node] = set()
            self._ruled[node] = {node[2]} & self._apart.keys()
            self._by_name.setdefault((node[0], node[2]), set()).add(node)
            if entry is not None:
                self._waiting[node] = entry
        if document:
            self._documents[self.find(node)].add(document)

    def explain(self, note: Note) -> None:
        """Note why a node is what it is by its owner; for each name the first document that says so is enough."""
        if (note.node, note.name) not in self._explained:
            self._explained.add((note.node, note.name))
            self.notes.add(note)

    def find(self, node: Node) -> Node:
        """Return the node that stands for all that are one with ``node``."""
        root = node
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[node] != root:
            self._parent[node], node = root, self._parent[node]
        return root

    def entry(self, node: Node) -> Entry | None:
        """Return the registry's entry of a node."""
        return self._entry.get(self.find(node))

    def join_registry(self) -> None:
        """Join the nodes added since with the entry that the registry has for their names, unless the rulings forbid it."""
        for node, entry in sorted(self._waiting.items(), key=lambda item: _longest_first(item[0])):
            main = (node[0], "", normalise(entry.name))
            barred = self.registry.forbids(node[2], entry)
            if barred is not None:
                self.notes.add(Note(node, node[2], f"kept apart from {entry.name}: {barred.reason} ({barred.where})"))
                continue
            self.add(main)
            self._entry.setdefault(self.find(main), entry)
            if node != main:
                self._join(node, main, f"a name of {entry.name} ({entry.where})", check_documents=False)
        self._waiting.clear()

    def join_rulings(self, *, across_scopes: bool = False) -> None:
        """Join what the user says is the same: within a scope, or ``across_scopes`` where each name stands for one thing."""
        for ruling in self.registry.same:
            for type_ in sorted({key[0] for key in self._by_name}):
                left = self._by_name.get((type_, normalise(ruling.left)), set())
                right = self._by_name.get((type_, normalise(ruling.right)), set())
                reason = f"{ruling.reason} ({ruling.where})"
                if across_scopes:
                    if len({self.find(n) for n in left}) == len({self.find(n) for n in right}) == 1:
                        self._join(min(left), min(right), reason, check_documents=False)
                    continue
                for node in sorted(left):
                    if (other := (type_, node[1], normalise(ruling.right))) in right:
                        self._join(node, other, reason, check_documents=False)

    def join_short_forms(self, forms: Iterable[ShortForm]) -> None:
        """Join short forms with the full names that documents give for them, where all of them mean one thing."""
        given: dict[Node, dict[Node, str]] = {}
        for form in sorted(forms):
            given.setdefault(form.short, {}).setdefault(form.full, form.document)
        for short in sorted(given, key=_longest_first):
            meant = {self.find(full): full for full in sorted(given[short], key=_longest_first, reverse=True)}
            known = None if short[1] else self.registry.lookup(short[2], type=short[0])
            if known is not None and (main := (short[0], "", normalise(known.name))) in self._parent:
                meant.setdefault(self.find(main), main)
            if short not in self._parent and len(meant) == 1:
                continue
            fulls = sorted(meant.values(), key=_longest_first)
            if len(fulls) > 1:
                if short in self._parent:
                    listed = "、".join(full[2] for full in fulls[:5])
                    self.notes.add(Note(short, short[2], f"kept apart: it is short for several things ({listed})"))
                continue
            document = given[short].get(fulls[0], "")
            self._join(short, fulls[0], f"short for {fulls[0][2]}", document=document, check_documents=True)

    def id_of(self, node: Node) -> str:
        """Return the id of a node, made of the registry's name for it or else its longest name."""
        if node not in self.ids:
            root = self.find(node)
            entry = self._entry.get(root)
            name = normalise(entry.name) if entry else self._longest[root][2]
            self.ids[node] = entity_id(node[0], name, scope=node[1])
        return self.ids[node]

    def final_id(self, node: Node) -> str:
        """Return the one id of all that are one with ``node``, whenever they were joined: one without scope before others.

        To be asked when all joins are made and all ids are known.
        """
        root = self.find(node)
        if root not in self._final:
            known = [n for n in self._members[root] if n in self.ids]
            self._final[root] = self.ids[min(known, key=lambda n: (n[1] != "", self.ids[n]))]
        return self._final[root]

    def _join(self, left: Node, right: Node, reason: str, *, check_documents: bool, document: str = "") -> None:
        """Make two nodes one, or note why not."""
        a, b = self.find(left), self.find(right)
        if a == b:
            return
        for name in sorted(self._ruled[a]):
            for other in sorted(self._apart[name].keys() & self._ruled[b]):
                ruling = self._apart[name][other]
                self.notes.add(Note(left, left[2], f"kept apart from {right[2]}: {ruling.reason} ({ruling.where})"))
                return
        few, many = sorted((a, b), key=lambda n: len(self._documents[n]))
        if check_documents and (both := sorted(self._documents[few] & self._documents[many])):
            self.notes.add(Note(left, left[2], f"kept apart from {right[2]}: one document tells them apart", both[0]))
            return
        self.notes.add(Note(left, left[2], reason, document))
        self._parent[few] = many
        self._documents[many] |= self._documents.pop(few)
        self._ruled[many] |= self._ruled.pop(few)
        self._members[many] += self._members.pop(few)
        self._longest[many] = min(self._longest[many], self._longest.pop(few), key=_longest_first)
        found = [e for e in (self._entry.pop(few, None), self._entry.get(many)) if e is not None]
        if found:
            self._entry[many] = min(found, key=lambda e: (e.where, e.name))


def _longest_first(node: Node) -> tuple[str, int, str, str]:
    return node[0], -len(node[2]), node[2], node[1]
