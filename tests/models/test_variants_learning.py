"""What the stages of the generator learn, on a handful of latents."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("diffusers", reason="needs the extra [models]")

from models.training.variants.batches import Drawn  # noqa: E402
from models.training.variants.fit_student import Distillation  # noqa: E402
from models.training.variants.fit_teacher import flow_loss  # noqa: E402
from models.training.variants.flow import sample_flow  # noqa: E402
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


def test_neither_student_nor_judge_moves_the_teacher_and_each_hears_its_own(
    taught: Generator,
) -> None:
    before = {name: each.clone() for name, each in taught.state_dict().items()}
    model = Distillation(taught)
    model.judge.eval()  # else its spectral norms move with every look
    torch.manual_seed(1)
    loss, parts = model.loss(_Batches(), 0, 4, progress=0.0)  # before the student hears the judge
    loss.backward()
    assert set(parts) == {"consistency", "adversarial", "judge"}
    assert parts["adversarial"] == 0
    student = [each.grad for each in model.student.parameters() if each.grad is not None]
    quiet = torch.stack([each.norm() for each in student]).norm()
    heads = [each.grad.clone() for each in model.judge.parameters() if each.grad is not None]
    assert quiet > 0
    assert heads

    model.zero_grad()
    torch.manual_seed(1)
    heard, parts = model.loss(_Batches(), 0, 4, progress=1.0)
    heard.backward()
    assert parts["adversarial"] != 0
    student = [each.grad for each in model.student.parameters() if each.grad is not None]
    assert torch.stack([each.norm() for each in student]).norm() != quiet
    same = [each.grad for each in model.judge.parameters() if each.grad is not None]
    assert all(torch.equal(a, b) for a, b in zip(heads, same, strict=True))
    assert all(torch.equal(before[name], each) for name, each in taught.state_dict().items())
    assert all(each.grad is None for each in taught.parameters())
