"""The relation network: its features, its numpy form against torch, a real training of seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detectors.body import BODY_PARTS, body_boxes, person_box
from detectors.relations import RELATIONS, load_relations, pair_features, see
from detectors.taxonomy import default_taxonomy
from engine.errors import ModelUnavailable

CLASSES = default_taxonomy().classes


def one_hot(*names: str) -> np.ndarray:
    return np.eye(len(CLASSES))[[CLASSES.index(name) for name in names]]


def test_features_are_what_they_say() -> None:
    boxes = np.array([[0.0, 0, 40, 20], [20, 10, 60, 30]])
    scene = see(boxes, one_hot("top", "bottom"), CLASSES, width_px=100, height_px=100)
    features = pair_features(scene)
    assert features.shape == (2, 2 + len(BODY_PARTS), 14)
    height = scene.height
    expected = [0.5, 0.5, 0, 0, 200 / 1400, 0.25, 0.25, 0.1 / height, 0.1 / height,
                0.2, 0.1, 0.08, 0.08, 0.5]  # fmt: skip
    assert features[0, 1] == pytest.approx(np.clip(expected, -4, 4), abs=1e-6)


def test_features_do_not_ask_how_large_the_picture_is() -> None:
    boxes = np.array([[10.0, 50, 90, 180], [20, 160, 80, 380], [30, 370, 50, 398]])
    kinds = one_hot("top", "bottom", "footwear")
    small = see(boxes, kinds, CLASSES, width_px=100, height_px=400)
    large = see(3 * boxes, kinds, CLASSES, width_px=300, height_px=1200)
    np.testing.assert_allclose(pair_features(small), pair_features(large), atol=1e-5)


def test_features_stay_finite_for_boxes_without_area() -> None:
    boxes = np.array([[5.0, 5, 5, 5], [0, 0, 100, 100]])
    scene = see(boxes, one_hot("bag", "dress"), CLASSES, width_px=100, height_px=100)
    assert np.isfinite(pair_features(scene)).all()


def test_a_bag_is_not_worn_and_a_hat_is_the_top_of_the_head() -> None:
    boxes = np.array([[40.0, 0, 60, 10], [30, 16, 70, 60], [0, 60, 20, 99]])
    person = person_box(boxes, one_hot("headwear", "top", "bag"), CLASSES)
    assert person.tolist() == [30, 0, 70, 60]
    without = person_box(boxes[1:], one_hot("top", "bag"), CLASSES)
    assert without[1] < 16
    parts = body_boxes(person)
    assert (parts[:, 3] > parts[:, 1]).all()
    assert parts[0].tolist() == person.tolist()


def test_the_shipped_network_knows_plain_cases() -> None:
    network = load_relations()
    boxes = np.array(
        [[60.0, 80, 160, 230], [70, 220, 150, 520], [70, 515, 105, 560], [110, 515, 148, 560]]
    )
    scene = see(
        boxes, one_hot("top", "bottom", "footwear", "footwear"), CLASSES, width_px=220,
        height_px=600,
    )  # fmt: skip
    found = network.predict(scene)
    place = {name: number for number, name in enumerate(RELATIONS)}
    assert found.shape == (4, 4 + len(BODY_PARTS), len(RELATIONS))
    assert found[0, 1, place["above"]] > 0.9 > 0.1 > found[1, 0, place["above"]]
    assert found[1, 2, place["reaches"]] > 0.6
    assert found[2, 3, place["left-and-right-pair"]] > 0.6
    assert found[0, 1, place["left-and-right-pair"]] < 0.1
    knee = 4 + list(BODY_PARTS).index("knee")
    assert found[1, knee, place["covers"]] > 0.8 > 0.2 > found[0, knee, place["covers"]]


def test_other_vocabulary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        '{"classes": [], "body": [], "relations": ["above"]}', encoding="utf-8"
    )
    with pytest.raises(ModelUnavailable, match="other relations"):
        load_relations(tmp_path)


@pytest.mark.models
def test_training_learns_and_numpy_serves_what_torch_trained(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra [models]")
    pytest.importorskip("cv2", reason="needs the extra [models]")
    from detectors.training.relation_pairs import draw_pairs
    from detectors.training.relations import (
        PairNetwork,
        RelationsConfig,
        average_precision,
        fit_relations,
        save_relations,
    )
    from detectors.training.simulated import Noise
    from detectors.training.street import StreetBox
    from detectors.training.street_relations import RelatedPhoto

    rng = np.random.default_rng(0)
    above, pair = list(RELATIONS).index("above"), list(RELATIONS).index("left-and-right-pair")

    def photo(number: int) -> RelatedPhoto:
        middles = rng.uniform(60, 340, 4)
        boxes = [
            StreetBox(place=int(rng.integers(len(CLASSES))), label="", area_px=900,
                      box_xyxy_px=(80.0, y - 30, 140.0, y + 30))
            for y in middles
        ]  # fmt: skip
        relations = np.zeros((4, 4 + len(BODY_PARTS), len(RELATIONS)), bool)
        relations[:, :4, above] = middles[:, None] < middles[None] - 30
        relations[:, :4, pair] = np.abs(middles[:, None] - middles[None]) < 15
        return RelatedPhoto(photo_id=str(number), width_px=200, height_px=400,
                            boxes=tuple(boxes), relations=relations)  # fmt: skip

    config = RelationsConfig(views=3, steps=250, batch=256)
    tensors = fit_relations([photo(k) for k in range(60)], CLASSES, config)
    held_out = draw_pairs([photo(k) for k in range(20)], CLASSES, views=1, noise=Noise(),
                          negatives=np.inf, rng=rng)  # fmt: skip
    found, share = average_precision(tensors, held_out)["above"]
    assert found > 0.9 > 0.4 > share
    save_relations(tensors, CLASSES, tmp_path)
    served = load_relations(tmp_path)
    boxes = np.array([[20.0, 30, 90, 120], [30, 90, 80, 300], [10, 10, 190, 390]])
    scene = see(boxes, rng.random((3, len(CLASSES))), CLASSES, width_px=200, height_px=400)
    network = PairNetwork(len(tensors["classes"]), 64, 16)
    halved = {name: each.astype(np.float16).astype(np.float32) for name, each in tensors.items()}
    network.load_state_dict(
        {("classes" if name == "classes" else f"layers.{name}"): torch.from_numpy(each)
         for name, each in halved.items()}
    )  # fmt: skip
    kinds = (scene.kinds / scene.kinds.sum(axis=1, keepdims=True)).astype(np.float32)
    count = len(scene.partners)
    with torch.no_grad():
        expected = torch.sigmoid(
            network(
                torch.from_numpy(pair_features(scene)[1]),
                torch.from_numpy(np.repeat(kinds[1:2], count, axis=0)),
                torch.from_numpy(kinds),
            )
        ).numpy()
    np.testing.assert_allclose(served.predict(scene)[1], expected, atol=1e-4)
