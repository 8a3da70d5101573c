"""What the heads predict is spelled as the engine's vocabulary spells it."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from engine.types import Facet
from models.compact import WEIGHTS
from models.label_words import canonical_label

VOCABULARY = Path(__file__).parents[2] / "engine" / "query" / "vocabulary"
FILES = {
    Facet.TYPE: ("type", "types"),
    Facet.COLOUR: ("colour", "colours"),
    Facet.GENDER: ("gender", "genders"),
    Facet.OCCASION: ("usage", "occasions"),
    Facet.SEASON: ("season", "seasons"),
}


def test_every_label_is_a_canonical_value_and_no_two_are_one() -> None:
    labels = json.loads((WEIGHTS / "labels.json").read_text(encoding="utf-8"))
    for facet, (attribute, file) in FILES.items():
        known = yaml.safe_load((VOCABULARY / f"{file}.yaml").read_text(encoding="utf-8"))
        values = [canonical_label(facet, label) for label in labels[attribute]]
        assert values
        assert set(values) <= set(known), set(values) - set(known)
        assert len(set(values)) == len(values)
