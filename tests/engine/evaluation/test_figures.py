"""The JSON object that commands print and the block in a model's card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import InvalidInput, NotFound
from engine.evaluation.figures import Figure, Machine, Report, measured, write_card
from engine.evaluation.intervals import Interval


def make_report(command: str = "eval kagl", value: float = 0.4123) -> Report:
    return Report(
        command=command,
        version="0.1.0",
        commit="abc1234",
        machine=Machine(cpu="A CPU", cores=2),
        results=(
            measured(
                Interval(value=value, low=0.395, high=0.429, n=3323),
                metric="recall@10",
                arm="compact",
                condition="text-to-image",
            ),
            Figure(metric="recall@10", arm="theirs", condition="text-to-image", value=0.489,
                   published=True),
        ),
        notes=("All rows are the corpus.",),
    )  # fmt: skip


def test_json_has_the_agreed_shape() -> None:
    found = json.loads(json.dumps(make_report().as_json()))
    assert found["command"] == "eval kagl"
    assert found["machine"] == {"cpu": "A CPU", "cores": 2, "gpu": None}
    assert found["results"][0] == {
        "metric": "recall@10",
        "arm": "compact",
        "condition": "text-to-image",
        "value": 0.4123,
        "low": 0.395,
        "high": 0.429,
        "n": 3323,
        "unit": "fraction",
    }
    assert found["results"][1]["published"] is True
    assert found["results"][1]["low"] is None


def test_card_keeps_its_text_and_one_table_a_command(tmp_path: Path) -> None:
    card = tmp_path / "compact.md"
    card.write_text(
        "# compact\n\nbefore\n<!-- figures:start -->\nold\n<!-- figures:end -->\nafter\n"
    )
    write_card(card, make_report())
    write_card(card, make_report("eval compose", 0.7))
    write_card(card, make_report(value=0.5))
    text = card.read_text()
    assert text.startswith("# compact\n\nbefore\n")
    assert text.endswith("<!-- figures:end -->\nafter\n")
    assert text.count("`lookalike eval kagl`") == text.count("`lookalike eval compose`") == 1
    assert "| text-to-image | recall@10 | compact | 0.500 | 0.395 to 0.429 | 3,323 |" in text
    assert "theirs (published)" in text
    assert "0.412" not in text
    assert "old" not in text


def test_writing_the_same_report_twice_changes_nothing(tmp_path: Path) -> None:
    card = tmp_path / "compact.md"
    card.write_text("<!-- figures:start -->\n<!-- figures:end -->\n")
    write_card(card, make_report())
    once = card.read_text()
    write_card(card, make_report())
    assert card.read_text() == once


def test_a_card_without_a_block_is_refused(tmp_path: Path) -> None:
    card = tmp_path / "compact.md"
    with pytest.raises(NotFound, match="no card"):
        write_card(card, make_report())
    card.write_text("# compact\n")
    with pytest.raises(InvalidInput, match="no figures block"):
        write_card(card, make_report())
    assert card.read_text() == "# compact\n"
