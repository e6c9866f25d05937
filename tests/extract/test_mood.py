from __future__ import annotations

import pytest

from kg.extract import Extractor
from kg.extract.analysis import analysis
from kg.extract.mood import unreal


def stretches(text: str, extractor: Extractor) -> list[str]:
    return [text[a:b] for a, b in unreal(analysis(text, extractor.pack), 0, len(text))]


@pytest.mark.parametrize(
    ("text", "under"),
    [
        ("公司拟与大学签署协议，会议召开。", ["拟与大学签署协议"]),
        ("公司将与大学签署协议。", ["将与大学签署协议"]),
        ("如果公司与大学合作，效果更好。", ["如果公司与大学合作"]),
        ("公司尚未与大学签署协议。", ["尚未与大学签署协议"]),
        ("下一步，公司开展合作，推进项目。", ["下一步，公司开展合作，推进项目。"]),
    ],
    ids=["plan", "future", "condition", "denial", "next"],
)
def test_a_marker_takes_the_truth_from_its_clause(text: str, under: list[str], extractor: Extractor) -> None:
    assert stretches(text, extractor) == under


@pytest.mark.parametrize(
    "text",
    [
        "工会将主题教育与劳动竞赛结合起来。",
        "工会将开展主题教育与劳动竞赛结合起来。",
        "公司发布年度计划。",
        "公司不断推进改革。",
        "无锡分公司召开会议。",
        "公司应急管理部参会。",
    ],
    ids=["object", "made of", "noun", "word", "name", "part"],
)
def test_words_that_only_look_like_markers_take_nothing(text: str, extractor: Extractor) -> None:
    assert stretches(text, extractor) == []
