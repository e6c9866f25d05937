"""Where the text names something: spans of the tagger, names found again, names inside names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kg.extract.analysis import Analysis, Resources
from kg.extract.crf import Chain, best_path, emissions, marginals, spans
from kg.extract.features import character_features
from kg.extract.names import Named, everywhere, retyped

CERTAIN = 0.8
_EDGES = " \t\u3000\n\r“”\"'《》,，。;；:：、"


@dataclass(frozen=True, slots=True)
class Tagged:
    """Spans kept, and spans that were proposed but not sure enough."""

    kept: list[Named]
    dropped: list[Named]


def features_of(reading: Analysis, pack: Resources) -> NDArray[np.uint64]:
    """The tagger's features of a document."""
    return character_features(reading.text, reading.lexed, pack.lexer, heads=reading.heads, names=reading.names, triggers=reading.trigger_hits)


def tag(reading: Analysis, pack: Resources, chain: Chain, *, thresholds: Mapping[str, float]) -> Tagged:
    """Find the mentions of a document: the tagger's best spans whose confidence reaches the threshold of their type."""
    if not reading.text:
        return Tagged([], [])
    posterior = marginals(emissions(features_of(reading, pack), chain), reading.lexed.pieces, chain)
    return decode(reading.text, posterior, reading.lexed.pieces, chain.labels, thresholds=thresholds)


def decode(
    text: str, posterior: NDArray[np.float32], pieces: Sequence[tuple[int, int]], labels: Sequence[str], *, thresholds: Mapping[str, float]
) -> Tagged:
    """Read spans off label probabilities (n × labels); a span is as sure as the less sure of its two ends."""
    path = best_path(np.log(np.maximum(posterior, 1e-6)), pieces, labels)
    kept, dropped = [], []
    for start, end, kind in spans(path, labels):
        confidence = round(float(min(posterior[start, path[start]], posterior[end - 1, path[end - 1]])), 4)
        while start < end and text[start] in _EDGES:
            start += 1
        while end > start and text[end - 1] in _EDGES and text[start:end].count("“") == 0:
            end -= 1
        if start < end:
            (kept if confidence >= thresholds.get(kind, 0.5) else dropped).append(Named(start, end, kind, confidence))
    return Tagged(kept, dropped)


def complete(text: str, found: Sequence[Named]) -> list[Named]:
    """Give equal names one type, find sure names everywhere, and add organisations named inside longer names."""
    flat = everywhere(text, retyped(found, text), certain=CERTAIN)
    return sorted({*flat, *nested(text, flat)}, key=lambda s: (s.start, -s.end, s.type))


def nested(text: str, flat: Sequence[Named]) -> list[Named]:
    """Organisations and places-as-owners that stand alone elsewhere and open a longer organisation's name."""
    alone = {text[s.start : s.end]: s for s in sorted(flat, key=lambda s: s.confidence) if s.type == "Organization"}
    lengths = sorted({len(name) for name in alone if len(name) >= 2}, reverse=True)
    out = []
    for span in flat:
        if span.type not in ("Organization", "Event", "Document", "Programme", "Asset"):
            continue
        name = text[span.start : span.end]
        for size in lengths:
            if size >= len(name):
                continue
            inner = alone.get(name[:size])
            if inner is not None:
                out.append(Named(span.start, span.start + size, inner.type, min(inner.confidence, span.confidence)))
                break
    return out
