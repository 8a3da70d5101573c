"""The shop's feed in the columns of Google Merchant, good rows first, then the broken ones."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_samples.draw.assortment import FACTS
from data_samples.draw.spec import ProductSpec
from data_samples.draw.wording import description, title

COLUMNS = (
    "id", "title", "description", "image_link", "additional_image_link", "price", "sale_price",
    "brand", "color", "gender", "product_type", "item_group_id", "availability", "material",
    "pattern", "size",
)  # fmt: skip
CORRUPT_FILE = "images/broken-truncated.jpg"
TEXT_FILE = "images/broken-text.jpg"
CURRENCY = "EUR"
_GENDERS = {"women": "female", "men": "male", "unisex": "unisex"}
_SALE_SHARE = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """Cells of one row, in the order of `COLUMNS`."""

    id: str
    title: str
    description: str
    image_link: str
    additional_image_link: str
    price: str
    sale_price: str
    brand: str
    color: str
    gender: str
    product_type: str
    item_group_id: str
    availability: str
    material: str
    pattern: str
    size: str

    def cells(self) -> list[str]:
        """The cells as written."""
        return [str(getattr(self, column)) for column in COLUMNS]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedOutcome:
    """How ingestion should judge a row; `code` is the reason or the warning, empty when neither."""

    row: int
    product_id: str
    outcome: str
    code: str
    note: str


def picture_name(spec: ProductSpec, number: int) -> str:
    """Path of a picture, relative to the feed's folder; numbers start at 1."""
    return f"images/{spec.product_id}-{number}.webp"


def feed_row(spec: ProductSpec, pictures: int) -> FeedRow:
    """The row of a product with so many pictures."""
    rng = np.random.default_rng([spec.cloth_seed, 3])
    on_sale = rng.random() < _SALE_SHARE
    sale_minor = int(spec.price_minor * rng.uniform(0.6, 0.85) / 100) * 100 + 99
    stock = (
        "in_stock",
        "in_stock",
        "in_stock",
        "in_stock",
        "in_stock",
        "in_stock",
        "out_of_stock",
        "preorder",
    )
    facts = FACTS[spec.product_type]
    names = [picture_name(spec, number + 1) for number in range(pictures)]
    return FeedRow(
        id=spec.product_id, title=title(spec), description=description(spec),
        image_link=names[0], additional_image_link=",".join(names[1:]),
        price=_money(spec.price_minor),
        sale_price=_money(sale_minor) if on_sale and sale_minor < spec.price_minor else "",
        brand=spec.brand, color=spec.colour, gender=_GENDERS[spec.gender],
        product_type=facts.path, item_group_id=spec.group_id,
        availability=stock[int(rng.integers(len(stock)))], material=spec.material.word,
        pattern=spec.pattern, size=facts.sizes[int(rng.integers(len(facts.sizes)))],
    )  # fmt: skip


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d} {CURRENCY}"


def _broken_rows(good: Sequence[FeedRow]) -> list[tuple[list[str], str, str, str]]:
    """Cells, expected outcome, code and note of each row that is broken on purpose."""

    def base(number: int) -> FeedRow:
        # An own id and no group: a broken row never takes part in the good products' groups.
        row = good[number * 7 % len(good)]
        return replace(
            row, id=f"B{number:02d}", item_group_id="", sale_price="", additional_image_link=""
        )

    return [
        (replace(base(1), id="").cells(), "rejected", "row.id_missing", "the id is empty"),
        (replace(base(2), title="").cells(), "rejected", "row.title_missing", "the title is empty"),
        (
            replace(base(3), id=good[0].id).cells(),
            "rejected",
            "row.duplicate_id",
            "the id of the first row again",
        ),
        (
            replace(base(4), price="Call us").cells(),
            "rejected",
            "row.price",
            "the price is a sentence",
        ),
        (
            replace(base(5), price="-19.99 EUR").cells(),
            "rejected",
            "row.price",
            "the price is negative",
        ),
        (
            replace(base(6), image_link="images/no-such-file.webp").cells(),
            "rejected",
            "image.not_found",
            "the file does not exist",
        ),
        (
            replace(base(7), image_link=CORRUPT_FILE).cells(),
            "rejected",
            "image.corrupt",
            "a JPEG cut off in the middle",
        ),
        (
            replace(base(8), image_link=TEXT_FILE).cells(),
            "rejected",
            "image.corrupt",
            "a text file named .jpg",
        ),
        (
            replace(base(9), image_link="../../../etc/hostname").cells(),
            "rejected",
            "image.outside_root",
            "a path that leaves the feed's folder",
        ),
        (
            replace(base(10), title="Norvik\x00 Women\x07 Red\x1b Striped Blouse").cells(),
            "indexed",
            "row.control_characters",
            "NUL, BEL and ESC in the title are removed",
        ),
        (
            replace(base(11), availability="perhaps tomorrow").cells(),
            "rejected",
            "row.availability",
            "an availability that nobody knows",
        ),
        (
            replace(base(12), image_link="").cells(),
            "rejected",
            "row.image_missing",
            "no picture is named",
        ),
        (base(13).cells()[:9], "rejected", "row.columns", "nine cells in place of sixteen"),
    ]


def write_feed(good: Sequence[FeedRow]) -> tuple[str, tuple[ExpectedOutcome, ...]]:
    """The feed's text and the outcome that each row should have; rows count from 1."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    expected: list[ExpectedOutcome] = []
    for row in good:
        writer.writerow(row.cells())
        expected.append(
            ExpectedOutcome(
                row=len(expected) + 1, product_id=row.id, outcome="indexed", code="", note=""
            )
        )
    for cells, outcome, code, note in _broken_rows(good):
        writer.writerow(cells)
        expected.append(
            ExpectedOutcome(
                row=len(expected) + 1, product_id=cells[0], outcome=outcome, code=code, note=note
            )
        )
    return buffer.getvalue(), tuple(expected)


def write_expected(expected: Sequence[ExpectedOutcome]) -> str:
    """`expected_outcomes.csv`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["row", "id", "outcome", "code", "note"])
    writer.writerows(
        [each.row, each.product_id, each.outcome, each.code, each.note] for each in expected
    )
    return buffer.getvalue()
