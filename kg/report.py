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
from kg.errors import InputError
from kg.model import Annotation, Document, Knowledge, Span
from kg.read import Problem

REPORT = "report.json"


def make_report(
    documents: Sequence[Document],
    annotations: Mapping[str, Annotation],
    knowledge: Knowledge,
    *,
    problems: Iterable[Problem] = (),
    corrected: Iterable[str] = (),
    formats: Iterable[str] = (),
) -> dict[str, Any]:
    """Return what ``report.json`` holds.

    ``annotations`` and ``corrected`` are keyed by document id; the latter are those that a person's annotation stood in for.
    ``formats`` are those that the build writes. Spans are ``[start, end]`` in code points of the document's text.
    """
    given = set(corrected)
    return {
        "version": __version__,
        "formats": list(formats),
        "documents": {
            "built": len(documents),
            "extracted": len(documents) - len(given),
            "corrected": len(given),
            "failed": len(list(problems)),
            "list": [_document(d, annotations[d.id], given) for d in sorted(documents, key=lambda d: d.id)],
        },
        "problems": [{"path": p.path, "message": p.message} for p in sorted(problems, key=lambda p: (p.path, p.message))],
        "counts": counts(knowledge),
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


def counts(knowledge: Knowledge) -> dict[str, Any]:
    """Return how many entities by type and subtype, facts by predicate, mentions and statements there are."""
    subtypes = Counter(f"{e.type}/{e.subtype}" for e in knowledge.entities if e.subtype)
    return {
        "entities": len(knowledge.entities),
        "facts": len(knowledge.facts),
        "mentions": sum(len(e.mentions) for e in knowledge.entities),
        "evidence": sum(len(f.evidence) for f in knowledge.facts),
        "implied": sum(f.implied for f in knowledge.facts),
        "by_type": _sorted(Counter(e.type for e in knowledge.entities)),
        "by_subtype": _sorted(subtypes),
        "by_role": _sorted(Counter(role for e in knowledge.entities for role in e.roles)),
        "by_predicate": _sorted(Counter(f.predicate for f in knowledge.facts)),
    }


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items()))


def _document(document: Document, annotation: Annotation, corrected: set[str]) -> dict[str, Any]:
    return {
        "id": document.id,
        "path": document.path,
        "sha256": document.sha256,
        "encoding": document.encoding,
        "title": _text(document, document.title),
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
