"""Queries with the answers that the true attributes give: words, pictures with edits, filters.

Grades: 2 is what was asked for; 1 is the right type but off in one of several wanted attributes or,
for a composed query, does what the words ask but changes something else (pattern, cut) as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from data_samples.draw.assortment import FACTS, Gender, TypeName
from data_samples.draw.palette import COLOURS, ColourName
from data_samples.draw.patterns import PatternName
from data_samples.draw.spec import ProductSpec

_TEXT_QUERIES, _COMPOSED_QUERIES, _FILTER_QUERIES = 20, 14, 8
_MIN_ANSWERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Attributes that an answer must have; None leaves one open. Prices in minor units."""

    product_type: TypeName
    colour: ColourName | None = None
    pattern: PatternName | None = None
    gender: Gender | None = None
    most_minor: int | None = None

    def misses(self, spec: ProductSpec) -> int:
        """How many wanted attributes (price aside) a product lacks; a wrong type counts as all."""
        if spec.product_type != self.product_type:
            return 9
        return (
            (self.colour is not None and spec.colour != self.colour)
            + (self.pattern is not None and spec.pattern != self.pattern)
            + (self.gender is not None and spec.gender not in (self.gender, "unisex"))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One query: its text, and for a composed one the product whose picture it starts from.

    `filter_text` is in the language of `engine.filter_text`, empty where there is none.
    """

    query_id: str
    kind: str
    text: str
    picture_of: str
    filter_text: str
    grades: tuple[tuple[str, int], ...]


def ask(specs: Sequence[ProductSpec], paid_minor: dict[str, int], seed: int) -> list[Question]:
    """About forty questions about these products.

    Args:
        specs: the shop.
        paid_minor: product id to the price that a shopper pays (the sale price where there is one).
        seed: chooses the questions.
    """
    rng = np.random.default_rng([seed, 9])
    questions: list[Question] = []

    def add(
        kind: str,
        text: str,
        wish: Wish,
        picture_of: ProductSpec | None = None,
        filter_text: str = "",
    ) -> bool:
        grades = _grade(specs, paid_minor, wish, picture_of, strict=kind == "filter")
        if sum(grade == 2 for _, grade in grades) < (1 if kind == "composed" else _MIN_ANSWERS):
            return False
        if any(
            each.text == text and (picture_of is None or each.picture_of == picture_of.product_id)
            for each in questions
        ):
            return False
        name = f"Q{len(questions) + 1:02d}"
        questions.append(
            Question(
                query_id=name,
                kind=kind,
                text=text,
                filter_text=filter_text,
                picture_of=picture_of.product_id if picture_of else "",
                grades=grades,
            )
        )
        return True

    order = [specs[int(i)] for i in rng.permutation(len(specs))]
    _until(_TEXT_QUERIES, order, lambda spec: add(*_text_question(spec, rng)))
    _until(_COMPOSED_QUERIES, order, lambda spec: add(*_composed_question(spec, specs, rng)))
    _until(_FILTER_QUERIES, order, lambda spec: add(*_filter_question(spec, rng)))
    return questions


def _until(wanted: int, order: Sequence[ProductSpec], add: Callable[[ProductSpec], bool]) -> None:
    asked = 0
    for spec in order:
        asked += add(spec)
        if asked == wanted:
            return


def _grade(
    specs: Sequence[ProductSpec],
    paid_minor: dict[str, int],
    wish: Wish,
    picture_of: ProductSpec | None,
    *,
    strict: bool,
) -> tuple[tuple[str, int], ...]:
    grades: list[tuple[str, int]] = []
    wanted = sum(value is not None for value in (wish.colour, wish.pattern, wish.gender))
    for spec in specs:
        if picture_of is not None and spec.product_id == picture_of.product_id:
            continue
        if wish.most_minor is not None and paid_minor[spec.product_id] > wish.most_minor:
            continue
        misses = wish.misses(spec)
        if misses == 0:
            keeps = picture_of is None or _keeps(wish, picture_of, spec)
            grades.append((spec.product_id, 2 if keeps else 1))
        elif misses == 1 and wanted > 1 and not strict:
            grades.append((spec.product_id, 1))
    return tuple(grades)


def _keeps(wish: Wish, reference: ProductSpec, spec: ProductSpec) -> bool:
    """Whether an answer keeps what the shopper did not ask to change."""
    same_colour = wish.pattern is None or spec.colour == reference.colour
    same_pattern = wish.pattern is not None or spec.pattern == reference.pattern
    return same_colour and same_pattern and spec.gender == reference.gender


def _noun(name: TypeName) -> str:
    return FACTS[name].noun.lower()


def _text_question(spec: ProductSpec, rng: np.random.Generator) -> tuple[str, str, Wish]:
    noun = _noun(spec.product_type)
    form = int(rng.integers(4))
    if form == 0 and spec.pattern != "plain":
        wish = Wish(product_type=spec.product_type, pattern=spec.pattern)
        return "text", f"{spec.pattern} {noun}", wish
    if form == 1 and spec.gender != "unisex":
        wish = Wish(product_type=spec.product_type, colour=spec.colour, gender=spec.gender)
        return "text", f"{spec.gender}'s {spec.colour} {noun}", wish
    if form == 2:
        return "text", noun, Wish(product_type=spec.product_type)
    return "text", f"{spec.colour} {noun}", Wish(product_type=spec.product_type, colour=spec.colour)


def _composed_question(
    spec: ProductSpec, specs: Sequence[ProductSpec], rng: np.random.Generator
) -> tuple[str, str, Wish, ProductSpec]:
    """The picture of a product, "but ...": another colour, another pattern, or cheaper."""
    sold = {each.colour for each in specs if each.product_type == spec.product_type}
    others: list[ColourName] = [
        colour for colour in COLOURS if colour in sold and colour != spec.colour
    ]
    form = int(rng.integers(4))
    if form == 3 and spec.pattern != "plain":
        wish = Wish(product_type=spec.product_type, pattern="plain")
        return "composed", "but plain", wish, spec
    if form == 2:
        most_minor = max(int(spec.price_minor * 0.8) // 500 * 500, 1500)
        wish = Wish(product_type=spec.product_type, most_minor=most_minor)
        return "composed", f"under {most_minor // 100}", wish, spec
    colour = others[int(rng.integers(len(others)))] if others else COLOURS[0]
    wish = Wish(product_type=spec.product_type, colour=colour)
    return "composed", f"but {colour}" if form else f"like this but in {colour}", wish, spec


def _filter_question(
    spec: ProductSpec, rng: np.random.Generator
) -> tuple[str, str, Wish, ProductSpec | None, str]:
    noun = _noun(spec.product_type)
    most_minor = (spec.price_minor // 1000 + 1) * 1000
    if rng.random() < 0.5:
        wish = Wish(product_type=spec.product_type, most_minor=most_minor)
        return (
            "filter",
            noun,
            wish,
            None,
            f"type = {spec.product_type} and price <= {most_minor // 100}",
        )
    wish = Wish(product_type=spec.product_type, colour=spec.colour)
    colour = f'"{spec.colour}"' if " " in spec.colour else spec.colour
    return "filter", noun, wish, None, f"type = {spec.product_type} and colour = {colour}"
