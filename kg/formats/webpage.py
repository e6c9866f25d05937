"""Web pages: the text that a browser shows, one line a block, without navigation and footer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kg.decode import decode
from kg.errors import InputError
from kg.formats.contents import Content, missing

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_HEAD = 4096  # bytes in which a page names its encoding (https://html.spec.whatwg.org/#determining-the-character-encoding: 1024)
_SILENT = frozenset(
    "script style noscript template head iframe object svg math canvas audio video map nav aside footer select datalist button"
    " textarea".split()
)
_BLOCKS = frozenset(
    "address article blockquote body caption center dd details div dl dt fieldset figcaption figure form h1 h2 h3 h4 h5 h6 header"
    " hr legend li main ol p pre section summary table tbody td tfoot th thead tr ul br".split()
)
_CELLS = frozenset(("td", "th"))
# Chinese government sites (GB/T standard names), Open Graph, Dublin Core
_TITLES = ("articletitle", "og:title", "dc.title")
_DATES = ("pubdate", "article:published_time", "dc.date", "publishdate")
_WIDE = r"[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\u3000-\u303f“”‘’…—]"
_BROKEN = re.compile(rf"(?<={_WIDE})[ \t\f]*[\r\n]\s*(?={_WIDE})")
_SPACE = re.compile(r"[ \t\r\n\f]+")


def read_webpage(data: bytes) -> Content:
    """Return what the page shows as lines of text; line breaks in its source are none, and between Chinese characters no space.

    Raises:
        InputError: The bytes are no text, the page shows none, or lxml is not installed.
    """
    try:
        from lxml import etree, html
    except ImportError:
        raise InputError(missing("lxml", "a web page")) from None
    text, encoding = _decoded(data)
    try:
        # As bytes, because lxml refuses a text that names its encoding; huge_tree for pages deeper than 256 elements
        parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
        root = html.document_fromstring(text.encode(), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise InputError(f"is no web page: {error}") from error
    lines = [line for line in "".join(_shown(root)).split("\n") if line.strip()]
    metas = _metas(root)
    title = next((metas[name] for name in _TITLES if metas.get(name)), None)
    date = next((metas[name] for name in _DATES if metas.get(name)), None)
    return Content("\n".join(line.strip() for line in lines), encoding, title=title, date=date)


def _decoded(data: bytes) -> tuple[str, str]:
    """Return text and encoding; what the page says of itself counts where its bytes do not speak for themselves."""
    try:
        return decode(data)
    except InputError:
        named = _CHARSET.search(data[:_HEAD])
        if named is None:
            raise
        name = named.group(1).decode("ascii").lower()
        name = "gb18030" if name in ("gb2312", "gbk") else name
        try:
            return data.decode(name), name
        except (UnicodeDecodeError, LookupError):
            pass
        raise


def _shown(root: HtmlElement) -> Iterator[str]:
    """Yield the pieces of text in the order of the page, with a line break around each block.

    Without recursion, so that a page cannot exhaust the stack.
    """
    from lxml import etree

    silent = 0
    kept = 0  # depth of <pre>
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        name = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            silent += name in _SILENT
            kept += name == "pre"
            if not silent and name in _BLOCKS:
                yield "\t" if name in _CELLS else "\n"
            if not silent and element.text:
                yield _collapsed(element.text, kept)
            continue
        if event == "end":
            if not silent and name in _BLOCKS and name not in _CELLS:
                yield "\n"
            silent -= name in _SILENT
            kept -= name == "pre"
        if not silent and element.tail and element is not root:
            yield _collapsed(element.tail, kept)


def _collapsed(text: str, kept: int) -> str:
    return text if kept else _SPACE.sub(" ", _BROKEN.sub("", text))


def _metas(root: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in root.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").strip().lower()
        found.setdefault(name, " ".join((meta.get("content") or "").split()))
    return found
