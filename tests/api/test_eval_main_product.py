"""Main products measured: every arm under its fixed name, in small shops."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [models]")

from api.evaluation.main_product import (
    Shops,
    measure_main_product,
    measure_retrieval,
    open_arms,
)
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
    found = {
        (each.arm, each.condition): each.value
        for each in measure_retrieval(shops, arms, Titles())
        if each.metric == "recall@10"
    }
    assert {arm for arm, _ in found} == {
        "whole", "main-crop", "main-crop, no title", "oracle-crop", "best-of",
    }  # fmt: skip
    asked = "retrieval/same/cut-out"
    assert found["oracle-crop", asked] >= found["whole", asked]


def test_weights_that_are_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="train gallery"):
        open_arms(tmp_path)
