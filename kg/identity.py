"""Which entities of which documents are one thing.

Names are nodes ``(type, scope, name)``; entities with equal nodes are one. The registry, the short forms that documents give for
full names, and the user's rulings join nodes; forbidden pairs, and what one document tells apart, stay apart. Owners are decided
before what they own, level by level, because the scope of a unit is the identity of its owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kg.joining import Joining, Node, Note, ShortForm
from kg.naming import display_name
from kg.owners import Claim, Owner, Reading
from kg.registry import Entry, Registry

Thing = tuple[str, str]
"""Id of a document and id of an entity in it."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What one document alone says about the identity of one of its entities, ``id``.

    ``depth`` counts the owners that stand above it. ``owner`` tells it from its namesakes and ``within`` owns it without being
    needed for that. ``forms`` are other names that join it to others of the same type and scope; ``notes`` are the reasons, as
    ``(name, reason)``.
    """

    id: str
    depth: int
    type: str
    key: str
    owner: Owner | None = None
    entry: Entry | None = None
    extra: str = ""
    within: Owner | None = None
    forms: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()

    def owners(self) -> Iterator[Owner]:
        """Yield the owner and the one within which it stands."""
        yield from (owner for owner in (self.owner, self.within) if owner is not None)


@dataclass(frozen=True, slots=True)
class Placed:
    """A claim whose owners are known: its node, and the ids of the owners that the graph shows."""

    claimed: Claimed
    node: Node
    owners: tuple[str, ...]


@dataclass
class Identity:
    """The answer: ``ids`` gives the id of each thing, the rest is by that id.

    ``entries`` is what the registry knows, ``owners`` the ids of the owners that tell a thing from its namesakes, ``notes`` the
    reasons in their order.
    """

    ids: dict[Thing, str] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    owners: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[tuple[str, Note]] = field(default_factory=list)


def identify(documents: Sequence[tuple[str, Sequence[Claimed]]], registry: Registry) -> Identity:
    """Return which things are the same, from the claims of each document (see ``claimed``), sorted by the documents' ids."""
    joining, identity = Joining(registry), Identity()
    named = sorted({owner for _, claims in documents for owner in named_owners(claims)})
    for type_, name in named:
        joining.add((type_, "", name), entry=registry.lookup(name, type=type_))
    nodes: dict[Thing, Node] = {}
    owned: dict[Node, tuple[str, ...]] = {}
    named_ids: dict[tuple[str, str], str] = {}
    ids: dict[str, dict[str, str]] = {name: {} for name, _ in documents}
    for depth in range(1 + max((claim.depth for _, claims in documents for claim in claims), default=-1)):
        placed: dict[Thing, Node] = {}
        forms: list[ShortForm] = []
        for name, claims in documents:
            level = [claim for claim in claims if claim.depth == depth]
            for one in place(level, ids[name], named_ids):
                placed[name, one.claimed.id] = one.node
                _add(joining, one, name)
                forms += short_forms(one, name)
                if one.owners:
                    owned.setdefault(one.node, one.owners)
        joining.join_registry()
        joining.join_rulings()
        joining.join_short_forms(forms)
        for (name, id_), node in placed.items():
            ids[name][id_] = joining.id_of(node)
        named_ids = named_ids or {(type_, name): joining.id_of((type_, "", name)) for type_, name in named}
        nodes |= placed
    joining.join_rulings(across_scopes=True)
    for name, claims in documents:
        for claim in claims:
            if claim.within is not None:
                owned.setdefault(nodes[name, claim.id], owner_ids(claim.within, ids[name], named_ids))
    _finish(identity, joining, nodes, owned)
    return identity


def claimed(reading: Reading, registry: Registry) -> tuple[Claimed, ...]:
    """Return what one document says about the identity of its entities, owners before what they own."""
    levels = _Levels(reading)
    found = []
    for depth, ids in enumerate(levels.levels):
        for id_ in ids:
            claim, rule = levels.claims[id_], reading.rule(id_)
            shown, notes = display_name(reading.entities[id_].name), []
            if claim.entry is not None and claim.within is not None and claim.key != reading.keys[id_]:
                known = f"a name of {claim.entry.name} under its owner ({claim.entry.where})"
                notes.append((shown, f"{known}; {claim.within.reason}"))
            if claim.owner is not None:
                notes.append((shown, claim.owner.reason))
            owner = levels.root(claim.owner) if claim.owner is not None and "root" in rule.policy else claim.owner
            forms = tuple(_forms(reading, id_, claim, registry))
            parts = (claim.key, owner, claim.entry, claim.extra, claim.within, forms, tuple(notes))
            found.append(Claimed(id_, depth, reading.type_of(id_)[0], *parts))
    return tuple(found)


