"""Encoders by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.errors import InvalidInput, ModelUnavailable
from models.compact import WEIGHTS
from models.registry import ENCODERS, load_encoder, short_name


def test_toy_needs_no_weights() -> None:
    assert load_encoder("toy").embed_texts(["red"]).shape[0] == 1


def test_folder_is_loaded_as_the_compact_encoder_it_holds(tmp_path: Path) -> None:
    assert load_encoder(f"compact:{WEIGHTS}").encoder_id == load_encoder("compact").encoder_id
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        load_encoder(f"compact:{tmp_path}")


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        load_encoder("clip")
    assert "'clip'" in str(caught.value)
    for name in ENCODERS:
        assert name in str(caught.value)


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("models.hub.open_clip", "open_clip"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModelUnavailable, match=r"lookalike\[models\]"):
        load_encoder("hf-hub:nobody/nothing")


def test_a_folder_without_an_encoder_is_named_with_what_would_fit(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="got 'compact:'"):
        load_encoder("compact:")
    with pytest.raises(ModelUnavailable, match=r"lookalike train encoder") as absent:
        load_encoder(f"compact:{tmp_path / 'none'}")
    assert "Reinstall" not in str(absent.value)
    (tmp_path / "config.json").write_text('{"name": "composer"}')
    with pytest.raises(ModelUnavailable, match="describes no encoder"):
        load_encoder(f"compact:{tmp_path}")


def test_figures_never_name_the_path_of_a_folder(tmp_path: Path) -> None:
    assert short_name(f"compact:{tmp_path}/weights/teacher/") == "teacher"
    assert short_name("compact") == "compact"
    assert short_name("open_clip:ViT-B-32/x") == "open_clip:ViT-B-32/x"
