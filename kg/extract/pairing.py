"""A network that judges pairs of mentions by what the analyser makes of the text in and around them.

The ranker of ``kg.extract.relations`` counts words that it has met; this network reads states that know words of which the
annotated documents have none. Convolutions over the characters, the marks of all mentions and the trigger words give each
character a state; a pair is the greatest values of these states over the first mention, the second, the text between them,
before the first and after the second, beside a few plain facts (kinds, distance, how the first one is carried here). A small
classifier says the chance of each relation, which is averaged with the ranker's.

Max pooling over the parts around two mentions: Zeng et al. 2015 (piecewise convolutional networks for relations).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg.errors import PackError
from kg.extract.analysis import Analysis
from kg.extract.crf import bioes
from kg.extract.encoder import lexical_input
from kg.extract.layers import Drawing, in_stretches
from kg.extract.network import characters
from kg.extract.relations import Candidate, Place
from kg.extract.sessions import facts_of, session_of

F32 = NDArray[np.float32]
Ints = NDArray[np.int64]

STATES, PAIRS = "relations-states.onnx", "relations-pairs.onnx"
FORMAT = "kg-pairs-1"
PARTS = 5
"""The stretches whose greatest values describe a pair."""

_BEFORE, _AFTER = 10, 14
_DISTANCES = 12
_FEW = 3
_FORBIDDEN = np.float32(-1e9)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the network has numbers for; number 0 is for what is unknown or absent."""

    characters: str
    kinds: tuple[str, ...]
    subtypes: tuple[str, ...]
    cues: tuple[str, ...]
    reasons: tuple[str, ...]
    classes: tuple[str, ...]

    def sizes(self) -> tuple[int, ...]:
        """How many values each trait of a pair has."""
        subtypes = len(self.subtypes) + 1
        return (len(self.reasons) + 1, len(self.kinds) ** 2, _DISTANCES, 2, subtypes, subtypes, _FEW + 1)


@dataclass(frozen=True, slots=True)
class PairNetwork:
    """A loaded network: states of characters, chances of pairs, and what it has numbers for."""

    states: Any
    pairs: Any
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True)
class Scene:
    """What the network sees of a document of n characters and p pairs.

    ``lexical`` (n × inputs), ``known``, ``kinds`` and ``subtypes`` (n), ``cues`` (n × cues); ``ranges`` (p × 10: start and end
    of each part), ``traits`` (p × 7), ``closed`` (p × classes: 0 where a class is possible, a great negative number elsewhere).
    """

    lexical: F32
    known: Ints
    kinds: Ints
    subtypes: Ints
    cues: F32
    ranges: Ints
    traits: Ints
    closed: F32


def scene(reading: Analysis, places: Sequence[Place], pairs: Sequence[Candidate], vocabulary: Vocabulary) -> Scene:
    """Lay out a document and its candidate pairs (at least one)."""
    kinds = {kind: at for at, kind in enumerate(vocabulary.kinds)}
    subtypes = {name: at for at, name in enumerate(vocabulary.subtypes, 1)}
    reasons = {name: at for at, name in enumerate(vocabulary.reasons, 1)}
    marked, finer = _marks(len(reading.text), places, kinds, subtypes)
    told = _told(places, pairs, kinds, subtypes, reasons)
    ranges = _ranges(told, len(reading.text))
    starts = np.array(sorted(place.start for place in places))
    inside = np.searchsorted(starts, ranges[:, 5]) - np.searchsorted(starts, ranges[:, 4])
    numbers = {character: at for at, character in enumerate(vocabulary.characters, 1)}
    return Scene(lexical_input(reading, bioes(vocabulary.kinds)), characters(reading.text, numbers), marked, finer,
        _cues(reading, vocabulary.cues), ranges, _traits(told, ranges, inside, len(kinds)),
        _closed(pairs, len(vocabulary.classes)))  # fmt: skip


def _marks(length: int, places: Sequence[Place], kinds: Mapping[str, int], subtypes: Mapping[str, int]) -> tuple[Ints, Ints]:
    """The kind and the subtype of the shortest mention at each character; a mention's first character has its own number."""
    marked, finer = np.zeros(length, np.int64), np.zeros(length, np.int64)
    for place in sorted(places, key=lambda p: (p.start - p.end, p.start, p.entity)):
        number = 2 * kinds.get(place.type, 0)
        marked[place.start : place.end] = number + 2
        marked[place.start] = number + 1
        finer[place.start : place.end] = subtypes.get(place.subtype, 0)
    return marked, finer


