"""Text and Markdown: the text is what the bytes say."""

from __future__ import annotations

from kg.decode import decode
from kg.formats.contents import Content


def read_plain(data: bytes) -> Content:
    """Return the text of ``data``; see ``kg.decode``.

    Raises:
        InputError: The bytes are no text in a known encoding.
    """
    return Content(*decode(data))
