"""Writes the accurate tagger as one ONNX file: the graph by hand, matrices in 8 bits, vocabulary and labels as metadata.

Embeddings are kept as signed bytes with a scale for each row. The matrices of the encoder and the head are unsigned bytes with a
scale for each column, against activations scaled at run time; unsigned by unsigned is exact on processors with and without
dot-product instructions.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from benchmarks.e5_weights import HEADS, HIDDEN, Pretrained
from kg.extract.encoder import FORMAT

F32 = NDArray[np.float32]


class Graph:
    """Collects nodes and constants; every method returns the name of what it made."""

    def __init__(self) -> None:
        """Begin empty."""
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def const(self, name: str, value: NDArray[Any]) -> str:
        """Add a constant once."""
        if all(c.name != name for c in self.constants):
            self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output."""
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def linear(self, x: str, name: str, weight: F32, bias: F32) -> str:
        """``x @ weight.T + bias``; weight as PyTorch keeps it."""
        product = self.op("MatMul", x, self.const(f"{name}.w", weight.T.astype(np.float32)))
        return self.op("Add", product, self.const(f"{name}.b", bias.astype(np.float32)))

    def norm(self, x: str, name: str, weight: F32, bias: F32) -> str:
        """Layer normalisation over the last axis."""
        scale, shift = self.const(f"{name}.w", weight), self.const(f"{name}.b", bias)
        return self.op("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-12)

    def ints(self, *values: int) -> str:
        """A constant list of integers."""
        return self.const("ints_" + "_".join(map(str, values)), np.array(values, np.int64))

    def rows(self, table: F32, numbers: str) -> str:
        """Rows of the embedding table, kept in 8 bits."""
        scale = np.maximum(np.abs(table).max(1, keepdims=True), 1e-8) / 127
        small = self.const("emb.word", np.rint(table / scale).astype(np.int8))
        picked = self.op("Cast", self.op("Gather", small, numbers), to=TensorProto.FLOAT)
        return self.op("Mul", picked, self.op("Gather", self.const("emb.scale", scale.astype(np.float32)), numbers))


def build(state: Mapping[str, Any], base: Pretrained, labels: Sequence[str], *, frozen: int, depth: int) -> onnx.ModelProto:
    """The model in single precision, but for the embeddings."""
    trained = {name: np.asarray(value.detach().cpu().numpy(), np.float32) for name, value in state.items()}
    tensors = dict(base.tensors)
    for number in range(frozen, depth):
        for part in ("q", "k", "v", "ao", "fi", "fo", "aln", "oln"):
            for long, short in (("weight", "w"), ("bias", "b")):
                tensors[f"l{number}.{part}.{short}"] = trained[f"layers.{number - frozen}.{part}.{long}"]
    graph = Graph()
    x = graph.rows(tensors["emb.word"], "tokens")
    length = graph.op("Shape", "tokens")
    places = graph.op("Slice", graph.const("emb.place", tensors["emb.pos"] + tensors["emb.type"][0]), graph.ints(0), length)
    x = graph.norm(graph.op("Add", x, places), "emb.ln", tensors["emb.ln.w"], tensors["emb.ln.b"])
    for number in range(depth):
        x = _layer(graph, x, tensors, f"l{number}")
    chances = _head(graph, x, tensors, trained)
    inputs = [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["t"])]
    inputs += [helper.make_tensor_value_info(name, TensorProto.INT64, ["n"]) for name in ("piece", "inner", "alone")]
    width = trained["join.weight"].shape[1] - HIDDEN - trained["character.weight"].shape[0] - trained["inner.weight"].shape[1]
    inputs.append(helper.make_tensor_value_info("lexical", TensorProto.FLOAT, ["n", width]))
    outputs = [helper.make_tensor_value_info(chances, TensorProto.FLOAT, ["n", len(labels)])]
    made = helper.make_graph(graph.nodes, "accurate", inputs, outputs, graph.constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def _layer(graph: Graph, x: str, tensors: Mapping[str, F32], name: str) -> str:
    scale = float(HIDDEN / HEADS) ** -0.5
    weight = np.concatenate([tensors[f"{name}.q.w"] * scale, tensors[f"{name}.k.w"], tensors[f"{name}.v.w"]])
    bias = np.concatenate([tensors[f"{name}.q.b"] * scale, tensors[f"{name}.k.b"], tensors[f"{name}.v.b"]])
    joint = graph.op("Reshape", graph.linear(x, f"{name}.qkv", weight, bias), graph.ints(0, 3, HEADS, HIDDEN // HEADS))
    q, k, v = (graph.op("Gather", joint, graph.const(f"at_{i}", np.array(i, np.int64)), axis=1) for i in range(3))
    fit = graph.op("MatMul", graph.op("Transpose", q, perm=[1, 0, 2]), graph.op("Transpose", k, perm=[1, 2, 0]))
    seen = graph.op("MatMul", graph.op("Softmax", fit, axis=-1), graph.op("Transpose", v, perm=[1, 0, 2]))
    seen = graph.op("Reshape", graph.op("Transpose", seen, perm=[1, 0, 2]), graph.ints(0, HIDDEN))
    seen = graph.linear(seen, f"{name}.ao", tensors[f"{name}.ao.w"], tensors[f"{name}.ao.b"])
    x = graph.norm(graph.op("Add", x, seen), f"{name}.aln", tensors[f"{name}.aln.w"], tensors[f"{name}.aln.b"])
    inner = graph.op("Gelu", graph.linear(x, f"{name}.fi", tensors[f"{name}.fi.w"], tensors[f"{name}.fi.b"]))
    inner = graph.linear(inner, f"{name}.fo", tensors[f"{name}.fo.w"], tensors[f"{name}.fo.b"])
    return graph.norm(graph.op("Add", x, inner), f"{name}.oln", tensors[f"{name}.oln.w"], tensors[f"{name}.oln.b"])


def _head(graph: Graph, x: str, tensors: Mapping[str, F32], trained: Mapping[str, F32]) -> str:
    single = graph.rows(tensors["emb.word"], "alone")
    single = graph.linear(single, "character", trained["character.weight"], trained["character.bias"])
    inner = graph.op("Gather", graph.const("inner.table", trained["inner.weight"]), "inner")
    joined = graph.op("Concat", graph.op("Gather", x, "piece"), single, inner, "lexical", axis=-1)
    joined = graph.op("Gelu", graph.linear(joined, "join", trained["join.weight"], trained["join.bias"]))
    size = trained["lstm.weight_hh_l0"].shape[1]

    def gates(value: F32) -> F32:
        i, f, g, o = np.split(value, 4)
        return np.concatenate([i, o, f, g])

    weight, again, bias, more = (
        np.stack([gates(trained[f"lstm.{name}_l0{way}"]) for way in ("", "_reverse")])
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    states = graph.op(
        "LSTM",
        graph.op("Unsqueeze", joined, graph.ints(1)),
        graph.const("lstm.w", weight),
        graph.const("lstm.r", again),
        graph.const("lstm.b", np.concatenate([bias, more], 1)),
        hidden_size=size,
        direction="bidirectional",
    )
    states = graph.op("Reshape", states, graph.ints(0, 2 * size))
    return graph.op("Softmax", graph.linear(states, "out", trained["out.weight"], trained["out.bias"]), axis=-1)


def write_model(
    path: Path, state: Mapping[str, Any], base: Pretrained, labels: Sequence[str], *, frozen: int, depth: int, small: bool = True
) -> None:
    """Write the model, in 8 bits unless ``small`` is false."""
    model = build(state, base, labels, frozen=frozen, depth=depth)
    onnx.checker.check_model(model)
    if small:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
            onnx.save(model, str(source))
            kinds = {"op_types_to_quantize": ["MatMul"], "weight_type": QuantType.QUInt8}
            quantize_dynamic(str(source), str(target), per_channel=True, **kinds)
            model = onnx.load(str(target))
    rows = "\n".join(f"{piece}\t{score:.4f}" for piece, score in zip(base.pieces, base.scores, strict=True))
    helper.set_model_props(model, {"format": FORMAT, "labels": "\n".join(labels), "vocabulary": rows})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
