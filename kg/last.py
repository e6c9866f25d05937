"""What a build finds of the last one in its output, beside the annotations, and leaves for the next.

Three things, in the output's cache: what each document tells by itself (``kg.told``), what resolution made
(``kg.flow.recalling``) and where the blocks of the files lie (``kg.export.blocks``). Each is believed only as far as its hashes
go, and none changes a byte of the output.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kg.annotation import ANNOTATIONS
from kg.cache import FOLDER
from kg.export.blocks import Reuse
from kg.flow.recalling import Last
from kg.graph import Graph, streamed
from kg.model import Annotation, Document
from kg.told import FILE, Part, Told, digest_of, write_lines

MEMORY, BLOCKS = "memory", "blocks"
"""Folders in the cache of an output: what resolution made, and where the blocks of the files lie."""


class LastBuild:
    """The last build into ``out``, of which ``folder`` takes the place.

    Args:
        out: folder of the last build, which need not be there.
        folder: the new one.
        context: stands for the program and the domain pack.
        keep: whether anything is taken and left.
    """

    def __init__(self, out: Path, folder: Path, *, context: str, keep: bool) -> None:
        """Read what the documents told."""
        self._out, self._folder, self._context, self._keep = out, folder, context, keep
        self._told = Told(out, out / FOLDER if keep else None)
        self._digests: dict[str, str] = {}

    def knows(self, document: Document, annotation: str) -> bool:
        """Return whether the last build had this document with the annotation of this hash, made by the same program."""
        return self._told.knows(document.id, self._digest(document, annotation, corrected=False))

    def note(self, documents: Sequence[Document], hashes: Mapping[str, str], *, corrected: Collection[str]) -> None:
        """Note which documents this build has; ``hashes`` are of their annotations, by their ids."""
        self._digests = {d.id: self._digest(d, hashes[d.id], corrected=d.id in corrected) for d in documents}

    def resolution(self) -> Last | None:
        """Return what resolution has left and where it leaves the same."""
        if not self._keep:
            return None
        return Last(self._out / FOLDER / MEMORY, self._folder / FOLDER / MEMORY, self._context, self._digests)

    def tell(
        self, documents: Sequence[Document], annotations: Mapping[str, Annotation], *, corrected: Collection[str]
    ) -> list[Part]:
        """Write the annotations of the documents and return their parts of the report, in the order of their ids."""
        (self._folder / ANNOTATIONS).mkdir()
        told = self._told.tell(self._folder / ANNOTATIONS, documents, annotations, digests=self._digests, corrected=corrected)
        if not self._keep:
            return [part for _, part in told]
        parts: list[Part] = []
        write_lines(self._folder / FOLDER / FILE, _split(told, parts))
        return parts

    def offer(self, graph: Graph) -> None:
        """Let the files of a graph that streams take their blocks from those of the last build."""
        stream = streamed(graph)
        if stream is not None and self._keep:
            old, new = self._out / FOLDER / BLOCKS, self._folder / FOLDER / BLOCKS
            stream.reuse = Reuse(self._out, old, new, self._context)
            stream.make_digests()

    def _digest(self, document: Document, annotation: str, *, corrected: bool) -> str:
        return digest_of(document, annotation, corrected=corrected, context=self._context)


def _split(told: Iterable[tuple[str, Part]], parts: list[Part]) -> Iterator[str]:
    """Yield the lines and put the parts into ``parts``: the lines of a large corpus need not be held together."""
    for line, part in told:
        parts.append(part)
        yield line
