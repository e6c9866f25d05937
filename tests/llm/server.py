"""A server that speaks the chat protocol on a real port and answers, or misbehaves, as a test tells it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from kg.annotation import load_annotation
from kg.llm.quoting import quoted
from kg.llm.windows import GAP, Window
from kg.model import Annotation, Document, Span
from kg.ontology import default_pack, load_ontology
from kg.read import read_document

_FENCED = re.compile(r"^(===== 原文 \w+ =====)\n(.*)\n\1$", re.MULTILINE | re.DOTALL)


class Request:
    """What the client sent."""

    def __init__(self, number: int, headers: dict[str, str], body: dict[str, Any]) -> None:
        self.number, self.headers, self.body = number, headers, body

    @property
    def user(self) -> str:
        return str(self.body["messages"][-1]["content"])

    @property
    def words(self) -> str:
        """The words that are to be annotated."""
        found = _FENCED.search(self.user)
        assert found, self.user
        return found.group(2)


class Raw:
    """An answer byte by byte; ``promised`` is the length that its header claims, ``wait`` the seconds before it."""

    def __init__(
        self, body: str = "", *, status: int = 200, headers: dict[str, str] | None = None, promised: int = 0, wait: float = 0,
        kind: str = "application/json",
    ) -> None:  # fmt: skip
        self.body, self.status, self.headers, self.promised, self.wait = body.encode(), status, headers or {}, promised, wait
        self.kind = kind


Behaviour = Callable[[Request], "dict[str, Any] | str | Raw"]


class Server:
    """The fake: ``requests`` are all that came; ``busiest`` is how many were under way at once."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[Request] = []
        self.busiest = self._busy = 0
        self.url = ""
        self._lock = threading.Lock()

    def enter(self, headers: dict[str, str], body: dict[str, Any]) -> Request:
        with self._lock:
            request = Request(len(self.requests), headers, body)
            self.requests.append(request)
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
        return request

    def leave(self) -> None:
        with self._lock:
            self._busy -= 1


def chat(content: str, *, finish: str = "stop", usage: bool = True) -> str:
    """Return a whole answer of the protocol around the model's words."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}
    data: dict[str, Any] = {"id": "x", "object": "chat.completion", "created": 0, "model": "fake", "choices": [choice]}
    if usage:
        data["usage"] = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    return json.dumps(data)


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Server]:
    """Serve on a free port of this machine."""
    fake = Server(behaviour)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            request = fake.enter({name.lower(): value for name, value in self.headers.items()}, body)
            try:
                self._send(fake.behaviour(request))
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client did not wait
            finally:
                fake.leave()

        def _send(self, answer: dict[str, Any] | str | Raw) -> None:
            if isinstance(answer, dict):
                answer = json.dumps(answer, ensure_ascii=False)
            raw = Raw(chat(answer)) if isinstance(answer, str) else answer
            time.sleep(raw.wait)
            self.send_response(raw.status)
            self.send_header("Content-Type", raw.kind)
            self.send_header("Content-Length", str(raw.promised or len(raw.body)))
            for name, value in raw.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw.body)
            if raw.promised:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    fake.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class GoodAnnotator:
    """Answers as a careful person did: from the gold of the documents, in quotes, and only about what it is shown."""

    def __init__(self, folder: Path, *, names: Sequence[str] = ()) -> None:
        ontology = load_ontology(default_pack())
        self.gold: list[tuple[Document, Annotation]] = []
        for path in sorted(folder.glob("*.json")):
            if not names or path.stem in names:
                document = read_document(path.with_suffix(".txt"))
                self.gold.append((document, load_annotation(path, document, ontology=ontology)))

    def __call__(self, request: Request) -> dict[str, Any]:
        parts = request.words.split(GAP)
        for document, annotation in self.gold:
            spans = []
            at = 0
            for part in parts:
                start = document.text.find(part, at)
                if start < 0:
                    break
                at = start + len(part)
                spans.append(Span(start, at))
            else:
                return quoted(annotation, document, Window(tuple(spans)), readable=request.user)
        raise AssertionError(f"no gold for {request.words!r}")
