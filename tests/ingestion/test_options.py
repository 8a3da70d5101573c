from __future__ import annotations

import pytest

from engine.errors import InvalidInput
from ingestion.options import IngestOptions


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("default_currency", "UVP"),
        ("default_currency", "€"),
        ("delimiter", "||"),
        ("delimiter", '"'),
        ("encoding", "utf-9"),
        ("encoding", "base64"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str):
    with pytest.raises(InvalidInput) as caught:
        IngestOptions(**{name: value})  # type: ignore[arg-type]
    assert caught.value.where == name
    assert repr(value) in str(caught.value)


def test_what_people_type_is_taken():
    options = IngestOptions(default_currency="eur", delimiter="\t", encoding="CP1252")
    assert options.default_currency == "eur"
