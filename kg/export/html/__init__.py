"""``graph.html``: the graph as one page that opens from a double click, offline, and says of every edge who states it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kg.export.html.data import network_data, page_data
from kg.export.html.page import VENDORED, assemble
from kg.graph import Graph, documents, part

if TYPE_CHECKING:
    from kg.ontology import Ontology

DEFAULT_BASE = "https://example.org/kg/"

VIS_LIMIT = 2000
"""Nodes up to which vis-network draws the page; beyond, sigma.js does, with WebGL."""


PAGE_LIMIT = 50_000
"""Nodes that a page can hold."""

PART = 20_000
"""Nodes that the page of a larger graph shows: those that take part in most facts. It is made beside a large corpus in memory."""


def render_html(
    graph: Graph, ontology: Ontology, *, title: str | None = None, base_iri: str = DEFAULT_BASE, renderer: str | None = None
) -> str:
    """Return the page of ``graph``; the same graph gives the same text.

    ``renderer`` is ``vis`` or ``sigma``; ``None`` chooses by the number of nodes. Without ``title`` the page takes that of its
    only document, or says how many documents there are.

    Raises:
        ValueError: ``renderer`` is neither.
    """
    return "".join(_parts(graph, ontology, title=title, base_iri=base_iri, renderer=renderer))


def write_html(
    graph: Graph, ontology: Ontology, out_dir: Path, *, base_iri: str = DEFAULT_BASE, renderer: str = "auto"
) -> None:
    """Write ``graph.html`` into ``out_dir``, in UTF-8 whatever the locale; ``auto`` chooses by the number of nodes."""
    shown = part(graph, PART, limit=PAGE_LIMIT)
    parts = _parts(shown, ontology, title=None, base_iri=base_iri, renderer=None if renderer == "auto" else renderer)
    with open(Path(out_dir, "graph.html"), "wb") as file:
        file.writelines(text.encode() for text in parts)


def _parts(graph: Graph, ontology: Ontology, *, title: str | None, base_iri: str, renderer: str | None) -> Iterator[str]:
    chosen = renderer or ("vis" if graph.number_of_nodes() <= VIS_LIMIT else "sigma")
    if chosen not in VENDORED:
        raise ValueError(f"no renderer {chosen!r}; known: {', '.join(sorted(VENDORED))}")
    data = page_data(graph, ontology, title=title or _title(graph), base_iri=base_iri)
    return assemble(data, network_data(data), renderer=chosen)


def _title(graph: Graph) -> str:
    if "of" in graph.graph:
        nodes, count = graph.graph["of"]
        return f"知识图谱 · {count} 篇文档 · 关系最多的 {graph.number_of_nodes()} 个实体，共 {nodes} 个"
    found = list(documents(graph))
    if len(found) == 1:
        return found[0]["title"] or found[0]["id"]
    return f"知识图谱 · {len(found)} 篇文档"
