"""What the commands that can ask a language model share, and the command that makes training candidates with one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kg.errors import InputError
from kg.options import ModelOptions, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kg.build import Progress
    from kg.llm.run import Asker, Settings
    from kg.model import Annotation, Document
    from kg.read import Problem


def asker_of(options: ModelOptions, pack: Path) -> Asker | None:
    """Return the model that the options name, or ``None`` for the embedded extractor alone.

    Raises:
        InputError: An option is wrong, or says something about a model where none is asked.
    """
    from kg import terminal

    if options.extractor is Reader.embedded:
        if options.llm_dry_run or options.llm_budget:
            raise InputError("--llm-… needs --extractor llm or --extractor hybrid")
        return None
    from kg.llm.run import Asker

    return Asker(settings_of(options), pack=pack, say=terminal.warn)


def settings_of(options: ModelOptions) -> Settings:
    """Return what the options say, checked.

    Raises:
        InputError: An option is wrong.
    """
    from kg.llm.budget import parse_budget, parse_price
    from kg.llm.cache import default_folder
    from kg.llm.run import Settings
    from kg.llm.windows import OVERLAP

    budget = parse_budget(options.llm_budget)
    if budget.money is not None and not options.llm_price:
        raise InputError("--llm-budget money=…: needs --llm-price IN,OUT, what a million tokens cost")
    return Settings(
        url=options.llm_url,
        model=options.llm_model,
        hybrid=options.extractor is Reader.hybrid,
        budget=budget,
        price=parse_price(options.llm_price),
        concurrency=options.llm_concurrency,
        window=options.llm_window,
        overlap=min(OVERLAP, options.llm_window // 4),
        cache=options.llm_cache or default_folder(),
        seconds=options.llm_timeout,
    )


def show_plan(asker: Asker, inputs: Sequence[Path], *, model: str, jobs: int) -> None:
    """Print what would be asked first, word for word, and what everything would cost; nothing is sent or written.

    Raises:
        InputError: No document could be read.
    """
    from kg import terminal
    from kg.llm.budget import described
    from kg.llm.run import expected, load_desk, plan
    from kg.read import read_corpus
    from kg.workers import annotate_each

    documents, _ = read_corpus(inputs)
    desk = load_desk(asker.pack)
    embedded = annotate_each(documents if asker.hybrid else [], pack=asker.pack, model=model, jobs=jobs)
    plans = plan(documents, _base(documents, embedded), asker.settings)
    first = next(((item, window) for item in plans for window in item.windows), None)
    if first is not None:
        for message in first[0].messages(desk.prompt, first[1]):
            terminal.say(f"[{message['role']}]")
            for line in message["content"].split("\n"):
                terminal.say(line)
            terminal.say()
    cost, there = expected(plans, desk, asker.settings)
    terminal.say(f"预计 estimate: {described(cost)}；已有 answered before: {there}")


def annotated(
    asker: Asker | None, documents: Sequence[Document], embedded: Iterator[Annotation | Problem], progress: Progress
) -> Iterator[Annotation | Problem]:
    """Yield what the model says of each document, in order; or what the embedded extractor says, where no model is asked."""
    if asker is None:
        for i, result in enumerate(embedded):
            progress("extract", i + 1, len(documents))
            yield result
        return
    from kg.read import Problem

    first = list(embedded) if asker.hybrid else []
    base = _base(documents, iter(first))
    found, problems = asker(documents, base, progress)
    failed = {p.path: p for p in (*(r for r in first if isinstance(r, Problem)), *problems)}
    for document in documents:
        yield found[document.id] if document.id in found else failed[document.path]


def tell_unanswered(asker: Asker | None) -> None:
    """Say that parts of documents were not read by the model and leave with exit code 1, if there are any."""
    from kg import terminal

    if asker is not None and asker.unanswered:
        said = "没有得到回答，原因见标注或报告的 refused；再运行一次即从此处继续"
        terminal.warn(f"✗ {asker.unanswered} 处{said}。 Parts without an answer; run again to go on from here.")
        raise typer.Exit(1)


def _base(documents: Sequence[Document], embedded: Iterator[Annotation | Problem]) -> Mapping[str, Annotation]:
    from kg.model import Annotation

    return {d.id: result for d, result in zip(documents, embedded, strict=False) if isinstance(result, Annotation)}
