"""The generator's seams, exactly: what retrieval, slerp, guidance and halves do to its numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("diffusers", reason="needs the extra [models]")

from models.hub.hspace.lora import DecoderLora  # noqa: E402
from models.hub.hspace.middle import Adapter, HSpace, Retrieved, slerp  # noqa: E402
from models.training.variants.flow import (  # noqa: E402
    few_steps,
    guided,
    mixed,
    picture_from,
    sample_flow,
)
from models.training.variants.network import (  # noqa: E402
    Condition,
    Generator,
    GeneratorSizes,
    h_space,
)

pytestmark = pytest.mark.models

COUNT, WIDTH = 3, 48
CODES = (5, 4, 2, 2, 2, 2, 2)


@pytest.fixture
def generator() -> Generator:
    torch.manual_seed(0)
    made = Generator(CODES, GeneratorSizes(channels=(16, 32, WIDTH), heads=2, token=32))
    torch.nn.init.normal_(made.unet.conv_out.weight, std=0.1)  # it starts at zero
    return made.eval()


@pytest.fixture
def condition() -> Condition:
    generator = torch.Generator().manual_seed(1)
    return Condition(
        text=torch.nn.functional.normalize(torch.randn(COUNT, 256, generator=generator), dim=1),
        codes=torch.randint(0, 2, (COUNT, len(CODES) + 1), generator=generator),
        planes=torch.randn(COUNT, 18, 16, 12, generator=generator),
    )


@pytest.fixture
def latents() -> torch.Tensor:
    return torch.randn(COUNT, 8, 16, 12, generator=torch.Generator().manual_seed(2))


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def features(pictures: int = 2) -> torch.Tensor:
    return torch.randn(COUNT, pictures, WIDTH, 4, 3, generator=torch.Generator().manual_seed(3))


TIME = torch.tensor([1.0, 0.5, 0.0])


def test_the_first_half_is_what_the_middle_block_gives(generator, condition, latents) -> None:
    seen = []
    hook = generator.unet.mid_block.register_forward_hook(lambda _m, _i, o: seen.append(o))
    whole = generator(latents, TIME, condition)
    hook.remove()
    assert torch.equal(h_space(generator, latents, TIME, condition), seen[0])
    assert torch.equal(generator(latents, TIME, condition), whole)  # and nothing is left behind


def test_a_fresh_adapter_and_fresh_decoder_changes_change_nothing(
    generator, condition, latents
) -> None:
    plain = generator(latents, TIME, condition)
    space, lora = HSpace(generator.unet, Adapter(WIDTH, heads=2)), DecoderLora(generator.unet)
    assert torch.equal(generator(latents, TIME, condition), plain)
    space.retrieved = Retrieved(
        features=features(), similarity=torch.ones(COUNT, 2), blend=torch.ones(COUNT)
    )
    assert torch.equal(generator(latents, TIME, condition), plain)
    assert len(lora.changes) > 10


@pytest.mark.parametrize("similarity", [0.0, -0.5])
def test_no_similarity_is_the_unmodified_model(
    generator, condition, latents, similarity: float
) -> None:
    plain = generator(latents, TIME, condition)
    adapter = Adapter(WIDTH, heads=2)
    torch.nn.init.normal_(adapter.out.weight)
    space = HSpace(generator.unet, adapter)

    def at(gate: float) -> torch.Tensor:
        space.retrieved = Retrieved(
            features=features(),
            similarity=torch.full((COUNT, 2), gate),
            blend=torch.ones(COUNT),
        )
        return generator(latents, TIME, condition)

    assert torch.equal(at(similarity), plain)
    assert (at(1.0) - plain).abs().amax((1, 2, 3)).min() > 1e-3
    space.remove()
    assert torch.equal(generator(latents, TIME, condition), plain)


def test_decoder_changes_go_with_their_scale_and_their_hooks(generator, condition, latents) -> None:
    plain = generator(latents, TIME, condition)
    lora = DecoderLora(generator.unet)
    for change in lora.changes.values():
        torch.nn.init.normal_(change[1].weight)
    assert not torch.allclose(generator(latents, TIME, condition), plain)
    lora.scale = 0.0
    assert torch.equal(generator(latents, TIME, condition), plain)
    lora.scale = 1.0
    lora.remove()
    assert torch.equal(generator(latents, TIME, condition), plain)


def test_merged_decoder_changes_draw_what_their_hooks_draw(generator, condition, latents) -> None:
    lora = DecoderLora(generator.unet)
    for change in lora.changes.values():
        torch.nn.init.normal_(change[1].weight, std=0.1)
    plain = generator(latents, TIME, condition)
    lora.scale = 0.5
    hooked = generator(latents, TIME, condition)
    lora.merge(generator.unet)
    assert torch.allclose(generator(latents, TIME, condition), hooked, atol=1e-4)
    assert not torch.allclose(hooked, plain, atol=1e-2)


def test_no_blend_is_no_slerp(generator, condition, latents) -> None:
    adapter = Adapter(WIDTH, heads=2)
    torch.nn.init.normal_(adapter.out.weight)
    space = HSpace(generator.unet, adapter)

    def with_blend(blend: torch.Tensor | None) -> torch.Tensor:
        space.retrieved = Retrieved(
            features=features(), similarity=torch.ones(COUNT, 2), blend=blend
        )
        return generator(latents, TIME, condition)

    assert torch.equal(with_blend(None), with_blend(torch.ones(COUNT)))


def test_slerp_keeps_its_promises() -> None:
    target, other = features()[:, 0], features()[:, 1]
    one, none = torch.ones(COUNT), torch.zeros(COUNT)
    assert torch.equal(slerp(target, other, one), target)
    assert torch.allclose(slerp(target, other, none), other, atol=1e-5)
    assert torch.equal(slerp(target, target, one * 0.3), target * 0.3 + target * 0.7)
    opposite = slerp(target, -target, one * 0.3)
    assert torch.isfinite(opposite).all()


def test_slerp_turns_by_its_share_of_the_angle() -> None:
    east, north = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    turned = slerp(east, north, torch.tensor([0.75]))
    angle = torch.tensor(torch.pi / 2 * 0.25)
    expected = 2 * torch.stack([torch.cos(angle), torch.sin(angle)])
    assert torch.allclose(turned[0], expected, atol=1e-6)


def test_a_slerp_with_weight_1_is_no_edit_in_the_generator(generator, condition, latents) -> None:
    plain = generator(latents, TIME, condition)
    space = HSpace(generator.unet)
    for weight, same in ((1.0, True), (0.8, False)):
        space.retrieved = Retrieved(
            features=features(1),
            similarity=torch.ones(COUNT, 1),
            blend=torch.full((COUNT,), weight),
        )
        assert torch.equal(generator(latents, TIME, condition), plain) is same


@pytest.mark.parametrize("steps", [1, 4])
def test_a_step_is_one_call_of_the_unet(generator, condition, latents, steps: int) -> None:
    calls = []
    generator.unet.register_forward_hook(lambda _m, _i, _o: calls.append(1))
    few_steps(generator, [latents] * steps, condition)
    assert len(calls) == steps


def test_the_same_noise_gives_the_same_picture_in_any_batch(generator, condition, latents) -> None:
    whole = few_steps(generator, [latents] * 4, condition)
    assert torch.equal(few_steps(generator, [latents] * 4, condition), whole)
    alone = few_steps(generator, [latents[1:2]] * 4, condition.rows(slice(1, 2)))
    assert torch.allclose(alone, whole[1:2], atol=1e-4)
    assert not torch.allclose(few_steps(generator, [-latents], condition), whole)


class _Straight(torch.nn.Module):
    """Knows the velocity to one picture exactly."""

    def __init__(self, picture: torch.Tensor):
        super().__init__()
        self.picture = picture

    def forward(self, latents: torch.Tensor, time: torch.Tensor, _condition: Condition):
        return (latents - self.picture) / time[:, None, None, None]


@pytest.mark.parametrize("steps", [1, 7])
def test_straight_ways_lead_to_the_picture_in_any_number_of_steps(
    condition, latents, steps: int
) -> None:
    picture = features()[:, 0].mean((1, 2, 3))[:, None, None, None].expand_as(latents)
    exact = _Straight(picture)
    found = sample_flow(exact, latents, condition, steps=steps, scale=1)
    assert torch.allclose(found, picture, atol=1e-4)
    assert torch.allclose(few_steps(exact, [latents] * 4, condition), picture, atol=1e-4)
    time = torch.full((COUNT,), 0.3)
    noisy = mixed(picture, latents, time)
    assert torch.allclose(picture_from(noisy, latents - picture, time), picture, atol=1e-5)


def test_guidance_goes_from_without_to_with_the_prompt(generator, condition, latents) -> None:
    told = generator(latents, TIME, condition)
    bare = condition.without_prompt(torch.ones(COUNT, dtype=torch.bool))
    untold = generator(latents, TIME, bare)
    assert not torch.allclose(told, untold)
    found = guided(generator, latents, TIME, condition, 2.5)
    assert torch.allclose(found, untold + 2.5 * (told - untold), atol=1e-4)
    assert torch.equal(guided(generator, latents, TIME, condition, 1), told)
    assert torch.equal(bare.codes[:, -1], condition.codes[:, -1])  # sharpness stays
