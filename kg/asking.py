"""What the commands that can ask a language model share, and the command that makes training candidates with one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg.errors import InputError
from kg.options import Jobs, Model, ModelOptions, Pack, Reader, asks_model

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


@asks_model
def distil(
    inputs: Annotated[list[Path] | None, typer.Argument(metavar="INPUT", help="文档或文件夹。 Documents or folders.")] = None,
    out: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="候选与审核网页写到哪里。 Candidates and page.")
    ] = Path("distilled"),
    accept: Annotated[
        Path | None,
        typer.Option(
            "--accept", metavar="FILE", help="网页保存的决定，采纳到 OUT/accepted。 What the page saved; copies what it accepts."
        ),
    ] = None,
    pack: Pack = None,
    model: Model = "fast",
    jobs: Jobs = 1,
    *,
    llm: ModelOptions,
) -> None:
    """用语言模型的标注训练自己的小模型。 Make training material of a model's answers, as far as a person accepts them.

    先让模型标注：OUT/candidates 与 OUT/review.html；在网页上去掉不对的、采纳各篇、保存；再用 --accept 得到 OUT/accepted。
    之后 then: kg train --extra OUT/accepted。未经采纳的不会用于训练。 Nothing is accepted by itself.

    例 examples:  kg distil reports/ -o own --llm-url http://localhost:11434/v1 --llm-model qwen2.5:7b
    kg distil -o own --accept accepted.json
    """
    import dataclasses

    from kg import terminal
    from kg.llm.distil import accept as run
    from kg.llm.distil import write_candidates
    from kg.ontology import default_pack, load_ontology
    from kg.read import Problem, read_corpus
    from kg.workers import annotate_each

    pack = pack or default_pack()
    if accept is not None:
        for path in run(out, accept, ontology=load_ontology(pack)):
            terminal.say(path)
        return
    if not inputs:
        raise InputError("nothing to read: name documents or folders, or --accept FILE")
    chosen = Reader.hybrid if llm.extractor is Reader.hybrid else Reader.llm
    asker = asker_of(dataclasses.replace(llm, extractor=chosen), pack)
    assert asker is not None
    if llm.llm_dry_run:
        show_plan(asker, inputs, model=model, jobs=jobs)
        return
    documents, problems = read_corpus(inputs)
    with terminal.progress_bar() as progress:
        embedded = annotate_each(documents if asker.hybrid else [], pack=pack, model=model, jobs=jobs)
        results = list(annotated(asker, documents, embedded, progress))
    found = {d.id: r for d, r in zip(documents, results, strict=True) if not isinstance(r, Problem)}
    page = write_candidates(out, documents, found, ontology=load_ontology(pack))
    terminal.say(f"候选 candidates: {len(found)}，审核 review: {page}")
    for problem in (*problems, *(r for r in results if isinstance(r, Problem))):
        terminal.warn(f"✗ {problem.path}: {problem.message}")
    if len(found) < len(documents) or problems:
        raise typer.Exit(1)
    tell_unanswered(asker)


def _base(documents: Sequence[Document], embedded: Iterator[Annotation | Problem]) -> Mapping[str, Annotation]:
    from kg.model import Annotation

    return {d.id: result for d, result in zip(documents, embedded, strict=False) if isinstance(result, Annotation)}
