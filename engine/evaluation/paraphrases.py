"""The same wish in other words: how much an answer depends on the way of asking.

A title of the test split is asked as written and in several other ways. A way that changes nothing
of a title is not asked of it, so that each way is compared with the title as written over the same
questions.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import yaml
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap
from engine.evaluation.kagl import SPLIT, Row
from engine.evaluation.metrics import Ranking, precision_full, retrieval_metrics

__all__ = [
    "AS_WRITTEN",
    "DEPTH",
    "ParaphraseQuestion",
    "Tables",
    "draw_paraphrases",
    "load_tables",
    "score_paraphrases",
    "ways_to_ask",
]

DEPTH = 10
AS_WRITTEN = "as-written"
RECALL, PRECISION, SWING = "recall@10", "precision@10", "swing"
_FILE = Path(__file__).with_name("paraphrases.yaml")
_WORD = re.compile(r"[^\W\d_]{5,}")
_GENDERS = frozenset(
    ["men", "men's", "mens", "women", "women's", "womens", "boys", "boy's", "girls", "girl's"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Phrases for the ways that need them, in lower case.

    Attributes:
        synonyms: Phrase → another of the same meaning.
        spellings: British → American and American → British.
        brands: Invented names.
    """

    synonyms: Mapping[str, str]
    spellings: Mapping[str, str]
    brands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParaphraseQuestion:
    """One wish in all its ways.

    Attributes:
        title: As the catalogue writes it.
        ways: Way → text, `AS_WRITTEN` among them.
        same_title: Row numbers of the products with this title.
        same_kind: Row numbers of the products of the type and colour of the one asked for.
    """

    title: str
    ways: Mapping[str, str]
    same_title: frozenset[int]
    same_kind: frozenset[int]


