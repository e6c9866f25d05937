"""Fits the two taggers, chain and network, on groups of lessons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor

from kg.extract.crf import Chain
from kg.learn.classroom import present
from kg.learn.train import fit_tagger, tagging_material
from kg.ontology import types

COPIES = 2


def fit_taggers(room: Executor, groups: Sequence[Sequence[int]], *, say: Callable[[str], None]) -> Iterator[tuple[Chain, bytes]]:
    """Yield for each group of lessons (their numbers) the chain and the network, as an ONNX file, that were fitted on it.

    Args:
        room: a classroom's processes.
        groups: numbers of lessons.
        say: told what is going on, a line at a time.
    """
    running = [room.submit(_fit, list(group)) for group in groups]
    for number, future in enumerate(running):
        say(f"taggers: {number} of {len(groups)} fitted")
        yield future.result()


def _fit(group: Sequence[int]) -> tuple[Chain, bytes]:
    from kg.learn.network import fit_network, known_characters, rounds, windows

    lessons, school = present()
    chosen = [lessons[at] for at in group]
    kinds = types(school.ontology)
    plain, *copies = tagging_material(chosen, school.pack, kinds, copies=COPIES)
    chain = fit_tagger([*plain, *copies[0]], school.pack, kinds)
    known = known_characters([item.document.text for item in chosen])
    numbers = {character: at for at, character in enumerate(known, 1)}
    read = [[w for reading, gold in part for w in windows(reading, gold, chain.labels, numbers)] for part in (plain, *copies)]
    return chain, fit_network(list(rounds(read[0], read[1:])), known, chain.labels)
