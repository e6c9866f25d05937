"""What each document tells by itself, its annotation's file and its part of the report, made again only where it is another.

``documents.jsonl`` in the cache of an output holds, a document a line, the digest of what its part was made of, the hash of its
annotation's file, and its part of the report. A line that does not fit its own hash, or a file that does not fit the line's, is
made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kg.annotation import ANNOTATIONS, write_annotation
from kg.model import Annotation, Document, Span
from kg.swap import link

FILE = "documents.jsonl"

Part = Mapping[str, Any]
"""A document's part of the report: ``document``, ``uncovered``, ``dropped``, ``refused``."""


class _Told(NamedTuple):
    digest: str
    file: str
    part: Part


class Told:
    """What the documents of the last build have told; ``out`` is its folder, ``cache`` where its lines are, if anywhere."""

    def __init__(self, out: Path, cache: Path | None) -> None:
        """Read the lines that are whole."""
        self._out = out
        self._known: dict[str, _Told] = {}
        if cache is None:
            return
        try:
            with open(cache / FILE, encoding="utf-8") as lines:
                for line in lines:
                    check, _, body = line.rstrip("\n").partition(" ")
                    if check == _hash(body.encode()):
                        id_, *rest = json.loads(body)
                        self._known[id_] = _Told(*rest)
        except (OSError, ValueError, TypeError):  # lines that no build wrote
            self._known = {}

    def knows(self, id_: str, digest: str) -> bool:
        """Return whether a document told the last build what it tells this one; see ``digest_of``."""
        return id_ in self._known and self._known[id_].digest == digest

    def tell(
        self,
        folder: Path,
        documents: Iterable[Document],
        annotations: Mapping[str, Annotation],
        *,
        digests: Mapping[str, str],
        corrected: Iterable[str],
    ) -> Iterator[tuple[str, Part]]:
        """Write the annotation of each document into ``folder`` and yield a line for ``FILE`` and its part of the report."""
        given = set(corrected)
        for document in sorted(documents, key=lambda d: d.id):
            digest = digests[document.id]
            told = self._known[document.id] if self.knows(document.id, digest) else None
            if told is None or not self._taken(document.id, told.file, folder):
                annotation = annotations[document.id]
                file = _hash(write_annotation(folder, document, annotation).read_bytes())
                told = _Told(digest, file, part_of(document, annotation, corrected=document.id in given))
            body = json.dumps([document.id, *told], ensure_ascii=False, separators=(",", ":"))
            yield f"{_hash(body.encode())} {body}\n", told.part

    def _taken(self, id_: str, digest: str, folder: Path) -> bool:
        """Take the annotation's file of the last build, if it is what that build has written."""
        path = self._out / ANNOTATIONS / f"{id_}.json"
        try:
            if _hash(path.read_bytes()) != digest:
                return False
        except OSError:
            return False
        link(path, folder / path.name)
        return True


def digest_of(document: Document, annotation: str, *, corrected: bool, context: str) -> str:
    """Return a hash of all that a document tells.

    Args:
        document: the document; its sections tell nothing.
        annotation: a hash of its annotation.
        corrected: whether a person has made that.
        context: stands for the program and the domain pack.
    """
    about = (document.id, document.path, document.sha256, document.encoding, document.title, document.date, document.publisher)
    more = (document.given_title, document.pages, annotation, corrected, context)
    return hashlib.sha256(repr((about, more)).encode() + document.text.encode()).hexdigest()


def part_of(document: Document, annotation: Annotation, *, corrected: bool) -> Part:
    """Return a document's part of the report, as plain JSON values."""

    def place(span: Span) -> dict[str, Any]:
        return {"document": document.id, "span": [span.start, span.end]}

    return {
        "document": {
            "id": document.id,
            "path": document.path,
            "sha256": document.sha256,
            "encoding": document.encoding,
            "title": document.given_title or _text(document, document.title),
            "date": document.date,
            "publisher": _text(document, document.publisher),
            "characters": len(document.text),
            "entities": len(annotation.entities),
            "relations": len(annotation.relations),
            "annotation": "corrected" if corrected else annotation.extractor,
        },
        "uncovered": [place(span) | {"text": _text(document, span)} for span in annotation.uncovered],
        "dropped": [
            place(item.span)
            | {"text": _text(document, item.span), "type": item.type, "reason": item.reason, "confidence": item.confidence}
            for item in annotation.dropped
        ],
        "refused": [place(one.span) | {"answer": one.answer, "reason": one.reason} for one in annotation.refused],
    }


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write the lines of ``FILE`` into the new file ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)


def _text(document: Document, span: Span | None) -> str | None:
    return " ".join(document.text[span.start : span.end].split()) if span else None


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
