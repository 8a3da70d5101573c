"""What the stages of the generator learn, on a handful of latents."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("diffusers", reason="needs the extra [models]")

from models.training.variants import matching  # noqa: E402
from models.training.variants.batches import Drawn  # noqa: E402
from models.training.variants.fit_consistency import Consistency  # noqa: E402
from models.training.variants.fit_student import Distillation  # noqa: E402
from models.training.variants.fit_teacher import flow_loss  # noqa: E402
from models.training.variants.flow import sample_flow  # noqa: E402
from models.training.variants.matching import Matching  # noqa: E402
from models.training.variants.network import (  # noqa: E402
    Condition,
    Generator,
    GeneratorSizes,
)

pytestmark = pytest.mark.models

CODES = (3, 2, 2, 2, 2, 2, 2)
KINDS = torch.stack([torch.full((8, 16, 12), 1.0), torch.full((8, 16, 12), -1.0)])
"""Latents of type 1 and of type 2."""


def of_kinds(kinds: torch.Tensor) -> Condition:
    codes = torch.zeros(len(kinds), len(CODES) + 1, dtype=torch.long)
    codes[:, 0] = kinds + 1
    return Condition(
        text=torch.zeros(len(kinds), 256), codes=codes, planes=torch.zeros(len(kinds), 18, 16, 12)
    )


class _Batches:
    def draw(self, step: int, count: int) -> Drawn:
        kinds = torch.arange(count) % 2
        return Drawn(
            latents=KINDS[kinds], condition=of_kinds(kinds), rows=np.arange(count, dtype=np.int64)
        )


def small() -> Generator:
    torch.manual_seed(0)
    return Generator(CODES, GeneratorSizes(channels=(16, 32, 48), heads=2, token=32))


@pytest.fixture(scope="module")
def taught() -> Generator:
    model = small()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(60):
        torch.manual_seed(step)
        loss, _ = flow_loss(model, _Batches(), step, 16)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.zero_grad(set_to_none=True)
    return model.eval()


def test_the_teacher_learns_what_its_prompt_says(taught: Generator) -> None:
    noise = torch.randn(8, 8, 16, 12, generator=torch.Generator().manual_seed(1))
    kinds = torch.arange(8) % 2
    made = sample_flow(taught, noise, of_kinds(kinds), steps=8, scale=2.0).mean((1, 2, 3))
    untaught = sample_flow(small().eval(), noise, of_kinds(kinds), steps=8, scale=2.0)
    assert (made[kinds == 0] > 0.3).all()
    assert (made[kinds == 1] < -0.3).all()
    assert untaught.mean((1, 2, 3)).abs().max() < 0.3


def test_the_consistent_student_is_held_against_its_own_average(taught: Generator) -> None:
    before = {name: each.clone() for name, each in taught.state_dict().items()}
    model = Consistency(taught)
    torch.manual_seed(1)
    loss, parts = model.loss(_Batches(), 0, 4)
    loss.backward()
    assert set(parts) == {"consistency"}
    assert any(each.grad is not None and each.grad.any() for each in model.student.parameters())
    assert all(torch.equal(before[name], each) for name, each in taught.state_dict().items())
    assert all(each.grad is None for each in taught.parameters())
    assert not [name for name in model.state_dict() if not name.startswith("student.")]


def test_student_and_follower_learn_in_turns_and_the_teacher_never(taught: Generator) -> None:
    before = {name: each.clone() for name, each in taught.state_dict().items()}
    model = Distillation(taught, taught)
    for step, learns in ((0, True), (1, False), (2, False), (3, True)):
        model.zero_grad(set_to_none=True)
        loss, parts = model.loss(_Batches(), step, 4)
        loss.backward()
        assert ("matching" in parts) == learns
        assert any(each.grad is not None for each in model.student.parameters()) == learns
        assert any(each.grad is not None for each in model.matching.parameters())
    assert all(torch.equal(before[name], each) for name, each in taught.state_dict().items())
    assert all(each.grad is None for each in taught.parameters())


def test_there_is_nothing_to_match_where_the_follower_says_what_the_teacher_says(
    taught: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "GUIDANCE", 1)
    made = torch.randn(4, 8, 16, 12, requires_grad=True)
    same = Matching(taught).loss(made, of_kinds(torch.arange(4) % 2))
    other = Matching(taught, small()).loss(made, of_kinds(torch.arange(4) % 2))
    assert same == 0
    assert other > 0


class _Knows(torch.nn.Module):
    """A network that sees one picture in every noise."""

    def __init__(self, picture: float):
        super().__init__()
        self.picture = picture

    def forward(self, latents: torch.Tensor, time: torch.Tensor, _condition: Condition):
        return (latents - self.picture) / time[:, None, None, None]


def test_matching_moves_pictures_from_what_the_follower_sees_to_what_the_teacher_sees() -> None:
    """Both known exactly: DMD, equations 7 and 8."""
    made = torch.full((2, 8, 16, 12), 0.5)
    made[1] = 3.0
    made.requires_grad_()
    loss = Matching(_Knows(1.0), _Knows(-1.0)).loss(made, of_kinds(torch.arange(2)))  # pyright: ignore[reportArgumentType]
    loss.backward()
    assert made.grad is not None
    away = made.grad * made.numel()  # of the mean of squares, by example: (-1 - 1) / |made - 1|
    assert torch.allclose(away[0], torch.full_like(away[0], -2 / 0.5), atol=1e-3)
    assert torch.allclose(away[1], torch.full_like(away[1], -2 / 2.0), atol=1e-3)
