from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from kg.annotation import load_annotation
from kg.extract.extractor import pack_resources
from kg.learn.crossfit import deal
from kg.learn.train import Lesson, flat_spans, label_numbers, lesson, swapped
from kg.ontology import Ontology, default_pack
from kg.read import read_document

GOLD = Path(__file__).parents[1] / "gold" / "dev"


def plain(text: str) -> str:
    """The letters and digits of a text: marks may be typed carelessly in a copy."""
    return "".join(c for c in text if c.isalnum())


@pytest.fixture(scope="module")
def lessons(pack_ontology: Ontology) -> list[Lesson]:
    pack = pack_resources(default_pack(), pack_ontology)
    out = []
    for path in sorted(GOLD.glob("dev*.json")):
        document = read_document(path.with_suffix(".txt"))
        out.append(lesson(document, load_annotation(path, document, ontology=pack_ontology), pack))
    return out


def test_swapped_names_are_where_their_spans_say(lessons: list[Lesson]) -> None:
    forms = {plain(item.document.text[m.start : m.end]) for item in lessons for e in item.gold.entities for m in e.mentions}
    for item, (text, spans) in zip(lessons, swapped(lessons, seed=1), strict=True):
        assert len(spans) == len(flat_spans(item.gold))
        for name in {plain(text[s.start : s.end]) for s in spans} - forms:
            assert any(name[:at] in forms and name[at:] in forms for at in range(1, len(name))), name
        assert text != item.document.text


def test_some_bodies_get_the_name_of_an_owner_in_front_and_nothing_else_does(lessons: list[Lesson]) -> None:
    said = [(plain(item.document.text[m.start : m.end]), e) for item in lessons for e in item.gold.entities for m in e.mentions]
    forms, bodies = {form for form, _ in said}, {form for form, entity in said if entity.subtype}
    longer = [
        (plain(text[s.start : s.end]), s.type) for seed in range(4) for text, spans in swapped(lessons, seed=seed) for s in spans
        if plain(text[s.start : s.end]) not in forms
    ]  # fmt: skip
    assert longer
    assert {kind for _, kind in longer} == {"Organization"}
    assert all(any(name[:at] in bodies and name[at:] in bodies for at in range(1, len(name))) for name, _ in longer)


def test_swapping_leaves_the_text_around_names_alone(lessons: list[Lesson]) -> None:
    (text, spans), item = next(swapped(lessons, seed=2)), lessons[0]
    old = flat_spans(item.gold)

    def around(whole: str, named: list[tuple[int, int]]) -> list[str]:
        bounds = [0, *(at for span in named for at in span), len(whole)]
        return [whole[a:b] for a, b in zip(bounds[::2], bounds[1::2], strict=True)]

    new, before = around(text, [(s.start, s.end) for s in spans]), around(item.document.text, [(s.start, s.end) for s in old])
    assert [plain(part) for part in new] == [plain(part) for part in before]


def test_swapping_is_the_same_each_time(lessons: list[Lesson]) -> None:
    assert list(swapped(lessons, seed=5)) == list(swapped(lessons, seed=5)) != list(swapped(lessons, seed=6))


def test_labels_spell_out_the_longest_mentions(lessons: list[Lesson]) -> None:
    item = lessons[0]
    spans = flat_spans(item.gold)
    kinds = sorted({s.type for s in spans})
    labels = ("O", *(f"{part}-{kind}" for kind in kinds for part in "BIES"))
    numbers = label_numbers(len(item.document.text), spans, labels)
    assert sum(labels[n][0] in "BS" and labels[n] != "O" for n in numbers.tolist()) == len(spans)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


def test_documents_are_dealt_evenly_and_keep_their_fold(lessons: list[Lesson]) -> None:
    dealt = deal(lessons, 2)
    assert sorted(dealt) == [0, 0, 1, 1]
    assert deal(lessons[::-1], 2) == dealt[::-1]
