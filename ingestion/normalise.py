"""A raw row to the fields of a product, or the reason why not."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache

from engine.ids import ProductId
from engine.query.lexicon import Lexicon
from engine.types import Attribute, Facet, PictureRef, Problem, RawRecord
from ingestion.clean import clean_id, clean_line, has_forbidden
from ingestion.currencies import currency_of, names_unknown
from ingestion.mapping import BoundMapping, Field
from ingestion.price import Money, PriceError, parse_price

__all__ = ["NormalRow", "Normaliser", "Rejected"]

NORMALISATION = 2
"""Grows when the same row would be read otherwise, so that every product is brought up to date."""

MAX_ID_BYTES = 255
MAX_TITLE_CHARS = 300
MAX_DESCRIPTION_CHARS = 5_000
MAX_LINK_CHARS = 2_000
MAX_VALUE_CHARS = 100
MAX_VALUES = 5
MAX_MORE_PICTURES = 10
_SHOWN_CHARS = 200

_FACETS = (
    (Field.COLOUR, Facet.COLOUR),
    (Field.PATTERN, Facet.PATTERN),
    (Field.MATERIAL, Facet.MATERIAL),
    (Field.SLEEVE, Facet.SLEEVE),
    (Field.LENGTH, Facet.LENGTH),
    (Field.NECK, Facet.NECK),
    (Field.OCCASION, Facet.OCCASION),
    (Field.SEASON, Facet.SEASON),
)
_AVAILABILITIES = {
    "instock": "in_stock", "available": "in_stock", "yes": "in_stock", "true": "in_stock",
    "1": "in_stock", "limitedavailability": "in_stock", "instoreonly": "in_stock",
    "onlineonly": "in_stock", "active": "in_stock",
    "outofstock": "out_of_stock", "soldout": "out_of_stock", "unavailable": "out_of_stock",
    "no": "out_of_stock", "false": "out_of_stock", "0": "out_of_stock",
    "discontinued": "out_of_stock",
    "preorder": "preorder", "presale": "preorder", "comingsoon": "preorder",
    "backorder": "backorder", "madetoorder": "backorder",
}  # fmt: skip
_CHILDREN = frozenset(("newborn", "infant", "toddler", "kids", "kid", "children"))
_NO_VALUE = frozenset(("", "-", "--", "n/a", "na", "none", "null", "nan", "unknown"))
_DATA_URI = "data:"
_LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_SEVERAL_PICTURES = re.compile(r"\s*[,|\n]\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalRow:
    """A row that describes a product; its pictures are not looked at yet.

    Attributes:
        attributes: What the feed says, canonical.
        pictures: Main picture first.
        row_hash: SHA-256 of everything above and of how it was read.
        warnings: What a merchandiser should know.
    """

    row: int
    product_id: ProductId
    title: str
    description: str
    brand: str
    link: str
    group_id: str
    price_minor: int | None
    currency: str
    availability: str
    attributes: tuple[Attribute, ...]
    pictures: tuple[PictureRef, ...]
    row_hash: str
    warnings: tuple[Problem, ...]


class Rejected(ValueError):
    """A row that is no product.

    Args:
        problem: Why.
        product_id: Where the row names one.
    """

    def __init__(self, problem: Problem, product_id: ProductId | None = None) -> None:
        self.problem = problem
        self.product_id = product_id
        super().__init__(problem.message)


class Normaliser:
    """Reads the rows of one feed.

    Args:
        mapping: Which column holds what.
        lexicon: Canonical values.
        default_currency: ISO 4217 code for prices that name none.
    """

    def __init__(
        self, mapping: BoundMapping, lexicon: Lexicon, *, default_currency: str = ""
    ) -> None:
        self._mapping = mapping
        self._lexicon = lexicon
        self._default_currency = default_currency.upper()
        self._salt = f"{NORMALISATION}:{mapping.fingerprint}:{self._default_currency}"
        # A feed repeats its colours, types and prices thousands of times.
        self._values = lru_cache(maxsize=20_000)(self._read_values)
        self._money = lru_cache(maxsize=20_000)(parse_price)

    def product_id(self, record: RawRecord) -> ProductId | None:
        """The id of a row, even of a broken one; ``None`` where it names none that is valid."""
        found = clean_id(self._mapping.cell(record, Field.ID))
        return ProductId(found) if 0 < len(found.encode()) <= MAX_ID_BYTES else None

    def normalise(self, record: RawRecord) -> NormalRow:
        """Read one row.

        Raises:
            Rejected: It is no product.
        """
        product_id = self.product_id(record)
        try:
            return self._normalise(record, product_id)
        except Rejected as error:
            raise Rejected(error.problem, product_id) from None

    def _normalise(self, record: RawRecord, product_id: ProductId | None) -> NormalRow:
        if record.problem:
            raise Rejected(Problem(code=record.problem, message=record.problem_text))
        if product_id is None:
            raise self._bad_id(record)
        warnings: list[Problem] = []
        title = self._text(record, Field.TITLE, MAX_TITLE_CHARS, warnings)
        if not title:
            raise self._rejected(
                record,
                Field.TITLE,
                "row.title_missing",
                "the title is empty; give the product one.",
            )
        price = self._price(record, warnings)
        description = self._text(record, Field.DESCRIPTION, MAX_DESCRIPTION_CHARS, warnings)
        brand = self._text(record, Field.BRAND, MAX_VALUE_CHARS, warnings)
        link = self._link(record, warnings)
        group_id = clean_id(self._mapping.cell(record, Field.GROUP_ID))[:MAX_ID_BYTES]
        availability = self._availability(record)
        attributes = self._attributes(record)
        pictures = self._pictures(record, warnings)
        price_minor = price.minor if price else None
        currency = (price.currency or self._currency(record)) if price else ""
        content = json.dumps(
            [
                self._salt, product_id, title, description, brand, link, group_id, price_minor,
                currency, availability,
                [(each.name, each.value) for each in attributes],
                [each.path or each.url for each in pictures],
            ]
        )  # fmt: skip
        return NormalRow(
            row=record.row,
            product_id=product_id,
            title=title,
            description=description,
            brand=brand,
            link=link,
            group_id=group_id,
            price_minor=price_minor,
            currency=currency,
            availability=availability,
            attributes=attributes,
            pictures=pictures,
            row_hash=hashlib.sha256(content.encode()).hexdigest(),
            warnings=tuple(warnings),
        )

    # --- fields ----------------------------------------------------------------------------------

    def _text(
        self, record: RawRecord, field: Field, max_chars: int, warnings: list[Problem]
    ) -> str:
        raw = self._mapping.cell(record, field)
        if not raw:
            return ""
        # Ten times the limit survives cleaning of any markup; a title of 1 MB need not be parsed.
        text = clean_line(raw[: 10 * max_chars])
        if len(text) > max_chars:
            cut = f"cut from {len(raw):,} to {max_chars:,} characters."
            warnings.append(self._problem(record, field, "row.too_long", cut))
            text = text[:max_chars].rstrip()
        if has_forbidden(raw):
            removed = "control characters were removed."
            warnings.append(self._problem(record, field, "row.control_characters", removed))
        return text

    def _bad_id(self, record: RawRecord) -> Rejected:
        if clean_id(self._mapping.cell(record, Field.ID)):
            return self._rejected(
                record, Field.ID, "row.id_too_long",
                f"the id has more than {MAX_ID_BYTES} bytes; use a shorter one.",
            )  # fmt: skip
        return self._rejected(
            record, Field.ID, "row.id_missing", "the id is empty; every product needs its own."
        )

    def _price(self, record: RawRecord, warnings: list[Problem]) -> Money | None:
        full = self._amount(record, Field.PRICE, warnings)
        sale = self._amount(record, Field.SALE_PRICE, warnings)
        if sale is None or full is None:
            return full or sale
        if sale.minor > full.minor:
            text = "the sale price is above the price, which is used instead."
            warnings.append(self._problem(record, Field.SALE_PRICE, "row.sale_price", text))
            return full
        return sale if sale.currency else Money(minor=sale.minor, currency=full.currency)

    def _amount(self, record: RawRecord, field: Field, warnings: list[Problem]) -> Money | None:
        cell = self._mapping.cell(record, field).strip()
        if cell.casefold() in _NO_VALUE and cell.casefold() != "nan":
            return None
        try:
            money = self._money(cell[:_SHOWN_CHARS])
        except PriceError as error:
            raise self._rejected(
                record, field, "row.price",
                f"{error}; write it like 9.99 EUR, or leave the cell empty.",
            ) from None  # fmt: skip
        if money.is_lowest:
            text = "a range of prices; the lowest one is used."
            warnings.append(self._problem(record, field, "row.price_range", text))
        if names_unknown(cell):
            text = "no currency has this code; the price counts in the default currency."
            warnings.append(self._problem(record, field, "row.currency_unknown", text))
        return money

    def _currency(self, record: RawRecord) -> str:
        cell = self._mapping.cell(record, Field.CURRENCY)
        return currency_of(cell) or self._default_currency

    def _availability(self, record: RawRecord) -> str:
        cell = self._mapping.cell(record, Field.AVAILABILITY).strip().casefold()
        if not cell:
            return "in_stock"
        plain = re.sub(r"[\s_-]+", "", cell.rsplit("/", 1)[-1])  # schema.org writes addresses
        found = _AVAILABILITIES.get(plain)
        if found is None:
            raise self._rejected(
                record, Field.AVAILABILITY, "row.availability",
                "expected in_stock, out_of_stock, preorder or backorder.",
            )  # fmt: skip
        return found

    def _link(self, record: RawRecord, warnings: list[Problem]) -> str:
        cell = self._mapping.cell(record, Field.LINK).strip()
        if not cell:
            return ""
        if len(cell) > MAX_LINK_CHARS or not _LINK.fullmatch(cell):
            text = "not an http address, so it is left out."
            warnings.append(self._problem(record, Field.LINK, "row.link", text))
            return ""
        return cell

    # --- attributes ------------------------------------------------------------------------------

    def _attributes(self, record: RawRecord) -> tuple[Attribute, ...]:
        cell = self._mapping.cell
        attributes = list(self._values(Facet.TYPE, cell(record, Field.TYPE)))
        if not attributes:
            attributes += self._values(Facet.TYPE, cell(record, Field.CATEGORY))
        attributes += self._values(Facet.CATEGORY, cell(record, Field.CATEGORY))
        attributes += self._gender(record)
        for field, facet in _FACETS:
            attributes += self._values(facet, cell(record, field))
        return tuple(attributes)

    def _gender(self, record: RawRecord) -> tuple[Attribute, ...]:
        found = self._values(Facet.GENDER, self._mapping.cell(record, Field.GENDER))
        if self._mapping.cell(record, Field.AGE_GROUP).strip().casefold() not in _CHILDREN:
            return found
        young = {"men": "boys", "women": "girls"}
        value = young.get(found[0].value, "kids") if found else "kids"
        return (Attribute(name=Facet.GENDER, value=value),)

    def _read_values(self, facet: Facet, raw: str) -> tuple[Attribute, ...]:
        cell = clean_line(raw[: 10 * MAX_VALUE_CHARS])
        if cell.casefold() in _NO_VALUE:
            return ()
        if facet is Facet.TYPE:
            values = self._type(cell)
        elif facet is Facet.GENDER:
            values = (self._lexicon.canonical(facet, cell),)
        elif facet is Facet.CATEGORY:
            values = (self._lexicon.canonical(facet, cell.rsplit(">", 1)[-1]),)
        else:
            values = self._lexicon.canonical_all(facet, cell)
        kept = [value[:MAX_VALUE_CHARS] for value in values if value not in _NO_VALUE]
        return tuple(Attribute(name=facet, value=value) for value in kept[:MAX_VALUES])

    def _type(self, cell: str) -> tuple[str, ...]:
        found = self._lexicon.canonical(Facet.TYPE, cell)
        if found in self._lexicon.values(Facet.TYPE):
            return (found,)
        # "Apparel > Clothing > Women's maxi dresses": the words of the last level that has any.
        for level in reversed(cell.split(">")):
            for mention in reversed(self._lexicon.mentions(level)):
                if mention.facet is Facet.TYPE:
                    return (mention.value,)
        return ()

    # --- pictures --------------------------------------------------------------------------------

    def _pictures(self, record: RawRecord, warnings: list[Problem]) -> tuple[PictureRef, ...]:
        blob = self._mapping.blob(record, Field.IMAGE)
        cell = self._mapping.cell(record, Field.IMAGE).strip()
        if not blob and cell.casefold() in _NO_VALUE:
            raise self._rejected(
                record, Field.IMAGE, "row.image_missing",
                "there is no picture; name a file relative to the feed.",
            )  # fmt: skip
        main = PictureRef(blob=blob) if blob else _reference(cell)
        more_blob = self._mapping.blob(record, Field.MORE_IMAGES)
        more = [PictureRef(blob=more_blob)] if more_blob else []
        cells = _SEVERAL_PICTURES.split(self._mapping.cell(record, Field.MORE_IMAGES).strip())
        more += [_reference(each) for each in cells if each.casefold() not in _NO_VALUE]
        more = [each for each in dict.fromkeys(more) if each != main]
        if len(more) > MAX_MORE_PICTURES:
            text = f"{len(more)} more pictures; the first {MAX_MORE_PICTURES} are used."
            warnings.append(self._problem(record, Field.MORE_IMAGES, "image.too_many", text))
        return (main, *more[:MAX_MORE_PICTURES])

    def _problem(self, record: RawRecord, field: Field, code: str, message: str) -> Problem:
        value = self._mapping.cell(record, field)
        return Problem(
            code=code,
            message=message,
            column=self._mapping.column(field),
            value=value[:_SHOWN_CHARS],
        )

    def _rejected(self, record: RawRecord, field: Field, code: str, message: str) -> Rejected:
        return Rejected(self._problem(record, field, code, message))


def _reference(cell: str) -> PictureRef:
    is_url = re.match(r"https?://", cell, re.IGNORECASE) or cell.startswith((_DATA_URI, "//"))
    return PictureRef(url=cell) if is_url else PictureRef(path=cell)
