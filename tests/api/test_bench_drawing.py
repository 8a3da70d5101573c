"""``lookalike bench variants --engine sd-turbo`` and what doctor says of SD-Turbo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli import run
from api.commands.doctor import Check, _sd_turbo
from api.container import Container
from api.settings import Settings

pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("diffusers", reason="needs the extra [models]")

from api.benchmarks.drawing import BATCHES, STEPS
from models.hub.sd_turbo.architecture import TINY, random_pipeline

pytestmark = pytest.mark.models
COMMAND = ["bench", "variants", "--engine", "sd-turbo"]


def test_both_arms_are_measured_for_every_number_of_steps_and_batch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    toy = ["--random-weights", "--tiny", "--device", "cpu", "--rounds", "1"]
    assert run([*COMMAND, *toy, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    found = {(each["metric"], each["arm"], each["condition"]): each["value"] for each in results}
    assert len(found) == len(results) == 3 * len(STEPS) * len(BATCHES)
    assert all(value > 0 for value in found.values())
    plain = found["ms", "sd-turbo", "4 steps, batch 8"]
    adapted = found["ms", "sd-turbo+adapter", "4 steps, batch 8"]
    ratio = found["ratio", "sd-turbo+adapter/sd-turbo", "4 steps, batch 8"]
    assert ratio == pytest.approx(adapted / plain)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--random-weights", "--device", "cpu"], "on a GPU"),
        (["--device", "cpu"], "--random-weights"),
        (["--model", "x", "--random-weights"], "not one of"),
        (["--model", "x", "--tiny"], "not one of"),
    ],
)
def test_what_cannot_be_measured_is_told(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*COMMAND, *options]) == 2
    assert message in capsys.readouterr().err


def checked(tmp_path: Path, **settings: object) -> Check:
    with Container(Settings(home=tmp_path / "home", encoder="toy", **settings)) as container:  # pyright: ignore[reportArgumentType]
        (check,) = _sd_turbo(container)
    return check


def test_doctor_says_whether_sd_turbo_is_there(tmp_path: Path) -> None:
    assert checked(tmp_path).status == "ok"
    assert "off" in checked(tmp_path).message
    gone = checked(tmp_path, variants_model=str(tmp_path / "gone"))
    assert (gone.status, "no such folder" in gone.message) == ("warn", True)
    random_pipeline(TINY).save_pretrained(tmp_path / "sd")
    there = checked(tmp_path, variants_model=str(tmp_path / "sd"))
    assert (there.status, "slerp" in there.message) == ("ok", True)
    bare = checked(tmp_path, variants_model=str(tmp_path / "sd"), variants_adapter=tmp_path)
    assert (bare.status, "no sd-adapter" in bare.message) == ("warn", True)
