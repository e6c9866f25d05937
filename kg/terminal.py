"""What the commands print: tables that line up with Chinese text, and progress bars where a terminal is.

Text of documents is shown as it is: no markup in it is interpreted, and control characters (such as escape sequences that
would paint the terminal) become visible signs.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from kg.build import Progress
    from kg.evaluate import Bin, Evaluation, Score
    from kg.explain import Candidate, Explained, Explanation
    from kg.ontology import Ontology
    from kg.options import Form
    from kg.query import Answer, NamedQuery
    from kg.validate import ValidationReport

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_STAGES = {"read": "读入 read", "extract": "抽取 extract", "llm": "提问 ask", "resolve": "归并 resolve", "export": "写出 export"}
_WIDTH = 120  # columns where no terminal says how many


def console() -> Console:
    """Return the console of standard output; where that is no terminal, lines are 120 columns wide (or ``COLUMNS``)."""
    wide = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS") or _WIDTH)
    return Console(width=wide, markup=False, emoji=False, highlight=False)


def plain(value: object) -> Text:
    r"""Return ``value`` as text in which nothing is markup and no control character is left.

    >>> plain("a\x1b[31m[red]b").plain
    'a␛[31m[red]b'
    """
    return Text(_CONTROLS.sub(_visible, str(value)))


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    return chr(0x2400 + code) if code < 0x20 else "�"


def say(text: object = "") -> None:
    """Print one line to standard output."""
    console().print(plain(text), soft_wrap=True)


def warn(text: object) -> None:
    """Print one line to standard error."""
    Console(stderr=True, markup=False, emoji=False, highlight=False).print(plain(text), soft_wrap=True)


def table(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[int] = (), title: str | None = None
) -> None:
    """Print a table; the columns ``right`` (by index) hold numbers."""
    numbers = set(right)
    grid = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False, show_edge=False)
    for i, name in enumerate(header):
        grid.add_column(name, justify="right" if i in numbers else "left", no_wrap=i in numbers, overflow="fold")
    for row in rows:
        grid.add_row(*(plain("" if cell is None else cell) for cell in row))
    out = console()
    out.print(grid)
    out.print()


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Yield a progress callback that draws a bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            name, _, note = stage.partition(" ")  # what follows the name of a stage is a note, such as tokens spent
            if name not in tasks:
                tasks[name] = bars.add_task("", total=total)
            bars.update(tasks[name], description=f"{_STAGES.get(name, name)} {note}".rstrip(), completed=done, total=total)

        yield show


def label(ontology: Ontology, name: str) -> str:
    """Return the Chinese label of a class or predicate before its name, where the ontology has one."""
    term = ontology.classes.get(name) or ontology.predicates.get(name)
    return f"{term.label_zh} {name}" if term and term.label_zh else name


def show_questions(questions: Iterable[NamedQuery]) -> None:
    """Print the questions of the pack with what can be set in each."""
    rows = [(q.name, q.title_zh, q.title_en, "、".join(f"--set {name}" for name, _ in q.parameters)) for q in questions]
    table(("问题 question", "", "", "参数 parameters"), rows)


def show_answer(answer: Answer, form: Form, *, iris: bool) -> None:
    """Print the answer of a query as a table, CSV, JSON or Turtle.

    Raises:
        QueryError: The answer has no such form.
    """
    from kg.answer import cells, to_csv, to_json, to_turtle

    if form == "table":
        table(*cells(answer, iris=iris))
    elif form == "csv":
        sys.stdout.write(to_csv(answer, iris=iris))
    else:
        sys.stdout.write(to_json(answer) if form == "json" else to_turtle(answer))
    for value in answer.unknown:
        warn(f"图中没有 not in the graph: {value}")


def show_counts(counts: Mapping[str, Any], ontology: Ontology) -> None:
    """Print how many entities by type and facts by predicate there are."""
    types = [(label(ontology, name), number) for name, number in counts["by_type"].items()]
    roles = [(label(ontology, name), number) for name, number in counts.get("by_role", {}).items()]
    table(("实体 entities", f"{counts['entities']}"), types + roles, right=[1])
    predicates = [(label(ontology, name), number) for name, number in counts["by_predicate"].items()]
    table(("关系 facts", f"{counts['facts']}"), predicates, right=[1])


def show_coverage(report: Mapping[str, Any], *, uncovered: bool, dropped: bool, limit: int) -> None:
    """Print what extraction left out: numbers, and on request the sentences and spans."""
    coverage = report["coverage"]
    say(f"有触发词而无事实的句子 sentences with a trigger but no fact: {coverage['uncovered']}")
    say(f"舍弃的片段 spans dropped: {coverage['dropped']}")
    for reason, number in coverage["dropped_by_reason"].items():
        say(f"  {number:>5}  {reason}")
    if coverage.get("refused"):
        say(f"未采信的模型回答 answers of a model that were refused: {coverage['refused']}")
        for reason, number in coverage["refused_by_reason"].items():
            say(f"  {number:>5}  {reason}")
    say()
    if uncovered:
        rows = [(item["document"], item["span"][0], item["text"]) for item in coverage["uncovered_sentences"][:limit]]
        table(("文档 document", "位置 at", "句子 sentence"), rows, right=[1])
    if dropped:
        spans = sorted(coverage["dropped_spans"], key=lambda item: -item["confidence"])[:limit]
        rows_ = [(i["document"], i["span"][0], i["text"], i["type"], f"{i['confidence']:.2f}", i["reason"]) for i in spans]
        table(("文档 document", "位置 at", "文字 text", "类型 type", "置信度", "原因 reason"), rows_, right=[1, 4])
        answers = coverage.get("refused_answers", ())[:limit]
        if answers:
            listed = [(i["document"], i["span"][0], i["answer"], i["reason"]) for i in answers]
            table(("文档 document", "位置 at", "回答 answer", "原因 reason"), listed, right=[1])


def show_evaluation(evaluation: Evaluation, ontology: Ontology, *, errors: bool) -> None:
    """Print figures, calibration and, on request, every difference with its sentence."""
    rows = [
        _score_row("实体 entities", evaluation.entity),
        _score_row("关系 relations", evaluation.relation),
        _score_row("明示关系 explicit", evaluation.explicit),
        _score_row("提及 mentions", evaluation.mention),
    ]
    head = ("", "P", "R", "F1", "对 right", "预测 predicted", "标准 gold")
    table(head, rows, right=range(1, 7))
    by = [*evaluation.by_type.items(), *evaluation.by_predicate.items()]
    table(head, [_score_row(label(ontology, name), score) for name, score in by], right=range(1, 7))
    say(f"子类准确率 subtype accuracy {evaluation.subtype_accuracy:.4f}   有据 grounded {evaluation.grounded:.4f}")
    say()
    _show_reliability("实体置信度 entity confidence", evaluation.entity_calibration)
    _show_reliability("关系置信度 relation confidence", evaluation.relation_calibration)
    if evaluation.missing:
        say(f"没有预测 no prediction: {', '.join(evaluation.missing)}")
    if errors:
        kinds = {"missed": "漏 missed", "spurious": "多 spurious"}
        listed = [(d.document, kinds[d.kind], d.label, d.text, d.sentence) for d in evaluation.differences]
        table(("文档 document", "", "类别 type", "内容 what", "句子 sentence"), listed)


def _score_row(name: str, score: Score) -> tuple[object, ...]:
    shares = (f"{score.precision:.3f}", f"{score.recall:.3f}", f"{score.f1:.3f}")
    return (name, *shares, score.right, score.predicted, score.gold)


def _show_reliability(title: str, bins: Sequence[Bin]) -> None:
    from kg.evaluate import calibration_error

    rows = [(f"{b.low:.1f}–{b.high:.1f}", b.count, f"{b.confidence:.3f}", f"{b.accuracy:.3f}") for b in bins]
    head = ("区间 bin", "个数 count", "置信度 confidence", "正确率 accuracy")
    table(head, rows, right=range(1, 4), title=f"{title}  (ECE {calibration_error(bins):.3f})")


def show_violations(report: ValidationReport) -> None:
    """Print every violation of the shapes with the sentence behind it."""
    for violation in report.results:
        what = f" {violation.predicate_name}" if violation.predicate_name else ""
        value = violation.value_name or violation.value
        say(f"✗ {violation.entity_name or violation.entity}{what}{f' {value}' if value else ''}")
        say(f"  {violation.message_zh or violation.message_en}")
        if violation.message_zh and violation.message_en:
            say(f"  {violation.message_en}")
        if violation.sentence:
            say(f"  “{' '.join(violation.sentence.split())}” — {violation.document}")


def show_explanation(explanation: Explanation, ontology: Ontology) -> None:
    """Print a thing with its names, facts and sentences, or the things that may have been meant."""
    if explanation.found:
        _show_thing(explanation.found, ontology)
        return
    found = bool(explanation.candidates)
    answer = "有多个 is the name of several things:" if found else "没有找到 was not found; 近似的 near it:"
    say(f"“{explanation.query}” {answer}")
    rows = [_candidate_row(c, ontology) for c in explanation.candidates or explanation.suggestions]
    table(("名称 name", "类型 type", "所属 owner", "缘由 why", "id"), rows)


def _candidate_row(candidate: Candidate, ontology: Ontology) -> tuple[object, ...]:
    return (candidate.name, label(ontology, candidate.subtype or candidate.type), candidate.owner, candidate.why, candidate.id)


def _show_thing(found: Explained, ontology: Ontology) -> None:
    thing = found.thing
    kinds = [label(ontology, name) for name in (thing.type, *([thing.subtype] if thing.subtype else []), *found.roles)]
    say(f"{thing.name}   {' · '.join(kinds)}")
    say(f"id {thing.id}")
    facts = {
        "所属 owner": thing.owner,
        "别名 aliases": "、".join(found.aliases),
        "名录 registry": found.registry,
        "属性 attributes": "、".join(f"{key}={value}" for key, value in found.attributes),
        "出现 mentions": "、".join(f"{document} ×{number}" for document, number in found.mentions),
    }
    for name, value in facts.items():
        if value:
            say(f"{name}: {value}")
    for reason in found.reasons:
        say(f"归并 merged: {reason.name} — {reason.reason}{f' ({reason.document})' if reason.document else ''}")
    say()
    arrows = {"out": "→", "in": "←", "both": "↔"}
    for fact in found.facts:
        say(f"{arrows[fact.direction]} {label(ontology, fact.predicate)} {fact.other.name}")
        for s in fact.statements:
            marks = [f"{s.confidence:.2f}", *(["隐含 implied"] if s.implied else []), *([s.date] if s.date else [])]
            say(f"    “{' '.join(s.quote.split())}”")
            page = f" 第{s.page}页 p. {s.page}" if s.page else ""
            say(f"    {s.document}{page} {s.start}–{s.end} · {' · '.join(marks)}")
