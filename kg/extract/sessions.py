"""How every neural model is run: by ONNX Runtime, on one thread, so that sums come in one order and processes share no core."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kg.errors import PackError


def session_of(model: Path | bytes) -> Any:
    """Open an ONNX model, from its file or its bytes.

    Raises:
        PackError: it is no readable model.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises its own kinds, which share only this base
        raise PackError(f"not a readable model ({error})") from error


def facts_of(session: Any, *, form: str, labels: Sequence[str]) -> dict[str, str]:
    """What a tagger's file says of itself, if it is of the form that is read here and made for these labels.

    Raises:
        PackError: it is of another form, or was made for other types.
    """
    facts: dict[str, str] = session.get_modelmeta().custom_metadata_map
    if facts.get("format") != form:
        raise PackError(f"model of format {facts.get('format')}, this program reads {form}")
    if tuple(facts["labels"].split("\n")) != tuple(labels):
        raise PackError("the model's types are not the pack's")
    return facts
