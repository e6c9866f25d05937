"""One call for a window: from the cache, or within the budget from the server; an answer cut short is asked for in halves."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.llm.answer import read_answer
from kg.llm.budget import Budget, Ledger, Price, Spending, estimate, priced
from kg.llm.cache import Answers, answer_key
from kg.llm.windows import Window, halves
from kg.llm.wire import AskError, Reply, Wire
from kg.model import Refused

if TYPE_CHECKING:
    from kg.llm.prompt import Prompt
    from kg.llm.run import Plan

SPENT = "not asked: the budget is spent"
SILENT = "the server gave no answer"
CLOSED = "not asked: the server does not answer"
STOPPED = "not asked: interrupted"
_DEAF = 3  # calls in a row without an answer, after all their retries: the server is gone
_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back about a window: the texts of answers, each about the window or a part of it, or why there is none."""

    window: Window
    replies: tuple[tuple[Window, str], ...] = ()
    failure: Refused | None = None


class _NoAnswer(Exception):
    """There is no answer about a window, for a reason, with what the server said."""

    def __init__(self, reason: str, said: str = "") -> None:
        super().__init__(reason)
        self.reason, self.said = reason, said


class Calls:
    """Makes calls from any number of threads, until the budget is spent or the server is gone."""

    def __init__(self, wire: Wire, prompt: Prompt, budget: Budget, price: Price, answers: Answers | None) -> None:
        """Begin with nothing asked."""
        self._wire, self._prompt, self._price, self._answers = wire, prompt, price, answers
        self._ledger = Ledger(budget)
        self._lock = threading.Lock()
        self._closed: _NoAnswer | None = None
        self._deaf = 0

    @property
    def spent(self) -> Spending:
        """What all calls cost so far; answers from the cache cost nothing."""
        return self._ledger.spent

    def stop(self) -> None:
        """Ask nothing more, and close the line."""
        with self._lock:
            self._closed = self._closed or _NoAnswer(STOPPED)
        self._wire.close()

    def about(self, item: Plan, window: Window) -> Heard:
        """Return what the model answers about a window; never raises for what the server does."""
        try:
            return Heard(window, tuple(self._replies(item, window, _DEPTH)))
        except _NoAnswer as error:
            return Heard(window, failure=Refused(window.span, error.said, error.reason))

    def _replies(self, item: Plan, window: Window, depth: int) -> list[tuple[Window, str]]:
        """Return the answer; if it broke off, those about the halves, or itself where they fail or there are none."""
        reply = self._reply(item, window)
        mine = [(window, reply.content)]
        whole = not reply.cut and read_answer(reply.content).whole
        parts = halves(window, item.document.text) if not whole and depth else []
        if not parts:
            return mine
        try:
            return [found for part in parts for found in self._replies(item, part, depth - 1)]
        except _NoAnswer:
            return mine

    def _reply(self, item: Plan, window: Window) -> Reply:
        messages = item.messages(self._prompt, window)
        key = answer_key(item.document.sha256, messages, self._prompt.schema, self._wire.model)
        if self._answers is not None and (kept := self._answers.get(key)) is not None:
            return kept
        cost = estimate(messages, window.text(item.document), self._price)
        self._admit(cost)
        try:
            reply = self._wire.ask(messages, self._prompt.schema)
        except AskError as error:
            self._ledger.settle(cost, Spending(calls=1))
            self._count_silence(error)
            raise _NoAnswer(SILENT, str(error)) from None
        with self._lock:
            self._deaf = 0
        read = reply.read if reply.read >= 0 else cost.read
        written = reply.written if reply.written >= 0 else cost.written
        self._ledger.settle(cost, priced(Spending(1, read, written), self._price))
        if self._answers is not None and (reply.cut or read_answer(reply.content).whole):
            self._answers.put(key, reply)  # chatter and broken answers are asked for again
        return reply

    def _admit(self, cost: Spending) -> None:
        with self._lock:
            # Once one call did not fit, none that happens to be smaller goes before it: what is done is a beginning.
            if self._closed is None and not self._ledger.admit(cost):
                self._closed = _NoAnswer(SPENT)
            if self._closed is not None:
                raise _NoAnswer(self._closed.reason, self._closed.said)

    def _count_silence(self, error: AskError) -> None:
        with self._lock:
            self._deaf += 1
            if (error.hopeless or self._deaf >= _DEAF) and self._closed is None:
                self._closed = _NoAnswer(CLOSED, str(error))
