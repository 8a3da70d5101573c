"""Composed questions about other changes than the colour: type, pattern, negation, and so on.

Right answers come from the set's labels and, for patterns, from words of its titles, by tables of
this module. The engine never sees them: it is handed the reference and the words alone.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.evaluation.compose import LEAST_RELEVANT, ComposeQuery
from engine.evaluation.kagl import SPLIT, Row

__all__ = ["KINDS", "PATTERN_STEMS", "draw_kinds", "pattern_of"]

KINDS = ("type", "pattern", "negation", "comparative", "two-changes")
_PATTERNS: Mapping[str, tuple[str, str]] = {
    "striped": ("strip(?:e|es|ed)", "no stripes"),
    "checked": ("(?:check|checks|checked|plaid)", "no checks"),
    "printed": ("print(?:s|ed)?", "no print"),
    "solid": ("(?:solid|plain)", ""),
}
"""Pattern as asked for → what titles call it, and words that refuse it."""
_FINDERS = {name: re.compile(rf"\b{found}\b") for name, (found, _) in _PATTERNS.items()}
PATTERN_STEMS = ("strip", "check", "plaid", "print", "solid", "plain", "sleeve")
"""Beginnings of the words that a feed without patterns must not have."""
_DARK = ("Black", "Navy Blue", "Maroon", "Charcoal", "Burgundy", "Coffee Brown", "Brown")
_LIGHT = (
    "White", "Off White", "Cream", "Beige", "Peach", "Pink", "Lavender", "Yellow", "Skin", "Nude",
)  # fmt: skip
_SHADES = {**dict.fromkeys(_DARK, 0), **dict.fromkeys(_LIGHT, 2)}
_NO_SHADE = frozenset({"", "Multi", "Metallic"})
_MIDDLE = 1


@dataclass(frozen=True, slots=True)
class _Change:
    """What the shopper says, the change's name, and the products that fit."""

    said: str
    name: str
    relevant: frozenset[int]


def pattern_of(title: str) -> str:
    """The one pattern that a title names, or nothing."""
    found = [name for name, each in _FINDERS.items() if each.search(title.casefold())]
    return found[0] if len(found) == 1 else ""


def draw_kinds(
    rows: Sequence[Row], *, limit: int | None = None, seed: int = 0
) -> Mapping[str, tuple[ComposeQuery, ...]]:
    """Draw the questions of each kind; the same rows and seed give the same questions.

    ``type``: another type of the same broad category, gender and colour kept. ``pattern``: another
    pattern, type and gender kept. ``negation``: not the reference's colour, or not its pattern.
    ``comparative``: darker or lighter, by three classes of colours. ``two-changes``: a colour and
    a type, a pattern or a gender.

    Args:
        rows: The whole corpus; references are its test split.
        limit: Most questions of a kind.
        seed: Of the choices.

    Returns:
        Kind → questions; a kind that the rows do not allow is left out.
    """
    catalogue = _Catalogue(rows)
    drawn: dict[str, tuple[ComposeQuery, ...]] = {}
    for kind in KINDS:
        found: list[ComposeQuery] = []
        for number, row in enumerate(rows):
            if row.split != SPLIT or not (row.gender and row.type and row.colour):
                continue
            # Seeded by the product, so that the questions do not depend on the order of the rows.
            chance = random.Random(f"{seed}:{kind}:{row.product_id}")
            possible = [
                each
                for each in catalogue.changes(number, kind)
                if len(each.relevant - {number}) >= LEAST_RELEVANT
            ]
            if possible:
                change = chance.choice(possible)
                found.append(
                    ComposeQuery(
                        reference=number,
                        relevant=change.relevant - {number},
                        said=change.said,
                        name=change.name,
                    )
                )
        if limit is not None and limit < len(found):
            kept = random.Random(seed).sample(range(len(found)), max(1, limit))
            found = [found[number] for number in sorted(kept)]
        if found:
            drawn[kind] = tuple(found)
    return drawn


