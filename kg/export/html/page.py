"""One HTML file, whole: template, style, scripts and data in one text that asks nothing of any network.

The Content-Security-Policy allows the scripts and styles of this page by their hash and nothing else
(https://www.w3.org/TR/CSP3/); data stands in ``application/json`` blocks that no browser runs.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

SCRIPTS = (
    "words.js",
    "dom.js",
    "data.js",
    "state.js",
    "paint.js",
    "lines.js",
    "canvas-{renderer}.js",
    "queries.js",
    "panel.js",
    "paper.js",
    "table.js",
    "search.js",
    "picture.js",
    "app.js",
)
VENDORED = {"vis": ("vis-network.min.js",), "sigma": ("graphology.umd.min.js", "sigma.min.js")}

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ITEMS = 500  # of a list that are written together
_VIS_STYLE = re.compile(r"""\bA\(("|')((?:div)?\.vis(?:(?!\1)[^\\]|\\.)*)\1\)""")


def safe_json(value: Any) -> str:
    r"""Return JSON that cannot end the script element it stands in.

    >>> safe_json("</script>&")
    '"\\u003c/script\\u003e\\u0026"'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda m: _ESCAPES[m[0]], text)


def json_parts(value: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of ``safe_json(value)``: a long list is never one text.

    >>> "".join(json_parts({"a": [1, "<"], "b": [], "c": {}})) == safe_json({"a": [1, "<"], "b": [], "c": {}})
    True
    """
    before = "{"
    for key, one in value.items():
        yield f"{before}{safe_json(key)}:"
        before = ","
        if isinstance(one, list):
            starts = range(0, len(one), _ITEMS)
            yield "["
            yield from (("," if start else "") + safe_json(one[start : start + _ITEMS])[1:-1] for start in starts)
            yield "]"
        else:
            yield safe_json(one)
    yield "}" if value else "{}"


def assemble(data: dict[str, Any], network: dict[str, Any], *, renderer: str) -> Iterator[str]:
    """Yield the parts of the page that shows ``data`` with ``renderer``, ``vis`` or ``sigma``."""
    vendor = "\n".join(_vendored(name) for name in VENDORED[renderer])
    program = '(() => {\n"use strict";\n' + "\n".join(asset(f"js/{s.format(renderer=renderer)}") for s in SCRIPTS) + "})();\n"
    style = asset("style.css")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src blob:; "
        f"script-src {_hash(vendor)} {_hash(program)}; style-src {' '.join([_hash(style), *_styles_of(vendor)])}"
    )
    parts: dict[str, Iterable[str]] = {
        "policy": (html.escape(policy, quote=True).replace("&#x27;", "'"),),
        "title": (html.escape(data["title"]),),
        "style": (style,),
        "data": json_parts(data | {"renderer": renderer}),
        "network": json_parts(network),
        "vendor": (vendor,),
        "program": (program,),
    }
    # The template alone is looked through: a placeholder that stands in the data is data.
    for number, piece in enumerate(re.split(r"\{\{(\w+)\}\}", asset("template.html"))):
        yield from parts[piece] if number % 2 else (piece,)


def style_policy(style: str) -> str:
    """Return the policy of a page that has one style sheet and nothing that acts."""
    return f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src {_hash(style)}"


def asset(name: str) -> str:
    """Return a text of the ``assets`` folder; ``/`` separates folders."""
    text = files("kg.export.html").joinpath("assets", *name.split("/")).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def _vendored(name: str) -> str:
    """Return a vendored script without the address of its source map, which developer tools would ask for."""
    return re.sub(r"//# sourceMappingURL=\S+", "", asset(f"vendor/{name}"))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _styles_of(vendor: str) -> list[str]:
    """Return the hashes of the style sheets that vis-network adds to the page when it starts, first empty, then with text."""
    sheets = [sheet for _, sheet in _VIS_STYLE.findall(vendor)]
    return [_hash(re.sub(r"\\(.)", r"\1", sheet)) for sheet in ["", *sheets] if sheets]
