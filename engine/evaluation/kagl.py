"""The catalogue that evaluations run on, and the retrieval tasks over it.

Protocol of the Marqo FashionCLIP benchmark on the set called KAGL: titles find their pictures;
words of a type or a colour find products whose documents are 0.9 picture + 0.1 title. Queries
come from our own test split, the corpus is every row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.errors import InvalidInput
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap
from engine.evaluation.metrics import retrieval_metrics, top_ranked
from engine.ports import TextEncoder
from engine.types import Facet, Vectors

__all__ = ["PUBLISHED", "UNSEEN_LEAST", "RetrievalTask", "Row", "evaluate", "kagl_tasks"]

DEPTH = 100
"""Length of a ranking; the reciprocal rank of what lies deeper counts as 0."""
SPLIT = "test"
UNSEEN_LEAST = 10
"""Products of the test split that a label needs to be asked among those alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the evaluation knows of a product: the raw cells, empty where the set has none."""

    product_id: str
    title: str
    gender: str = ""
    type: str = ""
    colour: str = ""
    category: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalTask:
    """Queries in words with the documents that answer them.

    Attributes:
        name: The condition that its figures carry.
        queries: Texts.
        relevant: Row numbers that answer each query.
        metrics: What is measured, see `engine.evaluation.metrics`.
        title_share: Weight of the title's vector in a document, the rest is the picture's.
        corpus: Row numbers that are searched; ``None`` for all.
        facet: The attribute whose values the queries are; ``None`` where they are titles.
    """

    name: str
    queries: tuple[str, ...]
    relevant: tuple[frozenset[int], ...]
    metrics: tuple[str, ...]
    title_share: float = 0.0
    corpus: tuple[int, ...] | None = None
    facet: Facet | None = None


LabelEmbedding = Callable[[Sequence[str], Facet], Vectors]
"""Values of an attribute → unit rows, for encoders that want captions around a bare label."""


def kagl_tasks(rows: Sequence[Row], *, limit: int | None = None) -> tuple[RetrievalTask, ...]:
    """The tasks over one catalogue.

    Titles are asked twice: all of the test split's, and those that no other split has, which an
    encoder trained on the other splits has never read. Types and colours are asked twice as well:
    of all rows, as the benchmark does, and of the test split's alone, which no training has seen.

    Args:
        rows: The whole corpus.
        limit: Most queries a task, drawn evenly from all of them.

    Raises:
        InvalidInput: No row belongs to the test split.
    """
    if not any(row.split == SPLIT for row in rows):
        raise InvalidInput(
            f"none of {len(rows)} rows belongs to the split {SPLIT!r}",
            hint="The column split of the data names it.",
        )
    titles = _titles(rows)
    words = ("precision@1", "precision@10", "mrr")
    asked = {_plain(row.title): row.title for row in rows if row.split == SPLIT}
    elsewhere = {_plain(row.title) for row in rows if row.split != SPLIT}
    categories = _words_task("fine-category", rows, lambda row: row.type, words, Facet.TYPE)
    colours = _words_task("colour", rows, lambda row: row.colour, words, Facet.COLOUR)
    tasks = (
        _titles_task("text-to-image", asked, titles),
        _titles_task(
            "text-to-image/unseen-title",
            {plain: title for plain, title in asked.items() if plain not in elsewhere},
            titles,
        ),
        categories,
        colours,
        _unseen(categories, rows),
        _unseen(colours, rows),
    )
    return tuple(_limited(task, limit) for task in tasks if task.queries)


def evaluate(
    tasks: Iterable[RetrievalTask],
    *,
    encoder: TextEncoder,
    pictures: Vectors,
    titles: Vectors,
    arm: str,
    embed_labels: LabelEmbedding | None = None,
) -> list[Figure]:
    """Measure an encoder, with bootstrap intervals over the queries.

    Args:
        tasks: Over the rows that the vectors belong to.
        encoder: Embeds the queries.
        pictures: (N, D) picture vectors of the corpus.
        titles: (N, D) title vectors of the corpus.
        arm: Name of the encoder.
        embed_labels: Embeds the queries of tasks whose queries are labels; those tasks alone are
            measured then.
    """
    figures: list[Figure] = []
    for task in tasks:
        if embed_labels is None:
            queries = encoder.embed_texts(task.queries)
        elif task.facet is not None:
            queries = embed_labels(task.queries, task.facet)
        else:
            continue
        documents = mixed(pictures, titles, task.title_share)
        relevant = task.relevant
        if task.corpus is not None:
            documents = documents[list(task.corpus)]
            place = {row: number for number, row in enumerate(task.corpus)}
            relevant = [frozenset(place[row] for row in each) for each in relevant]
        rankings = top_ranked(queries, documents, depth=DEPTH)
        values = retrieval_metrics(list(rankings), relevant, task.metrics)
        figures.extend(
            measured(bootstrap(values[metric]), metric=metric, arm=arm, condition=task.name)
            for metric in task.metrics
        )
    return figures


def mixed(pictures: Vectors, titles: Vectors, title_share: float) -> Vectors:
    """Unit rows of (1 - share) picture + share title."""
    if not title_share:
        return pictures
    rows = (1 - title_share) * pictures + title_share * titles
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _titles(rows: Sequence[Row]) -> dict[str, frozenset[int]]:
    # Colourways and repeats share a title: each of their pictures is a right answer to it.
    found: dict[str, set[int]] = defaultdict(set)
    for number, row in enumerate(rows):
        found[_plain(row.title)].add(number)
    return {title: frozenset(numbers) for title, numbers in found.items()}


def _plain(title: str) -> str:
    return " ".join(title.casefold().split())


def _titles_task(
    name: str, asked: Mapping[str, str], titles: Mapping[str, frozenset[int]]
) -> RetrievalTask:
    return RetrievalTask(
        name=name,
        queries=tuple(asked.values()),
        relevant=tuple(titles[plain] for plain in asked),
        metrics=("recall@1", "recall@10", "mrr"),
    )


def _words_task(
    name: str,
    rows: Sequence[Row],
    value_of: Callable[[Row], str],
    metrics: tuple[str, ...],
    facet: Facet,
) -> RetrievalTask:
    holders: dict[str, set[int]] = defaultdict(set)
    for number, row in enumerate(rows):
        holders[value_of(row)].add(number)
    asked = sorted({value_of(row) for row in rows if row.split == SPLIT} - {""})
    return RetrievalTask(
        name=name,
        queries=tuple(asked),
        relevant=tuple(frozenset(holders[value]) for value in asked),
        metrics=metrics,
        title_share=0.1,
        facet=facet,
    )


def _unseen(task: RetrievalTask, rows: Sequence[Row]) -> RetrievalTask:
    """The same labels among the products of the test split, where these are enough to rank."""
    corpus = tuple(number for number, row in enumerate(rows) if row.split == SPLIT)
    unseen = frozenset(corpus)
    held = [each & unseen for each in task.relevant]
    kept = [number for number, each in enumerate(held) if len(each) >= UNSEEN_LEAST]
    return replace(
        task,
        name=f"{task.name}/unseen-products",
        queries=tuple(task.queries[number] for number in kept),
        relevant=tuple(held[number] for number in kept),
        corpus=corpus,
    )


def _limited(task: RetrievalTask, limit: int | None) -> RetrievalTask:
    if limit is None or limit >= len(task.queries):
        return task
    last, most = len(task.queries) - 1, max(1, limit)
    kept = [round(place * last / max(1, most - 1)) for place in range(most)]
    return replace(
        task,
        queries=tuple(task.queries[number] for number in kept),
        relevant=tuple(task.relevant[number] for number in kept),
    )


def _published(arm: str, condition: str, **metrics: float) -> list[Figure]:
    return [
        Figure(
            metric=metric.replace("_", "@"),
            arm=arm,
            condition=condition,
            value=value,
            published=True,
        )
        for metric, value in metrics.items()
    ]


# Leaderboard of the Marqo FashionCLIP repository: zero-shot, 2,000 title queries over all 44,434
# products of KAGL, pictures in full resolution.
PUBLISHED: tuple[Figure, ...] = (
    *_published("fashion-clip-2.0", "text-to-image", recall_1=0.122, recall_10=0.404, mrr=0.217),
    *_published("open-fashion-clip", "text-to-image", recall_1=0.091, recall_10=0.325, mrr=0.170),
    *_published("vit-b-16-laion2b", "text-to-image", recall_1=0.155, recall_10=0.435, mrr=0.259),
    *_published(
        "vit-b-16-siglip-webli", "text-to-image", recall_1=0.169, recall_10=0.468, mrr=0.272
    ),
    *_published("marqo-fashion-clip", "text-to-image", recall_1=0.159, recall_10=0.446, mrr=0.265),
    *_published(
        "marqo-fashion-siglip", "text-to-image", recall_1=0.179, recall_10=0.489, mrr=0.293
    ),
    *_published(
        "marqo-fashion-siglip", "fine-category", precision_1=0.704, precision_10=0.629, mrr=0.763
    ),
    *_published("marqo-fashion-siglip", "colour", precision_1=0.587),
)
