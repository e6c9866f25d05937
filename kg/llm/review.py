"""The page on which a person accepts what a model annotated: the text with its names, each name and fact with a box to untick.

It is one file; its one script saves the decisions as a file and is named by its hash in the policy, which allows nothing else.
Everything that comes from documents is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from kg.model import AnnotatedEntity, Annotation, Document
from kg.ontology import Ontology, types

_HUES = (212, 150, 28, 275, 340, 48, 190, 95, 310, 10, 240, 120)
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.9 "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; background: Canvas; color: CanvasText; }
header { position: sticky; top: 0; background: Canvas; padding: .5rem 0; border-bottom: 1px solid; z-index: 1; }
table { border-collapse: collapse; margin: 1rem 0; line-height: 1.4; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, CanvasText 15%, transparent); }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
.text span { background: hsl(var(--h) 80% 60% / .25); border-bottom: .15em solid hsl(var(--h) 75% 45%); }
tr:has(input:not(:checked)) { opacity: .55; text-decoration: line-through; }
button, input { font: inherit; }
"""
_SCRIPT = """
const save = document.getElementById('save');
const articles = () => [...document.querySelectorAll('article')];
const chosen = () => articles().filter(a => a.querySelector('.accept').checked);
const show = () => { document.getElementById('count').textContent = chosen().length; save.disabled = !chosen().length; };
document.addEventListener('change', show);
document.getElementById('all').addEventListener('click', () => {
  for (const a of articles()) a.querySelector('.accept').checked = true;
  show();
});
save.addEventListener('click', () => {
  const accepted = {};
  for (const a of chosen()) {
    const off = kind => [...a.querySelectorAll('input.' + kind)].filter(i => !i.checked).map(i => i.value);
    accepted[a.dataset.document] = { without_entities: off('entity'), without_relations: off('relation').map(Number) };
  }
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify({ accepted }, null, 1)], { type: 'application/json' }));
  link.download = 'accepted.json';
  link.click();
  URL.revokeObjectURL(link.href);
});
show();
"""


def render_review(pairs: Sequence[tuple[Document, Annotation]], *, ontology: Ontology) -> str:
    """Return the page as HTML text. No document is accepted at first, and every item of one is ticked."""
    hues = {name: _HUES[i % len(_HUES)] for i, name in enumerate(types(ontology))}
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    parts = [
        '<!doctype html>\n<html lang="zh"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width"><title>审核标注 Review</title>',
        f"<style>{_STYLE}</style></head><body><h1>审核模型的标注 <small>Review what a model annotated</small></h1>",
        "<p>读每篇文档；去掉不对的名称与事实，再勾选“采纳本篇”。之后 then: kg distil -o OUT --accept accepted.json。 "
        "Read each document, untick what is wrong, accept the document, and save.</p>",
        '<header><button id="all" type="button">全部采纳 accept all</button> '
        '<button id="save" type="button">保存 save (<span id="count">0</span>)</button></header><main>',
    ]
    parts += [_article(document, annotation, ontology, hues) for document, annotation in pairs]
    return "\n".join(parts) + f"</main><script>{_SCRIPT}</script></body></html>\n"


def _article(document: Document, annotation: Annotation, ontology: Ontology, hues: dict[str, int]) -> str:
    names = {e.id: e.name for e in annotation.entities}
    entities = "".join(
        f'<tr><td><input type="checkbox" checked class="entity" value="{escape(e.id)}" aria-label="{escape(e.name)}"></td>'
        f"<td>{_shown(e.name)}</td><td>{escape(_label(ontology, e.subtype or e.type))}</td>"
        f'<td>{_shown("、".join(e.aliases))}</td><td class="n">{len(e.mentions)}</td><td class="n">{e.confidence:.2f}</td></tr>'
        for e in annotation.entities
    )
    relations = "".join(
        f'<tr><td><input type="checkbox" checked class="relation" value="{i}"'
        f' aria-label="{escape(f"{names[r.subject]} {r.predicate} {names[r.object]}")}"></td><td>{_shown(names[r.subject])}</td>'
        f"<td>{escape(_label(ontology, r.predicate))}</td><td>{_shown(names[r.object])}</td>"
        f'<td>{_shown(document.text[r.evidence.start : r.evidence.end])}</td><td class="n">{r.confidence:.2f}</td></tr>'
        for i, r in enumerate(annotation.relations)
    )
    return (
        f'<article data-document="{escape(document.id)}"><h2>{_shown(document.id)}</h2>'
        '<p><label><input type="checkbox" class="accept"> 采纳本篇 accept this document</label></p>'
        f'<div class="text">{_marked(document.text, annotation.entities, hues)}</div>'
        "<table><tr><th></th><th>名称 name</th><th>类型 type</th><th>别名 aliases</th><th>次数</th><th>置信度</th></tr>"
        f"{entities}</table><table><tr><th></th><th>主语 subject</th><th>关系 predicate</th><th>宾语 object</th>"
        f"<th>句子 sentence</th><th>置信度</th></tr>{relations}</table></article>"
    )


def _label(ontology: Ontology, name: str) -> str:
    term = ontology.classes.get(name) or ontology.predicates.get(name)
    return f"{term.label_zh} {name}" if term and term.label_zh else name


def _shown(text: str) -> str:
    visible = re.sub(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", "�", text.replace("\r\n", "\n"))
    return escape(visible)


def _marked(text: str, entities: Sequence[AnnotatedEntity], hues: dict[str, int]) -> str:
    """Return the text with a ``span`` for each stretch that the same names cover; the tooltip says which."""
    marks = sorted((m.start, m.end, e.type, e.name) for e in entities for m in e.mentions)
    edges = sorted({0, len(text), *(p for m in marks for p in m[:2])})
    parts = []
    begun = 0
    over: list[tuple[int, int, str, str]] = []
    for start, end in pairwise(edges):
        over = [m for m in over if m[1] > start]
        while begun < len(marks) and marks[begun][0] <= start:
            over.append(marks[begun])
            begun += 1
        words = _shown(text[start:end])
        if over:
            title = escape("; ".join(f"{type_}: {name}" for _, _, type_, name in over))
            words = f'<span style="--h:{hues.get(over[0][2], 0)}" title="{title}">{words}</span>'
        parts.append(words)
    return "".join(parts)
