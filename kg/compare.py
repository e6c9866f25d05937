"""A page on which a person sees gold and prediction in the text: figures, the marked documents, and what differs.

The page is one file without scripts; everything that comes from documents is escaped, and its policy forbids anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from kg.evaluate import Bin, Case, Difference, Evaluation, Score, calibration_error
from kg.model import Annotation

if TYPE_CHECKING:
    from kg.ontology import Ontology

_HUES = (212, 150, 28, 275, 340, 48, 190, 95, 310, 10, 240, 120)
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.9 "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; background: Canvas; color: CanvasText; }
table { border-collapse: collapse; margin: 1rem 0; line-height: 1.4; }
th, td { text-align: left; padding: .25rem .8rem; border-bottom: 1px solid color-mix(in srgb, CanvasText 15%, transparent);
  vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
.text span, .key span { padding: .1em 0; border-bottom: .18em solid transparent; }
.p { background: hsl(var(--h) 80% 60% / .25); }
.text span.g, .key span.g { border-bottom-color: hsl(var(--h) 75% 45%); }
.spurious { outline: 2px dashed #d33; outline-offset: -1px; }
.missed { background: repeating-linear-gradient(135deg, transparent 0 4px, rgb(221 51 51 / .3) 4px 6px); }
.key span { margin-right: .8rem; padding: .1em .4em; }
"""


def render_comparison(cases: Sequence[Case], evaluation: Evaluation, *, ontology: Ontology) -> str:
    """Return the page as HTML text.

    A mention in gold is underlined, a predicted one has a background; what only one of them has is hatched (missed) or framed
    (spurious), and the tooltip says which names are meant.
    """
    from kg.ontology import types

    hues = {name: _HUES[i % len(_HUES)] for i, name in enumerate(types(ontology))}
    key = "".join(f'<span class="g p" style="--h:{hue}">{escape(_label(ontology, name))}</span>' for name, hue in hues.items())
    parts = [
        '<!doctype html>\n<html lang="zh"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width"><title>标注对照 Gold and prediction</title>',
        f"<style>{_STYLE}</style></head><body><h1>标注对照 <small>Gold and prediction</small></h1>",
        f'<p class="key">{key}</p><p class="key"><span class="g" style="--h:212">标准 gold</span>'
        '<span class="p" style="--h:212">预测 predicted</span><span class="g missed" style="--h:212">漏标 missed</span>'
        '<span class="p spurious" style="--h:212">多标 spurious</span></p>',
        _figures(evaluation, ontology),
    ]
    for case in cases:
        differences = [d for d in evaluation.differences if d.document == case.document.id]
        parts.append(f"<h2>{escape(case.document.id)}</h2>")
        parts.append(f'<div class="text">{_marked(case, hues)}</div>' + _difference_table(differences))
    return "\n".join(parts) + "</body></html>\n"


def _label(ontology: Ontology, name: str) -> str:
    term = ontology.classes.get(name) or ontology.predicates.get(name)
    return f"{term.label_zh} {name}" if term and term.label_zh else name


def _figures(evaluation: Evaluation, ontology: Ontology) -> str:
    rows = [
        _score_row("实体 entities", evaluation.entity),
        _score_row("关系 relations", evaluation.relation),
        _score_row("明示关系 explicit relations", evaluation.explicit),
        _score_row("提及 mentions", evaluation.mention),
        *(_score_row(_label(ontology, name), score) for name, score in evaluation.by_type.items()),
        *(_score_row(_label(ontology, name), score) for name, score in evaluation.by_predicate.items()),
    ]
    head = "<tr><th></th><th>P</th><th>R</th><th>F1</th><th>对 right</th><th>预测 predicted</th><th>标准 gold</th></tr>"
    return (
        f"<table>{head}{''.join(rows)}</table><p>子类准确率 subtype accuracy {evaluation.subtype_accuracy:.3f} · "
        f"有据 grounded {evaluation.grounded:.3f}</p>"
        + _reliability("实体置信度 entity confidence", evaluation.entity_calibration)
        + _reliability("关系置信度 relation confidence", evaluation.relation_calibration)
    )


