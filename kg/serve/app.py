"""The web site: ``/sparql`` by the SPARQL 1.1 Protocol, the graph's page at ``/``, a page to ask on at ``/query``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from kg.query import NamedQuery
from kg.serve.answering import GRAPHS, Reply, choose
from kg.serve.answering import Request as Question
from kg.serve.description import describe
from kg.serve.engine import Engine
from kg.serve.page import query_page

LARGEST_REQUEST = 1 << 20
"""Bytes of a request's body; a query of a person or a program is far below."""

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Site:
    """What the site shows beside answers; ``page`` is ``graph.html``, where there is one."""

    address: str
    page: bytes | None
    questions: Sequence[NamedQuery]
    triples: int
    prefixes: Mapping[str, str]


def make_app(site: Site, engine: Engine, *, hosts: Sequence[str], origins: Sequence[str] = ()) -> Starlette:
    """Return the ASGI application; ``hosts`` are the names it answers to, ``origins`` the web sites that may ask (CORS)."""
    asking, policy = query_page(site.questions, site.prefixes, triples=site.triples)

    async def graph(request: Request) -> Response:
        if site.page is None:
            return RedirectResponse("/query")
        return HTMLResponse(site.page, headers=_SAFE)

    async def ask(request: Request) -> Response:
        return HTMLResponse(asking, headers=_SAFE | {"Content-Security-Policy": policy})

    async def sparql(request: Request) -> Response:
        try:
            question = await _question(request)
        except _BadRequestError as error:
            return _plain(error.status, str(error))
        except ClientDisconnect:
            return _plain(400, "the request ended before its body did")
        if question is None:
            return _about(request, site)
        return _response(await engine.ask(question))

    middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)]
    if origins:
        allowed = ["Accept", "Content-Type"]
        middleware.append(
            Middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"], allow_headers=allowed)
        )
    routes = [
        Route("/", graph, methods=["GET"]),
        Route("/query", ask, methods=["GET"]),
        Route("/sparql", sparql, methods=["GET", "POST"]),
    ]
    return Starlette(routes=routes, middleware=middleware)


class _BadRequestError(Exception):
    """A request that the protocol does not know, with the status to answer it with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def _question(request: Request) -> Question | None:
    """Return what is asked, ``None`` where nothing is.

    Beside the protocol's own parameters, ``$NAME=VALUE`` sets a variable as ``kg query --set NAME=VALUE`` does.
    """
    parameters = _parameters(request.url.query.encode("ascii", "replace"))
    if request.method == "POST":
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/sparql-update":
            raise _BadRequestError(403, "refused: queries only read, an update cannot be run")
        if kind not in (_FORM, "application/sparql-query"):
            raise _BadRequestError(415, f"unsupported media type {kind!r}: send {_FORM} or application/sparql-query")
        body = await _body(request)
        if kind == _FORM:
            parameters += _parameters(body)
        else:
            parameters.append(("query", _utf8(body)))
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        given.setdefault(name, []).append(value)
    if "update" in given:
        raise _BadRequestError(403, "refused: queries only read, an update cannot be run")
    queries = given.get("query", [])
    if len(queries) > 1:
        raise _BadRequestError(400, f"{len(queries)} queries: one at a time")
    if not queries:
        if request.method == "POST":
            raise _BadRequestError(400, "no query: send it as the parameter query, or as the body of application/sparql-query")
        return None
    return Question(
        queries[0],
        accept=request.headers.get("accept", "*/*"),
        set={name[1:]: values[-1] for name, values in given.items() if re.fullmatch(r"\$\w+", name)},
        default_graphs=given.get("default-graph-uri", []),
        named_graphs=given.get("named-graph-uri", []),
    )


def _parameters(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(_utf8(text), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise _BadRequestError(400, f"parameters cannot be read: {error}") from error


def _utf8(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _BadRequestError(400, f"the request is not UTF-8: {error}") from error


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_REQUEST:
            raise _BadRequestError(413, f"the request has more than {LARGEST_REQUEST >> 20} MB")
    return bytes(body)


def _about(request: Request, site: Site) -> Response:
    """Return the service description (https://www.w3.org/TR/sparql11-service-description/); a browser gets the page to ask on."""
    accept = request.headers.get("accept", "*/*")
    chosen = choose(accept, [*GRAPHS, "text/html"])
    if chosen == "text/html":
        return RedirectResponse("/query")
    if chosen is None:
        return _plain(406, f"not acceptable: {accept}; the description comes as {', '.join(GRAPHS)}")
    # The address as the client wrote it: through localhost, or a tunnel, it is another.
    body = describe(f"{request.url.scheme}://{request.url.netloc}/sparql", triples=site.triples, media_type=chosen)
    return _response(Reply(200, chosen, body))


def _response(reply: Reply) -> Response:
    headers: dict[str, Any] = _SAFE | {"Content-Type": f"{reply.media_type}; charset=utf-8", "Vary": "Accept"}
    if reply.status == 503:
        headers["Retry-After"] = "10"
    return Response(reply.body, reply.status, headers)


def _plain(status: int, text: str) -> Response:
    return _response(Reply(status, "text/plain", f"{text}\n".encode()))
