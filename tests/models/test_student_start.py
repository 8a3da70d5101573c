"""A student starts as its teacher, or says why it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("timm", reason="needs the extra [models]")

from safetensors.torch import save_file  # noqa: E402

from engine.errors import ModelUnavailable  # noqa: E402
from models.training.network import DualTower, TowerConfig  # noqa: E402
from models.training.student import start_from  # noqa: E402

pytestmark = pytest.mark.models

HEADS = {"type": 3, "colour": 4}


def tower(*, heads: dict[str, int] = HEADS, text_layers: int = 1, height_px: int = 64) -> DualTower:
    config = TowerConfig(
        height_px=height_px, width_px=48, text_layers=text_layers, vocabulary=50, tokens=8
    )
    return DualTower(config, heads)


def keep(model: DualTower, folder: Path) -> None:
    state = {name: each.half() for name, each in model.state_dict().items()}
    save_file(state, folder / "compact.safetensors")


def test_takes_a_teacher_of_another_frame_whose_heads_were_fitted_again(tmp_path: Path) -> None:
    teacher, student = tower(heads={**HEADS, "pattern": 2}, height_px=96), tower()
    keep(teacher, tmp_path)
    start_from(student, tmp_path)
    theirs = teacher.state_dict()
    for name, each in student.state_dict().items():
        assert torch.equal(each, theirs[name].half().to(each)), name


@pytest.mark.parametrize(("of_teacher", "of_student"), [(2, 1), (1, 2)])
def test_a_text_tower_of_other_depth_is_refused(
    tmp_path: Path, of_teacher: int, of_student: int
) -> None:
    keep(tower(text_layers=of_teacher), tmp_path)
    with pytest.raises(ModelUnavailable, match=r"tensors of this encoder.*text\."):
        start_from(tower(text_layers=of_student), tmp_path)


def test_other_labels_are_refused(tmp_path: Path) -> None:
    keep(tower(heads={"type": 3, "colour": 5}), tmp_path)
    with pytest.raises(ModelUnavailable, match=r"heads\."):
        start_from(tower(), tmp_path)


def test_starts_from_one_encoder_with_the_texts_of_another(tmp_path: Path) -> None:
    pictures, texts, student = tower(text_layers=2), tower(), tower()
    for model, name in ((pictures, "pictures"), (texts, "texts")):
        (tmp_path / name).mkdir()
        keep(model, tmp_path / name)
    start_from(student, tmp_path / "pictures", texts=tmp_path / "texts")
    for name, each in student.state_dict().items():
        source = pictures if name.startswith(("image.", "heads.")) else texts
        assert torch.equal(each, source.state_dict()[name].half().to(each)), name
