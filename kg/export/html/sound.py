"""How names sound: pinyin and its initials, by which the page searches.

pypinyin spends half a millisecond on a name, most of it on words that other names hold too (公司, 中心): each is spelt once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache


def spelling(texts: Iterable[str]) -> str:
    """Return the pinyin and the initials of each text, in lower case, with a space between and each form once.

    Only letters and digits count, as nobody types the quotation marks of a name.

    >>> spelling(["重庆联通"])
    'chongqingliantong cqlt'
    >>> spelling(["“5G” 专网", "专网"])
    '5gzhuanwang 5gzw zhuanwang zw'
    """
    forms = []
    for text in texts:
        parts = [part for word in _words(text) for part in _syllables(word)]
        forms += ["".join(parts).lower(), "".join(part[:1] for part in parts).lower()]
    return " ".join(dict.fromkeys(form for form in forms if form))


def _words(text: str) -> list[str]:
    # The words decide the reading: 重 is chóng in 重庆. Imported late, for a dictionary is read.
    from pypinyin.contrib.mmseg import seg

    return list(seg.cut(text))


@lru_cache(maxsize=1 << 16)
def _syllables(word: str) -> tuple[str, ...]:
    from pypinyin import lazy_pinyin

    spelt = ("".join(char for char in part if char.isalnum()) for part in lazy_pinyin(word))
    return tuple(part for part in spelt if part)
