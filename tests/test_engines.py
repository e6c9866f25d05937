"""The engines give one graph: in memory, in DuckDB with one process or two, and on Spark."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg.build import build
from kg.engines import Known, graph_of
from kg.errors import AnnotationError, InputError
from kg.export import FORMATS
from kg.model import AnnotatedEntity, AnnotatedRelation, Annotation, Document, Mention, Span
from kg.ontology import Ontology, default_pack, load_ontology
from kg.registry import load_registry

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

GOLD = Path(__file__).parent / "gold" / "dev"
BASE = "https://example.org/kg/"


def digest(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def corpus(count: int) -> list[tuple[Document, Annotation]]:
    """Return ``count`` copies of the annotated documents with bodies of their own, which share short forms and owners."""
    from kg.annotation import load_annotation
    from kg.read import read_document

    found = []
    gold = [read_document(path) for path in sorted(GOLD.glob("*.txt"))]
    for number in range(count):
        document = gold[number % len(gold)]
        annotation = load_annotation(GOLD / f"{document.id}.json", document)
        id_ = f"{number:04d}-<&>'\"“{document.id}”"
        brand = chr(0x4E00 + number // len(gold))

        def own(name: str, brand: str = brand) -> str:
            return name.replace("联通", f"联{brand}").replace("研究院", f"研{brand}院")

        entities = tuple(
            replace(e, name=own(e.name), aliases=tuple(sorted({own(a) for a in e.aliases}))) for e in annotation.entities
        )
        found.append((replace(document, id=id_, text=own(document.text)), replace(annotation, document=id_, entities=entities)))
    return found


def exports(pairs: list[tuple[Document, Annotation]], out: Path, *, engine: str, jobs: int = 1) -> dict[str, bytes]:
    """Return every file that an engine's graph gives."""
    ontology = load_ontology(default_pack())
    known = Known(ontology, load_registry(default_pack(), ontology), default_pack())
    documents = [document for document, _ in pairs]
    said = {annotation.document: annotation for _, annotation in pairs}
    out.mkdir()
    with graph_of(documents, said, known, scratch=out / "scratch", engine=engine, jobs=jobs) as graph:
        for names, write in FORMATS.values():
            for name in names:
                (out / name).parent.mkdir(parents=True, exist_ok=True)
            write(graph, ontology, out, base_iri=BASE)
    assert not (out / "scratch").exists()
    return digest(out)


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[Document, Annotation]], dict[str, bytes]]:
    pairs = corpus(40)
    return pairs, exports(pairs, tmp_path_factory.mktemp("memory") / "out", engine="memory")


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_export_streams_from_the_tables_with_the_bytes_of_the_graph_in_memory(
    in_memory: tuple[list[tuple[Document, Annotation]], dict[str, bytes]], tmp_path: Path, jobs: int
) -> None:
    pairs, expected = in_memory
    assert len(expected) > len(FORMATS)
    found = exports(list(reversed(pairs)), tmp_path / "out", engine="duckdb", jobs=jobs)
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []


def test_a_page_of_a_graph_too_large_for_it_shows_the_best_connected_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kg.export import html

    monkeypatch.setattr(html, "PAGE_LIMIT", 100)
    monkeypatch.setattr(html, "PART", 30)
    pages = [exports(corpus(5), tmp_path / engine, engine=engine)["graph.html"].decode() for engine in ("memory", "duckdb")]
    assert pages[0] == pages[1]
    assert re.search(r"知识图谱 · 5 篇文档 · 关系最多的 30 个实体，共 \d+ 个", pages[0])


def test_a_build_with_duckdb_is_the_build_in_memory(tmp_path: Path) -> None:
    build([GOLD], tmp_path / "memory", annotations_dir=GOLD, engine="memory", cache=False)
    build([GOLD], tmp_path / "duckdb", annotations_dir=GOLD, engine="duckdb", cache=False, jobs=2)
    assert digest(tmp_path / "duckdb") == digest(tmp_path / "memory")


def test_an_unknown_engine_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown engine 'hadoop'; known are auto, memory, duckdb, spark"):
        build([GOLD], tmp_path / "out", annotations_dir=GOLD, engine="hadoop")
    assert not (tmp_path / "out").exists()


def test_a_mention_outside_its_document_stops_the_steps_as_it_stops_resolution_in_memory(tmp_path: Path) -> None:
    document = Document("d", "d.txt", "甲公司", "")
    wrong = Annotation("d", entities=(AnnotatedEntity("e1", "Organization", "甲公司", mentions=(Mention(0, 9),)),))
    for engine in ("memory", "duckdb"):
        with pytest.raises(AnnotationError, match=r"d.txt: mention 0–9 of e1 \(甲公司\) is not in 0–3"):
            exports([(document, wrong)], tmp_path / engine, engine=engine)
        assert not (tmp_path / engine / "scratch").exists()


def ruled_pack(folder: Path) -> Path:
    """Return a copy of the pack in which the user joins names and keeps others apart."""
    shutil.copytree(default_pack(), folder, ignore=shutil.ignore_patterns("training", "models"))
    rulings = "!same\t星河矿业\t天川矿山\t改名\n!same\t工会甲\t工会乙\t改名\n!apart\t星河\t星河矿业\t不同\n"
    with open(folder / "registry" / "user.tsv", "a", encoding="utf-8") as file:
        file.write(rulings)
    return folder


