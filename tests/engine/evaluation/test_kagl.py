"""The retrieval tasks on a catalogue small enough to count by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.evaluation.kagl import PUBLISHED, Row, evaluate, kagl_tasks
from engine.types import EncoderId, Facet, Vectors

ROWS = [
    Row(product_id="1", title="Puma  Red Shoes", type="Shoes", colour="Red", split="test"),
    Row(product_id="2", title="puma red shoes", type="Shoes", colour="Red", split="train"),
    Row(product_id="3", title="Blue Jeans", type="Jeans", colour="Blue", split="test"),
    Row(product_id="4", title="Red Jeans", type="Jeans", colour="Red", split="train"),
    Row(product_id="5", title="A Watch", type="Watches", colour="", split="test"),
]


class AxisEncoder:
    """Each known text has an axis of its own."""

    def __init__(self, axes: Sequence[str]) -> None:
        self.axes = list(axes)
        self.encoder_id = EncoderId(name="axes", revision="1", preprocess="1", dims=len(axes))

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return np.eye(len(self.axes), dtype=np.float32)[[self.axes.index(each) for each in texts]]


def test_products_of_one_title_answer_it_all() -> None:
    title, unseen, kind, colour = kagl_tasks(ROWS)
    assert unseen.queries == ("Blue Jeans", "A Watch")
    assert unseen.relevant == (frozenset({2}), frozenset({4}))
    assert title.queries == ("Puma  Red Shoes", "Blue Jeans", "A Watch")
    assert title.relevant == (frozenset({0, 1}), frozenset({2}), frozenset({4}))
    assert kind.queries == ("Jeans", "Shoes", "Watches")
    assert kind.relevant == (frozenset({2, 3}), frozenset({0, 1}), frozenset({4}))
    assert colour.queries == ("Blue", "Red")
    assert colour.relevant == (frozenset({2}), frozenset({0, 1, 3}))
    assert (title.title_share, kind.title_share) == (0.0, 0.1)


def test_labels_are_asked_among_the_products_that_no_training_saw() -> None:
    many = [
        Row(product_id=f"{split}{number}", title="x", type="Shoes", colour="Red", split=split)
        for split in ("train", "test")
        for number in range(10)
    ]
    rows = [*ROWS, *many]
    unseen = {each.name: each for each in kagl_tasks(rows)}["fine-category/unseen-products"]
    assert unseen.queries == ("Shoes",)  # too few jeans and watches
    assert unseen.corpus == (0, 2, 4, *range(15, 25))
    assert unseen.relevant == (frozenset({0, *range(15, 25)}),)
    # Every train row would win; among the others two of three lie on the query's side.
    pictures = np.full((len(rows), 2), [0.6, 0.8], np.float32)
    pictures[[row.split == "train" for row in rows]] = [1, 0]
    pictures[[2, 4]] = [[0.8, 0.6], [-1, 0]]
    encoder = AxisEncoder(["Shoes", "other"])
    found = {
        each.metric: each.value
        for each in evaluate(
            [unseen], encoder=encoder, pictures=pictures, titles=pictures, arm="axes"
        )
    }
    assert found["precision@1"] == 0
    assert found["precision@10"] == pytest.approx(0.9)
    assert found["mrr"] == pytest.approx(0.5)


def test_limit_spreads_over_the_queries() -> None:
    title = kagl_tasks(ROWS, limit=2)[0]
    assert title.queries == ("Puma  Red Shoes", "A Watch")
    assert kagl_tasks(ROWS, limit=99)[0].queries == kagl_tasks(ROWS)[0].queries


def test_no_test_rows_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="split 'test'"):
        kagl_tasks(ROWS[1:2])


def test_figures_are_those_counted_by_hand() -> None:
    task = kagl_tasks(ROWS)[0]
    encoder = AxisEncoder(["Puma  Red Shoes", "Blue Jeans", "A Watch"])
    # The first query finds one of its two; the second its one behind another; the third nothing.
    pictures = np.array(
        [[1, 0, 0], [-1, 0, 0], [0, 0.8, 0.6], [0, 1, 0], [0, 0.6, -0.8]], np.float32
    )
    found = {
        each.metric: each
        for each in evaluate(
            [task], encoder=encoder, pictures=pictures, titles=pictures, arm="axes"
        )
    }
    assert found["recall@1"].value == pytest.approx((0.5 + 0 + 0) / 3)
    assert found["recall@10"].value == pytest.approx(1)
    assert found["mrr"].value == pytest.approx((1 + 1 / 2 + 1 / 5) / 3)
    assert all(each.n == 3 and each.condition == "text-to-image" for each in found.values())
    assert all(each.low <= each.value <= each.high for each in found.values())


def test_titles_take_part_in_documents_of_words() -> None:
    jeans = kagl_tasks(ROWS)[2]
    encoder = AxisEncoder(["Jeans", "Shoes", "Watches"])
    pictures = np.tile(np.array([[0.577, 0.577, 0.577]], np.float32), (5, 1))
    titles = np.eye(3, dtype=np.float32)[[1, 1, 0, 0, 2]]
    found = {
        each.metric: each.value
        for each in evaluate([jeans], encoder=encoder, pictures=pictures, titles=titles, arm="axes")
    }
    # The pictures tell nothing apart, the titles everything.
    assert found["precision@1"] == found["mrr"] == 1


def test_published_rows_say_so() -> None:
    assert all(each.published and 0 < each.value < 1 for each in PUBLISHED)
    rows = {(each.arm, each.condition, each.metric): each.value for each in PUBLISHED}
    assert rows["marqo-fashion-siglip", "text-to-image", "recall@10"] == 0.489
    assert rows["marqo-fashion-siglip", "fine-category", "precision@10"] == 0.629
    assert rows["fashion-clip-2.0", "text-to-image", "mrr"] == 0.217


def test_labels_can_be_asked_in_another_way_and_titles_cannot() -> None:
    tasks = kagl_tasks(ROWS)
    assert [task.facet for task in tasks] == [None, None, Facet.TYPE, Facet.COLOUR]
    asked: list[tuple[Sequence[str], Facet]] = []

    def embed_labels(words: Sequence[str], facet: Facet) -> Vectors:
        asked.append((words, facet))
        return np.eye(3, dtype=np.float32)[: len(words)]

    pictures = np.eye(3, dtype=np.float32)[[1, 1, 0, 0, 2]]
    figures = evaluate(
        tasks,
        encoder=AxisEncoder(["one", "two", "three"]),  # would fail on any title
        pictures=pictures,
        titles=pictures,
        arm="axes+captions",
        embed_labels=embed_labels,
    )
    assert asked == [
        (("Jeans", "Shoes", "Watches"), Facet.TYPE),
        (("Blue", "Red"), Facet.COLOUR),
    ]
    values = {(each.condition, each.metric): each.value for each in figures}
    assert {condition for condition, _ in values} == {"fine-category", "colour"}
    assert values["fine-category", "precision@1"] == 1
    assert values["colour", "precision@1"] == pytest.approx(1)
