"""The report of a build as plain JSON values: what was read, what was found, what was left out and why.

It holds no times and no machine's name, so that the same input gives the same bytes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kg import __version__
from kg import graph as kgraph
from kg.errors import InputError
from kg.graph import Graph
from kg.read import Problem
from kg.told import Part

REPORT = "report.json"


def make_report(
    parts: Iterable[Part],
    graph: Graph,
    *,
    problems: Iterable[Problem] = (),
    corrected: int = 0,
    cached: int = 0,
    formats: Iterable[str] = (),
    least: float = 0.0,
) -> dict[str, Any]:
    """Return what ``report.json`` holds.

    Args:
        parts: those of the documents (see ``kg.told``), in the order of their ids.
        graph: the graph.
        problems: what could not be read or extracted.
        corrected: how many annotations are a person's.
        cached: how many are an earlier build's.
        formats: those that the build writes.
        least: the confidence below which facts were left out.
    """
    told = list(parts)
    dropped, refused = ([item for part in told for item in part[name]] for name in ("dropped", "refused"))
    uncovered = [item for part in told for item in part["uncovered"]]
    failed = sorted(problems, key=lambda p: (p.path, p.message))
    return {
        "version": __version__,
        "formats": list(formats),
        **({"min_confidence": least} if least else {}),
        "documents": {
            "built": len(told),
            "extracted": len(told) - corrected - cached,
            "cached": cached,
            "corrected": corrected,
            "failed": len(failed),
            "list": [part["document"] for part in told],
        },
        "problems": [{"path": p.path, "message": p.message} for p in failed],
        "counts": counts(graph),
        "coverage": {
            "uncovered": len(uncovered),
            "dropped": len(dropped),
            "dropped_by_reason": _sorted(Counter(str(item["reason"]) for item in dropped)),
            "uncovered_sentences": uncovered,
            "dropped_spans": dropped,
            "refused": len(refused),
            "refused_by_reason": _sorted(Counter(str(item["reason"]).partition(":")[0] for item in refused)),
            "refused_answers": refused,
        },
    }


def report_text(report: Mapping[str, Any]) -> str:
    """Return a report as JSON, with each entry of a list on one line."""
    return _shown(report, "\n") + "\n"


def _shown(value: Any, line: str) -> str:
    if isinstance(value, Mapping) and value:
        inner = (f"{json.dumps(key, ensure_ascii=False)}: {_shown(item, line + ' ')}" for key, item in value.items())
        return "{" + line + " " + f",{line} ".join(inner) + line + "}"
    if isinstance(value, list) and value:
        return "[" + line + " " + f",{line} ".join(json.dumps(item, ensure_ascii=False) for item in value) + line + "]"
    return json.dumps(value, ensure_ascii=False)


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
