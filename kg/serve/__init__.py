"""A build served to programs and people: a SPARQL endpoint that only reads, the page of the graph, and a page to ask on.

It listens where it is told (by default on this machine only), needs no network and asks none. ``serve`` needs the extra
``kg-builder[serve]``.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from kg.errors import InputError
from kg.ontology import default_pack, load_ontology
from kg.query import list_queries
from kg.serve.engine import Limits, started


def serve(
    source: Path,
    *,
    pack: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    limits: Limits | None = None,
    origins: Sequence[str] = (),
    inferred: bool = False,
    ready: Callable[[str, int], None] = lambda address, triples: None,
) -> None:
    """Serve a build's folder, or an RDF file, until the process is told to end; what it reads is what was there at the start.

    ``port`` 0 takes a free one. ``origins`` are the web sites whose scripts may ask (CORS), ``*`` for all. With ``inferred``
    what follows from the facts is served, too. ``ready`` is called with the address and the number of triples once it listens.

    Raises:
        InputError: ``source`` cannot be read, the address cannot be listened on, or the extra is not installed.
    """
    try:
        import uvicorn

        from kg.serve.app import Site, make_app
    except ImportError:
        raise InputError("serving needs starlette and uvicorn: pip install 'kg-builder[serve]'") from None
    pack = pack or default_pack()
    # First of all: the engine is a fork of this process while it has one thread and no connections.
    opened = started(source, load_ontology(pack), limits or Limits(), inferred=inferred)
    with opened as engine, _listening(host, port) as listener:
        address = _address(listener)
        site = Site(address, _page(source), list_queries(pack), engine.triples, engine.prefixes)
        app = make_app(site, engine, hosts=_hosts(host), origins=origins)
        ready(address, engine.triples)
        # h11 and asyncio, whatever else is installed: what is tested is what runs.
        config = uvicorn.Config(app, log_level="warning", access_log=False, http="h11", loop="asyncio", lifespan="off", ws="none")
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise InputError(f"{host}:{port}: cannot listen: {reason}; choose another --host or --port") from error


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _hosts(host: str) -> list[str]:
    """Return the names under which requests are answered.

    A web site whose name is made to lead to this machine (DNS rebinding) must not read the graph with a visitor's browser.
    """
    if host in ("0.0.0.0", "::"):
        return ["*"]
    return ["localhost", "127.0.0.1", "[::1]", "::1", host, f"[{host}]"]


def _page(source: Path) -> bytes | None:
    path = source / "graph.html"
    return path.read_bytes() if path.is_file() else None
