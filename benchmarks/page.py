"""``graph.html`` from 500 to 50,000 nodes: made beside plain pyvis, then opened and clicked in headless Chromium.

    python -m benchmarks.page [--nodes 500 2000 10000 50000] [--no-browser]

The corpus is made up: owners with their units, programmes, slogans and partners, and a document for each owner whose sentences
state the facts. ``pyvis`` is its own ``add_node``/``add_edge`` and ``generate_html`` on the same nodes, edges and labels: a page
without search, evidence, documents or positions. It is quadratic in the nodes, so it is measured up to ``--pyvis`` nodes only.

Browser: ``paint`` is from the start of loading to the first frame with the graph; ``panel`` from a press of the mouse on a node
to the frame that shows what is known of it; ``drawn`` to the frame in which the graph itself has followed. Medians of the clicks.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kg.export.html import DEFAULT_BASE, write_html
from kg.graph import Graph, build_graph
from kg.model import Document, Entity, Evidence, Fact, Knowledge, Located, Span
from kg.ontology import default_pack, load_ontology

PLACES = "江淮海岳川陵州宁安泰瑞和丰兴华东南西北中远新盛嘉永长"
KINDS = (
    ("Organization", "Department", ("市场部", "网络运营部", "党委组织部", "财务管理部", "研究院", "数据中心", "纪检监察室")),
    ("Organization", "Company", ("信息技术有限公司", "工程建设公司", "物流公司", "融资租赁公司")),
    ("Programme", None, ("主题教育", "结对共建行动", "数字化转型专项", "重点任务体系", "安全生产专项行动")),
    ("Slogan", None, ("强根铸魂", "实干兴企", "以学促干")),
    ("Event", None, ("工作会议", "培训班", "成果展")),
)
VERBS = {
    "Organization": ("partOf", "下属"), "Programme": ("implements", "实施"),
    "Slogan": ("upholds", "秉持"), "Event": ("organizes", "举办"),
}  # fmt: skip
GROUP = 40
"""Entities an owner has, and its document names."""

CHROMIUM = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage", "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1440,900", "--lang=zh-CN",
)  # fmt: skip

WATCH = """
window.spans = [];
const late = (then) => requestAnimationFrame(() => {
  const channel = new MessageChannel();
  channel.port1.onmessage = then;
  channel.port2.postMessage(0);
});
document.addEventListener("pointerdown", () => {
  const start = performance.now(), span = {}, drawings = window.knowledgeGraph.drawings();
  window.spans.push(span);
  const look = () => late(() => {
    const now = performance.now() - start;
    if (span.panel === undefined && !document.getElementById("panel").hidden) span.panel = now;
    if (window.knowledgeGraph.drawings() > drawings && span.panel !== undefined) span.drawn = now;
    if (now < 6000 && span.drawn === undefined) look();
  });
  look();
}, true);
"""


def made_graph(size: int) -> Graph:
    """Return a graph of ``size`` nodes and about 1.4 times as many facts; the same size gives the same graph."""
    documents, entities, facts = [], {}, {}
    owners: list[Entity] = []
    for number in range((size + GROUP - 1) // GROUP):
        place = PLACES[number % 25] + PLACES[number // 25 % 25] + (str(number // 625) if number >= 625 else "")
        document, owner, mine = _document(number, place, min(GROUP, size - number * GROUP), owners)
        documents.append(document)
        owners.append(owner)
        entities |= {e.id: e for e in mine[0]}
        facts |= {f.id: f for f in mine[1]}
    things, said = (tuple(found[i] for i in sorted(found)) for found in (entities, facts))
    return build_graph(Knowledge(tuple(documents), things, said), load_ontology(default_pack()))


def _document(
    number: int, place: str, count: int, owners: list[Entity]
) -> tuple[Document, Entity, tuple[list[Entity], list[Fact]]]:
    name, text = f"{place}集团", f"{place}集团党建工作报告\n\n"
    entities: list[Entity] = []
    facts: list[Fact] = []
    id_ = f"d{number:05}"

    def entity(kind: int, title: str, sentence: str) -> tuple[Entity, int]:
        nonlocal text
        start = len(text) + sentence.index(title)
        type_, subtype, _ = KINDS[kind]
        key = f"{type_.lower()}/{number:05}-{len(entities):03}"
        return Entity(key, type_, title, subtype, mentions=(Located(id_, start, start + len(title), title),)), start

    owner = Entity(f"organization/{number:05}-own", "Organization", name, "Company", mentions=(Located(id_, 0, len(name), name),))
    entities.append(owner)
    for i in range(1, count):
        kind = (0, 0, 1, 2, 0, 3, 2, 0, 4, 1)[i % 10]
        title = place + KINDS[kind][2][i // 3 % len(KINDS[kind][2])] + (f"{i}" if i > 12 else "")
        predicate, verb = VERBS[KINDS[kind][0]]
        sentence = f"{name}{verb}{title}，持续推进各项工作走深走实，取得新的成效。\n"
        thing, at = entity(kind, title, sentence)
        actors = [owner] if i % 5 or len(entities) < 6 else [owner, entities[len(entities) // 2], entities[3]]
        for actor in actors:
            ends = (thing, actor) if predicate == "partOf" else (actor, thing)
            if actor.type == "Organization":
                facts.append(_fact(ends, predicate, id_, text, sentence, at, implied=actor is not owner))
        entities.append(thing)
        text += sentence
    for partner in owners[-3:-1] + owners[number // 2 : number // 2 + 1]:
        sentence = f"{name}与{partner.name}开展结对共建。\n"
        facts.append(_fact((partner, owner), "pairsWith", id_, text, sentence, len(text)))
        text += sentence
    date = f"20{10 + number % 15}-0{1 + number % 9}-15"
    return Document(id_, f"{id_}.txt", text, "0" * 64, title=Span(0, len(name) + 6), date=date), owner, (entities, facts)


def _fact(
    ends: tuple[Entity, Entity], predicate: str, document: str, text: str, sentence: str, at: int, *, implied: bool = False
) -> Fact:
    start = len(text)
    evidence = Evidence(document, start, start + len(sentence) - 1, sentence[:-1], 0.6 + at % 40 / 100, implied, "embedded")
    key = f"{ends[0].id}-{predicate}-{ends[1].id}"
    return Fact(key, ends[0].id, predicate, ends[1].id, (evidence,), implied, evidence.confidence)


def plain_pyvis(graph: Graph) -> float:
    """Return the seconds that pyvis itself takes for its page."""
    from pyvis.network import Network

    begun = time.perf_counter()
    net = Network(height="900px", width="100%", directed=True, cdn_resources="in_line")
    for node, record in graph.nodes(data=True):
        net.add_node(node, label=record["label"], title=record["label"])
    for subject, object_, record in graph.edges(data=True):
        net.add_edge(subject, object_, title=record["predicate"])
    net.generate_html()
    return time.perf_counter() - begun


def in_browser(page: Path, *, clicks: int = 12) -> dict[str, float]:
    """Open ``page`` and click on nodes; milliseconds."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    with tempfile.TemporaryDirectory() as profile:
        for argument in (*CHROMIUM, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        try:
            driver.set_script_timeout(60)
            driver.get("about:blank")
            driver.get(page.as_uri())
            paint = driver.execute_async_script(
                "const done=arguments[0],seen=document.documentElement.dataset,"
                "see=()=>seen.painted?done(+seen.painted):setTimeout(see,20);see()"
            )
            time.sleep(1.5)
            driver.execute_script(WATCH)
            return {"paint": paint, **_clicked(driver, clicks)}
        finally:
            driver.quit()


def _clicked(driver: Any, clicks: int) -> dict[str, float]:
    from selenium.webdriver.common.actions.action_builder import ActionBuilder

    ids = driver.execute_script("return knowledgeGraph.shown()")
    rng_step = max(1, len(ids) // (clicks * 40))
    done = 0
    for id_ in ids[::rng_step]:
        at = driver.execute_script("return knowledgeGraph.positionOf(arguments[0])", id_)
        # A node under the panel or at the rim is not clicked.
        if not at or not (300 < at["x"] < 1000 and 120 < at["y"] < 780):
            continue
        action = ActionBuilder(driver)
        action.pointer_action.move_to_location(round(at["x"]), round(at["y"])).click()
        action.perform()
        time.sleep(0.9)
        done += 1
        if done == clicks:
            break
    spans = driver.execute_script("return window.spans")[1:]
    found = {name: [s[name] for s in spans if name in s] for name in ("panel", "drawn")}
    return {name: statistics.median(values) for name, values in found.items() if values}


def stage(nodes: int, folder: Path, *, beside: bool, browser: bool) -> dict[str, float]:
    """Measure one size; a process of its own keeps pyvis' import and memory apart."""
    graph = made_graph(nodes)
    ontology = load_ontology(default_pack())
    import pyvis.network  # noqa: F401 (half a second of imports that belongs to neither)

    begun = time.perf_counter()
    write_html(graph, ontology, folder, base_iri=DEFAULT_BASE)
    found = {"nodes": len(graph), "facts": graph.number_of_edges(), "made": time.perf_counter() - begun}
    found["bytes"] = (folder / "graph.html").stat().st_size
    if beside:
        found["pyvis"] = plain_pyvis(graph)
    return found | (in_browser(folder / "graph.html") if browser else {})


def main() -> None:
    """Measure every size in a process of its own and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[500, 2000, 10_000, 50_000])
    parser.add_argument("--pyvis", type=int, default=10_000, help="largest graph that plain pyvis is given")
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--stage", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stage:
        found = stage(given.stage, given.folder, beside=given.stage <= given.pyvis, browser=not given.no_browser)
        sys.stdout.write(json.dumps(found))
        return
    sys.stdout.write("nodes   facts  made s  pyvis s  ratio  page MB  MB allowed  paint ms  panel ms  drawn ms\n")
    for nodes in given.nodes:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "benchmarks.page", "--stage", str(nodes), "--folder", folder]
            command += ["--pyvis", str(given.pyvis), *(["--no-browser"] if given.no_browser else [])]
            row = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        beside = f"{row['pyvis']:7.1f} {row['made'] / row['pyvis']:6.2f}" if "pyvis" in row else "      –      –"
        browser = "".join(f"{row[name]:10.0f}" if name in row else "         –" for name in ("paint", "panel", "drawn"))
        size = f"{row['bytes'] / 1e6:8.2f} {3 + row['nodes'] / 1000:11.1f}"
        sys.stdout.write(f"{row['nodes']:6} {row['facts']:7} {row['made']:7.2f}  {beside} {size}{browser}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
