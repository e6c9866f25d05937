"""Why the graph says what it says of one thing: its names, its owner, its facts, and the sentences that state them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kg import graph as kgraph
from kg.export.nodelink import read_graph
from kg.naming import normalise, pinyin

_SUGGESTIONS = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thing that may have been meant; ``owner`` is the name of what tells it from its namesakes, or empty."""

    id: str
    name: str
    type: str
    subtype: str | None
    owner: str
    why: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A place that states a fact: ``start``–``end`` of the document's text, which read ``quote``; ``page`` counts from 1."""

    document: str
    title: str
    date: str | None
    start: int
    end: int
    quote: str
    confidence: float
    implied: bool
    extractor: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ExplainedFact:
    """A fact of the thing; ``direction`` is ``out`` (it is the subject), ``in`` or ``both`` (a symmetric predicate)."""

    predicate: str
    direction: str
    other: Candidate
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a name belongs to the thing, belongs to its owner, or was kept apart."""

    name: str
    reason: str
    document: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One thing of the graph with everything that is known of it; ``mentions`` counts by document."""

    thing: Candidate
    aliases: tuple[str, ...]
    roles: tuple[str, ...]
    registry: str | None
    attributes: tuple[tuple[str, str | int | float], ...]
    mentions: tuple[tuple[str, int], ...]
    reasons: tuple[Reason, ...]
    facts: tuple[ExplainedFact, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to a name: one thing ``found``, several ``candidates`` that bear it, or ``suggestions`` where none does."""

    query: str
    found: Explained | None = None
    candidates: tuple[Candidate, ...] = ()
    suggestions: tuple[Candidate, ...] = ()


def explain(source: Path | kgraph.Graph, name: str) -> Explanation:
    """Return what the graph holds of the thing called ``name``.

    Args:
        source: a graph, or what a build wrote (the folder, or its ``graph.json``).
        name: a name, an alias, an id or an IRI; an owner's name before it (中国联通市场部) chooses among namesakes.

    Raises:
        InputError: ``source`` holds no graph.
    """
    graph = read_graph(source) if isinstance(source, Path) else source
    found = _named(graph, name)
    if len(found) == 1:
        return Explanation(name, found=_explained(graph, found[0].id))
    if found:
        return Explanation(name, candidates=tuple(found))
    return Explanation(name, suggestions=tuple(_similar(graph, name)))


def _named(graph: kgraph.Graph, name: str) -> list[Candidate]:
    """Return the things that the name denotes: by id, else by name or alias, else by owner and name."""
    id_ = name.strip().strip("<>")
    id_ = id_.rsplit("/id/", 1)[-1]
    if id_ in graph:
        return [_candidate(graph, id_, "id")]
    wanted = normalise(name)
    if not wanted:
        return []
    exact: list[Candidate] = []
    owned: list[Candidate] = []
    for node, record in kgraph.entities(graph):
        names = {normalise(form) for form in (record["label"], *record["aliases"])}
        if wanted in names:
            why = "name" if wanted == normalise(record["label"]) else "alias"
            exact.append(_candidate(graph, node, why))
        elif (scope := record["scope"]) is not None and any(wanted.endswith(form) for form in names):
            owner = graph.nodes[scope]
            fronts = {normalise(form) for form in (owner["label"], *owner["aliases"])}
            if any(wanted in (front + form, front + "的" + form) for front in fronts for form in names):
                owned.append(_candidate(graph, node, "owner and name"))
    return exact or owned


def _similar(graph: kgraph.Graph, name: str) -> list[Candidate]:
    """Return the things whose names contain the name, sound like it or are spelt nearly like it, the nearest first."""
    wanted, sound = normalise(name), pinyin(name)
    scored: list[tuple[float, str, str]] = []
    for node, record in kgraph.entities(graph):
        best = max((_likeness(wanted, sound, form) for form in (record["label"], *record["aliases"])), default=(0.0, ""))
        if best[0] > 0:
            scored.append((-best[0], node, best[1]))
    return [_candidate(graph, node, why) for _, node, why in sorted(scored)[:_SUGGESTIONS]]


def _likeness(wanted: str, sound: str, form: str) -> tuple[float, str]:
    name = normalise(form)
    if not wanted or not name:
        return 0.0, ""
    spoken = pinyin(form)
    if spoken == sound:
        return 1.0, f"sounds like {form}"
    if wanted in name or name in wanted:
        return 0.5 + 0.5 * min(len(wanted), len(name)) / max(len(wanted), len(name)), f"part of {form}"
    if sound in spoken and len(sound) > 2:
        return 0.5, f"sounds like a part of {form}"
    matcher = difflib.SequenceMatcher(None, wanted, name)
    if matcher.real_quick_ratio() < 0.6 or matcher.quick_ratio() < 0.6:
        return 0.0, ""
    ratio = matcher.ratio()
    return (ratio, f"spelt like {form}") if ratio >= 0.6 else (0.0, "")


def _explained(graph: kgraph.Graph, id_: str) -> Explained:
    record = graph.nodes[id_]
    counts: dict[str, int] = {}
    for mention in record["mentions"]:
        counts[mention["document"]] = counts.get(mention["document"], 0) + 1
    reasons = (Reason(m["name"], m["reason"], m["document"]) for m in kgraph.merges(graph) if m["entity"] == id_)
    return Explained(
        thing=_candidate(graph, id_, ""),
        aliases=tuple(record["aliases"]),
        roles=tuple(record["roles"]),
        registry=record["registry"],
        attributes=tuple(sorted(record["attributes"].items())),
        mentions=tuple(sorted(counts.items())),
        reasons=tuple(reasons),
        facts=tuple(sorted(_facts(graph, id_), key=lambda f: (f.direction == "in", f.predicate, f.other.name, f.other.id))),
    )


def _facts(graph: kgraph.Graph, id_: str) -> Iterator[ExplainedFact]:
    for subject, object_, data in [*graph.out_edges(id_, data=True), *graph.in_edges(id_, data=True)]:
        outgoing = subject == id_
        direction = "both" if data["symmetric"] else "out" if outgoing else "in"
        other = object_ if outgoing else subject
        statements = tuple(_statement(graph, evidence) for evidence in data["evidence"])
        yield ExplainedFact(data["predicate"], direction, _candidate(graph, other, ""), statements)


def _statement(graph: kgraph.Graph, evidence: kgraph.EvidenceRecord) -> Statement:
    document = kgraph.document(graph, evidence["document"])
    return Statement(
        document=document["id"],
        title=document["title"] or document["path"],
        date=document["date"],
        start=evidence["start"],
        end=evidence["end"],
        quote=evidence["quote"],
        confidence=evidence["confidence"],
        implied=evidence["implied"],
        extractor=evidence["extractor"],
        page=kgraph.page_of(document, evidence["start"]),
    )


def _candidate(graph: kgraph.Graph, id_: str, why: str) -> Candidate:
    record = graph.nodes[id_]
    owner = graph.nodes[record["scope"]]["label"] if record["scope"] is not None else ""
    return Candidate(id_, record["label"], record["type"], record["subtype"], owner, why)
