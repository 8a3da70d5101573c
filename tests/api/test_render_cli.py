"""``lookalike render``: files with mark and provenance, a table, JSON, refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import api.renderers
from api.cli import run
from engine.catalogue.store import open_catalogue
from engine.provenance import is_generated, pixel_hash_of
from tests.api.pictures import encoded, garment
from tests.dyes import DyeingRenderer, a_source


@pytest.fixture
def place(stocked_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shutil.copytree(stocked_home, tmp_path / "home")
    dyes = DyeingRenderer(sources=[a_source("P08", "0" * 64)])
    monkeypatch.setattr(api.renderers, "build_renderers", lambda _: {"dyes": dyes})
    monkeypatch.chdir(tmp_path)
    return ["--home", str(tmp_path / "home"), "--encoder", "toy"]


def test_a_product_is_drawn_into_files(
    place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "drawn"
    command = ["render", "P01", "but red, under 40", "--count", "2", "--seed", "5"]
    sheet = out / "all.png"  # in a folder that comes with the pictures
    assert run([*command, "--out", "drawn", "--sheet", str(sheet), *place]) == 0
    printed = capsys.readouterr()
    assert "[colour: red]" in printed.out
    assert "'under 40': a price cannot be seen." in printed.out
    assert "P08 0.75" in printed.out
    assert {each.name for each in out.iterdir()} == {
        "P01-but_red_under_40-5.png",
        "P01-but_red_under_40-6.png",
        "all.png",
    }
    assert Image.open(sheet).width > 400
    assert is_generated(sheet.read_bytes())
    generated = open_catalogue(str(tmp_path / "home" / "catalogue.sqlite")).generated
    pictures = [each.read_bytes() for each in sorted(out.glob("P01-*"))]
    for data in pictures:
        assert is_generated(data)
        assert generated.has(pixel_hash_of(data)[0])
    seed = Image.open(out / "P01-but_red_under_40-5.png").text["lookalike:seed"]
    assert seed == "5"


def test_a_file_is_drawn_and_told_as_json(
    place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = tmp_path / "my photo.png"
    photo.write_bytes(encoded(garment("blue", size_wh=(200, 260))))
    command = ["render", str(photo), "with long sleeves", "-n", "1", "--box", "0.1,0,0.9,1"]
    assert run([*command, "--json", *place]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["engine"] == {"name": "dyes", "revision": "1"}
    assert told["after"]["sleeve"] == "long sleeves"
    (variant,) = told["variants"]
    assert (variant["seed"], variant["sketch"]) == (0, True)
    assert variant["file"] == "variants/my_photo-with_long_sleeves-0.png"
    assert variant["sources"][0]["product_id"] == "P08"
    size = Image.open(tmp_path / variant["file"]).size
    assert size == (variant["width_px"], variant["height_px"])


def test_the_same_seed_draws_the_same_file(place: list[str], tmp_path: Path) -> None:
    for folder, seed in (("a", "0"), ("b", "1")):
        command = ["render", "P01", "red", "--seed", seed, "-n", "2", "--out", folder]
        assert run([*command, *place]) == 0
    np.testing.assert_array_equal(
        np.asarray(Image.open("a/P01-red-1.png")), np.asarray(Image.open("b/P01-red-1.png"))
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nobody", "but red"], 4, "no product and no file"),
        (["P01", "cheaper"], 2, "a price cannot be seen"),
        (["P01", "red", "--engine", "x"], 2, "One of dyes."),
        (["P01", "red", "--box", "1,2,3"], 2, "fractions"),
        (["P01", "red", "--box", "a"], 2, "fractions"),
        (["P01", "red", "--box", "0.9,0,0.1,1"], 2, "left < right"),
        (["text.png", "red"], 2, "not a picture"),
        (["P01", "red", "--out", "text.png"], 2, "text.png is no folder"),
        (["P01", "red", "--out", "text.png/deeper"], 2, "cannot be written"),
        (["P01", "red", "--home", "mistyped"], 4, "there is no home mistyped"),
        (["P01", "red", "--seed", "99999999999"], 2, "out of range"),
        (["P01", "red", "--sheet", "missing/deep/s.png"], 2, "there is no folder missing/deep"),
        (["P01", "red", "--sheet", "s.txt"], 2, "no PNG or JPEG"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    place: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    assert run(["render", *place, *arguments]) == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "variants").exists()
    assert not (tmp_path / "mistyped").exists()
