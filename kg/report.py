"""The report of a build as plain JSON values: what was read, what was found, what was left out and why.

It holds no times and no machine's name, so that the same input gives the same bytes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kg import __version__
from kg import graph as kgraph
from kg.errors import InputError
from kg.graph import Graph
from kg.model import Annotation, Document, Span
from kg.read import Problem

REPORT = "report.json"


def make_report(
    documents: Sequence[Document],
    annotations: Mapping[str, Annotation],
    graph: Graph,
    *,
    problems: Iterable[Problem] = (),
    corrected: Iterable[str] = (),
    cached: int = 0,
    formats: Iterable[str] = (),
) -> dict[str, Any]:
    """Return what ``report.json`` holds.

    ``annotations`` and ``corrected`` are keyed by document id; the latter are those that a person's annotation stood in for,
    ``cached`` is how many were annotated by an earlier build.
    ``formats`` are those that the build writes. Spans are ``[start, end]`` in code points of the document's text.
    """
    given = set(corrected)
    return {
        "version": __version__,
        "formats": list(formats),
        "documents": {
            "built": len(documents),
            "extracted": len(documents) - len(given) - cached,
            "cached": cached,
            "corrected": len(given),
            "failed": len(list(problems)),
            "list": [_document(d, annotations[d.id], given) for d in sorted(documents, key=lambda d: d.id)],
        },
        "problems": [{"path": p.path, "message": p.message} for p in sorted(problems, key=lambda p: (p.path, p.message))],
        "counts": counts(graph),
        "coverage": _coverage(documents, annotations),
    }


def read_report(out_dir: Path) -> dict[str, Any]:
    """Return the report that a build wrote into ``out_dir``.

    Raises:
        InputError: There is no report, or it cannot be read.
    """
    path = out_dir / REPORT
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; `kg build` writes it") from error
    except ValueError as error:
        raise InputError(f"{path}: not a report as `kg build` writes it: {error}") from error
    if not isinstance(report, dict) or not {"documents", "problems", "counts", "coverage"} <= report.keys():
        raise InputError(f"{path}: not a report as `kg build` writes it")
    return report


def counts(graph: Graph) -> dict[str, Any]:
    """Return how many entities by type and subtype, facts by predicate, mentions and statements there are."""
    if stream := kgraph.streamed(graph):
        return stream.counts()
    by_type: Counter[str] = Counter()
    by_subtype: Counter[str] = Counter()
    by_role: Counter[str] = Counter()
    by_predicate: Counter[str] = Counter()
    mentions = evidence = implied = 0
    for _, record in kgraph.entities(graph):
        by_type[record["type"]] += 1
        by_subtype.update([f"{record['type']}/{record['subtype']}"] if record["subtype"] else [])
        by_role.update(record["roles"])
        mentions += len(record["mentions"])
    for edge in kgraph.facts(graph):
        by_predicate[edge.record["predicate"]] += 1
        evidence += len(edge.record["evidence"])
        implied += edge.record["implied"]
    return {
        "entities": by_type.total(),
        "facts": by_predicate.total(),
        "mentions": mentions,
        "evidence": evidence,
        "implied": implied,
        "by_type": _sorted(by_type),
        "by_subtype": _sorted(by_subtype),
        "by_role": _sorted(by_role),
        "by_predicate": _sorted(by_predicate),
    }


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items()))


def _document(document: Document, annotation: Annotation, corrected: set[str]) -> dict[str, Any]:
    return {
        "id": document.id,
        "path": document.path,
        "sha256": document.sha256,
        "encoding": document.encoding,
        "title": document.given_title or _text(document, document.title),
        "date": document.date,
        "publisher": _text(document, document.publisher),
        "characters": len(document.text),
        "entities": len(annotation.entities),
        "relations": len(annotation.relations),
        "annotation": "corrected" if document.id in corrected else annotation.extractor,
    }


def _text(document: Document, span: Span | None) -> str | None:
    return " ".join(document.text[span.start : span.end].split()) if span else None


def _coverage(documents: Sequence[Document], annotations: Mapping[str, Annotation]) -> dict[str, Any]:
    uncovered = []
    dropped = []
    refused = []
    for document in sorted(documents, key=lambda d: d.id):
        annotation = annotations[document.id]
        for span in annotation.uncovered:
            uncovered.append({"document": document.id, "span": [span.start, span.end], "text": _text(document, span)})
        for item in annotation.dropped:
            place = {"document": document.id, "span": [item.span.start, item.span.end], "text": _text(document, item.span)}
            dropped.append({**place, "type": item.type, "reason": item.reason, "confidence": item.confidence})
        for answer in annotation.refused:
            place = {"document": document.id, "span": [answer.span.start, answer.span.end]}
            refused.append({**place, "answer": answer.answer, "reason": answer.reason})
    return {
        "uncovered": len(uncovered),
        "dropped": len(dropped),
        "dropped_by_reason": _sorted(Counter(str(item["reason"]) for item in dropped)),
        "uncovered_sentences": uncovered,
        "dropped_spans": dropped,
        "refused": len(refused),
        "refused_by_reason": _sorted(Counter(str(item["reason"]).partition(":")[0] for item in refused)),
        "refused_answers": refused,
    }
