"""One request of the SPARQL 1.1 Protocol, answered from an opened build.

https://www.w3.org/TR/sparql11-protocol/#query-operation; results in the forms of SPARQL and RDF, chosen by ``Accept``.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from kg.errors import QueryError, RefusedError
from kg.ontology import Ontology
from kg.output import Output
from kg.query import evaluate, prefixes_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

RESULTS = {
    "application/sparql-results+json": ox.QueryResultsFormat.JSON,
    "application/json": ox.QueryResultsFormat.JSON,
    "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    "application/xml": ox.QueryResultsFormat.XML,
    "text/xml": ox.QueryResultsFormat.XML,
    "text/csv": ox.QueryResultsFormat.CSV,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
}
"""Media types of rows and of a boolean, the preferred first."""

GRAPHS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "text/plain": ox.RdfFormat.N_TRIPLES,
}
"""Media types of triples, the preferred first."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks: ``accept`` is its ``Accept`` header, ``set`` binds variables as ``kg query --set`` does."""

    query: str
    accept: str = "*/*"
    set: dict[str, str] = field(default_factory=dict)
    default_graphs: list[str] = field(default_factory=list)
    named_graphs: list[str] = field(default_factory=list)


class Reply(NamedTuple):
    """An HTTP status, a media type and a body in UTF-8."""

    status: int
    media_type: str
    body: bytes


def reply(output: Output, request: Request, *, ontology: Ontology, largest: int) -> Reply:
    """Return the answer in a form that the client accepts; ``largest`` is the number of bytes it may have.

    400: not SPARQL; 403: it would change something or read what is not loaded; 406: no accepted form; 500: too large.
    """
    try:
        found = evaluate(
            output,
            request.query,
            ontology=ontology,
            set=request.set,
            default_graphs=request.default_graphs,
            named_graphs=request.named_graphs,
        )
    except RefusedError as error:
        return _text(403, f"refused: {error}")
    except QueryError as error:
        return _text(400, str(error))
    graph = isinstance(found, ox.QueryTriples)
    offered = list(GRAPHS if graph else RESULTS)
    chosen = choose(request.accept, offered)
    if chosen is None:
        return _text(406, f"not acceptable: {request.accept}; this query gives {', '.join(offered)}")
    body = _Bounded(largest)
    try:
        if isinstance(found, ox.QueryTriples):
            prefixes = prefixes_of(output, ontology) if chosen == "text/turtle" else None
            ox.serialize(found, body, GRAPHS[chosen], prefixes=prefixes)
        else:
            found.serialize(body, RESULTS[chosen])
    except _TooLargeError:
        return _text(500, f"answer limit: the answer has more than {largest >> 20} MB; give the query a LIMIT")
    except (OSError, RuntimeError, ValueError) as error:
        return _text(500, f"the query cannot be run: {error}")
    return Reply(200, chosen, body.getvalue())


def choose(accept: str, offered: list[str]) -> str | None:
    """Return the media type that ``Accept`` prefers (RFC 9110, 12.5.1); of equals the one offered first.

    >>> choose("text/*;q=0.5, application/xml", ["text/csv", "application/xml"])
    'application/xml'
    >>> choose("image/png", ["text/csv"]) is None
    True
    """
    ranges = [_range(part) for part in accept.split(",") if part.strip()] or [("*/*", 1.0)]

    def quality(media_type: str) -> float:
        kind = media_type.partition("/")[0]
        # The most specific range that fits decides, also when its quality is lower.
        for wanted in (media_type, f"{kind}/*", "*/*"):
            fits = [q for name, q in ranges if name == wanted]
            if fits:
                return max(fits)
        return 0.0

    best = max(offered, key=quality)  # of equals the first
    return best if quality(best) > 0 else None


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name, float(value)
            except ValueError:
                return name, 0.0
    return name, 1.0


def _text(status: int, text: str) -> Reply:
    return Reply(status, "text/plain", text.encode("utf-8", errors="backslashreplace") + b"\n")


class _TooLargeError(Exception):
    """The answer has more bytes than it may have."""


class _Bounded(io.BytesIO):
    """A file in memory that takes so many bytes and no more."""

    def __init__(self, largest: int) -> None:
        super().__init__()
        self._largest = largest

    def write(self, data: Buffer, /) -> int:
        if self.tell() + len(memoryview(data)) > self._largest:
            raise _TooLargeError
        return super().write(data)
