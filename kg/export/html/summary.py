"""``report.html``: what a build found, on one page without a script.

Figures, busiest bodies, programmes and slogans, owners against programmes, time, partners, coverage and validation.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from kg.export.html.figure import draw_svg
from kg.export.html.page import asset, style_policy
from kg.graph import Edge, Graph, entities, facts

if TYPE_CHECKING:
    from kg.ontology import Ontology

PARTNERSHIPS = ("pairsWith", "collaboratesWith", "coBuilds")
_TOP = 12
_FIGURE = 80

Row = Sequence[str | int]


def render_report(
    graph: Graph, ontology: Ontology, report: Mapping[str, Any], *, conforms: bool | None = None, violations: Sequence[str] = ()
) -> str:
    """Return the page; ``report`` is what ``report.json`` holds.

    ``conforms`` and ``violations`` (one line each) are the result of validation; ``None`` says that none was made.
    """
    counts, coverage = report["counts"], report["coverage"]
    cards = [
        ("文档", report["documents"]["built"]),
        ("实体", counts["entities"]),
        ("事实", counts["facts"]),
        ("出现处", counts["mentions"]),
        ("依据", counts["evidence"]),
        ("推定", counts["implied"]),
        ("未覆盖句", coverage["uncovered"]),
    ]
    body = [
        '<div class="cards">' + "".join(f"<div><b>{value}</b>{name}</div>" for name, value in cards) + "</div>",
        '<div class="columns">',
        _section("实体类型", _bars((ontology.classes[n].label_zh if n in ontology.classes else n, c) for n, c in _kinds(graph))),
        _section("关系", _bars((ontology.predicates[n].label_zh, c) for n, c in _most(Counter(counts["by_predicate"]), 20))),
        "</div>",
        '<div class="columns">',
        _section("最活跃的机构", _bars(_degree(graph, "Organization"))),
        _section("项目行动 · 参与单位数", _bars(_objects(graph, "implements"))),
        _section("口号 · 秉持者数", _bars(_objects(graph, "upholds"))),
        "</div>",
        _section("归属单位 × 项目行动（实施的机构数）", _matrix(graph)),
        _section("陈述的时间", _timeline(graph)),
        _section("伙伴关系", _partners(graph, ontology)),
        _section("覆盖", _coverage(coverage)),
        _section("校验", _validation(conforms, violations)),
        _section("文档", _documents(report)),
    ]
    style = asset("report.css")
    title = f"构建报告 · {report['documents']['built']} 篇文档"
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{style_policy(style)}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n<style>{style}</style>\n'
        f'</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p class="soft">kg {escape(str(report["version"]))}</p>\n'
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>" if content else ""


def _most(counter: Counter[str], limit: int = _TOP) -> list[tuple[str, int]]:
    """Return the most frequent, those of equal count by name: ``most_common`` keeps the order in which they came."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:limit]


def _bars(rows: Iterable[tuple[str, int]]) -> str:
    found = list(rows)
    if not found:
        return '<p class="soft">无</p>'
    highest = max(value for _, value in found)
    cells = (
        f'<tr><td>{escape(name)}</td><td class="n">{value}</td>'
        f'<td><meter min="0" max="{highest}" value="{value}" aria-label="{escape(name)}"></meter></td></tr>'
        for name, value in found
    )
    return f"<table>{''.join(cells)}</table>"


