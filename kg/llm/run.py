"""Asking a model about many documents: planned, estimated, asked by several threads, put together in order.

What was answered is kept whatever happens later: a budget that ends, a server that goes away, Ctrl-C.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from kg.lexicon import load_lexicon
from kg.llm.answer import read_answer
from kg.llm.budget import Budget, Price, Spending, described, estimate
from kg.llm.cache import Answers, answer_key
from kg.llm.calls import Calls, Heard
from kg.llm.ground import Grounded, Rules, ground
from kg.llm.hybrid import joined, known_names, unsure_sentences
from kg.llm.locate import Quotable
from kg.llm.merge import merged
from kg.llm.prompt import Message, Prompt, load_prompt, messages_for, question
from kg.llm.windows import OVERLAP, SIZE, Window, packed, windows
from kg.llm.wire import RETRIES, Wire, check_model
from kg.model import Annotation, Document
from kg.ontology import Ontology, load_ontology, subtypes, types
from kg.read import Problem

Progress = Callable[[str, int, int], None]
_AHEAD = 4  # windows that wait for each thread


@dataclass(frozen=True, slots=True)
class Settings:
    """Which model is asked, about what and how.

    ``hybrid``: only about what the embedded extractor is unsure of. ``window`` and ``overlap`` count characters; ``most`` are the
    tokens that an answer may have, ``seconds`` how long a call may take, ``retries`` how often it is made again. ``cache`` is the
    folder of answers, ``None`` for none.
    """

    url: str
    model: str
    hybrid: bool = False
    budget: Budget = field(default_factory=Budget)
    price: Price = field(default_factory=Price)
    concurrency: int = 4
    window: int = SIZE
    overlap: int = OVERLAP
    cache: Path | None = None
    seconds: float = 120.0
    most: int = 4096
    retries: int = RETRIES


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it: annotations by document, documents that got none, what was spent, and windows without an answer."""

    annotations: Mapping[str, Annotation]
    problems: tuple[Problem, ...]
    spent: Spending
    unanswered: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The windows of one document that are asked about, with what the model is told besides."""

    document: Document
    windows: tuple[Window, ...]
    known: tuple[tuple[str, str], ...] = ()
    base: Annotation | None = None

    def messages(self, prompt: Prompt, window: Window) -> list[Message]:
        """Return the conversation about a window."""
        return messages_for(prompt, question(self.document, window, known=self.known))


@dataclass(frozen=True, slots=True)
class Desk:
    """All that asking needs of a domain pack."""

    ontology: Ontology
    prompt: Prompt
    rules: Rules
    triggers: frozenset[str] = field(default_factory=frozenset)


def load_desk(pack: Path) -> Desk:
    """Read ontology, prompt and lexicon of a pack.

    Raises:
        PackError: Something of the pack is wrong.
    """
    ontology = load_ontology(pack)
    prompt = load_prompt(pack, ontology)
    kinds = types(ontology)
    classes = [*kinds, *(name for kind in kinds for name in subtypes(ontology, kind))]
    lexicon = load_lexicon(pack, classes=classes, predicates=list(ontology.predicates))
    rules = Rules(ontology, prompt, frozenset(lexicon.markers.get("anaphora", ())))
    return Desk(ontology, prompt, rules, frozenset(word for words in lexicon.triggers.values() for word in words))


def plan(documents: Sequence[Document], base: Mapping[str, Annotation], settings: Settings) -> list[Plan]:
    """Return what is asked about each document; ``base`` are the embedded annotations, which hybrid needs.

    A document whose embedded annotation is missing (as it failed) is not asked about by hybrid.
    """
    if not settings.hybrid:
        return [Plan(d, tuple(windows(d.text, size=settings.window, overlap=settings.overlap))) for d in documents]
    found = []
    for document in documents:
        if (first := base.get(document.id)) is not None:
            found.append(Plan(document, tuple(_unsure(document, first, settings)), tuple(known_names(first)), first))
    return found


def _unsure(document: Document, first: Annotation, settings: Settings) -> list[Window]:
    """Return the windows that hybrid asks about: half as many as would hold the whole document, or one."""
    whole = len(windows(document.text, size=settings.window, overlap=settings.overlap))
    allowed = max(whole // 2, 1)
    return packed(unsure_sentences(document, first, most=allowed * settings.window), size=settings.window)[:allowed]


def expected(plans: Sequence[Plan], desk: Desk, settings: Settings) -> tuple[Spending, int]:
    """Return what asking may cost, and how many of the windows are answered already."""
    answers = Answers(settings.cache) if settings.cache else None
    total, there = Spending(), 0
    for item in plans:
        for window in item.windows:
            messages = item.messages(desk.prompt, window)
            key = answer_key(item.document.sha256, messages, desk.prompt.schema, settings.model)
            if answers is not None and answers.get(key) is not None:
                there += 1
            else:
                total = total + estimate(messages, window.text(item.document), settings.price)
    return total, there


def ask(
    documents: Sequence[Document],
    base: Mapping[str, Annotation],
    *,
    pack: Path,
    settings: Settings,
    progress: Progress = lambda stage, done, total: None,
    say: Callable[[str], None] = lambda line: None,
) -> Asked:
    """Return the annotations of ``documents`` as a model sees them, or as it and the embedded extractor (``base``) do.

    Raises:
        InputError: The address or the model's name is wrong, or answers cannot be kept.
        PackError: Something of the pack is wrong.
    """
    check_model(settings.url, settings.model)
    desk = load_desk(pack)
    plans = plan(documents, base, settings)
    cost, there = expected(plans, desk, settings)
    say(f"预计 estimate: {described(cost)}" + (f"；已有 answered before: {there}" if there else ""))
    wire = Wire(settings.url, settings.model, seconds=settings.seconds, most=settings.most, retries=settings.retries)
    calls = Calls(wire, desk.prompt, settings.budget, settings.price, Answers(settings.cache) if settings.cache else None)
    annotations: dict[str, Annotation] = {}
    problems = []
    unanswered = 0
    try:
        for item, heard in _heard(plans, desk, settings, calls, progress):
            try:
                result = _put_together(item, heard, desk, settings)
            except Exception as error:  # as in extraction: one document must not cost the others; it is reported, not hidden
                result = Problem(item.document.path, f"extraction failed: {type(error).__name__}: {error}")
            unanswered += sum(h.failure is not None for h in heard)
            if isinstance(result, Problem):
                problems.append(result)
            else:
                annotations[item.document.id] = result
    finally:
        wire.close()
    say(f"实际 spent: {described(calls.spent)}")
    return Asked(annotations, tuple(problems), calls.spent, unanswered)


def _heard(
    plans: Sequence[Plan], desk: Desk, settings: Settings, calls: Calls, progress: Progress
) -> Iterator[tuple[Plan, list[Heard]]]:
    """Yield what was answered about each document, in order; a few windows are always under way."""
    todo = [(item, window) for item in plans for window in item.windows]
    waiting: deque[Future[Heard]] = deque()
    done = begun = 0
    with ThreadPoolExecutor(settings.concurrency, thread_name_prefix="ask") as pool:
        try:
            for item in plans:
                heard = []
                for _ in item.windows:
                    while begun < len(todo) and len(waiting) < _AHEAD * settings.concurrency:
                        waiting.append(pool.submit(calls.about, todo[begun][0], todo[begun][1]))
                        begun += 1
                    heard.append(waiting.popleft().result())
                    done += 1
                    progress(f"llm {described(calls.spent)}", done, len(todo))
                yield item, heard
        except BaseException:
            # Such as Ctrl-C: what waits is not asked, and what is under way is not waited for longer than its line holds.
            pool.shutdown(wait=False, cancel_futures=True)
            calls.stop()
            raise


def _put_together(item: Plan, heard: Sequence[Heard], desk: Desk, settings: Settings) -> Annotation | Problem:
    """Return the annotation of a document, or why there is none."""
    missing = [h for h in heard if h.failure is not None]
    if heard and len(missing) == len(heard) and item.base is None:
        failure = missing[0].failure
        assert failure is not None
        return Problem(item.document.path, f"{failure.reason}{f': {failure.answer}' if failure.answer else ''}")
    text = Quotable(item.document.text)
    read = [ground(read_answer(reply), window, text, desk.rules) for h in heard for window, reply in h.replies]
    read += [Grounded(h.window, refused=(h.failure,)) for h in missing if h.failure is not None]
    found = merged(item.document, read, extractor=f"llm:{settings.model}", triggers=desk.triggers)
    return found if item.base is None else joined(item.base, found, desk.ontology)


class Asker:
    """A model as an extractor that a build can be given: it reads instead of the embedded one, or after it.

    ``unanswered`` counts, after a call, the windows to which there was no answer.
    """

    def __init__(self, settings: Settings, *, pack: Path, say: Callable[[str], None] = lambda line: None) -> None:
        """Choose the model; ``say`` is told the estimate and what was spent."""
        check_model(settings.url, settings.model)
        self.settings, self.pack, self._say = settings, pack, say
        self.unanswered = 0

    @property
    def hybrid(self) -> bool:
        """Whether it wants the embedded extractor's annotations."""
        return self.settings.hybrid

    def __call__(
        self, documents: Sequence[Document], base: Mapping[str, Annotation], progress: Progress
    ) -> tuple[dict[str, Annotation], list[Problem]]:
        """Return annotations by document and the documents that got none."""
        done = ask(documents, base, pack=self.pack, settings=self.settings, progress=progress, say=self._say)
        self.unanswered = done.unanswered
        return dict(done.annotations), list(done.problems)
