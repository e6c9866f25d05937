"""Arguments and options that several commands share."""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer


class EngineName(enum.StrEnum):
    """Where what the documents say is brought together."""

    auto = "auto"
    memory = "memory"
    duckdb = "duckdb"
    spark = "spark"


Pack = Annotated[
    Path | None,
    typer.Option("--ontology", metavar="DIR", help="领域包，缺省用自带的。 The domain pack; default: the one within kg."),
]
Model = Annotated[str, typer.Option("--model", metavar="NAME", help="抽取模型。 The extraction model of the pack.")]
Engine = Annotated[
    EngineName,
    typer.Option(
        "--engine",
        metavar="auto|memory|duckdb|spark",
        help="在哪里归并，结果相同；auto：小则内存，大则 DuckDB。 Where documents are brought together; auto: by size.",
    ),
]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", min=1, metavar="N", help="抽取进程数，结果不变。 Processes; the result is the same.")
]
CacheFolder = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", help="标注缓存的文件夹，可共用。 Keeps annotations of several outputs; else OUT."),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="全部重新抽取，不留缓存。 Extract all anew, keep nothing for later.")]
MinConfidence = Annotated[
    float,
    typer.Option(
        "--min-confidence", min=0, max=1, metavar="P", help="不要更没把握的关系，人工校正的除外。 Leave out less sure facts."
    ),
]
Out = Annotated[Path, typer.Argument(metavar="OUT", help="kg build 写出的文件夹。 The folder that kg build wrote.")]
Inferred = Annotated[bool, typer.Option("--infer", help="也查推出的事实。 Ask inferred.ttl, too.")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。 Print JSON.")]


class Provenance(enum.StrEnum):
    """How the sentences behind the facts are written as RDF."""

    none = "none"
    reified = "reified"
    rdf12 = "rdf12"
    named_graphs = "named-graphs"


class Patched(enum.StrEnum):
    """The forms of a difference."""

    text = "text"
    json = "json"
    patch = "patch"


class Renderer(enum.StrEnum):
    """What draws the HTML graph."""

    auto = "auto"
    vis = "vis"
    sigma = "sigma"


Drawn = Annotated[
    Renderer, typer.Option("--renderer", metavar="auto|vis|sigma", help="网页用什么画。 What draws graph.html; auto: by size.")
]


class Form(enum.StrEnum):
    """The forms of an answer."""

    table = "table"
    csv = "csv"
    json = "json"
    turtle = "turtle"


class Reader(enum.StrEnum):
    """What reads the documents."""

    embedded = "embedded"
    llm = "llm"
    hybrid = "hybrid"


@dataclass(frozen=True)
class ModelOptions:
    """Which language model is asked, and how: the options of all commands that can ask one, as they were given."""

    extractor: Annotated[
        Reader,
        typer.Option(
            "--extractor",
            metavar="embedded|llm|hybrid",
            help="内置、语言模型、没把握的句子问模型。 Who reads: embedded, a model, or it where embedded is unsure.",
        ),
    ] = Reader.embedded
    llm_url: Annotated[
        str, typer.Option("--llm-url", envvar="KG_LLM_URL", metavar="URL", help="OpenAI 协议的服务，到 /v1 为止。 The server.")
    ] = ""
    llm_model: Annotated[
        str,
        typer.Option(
            "--llm-model", envvar="KG_LLM_MODEL", metavar="NAME", help="服务上的模型名；密钥取自 KG_LLM_API_KEY。 The model."
        ),
    ] = ""
    llm_budget: Annotated[
        str,
        typer.Option(
            "--llm-budget",
            metavar="KIND=N",
            help="上限，如 calls=200,tokens=1e6,money=5；用完即止，已得的保留。 The most to spend.",
        ),
    ] = ""
    llm_price: Annotated[
        str, typer.Option("--llm-price", metavar="IN,OUT", help="每百万词元的价钱：读入，写出。 Money for a million tokens.")
    ] = ""
    llm_concurrency: Annotated[
        int, typer.Option("--llm-concurrency", min=1, max=64, metavar="N", help="同时几问。 Calls at a time.")
    ] = 4
    llm_window: Annotated[
        int, typer.Option("--llm-window", min=100, metavar="N", help="每问多少字。 Characters asked about in one call.")
    ] = 600
    llm_timeout: Annotated[
        float,
        typer.Option(
            "--llm-timeout", min=0.1, metavar="SECONDS", help="每问的时限，过时重试。 A call that takes longer is made anew."
        ),
    ] = 120.0
    llm_cache: Annotated[
        Path | None,
        typer.Option("--llm-cache", metavar="DIR", help="回答存放处，缺省用户缓存文件夹。 Where answers are kept, to resume."),
    ] = None
    llm_dry_run: Annotated[
        bool, typer.Option("--llm-dry-run", help="只打印提示词与预计花费，不提问。 Print a prompt and the estimate; ask nothing.")
    ] = False


def asks_model(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of ``ModelOptions``; it gets them as one argument, ``llm``."""
    hints = get_type_hints(ModelOptions, include_extras=True)
    added = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(ModelOptions)
    ]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        llm = ModelOptions(**{f.name: given.pop(f.name) for f in fields(ModelOptions)})
        command(**given, llm=llm)

    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "llm"]
    signature = inspect.Signature([p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + added)
    run.__dict__["__signature__"] = signature
    run.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return run
