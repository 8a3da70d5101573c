"""Textual inversion on tiny random open_clip models: the loss falls, the sentence is composed."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidInput, ModelUnavailable
from models.hub.textual_inversion import TextualInversion

pytestmark = pytest.mark.models
open_clip = pytest.importorskip("open_clip")
torch = pytest.importorskip("torch")

VISION = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
TEXT = {"context_length": 20, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}
DIMS = 24


def clip_model():
    torch.manual_seed(3)
    return open_clip.CLIP(embed_dim=DIMS, vision_cfg=VISION, text_cfg=TEXT)


def siglip_like_model():
    torch.manual_seed(4)
    text = {**TEXT, "no_causal_mask": True, "pool_type": "last", "proj_bias": True}
    return open_clip.CustomTextCLIP(embed_dim=DIMS, vision_cfg=VISION, text_cfg=text)


@pytest.fixture(params=[clip_model, siglip_like_model], ids=["clip", "siglip-like"])
def inversion(request) -> TextualInversion:
    return TextualInversion(request.param(), open_clip.SimpleTokenizer(context_length=20))


def picture(seed: int = 0) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=DIMS).astype(np.float32)
    return vector / np.linalg.norm(vector)


def test_the_word_comes_to_mean_the_picture(inversion: TextualInversion) -> None:
    found = inversion.invert(picture(), steps=60, rate=0.2)
    assert found.token.shape == (16,)
    assert len(found.losses) == 61
    assert min(found.losses) < found.losses[0] - 0.05
    said = inversion.compose(found, "", prompt="a photo of *{}")
    assert 1 - float(said @ picture()) == pytest.approx(min(found.losses), abs=1e-4)


def test_the_change_moves_a_unit_vector(inversion: TextualInversion) -> None:
    found = inversion.invert(picture(), steps=5)
    red, blue = (inversion.compose(found, each) for each in ("red", "blue"))
    assert red.shape == (DIMS,)
    assert red.dtype == np.float32
    assert np.linalg.norm(red) == pytest.approx(1.0, abs=1e-5)
    assert not np.allclose(red, blue)
    other = inversion.invert(picture(1), steps=5)
    assert not np.allclose(red, inversion.compose(other, "red"))


def test_the_model_stays_as_it_is() -> None:
    model = clip_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    inversion = TextualInversion(model, open_clip.SimpleTokenizer(context_length=20))
    tokens = open_clip.SimpleTokenizer(context_length=20)(["a photo of x"])
    with torch.no_grad():
        plain = model.encode_text(tokens)
    inversion.invert(picture(), steps=3)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(each.grad is None for each in model.parameters())
    with torch.no_grad():
        assert torch.equal(plain, model.encode_text(tokens))


def test_what_cannot_be_inverted_is_said(inversion: TextualInversion) -> None:
    with pytest.raises(InvalidInput, match="expected one"):
        inversion.invert(picture(), prompt="a photo")
    with pytest.raises(InvalidInput, match="vector"):
        inversion.invert(np.ones(3, np.float32))
    with pytest.raises(InvalidInput, match="context"):
        inversion.invert(picture(), prompt="a very long sentence " * 10 + "*")
    with pytest.raises(ModelUnavailable, match="token embeddings"):
        TextualInversion(torch.nn.Linear(2, 2), open_clip.SimpleTokenizer())
