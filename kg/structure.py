"""Where a report's title, date, publisher, sections and pages stand in its text.

Reports have no fixed form, so each rule looks only at the head (the first lines) or the foot (the last ones), and says nothing
where it is not sure. All spans are 0-based, end exclusive, in code points of the text, without white space at their ends.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from kg.model import Section, Span

PAGE_DIV = "<PAGE_DIV>"
_HEAD_LINES = 14
_FOOT_LINES = 6
_SHORT = 120  # a line that names the date or the publisher is no longer than this
_TITLE = 90

_DIGITS = {c: str(i) for i, c in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0", "O": "0"}
_SEP = r"\s{0,2}[-./年]\s{0,2}"
_MONTH, _DAY = r"(1[0-2]|0?[1-9])", r"(3[01]|[12]\d|0?[1-9])"
_DATE = re.compile(rf"(?<!\d)((?:1\s?9|2\s?0)\s?\d\s?\d){_SEP}{_MONTH}{_SEP.replace('年', '月')}{_DAY}(?!\d)\s?日?")
_HANZI_DATE = re.compile(r"([二一][〇零○O一二三四五六七八九]{3})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日")
_DATE_LABELS = (
    "发布时间", "发布日期", "發佈時間", "发文日期", "成文日期", "发稿时间", "更新时间", "转载日期", "日期", "时间", "发布",
)  # fmt: skip
_DATE_LABEL = re.compile(rf"(?:{'|'.join(_DATE_LABELS)})\s*[:：]?\s*(?=(?:1\s?9|2\s?0)\s?\d|二[〇零○])")
_PUBLISHER_LABELS = (
    "发布人", "发布单位", "发布机构", "发布部门", "发文机关", "稿件来源", "信息来源", "文章来源",
    "来源", "稿源", "供稿单位", "供稿",
)  # fmt: skip
_NAME = r"[^\s:：|｜［］【】\[\]《》“”\"()（）/，,。；;]{2,40}+"
_PUBLISHER = re.compile(rf"({'|'.join(_PUBLISHER_LABELS)})\s*[:：]\s*({_NAME})(?![，,。；;])")
_TITLE_LABEL = re.compile(r"(?:标题|题目)\s*[:：]\s*")
_CRUMBS = re.compile(
    r"当前位置|您当前|首页|>>|»|字号|浏览|打印|点击|上一[篇版]|下一[篇版]|[|｜>]\s*正文"
    r"|^第?\s*[\d,]+\s*[期版号]|^[#>*\-—=]+$"
)

_MARKDOWN = re.compile(r"[ \t]{0,3}(#{1,6})[ \t]+(?=\S)")
_NUMBERED = (
    (1, re.compile(r"第[一二三四五六七八九十百\d]{1,4}[章编]")),
    (2, re.compile(r"[一二三四五六七八九十]{1,3}\s?[、.．]")),
    (3, re.compile(r"[(（][一二三四五六七八九十]{1,3}[)）]")),
)
_HEADING = 60


def lines(text: str) -> list[Span]:
    r"""Return the spans of all lines of ``text`` that hold more than white space, without the white space at their ends.

    >>> lines("标题\r\n\n 正文 ")
    [Span(start=0, end=2), Span(start=6, end=8)]
    """
    found = []
    for match in re.finditer(r"[^\r\n]+", text):
        line = match.group()
        stripped = line.strip()
        if stripped:
            start = match.start() + len(line) - len(line.lstrip())
            found.append(Span(start, start + len(stripped)))
    return found


def find_date(text: str, rows: Sequence[Span]) -> str | None:
    r"""Return the document's date in ISO 8601, or ``None``.

    A labelled date in head or foot (发布时间, 日期 …) comes first, then a short line of the head that carries a date beside a
    source or alone, then a foot line that is a date and nothing else. Dates inside sentences are what the report tells of.

    >>> text = "某公司召开大会\n发布时间：2024年9月12日 10:25\n9月10日,某公司召开大会。"
    >>> find_date(text, lines(text))
    '2024-09-12'
    """
    head = [text[r.start : r.end] for r in rows[:_HEAD_LINES] if r.end - r.start <= _SHORT]
    foot = [text[r.start : r.end].replace(PAGE_DIV, "").strip() for r in rows[-_FOOT_LINES:] if r.end - r.start <= _SHORT]
    for line in head + foot:
        for label in _DATE_LABEL.finditer(line):
            date = _parse(line, label.end())
            if date:
                return date
    for line in head:
        bare = not re.search(r"[。；！？]", line)
        date = _search(line)
        if date and bare and (_PUBLISHER.search(line) or len(_without_date(line)) <= 16):
            return date
    for line in reversed(foot):
        date = _search(line)
        if date and not re.sub(r"[\s()（）\[\]]", "", _without_date(line)):
            return date
    return None


def iso_date(value: str) -> str | None:
    """Return a date that a file's own field gives in ISO 8601, or ``None`` where it is none.

    >>> iso_date("2023-05-18T10:25:00+08:00"), iso_date("20230518"), iso_date("2023年5月18日 10:25"), iso_date("昨天")
    ('2023-05-18', '2023-05-18', '2023-05-18', None)
    """
    plain = re.fullmatch(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:\d{6})?", value.strip())
    return _search("-".join(plain.groups()) if plain else value)


def find_publisher(text: str, rows: Sequence[Span]) -> Span | None:
    r"""Return where the publisher's name stands (发布人, 发布单位, 来源 …), or ``None``.

    >>> text = "标题\n发布时间：2023-05-18 发布人：新闻宣传中心"
    >>> span = find_publisher(text, lines(text))
    >>> text[span.start:span.end]
    '新闻宣传中心'
    """
    found: list[tuple[int, int, Span]] = []
    edge = [*rows[:_HEAD_LINES], *rows[_HEAD_LINES:][-_FOOT_LINES:]]
    for order, row in enumerate(edge):
        if row.end - row.start > _SHORT:
            continue
        for match in _PUBLISHER.finditer(text, row.start, row.end):
            name = match.group(2)
            if not name.startswith((*_PUBLISHER_LABELS, *_DATE_LABELS, "作者", "编辑")) and not name.isdigit():
                found.append((_PUBLISHER_LABELS.index(match.group(1)), order, Span(*match.span(2))))
    return min(found)[2] if found else None


def find_title(text: str, rows: Sequence[Span]) -> Span | None:
    r"""Return where the title stands, or ``None`` for a document that begins with its body.

    A level-1 Markdown heading or a 标题 label decides. Else it is the block of one or two short lines nearest above the line with
    date or source; without such a line, the first line, if it is short and no sentence.

    >>> text = "栏目\n\n某公司走在前作表率\n\n发布时间：2023-05-18\n正文。"
    >>> span = find_title(text, lines(text))
    >>> text[span.start:span.end]
    '某公司走在前作表率'
    """
    head = list(rows[:_HEAD_LINES])
    for row in head:
        label = re.compile(r"#[ \t]+").match(text, row.start) or _TITLE_LABEL.match(text, row.start)
        if label and label.end() < row.end and row.end - row.start <= 2 * _TITLE:
            return Span(label.end(), row.end)
    byline = next((i for i, row in enumerate(head) if _is_byline(text[row.start : row.end])), None)
    blocks = _blocks(text, head[:byline])
    if byline is None:
        return blocks[0] if blocks and blocks[0].start == head[0].start and len(rows) > 1 else None
    named = [block for block in blocks if block.end - block.start >= 8] or blocks
    return named[-1] if named else None


def find_sections(text: str, rows: Sequence[Span]) -> tuple[Section, ...]:
    r"""Return the headings (Markdown ``#`` marks, 第一章, 一、, (一)), alone on their lines or run in, with the text below them.

    A body ends at the next heading of the same or a higher level, so bodies nest. ``title`` leaves out Markdown's marks.

    >>> text = "## 做法\n(一)抓学习。成立专班。\n## 成效\n良好。"
    >>> [(s.level, text[s.title.start:s.title.end], text[s.body.start:s.body.end]) for s in find_sections(text, lines(text))]
    [(2, '做法', '(一)抓学习。成立专班。'), (3, '(一)抓学习', '成立专班。'), (2, '成效', '良好。')]
    """
    heads = [found for row in rows if (found := _heading(text, row))]
    sections = []
    for i, (level, title, body_start) in enumerate(heads):
        end = next((later.start for deeper, later, _ in heads[i + 1 :] if deeper <= level), len(text))
        line_start = max(text.rfind("\n", 0, end), text.rfind("\r", 0, end)) + 1 if end < len(text) else end
        sections.append(Section(level, title, _strip(text, body_start, max(line_start, body_start))))
    return tuple(sections)


def pages(text: str) -> tuple[Span, ...]:
    """Return the spans of the pages, which ``<PAGE_DIV>`` marks divide; the marks and white space at the ends belong to none.

    >>> pages("一。<PAGE_DIV> 二。<PAGE_DIV>")
    (Span(start=0, end=2), Span(start=13, end=15))
    """
    found = []
    start = 0
    while start <= len(text):
        end = text.find(PAGE_DIV, start)
        end = len(text) if end < 0 else end
        page = _strip(text, start, end)
        if page.start < page.end:
            found.append(page)
        start = end + len(PAGE_DIV)
    return tuple(found)


def _parse(line: str, start: int) -> str | None:
    match = _DATE.match(line, start) or _HANZI_DATE.match(line, start)
    return _iso(match) if match else None


def _search(line: str) -> str | None:
    match = _DATE.search(line) or _HANZI_DATE.search(line)
    return _iso(match) if match else None


def _iso(match: re.Match[str]) -> str | None:
    year, month, day = match.groups()
    if match.re is _HANZI_DATE:
        year = "".join(_DIGITS.get(c, c) for c in year)
        numbers = (_hanzi_number(month), _hanzi_number(day))
    else:
        year = re.sub(r"\s", "", year)
        numbers = (int(month), int(day))
    try:
        return datetime.date(int(year), *numbers).isoformat()
    except ValueError:  # the 31st of February, or a year that is none
        return None


def _hanzi_number(digits: str) -> int:
    tens, ten, ones = digits.rpartition("十")
    if not ten:
        return int("".join(_DIGITS[c] for c in digits))
    return 10 * (int(_DIGITS[tens]) if tens else 1) + (int(_DIGITS[ones]) if ones else 0)


def _without_date(line: str) -> str:
    line = _HANZI_DATE.sub("", _DATE.sub("", line))
    return re.sub(r"\d{1,2}[:：]\d{2}(?:[:：]\d{2})?", "", line).strip()


def _is_byline(line: str) -> bool:
    if len(line) > _SHORT:
        return False
    dated = _search(line)
    return bool(_PUBLISHER.search(line) or _DATE_LABEL.search(line) or (dated and len(_without_date(line)) <= 8))


def _blocks(text: str, rows: Sequence[Span]) -> list[Span]:
    """Return the runs of at most two title-like lines without a blank line between them; a longer run is no title."""
    runs: list[list[Span]] = []
    for row in rows:
        line = text[row.start : row.end]
        if not _like_title(line):
            continue
        gap = text[runs[-1][-1].end : row.start] if runs else "\n\n"
        if gap.count("\n") == 1 or gap.strip("\r ") == "":
            runs[-1].append(row)
        else:
            runs.append([row])
    return [Span(run[0].start, run[-1].end) if len(run) <= 2 else run[0] for run in runs]


def _like_title(line: str) -> bool:
    return (
        4 <= len(line) <= _TITLE
        and not re.search(r"[。；;：:,，]$|。.", line)
        and not _CRUMBS.search(line)
        and not _is_byline(line)
        and not _search(line)
        and not _MARKDOWN.match(line)
        and re.search(r"[\u4e00-\u9fff]", line) is not None
    )


def _heading(text: str, row: Span) -> tuple[int, Span, int] | None:
    """Return level, title and start of the body of the heading that the line ``row`` is or begins with."""
    marks = _MARKDOWN.match(text, row.start, row.end)
    if marks:
        start = marks.end()
        return len(marks.group(1)), _strip(text, start, row.end), row.end
    for level, number in _NUMBERED:
        match = number.match(text, row.start, row.end)
        if not match:
            continue
        stop = text.find("。", row.start, min(row.end, row.start + _HEADING))
        if stop >= 0 and stop > match.end():
            return level, Span(row.start, stop), stop + 1
        if row.end - row.start <= _HEADING:
            return level, row, row.end
    return None


def _strip(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    left = len(part) - len(part.lstrip())
    return Span(start + left, max(start + left, start + len(part.rstrip()))) if part.strip() else Span(start, start)
