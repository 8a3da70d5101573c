"""Where settings come from, and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import CONFIG_FILE, load_settings
from engine.errors import InvalidInput


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("LOOKALIKE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_everything_lies_in_the_home_folder_by_default() -> None:
    settings = load_settings(home=Path("here"))
    assert settings.index_where == "here/index"
    assert settings.catalogue_url == "sqlite:///here/catalogue.sqlite"
    assert settings.blobs_folder == Path("here/blobs")
    assert settings.feeds_folder == Path("here/feeds")


def test_argument_over_environment_over_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / CONFIG_FILE).write_text(
        'port = 7001\nencoder = "toy"\n[limits]\njson_bytes = 2000\n'
    )
    assert load_settings().port == 7001
    assert load_settings().limits.json_bytes == 2000
    monkeypatch.setenv("LOOKALIKE_PORT", "7002")
    monkeypatch.setenv("LOOKALIKE_LIMITS__JSON_BYTES", "3000")
    assert load_settings().port == 7002
    assert load_settings().limits.json_bytes == 3000
    assert load_settings(port=7003).port == 7003
    assert load_settings().encoder == "toy"


def test_an_index_address_wins_over_the_servers_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_QDRANT_URL", "http://qdrant:6333")
    assert load_settings().index_where == "http://qdrant:6333"
    monkeypatch.setenv("LOOKALIKE_INDEX", "memory:")
    assert load_settings().index_where == "memory:"


@pytest.mark.parametrize("line", ["prot = 8000", "port = 99999999", "[limits]\njson = 3"])
def test_a_wrong_line_of_the_file_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text(line + "\n")
    with pytest.raises(InvalidInput, match=r"prot|port|limits\.json"):
        load_settings()
