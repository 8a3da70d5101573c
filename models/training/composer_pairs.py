"""Questions made from a labelled catalogue: a product, a change in words, the products that fit.

Targets are every product of the train split with the attributes asked for, so that a question has
many right answers. Words come from the frames of `models.training.composer_frames` and a few plain
openers; patterns are read from titles.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.query.lexicon import Lexicon
from engine.types import Facet
from models.label_words import canonical_label
from models.training.composer_frames import Frame
from models.training.patterns import PATTERNS, title_pattern
from models.training.synonyms import SYNONYMS

__all__ = ["CHANGES", "Item", "Question", "Wanted", "draw_questions", "items_of"]

CHANGES = (
    "colour",
    "type",
    "gender",
    "pattern",
    "not colour",
    "not pattern",
    "darker",
    "lighter",
    "two",
)
_SHARES = (0.26, 0.16, 0.06, 0.14, 0.06, 0.03, 0.06, 0.06, 0.17)
LEAST_TARGETS = 5
LIGHTNESS_STEP = 10.0
"""Difference of CIE L* between typical shades from which a colour is darker or lighter."""
_NOT_PATTERN = {
    "striped": ("not striped", "no stripes", "without stripes"),
    "checked": ("not checked", "no checks", "without checks"),
    "printed": ("not printed", "no print", "without print"),
}
_GENDERS = {
    "men": ("for men", "for a man", "for him", "men's"),
    "women": ("for women", "for a woman", "for her", "women's", "ladies"),
    "boys": ("for boys", "for a boy"),
    "girls": ("for girls", "for a girl"),
    "unisex": ("unisex",),
}
_DARKER = ("darker", "a darker colour", "in a darker shade", "more dark", "darker in colour")
_LIGHTER = ("lighter", "a lighter colour", "in a lighter shade", "paler", "lighter in colour")
_OPENERS = ("", "", "", "but ", "like this but ", "same but ", "this one but ", "similar but ")
_COLOUR = ("in {}", "{}", "in {} instead", "is {}", "make it {}", "the same in {}", "want it {}")
_TYPE = ("as {}", "{} instead", "{}", "as {} instead", "make it {}", "matching {}")
_NOT_COLOUR = ("not {}", "anything but {}", "no {}", "not in {}", "without {}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A product as canonical values, empty where unknown.

    Attributes:
        labels: The type and colour as the set writes them, for their synonyms.
        category: Broad kind, within which a type may change to another.
    """

    kind: str
    gender: str
    colour: str
    pattern: str
    category: str
    labels: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a target has; a set that is ``None`` leaves the attribute free."""

    kind: str
    gender: str
    colours: frozenset[str] | None = None
    patterns: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A product as reference, what should change, and what fits then.

    Attributes:
        reference: Row of the reference.
        change: One of `CHANGES`.
        words: The shopper's words.
        targets: Rows that fit, the reference not among them, ascending.
    """

    reference: int
    change: str
    words: str
    targets: NDArray[np.int64]


def items_of(
    titles: Sequence[str],
    labels: Sequence[Mapping[str, str]],
    lexicon: Lexicon,
) -> list[Item]:
    """Products from titles and the labels ``type``, ``colour``, ``gender``, ``category``."""
    return [
        Item(
            kind=canonical_label(Facet.TYPE, each["type"]),
            gender=canonical_label(Facet.GENDER, each["gender"]),
            colour=canonical_label(Facet.COLOUR, each["colour"]),
            pattern=title_pattern(title, lexicon),
            category=each["category"],
            labels=(each["type"], each["colour"]),
        )
        for title, each in zip(titles, labels, strict=True)
    ]


def draw_questions(
    items: Sequence[Item],
    frames: Sequence[Frame],
    lexicon: Lexicon,
    *,
    count: int,
    seed: int,
    references: Sequence[int] | None = None,
) -> list[Question]:
    """Draw questions; the same items and seed give the same questions.

    Args:
        items: The catalogue: targets are sought among all of them.
        frames: Sentences of shoppers.
        lexicon: Knows how light a colour is.
        count: How many, about; a change for which a reference has no targets gives none.
        seed: Of everything that is drawn.
        references: Rows that questions start from; all by default.
    """
    maker = _Maker(items, frames, lexicon, random.Random(seed))
    rows = list(references) if references is not None else list(range(len(items)))
    questions: list[Question] = []
    for _ in range(8 * count):
        if len(questions) >= count:
            break
        change = maker.chance.choices(CHANGES, _SHARES)[0]
        # Few products name their pattern: start from those where the change is about it.
        question = maker.question(maker.chance.choice(rows), change)
        if question is not None:
            questions.append(question)
    return questions


