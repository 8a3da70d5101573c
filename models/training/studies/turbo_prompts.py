"""What the arms are asked for: test products as words, and with one of their attributes changed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.query.lexicon import Lexicon
from engine.types import Facet
from models.training.variants.preparation import Catalogue
from models.variants.shades import MAIN_COLOURS

__all__ = ["Prompt", "Prompts", "asked_values", "draw_changed", "draw_words"]

_HELD_OUT_SHARE = 1 / 3
_KNOWN = 20
"""Training products of a pair that count as having seen it."""
_PATTERN_SHARE = 0.3
"""Of the changes to pairs that training has seen."""
_CLOTH = ("tops", "dresses", "bottoms", "outerwear", "nightwear", "sets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One thing to draw.

    Attributes:
        row: Of the catalogue: the product that it comes from.
        attributes: Asked for.
        held_out: Its type and colour are a pair that training never saw.
        changed: The facet that differs from the product's; ``None`` where none does.
    """

    row: int
    attributes: Mapping[Facet, str]
    held_out: bool
    changed: Facet | None = None


Prompts = Sequence[Prompt]


def asked_values(
    attributes: Sequence[Mapping[Facet, str]], rows: NDArray[np.int64], facets: Sequence[Facet],
    *, least: int,
) -> dict[Facet, tuple[str, ...]]:  # fmt: skip
    """The values of each facet that enough of the rows have, in alphabetical order."""
    found: dict[Facet, tuple[str, ...]] = {}
    for facet in facets:
        counts = Counter(attributes[int(row)].get(facet, "") for row in rows)
        found[facet] = tuple(sorted(v for v, count in counts.items() if v and count >= least))
    return found


def draw_words(
    catalogue: Catalogue, values: Mapping[Facet, Sequence[str]], *, count: int
) -> list[Prompt]:
    """Test products as they are described, sharp pictures first, else by a hash of their ids.

    Args:
        catalogue: Prepared.
        values: What the judge knows; prompts are of a type and a colour of these.
        count: At most; a third are of held-out pairs.
    """
    pairs = _train_pairs(catalogue, Facet.COLOUR)
    seen, held = [], []
    for row in _test_rows(catalogue, "words"):
        said = catalogue.attributes[row]
        if not _askable(said, values):
            continue
        prompt = Prompt(row=row, attributes=dict(said), held_out=bool(catalogue.held_out[row]))
        if prompt.held_out:
            held.append(prompt)
        elif pairs[said[Facet.TYPE], said[Facet.COLOUR]]:
            seen.append(prompt)
    return _shared_out(seen, held, count)


def draw_changed(
    catalogue: Catalogue,
    values: Mapping[Facet, Sequence[str]],
    lexicon: Lexicon,
    *,
    count: int,
) -> list[Prompt]:
    """Test products with another colour or another pattern, to pairs that training saw, or never.

    A new colour is of another family. Of held-out pairs none is asked for more than twice as
    often as if all were asked for equally, for some types are ten times as frequent as others.

    Args:
        catalogue: Prepared.
        values: What the judge knows.
        lexicon: Families of colours, categories of types.
        count: At most; a third are to held-out pairs.
    """
    coloured = _train_pairs(catalogue, Facet.COLOUR)
    patterned = _train_pairs(catalogue, Facet.PATTERN)
    unseen = _held_out_pairs(catalogue)
    cap = max(1, round(2 * count * _HELD_OUT_SHARE / max(1, len(unseen))))
    asked: Counter[tuple[str, str]] = Counter()
    seen, held = [], []
    for row in _test_rows(catalogue, "changed"):
        said = catalogue.attributes[row]
        if not _askable(said, values):
            continue
        kind, colour = said[Facet.TYPE], said[Facet.COLOUR]
        other = [c for c in values[Facet.COLOUR] if lexicon.family(c) != lexicon.family(colour)]
        never = [c for c in other if (kind, c) in unseen and asked[kind, c] < cap]
        if never:
            chosen = _choice(never, catalogue, row)
            asked[kind, chosen] += 1
            held.append(_changed(said, row, Facet.COLOUR, chosen, held_out=True))
        if catalogue.held_out[row]:
            continue
        pattern = said.get(Facet.PATTERN)
        if (
            pattern
            and lexicon.category(kind) in _CLOTH
            and _hash(catalogue, row, "facet") < _PATTERN_SHARE
        ):
            known = [p for p in values[Facet.PATTERN] if patterned[kind, p] >= _KNOWN]
            facet, choices = Facet.PATTERN, [p for p in known if p != pattern]
        else:
            facet = Facet.COLOUR
            choices = [c for c in other if c in MAIN_COLOURS and coloured[kind, c] >= _KNOWN]
        if choices:
            chosen = _choice(choices, catalogue, row)
            seen.append(_changed(said, row, facet, chosen, held_out=False))
    return _shared_out(seen, held, count)


def _changed(
    said: Mapping[Facet, str], row: int, facet: Facet, value: str, *, held_out: bool
) -> Prompt:
    return Prompt(row=row, attributes={**said, facet: value}, held_out=held_out, changed=facet)


def _askable(said: Mapping[Facet, str], values: Mapping[Facet, Sequence[str]]) -> bool:
    return all(said.get(facet, "") in values[facet] for facet in (Facet.TYPE, Facet.COLOUR))


def _shared_out(seen: list[Prompt], held: list[Prompt], count: int) -> list[Prompt]:
    unseen = held[: round(count * _HELD_OUT_SHARE)]
    return [*seen[: count - len(unseen)], *unseen]


def _train_pairs(catalogue: Catalogue, facet: Facet) -> Counter[tuple[str, str]]:
    """How many products the generator learns from have a type and a value."""
    held = (catalogue.attributes[int(row)] for row in catalogue.train)
    return Counter((each.get(Facet.TYPE, ""), each.get(facet, "")) for each in held)


def _held_out_pairs(catalogue: Catalogue) -> frozenset[tuple[str, str]]:
    held = (catalogue.attributes[int(row)] for row in np.flatnonzero(catalogue.held_out))
    return frozenset((each[Facet.TYPE], each[Facet.COLOUR]) for each in held)


def _test_rows(catalogue: Catalogue, salt: str) -> list[int]:
    rows = catalogue.pairs.rows("test").tolist()
    sharp = catalogue.frames.sharp
    return sorted(rows, key=lambda row: (not sharp[row], _hash(catalogue, row, salt)))


def _choice(choices: Sequence[str], catalogue: Catalogue, row: int) -> str:
    return choices[int(_hash(catalogue, row, "value") * len(choices))]


def _hash(catalogue: Catalogue, row: int, salt: str) -> float:
    text = f"{salt}|{catalogue.pairs.ids[row]}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
