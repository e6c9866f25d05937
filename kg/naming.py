"""Names: how they are compared, how they are shown, and the ASCII identifiers made from them.

Every identifier is a function of content alone: the same in every build, whatever the order of the input. Its readable part
(pinyin) may change with the pinyin dictionary; the hash behind it is what tells two things apart.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit

from kg.errors import InputError

DEFAULT_BASE_IRI = "https://example.org/kg/"

_SLUG_LENGTH = 48
_HASH_LENGTH = 8
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_HAN_RUN = re.compile(f"[{_HAN}]+")
_SPLIT_LINE = re.compile(f"(?<=[{_HAN}])[^\\S\\n\\r]*[\\n\\r]\\s*(?=[{_HAN}])")
_SPACE = re.compile(r"\s+")
_QUOTES = dict.fromkeys(map(ord, "“”„‟‘’‚‛「」『』〝〞〟《》〈〉«»‹›\"'＂＇"))
_FULL_WIDTH = {0xFF00 + i: 0x20 + i for i in [*range(0x10, 0x1A), *range(0x21, 0x3B), *range(0x41, 0x5B)]}


@lru_cache(maxsize=1 << 16)
def normalise(name: str) -> str:
    """Return the form in which names are compared: NFKC, without white space, quotes and punctuation, in lower case.

    >>> normalise("“三个一” 行动") == normalise("三个一行动")
    True
    >>> normalise("５Ｇ 专网（试点）")
    '5g专网试点'
    """
    folded = unicodedata.normalize("NFKC", name)
    if folded.isalnum():  # nothing to remove, the usual case
        return folded.lower()
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c)[0] not in "PZ").lower()


@lru_cache(maxsize=1 << 15)
def display_name(text: str) -> str:
    r"""Return the name to show for the text of a mention.

    Quotes and control characters go, Latin letters and digits become half width, a line break inside a Chinese name is closed.
    Other punctuation belongs to the name.

    >>> display_name("“三个一”行动")
    '三个一行动'
    >>> display_name("中国联\n通５Ｇ  专网")
    '中国联通5G 专网'
    """
    if text.isalnum():  # nothing to remove, the usual case
        return text.translate(_FULL_WIDTH)
    visible = "".join(c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return _SPACE.sub(" ", _SPLIT_LINE.sub("", visible).translate(_QUOTES)).translate(_FULL_WIDTH).strip()


@lru_cache(maxsize=1 << 16)
def slug(text: str) -> str:
    """Return a readable ASCII rendering of ``text``: Chinese as pinyin, word by word, at most 48 characters, never empty.

    >>> slug("中国联通 5G 专网")
    'zhongguo-liantong-5g-zhuanwang'
    >>> slug("《》")
    'x'
    """
    spelt = _HAN_RUN.sub(_pinyin, normalise_spaces(text))
    ascii_ = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode("ascii").lower()
    words = re.findall(r"[a-z0-9]+", ascii_)
    short = ""
    for word in words:
        longer = f"{short}-{word}" if short else word[:_SLUG_LENGTH]
        if len(longer) > _SLUG_LENGTH:
            break
        short = longer
    return short or "x"


def normalise_spaces(text: str) -> str:
    """Return ``text`` in NFKC with every run of white space as one space.

    >>> normalise_spaces("Ａ　 b")
    'A b'
    """
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text))


def content_hash(*parts: str, length: int = _HASH_LENGTH) -> str:
    """Return ``length`` hexadecimal digits of the SHA-256 of ``parts``; no two lists of parts are joined to the same bytes.

    >>> content_hash("a", "b") == content_hash("ab")
    False
    """
    joined = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def entity_id(type_: str, name: str, *, scope: str = "") -> str:
    """Return the id of an entity: its type, its name in pinyin, and a hash of type, name and the id of its owner.

    >>> entity_id("Organization", "中国联通").rsplit("-", 1)[0]
    'organization/zhongguo-liantong'
    >>> entity_id("Organization", "市场部", scope="a") == entity_id("Organization", "市场部", scope="b")
    False
    """
    key = normalise(name)
    return f"{slug(type_)}/{slug(key)}-{content_hash(type_, key, scope)}"


def fact_id(subject: str, predicate: str, object_: str) -> str:
    """Return the id of the fact ``subject predicate object`` (entity ids)."""
    return content_hash(subject, predicate, object_, length=16)


def evidence_id(fact: str, document: str, start: int, end: int, *, extractor: str = "") -> str:
    """Return the id of one statement of a fact: the characters ``start``–``end`` of a document, as found by one extractor."""
    return content_hash(fact, document, str(start), str(end), extractor, length=16)


def entity_iri(id_: str, *, base_iri: str = DEFAULT_BASE_IRI) -> str:
    """Return the IRI of the entity with this id.

    >>> entity_iri("person/zhang-san-1234abcd")
    'https://example.org/kg/id/person/zhang-san-1234abcd'
    """
    return f"{base_iri}id/{id_}"


def document_iri(document: str, *, base_iri: str = DEFAULT_BASE_IRI) -> str:
    """Return the IRI of the document with this id (a file's stem); it does not depend on the document's text."""
    return f"{base_iri}id/document-source/{slug(document)}-{content_hash(document)}"


def fact_iri(id_: str, *, base_iri: str = DEFAULT_BASE_IRI) -> str:
    """Return the IRI of the fact with this id."""
    return f"{base_iri}id/fact/{id_}"


def evidence_iri(id_: str, *, base_iri: str = DEFAULT_BASE_IRI) -> str:
    """Return the IRI of the evidence with this id."""
    return f"{base_iri}id/evidence/{id_}"


def ontology_iri(*, base_iri: str = DEFAULT_BASE_IRI) -> str:
    """Return the namespace of classes and properties that belongs to a base IRI.

    >>> ontology_iri()
    'https://example.org/kg/ontology#'
    """
    return f"{base_iri}ontology#"


def check_base_iri(base_iri: str) -> str:
    """Return ``base_iri`` if identifiers can be appended to it.

    Raises:
        InputError: It is not an absolute ASCII IRI that ends in ``/``, or holds characters that an IRI may not hold.
    """
    parts = urlsplit(base_iri)
    wrong = ""
    if not base_iri.isascii() or re.search(r"[\x00-\x20<>\"{}|\\^`]", base_iri):
        wrong = "it holds characters that must not stand in it"
    elif parts.scheme not in ("http", "https", "urn") or not (parts.netloc or parts.scheme == "urn"):
        wrong = "it is not absolute"
    elif not base_iri.endswith(("/", ":")) or parts.query or parts.fragment:
        wrong = "it does not end in '/'"
    if wrong:
        raise InputError(f"base IRI {base_iri!r}: {wrong}; an example is {DEFAULT_BASE_IRI}")
    return base_iri


def pinyin(text: str) -> str:
    """Return ``text`` normalised, with Chinese as bare pinyin syllables without separators: what people type.

    >>> pinyin("中国联通")
    'zhongguoliantong'
    """
    return _HAN_RUN.sub(lambda run: _pinyin(run).replace(" ", ""), normalise(text))


def _pinyin(run: re.Match[str]) -> str:
    # Imported late: the dictionary takes a tenth of a second, and reading names alone does not need it.
    from pypinyin.seg.mmseg import seg

    # Single characters between words are written together: 中国|联|通 becomes "zhongguo liantong".
    spelt, alone = "", False
    for word in seg.cut(run.group()):
        spelt += ("" if alone and len(word) == 1 else " ") + _spelt(word)
        alone = len(word) == 1
    return spelt + " "


@lru_cache(maxsize=1 << 15)  # names are made of the same words again and again
def _spelt(word: str) -> str:
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(word, style=Style.NORMAL, errors="ignore"))
