"""The accurate tagger: a fine-tuned multilingual-e5-small on ONNX Runtime, read together with the lexical analysis.

A window of some sentences is cut into the encoder's pieces, none of which crosses a word of the lexical analysis; every character
then gets the state of its piece, its own embedding, its place in the piece, the analyser's state and scores, and what the
registry says. One file holds the graph, the vocabulary and the labels. Windows are run one by one: nothing depends on batches.

Wang et al. 2024 (multilingual E5); Kudo 2018 (unigram pieces).
"""

from __future__ import annotations

import itertools
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.errors import PackError
from kg.extract.analysis import Analysis
from kg.extract.lexical import Lexed
from kg.extract.sessions import facts_of, session_of

FILE = "accurate.onnx"
FORMAT = "1"
WINDOW = 320
"""Longest window, in code points, when sentences are put together; a single analysed piece is never longer than that."""

LONGEST = 8
BEGIN, END, UNKNOWN, SPACE = 0, 1, 2, 3
SPECIAL = ("<s>", "</s>", "<unk>", "▁")
_UNKNOWN_SCORE = -30.0

Ints = NDArray[np.int64]
F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The encoder's pieces: number and log-probability of each; ``SPECIAL`` come first."""

    numbers: Mapping[str, int]
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Encoder:
    """A loaded accurate tagger."""

    session: Any
    vocabulary: Vocabulary
    labels: tuple[str, ...]
    cut: Callable[[str], tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class Window:
    """What the encoder reads of the characters ``[start, end)``.

    ``tokens`` are piece numbers with ``BEGIN`` and ``END`` around them; ``piece`` is each character's place in
    ``tokens``, ``inner`` its place in its piece (0 … 15), ``alone`` the number of the character by itself.
    """

    start: int
    end: int
    tokens: Ints
    piece: Ints
    inner: Ints
    alone: Ints


def vocabulary(pieces: Sequence[str], scores: Sequence[float]) -> Vocabulary:
    """Index pieces in their order; a special piece has no score and is never found in a text, but for the space."""
    return Vocabulary(
        numbers={piece: number for number, piece in enumerate(pieces)},
        scores={piece: score for piece, score in zip(pieces[SPACE:], scores[SPACE:], strict=True)},
    )


def cutter(words: Vocabulary) -> Callable[[str], tuple[tuple[int, int], ...]]:
    """A function that cuts a word into ``(piece number, code points)`` by the best unigram segmentation, and remembers it."""

    @lru_cache(maxsize=65536)
    def cut(word: str) -> tuple[tuple[int, int], ...]:
        folded = "".join(fold(character, words) for character in word)
        best = [0.0] + [-1e30] * len(folded)
        back = [(UNKNOWN, 1)] * (len(folded) + 1)
        for at in range(len(folded)):
            for end in range(at + 1, min(at + LONGEST, len(folded)) + 1):
                score = words.scores.get(folded[at:end])
                if score is None:
                    if end > at + 1:
                        continue
                    score = _UNKNOWN_SCORE
                if best[at] + score > best[end]:
                    best[end] = best[at] + score
                    back[end] = (words.numbers.get(folded[at:end], UNKNOWN), end - at)
        out = []
        at = len(folded)
        while at > 0:
            out.append(back[at])
            at -= back[at][1]
        return tuple(reversed(out))

    return cut


def fold(character: str, words: Vocabulary) -> str:
    """One character for one: spaces are one piece, full-width forms and look-alikes are as the encoder knows them."""
    if character.isspace():
        return SPECIAL[SPACE]
    if character in words.scores:
        return character
    wide = unicodedata.normalize("NFKC", character)
    return wide if len(wide) == 1 else character


def windows(text: str, lexed: Lexed, words: Vocabulary, cut: Callable[[str], tuple[tuple[int, int], ...]]) -> list[Window]:
    """Put analysed pieces together to windows that cover the text without gaps."""
    bounds: list[tuple[int, int]] = []
    for start, end in lexed.pieces:
        if bounds and end - bounds[-1][0] <= WINDOW:
            bounds[-1] = (bounds[-1][0], end)
        else:
            bounds.append((start, end))
    word_starts = np.flatnonzero(lexed.begin).tolist()
    out = []
    at = 0
    for start, end in bounds:
        tokens, piece, inner = [BEGIN], [], []
        while at < len(word_starts) and word_starts[at] < end:
            stop = word_starts[at + 1] if at + 1 < len(word_starts) else len(text)
            for number, size in cut(text[word_starts[at] : stop]):
                piece += [len(tokens)] * size
                inner += [min(k, 3) * 4 + min(size - 1 - k, 3) for k in range(size)]
                tokens.append(number)
            at += 1
        tokens.append(END)
        alone = [words.numbers.get(fold(character, words), UNKNOWN) for character in text[start:end]]
        out.append(Window(start, end, *(np.array(row, np.int64) for row in (tokens, piece, inner, alone))))
    return out


def lexical_input(reading: Analysis, labels: Sequence[str], low: int = 0, high: int | None = None) -> F32:
    """What a network reads of the characters ``[low, high)`` (all of them) beside themselves, side by side.

    The analyser's state, tag probabilities and word starts, and the registry's names as labels. A part of a text at a time: a
    row has some hundred numbers.
    """
    lexed, high = reading.lexed, len(reading.text) if high is None else high
    scores = lexed.scores[low:high]
    chances = np.exp(scores - scores.max(1, keepdims=True)) if len(scores) else scores
    chances = chances / np.maximum(chances.sum(1, keepdims=True), 1e-30)
    names = np.zeros((high - low, len(labels)), np.float32)
    _mark_names(reading, labels, low, names)
    return np.concatenate([lexed.hidden[low:high], chances, lexed.begin[low:high, None], names], 1, dtype=np.float32)


def _mark_names(reading: Analysis, labels: Sequence[str], low: int, out: F32) -> None:
    """Set the labels of the registry's names in the characters from ``low`` on."""
    number = {label: at for at, label in enumerate(labels)}
    first = bisect_right(reading.known, low, key=lambda known: known[1])
    for start, end, entry in itertools.islice(reading.known, first, None):
        if start >= low + len(out):
            break
        if f"B-{entry.type}" not in number:
            continue
        for at in range(max(start, low), min(end, low + len(out))):
            part = "S" if end - start == 1 else "B" if at == start else "E" if at == end - 1 else "I"
            out[at - low, number[f"{part}-{entry.type}"]] = 1


def load_encoder(path: Path, labels: Sequence[str]) -> Encoder:
    """Load a pack's accurate tagger, on one thread.

    Raises:
        PackError: there is none, it cannot be read, or it was made for other types than the pack's.
    """
    if not path.is_file():
        raise PackError(f"{path}: this pack has no accurate model; use --model fast")
    try:
        session = session_of(path)
        facts = facts_of(session, form=FORMAT, labels=labels)
    except PackError as error:
        raise PackError(f"{path}: {error}; use --model fast, or make it anew") from error
    rows = [row.rsplit("\t", 1) for row in facts["vocabulary"].split("\n")]
    words = vocabulary([piece for piece, _ in rows], [float(score) for _, score in rows])
    return Encoder(session=session, vocabulary=words, labels=tuple(labels), cut=cutter(words))


def posterior(reading: Analysis, encoder: Encoder) -> F32:
    """Probability of every label at every character (n × labels)."""
    out = np.zeros((len(reading.text), len(encoder.labels)), np.float32)
    for window in windows(reading.text, reading.lexed, encoder.vocabulary, encoder.cut):
        feed = {"tokens": window.tokens, "piece": window.piece, "inner": window.inner, "alone": window.alone}
        lexical = lexical_input(reading, encoder.labels, window.start, window.end)
        (chances,) = encoder.session.run(None, {**feed, "lexical": lexical})
        out[window.start : window.end] = chances
    return out
