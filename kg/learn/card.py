"""The model card: what the models of a pack were made from and what cross-validation says of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pyoxigraph as ox

from kg.annotation import to_json
from kg.evaluate import Bin, Evaluation, Score, calibration_error
from kg.extract.extractor import Settings
from kg.model import Annotation, Document
from kg.ontology import Ontology

_LICENCE = ox.NamedNode("http://purl.org/dc/terms/license")
_LIMITS = """\
- 各项数字来自与训练材料同一体裁的文档；换了体裁、行业或年代会低一些，用自己的文档标注几篇再测（`kg evaluate`）。
  The figures hold for documents of the genre of the training data; measure your own with `kg evaluate`.
- 置信度由交叉验证校准，见上表；它说的是同类文档中的比例，不是单条事实的保证。
  Confidence is calibrated by cross-validation: a rate among documents of this kind, no promise for one fact.
- 少于三十条的关系种类，数字与阈值都不稳。 Figures and thresholds of predicates with fewer than thirty statements are unsteady.
- 只读句面：跨多句的推断、图片中的内容不在其内。 Only what the text states: no inference over many sentences, no pictures.
"""


def render_card(
    material: Sequence[tuple[Document, Annotation]],
    figures: Evaluation,
    settings: Settings,
    *,
    ontology: Ontology,
    folds: int,
    sizes: Mapping[str, int],
) -> str:
    """Return the card as Markdown; the same data and figures give the same text.

    Args:
        material: the annotated documents.
        figures: cross-validated figures over them.
        settings: the thresholds that were chosen.
        ontology: the pack's ontology.
        folds: number of folds of the cross-validation.
        sizes: bytes of each model file.
    """
    thresholds = [*sorted(settings.spans.items()), *sorted(settings.facts.items()), ("short forms", settings.link)]
    parts = [
        "# 模型说明 Model card",
        "",
        "由 `kg train` 写出。 Written by `kg train`; do not edit.",
        "",
        *_data(material),
        "",
        f"## 交叉验证 Cross-validation ({folds} folds, by document)",
        "",
        "每篇文档都由没有见过它的模型来读。 Every document is read by models that were fitted without it.",
        "",
        *_scores("", _overall(figures)),
        "",
        f"子类准确率 subtype accuracy {figures.subtype_accuracy:.4f}; 有据 grounded {figures.grounded:.4f}",
        "",
        *_scores("类型 type", figures.by_type),
        "",
        *_scores("关系 predicate", figures.by_predicate),
        "",
        "## 置信度 Reliability",
        "",
        *_reliability("实体 entities", figures.entity_calibration),
        "",
        *_reliability("关系 relations", figures.relation_calibration),
        "",
        "## 阈值 Thresholds",
        "",
        *_table(("", "least confidence"), [(name, f"{value:.2f}") for name, value in thresholds]),
        "",
        "## 文件 Files",
        "",
        *_table(("file", "bytes"), [(name, f"{size}") for name, size in sorted(sizes.items())]),
        "",
        "## 局限 Limits",
        "",
        _LIMITS,
        "## 许可 Licence",
        "",
        f"{_licence(ontology)}",
    ]
    return "\n".join(parts) + "\n"


def _data(material: Sequence[tuple[Document, Annotation]]) -> list[str]:
    types = Counter(e.type for _, gold in material for e in gold.entities)
    predicates = Counter(r.predicate for _, gold in material for r in gold.relations)
    digest = hashlib.sha256()
    for document, gold in material:
        digest.update(json.dumps([document.text, to_json(gold, document)], ensure_ascii=False).encode())
    characters = sum(len(document.text) for document, _ in material)
    return [
        "## 数据 Data",
        "",
        f"{len(material)} documents, {characters} characters, {types.total()} entities, {predicates.total()} relations.",
        f"SHA-256 {digest.hexdigest()}",
        "",
        *_table(("类型 type", "entities"), sorted(types.items())),
        "",
        *_table(("关系 predicate", "statements"), sorted(predicates.items())),
    ]


def _overall(figures: Evaluation) -> dict[str, Score]:
    return {
        "实体 entities": figures.entity,
        "关系 relations": figures.relation,
        "明示关系 explicit relations": figures.explicit,
        "提及 mentions": figures.mention,
    }


def _scores(title: str, scores: Mapping[str, Score]) -> list[str]:
    rows = [
        (name, f"{s.precision:.3f}", f"{s.recall:.3f}", f"{s.f1:.3f}", s.right, s.predicted, s.gold) for name, s in scores.items()
    ]
    return _table((title, "P", "R", "F1", "right", "predicted", "gold"), rows)


def _reliability(title: str, bins: Sequence[Bin]) -> list[str]:
    rows = [(f"{b.low:.1f}–{b.high:.1f}", b.count, f"{b.confidence:.3f}", f"{b.accuracy:.3f}") for b in bins]
    head = f"{title}, expected calibration error {calibration_error(bins):.3f}"
    return [head, "", *_table(("bin", "count", "confidence", "accuracy"), rows)]


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


def _licence(ontology: Ontology) -> str:
    store = ox.Store()
    store.load(ontology.path.read_bytes(), format=ox.RdfFormat.TURTLE, base_iri=ontology.namespace)
    stated = [q.object for q in store.quads_for_pattern(None, _LICENCE, None)]
    found = sorted(term.value for term in stated if isinstance(term, (ox.NamedNode, ox.Literal)))
    if not found:
        return "领域包没有写明许可。 The pack states no licence."
    return f"如领域包所示。 As the pack states: {', '.join(found)}"
