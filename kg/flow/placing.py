"""Steps that give entities their nodes and ids, one level of owners after the other.

A *node* is a type, a scope and a name. Most nodes are alone and their id follows from themselves. The others are in *clusters*,
sets of nodes that the registry, short forms or rulings could join; each cluster is decided by itself, by the rules of
``kg.joining`` replayed level by level, because nothing outside it can change what happens inside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.encoder import encode_basestring

from kg.flow.packs import pack_of
from kg.flow.rows import Row
from kg.identity import Claimed, named_owners, place, short_forms
from kg.joining import Joining, Node, ShortForm
from kg.naming import entity_id, normalise
from kg.registry import Entry, Registry

_LAST = "\U0010ffff"  # behind the id of every document


def node_key(node: Node) -> str:
    """Return a node as the key of a group."""
    return f"[{', '.join(map(encode_basestring, node))}]"


def _node(key: str) -> Node:
    type_, scope, name = json.loads(key)
    return type_, scope, name


def name_of(type_: str, name: str) -> str:
    """Return the stand-in for the id of an owner that the document itself does not name."""
    return json.dumps([type_, name], ensure_ascii=False)


def placed(document: str, rows: Iterator[Row], *, pack: str, depth: int) -> Iterator[Row]:
    """Yield the nodes of one document's entities of one level, and what might join them to others.

    Rows: the ``claims`` of the document, and the ``id`` of each of its entities of the levels before.
    """
    claims: tuple[Claimed, ...] = ()
    ids: dict[str, str] = {}
    for row in rows:
        if row.kind == "claims":
            claims = row.data
        else:
            ids[row.data[0]] = row.data[1]
    registry = pack_of(pack)[1]
    names = sorted(named_owners(claims))
    if depth == 0:
        for type_, name in names:
            node, entry = (type_, "", name), registry.lookup(name, type=type_)
            yield Row("at", node_key(node), _LAST, data=(0, document, name_of(type_, name), entry))
            yield from _ties(node, entry, registry)
    named = {(type_, name): ids[name_of(type_, name)] for type_, name in names} if depth else {}
    for number, claim in enumerate(claims):
        if claim.depth != depth:
            continue
        for one in place([claim], ids, named):
            yield Row("at", node_key(one.node), document, number, (depth, document, claim.id, claim.entry))
            yield from _ties(one.node, claim.entry, registry)
            for form in short_forms(one, document):
                yield Row("link", node_key(form.short), document, number, (depth, node_key(form.full)))
                known = None if form.short[1] else registry.lookup(form.short[2], type=form.short[0])
                yield from _ties(form.short, known, registry)


def _ties(node: Node, entry: Entry | None, registry: Registry) -> Iterator[Row]:
    """Yield what else could join a node to others: the registry's name, and the user's rulings about either name."""
    nodes = [node]
    if entry is not None:
        nodes.append((node[0], "", normalise(entry.name)))
        yield Row("tie", node_key(node), data=node_key(nodes[1]))
    for one in nodes if registry.same else ():
        for number, ruling in enumerate(registry.same):
            if one[2] in (normalise(ruling.left), normalise(ruling.right)):
                yield Row("tie", node_key(one), data=f"ruling {number} of {one[0]}")


def pairs(key: str, rows: Iterator[Row]) -> Iterator[Row]:
    """Yield each pair of nodes that something could join, once."""
    for other in sorted({row.data if row.kind == "tie" else row.data[1] for row in rows}):
        yield Row("pair", key, other)


def nodes(key: str, rows: Iterator[Row], *, depth: int, final: bool) -> Iterator[Row]:
    """Divide what stands at one node: ids at once where it is alone, else what its cluster must know.

    Rows: its ``cluster`` if it is in one, then ``at`` for the entities that have it and ``link`` for the full names for which it
    is short. Of the entities only those of level ``depth`` wait for their id, or all in the end, when ``final``.
    """
    cluster, first, known, real = "", (depth + 1, "", 0), None, False
    linked: dict[tuple[int, str], str] = {}
    node = _node(key)
    alone = ""
    for row in rows:
        if row.kind == "cluster":
            cluster = row.data
        elif row.kind == "link":
            linked.setdefault(row.data, row.order)
        else:
            level, document, thing, entry = row.data
            named = row.order == _LAST
            real = real or not named
            # Owners that no document names are there before all documents.
            if (place := (level, "" if named else document, row.number)) < first:
                first, known = place, entry
            if cluster and not named:
                yield Row("inside", json.dumps([cluster, document], ensure_ascii=False), key, level)
            if final or level == depth:
                if cluster:
                    yield Row("back", key, document, 1, thing)
                else:
                    alone = alone or entity_id(node[0], node[2], scope=node[1])
                    yield Row("id", document, data=(thing, alone, node, real))
    if cluster and first[0] <= depth:
        yield Row("node", cluster, key, data=(first[0], known, real))
    for (level, full), document in linked.items():
        yield Row("edge", cluster, key, level, (full, document))


def shared(key: str, rows: Iterator[Row]) -> Iterator[Row]:
    """Yield where the nodes of a cluster stand in one document, if they are several: only that tells them apart."""
    cluster, document = json.loads(key)
    found = sorted({(row.order, row.number) for row in rows})
    if len({node for node, _ in found}) > 1:
        for node, level in found:
            yield Row("both", cluster, node, level, document)


def joined(key: str, rows: Iterator[Row], *, pack: str, depth: int, final: bool) -> Iterator[Row]:
    """Decide a cluster: yield the ids of its nodes and, in the end, what the registry knows of them and why they are one."""
    joining = Joining(pack_of(pack)[1])
    found: dict[str, list[Row]] = {"node": [], "edge": [], "both": []}
    for row in rows:
        found[row.kind].append(row)
    for level in range(depth + 1):
        new = [_node(row.order) for row in found["node"] if row.data[0] == level]
        for row in found["node"]:
            if row.data[0] == level:
                joining.add(_node(row.order), entry=row.data[1])
        for row in found["both"]:
            if row.number == level:
                joining.add(_node(row.order), document=row.data)
        edges = (row for row in found["edge"] if row.number == level)
        forms = [ShortForm(_node(row.order), _node(row.data[0]), row.data[1]) for row in edges]
        joining.join_registry()
        joining.join_rulings()
        joining.join_short_forms(forms)
        for node in new:
            joining.id_of(node)
    if final:
        joining.join_rulings(across_scopes=True)
    real = {_node(row.order) for row in found["node"] if row.data[2]}
    yield from _decided(joining, real, final=final)


def _decided(joining: Joining, real: set[Node], *, final: bool) -> Iterator[Row]:
    ids = {node: joining.final_id(node) if final else id_ for node, id_ in joining.ids.items()}
    there = {ids[node] for node in real}
    for node, id_ in ids.items():
        yield Row("is", node_key(node), data=(id_, id_ in there))
    if not final:
        return
    for number, node in enumerate(sorted(ids)):
        if (entry := joining.entry(node)) is not None:
            yield Row("entry", ids[node], number=number, data=entry)
    for note in sorted(joining.notes):
        if note.node in ids:
            yield Row("note", ids[note.node], data=note)


def brought_back(key: str, rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the id of each entity that has a node, which its cluster has decided."""
    decided: tuple[str, bool] = ("", False)
    for row in rows:
        if row.kind == "is":
            decided = row.data
        else:
            yield Row("id", row.order, data=(row.data, decided[0], _node(key), decided[1]))
