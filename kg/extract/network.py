"""A small convolutional network over the states of the lexical analyser, whose label probabilities are averaged with the chain's.

The analyser has read far more text than there are annotated documents: its last layer knows words that a chain over hashed
features has never met. The network sees that layer, the tag probabilities, the registry's names and the character itself,
mixes each character with its neighbours in four dilated convolutions (fifteen characters to either side), and says a label. It
is an ONNX graph of some hundred thousand weights, run on one thread, so that the same text gives the same numbers.

Yu and Koltun 2016 (dilated convolutions); Strubell et al. 2017 (the same for named entities).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.errors import PackError
from kg.extract.analysis import Analysis
from kg.extract.encoder import lexical_input
from kg.extract.layers import Drawing, in_stretches
from kg.extract.sessions import facts_of, session_of

F32 = NDArray[np.float32]

FILE = "network.onnx"
FORMAT = "kg-network-1"
UNKNOWN = 0


@dataclass(frozen=True, slots=True)
class Network:
    """A loaded network: its session, the number of each character it knows, and its labels."""

    session: Any
    numbers: Mapping[str, int]
    labels: tuple[str, ...]


def characters(text: str, numbers: Mapping[str, int]) -> NDArray[np.int64]:
    """The number of each character; ``UNKNOWN`` for one that training hardly saw."""
    return np.fromiter((numbers.get(character, UNKNOWN) for character in text), np.int64, len(text))


def posterior(reading: Analysis, network: Network) -> F32:
    """Probability of every label at every character (n × labels).

    A long text is read in stretches that overlap by what a character can see, so that the result does not depend on them.
    """
    known = characters(reading.text, network.numbers)
    inputs: dict[str, NDArray[Any]] = {"lexical": lexical_input(reading, network.labels), "known": known}
    return in_stretches(network.session, inputs, columns=len(network.labels))


def load_network(path: Path, labels: Sequence[str]) -> Network:
    """Load a pack's network.

    Raises:
        PackError: it cannot be read, or was made for other types than the pack's.
    """
    try:
        return open_network(path.read_bytes(), labels)
    except PackError as error:
        raise PackError(f"{path}: {error}; make it anew with `kg train`") from error
    except OSError as error:
        raise PackError(f"{path}: not readable ({error.strerror}); make it anew with `kg train`") from error


def open_network(model: bytes, labels: Sequence[str]) -> Network:
    """Open a network from the bytes of its file, on one thread; raises as ``load_network``."""
    session = session_of(model)
    facts = facts_of(session, form=FORMAT, labels=labels)
    return Network(session, {character: at for at, character in enumerate(facts["characters"], UNKNOWN + 1)}, tuple(labels))


def graph_of(weights: Mapping[str, F32], known: str, labels: Sequence[str]) -> bytes:
    """The ONNX file of a network.

    Args:
        weights: ``lexical.w`` (inputs × width), ``known.w`` (known characters + 1 × width), ``lexical.b``; for each dilation
            ``norm{d}.w``, ``norm{d}.b``, ``mix{d}.w`` (3 · width × width), ``mix{d}.b``; ``out.w``, ``out.b``.
        known: the characters, in the order of their numbers.
        labels: the labels, in the order of the outputs.
    """
    drawing = Drawing(weights)
    seen = drawing.sum(drawing.op("MatMul", "lexical", "lexical.w"), drawing.op("Gather", "known.w", "known", axis=0),
        "lexical.b")  # fmt: skip
    state = drawing.convolved(drawing.op("Relu", seen))
    chances = drawing.op("Softmax", drawing.sum(drawing.op("MatMul", state, "out.w"), "out.b"), axis=-1)
    facts = {"format": FORMAT, "labels": "\n".join(labels), "characters": known}
    inputs = {"lexical": (float, weights["lexical.w"].shape[0]), "known": (int, None)}
    return drawing.model(inputs, (chances, len(labels)), facts)
