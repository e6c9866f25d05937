"""Arguments and options that several commands share."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

Pack = Annotated[
    Path | None,
    typer.Option("--ontology", metavar="DIR", help="领域包，缺省用自带的。 The domain pack; default: the one within kg."),
]
Model = Annotated[str, typer.Option("--model", metavar="NAME", help="抽取模型。 The extraction model of the pack.")]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", min=1, metavar="N", help="抽取进程数，结果不变。 Processes; the result is the same.")
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


class Renderer(enum.StrEnum):
    """What draws the HTML graph."""

    auto = "auto"
    vis = "vis"
    sigma = "sigma"


class Form(enum.StrEnum):
    """The forms of an answer."""

    table = "table"
    csv = "csv"
    json = "json"
    turtle = "turtle"
