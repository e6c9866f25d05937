"""A graph made of the annotated development documents without the extractor: one entity a name, as the documents say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from kg.graph import Graph, build_graph
from kg.model import Document, Entity, Evidence, Fact, Knowledge, Located, Span
from kg.ontology import Ontology

DEV = Path(__file__).parents[1] / "gold" / "dev"
SEED = "000_7056b8479da2a9af"
SYMMETRIC = {"pairsWith", "collaboratesWith", "combinedWith"}
PARTNERSHIP = {"pairsWith", "collaboratesWith", "coBuilds"}


def gold_graph(names: list[str], ontology: Ontology, *, hostile: Callable[[str], str] = str) -> Graph:
    """Return the graph of the gold of these documents; ``hostile`` may change every text that a reader sees."""
    documents, entities, facts = [], {}, {}
    for name in names:
        text = (DEV / f"{name}.txt").read_text(encoding="utf-8")
        gold = json.loads((DEV / f"{name}.json").read_text(encoding="utf-8"))
        title = _title(text)
        documents.append(Document(id=name, path=f"{name}.txt", text=text, sha256="0" * 64, title=title, date=_date(text)))
        ids = {e["id"]: f"{e['type'].lower()}/{_hash(name, e['type'], e['name'])}" for e in gold["entities"]}
        partners = {
            ids[end] for r in gold["relations"] if r["predicate"] in PARTNERSHIP for end in (r["subject"], r["object"])
            if ids[end].startswith("organization/")
        }
        for e in gold["entities"]:
            entities[ids[e["id"]]] = Entity(
                id=ids[e["id"]],
                type=e["type"],
                subtype=e.get("subtype"),
                name=hostile(e["name"]),
                aliases=tuple(hostile(a) for a in e.get("aliases", ())),
                roles=("PartnerBody",) if ids[e["id"]] in partners else (),
                mentions=tuple(Located(name, a, b, text[a:b]) for a, b in e["mentions"]),
                attributes=tuple(sorted(e.get("attributes", {}).items())),
            )
        for r in gold["relations"]:
            subject, object_ = ids[r["subject"]], ids[r["object"]]
            if r["predicate"] in SYMMETRIC and object_ < subject:
                subject, object_ = object_, subject
            a, b = r["evidence"]
            evidence = Evidence(name, a, b, text[a:b], implied=r.get("implied", False), confidence=0.9, extractor="gold")
            key = _hash(subject, r["predicate"], object_)
            known = facts.get(key)
            found = (*(known.evidence if known else ()), evidence)
            facts[key] = Fact(key, subject, r["predicate"], object_, found, implied=all(e.implied for e in found), confidence=0.9)
    return build_graph(Knowledge(tuple(documents), tuple(entities.values()), tuple(facts.values())), ontology)


def _title(text: str) -> Span:
    start = text.find("\n\n") + 2 if text.startswith("本文档") else 0
    return Span(start, text.index("\n", start))


def _date(text: str) -> str | None:
    at = text.find("发布时间：")
    return text[at + 5 : at + 15] if at >= 0 else None


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