@cache
def load_tables() -> Tables:
    """The tables that lie beside this module.

    Raises:
        InvalidInput: The file has not the tables that are expected.
    """
    held = cast("dict[str, Any]", yaml.safe_load(_FILE.read_text(encoding="utf-8")))
    try:
        british = cast("dict[str, str]", held["spellings"])
        return Tables(
            synonyms=dict(cast("dict[str, str]", held["synonyms"])),
            spellings={**british, **{two: one for one, two in british.items()}},
            brands=tuple(cast("list[str]", held["brands"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"cannot be read: {error!r}", where=str(_FILE)) from error


def ways_to_ask(title: str, *, seed: str, tables: Tables | None = None) -> dict[str, str]:
    """A title as written and in other ways.

    Args:
        title: Of a product.
        seed: Decides the typo and the brand; the same seed gives the same.
        tables: Those of `load_tables` by default.

    Returns:
        Way → text: `AS_WRITTEN`, and of ``reordered``, ``synonyms``, ``spelling``, ``typo``,
        ``upper-case``, ``lower-case`` and ``unknown-brand`` those that differ from it.
    """
    tables = tables or load_tables()
    chance = random.Random(seed)
    written = " ".join(title.split())
    found = {
        "reordered": _reordered(written),
        "synonyms": _replaced(written, tables.synonyms),
        "spelling": _replaced(written, tables.spellings),
        "typo": _mistyped(written, chance),
        "upper-case": written.upper(),
        "lower-case": written.lower(),
        "unknown-brand": f"{chance.choice(tables.brands)} {written}",
    }
    return {
        AS_WRITTEN: written,
        **{way: text for way, text in found.items() if text and text != written},
    }


def draw_paraphrases(
    rows: Sequence[Row], *, limit: int | None = None, seed: int = 0
) -> tuple[ParaphraseQuestion, ...]:
    """Each title of the test split that has a type and a colour, once.

    Args:
        rows: The whole corpus.
        limit: Most questions, drawn from all of them.
        seed: Of the draw, the typos and the brands.

    Raises:
        InvalidInput: No product of the test split has a title, a type and a colour.
    """
    titles: dict[str, set[int]] = defaultdict(set)
    kinds: dict[tuple[str, str], set[int]] = defaultdict(set)
    asked: dict[str, Row] = {}
    for number, row in enumerate(rows):
        plain = " ".join(row.title.casefold().split())
        titles[plain].add(number)
        kinds[row.type, row.colour].add(number)
        if row.split == SPLIT and plain and row.type and row.colour:
            asked.setdefault(plain, row)
    if not asked:
        raise InvalidInput(
            f"no product of the split {SPLIT!r} has a title, a type and a colour",
            hint="Evaluate on the whole catalogue.",
        )
    chosen = sorted(asked)
    if limit is not None and limit < len(chosen):
        chosen = sorted(random.Random(seed).sample(chosen, max(1, limit)))
    return tuple(
        ParaphraseQuestion(
            title=asked[plain].title,
            ways=ways_to_ask(asked[plain].title, seed=f"{seed}:{plain}"),
            same_title=frozenset(titles[plain]),
            same_kind=frozenset(kinds[asked[plain].type, asked[plain].colour]),
        )
        for plain in chosen
    )


def score_paraphrases(
    questions: Sequence[ParaphraseQuestion],
    rank: Callable[[Sequence[str]], Sequence[Ranking]],
    *,
    arm: str,
) -> list[Figure]:
    """Ask every question in all its ways.

    ``recall@10`` counts the products of the same title, ``precision@10`` those of the same type
    and colour over the most that could be found. For each way ``recall@10-change`` and
    ``precision@10-change`` are the mean differences to the title as written, over the questions
    that have the way. ``swing`` is a question's best way less its worst, its condition the metric.

    Args:
        questions: What is asked.
        rank: Texts → row numbers of at least ten products each, best first.
        arm: What ranks.
    """
    asked = [(number, way) for number, question in enumerate(questions) for way in question.ways]
    rankings = [
        ranking[:DEPTH] for ranking in rank([questions[number].ways[way] for number, way in asked])
    ]
    values = {
        RECALL: retrieval_metrics(
            rankings, [questions[number].same_title for number, _ in asked], [RECALL]
        )[RECALL],
        PRECISION: precision_full(rankings, [questions[number].same_kind for number, _ in asked]),
    }
    ways = list(dict.fromkeys(way for question in questions for way in question.ways))
    figures: list[Figure] = []
    for way in ways:
        for metric, found in values.items():
            table = _of_ways(asked, found)
            with_way = [each for each in table if way in each]
            figures.append(_figure([each[way] for each in with_way], metric, arm, way))
            if way != AS_WRITTEN:
                change = [each[way] - each[AS_WRITTEN] for each in with_way]
                figures.append(_figure(change, f"{metric}-change", arm, way))
    for metric, found in values.items():
        swings = [max(each.values()) - min(each.values()) for each in _of_ways(asked, found)]
        figures.append(_figure(swings, SWING, arm, metric))
    return figures


def _of_ways(
    asked: Sequence[tuple[int, str]], values: NDArray[np.float64]
) -> list[dict[str, float]]:
    """The value of each way of each question."""
    table: dict[int, dict[str, float]] = defaultdict(dict)
    for (number, way), value in zip(asked, values, strict=True):
        table[number][way] = float(value)
    return list(table.values())


def _figure(values: Sequence[float], metric: str, arm: str, condition: str) -> Figure:
    return measured(bootstrap(values), metric=metric, arm=arm, condition=condition)


def _reordered(title: str) -> str:
    """What it is first, who wears it and who makes it after; without a gender the first word last.

    "Lee Cooper Men White Shoes" → "White Shoes Men Lee Cooper".
    """
    words = title.split()
    for place, word in enumerate(words):
        if word.casefold() in _GENDERS and 0 < place < len(words) - 1:
            return " ".join([*words[place + 1 :], word, *words[:place]])
    return " ".join([*words[1:], *words[:1]])


def _replaced(title: str, table: Mapping[str, str]) -> str:
    """Every phrase of the table by its other one; one pass, the longest phrase first."""
    longest_first = sorted(table, key=len, reverse=True)
    pattern = "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in longest_first)
    return re.sub(
        rf"(?<![\w-])(?:{pattern})(?![\w'-])",
        lambda match: _cased(table[" ".join(match.group().lower().split())], match.group()),
        title,
        flags=re.IGNORECASE,
    )


def _cased(phrase: str, like: str) -> str:
    return phrase.title().replace("'S", "'s") if like[:1].isupper() else phrase


def _mistyped(title: str, chance: random.Random) -> str:
    """One slip of the finger inside one word of at least five letters; nothing if there is none."""
    words = list(_WORD.finditer(title))
    if not words:
        return ""
    word = chance.choice(words)
    letters = word.group()
    place = chance.randrange(1, len(letters) - 2)
    one, other = letters[place : place + 2]
    slips = [one, one + one + other, *([other + one] if one != other else [])]
    start = word.start() + place
    return title[:start] + chance.choice(slips) + title[start + 2 :]
