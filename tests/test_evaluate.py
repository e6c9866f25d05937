from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from kg.compare import render_comparison
from kg.errors import InputError
from kg.evaluate import Evaluation, calibration, calibration_error, evaluate, read_cases
from kg.ontology import Ontology

GOLD = Path(__file__).parent / "gold" / "dev"
TEXT = "标题行\n\n支付公司与软研院、海南联通结对共建。市场部开展读书行动。\n"
DATA: dict[str, Any] = {
    "entities": [
        {"id": "e1", "type": "Organization", "subtype": "Company", "name": "支付公司", "aliases": ["支付"], "mentions": [[5, 9]]},
        {"id": "e2", "type": "Organization", "subtype": "ResearchInstitution", "name": "软研院", "mentions": [[10, 13]]},
        {"id": "e3", "type": "Organization", "subtype": "Company", "name": "海南联通", "mentions": [[14, 18]]},
        {"id": "e4", "type": "Organization", "subtype": "Department", "name": "市场部", "mentions": [[23, 26]]},
        {"id": "e5", "type": "Programme", "name": "读书行动", "mentions": [[28, 32]]},
    ],
    "relations": [
        {"subject": "e1", "predicate": "pairsWith", "object": "e2", "evidence": [5, 23]},
        {"subject": "e1", "predicate": "pairsWith", "object": "e3", "evidence": [5, 23]},
        {"subject": "e4", "predicate": "implements", "object": "e5", "evidence": [23, 33]},
        {"subject": "e4", "predicate": "partOf", "object": "e1", "evidence": [23, 33], "implied": True},
    ],
}

Scored = Callable[[Callable[[dict[str, Any]], None]], Evaluation]


