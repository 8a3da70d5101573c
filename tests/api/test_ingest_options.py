"""What `lookalike ingest` takes about a feed that cannot be found out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli import run
from engine.catalogue.store import open_catalogue
from tests.api.pictures import encoded, garment

ROWS = "id;title;image_link;price\n1;Sukienka w kwiaty żółta;a.png;19,90\n"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(encoded(garment("red")))
    path = tmp_path / "feed.csv"
    path.write_bytes(ROWS.replace(";", "\t").encode("cp1250"))
    return path


def test_encoding_delimiter_and_currency_can_be_named(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["ingest", str(feed), "--home", str(tmp_path / "home"), "--encoder", "toy", "--json"]
    told = ["--encoding", "cp1250", "--delimiter", "tab", "--default-currency", "PLN"]
    assert run([*command, *told]) == 0
    capsys.readouterr()
    (product,) = open_catalogue(str(tmp_path / "home" / "catalogue.sqlite")).iter_products()
    assert (product.title, product.currency) == ("Sukienka w kwiaty żółta", "PLN")

    assert run([*command, *told]) == 0
    assert json.loads(capsys.readouterr().out)["unchanged"] == 1
    assert run([*command, *told, "--refresh"]) == 0
    assert json.loads(capsys.readouterr().out)["indexed"] == 1


@pytest.mark.parametrize(
    "wrong", [["--encoding", "utf-9"], ["--delimiter", "||"], ["--default-currency", "UVP"]]
)
def test_what_cannot_be_used_is_a_usage_error(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    place = ["--home", str(tmp_path / "home"), "--encoder", "toy"]
    assert run(["ingest", str(feed), *place, *wrong]) == 2
    assert repr(wrong[1]) in capsys.readouterr().err