def named_owners(claims: Sequence[Claimed]) -> set[tuple[str, str]]:
    """Return ``(type, normalised name)`` of the owners that the document does not name by themselves."""
    return {(owner.type, owner.name) for claim in claims for owner in claim.owners() if owner.name}


def place(claims: Sequence[Claimed], ids: Mapping[str, str], named: Mapping[tuple[str, str], str]) -> Iterator[Placed]:
    """Yield the node of each claim.

    Args:
        claims: of one document and one level.
        ids: ids of the document's entities of the levels before, by their ids in the document.
        named: ids of owners that no document need name, by type and normalised name.
    """
    for claim in claims:
        scope = ""
        owners: tuple[str, ...] = ()
        if (owner := claim.owner) is not None:
            found = owner_ids(owner, ids, named)
            owners = () if owner.context else found
            # Only the hash of an owner's id enters: the readable part may change with the pinyin dictionary.
            scope = owner.place or "+".join(sorted(owner_id.rsplit("-", 1)[1] for owner_id in found))
        if claim.extra:
            scope = f"{scope}@{claim.extra}"
        yield Placed(claim, (claim.type, scope, claim.key), owners)


def owner_ids(owner: Owner, ids: Mapping[str, str], named: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    """Return the ids of an owner, which may be several things together; see ``place``."""
    found = {ids[other] for other in owner.entities}
    return tuple(sorted(found | ({named[owner.type, owner.name]} if owner.name else set())))


def short_forms(placed: Placed, document: str) -> Iterator[ShortForm]:
    """Yield the other names of an entity as nodes."""
    type_, scope, _ = placed.node
    return (ShortForm((type_, scope, form), placed.node, document) for form in placed.claimed.forms)


def _add(joining: Joining, placed: Placed, document: str) -> None:
    joining.add(placed.node, document=document, entry=placed.claimed.entry)
    for name, reason in placed.claimed.notes:
        joining.explain(Note(placed.node, name, reason, document))


def _forms(reading: Reading, id_: str, claim: Claim, registry: Registry) -> Iterator[str]:
    """Yield the aliases that a document gives to an entity, and a full company name without its legal form.

    A generic alias (研究院 for 低空智能研究院) holds in its document only.
    """
    type_, subtype = reading.type_of(id_)
    forms = {form for form in reading.forms[id_] if len(form) > 1}
    if reading.rule(id_).owners and "root" not in reading.rule(id_).policy:
        forms.update(registry.scoping.cores(claim.key))
    for form in sorted(forms - {claim.key, reading.keys[id_]}):
        if claim.owner is not None or claim.extra or not registry.scoping.relative(form, type_, subtype):
            yield form


def _finish(identity: Identity, joining: Joining, nodes: dict[Thing, Node], owned: dict[Node, tuple[str, ...]]) -> None:
    """Collect everything by the final ids."""
    final = {node: joining.final_id(node) for node in joining.ids}
    renamed = {joining.ids[node]: id_ for node, id_ in final.items()}
    identity.ids = {thing: final[node] for thing, node in nodes.items()}
    for node in sorted(final):
        if (entry := joining.entry(node)) is not None:
            identity.entries[final[node]] = entry
        if node in owned:
            identity.owners.setdefault(final[node], tuple(sorted({renamed.get(o, o) for o in owned[node]})))
    seen: dict[tuple[str, str, str], Note] = {}
    for note in sorted(joining.notes):
        if note.node in final:
            seen.setdefault((final[note.node], note.name, note.reason), note)
    identity.notes = [(key[0], note) for key, note in sorted(seen.items())]


class _Levels:
    """The claims of one document, its entities sorted by how many owners stand above them."""

    def __init__(self, reading: Reading) -> None:
        """Decide the claims and their levels; owners in a circle are cut at the first of them by name."""
        self.claims: dict[str, Claim] = {id_: reading.claim(id_) for id_ in reading.entities}
        self.levels: list[list[str]] = [[i for i, claim in self.claims.items() if claim.owner is None]]
        done = set(self.levels[0])
        waiting = [i for i in self.claims if i not in done]
        while waiting:
            ready = [i for i in waiting if done.issuperset(self._above(i))]
            if not ready:
                claim = self.claims[waiting[0]]
                place = Owner(place=f"document:{reading.document.id}", reason="its owners own each other")
                self.claims[waiting[0]] = Claim(claim.key, owner=place, extra=claim.extra)
                continue
            self.levels.append(ready)
            done.update(ready)
            waiting = [i for i in waiting if i not in done]

    def root(self, owner: Owner) -> Owner:
        """Return the topmost owner: the first on the way up that its name alone identifies."""
        while owner.entities:
            above = self.claims[owner.entities[0]].owner
            if above is None or above.place:
                break
            owner = above
        return owner

    def _above(self, id_: str) -> tuple[str, ...]:
        owner = self.claims[id_].owner
        return owner.entities if owner else ()
