"""Where the text names something: spans of the tagger, names found again, names inside names."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from kg.extract.analysis import Analysis, Resources
from kg.extract.crf import Chain, best_path, emissions, marginals, spans
from kg.extract.edges import whole
from kg.extract.encoder import Encoder
from kg.extract.encoder import posterior as encoded
from kg.extract.features import feature_columns
from kg.extract.names import Named, everywhere, introduced, retyped
from kg.extract.network import Network
from kg.extract.network import posterior as convolved

CERTAIN = 0.8
_NATION = "中国"
BOLDNESS = 0.7
ENCODER = 0.4
"""Weight of an encoder's probabilities beside those of chain and network together."""
_STRETCH = re.compile(r"\S(?:[^\S\n\u3000]?\S)*")
_PREPOSITIONS = "在对由与于被将向从给把"
_BYLINE = re.compile(r"(?:文|图|摄影|编辑|责编|审核|供稿|撰稿|校对|作者|记者|通讯员|初审|复审|终审)\s*[:：|丨/]?\s*$")
_LAST = re.compile(r"[\u4e00-\u9fff](?=[\s)）】,，、|/]|$)")
_EDGES = " \t\u3000\n\r“”\"'《》,，。;；:：、"


def features_of(reading: Analysis, pack: Resources) -> Iterator[NDArray[np.uint64]]:
    """The tagger's features of a document, one template (n numbers) after the other."""
    return feature_columns(reading.text, reading.lexed, pack.lexer, heads=reading.heads, names=reading.names,
        triggers=reading.trigger_hits)


def proposals(
    reading: Analysis, pack: Resources, chain: Chain, network: Network | None = None, encoder: Encoder | None = None
) -> list[Named]:
    """Propose the mentions of a document: the tagger's best spans when it is made a little bolder than it is."""
    if not reading.text:
        return []
    found = decode(reading.text, posterior(reading, pack, chain, network, encoder), reading.lexed.pieces, chain.labels)
    forms = {reading.text[span.start : span.end] for span in found}
    return whole(reading.text, [_trimmed(span, reading, forms) for span in found])


def _trimmed(span: Named, reading: Analysis, forms: set[str]) -> Named:
    """Set the edges of a span right by its words.

    No body's name begins with a preposition, no byline ends inside a name, and a verb before what the document names without it
    (``forms``) is what someone does with it: 赋能乡村振兴战略.
    """
    text, start, end = reading.text, span.start, span.end
    first = reading.words[reading.word_at[start]]
    if span.type in ("Programme", "Asset", "Event") and first[0] == start and first[2] == "v" and text[first[1] : end] in forms:
        return replace(span, start=first[1])
    if span.type == "Organization" and end - start > 3 and text[start] in _PREPOSITIONS and reading.words[reading.word_at[
        start]][1] == start + 1:
        return replace(span, start=start + 1)
    if span.type == "Person" and end - start == 2 and _BYLINE.search(text, max(0, start - 8), start) and _LAST.match(text, end):
        return replace(span, end=end + 1)
    return span


def posterior(
    reading: Analysis, pack: Resources, chain: Chain, network: Network | None = None, encoder: Encoder | None = None
) -> NDArray[np.float32]:
    """Label probabilities of each character (n × labels).

    The mean of the chain's and the network's; with an encoder, that and the encoder's, which counts ``ENCODER``. The encoder by
    itself reads real reports as well as both others together, and dense ones worse.
    """
    chances = marginals(emissions(features_of(reading, pack), len(reading.text), chain), reading.lexed.pieces, chain)
    if network is not None:
        chances = (chances + convolved(reading, network)) * np.float32(0.5)
    if encoder is not None:
        chances = chances + np.float32(ENCODER) * (encoded(reading, encoder) - chances)
    return chances


def decode(text: str, chances: NDArray[np.float32], pieces: Sequence[tuple[int, int]], labels: Sequence[str], *,
    boldness: float = BOLDNESS) -> list[Named]:
    """Read spans off label probabilities (n × labels); a span is as sure as the less sure of its two ends.

    Args:
        text: the document.
        chances: probabilities; the first label is “outside”.
        pieces: the stretches that were tagged.
        labels: BIOES labels.
        boldness: how many nats “outside” is held back, so that a later filter sees what the tagger nearly said.
    """
    scores = np.log(np.maximum(chances, 1e-6))
    scores[:, 0] -= boldness
    path = best_path(scores, pieces, labels)
    found = []
    for start, end, kind in spans(path, labels):
        confidence = round(float(min(chances[start, path[start]], chances[end - 1, path[end - 1]])), 4)
        while start < end and text[start] in _EDGES:
            start += 1
        while end > start and text[end - 1] in _EDGES and "“" not in text[start:end]:
            end -= 1
        if start < end:
            found.append(Named(start, end, kind, confidence))
    return found


def complete(text: str, found: Sequence[Named], places: Sequence[tuple[int, int]] = ()) -> list[Named]:
    """Give equal names one type, find sure names, their introduced short forms and branches everywhere, and add nested names.

    A nested name is an organisation named inside a longer name that stands alone elsewhere.

    ``places`` are the known places of the text.
    """
    flat = everywhere(text, branches(text, introduced(text, retyped(found, text)), places), certain=CERTAIN)
    return sorted({*flat, *nested(text, flat)}, key=lambda s: (s.start, -s.end, s.type))


def places_in(reading: Analysis) -> list[tuple[int, int]]:
    """The places that the registry knows in a document."""
    return [(start, end) for start, end, entry in reading.known if entry.type == "Place"]


def branches(text: str, found: Sequence[Named], places: Sequence[tuple[int, int]]) -> list[Named]:
    """Add the branches of national companies: where the document names 中国 and a brand, a place and the same brand is one, too.

    A span that ends or lies inside such a name, the bare place for one, gives way to it.
    """
    national = [s for s in found if s.type == "Organization" and s.end - s.start == 4 and text.startswith(_NATION, s.start)]
    sure = {text[s.start + 2 : s.end]: s.confidence for s in sorted(national, key=lambda s: s.confidence)}
    named = [(start, end + 2) for start, end in places if text[end : end + 2] in sure]
    if not named:
        return sorted(found, key=lambda s: (s.start, s.end))
    ordered = sorted(found, key=lambda s: s.start)
    starts, ends = [s.start for s in ordered], list(accumulate((s.end for s in ordered), max))
    added = []
    for start, end in named:
        before = bisect_right(starts, start)
        if not before or ends[before - 1] < end:  # else it lies in a name that is at least as long
            added.append(Named(start, end, "Organization", sure[text[end - 2 : end]]))
    taken = {at for a in added for at in range(a.start, a.end)}
    kept = [s for s in found if taken.isdisjoint(range(s.start, s.end))]
    return sorted([*kept, *added], key=lambda s: (s.start, s.end))


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


def notices(text: str, phrases: Sequence[str]) -> list[tuple[int, int]]:
    r"""The stretches that are notices about the copy, not part of the report: a disclaimer, a copyright line.

    A stretch is a line, or a part of one that wide space sets apart.

    >>> notices("免责声明:仅供参考\n甲公司开会", ["免责声明"])
    [(0, 9)]
    """
    return [m.span() for m in _STRETCH.finditer(text) if any(phrase in m[0] for phrase in phrases)]
