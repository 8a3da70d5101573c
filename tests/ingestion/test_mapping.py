from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import FeedError, InvalidInput
from ingestion.mapping import Field, choose_mapping, load_mapping, presets

KAGL = (
    "id", "title", "gender", "masterCategory", "subCategory", "articleType", "baseColour",
    "season", "year", "usage", "image", "split",
)  # fmt: skip


def test_presets_are_there():
    assert presets() == ("google", "kagl")


def test_headers_are_found_in_any_spelling():
    bound = choose_mapping(
        "google", ("G:ID", " Title", "Image-Link", "additional image link", "Color")
    )
    assert dict(bound.columns) == {
        Field.ID: "G:ID",
        Field.TITLE: " Title",
        Field.IMAGE: "Image-Link",
        Field.MORE_IMAGES: "additional image link",
        Field.COLOUR: "Color",
    }


def test_automatic_chooses_by_the_columns():
    assert choose_mapping("auto", KAGL).name == "kagl"
    assert choose_mapping("auto", ("id", "title", "image_link")).name == "google"
    assert choose_mapping("auto", KAGL).column(Field.TYPE) == "articleType"


def test_pairs_go_on_top_of_google():
    bound = load_mapping("id=Artikel, title=Name des Artikels").bind(
        ("Artikel", "Name des Artikels", "image_link", "price")
    )
    assert bound.column(Field.ID) == "Artikel"
    assert bound.column(Field.TITLE) == "Name des Artikels"
    assert bound.column(Field.PRICE) == "price"


def test_a_file_of_ones_own(tmp_path: Path):
    path = tmp_path / "own.yaml"
    path.write_text("id: sku\ntitle: [name]\nimage: [photo]\n")
    bound = load_mapping(str(path)).bind(("sku", "name", "photo"))
    assert bound.column(Field.IMAGE) == "photo"


def test_missing_columns_are_told_with_those_found():
    with pytest.raises(
        FeedError, match=r"no column for id .*image .*The feed has: sku2, title"
    ) as e:
        choose_mapping("google", ("sku2", "title"))
    assert "--mapping id=COLUMN,image=COLUMN" in str(e.value)


@pytest.mark.parametrize("content", ["- a\n- b\n", "colr: [x]\n", "id: [\n"])
def test_a_malformed_file_is_refused(tmp_path: Path, content: str):
    path = tmp_path / "own.yaml"
    path.write_text(content)
    with pytest.raises(InvalidInput, match=r"own\.yaml"):
        load_mapping(str(path))


@pytest.mark.parametrize("name", ["gogle", "colr=x"])
def test_an_unknown_mapping_lists_the_known(name: str):
    with pytest.raises(InvalidInput, match=r"google|Fields: id"):
        load_mapping(name)
