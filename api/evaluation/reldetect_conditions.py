"""Conditions under which RelDetect is measured: whose boxes, which photos, learned from what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from api.evaluation.drawn_people import drawn_people
from api.evaluation.reldetect import LEAST_BOXES, Fold, Rate, measure_reldetect, vocabulary
from api.evaluation.tagged_photos import read_tagged, tagged_pictures
from api.evaluation.worn_products import worn_bottoms
from api.progress import counting
from detectors.knowledge import Definition
from detectors.relations import RelationNetwork
from detectors.taxonomy import Taxonomy
from detectors.training.fine_photos import (
    Detect,
    FinePicture,
    by_simulation,
    by_truth,
    see_photos,
    street_fine,
)
from detectors.training.relations import RelationsConfig, fit_relations
from detectors.training.street import StreetPhoto, read_street
from detectors.training.street_relations import read_relations
from engine.evaluation.figures import Figure
from engine.evaluation.fine import FinePhoto, rate_fine, rate_pictures
from engine.ports import ImageEncoder

__all__ = ["NOTES", "Trial", "measure_conditions"]

NOTES = (
    "map50: mean over fine classes of the average precision (COCO, 101 recalls) at an overlap of "
    "0.5. A class counts that has a definition and siblings in its coarse class. All arms have "
    "the same boxes and coarse posteriors. map50-gain: difference on the same resampled photos. "
    "Intervals over photos; values are means over draws of the annotations.",
    "0.2% to 100%: share of the fine annotations of the train boxes, drawn blindly (10, 5, 3 and "
    "1 draws). 0%: none at all. reldetect: definitions, relations that were learned without fine "
    "labels, two numbers a class from the budget. coarse: the coarse class's probability. "
    "cooccurrence: logistic regression on what else is seen in the photo. finetuned: a head "
    "(logistic or one hidden layer) over the encoder's vector of the box, its posterior and place; "
    "its encoder, compact, knows the types of 35,000 catalogue products and of drawn packshots. "
    "finetuned-imagenet: the same over features of ImageNet alone. The form of all heads is chosen "
    "on all labels of the val photos, which favours them.",
    "/true-boxes: known boxes and coarse classes, the ceiling of all arms. /all-photos: five folds "
    "over train, val and test with a simulated detector (the real one has seen the train photos); "
    "relations trained anew in each.",
    "/every-class: the mean over the fine classes without a definition too (from 5 test boxes).",
    "tagged: photos of Clothing Co-Parsing that have tags of what is worn and no masks, so that "
    "nothing was learned from them, the detector's boxes included. map-pictures ranks photos by "
    "their likeliest box.",
    "transfer: everything learned on Clothing Co-Parsing, tested on on-model pictures of the drawn "
    "shop; the detector, but neither relations nor heads, has seen other pictures of that domain.",
    "transfer-kagl: the same, tested on the bottoms in KAGL's sharper pictures that somebody "
    "wears, which have a type and no box. The "
    "encoder compact, and so finetuned, has learned from the types of these very products.",
)

_FOLDS = 5
_SEED = 7
_TRUE, _ALL = "/true-boxes", "/all-photos"
_WHOLE = {name: name for name in ("0%", "0.2%", "1%", "5%", "100%")}
_TRANSFER = {"0%": "transfer/0%", "1%": "transfer/1%", "100%": "transfer"}
_KAGL = {"0%": "transfer-kagl/0%", "1%": "transfer-kagl/1%", "100%": "transfer-kagl"}
_TAGGED = {name: f"tagged/{name}" for name in _WHOLE}
_FOLD_CONFIG = RelationsConfig(views=4, steps=1500)
_OF_PICTURES = "map-pictures"
_WIDE_RESAMPLES = 200
_WIDE_DRAWS = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """What is measured with what.

    Attributes:
        data: Folder with ``ccp.parquet``.
        taxonomy: Of the detector.
        definitions: Of the fine classes.
        network: The shipped one, trained on the train photos.
        encoders: Of the fine-tuned arms, by arm; all of them on the detector's boxes, the first
            alone elsewhere.
        detect: The detector.
        drawn: On-model pictures of the drawn shop; 0 for none.
        cross_validate: Whether all photos are taken in turn as well.
        limit: Most photos of a split; ``None`` for all.
    """

    data: Path
    taxonomy: Taxonomy
    definitions: Sequence[Definition]
    network: RelationNetwork
    encoders: Mapping[str, ImageEncoder]
    detect: Detect
    drawn: int = 120
    cross_validate: bool = True
    limit: int | None = None


def measure_conditions(trial: Trial) -> tuple[list[Figure], tuple[str, ...]]:
    """Figures of every condition, and notes on what they stand on."""
    photos = read_street(trial.data, trial.taxonomy)
    plain = replace(trial, encoders=dict(list(trial.encoders.items())[:1]))
    parts = [_on_boxes(trial, photos, trial.detect, "")]
    parts.append(_on_boxes(plain, photos, by_truth(trial.taxonomy.classes), _TRUE))
    if trial.cross_validate:
        parts.append(_all_photos(plain, photos[: trial.limit]))
    return [each for figures, _ in parts for each in figures], tuple(
        each for _, notes in parts for each in notes
    )


def _on_boxes(
    trial: Trial, photos: Sequence[StreetPhoto], detect: Detect, suffix: str
) -> tuple[list[Figure], list[str]]:
    """Learned on the train photos; tested on the others, and on pictures from elsewhere."""
    words = vocabulary(trial.taxonomy)

    def look(pictures: Iterable[FinePicture], count: int) -> list[FinePhoto]:
        return _see(trial, pictures, count, detect)

    def street(split: str) -> list[FinePhoto]:
        held = [each for each in photos if each.split == split][: trial.limit]
        return look(street_fine(held), len(held))

    fold = Fold(
        train=street("train"), held_out=street("val"), test=street("test"), network=trial.network
    )
    figures: list[Figure] = []
    notes: list[str] = []

    def measure(
        test: Sequence[FinePhoto],
        budgets: Mapping[str, str],
        *,
        every_class: bool = False,
        by_class: Sequence[str] = () if suffix else ("0%",),
        rate: Rate = rate_fine,
        metric: str = "map50",
    ) -> None:
        named = {budget: f"{name}{suffix}" for budget, name in budgets.items()}
        found, classes = measure_reldetect(
            [replace(fold, test=test)],
            trial.definitions,
            words,
            budgets=named,
            every_class=every_class,
            by_class=by_class,
            rate=rate,
            metric=metric,
        )
        figures.extend(found)
        notes.append(_note(" and ".join([*named.values()][:: len(named) - 1]), test, classes))

    measure(fold.test, _WHOLE, every_class=not suffix)
    if trial.drawn:
        drawn = drawn_people(trial.drawn, trial.taxonomy)
        measure(look(drawn, trial.drawn), _TRANSFER)
    if suffix:
        return figures, notes
    worn = list(worn_bottoms(trial.data, trial.taxonomy))[: trial.limit]
    if worn:
        measure(look(worn, len(worn)), _KAGL, by_class=("0%", "100%"),
                rate=rate_pictures, metric=_OF_PICTURES)  # fmt: skip
    tagged = read_tagged(trial.data)[: trial.limit]
    if tagged:
        pictures = tagged_pictures(tagged, trial.taxonomy)
        measure(look(pictures, len(tagged)), _TAGGED, every_class=True,
                rate=rate_pictures, metric=_OF_PICTURES)  # fmt: skip
    return figures, notes


def _all_photos(trial: Trial, photos: Sequence[StreetPhoto]) -> tuple[list[Figure], list[str]]:
    """Every photo is tested once, by what was trained on the photos of four other folds."""
    simulated = by_simulation(trial.taxonomy.classes, seed=_SEED)
    seen = _see(trial, street_fine(photos), len(photos), simulated)
    with counting("Reading masks", len(photos)) as advance:
        related = {each.photo_id: each for each in read_relations(photos, on_progress=advance)}
    folds: list[Fold] = []
    for place in range(_FOLDS):
        others = [k for k in range(len(photos)) if k % _FOLDS != place]
        annotated = [related[photos[k].photo_id] for k in others if photos[k].photo_id in related]
        tensors = fit_relations(annotated, trial.taxonomy.classes, _FOLD_CONFIG)
        folds.append(
            Fold(
                # One photo in ten of the others tells the heads which form suits them.
                train=[seen[k] for number, k in enumerate(others) if number % 10],
                held_out=[seen[k] for number, k in enumerate(others) if number % 10 == 0],
                test=[seen[k] for k in range(place, len(photos), _FOLDS)],
                network=RelationNetwork(tensors, classes=trial.taxonomy.classes),
            )
        )
    figures, classes = measure_reldetect(
        folds,
        trial.definitions,
        vocabulary(trial.taxonomy),
        budgets={budget: f"{name}{_ALL}" for budget, name in _WHOLE.items()},
        resamples=_WIDE_RESAMPLES,
        by_class=("0%",),
        most_draws=_WIDE_DRAWS,
    )
    return figures, [_note(_ALL[1:], [each for fold in folds for each in fold.test], classes)]


def _see(
    trial: Trial, pictures: Iterable[FinePicture], count: int, detect: Detect
) -> list[FinePhoto]:
    with counting("Looking at photos", count) as advance:
        return see_photos(pictures, detect, trial.taxonomy, trial.encoders, on_progress=advance)


def _note(condition: str, photos: Sequence[FinePhoto], classes: Sequence[str]) -> str:
    boxes = sum(label in classes for photo in photos for label in photo.labels)
    return (
        f"{condition}: {len(classes)} classes with at least {LEAST_BOXES} boxes, {boxes:,} boxes "
        f"of them in {len(photos):,} photos ({', '.join(classes)})."
    )