def _table(heads: Row, rows: Iterable[Row]) -> str:
    def cell(tag: str, value: str | int) -> str:
        return f'<{tag}{" class=n" if isinstance(value, int) else ""}>{escape(str(value))}</{tag}>'

    head = "".join(cell("th", name) for name in heads)
    body = "".join("<tr>" + "".join(cell("td", value) for value in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _kinds(graph: Graph) -> list[tuple[str, int]]:
    return _most(Counter(r["subtype"] or r["type"] for _, r in entities(graph)), 20)


def _degree(graph: Graph, type_: str) -> list[tuple[str, int]]:
    names = {id_: r["label"] for id_, r in entities(graph) if r["type"] == type_}
    ranked = sorted(names, key=lambda id_: (-graph.degree(id_), names[id_], id_))[:_TOP]
    return [(names[id_], graph.degree(id_)) for id_ in ranked if graph.degree(id_)]


def _objects(graph: Graph, predicate: str) -> list[tuple[str, int]]:
    found = Counter(e.object for e in facts(graph) if e.record["predicate"] == predicate)
    return [(graph.nodes[id_]["label"], count) for id_, count in _most(found)]


def owner_of(graph: Graph, id_: str) -> str:
    """Return the outermost owner that the facts state for a body; the body itself where they state none."""
    seen = {id_}
    while True:
        above = sorted(o for _, o, r in graph.out_edges(id_, data=True) if r["predicate"] == "partOf" and o not in seen)
        scope = graph.nodes[id_]["scope"]
        if scope and scope in graph and scope not in seen:
            above.insert(0, scope)
        if not above:
            return id_
        id_ = above[0]
        seen.add(id_)


def _matrix(graph: Graph) -> str:
    cells: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for edge in facts(graph):
        if edge.record["predicate"] == "implements":
            cells[owner_of(graph, edge.subject)][edge.object].add(edge.subject)
    columns = [id_ for id_, _ in _most(Counter(o for row in cells.values() for o, who in row.items() for _ in who))]
    if not columns:
        return ""
    # Owners by what they do in these columns: another's many programmes of its own would make an empty row.
    sums = {owner: sum(len(row[c]) for c in columns if c in row) for owner, row in cells.items()}
    rows = sorted((owner for owner in sums if sums[owner]), key=lambda o: (-sums[o], o))[: 2 * _TOP]
    most = max(len(cells[row][c]) for row in rows for c in columns if c in cells[row])
    head = "".join(f"<th>{escape(graph.nodes[c]['label'])}</th>" for c in columns)
    body = ""
    for row in rows:
        body += f"<tr><th>{escape(graph.nodes[row]['label'])}</th>"
        body += "".join(_cell(len(cells[row][c]) if c in cells[row] else 0, most) for c in columns) + "</tr>"
    return f'<table class="matrix"><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cell(value: int, most: int) -> str:
    """Return a cell of the matrix, the darker the more; shades are classes, for the page's policy allows no style of its own."""
    return f'<td class="d{math.ceil(4 * value / most)}">{value}</td>' if value else "<td></td>"


def _timeline(graph: Graph) -> str:
    """Return the statements of each month as columns, with the months between that have none; few months as bars."""
    found = _dates(graph)
    dated = {month: count for month, count in found if len(month) == 7 and month[:4].isdigit()}
    if len(dated) < 4:
        return _bars(found)
    first, last = min(dated), max(dated)
    span = range(int(first[:4]) * 12 + int(first[5:]) - 1, int(last[:4]) * 12 + int(last[5:]))
    months = [f"{n // 12:04}-{n % 12 + 1:02}" for n in span]
    step, high, most = 1040 / len(months), 130, max(dated.values())
    out = [f'<svg class="time" viewBox="0 0 1060 {high + 34}" role="img" aria-label="陈述的时间">']
    for i, month in enumerate(months):
        tall = dated.get(month, 0) / most * high
        title = f"<title>{month}：{dated.get(month, 0)}</title>"
        x, wide = 10 + i * step, max(0.6, step * 0.8)
        out.append(f'<g>{title}<rect x="{x:.1f}" y="{high + 8 - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}"/></g>')
        if month.endswith("-01") or i == 0:
            out.append(f'<text x="{x:.1f}" y="{high + 26}">{month[:4]}</text>')
    rest = "；".join(f"{name} {count}" for name, count in found if name not in dated)
    return "".join(out) + f'<text x="10" y="12">{most}</text></svg>' + (f'<p class="soft">{escape(rest)}</p>' if rest else "")


def _dates(graph: Graph) -> list[tuple[str, int]]:
    """Return how many statements the documents of each month make; without a date last."""
    dates = {id_: (d["date"] or "")[:7] for id_, d in graph.graph["documents"].items()}
    found = Counter(dates[e["document"]] for edge in facts(graph) for e in edge.record["evidence"])
    return [(month or "无日期", found[month]) for month in sorted(found, key=lambda m: (not m, m))]


def _partners(graph: Graph, ontology: Ontology) -> str:
    edges = [e for e in facts(graph) if e.record["predicate"] in PARTNERSHIPS]
    if not edges:
        return ""
    rows = [
        (graph.nodes[e.subject]["label"], ontology.predicates[e.record["predicate"]].label_zh, graph.nodes[e.object]["label"],
         len(e.record["evidence"]))
        for e in edges
    ]  # fmt: skip
    drawn, note = _busiest(edges), ""
    keys: list[Any] = [(e.subject, e.object, e.id) for e in drawn]
    part = graph.edge_subgraph(keys)
    if len(drawn) < len(edges):
        note = f'<p class="soft">图中是伙伴最多的 {len(part)} 个单位之间的 {len(drawn)} 条，共 {len(edges)} 条。</p>'
    picture = draw_svg(part, ontology, names=len(part) <= _FIGURE // 2).split("\n", 1)[1] if drawn else ""
    listed = _table(("主体", "关系", "客体", "依据数"), sorted(rows)[: 10 * _TOP])
    return note + (f'<div class="figure">{picture}</div>' if picture else "") + listed


def _busiest(edges: list[Edge]) -> list[Edge]:
    """Return the partnerships between the bodies with the most of them, as many as a figure shows."""
    partners: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        partners[edge.subject].add(edge.object)
        partners[edge.object].add(edge.subject)
    ranked = sorted(partners, key=lambda id_: (-len(partners[id_]), id_))[:_FIGURE]
    return [e for e in edges if {e.subject, e.object} <= set(ranked)]


def _coverage(coverage: Mapping[str, Any]) -> str:
    out = f"<p>含触发词而未得出事实的句子 {coverage['uncovered']} 句；舍弃的候选 {coverage['dropped']} 个。</p>"
    if coverage["dropped_by_reason"]:
        reasons: list[Row] = sorted(coverage["dropped_by_reason"].items())
        out += _table(("舍弃原因", "数量"), reasons)
    rows: list[Row] = [(s["document"], s["text"] or "") for s in coverage["uncovered_sentences"][: 2 * _TOP]]
    return out + (_table(("文档", "未覆盖的句子"), rows) if rows else "")


def _validation(conforms: bool | None, violations: Sequence[str]) -> str:
    if conforms is None:
        return '<p class="soft">未校验；kg validate 可校验。</p>'
    found: list[Row] = [(v,) for v in violations[:200]]
    verdict = "符合约束。" if conforms else f"不符合约束：{len(violations)} 处。"
    return f"<p>{verdict}</p>" + (_table(("问题",), found) if violations else "")


def _documents(report: Mapping[str, Any]) -> str:
    rows: list[Row] = [
        (d["title"] or d["id"], d["date"] or "", d["publisher"] or "", d["characters"], d["entities"], d["relations"])
        for d in report["documents"]["list"][:500]
    ]
    out = _table(("标题", "日期", "发布人", "字数", "实体", "关系"), rows)
    problems: list[Row] = [(p["path"], p["message"]) for p in report["problems"]]
    return out + (_table(("未能读取", "原因"), problems) if problems else "")