@pytest.fixture
def scored(tmp_path: Path, pack_ontology: Ontology) -> Scored:
    """Return a function that scores the gold after a change to it as the prediction."""
    for folder in ("gold", "predicted"):
        (tmp_path / folder).mkdir()
    (tmp_path / "gold" / "d.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "gold" / "d.json").write_text(json.dumps(DATA), encoding="utf-8")

    def score(change: Callable[[dict[str, Any]], None]) -> Evaluation:
        data = json.loads(json.dumps(DATA))
        change(data)
        (tmp_path / "predicted" / "d.json").write_text(json.dumps(data), encoding="utf-8")
        cases = read_cases(tmp_path / "gold", tmp_path / "predicted", ontology=pack_ontology)
        return evaluate(cases, ontology=pack_ontology)

    return score


def counts(score: Any) -> tuple[int, int, int]:
    return score.right, score.predicted, score.gold


def test_gold_against_itself_is_perfect(pack_ontology: Ontology) -> None:
    evaluation = evaluate(read_cases(GOLD, GOLD, ontology=pack_ontology), ontology=pack_ontology)
    assert (evaluation.entity.f1, evaluation.relation.f1, evaluation.mention.f1) == (1, 1, 1)
    assert (evaluation.subtype_accuracy, evaluation.grounded) == (1, 1)
    assert (evaluation.differences, evaluation.missing) == ((), ())


def test_an_alias_matches_and_a_second_entity_for_one_thing_is_spurious(scored: Scored) -> None:
    def change(data: dict[str, Any]) -> None:
        data["entities"][0]["name"] = "“支付”"
        data["entities"].append({"id": "e9", "type": "Organization", "name": "支付公司", "mentions": [[5, 9]]})

    evaluation = scored(change)
    assert counts(evaluation.entity) == (5, 6, 5)
    # The exact name goes first, so e9 takes the gold entity and the relations of e1 hang in the air.
    assert counts(evaluation.by_predicate["pairsWith"]) == (0, 2, 2)
    assert [d.text for d in evaluation.differences if d.label == "Organization"] == ["“支付”"]


def test_a_type_that_differs_is_no_match(scored: Scored) -> None:
    evaluation = scored(lambda data: data["entities"][4].update(type="Event"))
    assert counts(evaluation.entity) == (4, 5, 5)
    assert counts(evaluation.by_type["Event"]) == (0, 1, 0)
    assert counts(evaluation.by_predicate["implements"]) == (0, 1, 1)


def test_direction_counts_except_where_the_predicate_is_symmetric(scored: Scored) -> None:
    def swap(data: dict[str, Any]) -> None:
        for relation in data["relations"]:
            relation["subject"], relation["object"] = relation["object"], relation["subject"]

    evaluation = scored(swap)
    assert counts(evaluation.by_predicate["pairsWith"]) == (2, 2, 2)
    assert counts(evaluation.by_predicate["implements"]) == (0, 1, 1)


def test_implied_relations_are_left_out_of_the_explicit_score(scored: Scored) -> None:
    assert counts(scored(lambda data: data["relations"].pop(3)).explicit) == (3, 3, 3)
    assert counts(scored(lambda data: None).explicit) == (3, 3, 3)


def test_a_statement_twice_counts_once(scored: Scored) -> None:
    assert counts(scored(lambda data: data["relations"].append(data["relations"][0])).relation) == (4, 4, 4)


def test_subtypes_count_among_matched_organisations(scored: Scored) -> None:
    evaluation = scored(lambda data: data["entities"][0].update(subtype="School"))
    assert evaluation.subtype_accuracy == 0.75


@pytest.mark.parametrize(
    ("item", "grounded"),
    [({"mentions": [[6, 10]]}, 8 / 9), ({"mentions": []}, 8 / 9), ({"mentions": [[-3, 900]]}, 8 / 9), ({"aliases": []}, 1)],
)
def test_ungrounded_mentions_are_counted(scored: Scored, item: dict[str, Any], grounded: float) -> None:
    evaluation = scored(lambda data: data["entities"][4].update(item))
    assert evaluation.grounded == round(grounded, 4)


def test_evidence_that_touches_neither_end_is_ungrounded(scored: Scored) -> None:
    assert scored(lambda data: data["relations"][0].update(evidence=[0, 3])).grounded == round(8 / 9, 4)


def test_differences_carry_their_sentence(scored: Scored) -> None:
    def change(data: dict[str, Any]) -> None:
        data["relations"][2]["predicate"] = "participatesIn"
        del data["entities"][2]

    found = {(d.kind, d.text): d.sentence for d in scored(change).differences}
    assert found["missed", "海南联通"] == "支付公司与软研院、海南联通结对共建。"
    assert found["missed", "市场部 implements 读书行动"] == "市场部开展读书行动。"
    assert found["spurious", "市场部 participatesIn 读书行动"] == "市场部开展读书行动。"
    assert ("missed", "支付公司 pairsWith 海南联通") in found


def test_a_missing_prediction_counts_as_nothing_found(tmp_path: Path, pack_ontology: Ontology) -> None:
    evaluation = evaluate(read_cases(GOLD, tmp_path, ontology=pack_ontology), ontology=pack_ontology)
    assert len(evaluation.missing) == 5
    assert (evaluation.entity.f1, evaluation.entity.gold) == (0, 247)


def test_a_folder_without_gold_or_text_is_named(tmp_path: Path, pack_ontology: Ontology) -> None:
    with pytest.raises(InputError, match="holds no annotation"):
        read_cases(tmp_path, tmp_path, ontology=pack_ontology)
    shutil.copy(GOLD / "dev1.json", tmp_path)
    with pytest.raises(InputError, match=r"dev1\.txt: cannot be read"):
        read_cases(tmp_path, tmp_path, ontology=pack_ontology)


def test_calibration_compares_confidence_with_being_right() -> None:
    table = calibration([(0.95, True), (1.0, True), (0.9, False), (0.05, False)])
    assert [(b.low, b.count, b.accuracy) for b in table] == [(0.0, 1, 0.0), (0.9, 3, 0.6667)]
    assert calibration_error(table) == round((0.05 + 3 * abs(0.95 - 2 / 3)) / 4, 4)
    assert calibration_error(()) == 0


def naive_f1(gold: dict[str, Any], predicted: dict[str, Any]) -> tuple[int, int, int]:
    """Count entities as the definition says, without regard to speed, for names without aliases or punctuation."""
    free = [(e["type"], e["name"]) for e in gold["entities"]]
    right = 0
    for entity in predicted["entities"]:
        if (entity["type"], entity["name"]) in free:
            free.remove((entity["type"], entity["name"]))
            right += 1
    return right, len(predicted["entities"]), len(gold["entities"])


def test_random_changes_score_as_a_naive_count_does(scored: Scored) -> None:
    dice = random.Random(1)
    plain = json.loads(json.dumps(DATA))
    for entity in plain["entities"]:
        entity.pop("aliases", None)
    for _ in range(30):
        seen: dict[str, Any] = {}

        def change(data: dict[str, Any], seen: dict[str, Any] = seen) -> None:
            data["entities"][0].pop("aliases")
            for entity in data["entities"]:
                if dice.random() < 0.3:
                    entity["type"] = dice.choice(["Organization", "Programme", "Event"])
                if dice.random() < 0.3:
                    entity["name"] = dice.choice(["支付公司", "软研院", "读书行动", "乌有"])
            dice.shuffle(data["entities"])
            seen.update(data)

        assert counts(scored(change).entity) == naive_f1(plain, seen)


class Page(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_hostile_text_as_text(tmp_path: Path, pack_ontology: Ontology) -> None:
    evil = "<img src=x onerror=alert(1)>\"'&<script>alert(2)</script>公司"
    (tmp_path / "d.txt").write_text(f"{evil}开展行动。\x1b", encoding="utf-8")
    data = {
        "entities": [{"id": "e1", "type": "Organization", "subtype": "Company", "name": evil, "mentions": [[0, len(evil)]]}],
        "relations": [],
    }
    (tmp_path / "d.json").write_text(json.dumps(data), encoding="utf-8")
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "d.json").write_text(json.dumps(data | {"entities": []}), encoding="utf-8")
    cases = read_cases(tmp_path, tmp_path / "p", ontology=pack_ontology)
    html = render_comparison(cases, evaluate(cases, ontology=pack_ontology), ontology=pack_ontology)
    page = Page()
    page.feed(html)
    assert not {"script", "img"} & set(page.tags)
    assert not [name for name in page.attributes if name.startswith("on")]
    assert evil in page.text
    assert "default-src 'none'" in html


def test_the_page_marks_what_is_missed_and_what_is_spurious(tmp_path: Path, pack_ontology: Ontology) -> None:
    (tmp_path / "d.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "d.json").write_text(json.dumps(DATA), encoding="utf-8")
    (tmp_path / "p").mkdir()
    other = {"id": "x", "type": "Event", "name": "结对共建", "mentions": [[18, 22]]}
    predicted = DATA | {"entities": [*DATA["entities"][1:], other]}
    (tmp_path / "p" / "d.json").write_text(json.dumps(predicted), encoding="utf-8")
    cases = read_cases(tmp_path, tmp_path / "p", ontology=pack_ontology)
    html = render_comparison(cases, evaluate(cases, ontology=pack_ontology), ontology=pack_ontology)
    assert re.search(r'class="g missed"[^>]*title="标准 Organization: 支付公司">支付公司<', html)
    assert re.search(r'class="p spurious"[^>]*title="预测 Event: 结对共建">结对共建<', html)
    assert re.search(r'class="g p"[^>]*>软研院<', html)
