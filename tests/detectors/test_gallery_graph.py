"""The gallery graph as it is served, against the network that is trained."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from detectors.gallery_features import gallery_nodes, pair_features
from detectors.gallery_graph import (
    RELATIONS,
    GalleryGraph,
    neighbours,
)
from detectors.gallery_weights import load_gallery_graph
from detectors.registry import load_finder
from engine.errors import InvalidInput, ModelUnavailable
from engine.types import EncoderId
from tests.detectors.galleries import CLASSES, DIMS, random_picture, unit

ENCODER = EncoderId(name="e", revision="1", preprocess="p", dims=DIMS)


def weights(edges, seed: int = 0) -> dict[str, np.ndarray]:
    """Of a network of eight hidden units."""
    rng = np.random.default_rng(seed)
    hidden, low, key, pairs = 8, 4, 3, 7
    own = CLASSES + 1 + 7
    shapes = {
        "no_title": (DIMS,),
        "match_box.weight": (low, DIMS),
        "match_title.weight": (low, DIMS),
        "inputs.weight": (hidden, 2 * DIMS + own + low + 2),
        "inputs.bias": (hidden,),
        "head.weight": (1, hidden),
        "head.bias": (1,),
    }
    for layer in range(2):
        before = f"layers.{layer}"
        shapes |= {f"{before}.norm.weight": (hidden,), f"{before}.norm.bias": (hidden,)}
        if not RELATIONS[edges]:
            shapes |= {
                f"{before}.alone.weight": (hidden, hidden),
                f"{before}.alone.bias": (hidden,),
            }
        for relation in RELATIONS[edges]:
            name = f"{before}.relations.{relation}"
            shapes |= {
                f"{name}.conv.lin_rel.weight": (hidden, hidden),
                f"{name}.conv.lin_rel.bias": (hidden,),
                f"{name}.conv.lin_root.weight": (hidden, hidden),
            }
            if relation != "mean":
                shapes |= {
                    f"{name}.query.weight": (key, hidden),
                    f"{name}.key.weight": (key, hidden),
                    f"{name}.pair_logit.weight": (1, pairs),
                    f"{name}.told.weight": (hidden, pairs + 1),
                }
    return {
        name: rng.normal(0, 0.5, size=shape).astype(np.float16) for name, shape in shapes.items()
    }


def graph(edges="full", seed: int = 0) -> GalleryGraph:
    return GalleryGraph(weights(edges, seed), edges=edges, classes=CLASSES)


def pictures(seed: int, counts: list[int]):
    rng = np.random.default_rng(seed)
    return [random_picture(rng, count) for count in counts]


def title(seed: int = 9) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=DIMS))


counts = st.lists(st.integers(0, 5), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(counts=counts, seed=st.integers(0, 1000), edges=st.sampled_from(sorted(RELATIONS)))
def test_the_order_of_boxes_and_pictures_makes_no_difference(counts, seed, edges) -> None:
    given_pictures = pictures(seed, counts)
    rng = np.random.default_rng(seed + 1)
    finder = graph(edges)
    scores = finder.score(given_pictures, title())
    orders = [rng.permutation(count) for count in counts]
    turned = [
        type(each)(
            width_px=each.width_px,
            height_px=each.height_px,
            detections=tuple(each.detections[k] for k in order),
            vectors=each.vectors[order],
        )
        for each, order in zip(given_pictures, orders, strict=True)
    ]
    places = rng.permutation(len(counts))
    again = finder.score([turned[place] for place in places], title())
    for row, place in enumerate(places):
        np.testing.assert_allclose(again[row], scores[place][orders[place]], atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(counts=counts, seed=st.integers(0, 1000))
def test_scores_are_probabilities_one_a_box(counts, seed) -> None:
    for text in (None, title()):
        scores = graph().score(pictures(seed, counts), text)
        assert [len(each) for each in scores] == counts
        for each in scores:
            assert each.dtype == np.float32
            assert ((each >= 0) & (each <= 1)).all()


def test_no_picture_and_no_box_are_fine() -> None:
    assert graph().score([], None) == []
    (alone,) = graph().score(pictures(0, [0]), None)
    assert alone.shape == (0,)
    (one,) = graph().score(pictures(0, [1]), None)
    assert one.shape == (1,)


def test_a_box_alone_is_judged_the_same_whatever_edges_it_could_have_had() -> None:
    """With one box in one picture nothing is heard, so attention cannot matter."""
    held = weights("full")
    changed = {name: each * (3 if "query" in name or "pair_logit" in name else 1)
               for name, each in held.items()}  # fmt: skip
    one = pictures(4, [1])
    many = pictures(4, [2, 2])
    first, second = (GalleryGraph(each, edges="full", classes=CLASSES) for each in (held, changed))
    np.testing.assert_array_equal(first.score(one, None)[0], second.score(one, None)[0])
    assert not np.allclose(
        np.concatenate(first.score(many, None)), np.concatenate(second.score(many, None))
    )


def test_relations_hear_what_they_say() -> None:
    picture = np.array([0, 0, 1])
    assert neighbours("same", picture).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert neighbours("cross", picture).tolist() == [[0, 0, 1], [0, 0, 1], [1, 1, 0]]
    assert neighbours("mean", picture).all()
    one, other = pictures(1, [2, 1])
    (_, third) = pictures(2, [2, 1])
    alone, changed = (
        graph("same").score([one, other], None),
        graph("same").score([one, third], None),
    )
    np.testing.assert_allclose(alone[0], changed[0], atol=1e-6)
    crossed = graph("cross").score([one, other], None)[0]
    assert not np.allclose(crossed, graph("cross").score([one, third], None)[0])


def test_pair_features_are_what_they_are_called() -> None:
    nodes = gallery_nodes(pictures(3, [2, 2]), classes=CLASSES, dims=DIMS)
    pairs = pair_features(nodes)
    assert pairs.shape == (4, 4, 7)
    np.testing.assert_allclose(pairs[..., 0], nodes.vectors @ nodes.vectors.T, atol=1e-6)
    across = nodes.picture[:, None] != nodes.picture[None]
    assert (pairs[..., 3:6][across] == 0).all()
    np.testing.assert_allclose(np.diagonal(pairs[..., 3]), 1, atol=1e-6)
    np.testing.assert_allclose(np.diagonal(pairs[..., 4]), 1, atol=1e-6)
    np.testing.assert_allclose(pairs[..., 4], pairs[..., 5].T, atol=1e-6)
    np.testing.assert_allclose(pairs[..., 6], -pairs[..., 6].T, atol=1e-6)


@pytest.mark.models
@pytest.mark.parametrize("edges", sorted(RELATIONS))
@pytest.mark.parametrize("titled", [True, False])
def test_it_agrees_with_the_network_that_is_trained_padded_or_not(edges, titled) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra [models]")
    from detectors.training.gallery_batches import Example, dense_batch
    from detectors.training.gallery_net import GalleryNet

    torch.manual_seed(1)
    model = GalleryNet(dims=DIMS, classes=CLASSES, edges=edges, hidden=12, low=6, key=5).eval()
    text = title() if titled else None
    galleries = [pictures(5, [3, 0, 2]), pictures(6, [1]), pictures(7, [4, 4, 1, 2])]
    examples = []
    for each in galleries:
        nodes = gallery_nodes(each, classes=CLASSES, dims=DIMS)
        labels = np.zeros(len(nodes), np.bool_)
        examples.append(Example(nodes=nodes, labels=labels, place=0, title=text))
    batch, _ = dense_batch(examples)
    served = GalleryGraph(
        {name: each.numpy() for name, each in model.state_dict().items()},
        edges=edges,
        classes=CLASSES,
    )
    with torch.no_grad():
        together = torch.sigmoid(model(batch)).numpy()
    for row, (each, example) in enumerate(zip(galleries, examples, strict=True)):
        mine = np.concatenate(served.score(each, text))
        np.testing.assert_allclose(mine, together[row, : len(mine)], atol=2e-5)
        with torch.no_grad():
            alone = torch.sigmoid(model(dense_batch([example])[0])).numpy()[0]
        np.testing.assert_allclose(alone, together[row, : len(mine)], atol=2e-5)


def test_what_does_not_fit_is_refused() -> None:
    finder = graph()
    with pytest.raises(InvalidInput, match="title"):
        finder.score(pictures(0, [1]), np.ones(3, np.float32))
    with pytest.raises(InvalidInput, match="picture 0"):
        finder.score([random_picture(np.random.default_rng(0), 2, dims=DIMS + 1)], None)
    with pytest.raises(InvalidInput, match="picture 0"):
        finder.score([random_picture(np.random.default_rng(0), 2, classes=CLASSES + 1)], None)
    with pytest.raises(InvalidInput, match="inputs"):
        GalleryGraph(weights("full"), edges="full", classes=CLASSES + 1)
    with pytest.raises(InvalidInput, match="alone"):
        GalleryGraph(weights("full"), edges="none", classes=CLASSES)


def save(folder, encoder: str, classes=("a", "b", "c", "d")) -> None:
    save_file(weights("full"), folder / "gcn.safetensors")
    config = {"encoder": encoder, "classes": classes, "edges": "full", "detector": "d1"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def test_a_folder_gives_back_what_was_written(tmp_path) -> None:
    save(tmp_path, ENCODER.fingerprint)
    found = load_finder(ENCODER, ("a", "b", "c", "d"), folder=tmp_path)
    given_pictures = pictures(0, [2, 1])
    for mine, theirs in zip(
        found.score(given_pictures, None), graph().score(given_pictures, None), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_another_detector_of_the_same_classes_is_told_of(tmp_path, caplog) -> None:
    save(tmp_path, ENCODER.fingerprint)
    for detector, told in (("d1", 0), ("", 0), ("d2", 1)):
        caplog.clear()
        load_finder(ENCODER, ("a", "b", "c", "d"), detector=detector, folder=tmp_path)
        assert len(caplog.records) == told


def test_weights_of_another_encoder_or_detector_are_refused(tmp_path) -> None:
    save(tmp_path, "e@2/p/16")
    with pytest.raises(ModelUnavailable, match="e@2/p/16"):
        load_finder(ENCODER, ("a", "b", "c", "d"), folder=tmp_path)
    save(tmp_path, ENCODER.fingerprint)
    with pytest.raises(ModelUnavailable, match="2 classes"):
        load_finder(ENCODER, ("a", "b"), folder=tmp_path)
    with pytest.raises(ModelUnavailable):
        load_finder(ENCODER, ("b", "a", "c", "d"), folder=tmp_path)


def test_the_finder_that_ships_fits_the_encoder_and_detector_that_ship() -> None:
    from detectors.registry import load_detector
    from models.compact import load_compact
    from models.onnx_session import OnnxTower

    encoder, detector = load_compact(), load_detector(OnnxTower)
    finder = load_finder(encoder.encoder_id, detector.classes)
    rng = np.random.default_rng(0)
    seen = [random_picture(rng, 3, classes=len(detector.classes), dims=encoder.encoder_id.dims)]
    (scores,) = finder.score(seen, encoder.embed_texts(["red dress"])[0])
    assert ((scores > 0) & (scores < 1)).all()


def test_missing_or_damaged_weights_are_said(tmp_path) -> None:
    with pytest.raises(ModelUnavailable, match="train gallery"):
        load_gallery_graph(tmp_path)
    with pytest.raises(ModelUnavailable, match="train gallery"):
        load_finder(ENCODER, ("a",), folder=tmp_path)
    save(tmp_path, ENCODER.fingerprint)
    with pytest.raises(ModelUnavailable, match="mlp"):
        load_gallery_graph(tmp_path, arm="mlp")
    (tmp_path / "gcn.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        load_gallery_graph(tmp_path)
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        load_gallery_graph(tmp_path)
