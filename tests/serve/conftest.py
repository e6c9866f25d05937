"""A real server on a free port, as ``kg serve`` starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

Start = Callable[..., str]
"""``start(OUT, *options)`` returns the address of a server that listens."""


class Servers:
    """Servers that end with the test."""

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[str]] = []

    def start(self, source: Path, *options: str) -> str:
        command = [sys.executable, "-m", "kg", "serve", str(source), "--port", "0", *options]
        env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", env=env)
        self.running.append(process)
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "sparql" in line:
                return line.split()[0].removesuffix("sparql")
        raise AssertionError("".join(lines))

    def stop(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            process.wait(10)
            if process.stdout:
                process.stdout.close()


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    pytest.importorskip("uvicorn", reason="the extra serve is not installed")
    servers = Servers()
    yield servers.start
    servers.stop()


@pytest.fixture(scope="session")
def address(start: Start, gold_output: Path) -> str:
    """The address of a server with short limits."""
    return start(gold_output, "--timeout", "2", "--max-answer", "1")
