"""The learned composer as it is served."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from engine.errors import InvalidInput, ModelUnavailable
from engine.query.parse import parse_modification
from engine.types import EncoderId
from models.composer import FEATURES, LearnedComposer, composer_for, edit_features, load_composer

DIMS, HIDDEN = 8, 5
ENCODER = EncoderId(name="e", revision="1", preprocess="p", dims=DIMS)


def weights(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {
        "input.weight": (HIDDEN, 4 * DIMS + len(FEATURES)),
        "input.bias": (HIDDEN,),
        "gate.weight": (DIMS, HIDDEN),
        "gate.bias": (DIMS,),
        "shift.weight": (DIMS, HIDDEN),
        "shift.bias": (DIMS,),
        "arithmetic": (1,),
    }
    return {name: rng.normal(size=shape).astype(np.float16) for name, shape in shapes.items()}


def vectors(seed: int) -> list[np.ndarray]:
    drawn = np.random.default_rng(seed).normal(size=(4, DIMS)).astype(np.float32)
    return list(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def edits(words: str):
    return parse_modification(words).edits


def test_features_name_the_kinds_of_edits():
    features = edit_features(edits("but red, darker, not striped, under 40"))
    named = {name for name, value in zip(FEATURES, features, strict=True) if value}
    assert named == {"colour:set", "darkness:more", "pattern:not"}
    assert not edit_features(edits("more formal, v-neck")).any()


def test_it_composes_unit_vectors_that_depend_on_every_input():
    composer = LearnedComposer(weights(), encoder=ENCODER.fingerprint)
    reference, words, target, source = vectors(1)
    given = {"words": words, "target": target, "source": source, "edits": edits("but red")}
    composed = composer.compose(reference, **given)
    assert composed.dtype == np.float32
    assert np.linalg.norm(composed) == pytest.approx(1.0, abs=1e-5)
    other = vectors(2)[0]
    for name in ("words", "target", "source"):
        assert not np.allclose(composed, composer.compose(reference, **{**given, name: other}))
    assert not np.allclose(composed, composer.compose(other, **given))
    assert not np.allclose(
        composed, composer.compose(reference, **{**given, "edits": edits("not red")})
    )


def test_what_it_has_not_learned_is_left_to_arithmetic():
    composer = LearnedComposer(weights(), encoder=ENCODER.fingerprint)
    reference, words, target, source = vectors(1)
    given = {"words": words, "target": target, "source": source}
    assert composer.compose(reference, **given, edits=edits("red and more formal")) is None
    assert composer.compose(reference, **given, edits=()) is None


def test_it_agrees_with_the_network_that_was_trained():
    torch = pytest.importorskip("torch")
    from models.training.composer import Combiner

    held = weights(3)
    model = Combiner(DIMS, HIDDEN).eval()
    state = {name: torch.from_numpy(value.astype(np.float32)) for name, value in held.items()}
    model.load_state_dict({**state, "scale": model.scale})
    given = vectors(4)
    features = edit_features(edits("but in red"))
    with torch.no_grad():
        expected = model(*(torch.from_numpy(each[None]) for each in (*given, features)))[0]
    served = LearnedComposer(held, encoder="x").compose(
        given[0], words=given[1], target=given[2], source=given[3], edits=edits("but in red")
    )
    np.testing.assert_allclose(served, expected.numpy(), atol=1e-5)


def test_vectors_of_another_length_are_refused():
    composer = LearnedComposer(weights(), encoder="x")
    reference, words, target, _ = vectors(1)
    with pytest.raises(InvalidInput, match="source"):
        composer.compose(
            reference, words=words, target=target, source=np.ones(3, np.float32), edits=()
        )


def save(folder, tensors, encoder: str) -> None:
    save_file(tensors, folder / "composer.safetensors")
    (folder / "config.json").write_text(json.dumps({"encoder": encoder}), encoding="utf-8")


def test_a_folder_gives_back_what_was_written(tmp_path):
    save(tmp_path, weights(), ENCODER.fingerprint)
    composer = composer_for(ENCODER, tmp_path)
    assert composer is not None
    assert composer.encoder == ENCODER.fingerprint


def test_a_composer_of_another_encoder_is_left_out_and_said(tmp_path, caplog):
    save(tmp_path, weights(), "e@2/p/8")
    assert composer_for(ENCODER, tmp_path) is None
    assert "e@2/p/8" in caplog.text
    assert "lookalike train composer" in caplog.text


def test_missing_or_damaged_weights_are_said_and_keep_no_search_from_working(tmp_path, caplog):
    caplog.set_level("INFO")
    with pytest.raises(ModelUnavailable, match="train composer"):
        load_composer(tmp_path)
    assert composer_for(ENCODER, tmp_path) is None
    assert "arithmetic" in caplog.text
    save(tmp_path, {"arithmetic": np.zeros(1, np.float16)}, ENCODER.fingerprint)
    with pytest.raises(ModelUnavailable, match="missing"):
        load_composer(tmp_path)
    (tmp_path / "composer.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        load_composer(tmp_path)
    # A network of another shape than its own inputs.
    odd = weights()
    odd["input.weight"] = odd["input.weight"][:, :-1]
    save(tmp_path, odd, ENCODER.fingerprint)
    with pytest.raises(ModelUnavailable, match="inputs"):
        load_composer(tmp_path)
