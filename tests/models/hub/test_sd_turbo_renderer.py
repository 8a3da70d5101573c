"""SD-Turbo behind the port: what is drawn, laid in, lent and told, with a tiny random pipeline."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("diffusers", reason="needs the extra [models]")

from engine.errors import InvalidInput, ModelUnavailable  # noqa: E402
from engine.ids import PictureHash, ProductId  # noqa: E402
from engine.ports import Renderer  # noqa: E402
from engine.query.lexicon import default_lexicon  # noqa: E402
from engine.rendering import DrawRequest, Rendering  # noqa: E402
from engine.types import Facet  # noqa: E402
from models.hub.sd_turbo.architecture import TINY, random_pipeline  # noqa: E402
from models.hub.sd_turbo.engine import SdTurbo  # noqa: E402
from models.hub.sd_turbo.load import load_sd_turbo  # noqa: E402
from models.hub.sd_turbo.plan import Kind, Strengths, kind_of, prompt_for  # noqa: E402
from models.hub.sd_turbo.renderer import SdTurboRenderer  # noqa: E402
from models.preprocess import letterbox  # noqa: E402
from models.variants.catalogue_bank import MemoryFeatures  # noqa: E402
from models.variants.lay_in import tint  # noqa: E402
from models.variants.mask import GarmentMasks  # noqa: E402
from models.variants.request_mask import request_mask  # noqa: E402
from models.variants.start import start_from  # noqa: E402
from models.variants.window import window_around  # noqa: E402
from tests.contracts.renderer_contract import RendererContract  # noqa: E402
from tests.models.hub.sd_doubles import (  # noqa: E402
    Filled,
    Shelf,
    change,
    save_loud_adapter,
)

pytestmark = pytest.mark.models

RED, STRIPED = {Facet.COLOUR: "red"}, {Facet.PATTERN: "striped"}
SLEEVELESS = {Facet.SLEEVE: "sleeveless"}


def garment(high: int = 40, wide: int = 30) -> np.ndarray:
    image = np.full((high, wide, 3), 240, np.uint8)
    image[high // 4 : -high // 4, wide // 4 : -wide // 4] = (40, 60, 160)
    return image


MASKS = GarmentMasks(Filled(), classes=("top",), revision="filled")


def asked(after: dict[Facet, str], **settings: Any) -> DrawRequest:
    image = settings.pop("reference", garment())
    high, wide = image.shape[:2]
    box = (wide // 4, high // 4, wide - wide // 4, high - high // 4)
    return DrawRequest(
        **{"reference": image, "change": change(after), "box_xyxy_px": box, **settings}
    )


def mask_of(request: DrawRequest) -> np.ndarray:
    return request_mask(request, MASKS, None).alpha


@pytest.fixture(scope="module")
def engine() -> SdTurbo:
    return SdTurbo(random_pipeline(TINY))


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory) -> SdTurbo:
    folder = save_loud_adapter(tmp_path_factory.mktemp("loud"))
    return SdTurbo(random_pipeline(TINY), adapter=folder)


def renderer(engine: SdTurbo, bank: Shelf | None = None, **settings: Any) -> SdTurboRenderer:
    return SdTurboRenderer(engine, masks=MASKS, lexicon=default_lexicon(), bank=bank, **settings)


def hats() -> Shelf:
    return Shelf(("red", "hat"), ("blue", "cap"))


def draw(made: SdTurboRenderer, request: DrawRequest, *seeds: int) -> list[Rendering]:
    return list(made.draw(request, seeds or (1,)))


class TestContract(RendererContract):
    @pytest.fixture
    def renderer(self, adapted: SdTurbo) -> Renderer:
        return renderer(adapted, hats(), neighbours=2)

    @pytest.fixture
    def drawable(self) -> Sequence[DrawRequest]:
        without = frozenset({ProductId("hat")})
        large = garment(80, 40)
        return [asked(RED), asked(STRIPED, without=without), asked(SLEEVELESS, reference=large)]


def test_its_revision_is_of_weights_and_settings(engine: SdTurbo) -> None:
    made = renderer(engine)
    assert made.name == "sd-turbo"
    assert made.revision.startswith(engine.revision)
    assert made.revision == renderer(engine).revision
    others = {
        renderer(engine, steps=4).revision,
        renderer(engine, strengths=Strengths(colour=0.4)).revision,
    }
    assert len(others | {made.revision}) == 3


@pytest.mark.parametrize("after", [RED, STRIPED, RED | STRIPED, {Facet.MATERIAL: "leather"}])
def test_another_colour_or_cloth_stays_inside_the_garment(
    engine: SdTurbo, after: dict[Facet, str]
) -> None:
    request = asked(after)
    outside = mask_of(request) == 0
    first, second = draw(renderer(engine), request, 1, 2)
    for each in (first, second):
        assert each.image.shape == request.reference.shape
        assert np.array_equal(each.image[outside], request.reference[outside])
        assert not np.array_equal(each.image[~outside], request.reference[~outside])
        assert not each.sketch
    assert (first.seed, second.seed) == (1, 2)
    assert not np.array_equal(first.image, second.image)


def test_a_colour_is_the_drawing_from_the_recoloured_reference_tinted_in(engine: SdTurbo) -> None:
    request = asked(RED)
    mask = mask_of(request)
    window = window_around(mask)
    start = start_from(request.reference, mask, request.change, default_lexicon())
    (square,) = engine.draw(
        window.cut(start, 32), prompt_for(request.change.after), [4], strength=0.5
    )
    expected = tint(request.reference, window.back(square, (30, 40)), mask)
    assert np.array_equal(draw(renderer(engine), request, 4)[0].image, expected)


def test_another_shape_is_a_whole_drawing(engine: SdTurbo) -> None:
    (found,) = draw(renderer(engine), asked(SLEEVELESS))
    assert found.image.shape == (40, 30, 3)
    assert not found.sketch  # 40 pixels are not much more than the 32 that were drawn
    assert "drawn anew" in found.notes[0]
    assert not np.array_equal(found.image[0], garment()[0])


def test_another_shape_of_a_large_picture_is_a_sketch_of_the_drawings_size(engine: SdTurbo) -> None:
    (found,) = draw(renderer(engine), asked(SLEEVELESS, reference=garment(80, 40)))
    assert found.sketch
    assert found.image.shape == (32, 16, 3)


def test_a_seed_draws_the_same_alone_and_again(adapted: SdTurbo) -> None:
    made = renderer(adapted, hats())
    many = draw(made, asked(RED), 3, 9, 4)
    assert [each.seed for each in many] == [3, 9, 4]
    (alone,) = draw(renderer(adapted, hats()), asked(RED), 9)  # with nothing cached
    assert np.array_equal(alone.image, many[1].image)


def test_pictures_come_one_by_one(engine: SdTurbo) -> None:
    calls: list[int] = []
    hook = engine.unet.register_forward_hook(lambda *_: calls.append(1))
    try:
        pictures = renderer(engine).draw(asked(RED), [1, 2, 3])
        next(pictures)
        assert len(calls) == 1
    finally:
        hook.remove()


def test_neighbours_help_by_slerp_the_first_alone_and_are_named(engine: SdTurbo) -> None:
    bank = hats()
    request = asked(RED)
    (helped,) = draw(renderer(engine, bank, neighbours=2), request)
    assert [each.product_id for each in helped.sources] == ["hat"]
    assert bank.asked == [(request.change.after, 1)]
    (alone,) = draw(renderer(engine), request)
    assert alone.sources == ()
    assert not np.array_equal(alone.image, helped.image)
    (empty,) = draw(renderer(engine, Shelf()), request)
    assert np.array_equal(empty.image, alone.image)


def test_an_adapter_takes_several_neighbours(adapted: SdTurbo) -> None:
    two = draw(renderer(adapted, hats(), neighbours=2), asked(RED))[0]
    one = draw(renderer(adapted, hats(), neighbours=1), asked(RED))[0]
    assert [each.product_id for each in two.sources] == ["hat", "cap"]
    assert not np.array_equal(two.image, one.image)


def test_the_products_own_picture_does_not_help(engine: SdTurbo) -> None:
    bank = hats()
    (found,) = draw(renderer(engine, bank), asked(RED, without=frozenset({ProductId("hat")})))
    assert [each.product_id for each in found.sources] == ["cap"]


def test_features_are_made_once_for_a_picture_a_caption_and_a_revision(
    engine: SdTurbo, adapted: SdTurbo
) -> None:
    bank, kept = hats(), MemoryFeatures()

    def made(by: SdTurbo, after: dict[Facet, str]) -> int:
        before = len(kept._held)
        draw(renderer(by, bank, features=kept), asked(after))
        return len(kept._held) - before

    assert made(engine, RED) == 2  # its middle features and its text's vector
    assert made(engine, STRIPED) == 0
    assert made(adapted, RED) == 2
    assert sorted(each.shape for each in kept._held.values()) == [(32,), (32,), *[(32, 8, 8)] * 2]
    first = bank.held[0]
    bank.held[0] = dataclasses.replace(first, attributes={Facet.TYPE: "cap"})
    assert made(engine, RED) == 2
    source = dataclasses.replace(first.source, picture=PictureHash("f" * 64))
    bank.held[0] = dataclasses.replace(first, source=source)
    assert made(engine, RED) == 2


def test_the_gate_is_the_cosine_of_the_text_encoders_vectors(
    adapted: SdTurbo, monkeypatch: pytest.MonkeyPatch
) -> None:
    lent: list[Any] = []
    monkeypatch.setattr(
        adapted, "draw", lambda *_a, **told: lent.append(told["lent"]) or iter([garment(32, 32)])
    )
    request = asked(RED)
    draw(renderer(adapted, hats(), neighbours=2), request)
    prompt = adapted.text(prompt_for(request.change.after)).astype(np.float32)
    texts = [prompt_for(each.attributes) for each in hats().held]
    expected = [prompt @ adapted.text(each).astype(np.float32) for each in texts]
    np.testing.assert_allclose(lent[0].similarity, expected, rtol=1e-6)
    square = letterbox(hats().held[0].picture, height_px=32, width_px=32)
    np.testing.assert_array_equal(adapted.middle(square, texts[0]), lent[0].features[0])


def test_what_changes_nothing_and_a_garment_that_is_not_found_are_refused(engine: SdTurbo) -> None:
    with pytest.raises(InvalidInput, match="as it is"):
        renderer(engine).draw(asked({}), [1])
    nowhere = GarmentMasks(Filled(0.0), classes=("top",), revision="nowhere")
    made = SdTurboRenderer(engine, masks=nowhere, lexicon=default_lexicon())
    with pytest.raises(InvalidInput, match="no garment was found") as got:
        made.draw(asked(RED), [1])
    assert got.value.where == "box"


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (RED, Kind.COLOUR),
        (STRIPED, Kind.CLOTH),
        (RED | {Facet.MATERIAL: "silk"}, Kind.CLOTH),
        (SLEEVELESS, Kind.SHAPE),
        (RED | {Facet.NECK: "v-neck"}, Kind.SHAPE),
        ({Facet.TYPE: "dress"}, Kind.SHAPE),
    ],
)
def test_the_larger_change_decides(after: dict[Facet, str], kind: Kind) -> None:
    assert kind_of(change(after)) is kind
    assert Strengths().of(Kind.COLOUR) < Strengths().of(Kind.CLOTH) < Strengths().of(Kind.SHAPE)


def test_prompts_say_every_attribute() -> None:
    words = prompt_for({Facet.COLOUR: "red", Facet.TYPE: "shirt", Facet.SLEEVE: "sleeveless"})
    assert "red sleeveless shirt" in words
    assert "photo of garment" in prompt_for({})


def test_a_renderer_from_a_folder(tmp_path: Path, engine: SdTurbo) -> None:
    with pytest.raises(ModelUnavailable, match="no such folder"):
        load_sd_turbo(str(tmp_path / "sd"), masks=MASKS, lexicon=default_lexicon(), device="cpu")
    random_pipeline(TINY).save_pretrained(tmp_path / "sd")
    made = load_sd_turbo(str(tmp_path / "sd"), masks=MASKS, lexicon=default_lexicon(), device="cpu")
    assert made.revision == renderer(engine).revision
    assert np.array_equal(
        draw(made, asked(RED))[0].image, draw(renderer(engine), asked(RED))[0].image
    )
    with pytest.raises(InvalidInput, match="got the device"):
        load_sd_turbo("x/y", masks=MASKS, lexicon=default_lexicon(), device="tpu")
