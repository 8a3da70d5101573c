"""Between domain and wire."""

from __future__ import annotations

import pytest

from api.convert import edit_label, to_product, to_query
from api.schemas.search import SearchRequest
from engine.errors import InvalidInput
from engine.filters import Range
from engine.ids import ProductId
from engine.types import Edit, Facet, Operation, Product


def _edit(attribute: str, operation: Operation, value: str = "", currency: str = "") -> Edit:
    return Edit(
        attribute=attribute,
        operation=operation,
        value=value,
        start=0,
        end=1,
        text="x",
        currency=currency,
    )


@pytest.mark.parametrize(
    ("edit", "label"),
    [
        (_edit("colour", Operation.SET, "red"), "colour: red"),
        (_edit("pattern", Operation.NOT, "stripes"), "not: stripes"),
        (_edit("price", Operation.AT_MOST, "4000"), "price: at most 40.00"),
        (_edit("price", Operation.AT_LEAST, "1999", "EUR"), "price: at least 19.99 EUR"),
        (_edit("formality", Operation.MORE), "formality: more"),
        (_edit("price", Operation.LESS), "price: less"),
    ],
)
def test_a_chip_says_the_edit_in_words(edit: Edit, label: str) -> None:
    assert edit_label(edit) == label


def test_a_request_becomes_a_query() -> None:
    query = to_query(
        SearchRequest(
            like="P1",
            modify="but red",
            drop=["colour:set:red"],
            positives=["P2"],
            negatives=["P3"],
            filter="price <= 40",
            facets=[Facet.COLOUR],
            limit=3,
            group_variants=False,
        )
    )
    assert (query.like, query.modification, query.drop) == ("P1", "but red", ("colour:set:red",))
    assert (query.positives, query.negatives) == (("P2",), ("P3",))
    assert query.condition == Range("price_minor", None, 4000)
    assert (query.facets, query.limit, query.group_variants) == ((Facet.COLOUR,), 3, False)
    with pytest.raises(InvalidInput, match="character 6"):
        to_query(SearchRequest(filter="price "))


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://shop.example/p/1", "https://shop.example/p/1"),
        ("javascript:alert(1)", ""),
        ("data:text/html,<script>", ""),
        ("//evil.example", ""),
        ("http://[broken", ""),
    ],
)
def test_only_web_addresses_reach_a_page(link: str, shown: str) -> None:
    product = Product(product_id=ProductId("1"), title="t", link=link, price_minor=5)
    wire = to_product(product)
    assert wire.link == shown
    assert wire.price is not None
    assert (wire.price.text, wire.price.currency) == ("0.05", "")
