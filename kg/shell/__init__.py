"""Questions asked one after another at a prompt: SPARQL over several lines, the pack's questions by name, and a few settings.

``shell`` needs the extra ``kg-builder[shell]`` (prompt_toolkit); without a terminal it reads the same lines from standard input.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kg import terminal
from kg.errors import InputError, KgError, QueryError
from kg.ontology import Ontology, default_pack, load_ontology
from kg.options import Form
from kg.output import Output, open_output
from kg.query import Answer, NamedQuery, list_queries, query_text, run_on
from kg.shell.completion import Words, is_complete, words_of

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

PROMPT, MORE = "kg> ", "... "
HELP = (
    ("SELECT … { … }", "SPARQL，可多行；括号齐了回车即运行 runs when the brackets are closed"),
    ("pairs body=支付公司", "现成的问题，可带参数 a ready-made question with its parameters"),
    (".questions", "列出现成的问题 list them"),
    (".set NAME=VALUE", "此后给变量赋值，VALUE 空则取消 bind a variable from now on; empty: no more"),
    (".format table|csv|json|turtle", "输出形式 how answers are printed"),
    (".iris on|off", "显示 IRI 而非名称 IRIs in place of names"),
    (".help  .quit", "Tab 补全类、关系、名称 completes; Ctrl-C 中断 interrupts; Ctrl-D 离开 leaves"),
)
COMMANDS = tuple(word for line, _ in HELP for word in line.split() if word.startswith("."))


@dataclass(slots=True)
class Session:
    """The opened build and what the user has set."""

    output: Output
    ontology: Ontology
    questions: tuple[NamedQuery, ...]
    form: Form = Form.table
    iris: bool = False
    bindings: dict[str, str] = field(default_factory=dict)


def shell(source: Path, *, pack: Path | None = None, inferred: bool = False) -> None:
    """Read and answer until the user leaves; with ``inferred`` what follows from the facts is asked, too.

    Raises:
        InputError: ``source`` cannot be read, or the extra is not installed.
    """
    pack = pack or default_pack()
    ontology = load_ontology(pack)
    output = open_output(source, ontology=ontology, with_ontology=True, with_inferred=inferred)
    session = Session(output, ontology, list_queries(pack))
    if sys.stdin.isatty():
        texts = _typed(words_of(session.output, ontology, session.questions, COMMANDS))
        terminal.say(f"{source}: {len(session.output.store)} 条三元组 triples; .help 帮助")
    else:
        texts = _piped()
    for text in texts:
        if text.split(maxsplit=1)[0] in (".quit", ".exit"):
            return
        try:
            handle(session, text)
        except KgError as error:
            terminal.say(f"✗ {error}")


def handle(session: Session, text: str) -> None:
    """Do what one input asks: a setting, a ready-made question, or SPARQL.

    Raises:
        QueryError: It is none of these, or the query is wrong.
    """
    if text.startswith("."):
        _setting(session, text)
        return
    query, bindings = text, dict(session.bindings)
    known = {name for q in session.questions for name in (q.name, q.name.split("-", 1)[-1])}
    first = text.split(maxsplit=1)[0]
    if first in known:
        query = query_text(first, session.ontology)
        bindings = {name: value for name, value in bindings.items() if f"?{name}" in query} | _assignments(text)
    _apart(lambda: terminal.show_answer(_run(session, query, bindings), session.form, iris=session.iris))


def _run(session: Session, query: str, bindings: dict[str, str]) -> Answer:
    return run_on(session.output, query, ontology=session.ontology, set=bindings)


def _setting(session: Session, text: str) -> None:
    name, _, rest = text.partition(" ")
    value = rest.strip()
    if name == ".help":
        terminal.table(("", ""), HELP)
    elif name == ".questions":
        terminal.show_questions(session.questions)
    elif name == ".set" and "=" in value:
        for key, given in _assignments(text).items():
            session.bindings.pop(key, None)
            if given:
                session.bindings[key] = given
    elif name == ".set" and not value:
        terminal.table(("变量 variable", "值 value"), session.bindings.items())
    elif name == ".format" and value in list(Form):
        session.form = Form(value)
    elif name == ".iris" and value in ("on", "off"):
        session.iris = value == "on"
    else:
        raise QueryError(f"{text}: no such setting; allowed: " + ", ".join(line for line, _ in HELP if line[0] == "."))


def _assignments(text: str) -> dict[str, str]:
    """Return what ``NAME=VALUE …`` after the first word sets; a value with spaces stands in quotes."""
    try:
        pairs = [word.partition("=") for word in shlex.split(text)[1:]]
    except ValueError as error:
        raise QueryError(f"{text}: {error}") from error
    for name, equals, _ in pairs:
        if not (equals and name.strip("?$")):
            raise QueryError(f"{name}: must be NAME=VALUE, such as body=支付公司")
    return {name.strip("?$"): value for name, _, value in pairs}


def _apart(action: Callable[[], None]) -> None:
    """Do it in a fork, so that Ctrl-C ends a query that the engine would not stop, and the shell goes on."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            action()
        except KgError as error:
            terminal.say(f"✗ {error}")
        finally:
            sys.stdout.flush()
            os._exit(0)
    try:
        os.waitpid(child, 0)
    except KeyboardInterrupt:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):  # the same Ctrl-C has ended it already
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        terminal.say("\n已中断 interrupted")


def _piped() -> Iterator[str]:
    text = ""
    for line in sys.stdin:
        text += line
        if text.strip() and is_complete(text):
            yield text.strip()
            text = ""
    if text.strip():
        yield text.strip()


def _typed(words: Words) -> Iterator[str]:
    session = _prompt(words)
    while True:
        try:
            text = session.prompt(PROMPT).strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if text:
            yield text


def _prompt(words: Words) -> PromptSession[str]:
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
        from prompt_toolkit.history import FileHistory, InMemoryHistory
        from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

        from kg.shell.prompting import WordCompleter
    except ImportError:
        raise InputError("the shell needs prompt_toolkit: pip install 'kg-builder[shell]'") from None
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None
        elif is_complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    path = _history()
    return PromptSession(
        history=FileHistory(str(path)) if path else InMemoryHistory(),
        auto_suggest=AutoSuggestFromHistory(),
        completer=WordCompleter(words),
        key_bindings=keys,
        multiline=True,
        prompt_continuation=MORE,
    )


def _history() -> Path | None:
    """Return the file of what was typed before, ``None`` where it cannot be written (XDG base directories)."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "kg"
    path = folder / "history"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("a"):
            return path
    except OSError:
        return None
