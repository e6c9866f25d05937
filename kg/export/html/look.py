"""How each class and predicate looks on the page: colours that colour-blind readers can tell apart, shapes and signs.

The classes of the default ontology have a look chosen by hand; a class or predicate of another pack takes the next free one, so
that a swapped ontology needs no change here. Colours: after Okabe and Ito (2008) and Paul Tol's schemes, muted for large areas;
the shape and the one-character sign inside it repeat what the colour says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

PARTNER_COLOUR = "#b0357f"
"""The ring round a body that stands in a partnership."""


class Look(NamedTuple):
    """How the nodes of one class are drawn; ``glyph`` is the character inside the shape."""

    colour: str
    shape: str
    glyph: str


CLASS_LOOKS: Mapping[str, Look] = {
    "Organization": Look("#56789a", "circle", "机"),
    "Company": Look("#2b6cb0", "circle", "企"),
    "Department": Look("#6ea3d8", "circle", "部"),
    "PartyBody": Look("#b5473c", "circle", "党"),
    "WorkingGroup": Look("#2f9e9e", "circle", "组"),
    "ResearchInstitution": Look("#4f51a3", "circle", "研"),
    "School": Look("#8b75c4", "circle", "校"),
    "GovernmentBody": Look("#33475b", "circle", "政"),
    "Association": Look("#7d93a8", "circle", "会"),
    "Programme": Look("#d9730d", "hexagon", "行"),
    "Slogan": Look("#e3b23c", "diamond", "言"),
    "Event": Look("#1b8a5a", "triangle", "事"),
    "Document": Look("#70757d", "square", "文"),
    "Asset": Look("#8a6440", "pentagon", "产"),
    "Person": Look("#cf6a9d", "star", "人"),
    "Place": Look("#7a8f1f", "triangleDown", "地"),
}

PREDICATE_COLOURS: Mapping[str, str] = {
    "partOf": "#94a3b3",
    "pairsWith": "#b0357f",
    "collaboratesWith": "#d977ad",
    "coBuilds": "#8e4fa8",
    "implements": "#d9730d",
    "establishes": "#2f9e9e",
    "organizes": "#1b8a5a",
    "participatesIn": "#69b391",
    "issues": "#5c6ac4",
    "upholds": "#c29310",
    "guides": "#b5473c",
    "supports": "#2b84c6",
    "combinedWith": "#a0673a",
    "holdsPosition": "#cf6a9d",
    "locatedIn": "#7a8f1f",
}

_SPARE_COLOURS = ("#2b6cb0", "#d9730d", "#1b8a5a", "#b0357f", "#8a6440", "#4f51a3", "#2f9e9e", "#7a8f1f", "#70757d")
_SPARE_SHAPES = ("circle", "hexagon", "diamond", "triangle", "square", "pentagon", "star", "triangleDown")

VIS_SHAPES: Mapping[str, str] = {"circle": "dot", "pentagon": "hexagon"}
"""pyvis and vis-network have no such shapes by these names; the page draws its own."""


def class_looks(labels: Mapping[str, str]) -> dict[str, Look]:
    """Return a look for each class of ``labels`` (class name → Chinese label), in the order given.

    >>> class_looks({"Company": "企业", "Ship": "船舶"})["Ship"].glyph
    '船'
    """
    looks: dict[str, Look] = {}
    spare = 0
    for name, label in labels.items():
        if name in CLASS_LOOKS:
            looks[name] = CLASS_LOOKS[name]
        else:
            colour = _SPARE_COLOURS[spare % len(_SPARE_COLOURS)]
            looks[name] = Look(colour, _SPARE_SHAPES[spare % len(_SPARE_SHAPES)], (label or name)[:1])
            spare += 1
    return looks


def predicate_colours(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each predicate, in the order given.

    >>> predicate_colours(["pairsWith", "owns"])
    {'pairsWith': '#b0357f', 'owns': '#2b6cb0'}
    """
    colours: dict[str, str] = {}
    spare = 0
    for name in names:
        if name in PREDICATE_COLOURS:
            colours[name] = PREDICATE_COLOURS[name]
        else:
            colours[name] = _SPARE_COLOURS[spare % len(_SPARE_COLOURS)]
            spare += 1
    return colours
