"""One million triples: written as Turtle beside pyoxigraph's own writer, then loaded and asked by ``kg query``.

    python benchmarks/rdf.py [--triples 1000000]

Every stage runs in a process of its own, so that its peak memory is its own. The writers run in the same process, in turns, and
the best of the rounds counts. Ours begins with the networkx graph. Pyoxigraph's is measured three times: fed from the same graph,
dumping a store that holds the triples, and with a list of all terms made beforehand, which nobody has who has a graph.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import pyoxigraph as ox

from kg.export import turtle
from kg.export.rdf import Names, graph_blocks, triples
from kg.naming import DEFAULT_BASE_IRI
from kg.ontology import default_pack, load_ontology
from kg.output import open_output
from kg.query import run_on, run_query

PER_ENTITY = 8
"""Triples an entity: two classes, name, label, alias, one attribute, two facts."""
HAN = "联通中国研究院软件建设数字产业创新发展网络信息技术服务管理中心公司集团部门工程党建合作共享"
QUESTIONS = {
    "count": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "one name": 'SELECT ?x ?y { ?x skos:prefLabel "机构 77 软件"@zh ; kgo:partOf ?y }',
    "join": "SELECT (COUNT(*) AS ?n) { ?a kgo:pairsWith ?b . ?b kgo:partOf ?c . ?c a kgo:Company }",
    "group": "SELECT ?c (COUNT(?a) AS ?n) { ?a kgo:partOf ?c } GROUP BY ?c ORDER BY DESC(?n) LIMIT 10",
}


def make_graph(size: int) -> nx.MultiDiGraph:
    """Return a graph of about ``size`` triples; the same size gives the same graph."""
    rng = random.Random(7)
    count = size // PER_ENTITY
    graph = nx.MultiDiGraph()
    graph.graph["documents"], graph.graph["merges"] = {}, []
    for i in range(count):
        alias = "".join(rng.choices(HAN, k=5)) + str(i)
        name = f"机构 {i} {''.join(rng.choices(HAN, k=2))}" if i != 77 else "机构 77 软件"
        graph.add_node(
            f"organization/jigou-{i:07x}", label=name, type="Organization", subtype="Company", roles=[], aliases=[alias],
            scope=None, registry=None, attributes={"count": i}, mentions=[],
        )  # fmt: skip
    ids = list(graph.nodes)
    for i, subject in enumerate(ids):
        for predicate, object_ in (("partOf", ids[rng.randrange(0, i // 50 + 1)]), ("pairsWith", ids[rng.randrange(count)])):
            record = {"predicate": predicate, "symmetric": predicate == "pairsWith", "implied": False, "confidence": 0.9}
            graph.add_edge(subject, object_, key=f"{predicate}-{i}", **record, evidence=[])
    return graph


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that ``action`` takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def peak() -> float:
    """Return the peak memory of this process in MB (Linux counts in KB, macOS in bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


def write_stage(folder: Path, size: int) -> dict[str, float]:
    """Write the graph by both writers, in turns."""
    ontology, graph, names = load_ontology(default_pack()), make_graph(size), Names(DEFAULT_BASE_IRI)
    before = peak()
    ours, theirs = [], []

    def by_pyoxigraph() -> None:
        prefixes = turtle.prefixes_of(graph, names, turtle.PREFIXES)
        with open(folder / "theirs.ttl", "wb") as file:
            ox.serialize(triples(graph_blocks(graph, ontology, names)), file, ox.RdfFormat.TURTLE, prefixes=prefixes)

    for _ in range(5):
        ours.append(timed(lambda: turtle.write(graph, ontology, folder, base_iri=DEFAULT_BASE_IRI)))
        theirs.append(timed(by_pyoxigraph))
    after = peak()
    prefixes = turtle.prefixes_of(graph, names, turtle.PREFIXES)
    ready = list(triples(graph_blocks(graph, ontology, names)))
    store = ox.Store()
    store.bulk_extend(ox.Quad(*triple) for triple in ready)

    def to_file(write: Callable[..., object], *what: object, **options: object) -> float:
        with open(folder / "theirs.ttl", "wb") as file:
            return timed(lambda: write(*what, file, ox.RdfFormat.TURTLE, prefixes=prefixes, **options))

    dumped = min(to_file(store.dump, from_graph=ox.DefaultGraph()) for _ in range(5))
    bare = min(to_file(ox.serialize, ready) for _ in range(5))
    times = {"ours": min(ours), "theirs": min(theirs), "dump": dumped, "ready": bare}
    return {"triples": len(ready), **times, "graph_mb": before, "write_mb": after}


def query_stage(folder: Path, size: int) -> dict[str, float]:
    """Load what was written and ask."""
    ontology = load_ontology(default_pack())
    found: dict[str, float] = {}
    begun = time.perf_counter()
    output = open_output(folder / "graph.ttl", ontology=ontology, with_ontology=True)
    found["load"] = time.perf_counter() - begun
    for name, question in QUESTIONS.items():
        found[name] = timed(lambda q=question: run_on(output, q, ontology=ontology))  # type: ignore[misc]
    found["query_mb"] = peak()
    return found


def whole_stage(folder: Path, size: int) -> dict[str, float]:
    """Do what ``kg query`` does, from the file to the answer."""
    return {"whole": timed(lambda: run_query(folder / "graph.ttl", QUESTIONS["one name"])), "whole_mb": peak()}


def bare_stage(folder: Path, size: int) -> dict[str, float]:
    """Load with pyoxigraph alone, as the measure of loading."""
    store = ox.Store()
    return {"bare_load": timed(lambda: store.bulk_load(path=str(folder / "graph.ttl"))), "bare_mb": peak()}


STAGES = {"write": write_stage, "query": query_stage, "whole": whole_stage, "bare": bare_stage}


def main() -> None:
    """Run the stages one after another and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triples", type=int, default=1_000_000)
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stage:
        sys.stdout.write(json.dumps(STAGES[given.stage](given.folder, given.triples)))
        return
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for stage in STAGES:
            command = [sys.executable, __file__, "--stage", stage, "--folder", folder, "--triples", str(given.triples)]
            found |= json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        found["file_mb"] = (Path(folder) / "graph.ttl").stat().st_size / 1e6
    report(found)


def report(found: dict[str, float]) -> None:
    """Print the figures of all stages."""
    say = sys.stdout.write
    loaded = found["load"] / found["bare_load"]
    say(f"{found['triples']:,.0f} triples, graph.ttl {found['file_mb']:.0f} MB\n")
    say(f"write   ours {found['ours']:6.2f} s\n")
    for name, what in (("theirs", "from the same graph"), ("dump", "dumping its store"), ("ready", "from terms made beforehand")):
        say(f"        pyoxigraph, {what:<26} {found[name]:6.2f} s   ratio {found['ours'] / found[name]:.2f}\n")
    say(f"        memory {found['write_mb']:.0f} MB, of which the graph {found['graph_mb']:.0f} MB\n")
    say(f"load    kg {found['load']:6.2f} s   pyoxigraph {found['bare_load']:6.2f} s   ratio {loaded:.2f}\n")
    for name in QUESTIONS:
        say(f"ask     {name:<10} {found[name]:.3f} s\n")
    say(f"        kg query, file to answer {found['whole']:.2f} s\n")
    say(f"        memory kg {found['query_mb']:.0f} MB   pyoxigraph {found['bare_mb']:.0f} MB\n")


if __name__ == "__main__":
    main()