def _score_row(name: str, score: Score) -> str:
    cells = [f"{score.precision:.3f}", f"{score.recall:.3f}", f"{score.f1:.3f}", score.right, score.predicted, score.gold]
    return f"<tr><td>{escape(name)}</td>" + "".join(f'<td class="n">{cell}</td>' for cell in cells) + "</tr>"


def _reliability(name: str, table: Sequence[Bin]) -> str:
    rows = "".join(
        f'<tr><td>{b.low:.1f}–{b.high:.1f}</td><td class="n">{b.count}</td><td class="n">{b.confidence:.3f}</td>'
        f'<td class="n">{b.accuracy:.3f}</td></tr>'
        for b in table
    )
    head = "<tr><th></th><th>个数 count</th><th>平均置信度 confidence</th><th>正确率 accuracy</th></tr>"
    return f"<details><summary>{escape(name)}: ECE {calibration_error(table):.3f}</summary><table>{head}{rows}</table></details>"


def _marked(case: Case, hues: Mapping[str, int]) -> str:
    """Return the text with a ``span`` for each stretch that the same mentions cover."""
    text = case.document.text
    gold = _mentions(case.gold, len(text))
    predicted = _mentions(case.predicted, len(text)) if case.predicted else []
    agreed = {(start, end, type_) for start, end, type_, _ in gold} & {(s, e, type_) for s, e, type_, _ in predicted}
    edges = sorted({0, len(text), *(p for m in gold + predicted for p in m[:2])})
    parts = []
    for start, end in pairwise(edges):
        over_gold = [m for m in gold if m[0] <= start and end <= m[1]]
        over_predicted = [m for m in predicted if m[0] <= start and end <= m[1]]
        parts.append(_stretch(text[start:end], over_gold, over_predicted, agreed, hues))
    return "".join(parts)


_Marked = tuple[int, int, str, str]


def _mentions(annotation: Annotation, size: int) -> list[_Marked]:
    return [(m.start, m.end, e.type, e.name) for e in annotation.entities for m in e.mentions if 0 <= m.start < m.end <= size]


def _stretch(
    text: str, gold: list[_Marked], predicted: list[_Marked], agreed: set[tuple[int, int, str]], hues: Mapping[str, int]
) -> str:
    shown = escape(re.sub(r"[\x00-\x08\x0b-\x1f]", lambda m: chr(0x2400 + ord(m.group())), text.replace("\r\n", "\n")))
    if not gold and not predicted:
        return shown
    classes = ["g"] * bool(gold) + ["p"] * bool(predicted)
    classes += ["missed"] * any(m[:3] not in agreed for m in gold) + ["spurious"] * any(m[:3] not in agreed for m in predicted)
    title = "; ".join([*_names("标准", gold), *_names("预测", predicted)])
    hue = hues.get((gold or predicted)[0][2], 0)
    return f'<span class="{" ".join(classes)}" style="--h:{hue}" title="{escape(title)}">{shown}</span>'


def _names(side: str, mentions: Iterable[_Marked]) -> Iterable[str]:
    return (f"{side} {type_}: {name}" for _, _, type_, name in mentions)


def _difference_table(differences: Sequence[Difference]) -> str:
    if not differences:
        return "<p>没有差异。No differences.</p>"
    kinds = {"missed": "漏 missed", "spurious": "多 spurious"}
    rows = "".join(
        f"<tr><td>{kinds[d.kind]}</td><td>{escape(d.label)}</td><td>{escape(d.text)}</td><td>{escape(d.sentence)}</td>"
        f'<td class="n">{d.confidence:.2f}</td></tr>'
        for d in differences
    )
    head = "<tr><th></th><th>类别 type</th><th>内容 what</th><th>句子 sentence</th><th>置信度</th></tr>"
    return f"<table>{head}{rows}</table>"
