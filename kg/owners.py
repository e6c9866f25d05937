"""Whose the things of one document are: its own organization, and for each entity the owner that tells it from its namesakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from kg.model import Annotation, Document
from kg.naming import normalise
from kg.registry import Entry, Registry
from kg.scoping import Rule

Link = tuple[str, str, float]
"""``(predicate, other entity's id, sureness)``; stated links are surer than implied ones."""


@dataclass(frozen=True, slots=True)
class Owner:
    """What tells a thing from its namesakes; exactly one of the first three is set.

    ``entities`` are ids in the document, ``name`` is the normalised name (and ``type`` the type) of a body that the document does
    not name by itself, and ``place`` is the document, or its publisher, where no body is known. In a ``context`` it only tells
    namesakes apart and owns nothing.
    """

    entities: tuple[str, ...] = ()
    name: str = ""
    place: str = ""
    reason: str = ""
    type: str = ""
    context: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """How one entity of a document is identified.

    ``key`` is the normalised name to compare, without its owner's part; ``owner`` is ``None`` for a thing that its name alone
    identifies. ``entry`` is the registry's, ``extra`` a further mark such as a date, and ``within`` the owner of a thing that
    does not need one to be known.
    """

    key: str
    owner: Owner | None = None
    entry: Entry | None = None
    extra: str = ""
    within: Owner | None = None


class Reading:
    """One document with its annotation, as identity looks at it.

    Args:
        document: the document.
        annotation: what it says.
        registry: known names and the rules of scoping.
        types: type and subtype of each entity where they differ from the annotation's.
    """

    def __init__(
        self,
        document: Document,
        annotation: Annotation,
        registry: Registry,
        *,
        types: Mapping[str, tuple[str, str | None]],
    ) -> None:
        """Index the annotation; nothing is decided yet."""
        self.document = document
        self.registry = registry
        self.types = types
        self.relations = annotation.relations
        self.entities = {e.id: e for e in sorted(annotation.entities, key=lambda e: (normalise(e.name), e.type, e.id))}
        self.keys = {id_: normalise(e.name) for id_, e in self.entities.items()}
        self.forms = {id_: frozenset(f for n in (e.name, *e.aliases) if (f := normalise(n))) for id_, e in self.entities.items()}
        self._out: dict[str, list[Link]] = {}
        self._in: dict[str, list[Link]] = {}
        for relation in annotation.relations:
            sure = relation.confidence - (2.0 if relation.implied else 0.0)
            self._out.setdefault(relation.subject, []).append((relation.predicate, relation.object, sure))
            self._in.setdefault(relation.object, []).append((relation.predicate, relation.subject, sure))

    def type_of(self, id_: str) -> tuple[str, str | None]:
        """Return the type and subtype of an entity."""
        return self.types.get(id_) or (self.entities[id_].type, self.entities[id_].subtype)

    def rule(self, id_: str) -> Rule:
        """Return the rule of scoping that holds for an entity."""
        return self.registry.scoping.rule(*self.type_of(id_))

    @cached_property
    def own(self) -> Owner:
        """The document's own organization, with the reason why it is that; its publisher or itself where there is none."""
        document, best, best_id = self.document, None, ""
        stands = document.text[document.title.start : document.title.end] if document.title else ""
        title = normalise(document.given_title or stands)
        publisher = normalise(document.text[document.publisher.start : document.publisher.end]) if document.publisher else ""
        for id_, entity in self.entities.items():
            owns = self.rule(id_).owns
            if owns == "no" or self._relative(id_):
                continue
            implied = sum(sure < 0 for _, _, sure in self._in.get(id_, ()))
            forms = self.forms[id_]
            first = min((m.start for m in entity.mentions), default=0)
            rank = (
                owns == "yes",
                implied,
                any(f in title for f in forms),
                any(f in publisher for f in forms),
                len(entity.mentions),
                -first,
            )
            if best is None or rank > best:
                best, best_id = rank, id_
        if best is None:
            place = f"publisher:{publisher}" if publisher else f"document:{document.id}"
            return Owner(place=place, reason="the document names no body of its own; its publisher or itself stands for it")
        why = [
            *([f"{best[1]} implied statements are about it"] if best[1] else []),
            *(["it stands in the title"] if best[2] else []),
            *(["it is the publisher"] if best[3] else []),
            f"it is mentioned {best[4]} times",
        ]
        return Owner((best_id,), reason=f"the document is about {self.entities[best_id].name}: {', '.join(why)}")

    def claim(self, id_: str) -> Claim:
        """Return how an entity is identified."""
        key, (type_, subtype), rule = self.keys[id_], self.type_of(id_), self.rule(id_)
        entry = self._entry(id_)
        if "name" in rule.policy:
            return Claim(key, entry=entry)
        stated = self._stated(id_, rule)
        inner = self._inner(key, id_, stated) if any(not inverse for _, inverse in rule.owners) else None
        if entry is not None:
            return Claim(self._full(id_, entry), entry=entry, within=stated or (inner[0] if inner else None))
        if inner is not None:
            return self._within(Claim(inner[1], owner=inner[0]), type_)
        scoping = self.registry.scoping
        if not rule.policy & {"owner", "root"} and not scoping.relative(key, type_, subtype):
            return Claim(key)
        owner = stated or self._own_of(id_)
        if stated is None and "context" in rule.policy:
            owner = replace(owner, context=True)
        for owner_key in sorted(f for o in owner.entities for f in self.forms[o]):
            if full := scoping.in_region(key, owner_key):
                return Claim(full, entry=self.registry.lookup(full, type=type_), within=stated)
        prefix = scoping.owner_prefix(key)
        rest = key[len(prefix) :]
        if prefix and "root" not in rule.policy and len(rest) > 1 and scoping.generic(rest, type_, subtype):
            if not any(k == rest and self.type_of(o)[0] == type_ for o, k in self.keys.items()):
                key = rest
        extra = self._date(id_) if "date" in rule.policy else ""
        claim = Claim(key, owner=owner, extra=extra)
        return claim if rule.policy & {"root", "date", "all"} or owner.context else self._within(claim, type_)

    def _within(self, claim: Claim, type_: str) -> Claim:
        """Return ``claim`` as one of a known thing if the registry has the owner's unit of that name (联通 + 研究院)."""
        owner = claim.owner
        if owner is None:
            return claim
        forms = frozenset({owner.name} if owner.name else ())
        for other in owner.entities[:1]:
            forms |= self.forms[other] | self._known_forms(other)
        if known := self.registry.lookup(owner.name) if owner.name else None:
            forms |= {normalise(n) for n in (known.name, *known.aliases)}
        found = [self.registry.lookup(form + claim.key, type=type_) for form in sorted(forms, key=lambda f: (-len(f), f))]
        for entry in sorted((e for e in found if e is not None), key=lambda e: e.kind == "derived"):
            if not self.registry.forbids(claim.key, entry):
                return Claim(normalise(entry.name), entry=entry, within=owner)
        return claim

    def _full(self, id_: str, entry: Entry) -> str:
        """Return the name to compare for a known thing: its own, but the registry's where its own needs the owner."""
        return normalise(entry.name) if self._short(id_) else self.keys[id_]

    def _short(self, id_: str) -> bool:
        """Return whether a name may denote something else under another owner."""
        key, (type_, subtype) = self.keys[id_], self.type_of(id_)
        scoping, rule = self.registry.scoping, self.rule(id_)
        headed = len(key) <= 3 and any(True for _ in scoping.heads_of(key, type_, subtype))
        return bool(rule.owners) and (headed or "owner" in rule.policy or scoping.relative(key, type_, subtype))

    def _relative(self, id_: str) -> bool:
        return self.registry.scoping.relative(self.keys[id_], *self.type_of(id_)) and self.registry.lookup(self.keys[id_]) is None

    def _own_of(self, id_: str) -> Owner:
        """Return the document's own organization as the owner of an entity, which may be that organization itself."""
        if id_ in self.own.entities:
            return Owner(place=f"document:{self.document.id}", reason="it is the document's own body, and its name is generic")
        return self.own

    def _stated(self, id_: str, rule: Rule) -> Owner | None:
        """Return the owner that a relation of the document gives; the document's own organization goes before others."""
        for predicate, inverse in rule.owners:
            links = self._in if inverse else self._out
            found = {other: sure for name, other, sure in sorted(links.get(id_, ()), key=lambda li: li[2]) if name == predicate}
            found.pop(id_, None)
            if not found:
                continue
            arrow = f"{predicate} of" if inverse else predicate
            if "all" in rule.policy:
                chosen = tuple(sorted(found, key=lambda o: (self.keys[o], o)))
            else:
                chosen = (min(found, key=lambda o: (found[o] < 0, o not in self.own.entities, -found[o], self.keys[o], o)),)
            names = "、".join(self.entities[o].name for o in chosen)
            return Owner(chosen, reason=f"{arrow} {names}{' (implied)' if all(found[o] < 0 for o in chosen) else ''}")
        return None

    def _inner(self, key: str, id_: str, stated: Owner | None) -> tuple[Owner, str] | None:
        """Return the owner that the name itself begins with, and the rest of the name."""
        type_, subtype = self.type_of(id_)
        scoping, free = self.registry.scoping, "owner" in self.rule(id_).policy
        for other in stated.entities if stated else ():
            for form in sorted(self.forms[other] | self._known_forms(other), key=lambda f: (-len(f), f)):
                rest = key[len(form) :]
                if key.startswith(form) and rest and (free or scoping.relative(rest, type_, subtype)):
                    return Owner((other,), reason=f"its name begins with {self.entities[other].name}"), rest
        for i in range(len(key) - 1, 1, -1):
            if not scoping.relative(key[i:], type_, subtype):
                continue
            others = [o for o in self._by_form.get(key[:i], ()) if o != id_]
            if others:
                return Owner((others[0],), reason=f"its name begins with {self.entities[others[0]].name}"), key[i:]
            entry = self.registry.lookup(key[:i])
            if entry is not None and self.registry.scoping.rule(entry.type, entry.subtype).owns != "no":
                reason = f"its name begins with {key[:i]}, a name of {entry.name} ({entry.where})"
                return Owner(name=normalise(entry.name), type=entry.type, reason=reason), key[i:]
        if stated is None:
            for i in scoping.seat_splits(key, type_, subtype):
                return Owner(name=key[:i], type=type_, reason=f"its name begins with {key[:i]}"), key[i:]
        return None

    @cached_property
    def _by_form(self) -> dict[str, list[str]]:
        """Entities that may own others, by each of their forms."""
        found: dict[str, list[str]] = {}
        for id_, forms in self.forms.items():
            if self.rule(id_).owns != "no":
                for form in sorted(forms):
                    found.setdefault(form, []).append(id_)
        return found

    def _known_forms(self, id_: str) -> frozenset[str]:
        entry = self._entry(id_)
        return frozenset(normalise(n) for n in (entry.name, *entry.aliases)) if entry else frozenset()

    def _entry(self, id_: str) -> Entry | None:
        """Return what the registry knows by the entity's name; a short form is believed only under its owner."""
        key = self.keys[id_]
        entry = self.registry.lookup(key, type=self.type_of(id_)[0])
        if entry is None or not entry.parent or key == normalise(entry.name):
            return entry
        if entry.kind == "derived" or not self._short(id_):
            return entry
        if self.registry.forbids(key, entry):
            return None
        stated = self._stated(id_, self.rule(id_))
        return entry if entry.parent in self._line(stated or self.own) else None

    def _line(self, owner: Owner) -> set[str]:
        """Return the registry's names of an owner and of everything above it."""
        line: set[str] = set()
        for id_ in owner.entities:
            entry = self.registry.lookup(self.keys[id_], type=self.type_of(id_)[0])
            while entry is not None and entry.name not in line:
                line.add(entry.name)
                entry = self.registry.lookup(entry.parent) if entry.parent else None
        return line

    def _date(self, id_: str) -> str:
        """Return the date of a happening, or of the document that tells of it."""
        own = dict(self.entities[id_].attributes).get("date")
        return str(own or self.document.date or "")