class _Maker:
    """Draws one question at a time."""

    def __init__(
        self,
        items: Sequence[Item],
        frames: Sequence[Frame],
        lexicon: Lexicon,
        chance: random.Random,
    ) -> None:
        self.items, self.lexicon, self.chance = items, lexicon, chance
        groups: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row, item in enumerate(items):
            if item.kind and item.gender:
                groups[item.kind, item.gender].append(row)
        self._groups = {key: np.array(rows, np.int64) for key, rows in groups.items()}
        self._kinds: dict[tuple[str, str], list[str]] = defaultdict(list)
        category_of = {item.kind: item.category for item in items if item.kind}
        for kind, gender in sorted(self._groups):
            self._kinds[gender, category_of[kind]].append(kind)
        self._labels = {item.kind: item.labels[0] for item in items}
        self._colours = _column(items, lambda item: item.colour)
        self._patterns = _column(items, lambda item: item.pattern)
        usable = {
            slots: [frame for frame in frames if frame.slots == slots and _is_plain(frame, lexicon)]
            for slots in {frame.slots for frame in frames}
        }
        self._frames = {slots: found for slots, found in usable.items() if found}

    def question(self, reference: int, change: str) -> Question | None:
        """A question about this product, or ``None`` where too few products fit."""
        item = self.items[reference]
        if not (item.kind and item.gender and item.colour):
            return None
        made = self._make(item, change)
        if not made:
            return None
        wanted, words = made
        targets = self._fitting(wanted)
        targets = targets[targets != reference]
        if len(targets) < LEAST_TARGETS:
            return None
        opener = self.chance.choice(_OPENERS)
        return Question(
            reference=reference, change=change, words=f"{opener}{words}", targets=targets
        )

    def _make(self, item: Item, change: str) -> tuple[Wanted, str] | None:
        same = Wanted(kind=item.kind, gender=item.gender)
        match change:
            case "colour":
                colour = self._other_colour(item)
                if not colour:
                    return None
                words = self._say(("colour",), [self._colour_word(colour)], _COLOUR)
                return replace(same, colours=frozenset((colour,))), words
            case "type":
                kind = self._other_kind(item)
                wanted = Wanted(kind=kind, gender=item.gender, colours=frozenset((item.colour,)))
                return (wanted, self._say_kind(kind)) if kind else None
            case "gender":
                gender = self._other_gender(item)
                wanted = Wanted(kind=item.kind, gender=gender, colours=frozenset((item.colour,)))
                return (wanted, self.chance.choice(_GENDERS[gender])) if gender else None
            case "pattern":
                pattern = self._other_pattern(item)
                wanted = replace(same, patterns=frozenset((pattern,)))
                return (wanted, self._say_pattern(pattern)) if pattern else None
            case "not colour":
                others = frozenset(self._held_colours(item.kind, item.gender)) - {item.colour}
                word = self._colour_word(item.colour)
                return replace(same, colours=others), self.chance.choice(_NOT_COLOUR).format(word)
            case "not pattern":
                if item.pattern not in _NOT_PATTERN:
                    return None
                others = frozenset(PATTERNS) - {item.pattern}
                return replace(same, patterns=others), self.chance.choice(
                    _NOT_PATTERN[item.pattern]
                )
            case "darker" | "lighter":
                shades = self._shades(item, darker=change == "darker")
                slot = "more darkness" if change == "darker" else "less darkness"
                ways = _DARKER if change == "darker" else _LIGHTER
                words = self._say((slot,), [self.chance.choice(ways[:1])], ways)
                return (replace(same, colours=shades), words) if shades else None
            case _:
                return self._two(item)

    def _two(self, item: Item) -> tuple[Wanted, str] | None:
        second = self.chance.choice(("type", "pattern", "gender"))
        colours = sorted(self._held_colours(item.kind, item.gender) - {item.colour})
        if not colours:
            return None
        colour = self.chance.choice(colours)
        made = self._make(item, second)
        if not made:
            return None
        wanted, other = made
        word = self._colour_word(colour)
        if second == "pattern" and self.chance.random() < 0.5:
            slots = ("colour", "pattern")
            pattern = next(iter(wanted.patterns or ()))
            words = self._say(slots, [word, PATTERNS[pattern][0]], ())
            if words:
                return replace(wanted, colours=frozenset((colour,))), words
        parts = [self.chance.choice(_COLOUR).format(word), other]
        self.chance.shuffle(parts)
        joint = self.chance.choice((" and ", ", ", " "))
        return replace(wanted, colours=frozenset((colour,))), joint.join(parts)

    def _fitting(self, wanted: Wanted) -> NDArray[np.int64]:
        rows = self._groups.get((wanted.kind, wanted.gender), np.zeros(0, np.int64))
        if wanted.colours is not None:
            rows = rows[np.isin(self._colours[rows], sorted(wanted.colours))]
        if wanted.patterns is not None:
            rows = rows[np.isin(self._patterns[rows], sorted(wanted.patterns))]
        return rows

    def _held_colours(self, kind: str, gender: str) -> set[str]:
        rows = self._groups.get((kind, gender), np.zeros(0, np.int64))
        return {str(each) for each in np.unique(self._colours[rows])} - {""}

    def _other_colour(self, item: Item) -> str:
        return self._one_of(self._held_colours(item.kind, item.gender) - {item.colour})

    def _other_kind(self, item: Item) -> str:
        return self._one_of({*self._kinds[item.gender, item.category]} - {item.kind})

    def _other_gender(self, item: Item) -> str:
        held = {gender for gender in _GENDERS if (item.kind, gender) in self._groups}
        return self._one_of(held - {item.gender})

    def _other_pattern(self, item: Item) -> str:
        rows = self._groups[item.kind, item.gender]
        held = {str(each) for each in np.unique(self._patterns[rows])} - {"", item.pattern}
        return self._one_of(held)

    def _shades(self, item: Item, *, darker: bool) -> frozenset[str]:
        own = _lightness(item.colour, self.lexicon)
        sign = -1 if darker else 1
        held = self._held_colours(item.kind, item.gender)
        if own is None:
            return frozenset()
        known = {each: _lightness(each, self.lexicon) for each in held}
        return frozenset(
            each
            for each, light in known.items()
            if light is not None and sign * (light - own) >= LIGHTNESS_STEP
        )

    def _one_of(self, values: Iterable[str]) -> str:
        ordered = sorted(values)
        return self.chance.choice(ordered) if ordered else ""

    def _colour_word(self, colour: str) -> str:
        return colour.casefold()

    def _say_kind(self, kind: str) -> str:
        label = self._labels.get(kind, kind)
        ways = (kind, label.casefold(), *SYNONYMS.get("type", {}).get(label, ())[:2])
        return self.chance.choice(_TYPE).format(self.chance.choice(ways))

    def _say_pattern(self, pattern: str) -> str:
        word = self.chance.choice(PATTERNS[pattern])
        return self._say(("pattern",), [word], ("{}",)) if "with" not in word else word

    def _say(self, slots: tuple[str, ...], values: list[str], ways: Sequence[str]) -> str:
        frames = self._frames.get(slots, [])
        if frames and (not ways or self.chance.random() < 0.5):
            weights = [frame.count**0.5 for frame in frames]
            return self.chance.choices(frames, weights)[0].fill(values)
        return self.chance.choice(ways).format(*values) if ways else ""


def _lightness(colour: str, lexicon: Lexicon) -> float | None:
    return lexicon.lab(colour)[0] if colour in lexicon.labs else None


def _is_plain(frame: Frame, lexicon: Lexicon) -> bool:
    """The frame names no value of its own, such as the white of "with white {pattern}"."""
    return not lexicon.mentions(frame.fill(["" for _ in frame.slots]))


def _column(items: Sequence[Item], value_of: Callable[[Item], str]) -> NDArray[np.str_]:
    return np.array([value_of(item) for item in items])
