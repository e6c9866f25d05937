"""The layers that the small networks share: convolutions of growing dilation over the characters of a text, drawn as ONNX.

Every network here reads the analyser's states through one linear layer and mixes each character with its neighbours. Yu and
Koltun 2016 (dilated convolutions); Strubell et al. 2017 (the same for named entities).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

DILATIONS = (1, 2, 4, 8)
EPSILON = 1e-5
HALO = sum(DILATIONS)
"""How far a character sees to either side."""

STRETCH = 8192
"""Characters that are read at once."""


class Drawing:
    """An ONNX graph while it is drawn: its weights, and its operations in order."""

    def __init__(self, weights: Mapping[str, F32]) -> None:
        """Begin with the weights, by the names that operations call them by."""
        from onnx import numpy_helper

        self._constants = [numpy_helper.from_array(np.ascontiguousarray(w, np.float32), name) for name, w in weights.items()]
        self._nodes: list[Any] = []

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add an operation and return the name of its result."""
        from onnx import helper

        name = f"{kind}{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def numbers(self, *values: int) -> str:
        """The name of a constant list of whole numbers."""
        from onnx import numpy_helper

        name = "i" + "_".join(map(str, values))
        if all(constant.name != name for constant in self._constants):
            self._constants.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def number(self, value: int) -> str:
        """The name of a constant whole number."""
        from onnx import numpy_helper

        name = f"n{value}"
        if all(constant.name != name for constant in self._constants):
            self._constants.append(numpy_helper.from_array(np.array(value, np.int64), name))
        return name

    def sum(self, *inputs: str) -> str:
        """Add up results."""
        total = inputs[0]
        for other in inputs[1:]:
            total = self.op("Add", total, other)
        return total

    def convolved(self, state: str) -> str:
        """Mix rows with their neighbours: normalise, convolve, rectify and add, once for each dilation."""
        for d in DILATIONS:
            level = self.op("LayerNormalization", state, f"norm{d}.w", f"norm{d}.b", axis=-1, epsilon=EPSILON)
            padded = self.op("Pad", level, self.numbers(d, 0, d, 0))
            before = self.op("Slice", padded, self.numbers(0), self.numbers(-2 * d), self.numbers(0))
            after = self.op("Slice", padded, self.numbers(2 * d), self.numbers(2**62), self.numbers(0))
            mixed = self.op("MatMul", self.op("Concat", before, level, after, axis=1), f"mix{d}.w")
            state = self.op("Add", state, self.op("Relu", self.op("Add", mixed, f"mix{d}.b")))
        return state

    def model(self, inputs: Mapping[str, tuple[type, int | None]], result: tuple[str, int], facts: Mapping[str, str]) -> bytes:
        """Finish the graph.

        Args:
            inputs: for each input the kind of its numbers (``float`` or ``int``) and its columns (``None`` for a plain list).
            result: the name of the result and its columns.
            facts: what the file says of itself.
        """
        import onnx
        from onnx import TensorProto, helper

        kinds = {float: TensorProto.FLOAT, int: TensorProto.INT64}
        given = [helper.make_tensor_value_info(name, kinds[kind], ["n"] if wide is None else ["n", wide])
            for name, (kind, wide) in inputs.items()]  # fmt: skip
        shown = helper.make_tensor_value_info(result[0], TensorProto.FLOAT, ["n", result[1]])
        graph = helper.make_graph(self._nodes, "network", given, [shown], self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        helper.set_model_props(model, dict(facts))
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))


def in_stretches(session: Any, inputs: Mapping[str, NDArray[Any]], *, columns: int) -> F32:
    """Run a convolution over a text in stretches that overlap by what a character sees, so that it does not depend on them."""
    n = len(next(iter(inputs.values())))
    out = np.zeros((n, columns), np.float32)
    for start in range(0, n, STRETCH):
        end = min(n, start + STRETCH)
        low, high = max(0, start - HALO), min(n, end + HALO)
        (result,) = session.run(None, {name: values[low:high] for name, values in inputs.items()})
        out[start:end] = result[start - low : end - low]
    return out
