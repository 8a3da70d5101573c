"""The benchmark's pictures and labels, and a training run of seconds."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="needs the extra [models]")

from detectors.galleries import GalleryPlan, ProductRef, View, ViewKind, views_of
from detectors.gallery_weights import load_box_title, load_gallery_graph
from detectors.training.gallery import train_gallery
from detectors.training.gallery_cases import case_of, draw_cases, shown_boxes
from detectors.training.gallery_colours import colour_name
from detectors.training.gallery_fit import ARMS, GalleryConfig
from detectors.training.gallery_pictures import (
    LabelledPicture,
    Truth,
    mirrored,
    relit,
    resized,
    window,
)
from detectors.training.gallery_seen import load_seen, see, shaken
from detectors.training.gallery_street import open_scene, render, street_products
from detectors.training.street import StreetBox, StreetPhoto
from detectors.training.street_masks import STREET_LABELS
from engine.detections import Detection, SeenPicture
from engine.evaluation.main_product import average_precision
from models.toy import ToyEncoder
from tests.detectors.simulated import simulated_detector
from tests.detectors.small_shop import LABELS, small_world, title_vector

pytestmark = pytest.mark.models
RED, BLUE = (200, 20, 30), (30, 60, 190)


def png(array: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def street_photo() -> StreetPhoto:
    """A red dress above two blue shoes."""
    image = np.full((300, 200, 3), 120, np.uint8)
    mask = np.zeros((300, 200), np.uint8)
    boxes = []
    for label, place, colour, box in (
        ("dress", 2, RED, (60, 60, 140, 200)),
        ("shoes", 4, BLUE, (60, 240, 90, 270)),
        ("shoes", 4, BLUE, (110, 240, 140, 270)),
    ):
        x0, y0, x1, y1 = box
        image[y0:y1, x0:x1] = colour
        mask[y0:y1, x0:x1] = STREET_LABELS.index(label)
        area = (x1 - x0) * (y1 - y0)
        boxes.append(
            StreetBox(place=place, label=label, box_xyxy_px=tuple(map(float, box)), area_px=area)
        )
    return StreetPhoto(
        photo_id="one",
        split="test",
        image=png(image),
        mask=png(mask),
        width_px=200,
        height_px=300,
        boxes=tuple(boxes),
    )


def is_near(picture: LabelledPicture, truth: Truth, colour) -> float:
    x0, y0, x1, y1 = (round(each) for each in truth.box_xyxy_px)
    part = picture.rgb[y0:y1, x0:x1].astype(int)
    return float((np.abs(part - colour).max(axis=2) < 70).mean())


@pytest.mark.parametrize("variant", [0, 1])
@pytest.mark.parametrize("kind", list(ViewKind))
def test_truths_lie_inside_the_picture_around_what_they_name(kind, variant) -> None:
    scene = open_scene(street_photo())
    for product in street_products(street_photo()):
        label = "" if kind is ViewKind.WHOLE else product.label
        view = View(photo="one", label=label, kind=kind, variant=variant)
        picture = render(scene, view, seed=3)
        if picture is None:
            assert kind is ViewKind.DETAIL
            assert product.label == "shoes"
            continue
        high, wide = picture.rgb.shape[:2]
        assert max(high, wide) == 400
        assert picture.rgb.dtype == np.uint8
        own = [each for each in picture.truths if each.label == product.label]
        assert own
        if kind in (ViewKind.CUTOUT, ViewKind.DETAIL):
            assert len(own) == len(picture.truths)
        for truth in picture.truths:
            x0, y0, x1, y1 = truth.box_xyxy_px
            assert 0 <= x0 < x1 <= wide + 1e-6
            assert 0 <= y0 < y1 <= high + 1e-6
            assert is_near(picture, truth, RED if truth.label == "dress" else BLUE) > 0.8


def test_the_second_rendering_repeats_no_pixels_and_the_same_view_does() -> None:
    scene = open_scene(street_photo())
    product = street_products(street_photo())[0]
    assert product.label == "dress"
    first, second = (
        View(photo="one", label="dress", kind=ViewKind.CUTOUT, variant=each) for each in (0, 1)
    )
    one, again, other = (render(scene, each, seed=3) for each in (first, first, second))
    np.testing.assert_array_equal(one.rgb, again.rgb)
    assert one.rgb.shape != other.rgb.shape or (one.rgb != other.rgb).mean() > 0.2


def test_mirroring_twice_and_whole_windows_change_nothing() -> None:
    picture = open_scene(street_photo()).picture
    twice = mirrored(mirrored(picture))
    np.testing.assert_array_equal(twice.rgb, picture.rgb)
    assert twice.truths == picture.truths
    same = window(picture, (0, 0, 200, 300))
    assert same.truths == picture.truths
    half = window(picture, (0, 0, 200, 130))
    assert [each.label for each in half.truths] == ["dress"]
    assert resized(picture, longer_px=600).truths[0].box_xyxy_px == (120, 120, 280, 400)
    assert relit(picture, np.random.default_rng(0)).truths == picture.truths


def test_colours_are_named_as_they_look() -> None:
    assert colour_name(np.array([RED] * 5, np.uint8)) == "red"
    assert colour_name(np.array([(5, 5, 5)], np.uint8)) == "black"
    assert colour_name(np.zeros((0, 3), np.uint8)) == ""


def seen(*boxes) -> SeenPicture:
    found = [Detection(box_xyxy_px=each, posterior=np.ones(2, np.float32) / 2) for each in boxes]
    vectors = np.ones((len(found), 2), np.float32) / np.sqrt(2)
    return SeenPicture(
        width_px=100, height_px=100, detections=tuple(found), vectors=vectors.astype(np.float32)
    )


def test_a_box_shows_a_product_by_one_part_or_by_all_together() -> None:
    parts = [
        Truth(label="shoes", place=0, box_xyxy_px=(0, 0, 10, 10)),
        Truth(label="shoes", place=0, box_xyxy_px=(20, 0, 30, 10)),
    ]
    one, pair, off = (0, 0, 10, 9), (1, 0, 30, 10), (50, 50, 60, 60)
    shows, found = shown_boxes(seen(one, off), parts)
    assert shows.tolist() == [True, False]
    assert found.tolist() == [True, False]
    shows, found = shown_boxes(seen(pair, off), parts)
    assert shows.tolist() == [True, False]
    assert found.all()
    shows, found = shown_boxes(seen(one), [])
    assert not shows.any()
    assert found.shape == (0,)


def test_pictures_of_other_products_show_none() -> None:
    world = small_world(3, seed=0)
    product = world.products[0]
    other = next(each for each in world.products if each.photo != product.photo)
    views = (views_of(product)[0], views_of(other)[0])
    case = case_of(world, GalleryPlan(product=product, views=views), np.random.default_rng(0))
    assert case.shows[0].sum() == 1
    assert not case.shows[1].any()
    assert case.parts == (1, 0)
    assert case.title == product.label
    assert case.wrong_title in set(LABELS) - {product.label}


def test_cases_stay_within_their_shop_and_labels_within_pictures() -> None:
    world = small_world(4, seed=1)
    cases = draw_cases(world, each=3, seed=5)
    assert len(cases) == 3 * len(world.products)
    for case in cases:
        assert case.labels.any()
        for view, picture, shows in zip(case.views, case.pictures, case.shows, strict=True):
            assert view in world.views
            assert len(shows) == len(picture.detections)


def test_what_was_seen_is_kept_and_not_looked_at_again(tmp_path) -> None:
    scene = open_scene(street_photo())
    product = ProductRef(photo="one", label="dress", place=2)
    pictures = [
        (view, made)
        for view in views_of(product)
        if (made := render(scene, view, seed=3)) is not None
    ]
    looks = []

    def look():
        looks.append(1)
        return see(pictures, simulated_detector(12, seed=1), ToyEncoder())

    first, again = (load_seen(tmp_path / "street", "key", look) for _ in range(2))
    assert len(looks) == 1
    assert list(first) == [view for view, _ in pictures] == list(again)
    load_seen(tmp_path / "street", "another key", look)
    assert len(looks) == 2
    for view, picture in pictures:
        held = again[view]
        assert [t.label for t in held.truths] == [t.label for t in picture.truths]
        for mine, theirs in zip(held.truths, picture.truths, strict=True):
            assert mine.box_xyxy_px == pytest.approx(theirs.box_xyxy_px, abs=0.5)
        assert held.seen.vectors.shape[0] == len(held.seen.detections)
        np.testing.assert_allclose(np.linalg.norm(held.whole), 1, atol=1e-3)
        for each in held.seen.detections:
            x0, y0, x1, y1 = each.box_xyxy_px
            assert 0 <= x0 < x1 <= held.seen.width_px + 0.5
            assert 0 <= y0 < y1 <= held.seen.height_px + 0.5


def test_shaken_boxes_stay_inside_and_near() -> None:
    given = seen((0, 0, 50, 50), (90, 90, 100, 100)).detections
    moved = shaken(given, (100, 100, 3), np.random.default_rng(0))
    assert [each.box_xyxy_px for each in moved] != [each.box_xyxy_px for each in given]
    for one, other in zip(given, moved, strict=True):
        assert np.abs(np.subtract(one.box_xyxy_px, other.box_xyxy_px)).max() < 12
        assert all(0 <= each <= 100 for each in other.box_xyxy_px)


def test_a_small_world_is_learned_and_served_as_trained(tmp_path) -> None:
    train, val = small_world(10, seed=0), small_world(4, seed=1)
    report = train_gallery(
        GalleryConfig(out=tmp_path, epochs=25, batch=16, rate=4e-3, check_every=5, dropout=0.1),
        train,
        val,
        embed_texts=lambda texts: np.stack([title_vector(t or LABELS[0]) for t in texts]),
        encoder="e",
        classes=LABELS,
        detector="d",
        arms=("gcn", "mlp", "contrastive"),
    )
    titled, untitled = report.val_ap["gcn"]
    assert titled > 0.97
    assert untitled > report.val_ap["mlp"][1] + 0.05
    assert set(ARMS) >= set(report.val_ap)
    graph = load_gallery_graph(report.folder)
    baseline = load_box_title(report.folder)
    for finder, least in ((graph, 0.95), (baseline, 0.8)):
        found = [
            average_precision(
                np.concatenate(finder.score(case.pictures, title_vector(case.title))), case.labels
            )
            for case in draw_cases(val, each=2, seed=9)
        ]
        assert np.mean(found) > least
    # Calibrated: as many boxes show their product as the probabilities say.
    cases = draw_cases(val, each=3, seed=10)
    scores = np.concatenate([np.concatenate(graph.score(case.pictures, None)) for case in cases])
    labels = np.concatenate([case.labels for case in cases])
    assert abs(scores.mean() - labels.mean()) < 0.1
    assert sum(each.stat().st_size for each in report.folder.iterdir()) < 3_000_000
