"""From typed spans to the entities of a document: which forms name one thing, its subtype, its fullest name."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from kg.extract.analysis import Analysis
from kg.extract.apart import within
from kg.extract.linking import Form, forms_of, link_pairs
from kg.extract.loglinear import Classifier, Example, probabilities
from kg.extract.names import Named, best_name, bracketed, merge_confidence, subtype_example
from kg.naming import display_name, normalise

_SURER = 0.8
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Thing:
    """An entity of one document: type, subtype (or empty), the forms it is named by (fullest first), its mentions."""

    type: str
    subtype: str
    forms: tuple[str, ...]
    spans: tuple[Named, ...]
    confidence: float


def subtypes_of(reading: Analysis, forms: Sequence[Form], model: Classifier | None) -> dict[tuple[str, str], str]:
    """The subtype of every form whose type has subtypes: the registry's where it knows the name, else the classifier's."""
    known = {(entry.type, normalise(reading.text[start:end])): entry.subtype for start, end, entry in reading.known
        if entry.subtype}
    out: dict[tuple[str, str], str] = {}
    open_forms = []
    for form in forms:
        if (form.type, form.key) in known:
            out[form.type, form.key] = known[form.type, form.key] or ""
        elif model is not None and any(name.startswith(f"{form.type}/") for name in model.classes):
            open_forms.append(form)
    if model is None:
        return out
    examples = [subtype_input(reading, form, model.classes) for form in open_forms]
    for form, chances in zip(open_forms, probabilities(examples, model), strict=True):
        out[form.type, form.key] = model.classes[int(chances.argmax())].partition("/")[2]
    return out


def subtype_input(reading: Analysis, form: Form, classes: Sequence[str]) -> Example:
    """The classifier's view of a form."""
    span = form.spans[0]
    first, last = (bisect_left(reading.heads, at, key=lambda hit: hit.start) for at in (span.start, span.end))
    heads = [reading.text[hit.start : hit.end] for hit in reading.heads[first:last] if hit.end <= span.end][-2:]
    possible = _of_type(form.type, tuple(classes))
    return subtype_example(
        reading.text[span.start : span.end], before=reading.text[max(0,
            span.start - 4) : span.start], after=reading.text[span.end : span.end + 4], possible=possible, heads=heads[::-1]
    )


@lru_cache(maxsize=256)
def _of_type(kind: str, classes: tuple[str, ...]) -> tuple[int, ...]:
    """Which classes are subtypes of a type."""
    return tuple(number for number, name in enumerate(classes) if name.startswith(f"{kind}/"))


def _links(forms: Sequence[Form], subtypes: Mapping[tuple[str, str], str], linker: Classifier,
    sure: float, apart: Callable[[Form, Form], bool]) -> list[tuple[int, int]]:
    """What the linker is sure of: for each short form its best longer one, the surest first; none that are ``apart``."""
    pairs = link_pairs(forms, subtypes)
    best: dict[int, tuple[float, int]] = {}
    while part := list(islice(pairs, _AT_ONCE)):
        chances = probabilities([example for _, _, example in part], linker)[:, 1].tolist()
        for (i, j, _), chance in zip(part, chances, strict=True):
            if chance >= _needed(forms[i], forms[j], subtypes, sure) and (i not in best or chance > best[i][0]):
                if not apart(forms[i], forms[j]):
                    best[i] = (chance, j)
    return [(i, best[i][1]) for i in sorted(best, key=lambda k: (-best[k][0], k))]


def things(reading: Analysis, found: Sequence[Named], *, linker: Classifier | None, subtyper: Classifier | None,
    sure: float = 0.5, endings: Collection[str] = ()) -> list[Thing]:
    """Group the spans of a document into entities.

    Args:
        reading: the analysed document.
        found: typed spans, nested ones allowed.
        linker: decides whether a short form names a longer one; without it only equal names, brackets and the registry link.
        subtyper: decides subtypes.
        sure: least probability of the linker.
        endings: what may follow a known body's short name and still be that body (集团, 有限公司).
    """
    forms = forms_of(reading.text, found)
    subtypes = subtypes_of(reading, forms, subtyper)
    parent = list(range(len(forms)))
    index = {(form.type, form.key): number for number, form in enumerate(forms)}

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    def join(i: int, j: int) -> None:
        a, b = sorted((root(i), root(j)))
        parent[b] = a

    for long, short in bracketed(reading.text, found):
        a, b = (index[found[k].type, normalise(reading.text[found[k].start : found[k].end])] for k in (long, short))
        join(a, b)
    entries: dict[tuple[str, str], int] = {}
    entry_of: dict[int, str] = {}
    for start, end, entry in reading.known:
        number = index.get((entry.type, normalise(reading.text[start:end])))
        if number is not None:
            entry_of[number] = entry.name
            join(entries.setdefault((entry.type, entry.name), number), number)
    if linker is not None:
        named = {forms[number].key: name for number, name in entry_of.items() if forms[number].type == "Organization"}
        for i, j in _links(forms, subtypes, linker, sure, within(reading, forms, named, endings)):
            join(i, j)
    groups: dict[int, list[Form]] = {}
    for number, form in enumerate(forms):
        groups.setdefault(root(number), []).append(form)
    return [_thing(reading.text, members, subtypes) for members in groups.values()]


def _needed(short: Form, long: Form, subtypes: Mapping[tuple[str, str], str], sure: float) -> float:
    """How sure the linker must be that two forms name one thing.

    Units of one body have names made of the same few words (运维部, 运维与安全部): one that is named before the fuller name,
    and is no part of it, is more likely another unit, and two units must not become one.
    """
    units = all(subtypes.get((form.type, form.key)) in ("Department", "WorkingGroup") for form in (short, long))
    return max(sure, _SURER) if units and short.start < long.start and short.key not in long.key else sure


def _thing(text: str, members: Sequence[Form], subtypes: Mapping[tuple[str, str], str]) -> Thing:
    spans = sorted({span for form in members for span in form.spans}, key=lambda s: (s.start, s.end))
    shown = {form.key: Counter(_shown(text[s.start : s.end]) for s in form.spans).most_common(1)[0][0] for form in members}
    fullest = best_name(list(shown.values()))
    rest = sorted(set(shown.values()) - {fullest}, key=lambda name: (-len(name), name))
    key = normalise(fullest)
    return Thing(members[0].type, subtypes.get((members[0].type, key), ""), (fullest, *rest), tuple(spans),
        merge_confidence(spans))


def _shown(form: str) -> str:
    """How a form is shown; as it stands, where what is left out of sight (a control character) tells it from another name."""
    name = display_name(form)
    return name if normalise(name) == normalise(form) else form
