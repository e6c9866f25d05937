"""The trained models of a pack as files: ``PACK/models/*.npz``, the same bytes whenever the same weights are written."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.errors import PackError
from kg.extract.crf import Chain, feature_table
from kg.extract.loglinear import Classifier

FORMAT = 1
_DATE = (1980, 1, 1, 0, 0, 0)


def save(path: Path, model: Chain | Classifier) -> None:
    """Write a model; weights are kept sparse, with half precision."""
    weights = model.weights[:-1]
    row, column = np.nonzero(weights)
    small = np.uint8 if weights.shape[1] < 256 else np.uint16
    arrays: dict[str, NDArray[Any]] = {
        "format": np.array([FORMAT], np.int32),
        "classes": np.array(model.labels if isinstance(model, Chain) else model.classes),
        "hashes": model.table.hashes[:-1],
        "counts": np.bincount(row, minlength=len(weights)).astype(small),
        "columns": column.astype(small),
        "values": weights[row, column].astype(np.float16),
    }
    if isinstance(model, Chain):
        arrays["transitions"] = model.transitions
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, arrays[name], allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _DATE), buffer.getvalue(), zipfile.ZIP_DEFLATED)


def load_chain(path: Path) -> Chain:
    """Read a chain.

    Raises:
        PackError: the file is missing, damaged or of another format.
    """
    data = _load(path, "transitions")
    labels = tuple(str(name) for name in data["classes"])
    return Chain(labels=labels, table=feature_table(data["hashes"]), weights=data["weights"], transitions=data["transitions"])


def load_classifier(path: Path) -> Classifier:
    """Read a classifier; raises as ``load_chain``."""
    data = _load(path)
    classes = tuple(str(name) for name in data["classes"])
    return Classifier(classes=classes, table=feature_table(data["hashes"]), weights=data["weights"])


def _dense(data: Mapping[str, NDArray[Any]], width: int) -> NDArray[np.float32]:
    counts = data["counts"].astype(np.int64)
    out = np.zeros((len(counts) + 1, width), np.float32)
    out[np.repeat(np.arange(len(counts)), counts), data["columns"]] = data["values"]
    return out


def _load(path: Path, *more: str) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            number = int(archive["format"][0])
            if number != FORMAT:
                raise PackError(f"{path}: model of format {number}, this program reads {FORMAT}; make it anew with `kg train`")
            data = {name: archive[name] for name in ("classes", "hashes", "counts", "columns", "values", *more)}
        data["weights"] = _dense(data, len(data["classes"]))
    except (OSError, ValueError, KeyError, IndexError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise PackError(f"{path}: not a readable model ({error}); make it anew with `kg train`") from error
    return data
