from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.query.lexicon import default_lexicon
from engine.types import Facet, RawRecord
from ingestion.clean import clean_id, clean_line
from ingestion.mapping import choose_mapping
from ingestion.normalise import MAX_ID_BYTES, Normaliser, NormalRow, Rejected

COLUMNS = (
    "id", "title", "image_link", "price", "sale_price", "currency", "gender", "age_group",
    "product_type", "google_product_category", "color", "material", "link", "availability",
    "additional_image_link",
)  # fmt: skip


def normalise(default_currency: str = "", **cells: str) -> NormalRow:
    mapping = choose_mapping("google", COLUMNS)
    normaliser = Normaliser(mapping, default_lexicon(), default_currency=default_currency)
    base = {"id": "1", "title": "Thing", "image_link": "a.png"}
    return normaliser.normalise(RawRecord(row=1, cells={**base, **cells}))


def values(row: NormalRow, facet: Facet) -> list[str]:
    return [each.value for each in row.attributes if each.name is facet]


@pytest.mark.parametrize(
    ("cells", "minor", "currency"),
    [
        ({"price": "20 EUR", "sale_price": "15 EUR"}, 1500, "EUR"),
        ({"price": "20 EUR", "sale_price": "15"}, 1500, "EUR"),
        ({"price": "20 EUR", "sale_price": "25 EUR"}, 2000, "EUR"),
        ({"price": "", "sale_price": "15 EUR"}, 1500, "EUR"),
        ({"price": "20", "currency": "gbp"}, 2000, "GBP"),
        ({"price": "20"}, 2000, "USD"),
    ],
)
def test_prices(cells: dict[str, str], minor: int, currency: str):
    row = normalise("USD", **cells)
    assert (row.price_minor, row.currency) == (minor, currency)


def test_a_sale_price_above_the_price_is_told():
    row = normalise(price="20 EUR", sale_price="25 EUR")
    assert [each.code for each in row.warnings] == ["row.sale_price"]


@pytest.mark.parametrize(
    ("cells", "gender"),
    [
        ({"gender": "female"}, "women"),
        ({"gender": "Men"}, "men"),
        ({"gender": "unisex"}, "unisex"),
        ({"gender": "male", "age_group": "kids"}, "boys"),
        ({"gender": "female", "age_group": "toddler"}, "girls"),
        ({"gender": "", "age_group": "infant"}, "kids"),
        ({"gender": "female", "age_group": "adult"}, "women"),
    ],
)
def test_genders(cells: dict[str, str], gender: str):
    assert values(normalise(**cells), Facet.GENDER) == [gender]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"product_type": "T-Shirts"}, ["t-shirt"]),
        ({"product_type": "Apparel > Tops > T-Shirts"}, ["t-shirt"]),
        ({"product_type": "Home > Women > Red midi dresses"}, ["dress"]),
        ({"product_type": "Sale > New in"}, []),
        ({"google_product_category": "Apparel & Accessories > Shoes"}, ["shoes"]),
        ({"product_type": "n/a"}, []),
    ],
)
def test_types(cells: dict[str, str], kind: list[str]):
    assert values(normalise(**cells), Facet.TYPE) == kind


def test_colours_of_one_cell():
    assert values(normalise(color="Navy/White"), Facet.COLOUR) == ["navy blue", "white"]
    assert len(values(normalise(color="/".join("abcdefghij")), Facet.COLOUR)) == 5


def test_links_are_http_or_left_out():
    assert normalise(link="https://shop.example/1?a=b").link == "https://shop.example/1?a=b"
    row = normalise(link="javascript:alert(1)")
    assert (row.link, [each.code for each in row.warnings]) == ("", ["row.link"])


def test_further_pictures_are_split_and_counted():
    row = normalise(additional_image_link="b.png, c.png|b.png,a.png")
    assert [each.path for each in row.pictures] == ["a.png", "b.png", "c.png"]
    row = normalise(additional_image_link=",".join(f"{n}.png" for n in range(20)))
    assert len(row.pictures) == 11
    assert [each.code for each in row.warnings] == ["image.too_many"]


def test_the_hash_sees_every_field_but_not_its_spelling():
    base = normalise(price="20 EUR", color="navy")
    assert normalise(price=" 20.00 EUR ", color="Navy Blue").row_hash == base.row_hash
    for cells in (
        {"title": "Other"},
        {"price": "21 EUR"},
        {"color": "red"},
        {"image_link": "b.png"},
    ):
        assert normalise(**{"price": "20 EUR", "color": "navy", **cells}).row_hash != base.row_hash


def test_a_row_that_could_not_be_read_still_names_its_product():
    mapping = choose_mapping("google", COLUMNS)
    normaliser = Normaliser(mapping, default_lexicon())
    record = RawRecord(row=1, cells={"id": "7"}, problem="row.columns", problem_text="ragged")
    with pytest.raises(Rejected) as caught:
        normaliser.normalise(record)
    assert (caught.value.product_id, caught.value.problem.code) == ("7", "row.columns")


@given(st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=40)))
def test_any_row_is_a_product_or_rejected(cells: dict[str, str]):
    try:
        row = normalise(**cells)
    except Rejected:
        return
    assert row.title
    assert 0 < len(row.product_id.encode()) <= MAX_ID_BYTES
    row.title.encode()
    assert row == normalise(**cells)


@given(st.text())
def test_cleaning_again_changes_an_id_no_more(text: str):
    assert clean_id(clean_id(text)) == clean_id(text)
    clean_id(text).encode()


@given(st.text())
def test_cleaned_lines_are_lines(text: str):
    line = clean_line(text)
    line.encode()
    assert line == line.strip()
    assert not any(letter in line for letter in "\n\r\t\x00")
