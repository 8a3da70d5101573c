"""The coarse classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_samples.draw.assortment import TYPES
from detectors.taxonomy import default_taxonomy, read_taxonomy


def test_every_drawn_type_has_a_class() -> None:
    taxonomy = default_taxonomy()
    for name in TYPES:
        assert taxonomy.place("drawn", name) is not None, name


def test_labels_lead_to_classes_and_others_to_none() -> None:
    taxonomy = default_taxonomy()
    place = taxonomy.place("ccp", "leggings")
    assert place is not None
    assert taxonomy.classes[place] == "bottom"
    assert taxonomy.place("ccp", "skin") is None
    assert taxonomy.place("nowhere", "dress") is None


def test_a_label_under_two_classes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.yaml"
    path.write_text("top: {ccp: [vest]}\nouterwear: {ccp: [coat, vest]}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'vest' is top and outerwear"):
        read_taxonomy(path)
