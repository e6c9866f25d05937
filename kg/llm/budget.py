"""What asking costs: tokens and money, estimated beforehand, counted meanwhile, and never more than the user allows."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from kg.errors import InputError

KINDS = ("calls", "tokens", "money")
_ANSWER_SHARE = 1.5  # tokens of an answer for each token of the window, as dense documents show


@dataclass(frozen=True, slots=True)
class Price:
    """Money for a million tokens read and a million written, in whatever currency the user thinks."""

    read: float = 0.0
    written: float = 0.0


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that may be spent; ``None`` is no limit."""

    calls: float | None = None
    tokens: float | None = None
    money: float | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What some calls cost, or may cost."""

    calls: int = 0
    read: int = 0
    written: int = 0
    money: float = 0.0

    def __add__(self, other: Spending) -> Spending:
        """Return both together."""
        return Spending(self.calls + other.calls, self.read + other.read, self.written + other.written, self.money + other.money)


def parse_budget(text: str) -> Budget:
    """Return the budget that an option says.

    >>> parse_budget("calls=200,money=1.5")
    Budget(calls=200.0, tokens=None, money=1.5)

    Raises:
        InputError: It names no such thing, or no number.
    """
    found: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        kind, _, number = (p.strip() for p in part.partition("="))
        if kind not in KINDS:
            raise InputError(f"--llm-budget {text!r}: must be calls=N, tokens=N or money=N, with commas between, not {part!r}")
        found[kind] = _number(number, f"--llm-budget {text!r}")
    return Budget(**found)


def parse_price(text: str) -> Price:
    """Return the price that an option says: a million tokens read, a million written.

    >>> parse_price("2,8")
    Price(read=2.0, written=8.0)

    Raises:
        InputError: It is not two numbers.
    """
    if not text:
        return Price()
    parts = text.split(",")
    if len(parts) != 2:
        raise InputError(f"--llm-price {text!r}: must be two numbers, for a million tokens read and written, such as 2,8")
    return Price(*(_number(part, f"--llm-price {text!r}") for part in parts))


def _number(text: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise InputError(f"{where}: {text!r} is no number that could be an amount")
    return number


def tokens(text: str) -> int:
    """Return about how many tokens ``text`` has: a Chinese character is nearly one, of other writing four letters are one.

    >>> tokens("支付公司"), tokens("annotation")
    (4, 3)
    """
    wide = sum(ord(c) >= 0x2E80 for c in text)
    return wide + math.ceil((len(text) - wide) / 4)


def estimate(messages: Iterable[Mapping[str, str]], window: str, price: Price) -> Spending:
    """Return what a call may cost that sends ``messages``, of which ``window`` is what is to be annotated."""
    read = sum(tokens(m["content"]) + 4 for m in messages)
    return priced(Spending(1, read, math.ceil(tokens(window) * _ANSWER_SHARE)), price)


def priced(spending: Spending, price: Price) -> Spending:
    """Return ``spending`` with its money."""
    return replace(spending, money=(spending.read * price.read + spending.written * price.written) / 1e6)


class Ledger:
    """Counts what is spent, for any number of threads, and says when there is no more.

    A call is let in if what was spent, what the calls under way are estimated at and its own estimate stay within the budget.

    >>> ledger = Ledger(Budget(calls=1))
    >>> ledger.admit(Spending(calls=1)), ledger.admit(Spending(calls=1))
    (True, False)
    """

    def __init__(self, budget: Budget) -> None:
        """Begin with nothing spent."""
        self._budget = budget
        self._lock = threading.Lock()
        self._reserved = Spending()
        self.spent = Spending()

    def admit(self, expected: Spending) -> bool:
        """Reserve what a call may cost, and return whether the budget allows it."""
        with self._lock:
            after = self.spent + self._reserved + expected
            limits = (self._budget.calls, after.calls), (self._budget.tokens, after.read + after.written), (
                self._budget.money, after.money,
            )  # fmt: skip
            if any(limit is not None and used > limit for limit, used in limits):
                return False
            self._reserved = self._reserved + expected
            return True

    def settle(self, expected: Spending, real: Spending) -> Spending:
        """Put what a call did cost in the place of its estimate, and return the sum of all calls."""
        with self._lock:
            back = Spending(-expected.calls, -expected.read, -expected.written, -expected.money)
            self._reserved = self._reserved + back
            self.spent = self.spent + real
            return self.spent


def described(spending: Spending) -> str:
    """Return a line that people read.

    >>> described(Spending(3, 12000, 900, 0.0312))
    '3 calls, 12,000 + 900 tokens, money 0.0312'
    """
    money = f", money {spending.money:.4f}" if spending.money else ""
    return f"{spending.calls} calls, {spending.read:,} + {spending.written:,} tokens{money}"
