"""The page to ask on: one file without anything from elsewhere, its script and style named by their hashes in the policy."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

from kg.query import NamedQuery

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def query_page(questions: Sequence[NamedQuery], prefixes: Mapping[str, str], *, triples: int) -> tuple[str, str]:
    """Return the page and its Content-Security-Policy: it may talk to the server that it came from, and do nothing else."""
    style, script = _asset("query.css"), _asset("query.js")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; img-src data:; "
        f"script-src {_hash(script)}; style-src {_hash(style)}"
    )
    data = {
        "triples": triples,
        "prefixes": dict(prefixes),
        "questions": [
            {"name": q.name, "zh": q.title_zh, "en": q.title_en, "parameters": q.parameters, "text": _body(q)} for q in questions
        ],
    }
    parts = {"style": style, "script": script, "data": _safe_json(data)}
    # One pass: a placeholder that stands in the data is data.
    return re.sub(r"\{\{(\w+)\}\}", lambda m: parts[m[1]], _asset("query.html")), policy


def _body(question: NamedQuery) -> str:
    """Return the query without its title lines and without the prefixes that are declared anyway."""
    lines = question.path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(("# set ", "PREFIX "))]
    return "\n".join(kept[2:]).strip() + "\n"


def _safe_json(value: object) -> str:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda m: _ESCAPES[m[0]], text)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return files("kg.serve").joinpath("assets", name).read_text(encoding="utf-8").replace("\r\n", "\n")
