"""What a document may come in: text, web pages, Word and PDF files, alone, in archives, or as records of a table.

``items.walk`` finds the documents that a file or folder holds; ``READERS`` turn the bytes of one file into its text.
"""

from __future__ import annotations

from collections.abc import Callable

from kg.formats.contents import Content
from kg.formats.pdf import read_pdf
from kg.formats.plain import read_plain
from kg.formats.webpage import read_webpage
from kg.formats.word import read_word

READERS: dict[str, Callable[[bytes], Content]] = {
    ".txt": read_plain,
    ".md": read_plain,
    ".html": read_webpage,
    ".htm": read_webpage,
    ".xhtml": read_webpage,
    ".docx": read_word,
    ".pdf": read_pdf,
}
"""Suffix → what reads such a file; it raises ``InputError`` with a message that leaves out the file's name."""
