"""The steps in their order: annotated documents → the records of the graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from kg.flow import claiming, gathering, placing
from kg.flow.rows import Data, Engine, Row


class Resolved(NamedTuple):
    """The graph as rows with records as data.

    Kinds: ``entity`` and ``merge`` (key: the entity), ``mention`` (key: the entity, number: its place among them), ``fact``
    (key: the fact), ``evidence`` (key: the fact, number: its place among them).
    """

    entities: Data
    facts: Data


def resolve_rows(engine: Engine, annotated: Data, *, pack: str) -> Resolved:
    """Return what a corpus says, of the rows of ``kg.flow.claiming.annotated``; ``pack`` is the folder of the domain pack.

    Raises:
        AnnotationError: A mention, a statement or an end of a statement does not lie where it should.
    """
    votes = engine.grouped([annotated], claiming.votes)
    won = engine.grouped([votes], partial(claiming.winners, pack=pack))
    claims = engine.grouped([annotated, won], partial(claiming.claims, pack=pack))
    depths = max((row.number for row in engine.collected(claims.only("depth"))), default=0)
    claims = claims.only("claims")
    ids: list[Data] = []
    levels: list[Data] = []
    for depth in range(depths):
        level = engine.grouped([claims, *ids], partial(placing.placed, pack=pack, depth=depth))
        levels.append(level)
        # A thing that its name alone identifies has no owner, so the first level stands by itself.
        ids.append(_identified(engine, levels[min(depth, 1) :], pack=pack, depth=depth, final=False).only("id"))
    final = _identified(engine, levels, pack=pack, depth=max(0, depths - 1), final=True)
    said = engine.grouped([annotated, won, claims, final.only("id")], partial(gathering.said, pack=pack))
    facts = engine.grouped([said.only("statement")], partial(gathering.facts, pack=pack))
    roles = engine.grouped([facts.only("together")], gathering.roles)
    members = [said.only("member"), final.only("entry", "note"), facts.only("degree", "role"), roles]
    entities = engine.grouped(members, partial(gathering.entities, pack=pack))
    return Resolved(entities, facts)


def _identified(engine: Engine, levels: Sequence[Data], *, pack: str, depth: int, final: bool) -> Data:
    """Return the ids of the entities of one level, or of all in the end with what is known of their clusters."""
    links = [level.only("link", "tie") for level in levels]
    pairs = engine.grouped(links, placing.pairs)
    clusters = engine.given(_clusters((row.key, row.order) for row in engine.collected(pairs)))
    things = [level.only("at", "link") for level in levels]
    nodes = engine.grouped([*things, clusters], partial(placing.nodes, depth=depth, final=final))
    shared = engine.grouped([nodes.only("inside")], placing.shared)
    replay = partial(placing.joined, pack=pack, depth=depth, final=final)
    joined = engine.grouped([nodes.only("node", "edge"), shared], replay)
    back = engine.grouped([nodes.only("back"), joined.only("is")], placing.brought_back)
    return engine.united([nodes.only("id"), back, joined.only("entry", "note")])


def _clusters(pairs: Iterable[tuple[str, str]]) -> Iterator[Row]:
    """Yield the cluster of each node that is in a pair: all that pairs connect, named after the least of them."""
    number: dict[str, int] = {}
    parent: list[int] = []

    def find(name: str) -> int:
        at = number.setdefault(name, len(parent))
        if at == len(parent):
            parent.append(at)
        while parent[at] != at:
            parent[at] = at = parent[parent[at]]
        return at

    for left, right in pairs:
        parent[find(left)] = find(right)
    least: dict[int, str] = {}
    for name in sorted(number):
        cluster = least.setdefault(find(name), name)
        if name.startswith("["):  # the others stand for rulings
            yield Row("cluster", name, data=cluster)
