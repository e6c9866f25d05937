from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kg.extract import Extractor
from kg.extract.analysis import analysis
from kg.extract.features import Hit, mix, quotes
from kg.extract.mentions import features_of

ROOT = Path(__file__).parents[2]
TEXT = "支付公司与“星火计划”专班、软研院签署《合作协议》。\n以”三个抓实“推动工作，支付公司再出发。"


def table(text: str, extractor: Extractor) -> np.ndarray:
    return np.stack(list(features_of(analysis(text, extractor.pack), extractor.pack)), 1)


def digest(text: str, extractor: Extractor) -> str:
    return hashlib.sha256(table(text, extractor).tobytes()).hexdigest()


@pytest.mark.parametrize(
    "text",
    ["甲", TEXT, "👩‍🚀\n\n", " \u3000\t", "“" * 70, "《" * 50 + "》" * 60],
    ids=["one", "plain", "emoji", "space", "open", "nest"],
)
def test_every_character_has_one_number_for_each_template(text: str, extractor: Extractor) -> None:
    features = table(text, extractor)
    width = table("乙", extractor).shape[1]
    assert features.shape == (len(text), width)
    assert features.dtype == np.uint64


def test_templates_do_not_collide() -> None:
    value = np.arange(1000, dtype=np.uint64)
    numbers = np.concatenate([mix(template, value) for template in range(60)])
    assert len(np.unique(numbers)) == len(numbers)


def test_the_order_of_values_counts() -> None:
    a, b = np.array([1], np.uint64), np.array([2], np.uint64)
    assert mix(1, a, b)[0] != mix(1, b, a)[0]


def test_features_are_the_same_in_another_process_with_another_hash_seed(extractor: Extractor) -> None:
    code = (
        "import sys, hashlib; from kg.extract import load_extractor; from kg.extract.analysis import analysis;"
        "from kg.extract.mentions import features_of; from kg.ontology import default_pack;"
        "e = load_extractor(default_pack(), model='grammar');"
        "import numpy as np; found = np.stack(list(features_of(analysis(sys.argv[1], e.pack), e.pack)), 1);"
        "print(hashlib.sha256(found.tobytes()).hexdigest())"
    )
    env = os.environ | {"PYTHONHASHSEED": "42", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code, TEXT], capture_output=True, encoding="utf-8", env=env, check=True)
    assert done.stdout.strip() == digest(TEXT, extractor)


def test_full_width_letters_and_digits_are_read_as_plain_ones(extractor: Extractor) -> None:
    wide, plain = (table(t, extractor) for t in ("５Ｇ", "5g"))
    assert (wide[:, :7] == plain[:, :7]).all()


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("“甲”和“乙”", [(0, 2, 0), (4, 6, 0)]),
        ("以”三个抓实“推动", [(1, 6, 0)]),
        ('"甲"', [(0, 2, 0)]),
        ("《甲〈乙〉》", [(0, 5, 1), (2, 4, 1)]),
        ("“甲\n乙”", []),
        ("甲）（乙", []),
    ],
)
def test_quotes_pair_up_in_turn_within_a_line(text: str, pairs: list[tuple[int, int, int]]) -> None:
    assert quotes(text) == pairs


def test_a_hit_that_ends_the_text_is_in_bounds(extractor: Extractor) -> None:
    text = "由研究院"
    reading = analysis(text, extractor.pack)
    assert [text[h.start : h.end] for h in reading.heads][-1].endswith("院")
    assert all(
        isinstance(h, Hit) and 0 <= h.start < h.end <= len(text) for h in (*reading.heads, *reading.names, *reading.trigger_hits)
    )