def _cues(reading: Analysis, names: Sequence[str]) -> F32:
    number = {name: at for at, name in enumerate(names)}
    out = np.zeros((len(reading.text), len(names)), np.float32)
    for table in (reading.triggers, reading.markers):
        for start, (end, said) in table.items():
            for name in said:
                if name in number:
                    out[start:end, number[name]] = 1
    return out


class _Told(NamedTuple):
    """What is known of p pairs, as columns (p): both mentions, the sentence's start, and how the first one is carried here."""

    a: Ints
    a_end: Ints
    b: Ints
    b_end: Ints
    sentence: Ints
    reason: Ints
    kind: Ints
    first: Ints
    second: Ints
    carried: NDArray[np.bool_]


def _told(places: Sequence[Place], pairs: Sequence[Candidate], kinds: Mapping[str, int], subtypes: Mapping[str, int],
    reasons: Mapping[str, int]) -> _Told:  # fmt: skip
    first = np.fromiter((pair.first for pair in pairs), np.int64, len(pairs))
    second = np.fromiter((pair.second for pair in pairs), np.int64, len(pairs))
    start = np.array([place.start for place in places], np.int64)
    end = np.array([place.end for place in places], np.int64)
    kind = np.array([kinds.get(place.type, 0) for place in places], np.int64)
    finer = np.array([subtypes.get(place.subtype, 0) for place in places], np.int64)
    return _Told(
        a=start[first], a_end=end[first], b=start[second], b_end=end[second],
        sentence=np.fromiter((pair.sentence[0] for pair in pairs), np.int64, len(pairs)),
        reason=np.fromiter((reasons.get(pair.carried, 0) for pair in pairs), np.int64, len(pairs)),
        kind=kind[first] * len(kinds) + kind[second], first=finer[first], second=finer[second],
        carried=np.fromiter((bool(pair.carried) for pair in pairs), np.bool_, len(pairs)),
    )  # fmt: skip


def _ranges(told: _Told, length: int) -> Ints:
    """The parts of each pair: first mention, second, between them, before the first, after the second; none is empty."""
    nested = ~told.carried & (told.b < told.a_end)
    start = np.where(told.carried, told.sentence, np.where(nested, told.a, told.a_end))
    end = np.minimum(np.maximum(np.where(nested, told.a_end, told.b), start + 1), length)
    after = np.minimum(told.b_end, length - 1)
    last = np.maximum(after + 1, np.minimum(length, told.b_end + _AFTER))
    return np.stack([told.a, told.a_end, told.b, told.b_end, np.minimum(start, end - 1), end, np.maximum(0, told.a - _BEFORE),
        np.maximum(told.a, 1), after, last], 1)  # fmt: skip


def _traits(told: _Told, ranges: Ints, inside: Ints, kinds: int) -> Ints:
    """Plain facts of each pair, as numbers below ``Vocabulary.sizes``; ``inside`` counts the mentions between the two."""
    distance = ranges[:, 5] - ranges[:, 4]
    far = np.minimum(_FEW + np.frexp(distance)[1].astype(np.int64) - 1, _DISTANCES - 1)
    nested = (~told.carried & (told.b < told.a_end)).astype(np.int64)
    return np.stack([told.reason, told.kind, np.where(distance <= _FEW, distance, far), nested, told.first, told.second,
        np.minimum(inside, _FEW) * (1 - nested)], 1)  # fmt: skip


def _closed(pairs: Sequence[Candidate], classes: int) -> F32:
    """0 where a class is possible, a great negative number elsewhere (pairs × classes)."""
    kept = sorted({pair.example.possible for pair in pairs})
    row = {possible: at for at, possible in enumerate(kept)}
    table = np.full((len(kept), classes), _FORBIDDEN, np.float32)
    for possible, at in row.items():
        table[at, list(possible)] = 0
    return table[[row[pair.example.possible] for pair in pairs]]


def judged(reading: Analysis, places: Sequence[Place], pairs: Sequence[Candidate], network: PairNetwork) -> F32:
    """Probability of every class for each pair (pairs × classes); impossible ones are 0."""
    if not pairs:
        return np.zeros((0, len(network.vocabulary.classes)), np.float32)
    seen = scene(reading, places, pairs, network.vocabulary)
    inputs: dict[str, NDArray[Any]] = {name: getattr(seen, name) for name in ("lexical", "known", "kinds", "subtypes", "cues")}
    width = network.states.get_outputs()[0].shape[1]
    states = in_stretches(network.states, inputs, columns=width)
    (chances,) = network.pairs.run(None, {"parts": pooled(states, seen.ranges), "traits": seen.traits, "closed": seen.closed})
    return np.asarray(chances, np.float32)


