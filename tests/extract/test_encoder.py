from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kg.errors import PackError
from kg.extract.analysis import Analysis, Resources, analysis
from kg.extract.crf import bioes
from kg.extract.encoder import FILE, SPECIAL, UNKNOWN, Encoder, cutter, load_encoder, posterior, vocabulary, windows
from kg.extract.extractor import annotate, load_extractor, pack_resources
from kg.model import Document
from kg.ontology import Ontology, default_pack, types

MODEL = default_pack() / "models" / FILE
HOSTILE = "“<script>\n\n\u3000\t𠮷野家数字中国……Ａ１ﬁ①㎡Ⅳ\u200b\x00é" + "联" * 400
TEXT = "远洋研究院与清华大学签署《战略合作协议》。\n张伟出席会议并讲话，要求推进“磐石行动”。" * 12


@pytest.fixture(scope="module")
def resources(pack_ontology: Ontology) -> Resources:
    return pack_resources(default_pack(), pack_ontology)


@pytest.fixture(scope="module")
def encoder(pack_ontology: Ontology) -> Encoder:
    return load_encoder(MODEL, bioes(types(pack_ontology)))


def read(text: str, resources: Resources) -> Analysis:
    return analysis(text, resources)


def chances(text: str, resources: Resources, encoder: Encoder) -> NDArray[np.float32]:
    return posterior(read(text, resources), encoder)


def test_a_word_is_cut_into_the_likeliest_pieces_and_every_character_belongs_to_one() -> None:
    words = vocabulary([*SPECIAL, "中", "国", "中国", "A"], [0, 0, 0, -3.0, -5.0, -5.0, -6.0, -4.0])
    cut = cutter(words)
    assert cut("中国Ａ") == ((6, 2), (7, 1))
    assert cut("国中") == ((5, 1), (4, 1))
    assert cut("中\u3000龘") == ((4, 1), (3, 1), (UNKNOWN, 1))
    assert cut("<s>")[0] == (UNKNOWN, 1)


@pytest.mark.parametrize("text", ["", "甲", TEXT, HOSTILE], ids=["empty", "one", "plain", "hostile"])
def test_windows_cover_the_text_and_characters_point_to_their_piece(text: str, resources: Resources, encoder: Encoder) -> None:
    lexed = read(text, resources).lexed
    found = windows(text, lexed, encoder.vocabulary, encoder.cut)
    assert [w.start for w in found[1:]] == [w.end for w in found[:-1]]
    assert (found[0].start, found[-1].end) == (0, len(text)) if text else found == []
    for window in found:
        assert len(window.piece) == len(window.inner) == len(window.alone) == window.end - window.start
        assert set(window.piece.tolist()) == set(range(1, len(window.tokens) - 1))
        assert (np.diff(window.piece) >= 0).all()
        assert len(window.tokens) <= 512


@pytest.mark.parametrize("text", ["", "甲", TEXT, HOSTILE], ids=["empty", "one", "plain", "hostile"])
def test_every_character_gets_a_probability_distribution(text: str, resources: Resources, encoder: Encoder) -> None:
    found = chances(text, resources, encoder)
    assert found.shape == (len(text), len(encoder.labels))
    assert np.isfinite(found).all()
    assert np.allclose(found.sum(1), 1, atol=1e-4)


def test_the_same_text_gives_the_same_bytes_in_another_session(resources: Resources, encoder: Encoder) -> None:
    again = load_encoder(MODEL, encoder.labels)
    assert chances(TEXT, resources, encoder).tobytes() == chances(TEXT, resources, again).tobytes()


def test_it_sees_where_a_plain_name_begins_and_ends(resources: Resources, encoder: Encoder) -> None:
    text = "会上，清华大学与中国联通签署了战略合作协议。"
    best = [encoder.labels[k] for k in chances(text, resources, encoder).argmax(1)]
    for name in ("清华大学", "中国联通"):
        at = text.index(name)
        assert (best[at], best[at + len(name) - 1]) == ("B-Organization", "E-Organization")


def test_offsets_hold_after_characters_outside_the_basic_plane(resources: Resources, encoder: Encoder) -> None:
    text = "𠮷𠮷。清华大学召开会议。"
    best = [encoder.labels[k] for k in chances(text, resources, encoder).argmax(1)]
    assert best[3] == "B-Organization"
    assert best[6] == "E-Organization"


def test_the_accurate_extractor_reads_a_document_the_same_way_twice() -> None:
    extractor = load_extractor(default_pack(), model="accurate")
    document = Document(id="d", path="d.txt", text=TEXT, sha256="0" * 64)
    first = annotate(document, extractor)
    assert first == annotate(document, extractor)
    assert "清华大学" in {e.name for e in first.entities}


def test_a_pack_without_the_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no accurate model"):
        load_encoder(tmp_path / FILE, ("O",))


def test_a_pack_without_the_model_is_refused_by_the_extractor(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(default_pack(), pack, ignore=shutil.ignore_patterns(FILE, "training"))
    with pytest.raises(PackError, match="no accurate model"):
        load_extractor(pack, model="accurate")


def test_a_damaged_model_is_a_pack_error(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(MODEL.read_bytes()[:5000])
    with pytest.raises(PackError, match="not a readable model"):
        load_encoder(tmp_path / FILE, ("O",))


def test_a_model_for_other_types_is_refused(pack_ontology: Ontology) -> None:
    with pytest.raises(PackError, match="types"):
        load_encoder(MODEL, bioes(["Organization"]))


def test_the_model_is_small_enough_to_travel_with_the_package() -> None:
    assert MODEL.stat().st_size < 40_000_000
