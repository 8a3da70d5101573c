"""The sample shop's own account of its rows, broken ones included, comes true."""

from __future__ import annotations

import csv
from pathlib import Path

from engine.types import OutcomeKind
from tests.ingestion.shop import Shop

SAMPLES = Path(__file__).parents[2] / "data_samples"


def test_the_sample_catalogue_ends_as_expected(tmp_path: Path):
    with (SAMPLES / "expected_outcomes.csv").open(newline="", encoding="utf-8") as file:
        expected = {int(row["row"]): row for row in csv.DictReader(file)}
    assert len(expected) > 300
    shop = Shop(tmp_path)
    shop.ingest(SAMPLES / "catalogue.csv")
    got = {outcome.row: outcome for outcome in shop.outcomes}
    assert got.keys() == expected.keys()
    for row, outcome in got.items():
        told = [outcome.problem.code] if outcome.problem else [w.code for w in outcome.warnings]
        assert (outcome.kind, told) == (
            OutcomeKind(expected[row]["outcome"]),
            [expected[row]["code"]] if expected[row]["code"] else [],
        ), expected[row]
        assert (outcome.product_id or "") == expected[row]["id"]