def pooled(states: F32, ranges: Ints) -> F32:
    """The greatest value of each column over each part (p × parts · columns) of ``states`` (n × columns).

    A part of any length is covered by two stretches of the same power of two, whose greatest values are made once for all parts.
    """
    parts, back = np.unique(ranges.reshape(-1, 2), axis=0, return_inverse=True)
    level = np.frexp(parts[:, 1] - parts[:, 0])[1] - 1
    best = np.empty((len(parts), states.shape[1]), np.float32)
    for k in range(int(level.max()) + 1):
        here = np.flatnonzero(level == k)
        best[here] = np.maximum(states[parts[here, 0]], states[parts[here, 1] - 2**k])
        states = np.maximum(states[: -(2**k)], states[2**k :])
    out: F32 = best[back.reshape(-1)].reshape(len(ranges), -1)
    return out


def load_pairs(folder: Path, *, kinds: Sequence[str], classes: Sequence[str]) -> PairNetwork:
    """Load the two files of a pack's network from its folder of models.

    Raises:
        PackError: a file cannot be read, or was made for other types or predicates than the pack's.
    """
    try:
        return open_pairs((folder / STATES).read_bytes(), (folder / PAIRS).read_bytes(), kinds=kinds, classes=classes)
    except PackError as error:
        raise PackError(f"{folder / PAIRS}: {error}; make it anew with `kg train`") from error
    except OSError as error:
        raise PackError(f"{error.filename}: not readable ({error.strerror}); make it anew with `kg train`") from error


def open_pairs(states: bytes, pairs: bytes, *, kinds: Sequence[str], classes: Sequence[str]) -> PairNetwork:
    """Open a network from the bytes of its files, on one thread; raises as ``load_pairs``."""
    opened = session_of(pairs)
    facts = facts_of(opened, form=FORMAT, labels=classes)
    data = json.loads(facts["vocabulary"])
    tables = {name: tuple(value) for name, value in data.items() if name != "characters"}
    vocabulary = Vocabulary(characters=data["characters"], **tables)
    if vocabulary.kinds != tuple(kinds):
        raise PackError("the model's types are not the pack's")
    return PairNetwork(session_of(states), opened, vocabulary)


def graphs_of(weights: Mapping[str, F32], vocabulary: Vocabulary) -> tuple[bytes, bytes]:
    """The two ONNX files of a network.

    Args:
        weights: ``lexical.w`` (inputs × width), ``lexical.b``, ``known.w``, ``kinds.w``, ``subtypes.w`` and ``cues.w``, each
            (numbers × width), the convolutions' (see ``kg.learn.layers``); ``trait{i}.w``, ``deep.w``, ``deep.b``, ``out.w``,
            ``out.b``.
        vocabulary: what the numbers mean.
    """
    facts = {
        "format": FORMAT, "labels": "\n".join(vocabulary.classes),
        "vocabulary": json.dumps(asdict(vocabulary), ensure_ascii=False, sort_keys=True),
    }  # fmt: skip
    heads = ("trait", "deep.", "out.")
    drawing = Drawing({name: value for name, value in weights.items() if not name.startswith(heads)})
    tables = [drawing.op("Gather", f"{name}.w", name, axis=0) for name in ("known", "kinds", "subtypes")]
    seen = drawing.sum(drawing.op("MatMul", "lexical", "lexical.w"), *tables, drawing.op("MatMul", "cues", "cues.w"), "lexical.b")
    state = drawing.convolved(drawing.op("Relu", seen))
    wide, width = weights["lexical.w"].shape
    states = drawing.model({"lexical": (float, wide), "known": (int, None), "kinds": (int, None), "subtypes": (int, None),
        "cues": (float, len(vocabulary.cues))}, (state, width), facts)  # fmt: skip
    drawing = Drawing({name: value for name, value in weights.items() if name.startswith(heads)})
    traits = [drawing.op("Gather", f"trait{at}.w", drawing.op("Gather", "traits", drawing.number(at), axis=1), axis=0)
        for at in range(len(vocabulary.sizes()))]  # fmt: skip
    seen = drawing.op("Concat", "parts", *traits, axis=1)
    deep = drawing.op("Relu", drawing.sum(drawing.op("MatMul", seen, "deep.w"), "deep.b"))
    chances = drawing.op("Softmax", drawing.sum(drawing.op("MatMul", deep, "out.w"), "out.b", "closed"), axis=-1)
    count = len(vocabulary.classes)
    pairs = drawing.model({"parts": (float, PARTS * width), "traits": (int, len(vocabulary.sizes())), "closed": (float, count)},
        (chances, count), facts)  # fmt: skip
    return states, pairs
