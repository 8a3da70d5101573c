"""`lookalike study`: where the table goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="needs the extra [models]")

import models.training.studies.distil as study
from api.commands.study import app
from engine.evaluation.figures import Figure
from models.training.studies.result import StudyResult

pytestmark = pytest.mark.models


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = Figure(metric="recall@1", arm="absolute", condition="class-disjoint", value=0.5)
    result = StudyResult(figures=(figure,), notes=("a note",))
    monkeypatch.setattr(study, "run_distil_study", lambda *_, **__: result)


@pytest.mark.usefixtures("found")
def test_a_folder_without_the_page_gets_one_so_that_nothing_is_lost(tmp_path: Path) -> None:
    out = tmp_path / "new" / "studies"
    for _ in range(2):  # the second time the page is there
        result = CliRunner().invoke(app, ["distil", "--out", str(out)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    page = (out / "distil.md").read_text()
    assert page.count("| class-disjoint | recall@1 | absolute | 0.500 |") == 1
    held = json.loads((out / "distil.json").read_text())
    assert held["results"][0]["value"] == 0.5


@pytest.mark.usefixtures("found")
def test_the_page_keeps_its_words(tmp_path: Path) -> None:
    page = tmp_path / "distil.md"
    page.write_text("# Words\n<!-- figures:start -->\n<!-- figures:end -->\nmore words\n")
    assert CliRunner().invoke(app, ["distil", "--out", str(tmp_path)]).exit_code == 0
    assert page.read_text().startswith("# Words\n")
    assert page.read_text().endswith("more words\n")
    assert "absolute" in page.read_text()


def test_turbo_takes_some_arms_of_a_training(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("diffusers", reason="needs the extra [models]")
    import models.training.studies.turbo as turbo

    asked: list[turbo.TurboOptions] = []

    def run(options: turbo.TurboOptions) -> StudyResult:
        asked.append(options)
        return StudyResult(figures=(), notes=("a note",))

    monkeypatch.setattr(turbo, "run_turbo_study", run)
    arguments = ["turbo", "--training", str(tmp_path), "--limit", "30", "--seeds", "2", "--json"]
    for more in ([], ["--arms", "slerp,adapter", "--no-speed"]):
        result = CliRunner().invoke(app, [*arguments, *more], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["notes"] == ["a note"]
    whole, some = asked
    assert (whole.config.work, whole.sizes.prompts, whole.sizes.seeds) == (tmp_path, 30, 2)
    assert len(whole.arms) == 12
    assert whole.speed
    assert (some.arms, some.speed) == (("slerp", "adapter"), False)
