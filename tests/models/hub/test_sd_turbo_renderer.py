"""SD-Turbo behind the port: what is drawn, laid in, lent and told, with a tiny random pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("diffusers", reason="needs the extra [models]")

from engine.errors import InvalidInput, ModelUnavailable  # noqa: E402
from engine.ids import ProductId  # noqa: E402
from engine.ports import Renderer  # noqa: E402
from engine.query.lexicon import default_lexicon  # noqa: E402
from engine.rendering import DrawRequest, Rendering  # noqa: E402
from engine.types import Facet  # noqa: E402
from models.hub.sd_turbo.architecture import TINY, random_pipeline  # noqa: E402
from models.hub.sd_turbo.engine import SdTurbo  # noqa: E402
from models.hub.sd_turbo.load import load_sd_turbo  # noqa: E402
from models.hub.sd_turbo.plan import Kind, Strengths, kind_of, prompt_for, prompt_of  # noqa: E402
from models.hub.sd_turbo.renderer import SdTurboRenderer  # noqa: E402
from models.variants.lay_in import tint  # noqa: E402
from models.variants.start import start_from  # noqa: E402
from models.variants.window import window_around  # noqa: E402
from tests.models.hub.sd_doubles import (  # noqa: E402
    MemoryBank,
    change,
    neighbour,
    save_loud_adapter,
)

pytestmark = pytest.mark.models

RED, STRIPED = {Facet.COLOUR: "red"}, {Facet.PATTERN: "striped"}
SLEEVELESS = {Facet.SLEEVE: "sleeveless"}


def garment(high: int = 40, wide: int = 30) -> np.ndarray:
    image = np.full((high, wide, 3), 240, np.uint8)
    image[high // 4 : -high // 4, wide // 4 : -wide // 4] = (40, 60, 160)
    return image


def mask_of(request: DrawRequest) -> np.ndarray:
    return (request.reference[..., 0] < 100).astype(np.float32)


def asked(after: dict[Facet, str], **settings: Any) -> DrawRequest:
    return DrawRequest(**{"reference": garment(), "change": change(after), **settings})


@pytest.fixture(scope="module")
def engine() -> SdTurbo:
    return SdTurbo(random_pipeline(TINY))


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory) -> SdTurbo:
    folder = save_loud_adapter(tmp_path_factory.mktemp("loud"))
    return SdTurbo(random_pipeline(TINY), adapter=folder)


def renderer(engine: SdTurbo, bank: MemoryBank | None = None, **settings: Any) -> SdTurboRenderer:
    return SdTurboRenderer(engine, masks=mask_of, lexicon=default_lexicon(), bank=bank, **settings)


def hats() -> MemoryBank:
    return MemoryBank([neighbour("hat", "red hat", 1), neighbour("cap", "blue cap", 2)])


def draw(made: SdTurboRenderer, request: DrawRequest, *seeds: int) -> list[Rendering]:
    return list(made.draw(request, seeds or (1,)))


def test_it_is_a_renderer(engine: SdTurbo) -> None:
    made: Renderer = renderer(engine)
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
    assert bank.asked == [("red long sleeve shirt", 1, frozenset())]
    (alone,) = draw(renderer(engine), request)
    assert alone.sources == ()
    assert not np.array_equal(alone.image, helped.image)
    (empty,) = draw(renderer(engine, MemoryBank([])), request)
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
    bank = hats()
    draw(renderer(engine, bank), asked(RED))
    assert bank.made == 2  # its middle features and its text's vector
    draw(renderer(engine, bank), asked(STRIPED), 5)
    assert bank.made == 2
    draw(renderer(adapted, bank), asked(RED))
    assert bank.made == 4
    source, _, picture = bank.neighbours[0]
    bank.neighbours[0] = (source, "green hat", picture)
    draw(renderer(engine, bank), asked(RED))
    assert bank.made == 6
    (key,) = [each for each in bank.kept if "middle" in each][:1]
    assert key.startswith(f"sd-turbo/{engine.revision}/middle/hash-hat/")
    assert bank.kept[key].shape == (32, 8, 8)
    assert bank.kept[key].dtype == np.float16


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
    expected = [prompt @ adapted.text(prompt_of(words)).astype(np.float32)
                for words in ("red hat", "blue cap")]  # fmt: skip
    np.testing.assert_allclose(lent[0].similarity, expected, rtol=1e-6)
    np.testing.assert_array_equal(
        adapted.middle(_square(hats().neighbours[0][2]), prompt_of("red hat")), lent[0].features[0]
    )


def _square(picture: np.ndarray) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize((32, 32), Image.Resampling.BICUBIC))


def test_what_changes_nothing_and_a_garment_that_is_not_found_are_refused(engine: SdTurbo) -> None:
    with pytest.raises(InvalidInput, match="nothing of it changes"):
        renderer(engine).draw(asked({}), [1])
    white = np.full((40, 30, 3), 240, np.uint8)
    with pytest.raises(InvalidInput, match="empty mask"):
        draw(renderer(engine), asked(RED, reference=white))


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
    assert "a garment" in prompt_for({})


def test_a_renderer_from_a_folder(tmp_path: Path, engine: SdTurbo) -> None:
    with pytest.raises(ModelUnavailable, match="no such folder"):
        load_sd_turbo(str(tmp_path / "sd"), masks=mask_of, lexicon=default_lexicon(), device="cpu")
    random_pipeline(TINY).save_pretrained(tmp_path / "sd")
    made = load_sd_turbo(
        str(tmp_path / "sd"), masks=mask_of, lexicon=default_lexicon(), device="cpu"
    )
    assert made.revision == renderer(engine).revision
    assert np.array_equal(
        draw(made, asked(RED))[0].image, draw(renderer(engine), asked(RED))[0].image
    )
    with pytest.raises(InvalidInput, match="got the device"):
        load_sd_turbo("x/y", masks=mask_of, lexicon=default_lexicon(), device="tpu")