def said(id_: str, *bodies: tuple[str, tuple[str, ...], str | None]) -> tuple[Document, Annotation]:
    """Return a document that names bodies: ``(name, other names, number of the one it is part of)``."""
    text, entities, relations = "", [], []
    for number, (name, aliases, owner) in enumerate(bodies):
        mentions = []
        for form in (name, *aliases):
            mentions.append(Mention(len(text), len(text) + len(form)))
            text += f"{form}。\n"
        entities.append(AnnotatedEntity(f"e{number}", "Organization", name, "Company", aliases, tuple(mentions)))
        if owner is not None:
            relations.append((f"e{number}", owner))
    span = Span(0, len(text))
    facts = tuple(AnnotatedRelation(s, "partOf", o, span) for s, o in relations)
    return Document(id_, f"{id_}.txt", text, ""), Annotation(id_, tuple(entities), facts)


def test_joins_rulings_and_refusals_of_clusters_are_those_of_the_whole_corpus(tmp_path: Path) -> None:
    pack = ruled_pack(tmp_path / "pack")
    ontology = load_ontology(pack)
    known = Known(ontology, load_registry(pack, ontology), pack)
    pairs = [
        said("a", ("星河矿业", ("星河",), None), ("市场部", ("市场",), "e0"), ("工会甲", (), "e1")),
        said("b", ("天川矿山", ("天川",), None), ("市场部", (), "e0"), ("工会乙", (), "e1")),
        said("c", ("天川矿山集团", ("天川", "天矿"), None), ("天川", (), None), ("市场部", (), "e1")),
        said("d", ("天矿", (), None), ("星河", ("星河矿业",), None)),
        said("f", ("北岭控股", ("北岭",), None), ("北岭", (), None)),
        said("e", ("甲部", (), "e1"), ("乙部", (), "e0")),
    ]
    records = []
    for engine in ("memory", "duckdb"):
        scratch = tmp_path / engine
        with graph_of([d for d, _ in pairs], {a.document: a for _, a in pairs}, known, scratch=scratch, engine=engine) as graph:
            from kg import graph as kgraph

            nodes = [(id_, {k: v for k, v in record.items()}) for id_, record in kgraph.entities(graph)]
            records.append((nodes, list(kgraph.merges(graph)), [(e.id, e.record) for e in kgraph.facts(graph)]))
    assert records[0] == records[1]
    assert any(merge["reason"].startswith("改名") for merge in records[0][1])
    assert any("one document tells them apart" in merge["reason"] for merge in records[0][1])


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    java = shutil.which("java") or os.environ.get("JAVA_HOME")
    try:
        import pyspark  # noqa: F401
    except ImportError:
        java = None
    if java is None:
        assert os.environ.get("KG_REQUIRE_ALL") != "1", "Java 17 and pyspark are needed"
        pytest.skip("Spark needs Java 17 and pyspark")
    from kg.spark.engine import session

    running = session(master="local[2]", memory="1g")
    yield running
    running.stop()


def test_spark_gives_every_file_of_the_graph_in_memory_byte_for_byte(
    spark: SparkSession, in_memory: tuple[list[tuple[Document, Annotation]], dict[str, bytes]], tmp_path: Path
) -> None:
    pairs, expected = in_memory
    found = exports(pairs, tmp_path / "out", engine="spark", jobs=2)
    assert [name for name in expected if found[name] != expected[name]] == []


def test_a_build_on_spark_alone_writes_tables_and_triples_of_the_local_build(spark: SparkSession, tmp_path: Path) -> None:
    from pyoxigraph import RdfFormat, parse

    from kg.spark.run import build_on_spark
    from kg.store import open_tables

    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(GOLD.glob("dev[12].txt"))}
    (tmp_path / "texts").mkdir()
    for name, text in texts.items():
        (tmp_path / "texts" / f"{name}.txt").write_text(text, encoding="utf-8")
    rows = [json.dumps({"id": name, "text": text}) for name, text in texts.items()] + ['{"id": "empty", "text": null}']
    source = tmp_path / "texts.jsonl"
    source.write_text("\n".join(rows), encoding="utf-8")
    done = build_on_spark(spark, str(source), str(tmp_path / "out"), pack=default_pack(), base_iri=BASE, model="grammar")
    assert done.documents == 2 and [name for name, _ in done.problems] == ["empty"]
    build([tmp_path / "texts"], tmp_path / "local", model="grammar", engine="memory", cache=False)
    local = {str(triple) for triple in parse(path=str(tmp_path / "local" / "graph.ttl"))}
    lines = [p.read_bytes() for p in sorted((tmp_path / "out" / "graph.nt").glob("part-*"))]
    here = [str(triple) for triple in parse(b"".join(lines), format=RdfFormat.N_TRIPLES)]
    assert len(here) == len(set(here))
    # A record has no file: dcterms:source and the checksum's encoding differ, nothing else.
    assert {t for t in local ^ set(here) if "dc/terms/source" not in t} == set()
    stored = open_tables(tmp_path / "out" / "tables")
    graph = json.loads((tmp_path / "local" / "graph.json").read_text(encoding="utf-8"))
    assert [{"id": id_, **record} for id_, record in stored.entities()] == graph["nodes"]
    assert [edge.id for edge in stored.facts()] == [edge["key"] for edge in graph["edges"]]


def test_documents_with_one_id_are_refused_on_spark(spark: SparkSession, pack_ontology: Ontology, tmp_path: Path) -> None:
    from kg.spark.run import build_on_spark

    source = tmp_path / "texts.jsonl"
    source.write_text('{"id": "a", "text": "甲"}\n{"id": "a", "text": "乙"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="2 documents have the id 'a'"):
        build_on_spark(spark, str(source), str(tmp_path / "out"), pack=default_pack(), base_iri=BASE)
