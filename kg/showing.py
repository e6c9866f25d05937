"""The commands that bring a graph before people and other programs: load, report, draw, serve, shell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg.errors import InputError
from kg.options import Inferred, Out, Pack, Patched

if TYPE_CHECKING:
    from kg.load import Loaded
    from kg.validate import Violation

Built = Annotated[
    Path, typer.Argument(metavar="OUT", help="kg build 写出的文件夹。 The folder that kg build wrote; default: output.")
]

load = typer.Typer(
    name="load",
    help=(
        "装入图数据库，重复装入不会重复。 Load the graph into a running Neo4j or an embedded Ladybug database; "
        "loading again adds nothing twice.\n\n"
        "需要 needs: pip install 'kg-builder[databases]'"
    ),
    no_args_is_help=True,
)


@load.command("neo4j")
def load_neo4j(
    out: Built = Path("output"),
    uri: Annotated[
        str, typer.Option("--uri", metavar="URI", help="Bolt 地址。 Where the server listens.")
    ] = "bolt://localhost:7687",
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="用户名。 The user.")] = "neo4j",
    password: Annotated[
        str, typer.Option("--password", envvar="NEO4J_PASSWORD", metavar="TEXT", help="密码。 Better: set NEO4J_PASSWORD.")
    ] = "",
    database: Annotated[
        str | None, typer.Option("--database", metavar="NAME", help="数据库名。 The database; default: the user's.")
    ] = None,
) -> None:
    """装入运行中的 Neo4j。 Load into a running Neo4j, or what speaks its protocol.

    例 example:  NEO4J_PASSWORD=… kg load neo4j --uri bolt://localhost:7687
    """
    from kg.export.nodelink import read_graph
    from kg.load import load_neo4j as run

    _say_loaded(run(read_graph(out), uri, user=user, password=password, database=database))


@load.command("ladybug")
def load_ladybug(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="数据库文件，没有则新建。 The database; made if it is not there.")],
    out: Built = Path("output"),
    pack: Pack = None,
) -> None:
    """装入嵌入式数据库 Ladybug。 Load into the file of an embedded database.

    例 example:  kg load ladybug graph.lbug output
    """
    from kg.export.nodelink import read_graph
    from kg.load import load_ladybug as run
    from kg.ontology import default_pack, load_ontology

    _say_loaded(run(read_graph(out), path, predicates=load_ontology(pack or default_pack()).predicates))


def report(
    out: Out,
    page: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="写到哪里。 Default: report.html in OUT.")
    ] = None,
    pack: Pack = None,
) -> None:
    """一页报告 report.html：数量、机构、项目、口号、时间、伙伴、覆盖、校验。 One page on a build, with validation."""
    from kg import terminal
    from kg.export.html.summary import render_report
    from kg.export.nodelink import read_graph
    from kg.ontology import default_pack, load_ontology
    from kg.report import read_report
    from kg.validate import validate

    pack = pack or default_pack()
    graph, facts = read_graph(out), read_report(out)
    checked = validate(out, pack)
    violations = [_line(violation) for violation in checked.results]
    page = page or out / "report.html"
    write_text(page, render_report(graph, load_ontology(pack), facts, conforms=checked.conforms, violations=violations))
    terminal.say(f"已写入 written: {page}")


def draw(
    out: Out,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="画谁的周围，缺省全图。 Around whom; default: all.")] = None,
    picture: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="写到哪里：.svg 或 .png。 Where it goes: .svg or .png.")
    ] = Path("graph.svg"),
    depth: Annotated[int, typer.Option("--depth", min=1, metavar="N", help="几步以内。 Within how many facts.")] = 2,
    plain: Annotated[bool, typer.Option("--no-labels", help="边上不写关系。 No relation written on the edges.")] = False,
    pack: Pack = None,
) -> None:
    """画成 SVG 或 PNG，供论文用。 Draw the graph, or what lies around a thing, as a still picture for a paper.

    PNG 需要 needs: pip install 'kg-builder[draw]'，及中文字体 and a font with Chinese characters.

    例 example:  kg draw output 支付公司 --depth 2 -o fig.svg
    """
    from kg import terminal
    from kg.export.html.figure import draw_svg
    from kg.export.nodelink import read_graph
    from kg.ontology import default_pack, load_ontology

    form = picture.suffix.lower()
    if form not in (".svg", ".png"):
        raise InputError(f"{picture}: only .svg and .png are drawn; Inkscape or rsvg-convert makes PDF of the .svg")
    svg = draw_svg(read_graph(out), load_ontology(pack or default_pack()), around=name, depth=depth, names=not plain)
    if form == ".png":
        from kg.export.html.pixels import to_png

        write_bytes(picture, to_png(svg))
    else:
        write_text(picture, svg)
    terminal.say(f"已写入 written: {picture}")


def diff(
    before: Annotated[Path, typer.Argument(metavar="OUT_A", help="从哪次构建。 The build to compare with.")],
    after: Annotated[Path, typer.Argument(metavar="OUT_B", help="到哪次构建。 The later build.")],
    form: Annotated[Patched, typer.Option("--format", "-f", metavar="text|json|patch", help="输出形式。 What is printed.")] = (
        Patched.text
    ),
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="各列多少条。 How many of each, as text.")] = 50,
    pack: Pack = None,
) -> None:
    """两次构建的差别：实体与关系的增、减、证据变化，及因哪篇文档。 What came, went or changed evidence, through which document.

    patch 是 RDF Patch，把 OUT_A 的 graph.ttl 变成 OUT_B 的。 An RDF Patch from OUT_A's graph.ttl to OUT_B's.

    例 examples:  kg diff yesterday today    kg diff yesterday today -f patch > changes.rdfp
    """
    import dataclasses
    import json

    from kg import terminal
    from kg.diff import describe, rdf_patch
    from kg.diff import diff as run
    from kg.ontology import default_pack, load_ontology

    if form is Patched.patch:
        for line in rdf_patch(before, after):
            typer.echo(line)
        return
    found = run(before, after)
    if form is Patched.json:
        typer.echo(json.dumps({"counts": found.counts(), **dataclasses.asdict(found)}, ensure_ascii=False, indent=1))
        return
    for line in describe(found, load_ontology(pack or default_pack()), limit=limit):
        terminal.say(line)


def serve(
    out: Out,
    host: Annotated[
        str,
        typer.Option("--host", metavar="HOST", help="监听地址，缺省只限本机。 Where to listen; by default on this machine only."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="端口，0 任选。 The port; 0: a free one.")
    ] = 8000,
    seconds: Annotated[
        float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="查询时限。 A query that runs longer is ended.")
    ] = 10.0,
    megabytes: Annotated[
        int, typer.Option("--max-answer", min=1, metavar="MB", help="答案大小上限。 A larger answer is refused.")
    ] = 32,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            "--cors", metavar="ORIGIN", help="允许哪些网站来查，可重复，* 为全部。 Web sites that may ask; default: none."
        ),
    ] = None,
    inferred: Inferred = False,
    pack: Pack = None,
) -> None:
    """只读的 SPARQL 服务：/sparql 端点、/ 图谱、/query 查询页。 Serve SPARQL (read-only), the graph, a page to ask on.

    遵循 SPARQL 1.1 Protocol；更新、SERVICE、读文件一律拒绝。 Updates, SERVICE and files are refused. Ctrl-C 结束 ends it.

    例 example:  kg serve output, 然后 then  curl 'localhost:8000/sparql?query=ASK%7B%3Fx+a+kgo:Company%7D'
    """
    from kg import terminal
    from kg.serve import serve as run
    from kg.serve.engine import Limits

    def ready(address: str, triples: int) -> None:
        terminal.say(f"{address}  图谱 graph")
        terminal.say(f"{address}query  查询 query")
        terminal.say(f"{address}sparql  SPARQL 1.1 ({triples} triples)")

    limits = Limits(seconds=seconds, answer=megabytes << 20)
    run(out, pack=pack, host=host, port=port, limits=limits, origins=cors or (), inferred=inferred, ready=ready)


def shell(out: Out, inferred: Inferred = False, pack: Pack = None) -> None:
    """逐句提问，有历史与补全。 Ask one question after another, with history and completion.

    Tab 补全类、关系、名称与关键字；括号齐了回车即运行；.help 看其余。 Without a terminal: the same lines from standard input.

    例 example:  kg shell output
    """
    from kg.shell import shell as run

    run(out, pack=pack, inferred=inferred)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8.

    Raises:
        InputError: The file cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content``.

    Raises:
        InputError: The file cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _say_loaded(done: Loaded) -> None:
    from kg import terminal

    terminal.say(f"实体 nodes {done.nodes}, 关系 edges {done.edges}")


def _line(violation: Violation) -> str:
    parts = (violation.entity_name or violation.entity, violation.predicate_name, violation.value_name or violation.value)
    line = f"{' '.join(part for part in parts if part)}：{violation.message_zh or violation.message_en}"
    sentence = " ".join(violation.sentence.split())
    return f"{line} “{sentence}” — {violation.document}" if sentence else line
