"""Train a pack from its documents and the user's, and write its models, all of them or none."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import InputError, KgError
from kg.ontology import load_ontology
from kg.swap import replaced

if TYPE_CHECKING:
    from kg.evaluate import Evaluation
    from kg.extract.extractor import Extractor, Settings

FOLDS = 5
SETTINGS = "settings.json"
CARD = "MODEL_CARD.md"
NETWORKS = ("network.onnx", "relations-states.onnx", "relations-pairs.onnx")
MODELS = ("tagger", "filter", "linker", "subtypes", "relations")
OURS = frozenset({*(f"{name}.npz" for name in MODELS), *NETWORKS, SETTINGS, CARD})


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What a training did: how many documents it read, its cross-validated figures, and where the models are (or ``None``)."""

    documents: int
    figures: Evaluation
    out: Path | None


def train_pack(
    pack_dir: Path,
    out: Path | None,
    *,
    extra: Sequence[Path] = (),
    folds: int = FOLDS,
    jobs: int = 1,
    say: Callable[[str], None] = lambda text: None,
) -> TrainReport:
    """Fit the models of a pack on ``PACK/training`` and ``extra`` folders of annotated documents.

    Args:
        pack_dir: folder of the domain pack.
        out: folder of the models, which is replaced as a whole (other files in it stay); ``None``: only the figures are wanted.
        extra: folders with more documents; a document of the same name takes the place of the pack's.
        folds: number of folds of the cross-validation, by document.
        jobs: processes that fit taggers at the same time; the models do not depend on it.
        say: told what is going on, a line at a time.

    Raises:
        KgError: numba is not installed, or the disk is full.
        InputError: a folder is missing, there are fewer documents than folds, or ``out`` cannot be written.
        AnnotationError: an annotation does not fit its document or the ontology.
        PackError: the pack is wrong.
    """
    if importlib.util.find_spec("numba") is None:
        raise KgError("training needs numba, which is not installed: pip install 'kg-builder[train]'")
    from kg.extract.extractor import pack_resources, relation_schema
    from kg.learn.classroom import School
    from kg.learn.crossfit import train
    from kg.learn.material import lessons_of, read_material

    ontology = load_ontology(pack_dir)
    own = pack_dir / "training"
    folders = [*([own] if own.is_dir() else []), *extra]
    if not folders:
        raise InputError(f"{pack_dir}: the pack has no folder training; give annotated documents with --extra DIR")
    material = read_material(folders, ontology)
    if len(material) < max(folds, 2) or folds < 2:
        raise InputError(f"{len(material)} documents and {folds} folds: there must be two folds or more, and a document for each")
    resources = pack_resources(pack_dir, ontology)
    lessons = lessons_of(material, resources, say=say)
    school = School(pack_dir, resources, ontology, jobs)
    if out is None:
        trained = train(lessons, school, relation_schema(ontology), folds=folds, final=False, say=say)
        return TrainReport(len(material), trained.figures, None)
    with replaced(out, ours=OURS, mark=SETTINGS) as folder:
        trained = train(lessons, school, relation_schema(ontology), folds=folds, say=say)
        assert trained.extractor is not None
        sizes = write_models(folder, trained.extractor, trained.networks)
        from kg.learn.card import render_card

        card = render_card(material, trained.figures, trained.extractor.settings, ontology=ontology, folds=folds, sizes=sizes)
        (folder / CARD).write_text(card, encoding="utf-8", newline="\n")
    return TrainReport(len(material), trained.figures, out)


def write_models(folder: Path, extractor: Extractor, networks: Mapping[str, bytes]) -> dict[str, int]:
    """Write an extractor's models, thresholds and networks (by file name) into a folder; return the bytes of each file."""
    from kg.extract.models import save

    models = (extractor.tagger, extractor.keeper, extractor.linker, extractor.subtyper, extractor.ranker)
    for name, model in zip(MODELS, models, strict=True):
        if model is not None:
            save(folder / f"{name}.npz", model)
    for name, network in networks.items():
        (folder / name).write_bytes(network)
    (folder / SETTINGS).write_text(settings_json(extractor.settings), encoding="utf-8", newline="\n")
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir())}


def settings_json(settings: Settings) -> str:
    """The thresholds as JSON text, which ``kg.extract.extractor.load_settings`` reads."""
    data = {"facts": dict(settings.facts), "link": settings.link, "spans": dict(settings.spans)}
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
