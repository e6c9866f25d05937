"""The shell: what it offers, what it answers from a pipe, and how it feels at a terminal (a pseudo-terminal)."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.ontology import Ontology, default_pack
from kg.output import open_output
from kg.query import list_queries
from kg.shell import COMMANDS
from kg.shell.completion import Words, is_complete, offers, words_of

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def words(gold_output: Path, pack_ontology: Ontology) -> Words:
    output = open_output(gold_output, ontology=pack_ontology, with_ontology=True)
    return words_of(output, pack_ontology, list_queries(default_pack()), COMMANDS)


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        ("SELECT * { ?x kgo:pairs", "kgo:pairsWith"),
        ("SELECT * { ?x a Work", "kgo:WorkingGroup"),
        ("SELECT * { ?x 结对", "kgo:pairsWith"),
        ("SELECT * { ?x a 企", "kgo:Company"),
        ('SELECT * { ?x skos:prefLabel "支付公', '支付公司"@zh'),
        ("sel", "SELECT"),
        ("SELECT * { ?x sko", "skos:"),
        (".que", ".questions"),
        (".set body=支付公", "支付公司"),
        ("pai", "pairs"),
        ("pairs body=支付公", "支付公司"),
    ],
)
def test_what_was_meant_is_among_the_first_offers(words: Words, before: str, offered: str) -> None:
    first = list(offers(before, words))[:3]
    assert offered in [offer.text for offer in first]


def test_nothing_is_offered_where_nothing_fits_and_never_too_much(words: Words) -> None:
    assert list(offers("SELECT * { ", words)) == []
    assert list(offers("SELECT * { ?x kgo:nothing", words)) == []
    assert 0 < len(list(offers('SELECT * { ?x skos:prefLabel "', words))) <= 200


def test_names_are_offered_as_sparql_reads_them() -> None:
    hostile = Words((), ('a"b\\c\nd',), (), (), ())
    assert next(offers('"a', hostile)).text == 'a\\"b\\\\c\\nd"@zh'


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("SELECT ?x {", False),
        ("SELECT ?x { ?x a kgo:Company }", True),
        ("SELECT (COUNT(*) AS ?n", False),
        ('ASK { ?x ?p "}"', False),
        ("ASK { # }\n", False),
        ("PREFIX a: <urn:a>", False),
        ("DESCRIBE kgo:Company", True),
        ("SELECT nonsense\n", True),
        ("pairs", True),
    ],
)
def test_enter_ends_a_question_when_its_brackets_are_closed(text: str, complete: bool) -> None:
    assert is_complete(text) is complete


def piped(out: Path, text: str, *options: str) -> str:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "kg", "shell", str(out), *options]
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_pipe_gives_answers_and_errors_and_goes_on(gold_output: Path) -> None:
    shown = piped(
        gold_output,
        "SELECT * {\n}}\n"
        ".format csv\npairs body=支付公司\n"
        ".set body=软研院\npairs\n.set body=\n"
        ".iris on\nSELECT ?x {\n  ?x a kgo:School }\n"
        ".format json\nASK {}\n"
        ".format pdf\nINSERT DATA { <urn:a> <urn:b> <urn:c> }\npairs nobody\n.quit\nASK {}\n",
    )
    assert "✗ line 2, column 3: not SPARQL" in shown
    assert "支付公司,软研院" in shown
    assert "软研院,支付公司" in shown
    assert "https://example.org/kg/id/organization/" in shown
    assert shown.count('"boolean": true') == 1, "nothing is answered after .quit"
    assert "✗ .format pdf: no such setting; allowed: .questions" in shown
    assert "INSERT refused" in shown
    assert "✗ nobody: must be NAME=VALUE" in shown


def test_what_follows_is_asked_only_where_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "graph.ttl").write_text("<urn:a> <urn:b> <urn:c> .", encoding="utf-8")
    (tmp_path / "inferred.ttl").write_text("<urn:c> <urn:b> <urn:a> .", encoding="utf-8")
    question = ".format csv\nSELECT ?s { ?s <urn:b> ?o } ORDER BY ?s\n"
    assert piped(tmp_path, question).split() == ["s", "a"]
    assert piped(tmp_path, question, "--infer").split() == ["s", "a", "c"]


class Terminal:
    """A program at a pseudo-terminal: keys go in, what is drawn comes out without its escape sequences."""

    def __init__(self, *arguments: object, state: Path) -> None:
        self.main, other = pty.openpty()
        env = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "100"}
        command = [sys.executable, "-m", "kg", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdin=other, stdout=other, stderr=other, env=env | {"XDG_STATE_HOME": str(state)}, start_new_session=True
        )
        os.close(other)
        self.seen = b""

    def type(self, text: str) -> None:
        os.write(self.main, text.encode())

    def until(self, text: str, seconds: float = 15) -> None:
        """Read until ``text`` is drawn; what follows it is left for the next time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            drawn = re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>])", "", self.seen.decode(errors="replace"))
            if text in drawn:
                self.seen = drawn.partition(text)[2].encode()
                return
            if select.select([self.main], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.main, 65536)
                except OSError:
                    break
        raise AssertionError(f"{text!r} was not drawn: {self.seen.decode(errors='replace')!r}")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)
        os.close(self.main)


@pytest.fixture
def at_terminal(gold_output: Path, tmp_path: Path) -> Iterator[Terminal]:
    pytest.importorskip("prompt_toolkit", reason="the extra shell is not installed")
    terminal = Terminal("shell", gold_output, state=tmp_path)
    terminal.until("kg>")
    yield terminal
    terminal.close()


def test_a_question_over_two_lines_with_completion_and_history(at_terminal: Terminal, gold_output: Path, tmp_path: Path) -> None:
    at_terminal.type("SELECT ?n {\r")
    at_terminal.until("...")
    at_terminal.type("?x a kgo:Schoo")
    at_terminal.until("院校")  # the menu shows what the class means
    at_terminal.type("\t")
    at_terminal.until("kgo:School")
    at_terminal.type(" ; skos:prefLabel ?n }\r")
    at_terminal.until("联通党校")
    at_terminal.until("kg>")
    at_terminal.type("\x04")
    assert at_terminal.process.wait(10) == 0
    assert "kgo:School ; skos:prefLabel" in (tmp_path / "kg" / "history").read_text(encoding="utf-8")
    again = Terminal("shell", gold_output, state=tmp_path)
    again.until("kg>")
    again.type("\x1b[A")
    again.until("skos:prefLabel")
    again.close()


def test_ctrl_c_ends_the_query_and_not_the_shell(at_terminal: Terminal) -> None:
    at_terminal.type("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }\r")
    time.sleep(1)
    os.killpg(at_terminal.process.pid, signal.SIGINT)
    at_terminal.until("已中断 interrupted")
    at_terminal.until("kg>")
    at_terminal.type("ASK {}\r")
    at_terminal.until("true")
