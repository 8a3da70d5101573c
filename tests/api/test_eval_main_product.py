"""Main products measured: every arm under its fixed name, in small shops."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [models]")

from api.evaluation.crop_retrieval import Pictured, measure_crop_retrieval, recall_of_product
from api.evaluation.main_product import Shops, measure_main_product, open_arms
from detectors.galleries import ProductRef, View, ViewKind
from detectors.training.gallery import train_gallery
from detectors.training.gallery_fit import GalleryConfig
from engine.errors import ModelUnavailable
from engine.types import EncoderId, Vectors
from tests.detectors.small_shop import LABELS, small_world, title_vector

pytestmark = pytest.mark.models
ARMS = {
    "gcn", "gcn-same", "gcn-cross", "context", "mlp", "contrastive", "repeat-vote", "largest",
    "confident",
}  # fmt: skip


class Titles:
    """Embeds the names of things."""

    encoder_id = EncoderId(name="e", revision="1", preprocess="p", dims=16)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return np.stack([title_vector(each or LABELS[0]) for each in texts])


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = train_gallery(
        GalleryConfig(out=tmp_path_factory.mktemp("weights"), epochs=6, batch=16, rate=5e-3),
        small_world(8, seed=0),
        small_world(3, seed=1),
        embed_texts=Titles().embed_texts,
        encoder="e",
        classes=LABELS,
        detector="d",
    )
    return report.folder


def test_every_arm_and_condition_is_there_under_its_name(weights: Path) -> None:
    shops = Shops(
        street=small_world(5, seed=2),
        composed=small_world(3, seed=3),
        worn=small_world(3, seed=4),
        drawn=small_world(3, seed=5),
    )
    arms = open_arms(weights)
    assert set(arms) == ARMS
    figures = measure_main_product(shops, arms, Titles(), each=2)
    held = {(each.metric, each.arm, each.condition): each for each in figures}
    for shop in ("same", "unseen", "unseen-composed", "unseen-worn", "unseen-drawn"):
        assert held["oracle-recall", "detector", shop].value == 1
        for kind in ("title", "no-title", "wrong-title"):
            for arm in ARMS:
                for metric in ("ap", "top1"):
                    figure = held[metric, arm, f"{kind}/{shop}"]
                    assert 0 <= figure.low <= figure.value <= figure.high <= 1
            assert [each for each in held if each[0] == "ap-lead" and each[2] == f"{kind}/{shop}"]
    for part in ("1 picture", "2 pictures", "3+ pictures"):
        assert held["ap", "gcn", f"no-title/same/{part}"].n > 0
    assert held["ap", "gcn", "title/unseen"].n == 48
    # The rules do not read, so a title changes nothing.
    for arm in ("largest", "confident", "repeat-vote"):
        values = {held["ap", arm, f"{kind}/same"].value for kind in ("title", "wrong-title")}
        assert len(values) == 1
    assert held["ap", "mlp", "title/same"].value > held["ap", "mlp", "wrong-title/same"].value
    for threshold in (0.5, 0.7, 0.9):
        condition = f"no-title/same/p >= {threshold}"
        assert 0 <= held["sure-share", "gcn", condition].value <= 1
    said = held["sure-confidence", "gcn", "title/same/p >= 0.5"].value
    assert said == pytest.approx(
        held["sure-precision", "gcn", "title/same/p >= 0.5"].value, abs=0.2
    )


def test_crops_of_the_main_product_find_its_other_pictures(weights: Path) -> None:
    """In the small shop a whole picture is the mean of all its boxes."""
    shops = Shops(
        street=small_world(8, seed=2),
        composed=small_world(3, seed=3),
        worn=small_world(3, seed=4),
        drawn=small_world(3, seed=5),
    )
    figures = measure_crop_retrieval(shops, open_arms(weights), Titles())
    found = {(each.metric, each.arm, each.condition): each.value for each in figures}
    for condition in (
        f"retrieval/{k}/{s}" for k in ("title", "no-title") for s in ("same", "unseen")
    ):
        recalls = {arm: value for (m, arm, c), value in found.items() if c == condition
                   and m == "recall@10"}  # fmt: skip
        assert set(recalls) == {
            "whole", "gcn-crop", "largest-crop", "true-crop", "gcn-crop, asked whole",
        }  # fmt: skip
        assert recalls["true-crop"] > recalls["whole"] + 0.05
        assert recalls["true-crop"] >= recalls["gcn-crop"] > recalls["largest-crop"]
        lead = found["recall@10-lead", "gcn-crop over whole", condition]
        assert lead == pytest.approx(recalls["gcn-crop"] - recalls["whole"])


def test_recall_leaves_near_copies_and_strays_out_and_shares_places() -> None:
    mine, other = (ProductRef(photo=each, label="top", place=0) for each in "ab")

    def view(product: ProductRef, kind: ViewKind, variant: int = 0) -> View:
        return View(photo=product.photo, label=product.label, kind=kind, variant=variant)

    crop, cutout = ViewKind.CROP, ViewKind.CUTOUT
    held = [
        (0, mine, view(mine, crop)),
        (0, mine, view(mine, crop, 1)),
        (0, mine, view(mine, cutout)),
        (1, other, view(mine, cutout, 1)),  # a stray
        *((1, other, view(other, crop, variant)) for variant in range(20)),
    ]
    pictures = [Pictured(gallery=g, product=p, view=v) for g, p, v in held]
    assert [each.is_own for each in pictures[:5]] == [True, True, True, False, True]
    vectors = np.zeros((len(pictures), 2), np.float32)
    vectors[:4] = (1, 0)
    vectors[4:] = (0, 1)
    recall, photos = recall_of_product(pictures, vectors, vectors)
    assert recall.tolist() == [1, 1, 1]  # the other product has nothing but near copies
    assert photos == ["a", "a", "a"]
    level = np.ones_like(vectors) / np.float32(np.sqrt(2))
    recall, _ = recall_of_product(pictures, level, level)
    # 21 documents in ten places for the crops, 22 for the cut-out.
    np.testing.assert_allclose(recall, [10 / 21, 10 / 21, 10 / 22])


def test_weights_that_are_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="train gallery"):
        open_arms(tmp_path)
