"""Training of garment masks in small, and that what is served is what was trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("timm", reason="needs the extra [models]")

from models.training.variants_mask import MaskConfig, train_mask  # noqa: E402
from models.training.variants_mask_crops import (  # noqa: E402
    CROP_WH_PX,
    CropSet,
    MaskCrop,
    draw_batch,
)
from models.training.variants_mask_export import export_mask  # noqa: E402
from models.training.variants_mask_network import MaskNetwork  # noqa: E402
from models.variants.mask import load_masks  # noqa: E402

pytestmark = pytest.mark.models

CLASSES = ("top", "bag")


def crops(count: int) -> list[MaskCrop]:
    """Bright discs on dark noise."""
    rng = np.random.default_rng(5)
    wide, high = CROP_WH_PX
    y, x = np.indices((high, wide))
    found = []
    for number in range(count):
        radius = rng.uniform(20, 30)
        disc = np.hypot(y - high / 2, x - wide / 2) < radius
        pixels = rng.integers(0, 90, (high, wide, 5)).astype(np.uint8)
        pixels[disc, :3] = rng.integers(180, 255, 3)
        pixels[..., 3], pixels[..., 4] = disc * 255, ~disc * 255
        box = (
            0.5 - radius / wide, 0.5 - radius / high, 0.5 + radius / wide, 0.5 + radius / high
        )  # fmt: skip
        found.append(MaskCrop(pixels=pixels, place=number % 2, box=box))
    return found


def test_a_batch_shows_the_garment_in_its_box():
    batch, kinds, masks = draw_batch(
        CropSet.of(crops(8)), torch.arange(8), 2, torch.Generator().manual_seed(1)
    )
    assert batch.shape == (8, 4, 128, 96)
    assert kinds.shape == (8, 2)
    assert float(batch.abs().max()) <= 1
    inside = batch[:, 3] > 0
    share = (masks * inside).sum((1, 2)) / masks.sum((1, 2))
    assert float(share.min()) > 0.75  # boxes are shaken, not lost
    again, _, _ = draw_batch(
        CropSet.of(crops(8)), torch.arange(8), 2, torch.Generator().manual_seed(1)
    )
    assert torch.equal(batch, again)


def test_it_learns_discs_goes_on_and_is_served_as_trained(tmp_path):
    config = MaskConfig(
        out=tmp_path, work=tmp_path / "work", classes=CLASSES,
        epochs=12, batch=8, average_decay=0.8, imagenet=False,
    )  # fmt: skip
    train, val = crops(32), crops(8)
    first = train_mask(replace(config, epochs=1), train, val)
    report = train_mask(config, train, val)
    assert report.seconds > first.seconds  # it went on, it did not begin again
    assert report.val_iou > max(0.55, first.val_iou)
    masks = load_masks(report.folder)
    assert masks.classes == CLASSES


def test_the_served_network_is_the_trained_one(tmp_path):
    torch.manual_seed(3)
    network = MaskNetwork(2, imagenet=False).eval()
    folder = export_mask(network, CLASSES, tmp_path / "variant-mask")
    masks = load_masks(folder)
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 256, (3, 128, 96, 4)).astype(np.uint8)
    kinds = np.eye(2, dtype=np.float32)[[0, 1, 0]]
    served = next(
        masks._network.run(3, lambda start, end: {"frames": frames, "kinds": kinds})  # pyright: ignore[reportPrivateUsage]
    )
    with torch.no_grad():
        trained = network(torch.from_numpy(frames), torch.from_numpy(kinds)).numpy()
    np.testing.assert_allclose(served, trained, atol=2e-3)
    assert sum(each.numel() for each in network.parameters()) < 1_000_000
