"""``graph.json``: the whole graph in networkx's node-link form, the one export from which all others can be made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import networkx as nx

from kg import __version__
from kg import graph as kgraph
from kg.errors import InputError
from kg.export.blocks import Section, joined, write_file

if TYPE_CHECKING:
    from kg.ontology import Ontology

FILE_NAME = "graph.json"


def write(graph: kgraph.Graph, ontology: Ontology, out_dir: Path, *, base_iri: str) -> None:
    """Write ``graph.json``, one node or edge a line; ``networkx.node_link_graph`` reads it."""
    tail = {k: v for k, v in graph.graph.items() if k not in (kgraph.DOCUMENTS, kgraph.MERGES)}
    tail |= {"base_iri": base_iri, "version": version_of(graph)}
    nodes = Section("entities", kgraph.entities, itemgetter(0), joined(_node, ",\n"), ",\n", "\n")
    edges = Section("facts", kgraph.facts, attrgetter("id"), joined(_edge, ",\n"), ",\n", "\n")
    parts = (
        '{"directed": true, "multigraph": true,\n"graph": {"documents": {',
        Section("documents", kgraph.documents, itemgetter("id"), joined(lambda d: f"{_json(d['id'])}: {_json(d)}", ", "), ", "),
        '}, "merges": [',
        Section("merges", _merges, itemgetter(0), joined(lambda found: ", ".join(map(_json, found[1])), ", "), ", "),
        "], " + _json(tail)[1:] + ',\n"nodes": [',
        nodes,
        '\n],\n"edges": [',
        edges,
        "\n]}\n",
    )
    write_file(graph, out_dir, FILE_NAME, parts)


def _merges(graph: kgraph.Graph) -> Iterator[tuple[str, list[kgraph.MergeRecord]]]:
    return ((entity, list(found)) for entity, found in groupby(kgraph.merges(graph), key=itemgetter("entity")))


def _node(item: tuple[str, kgraph.NodeRecord]) -> str:
    return _json({"id": item[0], **item[1]})


def _edge(e: kgraph.Edge) -> str:
    return _json({"source": e.subject, "target": e.object, "key": e.id, **e.record})


def version_of(graph: kgraph.Graph) -> str:
    """Return the version of the program that built ``graph``, which a later one may only have read and written again."""
    return str(graph.graph.get("version", __version__))


def read_graph(path: Path) -> kgraph.Graph:
    """Return the graph that was written to ``path``, a ``graph.json`` or the folder that holds it.

    Raises:
        InputError: There is no such file, or it is not a node-link graph.
    """
    file = path / FILE_NAME if path.is_dir() else path
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        graph = cast(kgraph.Graph, nx.node_link_graph(data, directed=True, multigraph=True, edges="edges"))
    except FileNotFoundError:
        raise InputError(f"{file}: no such file; `kg build` writes it") from None
    except (ValueError, KeyError, TypeError, AttributeError, nx.NetworkXError) as error:
        raise InputError(f"{file}: not a node-link graph as `kg build` writes it: {error}") from None
    if kgraph.DOCUMENTS not in graph.graph:
        raise InputError(f"{file}: the graph does not hold its documents; `kg build` writes them")
    return graph


def read_records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ``("graph", attributes)``, then each ``("node", …)`` and ``("edge", …)`` in the order of ids, one at a time.

    This is for graphs that memory does not hold; it reads only files in which a node or an edge is a line, as ``write`` has it.

    Raises:
        InputError: There is no such file, or it is not one that a build wrote.
    """
    file = path / FILE_NAME if path.is_dir() else path
    kind = ""
    try:
        with open(file, encoding="utf-8") as lines:
            for line in lines:
                if line.startswith('"graph": '):
                    yield "graph", json.loads(line[len('"graph": ') :].rstrip(",\n"))
                elif kind and line.startswith("{"):
                    yield kind, json.loads(line.rstrip(",\n"))
                kind = {'"nodes": [\n': "node", '"edges": [\n': "edge"}.get(line, kind)
    except FileNotFoundError:
        raise InputError(f"{file}: no such file; `kg build` writes it") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: not a node-link graph as `kg build` writes it: {error}") from None
    if kind != "edge":
        raise InputError(f"{file}: not a node-link graph as `kg build` writes it")


_json = json.JSONEncoder(ensure_ascii=False).encode
