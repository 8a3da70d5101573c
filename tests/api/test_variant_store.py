"""Files of variants that cannot be removed."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from api.variants.store import VariantFolder

KEY = "ab" * 32


def test_a_drawn_picture_that_cannot_be_removed_stays_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    folder = VariantFolder(tmp_path)
    (tmp_path / "drawn" / KEY[:2] / f"{KEY}.webp" / "in the way").mkdir(parents=True)
    with caplog.at_level(logging.ERROR):
        assert not folder.drop_drawn(KEY)
    assert KEY in caplog.text


def test_a_drawn_picture_is_removed_and_removed_again(tmp_path: Path):
    folder = VariantFolder(tmp_path)
    folder.put_drawn(KEY, b"drawn")
    assert folder.drop_drawn(KEY)
    assert folder.drop_drawn(KEY)
    assert not folder.has_drawn(KEY)
