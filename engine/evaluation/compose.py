"""Composed retrieval on a catalogue: a product as reference, and "but in another colour".

For a product of type A, gender g and colour c the shopper asks for c2. Relevant are the products of
(g, A, c2), which the engine never sees: it is handed the reference and the words alone.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap
from engine.evaluation.kagl import SPLIT, Row
from engine.evaluation.metrics import precision_full, share_of_top, top_ranked
from engine.ports import TextEncoder
from engine.types import Vectors

__all__ = ["DEPTH", "ComposeQuery", "baselines", "draw_queries", "score"]

DEPTH = 10
TARGETS_EACH = 2
"""Colours asked for a reference, at most."""
LEAST_RELEVANT = 5
"""Products of (g, A, c2) that the catalogue must hold for c2 to be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeQuery:
    """One question with its answers.

    Attributes:
        reference: Row number of the product that the shopper points at.
        relevant: Row numbers of the products that answer it.
        colour: The colour asked for, as the catalogue writes it, where that is the whole change.
        said: The shopper's words for any other change.
        name: The change alone in words, such as ``striped``, where it is no colour.
    """

    reference: int
    relevant: frozenset[int]
    colour: str = ""
    said: str = ""
    name: str = ""

    @property
    def modification(self) -> str:
        """The shopper's words."""
        return self.said or f"but in {self.colour.casefold()}"

    @property
    def words(self) -> str:
        """What the baseline ``words`` embeds: the name alone serves it better than a sentence."""
        return self.name or self.colour.casefold()


def draw_queries(
    rows: Sequence[Row], *, limit: int | None = None, seed: int = 0
) -> tuple[ComposeQuery, ...]:
    """Draw the questions; the same rows and seed give the same questions.

    Args:
        rows: The whole corpus; references are its test split.
        limit: Most questions, drawn from all of them.
        seed: Of the choice among the possible colours of each reference.

    Raises:
        InvalidInput: No product of the test split allows a question.
    """
    members: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for number, row in enumerate(rows):
        members[row.gender, row.type, row.colour].add(number)
    colours: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (gender, kind, colour), numbers in sorted(members.items()):
        if colour and len(numbers) >= LEAST_RELEVANT:
            colours[gender, kind].append(colour)
    drawn: list[ComposeQuery] = []
    for number, row in enumerate(rows):
        if row.split != SPLIT or not (row.gender and row.type and row.colour):
            continue
        possible = [each for each in colours[row.gender, row.type] if each != row.colour]
        # Seeded by the product, so that the questions do not depend on the order of the rows.
        chance = random.Random(f"{seed}:{row.product_id}")
        drawn.extend(
            ComposeQuery(
                reference=number,
                colour=colour,
                relevant=frozenset(members[row.gender, row.type, colour]),
            )
            for colour in sorted(chance.sample(possible, min(TARGETS_EACH, len(possible))))
        )
    if not drawn:
        raise InvalidInput(
            f"no product of the split {SPLIT!r} has a type in another colour at least "
            f"{LEAST_RELEVANT} times",
            hint="Evaluate on the whole catalogue.",
        )
    if limit is not None and limit < len(drawn):
        kept = random.Random(seed).sample(range(len(drawn)), max(1, limit))
        drawn = [drawn[number] for number in sorted(kept)]
    return tuple(drawn)


def baselines(
    queries: Sequence[ComposeQuery], *, encoder: TextEncoder, pictures: Vectors
) -> Mapping[str, list[NDArray[np.int64]]]:
    """Rankings of the plain ways, by exact search over the pictures without the reference.

    Args:
        queries: The questions.
        encoder: Embeds `ComposeQuery.words`.
        pictures: (N, D) picture vectors of the corpus.

    Returns:
        ``picture`` (the reference alone), ``words`` (the change's name alone) and ``sum`` (the sum
        of both unit vectors) → row numbers of each query, best first.
    """
    names = sorted({query.words for query in queries})
    by_name = dict(zip(names, encoder.embed_texts(names), strict=True))
    references = np.array([query.reference for query in queries], np.int64)
    picture = pictures[references]
    words = np.stack([by_name[query.words] for query in queries])
    both = picture + words
    both = (both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-12)).astype(
        np.float32
    )
    arms = {"picture": picture, "words": words, "sum": both}
    return {
        name: list(top_ranked(vectors, pictures, depth=DEPTH, without=references))
        for name, vectors in arms.items()
    }


def score(
    queries: Sequence[ComposeQuery],
    rankings: Sequence[Sequence[int] | NDArray[np.int64]],
    rows: Sequence[Row],
    *,
    arm: str,
    condition: str,
) -> list[Figure]:
    """Figures of one arm in one world, with bootstrap intervals over the questions.

    Returns:
        ``precision@10`` over min(10, relevant), and among the first ten places the share of the
        reference's type (``type-kept``) and of the colour asked for (``colour-hit``), these two
        where every question is about a colour.

    Raises:
        InvalidInput: A ranking holds the reference itself.
    """
    for query, ranking in zip(queries, rankings, strict=True):
        if query.reference in map(int, ranking[:DEPTH]):
            raise InvalidInput(f"arm {arm}: the reference {query.reference} is among its results")
    values = {
        "precision@10": precision_full(rankings, [query.relevant for query in queries], depth=DEPTH)
    }
    if all(query.colour for query in queries):
        of_type = _masks(rows, lambda row: row.type)
        of_colour = _masks(rows, lambda row: row.colour)
        values["type-kept"] = share_of_top(
            rankings, [of_type[rows[query.reference].type] for query in queries], depth=DEPTH
        )
        values["colour-hit"] = share_of_top(
            rankings, [of_colour[query.colour] for query in queries], depth=DEPTH
        )
    return [
        measured(bootstrap(each), metric=metric, arm=arm, condition=condition)
        for metric, each in values.items()
    ]


def _masks(rows: Sequence[Row], value_of: Callable[[Row], str]) -> dict[str, NDArray[np.bool_]]:
    held = np.array([value_of(row) for row in rows])
    return {str(value): held == value for value in np.unique(held)}
