"""The queries of the endpoint, each in a process of its own that can be ended at any moment.

One process holds the store and does nothing but fork: a query runs in a fork, which shares the store's memory, ends itself when
its time is over (by a timer of the system, so nothing in the query can put it off), has a bound on its memory, and cannot open a
file or a connection, because it may open no descriptor.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import json
import multiprocessing
import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kg.errors import InputError, KgError
from kg.ontology import Ontology
from kg.output import Output, open_output
from kg.query import prefixes_of
from kg.serve.answering import Reply, Request, reply

_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """What a query may use: seconds, bytes of its answer, bytes of memory beside the store, and how many run at once."""

    seconds: float = 10.0
    answer: int = 32 << 20
    memory: int = 1 << 30
    at_once: int = os.cpu_count() or 2


class Engine:
    """The way to the process that holds the store."""

    def __init__(self, control: socket.socket, hello: dict[str, Any], limits: Limits) -> None:
        """Take the socket on which channels are handed over, and what the process said when it was ready."""
        self.triples: int = hello["triples"]
        self.prefixes: dict[str, str] = hello["prefixes"]
        self.limits = limits
        self._control = control
        self._turn = asyncio.Semaphore(limits.at_once)

    async def ask(self, request: Request) -> Reply:
        """Return the answer; that a limit was reached is an answer, too."""
        limits = self.limits
        try:
            async with asyncio.timeout(limits.seconds * 6):
                await self._turn.acquire()
        except TimeoutError:
            return Reply(503, "text/plain", b"busy: too many queries wait; try again later\n")
        try:
            begun = time.monotonic()
            content = await self._exchange(json.dumps(asdict(request)).encode())
        except OSError as error:
            return Reply(500, "text/plain", f"the process that holds the graph does not answer: {error}; start again\n".encode())
        finally:
            self._turn.release()
        if len(content) >= _LENGTH:
            head, body = content[_LENGTH:].split(b"\n", 1)
            if len(body) == int.from_bytes(content[:_LENGTH]):
                status, media_type = json.loads(head)
                return Reply(status, media_type, body)
        if time.monotonic() - begun >= limits.seconds * 0.95:
            text = f"time limit: the query was ended after {limits.seconds:g} s; make it more selective, or give it a LIMIT\n"
            return Reply(503, "text/plain", text.encode())
        text = f"memory limit: the query needs more than {limits.memory >> 20} MB; make it more selective, or give it a LIMIT\n"
        return Reply(500, "text/plain", text.encode())

    async def _exchange(self, message: bytes) -> bytes:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"q"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        reader, writer = await asyncio.open_connection(sock=ours)
        try:
            writer.write(message)
            writer.write_eof()
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


@contextlib.contextmanager
def started(source: Path, ontology: Ontology, limits: Limits, *, inferred: bool = False) -> Iterator[Engine]:
    """Start the process that holds the store of ``source``, with ``inferred`` what follows too, and end it afterwards.

    Raises:
        InputError: ``source`` cannot be read.
    """
    control, other = socket.socketpair()
    process = multiprocessing.get_context("fork").Process(
        target=_hold, args=(other, control, source, ontology, limits, inferred), daemon=True
    )
    process.start()
    other.close()
    with control:
        try:
            with control.makefile("rb") as file:
                line = file.readline()
            hello = json.loads(line) if line else {"error": f"{source}: the process that reads it has ended"}
            if "error" in hello:
                raise InputError(hello["error"])
            yield Engine(control, hello, limits)
        finally:
            control.shutdown(socket.SHUT_RDWR)
            process.join(2)
            process.kill()


def _hold(
    control: socket.socket, parents: socket.socket, source: Path, ontology: Ontology, limits: Limits, inferred: bool
) -> None:
    """Load the store, then fork once for each channel that comes, until the other side is gone."""
    parents.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the server ends this process when it has ended
    try:
        output = open_output(source, ontology=ontology, with_ontology=True, with_inferred=inferred)
    except KgError as error:
        control.sendall(json.dumps({"error": str(error)}).encode() + b"\n")
        return
    hello = {"triples": len(output.store), "prefixes": prefixes_of(output, ontology)}
    control.sendall(json.dumps(hello).encode() + b"\n")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    while True:
        try:
            _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        except OSError:
            return
        if not descriptors:
            return
        if os.fork() == 0:
            _answer_and_exit(control, descriptors[0], output, ontology, limits)
        os.close(descriptors[0])


def _answer_and_exit(control: socket.socket, descriptor: int, output: Output, ontology: Ontology, limits: Limits) -> None:
    """Answer the one request on the channel; the process ends here, whatever happens."""
    try:
        control.close()
        with socket.socket(fileno=descriptor) as channel:
            _restrict(limits)
            with channel.makefile("rb") as file:
                request = Request(**json.loads(file.read()))
            done = reply(output, request, ontology=ontology, largest=limits.answer)
            head = json.dumps([done.status, done.media_type]).encode() + b"\n"
            # The query has ended: a slow reader is no reason to cut the answer, and the server reads at once.
            signal.setitimer(signal.ITIMER_REAL, limits.seconds)
            channel.sendall(len(done.body).to_bytes(_LENGTH) + head + done.body)
    finally:
        os._exit(0)


def _restrict(limits: Limits) -> None:
    """Bind this process to the limits; an answer to hostile queries that does not rely on reading them."""
    faulthandler.disable()  # a process that ends at its limit has not crashed
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)
    with contextlib.suppress(OSError, ValueError):  # not on macOS
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        memory = pages * resource.getpagesize() + limits.memory
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # The engine's last words when memory is over are not for the terminal of the server.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
