"""The commands: each parses, calls one plain function and prints.

Exit codes: 0 done; 1 done, but some documents failed or the data does not conform; 2 bad input or usage.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg import __version__, asking, showing
from kg.errors import InputError, KgError
from kg.options import (
    AsJson,
    CacheFolder,
    Drawn,
    Engine,
    EngineName,
    Form,
    Inferred,
    Jobs,
    MinConfidence,
    Model,
    ModelOptions,
    NoCache,
    Out,
    Pack,
    Provenance,
    Renderer,
    asks_model,
)

# Everything else is imported by the command that needs it, so that `kg --help` answers at once.
if TYPE_CHECKING:
    from kg.model import Annotation, Document

app = typer.Typer(
    name="kg",
    help=(
        "从中文机构与企业文本构建知识图谱，每条关系都附原文出处。\n\n"
        "Knowledge graphs from Chinese institutional text, every fact with the sentence that states it.\n\n"
        "先 build，再用 query、explain、stats 看结果，用 verify、validate 检查，用 export 换格式。\n\n"
        "退出码 exit codes: 0 完成 done; 1 部分文档失败或数据不合规 some documents failed, or the data does not conform; "
        "2 输入或用法有误 bad input or usage."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
@asks_model
def build(
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="INPUT", help="文件、文件夹、压缩包或表格。 Files, folders, archives, tables; default: seeds/."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="输出文件夹，整体替换。 Replaced as a whole.")
    ] = Path("output"),
    pack: Pack = None,
    base_iri: Annotated[
        str | None,
        typer.Option("--base-iri", metavar="IRI", help="标识符前缀。 Prefix of all IRIs; default https://example.org/kg/."),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option("--annotations", metavar="DIR", help="人工校正的标注 ID.json。 Corrected annotations, taken as the truth."),
    ] = None,
    provenance: Annotated[
        Provenance,
        typer.Option(
            "--provenance", metavar="none|reified|rdf12|named-graphs", help="出处的 RDF 形式。 How RDF tells who says so."
        ),
    ] = Provenance.reified,
    infer: Annotated[
        bool, typer.Option("--infer", help="另写 inferred.ttl：由事实推出的。 Also write what follows from the facts, apart.")
    ] = False,
    renderer: Drawn = Renderer.auto,
    min_confidence: MinConfidence = 0.0,
    model: Model = "fast",
    jobs: Jobs = 1,
    engine: Engine = EngineName.auto,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    *,
    llm: ModelOptions,
) -> None:
    """文档 → 知识图谱。 Read documents, extract, merge, and write the graph in every format.

    写出 Turtle（graph.ttl、provenance.ttl）、网页 graph.html、JSON、JSON-LD、GraphML、GEXF、Neo4j 文件、标注与 report.json。
    读不了的文档列出原因，其余照常构建；中途被杀，上一次的结果完好无损，再运行则接着做。没变的文档不再抽取。

    读 reads: .txt .md；.html .docx .pdf（需 needs kg-builder[formats]）；.zip .tar.gz；.jsonl .csv .parquet（text 列 column）。

    例 examples:  kg build reports/ -o output    kg build a.txt b.zip c.jsonl -o out -j 2
    """
    from kg.workers import collect_seldom

    collect_seldom()  # first, for what is imported and loaded makes values by the hundred thousand, too
    from kg import terminal
    from kg.build import build as run
    from kg.export import formats_of
    from kg.naming import DEFAULT_BASE_IRI
    from kg.ontology import default_pack, load_ontology

    pack = pack or default_pack()
    asker = asking.asker_of(llm, pack)
    if asker is not None and llm.llm_dry_run:
        asking.show_plan(asker, inputs or [Path("seeds")], model=model, jobs=jobs)
        return
    with terminal.progress_bar() as progress:
        done = run(
            inputs or [Path("seeds")],
            out,
            pack=pack,
            base_iri=base_iri or DEFAULT_BASE_IRI,
            annotations_dir=annotations,
            least=min_confidence,
            jobs=jobs,
            model=model,
            engine=engine.value,
            cache=cache or not no_cache,
            formats=formats_of(provenance.value, infer=infer),
            renderer=renderer.value,
            asker=asker,
            progress=progress,
        )
    documents = done.report["documents"]
    corrected = f"，其中人工标注 corrected {documents['corrected']}" if documents["corrected"] else ""
    cached = f"，其中未变 cached {documents['cached']}" if documents["cached"] else ""
    terminal.say(f"文档 documents: {documents['built']}{corrected}{cached}")
    terminal.say()
    terminal.show_counts(done.report["counts"], load_ontology(pack))
    terminal.say(f"已写入 written: {out}")
    terminal.warn("用时 seconds: " + "  ".join(f"{stage} {seconds:.2f}" for stage, seconds in done.seconds))
    if done.unused:
        terminal.warn(f"这些标注没有对应的文档 annotations without a document: {', '.join(done.unused)}")
    _fail_with(done.problems)
    asking.tell_unanswered(asker)


@app.command()
@asks_model
def extract(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="文档或文件夹。 Documents or folders.")],
    out: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="写入 DIR/STEM.json。 Where the annotations go.")],
    pack: Pack = None,
    model: Model = "fast",
    jobs: Jobs = 1,
    *,
    llm: ModelOptions,
) -> None:
    """抽取单篇标注，可人工校正。 Write the annotation of each document as JSON, to be read, corrected and built from.

    校正后：kg build reports/ --annotations DIR。偏移量是原文的字符位置（从 0 起，右端不含）。

    例 example:  kg extract seeds -o annotations
    """
    from kg import terminal
    from kg.annotation import write_annotation
    from kg.ontology import default_pack
    from kg.read import Problem, read_corpus
    from kg.workers import annotate_each

    pack = pack or default_pack()
    asker = asking.asker_of(llm, pack)
    if asker is not None and llm.llm_dry_run:
        asking.show_plan(asker, files, model=model, jobs=jobs)
        return
    documents, problems = read_corpus(files)
    _make_folder(out)
    with terminal.progress_bar() as progress:
        embedded = annotate_each(documents, pack=pack, model=model, jobs=jobs)
        for document, result in zip(documents, asking.annotated(asker, documents, embedded, progress), strict=True):
            if isinstance(result, Problem):
                problems.append(result)
                continue
            path = write_annotation(out, document, result)
            terminal.say(f"{path}: 实体 entities {len(result.entities)}, 关系 relations {len(result.relations)}")
    _fail_with(problems)
    asking.tell_unanswered(asker)


@app.command()
def evaluate(
    gold: Annotated[Path, typer.Argument(metavar="GOLD_DIR", help="标准标注：NAME.txt 与 NAME.json。 Gold annotations.")],
    predictions: Annotated[
        Path | None, typer.Option("--predictions", metavar="DIR", help="预测 NAME.json，缺省则现抽。 Default: extract now.")
    ] = None,
    pack: Pack = None,
    model: Model = "fast",
    errors: Annotated[bool, typer.Option("--errors", help="列出每处差异及其句子。 List every difference.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="写对照网页。 Write a page that shows both in the text.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """与标准标注比较。 Precision, recall and F1 by type and predicate, subtype accuracy, grounding and calibration.

    例 example:  kg evaluate tests/gold/dev --errors --html compare.html
    """
    import dataclasses

    from kg import terminal
    from kg.compare import render_comparison
    from kg.evaluate import evaluate as score
    from kg.evaluate import read_cases
    from kg.ontology import default_pack, load_ontology

    pack = pack or default_pack()
    ontology = load_ontology(pack)
    if predictions is not None and not predictions.is_dir():
        raise InputError(f"{predictions}: no such folder of predictions")
    cases = read_cases(gold, predictions or _extraction(pack, model), ontology=ontology)
    evaluation = score(cases, ontology=ontology)
    if html:
        showing.write_text(html, render_comparison(cases, evaluation, ontology=ontology))
    if as_json:
        _print_json(dataclasses.asdict(evaluation) | ({} if errors else {"differences": len(evaluation.differences)}))
    else:
        terminal.show_evaluation(evaluation, ontology, errors=errors)


@app.command()
def train(
    pack: Pack = None,
    extra: Annotated[
        list[Path] | None,
        typer.Option("--extra", metavar="DIR", help="更多标注 NAME.txt + NAME.json，可重复。 More documents; repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="模型写到哪里。 Default: the models/ of the pack.")
    ] = None,
    only_figures: Annotated[
        bool, typer.Option("--evaluate", help="只做交叉验证，不写模型。 Only cross-validated figures; nothing is written.")
    ] = False,
    folds: Annotated[int, typer.Option("--folds", min=2, metavar="N", help="交叉验证分几份。 Folds of cross-validation.")] = 5,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, metavar="N", help="进程数，缺省为核数。 Processes; default: the cores.")
    ] = None,
) -> None:
    """用标注文档训练模型。 Fit the models of a domain pack on its annotated documents and yours.

    读领域包的 training/ 与 --extra 各文件夹；同名文档以后者为准。模型文件与 MODEL_CARD.md 一次写齐；数据相同，字节相同。

    例 examples:  kg train --evaluate    kg train --extra corrected/
    """
    from kg import terminal
    from kg.learn.run import train_pack
    from kg.ontology import default_pack, load_ontology

    pack = pack or default_pack()
    done = train_pack(
        pack, None if only_figures else out or pack / "models", extra=extra or [], folds=folds, jobs=jobs or os.cpu_count() or 1,
        say=terminal.warn,
    )  # fmt: skip
    terminal.say(f"文档 documents: {done.documents}，交叉验证 cross-validated, {folds} folds")
    terminal.say()
    terminal.show_evaluation(done.figures, load_ontology(pack), errors=False)
    if done.out:
        terminal.say(f"已写入 written: {done.out}")


@app.command()
def query(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="构建结果或 RDF 文件。 What kg build wrote, or an RDF file.")],
    sparql: Annotated[str | None, typer.Argument(metavar="QUERY", help="SPARQL、.rq 文件或问题名。 Default: a list.")] = None,
    bindings: Annotated[
        list[str] | None, typer.Option("--set", metavar="VAR=VALUE", help="给变量赋值，可重复。 Bind a variable; repeatable.")
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", "-f", metavar="table|csv|json|turtle", help="输出形式。 How the answer is printed.")
    ] = Form.table,
    iris: Annotated[bool, typer.Option("--iris", help="显示 IRI 而非名称。 IRIs in place of names.")] = False,
    inferred: Inferred = False,
    pack: Pack = None,
) -> None:
    """用 SPARQL 查询。 Ask the graph in SPARQL, or one of the competency questions of the domain pack.

    前缀 kgo:、skos:、dcterms:、prov: 等已声明。 The usual prefixes are declared; queries only read, and only this graph.

    例 examples:  kg query output pairs --set body=支付公司
    kg query output 'SELECT ?n { ?x a kgo:WorkingGroup; skos:prefLabel ?n }'
    """
    from kg import terminal
    from kg.ontology import default_pack
    from kg.query import list_queries, run_query

    pack = pack or default_pack()
    if sparql is None:
        terminal.show_questions(list_queries(pack))
        return
    found = run_query(out, sparql, set=_bindings(bindings or []), pack=pack, inferred=inferred)
    terminal.show_answer(found, form, iris=iris)


@app.command()
def validate(out: Out, pack: Pack = None, as_json: AsJson = False) -> None:
    """用 SHACL 形状检查事实。 Check the facts against the shapes of the domain pack; exit code 1 if they do not conform."""
    import dataclasses

    from kg import terminal
    from kg.ontology import default_pack
    from kg.validate import validate as run

    report = run(out, pack or default_pack())
    if as_json:
        _print_json(dataclasses.asdict(report))
    else:
        terminal.show_violations(report)
        terminal.say("合规 conforms" if report.conforms else f"不合规 does not conform: {len(report.results)}")
    if not report.conforms:
        raise typer.Exit(1)


@app.command()
def verify(out: Out, pack: Pack = None) -> None:
    """核对引文与各格式。 Every quote equals its text, and every export holds the same nodes and edges; exit code 1 if not."""
    from kg import terminal
    from kg.verify import verify as run

    found = run(out, pack=pack)
    for line in found:
        terminal.say(f"✗ {line}")
    if found:
        raise typer.Exit(1)
    terminal.say("一致 every quote equals its text, every file holds the same graph")


@app.command()
def explain(
    out: Out,
    name: Annotated[str, typer.Argument(metavar="NAME", help="名称、别名、id 或 IRI；可带上级。 A name, alias, id or IRI.")],
    pack: Pack = None,
    as_json: AsJson = False,
) -> None:
    """一个实体的全部事实与出处。 A thing with its names, its facts, and the sentences that state them.

    例 examples:  kg explain output 软研院    kg explain output 中国联通市场部
    """
    import dataclasses

    from kg import terminal
    from kg.explain import explain as run
    from kg.ontology import default_pack, load_ontology

    explanation = run(out, name)
    if as_json:
        _print_json(dataclasses.asdict(explanation))
    else:
        terminal.show_explanation(explanation, load_ontology(pack or default_pack()))
    if not explanation.found and not explanation.candidates:
        raise typer.Exit(2)


@app.command()
def export(
    out: Out,
    to: Annotated[
        list[str] | None, typer.Option("--to", metavar="FORMAT", help="格式，可重复，缺省列出。 A format; none: list them.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="写到别处。 Another folder; default: OUT.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--license", metavar="IRI", help="数据许可，写入 void.ttl。 The data's licence, for void.ttl.")
    ] = None,
    pack: Pack = None,
) -> None:
    """再写一种格式。 Write the graph of a build in one more format, or list the formats.

    例 examples:  kg export output --to nquads
    kg export output --to void --license https://creativecommons.org/licenses/by/4.0/
    """
    from kg import terminal
    from kg.build import export_again
    from kg.export import DEFAULT_FORMATS, FORMATS
    from kg.ontology import default_pack, load_ontology

    if not to:
        rows = [(name, "、".join(files), "✓" if name in DEFAULT_FORMATS else "") for name, (files, _) in FORMATS.items()]
        terminal.table(("格式 format", "文件 files", "缺省 by default"), rows)
        return
    ontology = load_ontology(pack or default_pack())
    for path in export_again(out, ontology, formats=to, folder=folder or out, licence=licence):
        terminal.say(path)


@app.command()
def stats(
    out: Out,
    uncovered: Annotated[bool, typer.Option("--uncovered", help="列出无事实的句子。 List sentences without a fact.")] = False,
    dropped: Annotated[bool, typer.Option("--dropped", help="列出舍弃的片段及原因。 List dropped spans with reasons.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="各列多少条。 How many of each.")] = 50,
    pack: Pack = None,
    as_json: AsJson = False,
) -> None:
    """数量与覆盖。 Counts by type and predicate, and what extraction left out, from report.json."""
    from kg import terminal
    from kg.ontology import default_pack, load_ontology
    from kg.report import read_report

    report = read_report(out)
    if as_json:
        _print_json(report)
        return
    rows = [(d["id"], d["date"], d["title"], d["characters"], d["entities"], d["relations"]) for d in report["documents"]["list"]]
    head = ("文档 document", "日期 date", "标题 title", "字数", "实体", "关系")
    terminal.table(head, rows[:limit], right=(1, 3, 4, 5))
    terminal.show_counts(report["counts"], load_ontology(pack or default_pack()))
    terminal.show_coverage(report, uncovered=uncovered, dropped=dropped, limit=limit)
    for problem in report["problems"]:
        terminal.say(f"✗ {problem['path']}: {problem['message']}")


app.add_typer(showing.load)
app.command()(showing.report)
app.command()(showing.draw)
app.command()(showing.diff)
app.command()(showing.serve)
app.command()(showing.shell)
app.command()(asking.distil)


@app.callback(invoke_without_command=True)
def _version(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="版本。 Print the version.")] = False
) -> None:
    if version:
        typer.echo(f"kg {__version__}")
        raise typer.Exit()


def main() -> None:
    """Run the command line; errors that a user can mend are one line on standard error and exit code 2."""
    if sys.getfilesystemencoding() != "utf-8":
        # A locale such as LC_ALL=C may have broken the Chinese in arguments and file names: begin again in Python's UTF-8 mode.
        os.execve(sys.executable, [sys.executable, "-m", "kg", *sys.argv[1:]], os.environ | {"PYTHONUTF8": "1"})
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app(prog_name="kg")
    except KgError as error:
        from kg.terminal import plain

        sys.stderr.write(f"kg: {plain(str(error)).plain}\n")
        sys.exit(2)


def _extraction(pack: Path, model: str) -> Any:
    from kg.extract import annotate, load_extractor

    load = functools.cache(load_extractor)  # not before the gold has been read, which may be wrong

    def predict(document: Document) -> Annotation:
        return annotate(document, load(pack, model=model))

    return predict


def _bindings(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip("?$ "):
            raise InputError(f"--set {pair}: must be VAR=VALUE, such as --set body=支付公司")
        found[name.strip("?$ ")] = value
    return found


def _fail_with(problems: Any) -> None:
    """List the documents that failed and leave with exit code 1, if there are any."""
    from kg import terminal

    for problem in problems:
        terminal.warn(f"✗ {problem.path}: {problem.message}")
    if problems:
        raise typer.Exit(1)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made a folder: {error.strerror}") from error


def _print_json(value: object) -> None:
    import json

    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
