"""Which entities of which documents are one thing.

Names are nodes ``(type, scope, name)``; entities with equal nodes are one. The registry, the short forms that documents give for
full names, and the user's rulings join nodes; forbidden pairs, and what one document tells apart, stay apart. Owners are decided
before what they own, level by level, because the scope of a unit is the identity of its owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kg.joining import Joining, Node, Note, ShortForm
from kg.naming import display_name
from kg.owners import Claim, Owner, Reading
from kg.registry import Entry, Registry

Thing = tuple[str, str]
"""Id of a document and id of an entity in it."""


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


def identify(readings: Sequence[Reading], registry: Registry) -> Identity:
    """Return which things of ``readings``, which are sorted by document, are the same."""
    joining, identity = Joining(registry), Identity()
    documents = [_Levels(reading) for reading in readings]
    for name, type_ in sorted({owner for document in documents for owner in document.named_owners()}):
        joining.add((type_, "", name), entry=registry.lookup(name, type=type_))
    nodes: dict[Thing, Node] = {}
    owned: dict[Node, tuple[str, ...]] = {}
    for depth in range(max((len(document.levels) for document in documents), default=0)):
        placed: dict[Thing, Node] = {}
        for document in documents:
            for thing, node, owners in _place(document, depth, joining, identity):
                placed[thing] = node
                if owners:
                    owned.setdefault(node, owners)
        joining.join_registry()
        joining.join_rulings()
        joining.join_short_forms(form for d in documents for form in _short_forms(d, depth, placed, registry))
        identity.ids |= {thing: joining.id_of(node) for thing, node in placed.items()}
        nodes |= placed
    joining.join_rulings(across_scopes=True)
    for document in documents:
        for id_, owner in document.within():
            ids = {identity.ids[document.reading.document.id, other] for other in owner.entities}
            if owner.name:
                ids.add(joining.id_of((owner.type, "", owner.name)))
            owned.setdefault(nodes[document.reading.document.id, id_], tuple(sorted(ids)))
    _finish(identity, joining, nodes, owned)
    return identity


def _place(document: _Levels, depth: int, joining: Joining, identity: Identity) -> Iterator[tuple[Thing, Node, tuple[str, ...]]]:
    """Add the entities of one document and level as nodes; yield each with the ids of its owners."""
    reading = document.reading
    name = reading.document.id
    for id_ in document.level(depth):
        claim, type_ = document.claims[id_], reading.type_of(id_)[0]
        scope = ""
        owners: tuple[str, ...] = ()
        if claim.owner is not None:
            owner = document.root(claim.owner) if "root" in reading.rule(id_).policy else claim.owner
            ids = {identity.ids[name, other] for other in owner.entities}
            if owner.name:
                ids.add(joining.id_of((owner.type, "", owner.name)))
            owners = () if owner.context else tuple(sorted(ids))
            # Only the hash of an owner's id enters: the readable part may change with the pinyin dictionary.
            scope = owner.place or "+".join(sorted(owner_id.rsplit("-", 1)[1] for owner_id in ids))
        if claim.extra:
            scope = f"{scope}@{claim.extra}"
        node = (type_, scope, claim.key)
        joining.add(node, document=name, entry=claim.entry)
        if claim.entry is not None and claim.within is not None and claim.key != reading.keys[id_]:
            reason = f"a name of {claim.entry.name} under its owner ({claim.entry.where}); {claim.within.reason}"
            joining.explain(Note(node, display_name(reading.entities[id_].name), reason, name))
        if claim.owner is not None:
            joining.explain(Note(node, display_name(reading.entities[id_].name), claim.owner.reason, name))
        yield (name, id_), node, owners


def _short_forms(document: _Levels, depth: int, placed: dict[Thing, Node], registry: Registry) -> Iterator[ShortForm]:
    """Yield the aliases that a document gives to its entities of one level, and full company names without their legal form.

    A generic alias (研究院 for 低空智能研究院) holds in its document only.
    """
    reading = document.reading
    for id_ in document.level(depth):
        node = placed[reading.document.id, id_]
        type_, subtype = reading.type_of(id_)
        forms = {form for form in reading.forms[id_] if len(form) > 1}
        if reading.rule(id_).owners and "root" not in reading.rule(id_).policy:
            forms.update(registry.scoping.cores(node[2]))
        for form in sorted(forms - {node[2], reading.keys[id_]}):
            if node[1] or not registry.scoping.relative(form, type_, subtype):
                yield ShortForm((type_, node[1], form), node, reading.document.id)


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
        self.reading = reading
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

    def level(self, depth: int) -> list[str]:
        """Return the entities of one level, in the order of their names."""
        return self.levels[depth] if depth < len(self.levels) else []

    def root(self, owner: Owner) -> Owner:
        """Return the topmost owner: the first on the way up that its name alone identifies."""
        while owner.entities:
            above = self.claims[owner.entities[0]].owner
            if above is None or above.place:
                break
            owner = above
        return owner

    def named_owners(self) -> Iterator[tuple[str, str]]:
        """Yield ``(normalised name, type)`` of the owners that the document does not name by themselves."""
        owners = (owner for claim in self.claims.values() for owner in (claim.owner, claim.within) if owner is not None)
        return ((owner.name, owner.type) for owner in owners if owner.name)

    def within(self) -> Iterator[tuple[str, Owner]]:
        """Yield the owners of things that are known without them."""
        return ((id_, claim.within) for id_, claim in self.claims.items() if claim.within is not None)

    def _above(self, id_: str) -> tuple[str, ...]:
        owner = self.claims[id_].owner
        return owner.entities if owner else ()
