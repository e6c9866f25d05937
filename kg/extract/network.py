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
from kg.extract.sessions import facts_of, session_of

F32 = NDArray[np.float32]

FILE = "network.onnx"
FORMAT = "kg-network-1"
DILATIONS = (1, 2, 4, 8)
UNKNOWN = 0
EPSILON = 1e-5
_HALO = sum(DILATIONS)
_STRETCH = 8192


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
    n = len(reading.text)
    known = characters(reading.text, network.numbers)
    out = np.zeros((n, len(network.labels)), np.float32)
    for start in range(0, n, _STRETCH):
        end = min(n, start + _STRETCH)
        low, high = max(0, start - _HALO), min(n, end + _HALO)
        (chances,) = network.session.run(None, {"lexical": lexical_input(reading, network.labels, low, high), "known": known[low:high]})
        out[start:end] = chances[start - low : end - low]
    return out


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
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    constants = [numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name) for name, value in weights.items()]
    nodes: list[Any] = []

    def op(kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def numbers(*values: int) -> str:
        name = "i" + "_".join(map(str, values))
        if all(c.name != name for c in constants):
            constants.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    seen = op("Add", op("MatMul", "lexical", "lexical.w"), op("Gather", "known.w", "known", axis=0))
    state = op("Relu", op("Add", seen, "lexical.b"))
    for d in DILATIONS:
        level = op("LayerNormalization", state, f"norm{d}.w", f"norm{d}.b", axis=-1, epsilon=EPSILON)
        padded = op("Pad", level, numbers(d, 0, d, 0))
        before = op("Slice", padded, numbers(0), numbers(-2 * d), numbers(0))
        after = op("Slice", padded, numbers(2 * d), numbers(2**62), numbers(0))
        mixed = op("MatMul", op("Concat", before, level, after, axis=1), f"mix{d}.w")
        state = op("Add", state, op("Relu", op("Add", mixed, f"mix{d}.b")))
    chances = op("Softmax", op("Add", op("MatMul", state, "out.w"), "out.b"), axis=-1)
    wide = weights["lexical.w"].shape[0]
    graph = helper.make_graph(
        nodes, "network",
        [helper.make_tensor_value_info("lexical", TensorProto.FLOAT, ["n", wide]),
         helper.make_tensor_value_info("known", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info(chances, TensorProto.FLOAT, ["n", len(labels)])], constants,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"format": FORMAT, "labels": "\n".join(labels), "characters": known})
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
