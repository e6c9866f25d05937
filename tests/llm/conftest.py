"""Short documents, and a build with a model that a test makes up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kg.build import BuildReport, build
from kg.llm.budget import Budget
from kg.llm.run import Asker, Settings
from kg.ontology import default_pack
from kg.verify import verify
from tests.llm.server import Behaviour, Server, serving

FORMATS = ("turtle", "provenance", "json")
FIRST = "支付公司与海南联通、软研院开展结对共建。\n智研院全力实施数字中国建设。\n"
SECOND = "华曜能源集团有限公司成立反诈专班。\n"


@dataclass
class Outcome:
    """What a build did, with the server that answered and the lines that were said."""

    out: Path
    done: BuildReport
    server: Server
    asker: Asker
    said: list[str]

    @property
    def coverage(self) -> dict[str, Any]:
        return dict(self.done.report["coverage"])

    @property
    def reasons(self) -> set[str]:
        return {str(item["reason"]) for item in self.coverage["refused_answers"]}

    @property
    def facts(self) -> set[tuple[str, str, str]]:
        graph = json.loads((self.out / "graph.json").read_text(encoding="utf-8"))
        names = {node["id"]: node["label"] for node in graph["nodes"]}
        return {(names[e["source"]], e["predicate"], names[e["target"]]) for e in graph["edges"]}

    @property
    def names(self) -> set[str]:
        graph = json.loads((self.out / "graph.json").read_text(encoding="utf-8"))
        return {node["label"] for node in graph["nodes"]}

    def everything(self) -> str:
        """All that was written or said, to look for what must not be there."""
        files = [p for p in sorted(self.out.rglob("*")) if p.is_file() and p.name != "graph.html"]
        return "\n".join([*(p.read_text(encoding="utf-8") for p in files), *self.said])


Run = Callable[..., Outcome]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text(FIRST, encoding="utf-8")
    (folder / "b.txt").write_text(SECOND, encoding="utf-8")
    return folder


@pytest.fixture
def run(corpus: Path, tmp_path: Path) -> Run:
    """Build the corpus with a behaviour; whatever it does, the graph that comes out is whole."""

    def go(
        behaviour: Behaviour, *, hybrid: bool = False, retries: int = 3, seconds: float = 20, budget: Budget | None = None,
        cache: Path | None = None, concurrency: int = 2, window: int = 600, formats: tuple[str, ...] = FORMATS,
    ) -> Outcome:  # fmt: skip
        said: list[str] = []
        out = tmp_path / "out"
        with serving(behaviour) as server:
            settings = Settings(
                url=server.url, model="fake", hybrid=hybrid, retries=retries, seconds=seconds, budget=budget or Budget(),
                cache=cache, concurrency=concurrency, window=window, overlap=min(120, window // 4),
            )  # fmt: skip
            asker = Asker(settings, pack=default_pack(), say=said.append)
            done = build([corpus], out, asker=asker, formats=formats)
        assert verify(out) == []
        return Outcome(out, done, server, asker, said)

    return go


def entity(name: str, type_: str = "Organization", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, "subtype": None, "aliases": [], "confidence": 0.9} | more


def relation(subject: str, predicate: str, object_: str, evidence: str, **more: Any) -> dict[str, Any]:
    return {"subject": subject, "predicate": predicate, "object": object_, "evidence": evidence, "confidence": 0.9} | more


def good(words: str) -> dict[str, Any]:
    """Return a right answer about whichever of the two documents stands in ``words``."""
    if "华曜" in words:
        names = [entity("华曜能源集团有限公司", subtype="Company"), entity("反诈专班", subtype="WorkingGroup")]
        said = [relation("华曜能源集团有限公司", "establishes", "反诈专班", "华曜能源集团有限公司成立反诈专班")]
        return {"entities": names, "relations": said}
    entities, relations = [], []
    if "支付公司" in words:
        sentence = "支付公司与海南联通、软研院开展结对共建"
        entities += [entity("支付公司"), entity("海南联通"), entity("软研院")]
        relations += [relation("支付公司", "pairsWith", other, sentence) for other in ("海南联通", "软研院")]
    if "智研院" in words:
        entities += [entity("智研院"), entity("数字中国建设", "Programme")]
        relations += [relation("智研院", "implements", "数字中国建设", "智研院全力实施数字中国建设。")]
    return {"entities": entities, "relations": relations}