class _Catalogue:
    """Rows by what they are."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._patterns = [pattern_of(row.title) for row in rows]
        self._group: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._by_colour: dict[tuple[str, str, str], set[int]] = defaultdict(set)
        self._by_pattern: dict[tuple[str, str, str], set[int]] = defaultdict(set)
        types: dict[tuple[str, str], set[str]] = defaultdict(set)
        genders: dict[str, set[str]] = defaultdict(set)
        for number, row in enumerate(rows):
            if not (row.gender and row.type):
                continue
            self._group[row.gender, row.type].add(number)
            self._by_colour[row.gender, row.type, row.colour].add(number)
            self._by_pattern[row.gender, row.type, self._patterns[number]].add(number)
            types[row.gender, row.category].add(row.type)
            genders[row.type].add(row.gender)
        self._types = {key: sorted(held) for key, held in types.items()}
        self._genders = {key: sorted(held) for key, held in genders.items()}
        self._colours: dict[tuple[str, str], list[str]] = defaultdict(list)
        for gender, kind, colour in sorted(self._by_colour):
            if colour:
                self._colours[gender, kind].append(colour)

    def changes(self, number: int, kind: str) -> list[_Change]:
        """Every change of a kind that can be asked of a row."""
        row = self._rows[number]
        match kind:
            case "type":
                return [
                    _Change(f"but as {name}", name, self._colour(row.gender, other, row.colour))
                    for other, name in self._other_types(row)
                ]
            case "pattern":
                return [
                    _Change(f"but {each}", each, self._pattern(row, each))
                    for each in self._other_patterns(number)
                ]
            case "negation":
                return self._negations(number)
            case "comparative":
                return self._comparatives(row)
            case _:
                return self._two(number)

    def _two(self, number: int) -> list[_Change]:
        row = self._rows[number]
        found: list[_Change] = []
        for colour in self._colours[row.gender, row.type]:
            if colour == row.colour:
                continue
            said = colour.casefold()
            found += [
                _Change(
                    f"but {pattern} and in {said}",
                    f"{said} {pattern}",
                    self._pattern(row, pattern) & self._colour(row.gender, row.type, colour),
                )
                for pattern in self._other_patterns(number)
            ]
            found += [
                _Change(
                    f"but in {said}, as {name}",
                    f"{said} {name}",
                    self._colour(row.gender, other, colour),
                )
                for other, name in self._other_types(row)
            ]
            found += [
                _Change(
                    f"but in {said}, for {gender.casefold()}",
                    f"{gender.casefold()} {said}",
                    self._colour(gender, row.type, colour),
                )
                for gender in self._genders[row.type]
                if gender not in (row.gender, "Unisex")
            ]
        return [each for each in found if len(each.relevant) > LEAST_RELEVANT]

    def _negations(self, number: int) -> list[_Change]:
        row, pattern = self._rows[number], self._patterns[number]
        group = self._group[row.gender, row.type]
        coloured = frozenset(each for each in group if self._rows[each].colour)
        refused = row.colour.casefold()
        found = [
            _Change(
                f"but not {refused}",
                f"not {refused}",
                coloured - self._colour(row.gender, row.type, row.colour),
            )
        ]
        words = _PATTERNS[pattern][1] if pattern else ""
        if words:
            # A title that names no pattern may still be of a striped shirt: it answers nothing.
            named = frozenset(each for each in group if self._patterns[each])
            found.append(_Change(f"but {words}", words, named - self._pattern(row, pattern)))
        return found

    def _comparatives(self, row: Row) -> list[_Change]:
        if row.colour in _NO_SHADE:
            return []
        own = _SHADES.get(row.colour, _MIDDLE)
        shades = {
            colour: _SHADES.get(colour, _MIDDLE)
            for colour in self._colours[row.gender, row.type]
            if colour not in _NO_SHADE
        }
        ways = (
            ("darker", {name for name, shade in shades.items() if shade < own}),
            ("lighter", {name for name, shade in shades.items() if shade > own}),
        )
        return [
            _Change(
                f"but {name}",
                name,
                frozenset[int]().union(
                    *(self._colour(row.gender, row.type, colour) for colour in sorted(fitting))
                ),
            )
            for name, fitting in ways
        ]

    def _other_types(self, row: Row) -> list[tuple[str, str]]:
        held = self._types[row.gender, row.category]
        return [(each, each.casefold()) for each in held if each != row.type]

    def _other_patterns(self, number: int) -> list[str]:
        return [each for each in _PATTERNS if each != self._patterns[number]]

    def _colour(self, gender: str, kind: str, colour: str) -> frozenset[int]:
        return frozenset(self._by_colour.get((gender, kind, colour), ()))

    def _pattern(self, row: Row, pattern: str) -> frozenset[int]:
        return frozenset(self._by_pattern.get((row.gender, row.type, pattern), ()))
