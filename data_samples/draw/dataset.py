"""Writes the whole sample shop into a folder."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from data_samples.draw.feed import (
    CORRUPT_FILE,
    TEXT_FILE,
    FeedRow,
    feed_row,
    picture_name,
    write_expected,
    write_feed,
)
from data_samples.draw.gallery import Gallery, draw_product
from data_samples.draw.pictures import encode_jpeg, encode_webp
from data_samples.draw.questions import Question, ask
from data_samples.draw.spec import ProductSpec, sample_specs

SHOP_SEED = 2024
SHOP_COUNT = 300
_TEXT_PICTURE = b"This is a text file. Its name says JPEG.\n"


def write_shop(folder: Path, *, count: int = SHOP_COUNT, seed: int = SHOP_SEED) -> None:
    """Draws `count` products and writes pictures, feed, truth, queries and judgements.

    The folder's `images` is replaced; the other files are overwritten.

    Args:
        folder: where `catalogue.csv` goes; it must exist.
        count: products.
        seed: same seed, same bytes.
    """
    images = folder / "images"
    if images.exists():
        shutil.rmtree(images)
    images.mkdir()
    specs = sample_specs(count, seed)
    rows: list[FeedRow] = []
    truth: list[str] = []
    for spec in specs:
        gallery = draw_product(spec, seed)
        for number, picture in enumerate(gallery.pictures, start=1):
            name = picture_name(spec, number)
            (folder / name).write_bytes(encode_webp(picture.rgb, is_main=number == 1))
            if spec is specs[0] and number == 1:
                whole = encode_jpeg(picture.rgb)
                (folder / CORRUPT_FILE).write_bytes(whole[: len(whole) // 3])
        rows.append(feed_row(spec, len(gallery.pictures)))
        truth.extend(_truth_lines(gallery))
    (folder / TEXT_FILE).write_bytes(_TEXT_PICTURE)
    feed, expected = write_feed(rows)
    _write(folder / "catalogue.csv", feed)
    _write(folder / "expected_outcomes.csv", write_expected(expected))
    _write(folder / "ground_truth.jsonl", "".join(truth))
    _write(folder / "products.csv", _products_table(specs))
    questions = ask(specs, _paid_minor(rows), seed)
    _write(folder / "queries.jsonl", _query_lines(questions))
    _write(folder / "qrels.tsv", _judgement_lines(questions))


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def _truth_lines(gallery: Gallery) -> Iterable[str]:
    for number, picture in enumerate(gallery.pictures, start=1):
        height, width, _ = picture.rgb.shape
        record = {
            "product_id": gallery.spec.product_id,
            "file": picture_name(gallery.spec, number),
            "view": picture.kind,
            "size_wh_px": [width, height],
            "garments": [asdict(garment) for garment in picture.garments],
            "relations": [asdict(relation) for relation in picture.relations],
        }
        yield json.dumps(record) + "\n"


def _products_table(specs: Sequence[ProductSpec]) -> str:
    """The true attributes, one product a row."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(
        ["id", "type", "gender", "colour", "pattern", "material", "shape_words", "group_id"]
    )
    for spec in specs:
        words = " ".join(spec.shape().words).lower()
        writer.writerow(
            [
                spec.product_id,
                spec.product_type,
                spec.gender,
                spec.colour,
                spec.pattern,
                spec.material.word,
                words,
                spec.group_id,
            ]
        )
    return buffer.getvalue()


def _paid_minor(rows: Sequence[FeedRow]) -> dict[str, int]:
    """What a shopper pays: the sale price where there is one."""
    return {row.id: round(float((row.sale_price or row.price).split()[0]) * 100) for row in rows}


def _query_lines(questions: Sequence[Question]) -> str:
    lines: list[str] = []
    for question in questions:
        record = asdict(question)
        del record["grades"]
        lines.append(json.dumps(record) + "\n")
    return "".join(lines)


def _judgement_lines(questions: Sequence[Question]) -> str:
    rows = [
        f"{each.query_id}\t{product}\t{grade}\n"
        for each in questions
        for product, grade in each.grades
    ]
    return "query_id\tproduct_id\tgrade\n" + "".join(rows)
