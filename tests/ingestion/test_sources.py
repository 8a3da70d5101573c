from __future__ import annotations

import csv
import gzip
import io
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FeedError
from ingestion.sources.csv import CsvSource
from ingestion.sources.encoding import detect_encoding
from ingestion.sources.jsonl import JsonLinesSource
from ingestion.sources.parquet import ParquetSource
from ingestion.sources.registry import open_source
from ingestion.sources.source import MAX_CELL_CHARS

CELL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff"), max_size=12
)


@given(rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=6), delimiter=st.sampled_from(",;|\t"))
def test_what_csv_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], delimiter: str
):
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "title", "c"), *rows])
    path = tmp_path_factory.mktemp("csv") / "feed.csv"
    path.write_bytes(buffer.getvalue().encode())
    records = list(CsvSource(path).records())
    assert [tuple(record.cells.values()) for record in records] == rows
    assert not any(record.problem for record in records)


@given(data=st.binary(max_size=400))
def test_no_bytes_break_the_readers(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    folder = tmp_path_factory.mktemp("fuzz")
    for name in ("feed.csv", "feed.jsonl"):
        path = folder / name
        path.write_bytes(b"id,title\n" + data if name.endswith("csv") else data)
        try:
            records = list(open_source(path).records())
        except FeedError:
            continue
        assert [record.row for record in records] == list(range(1, len(records) + 1))


def test_columns_are_told_and_what_was_guessed(tmp_path: Path):
    path = tmp_path / "feed.csv"
    path.write_bytes("id;Größe\n1;Größe M\n".encode("cp1252"))
    source = CsvSource(path)
    assert source.columns == ("id", "Größe")
    assert any("cp1252" in note for note in source.notes)
    assert any("';'" in note for note in source.notes)


def test_encoding_and_delimiter_can_be_given(tmp_path: Path):
    path = tmp_path / "feed.csv"
    path.write_bytes("id;a,b\n1;żółw\n".encode("cp1250"))
    source = CsvSource(path, encoding="cp1250", delimiter=";")
    assert [dict(record.cells) for record in source.records()] == [{"id": "1", "a,b": "żółw"}]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Красное платье женское\nСиняя рубашка мужская\n", "cp1251"),
        ("赤いドレス レディース\n青いシャツ メンズ\n", "shift_jis"),
        ("红色连衣裙 女装\n蓝色衬衫 男装\n", "gb18030"),
        ("빨간 드레스 여성\n파란 셔츠\n", "euc_kr"),
        ("Crème Café dress\nT-shirt Münster\n", "cp1252"),
    ],
)
def test_old_encodings_are_found(text: str, encoding: str):
    found = detect_encoding(text.encode(encoding))
    assert text.encode(encoding).decode(found.name) == text
    assert found.note


def test_foreign_letters_far_into_the_file_are_found(tmp_path: Path):
    path = tmp_path / "feed.csv"
    plain = "".join(f"{n},{'plain title ' * 6},a.png\n" for n in range(30_000))
    path.write_bytes(
        ("id,title,image_link\n" + plain).encode() + "1,Größe,a.png\n".encode("cp1252")
    )
    assert path.stat().st_size > 2 << 20
    assert list(CsvSource(path).records())[-1].cells["title"] == "Größe"


def test_every_parquet_column_becomes_text_or_bytes(tmp_path: Path):
    table = pa.table(
        {
            "id": pa.array([7, 8]),
            "title": pa.array(["a", None]).dictionary_encode(),
            "price": pa.array([Decimal("9.90"), None], pa.decimal128(10, 2)),
            "on": pa.array([True, False]),
            "more": pa.array([["x.png", "y.png"], None], pa.list_(pa.string())),
            "image": pa.array([b"one", None], pa.binary()),
            "hf": pa.array([{"bytes": b"two", "path": None}, None]),
        }
    )
    path = tmp_path / "feed.parquet"
    pq.write_table(table, path)
    first, second = ParquetSource(path).records()
    assert dict(first.cells) == {
        "id": "7", "title": "a", "price": "9.90", "on": "true", "more": "x.png,y.png",
    }  # fmt: skip
    assert dict(first.blobs) == {"image": b"one", "hf": b"two"}
    assert dict(second.cells) == {"id": "8", "title": "", "price": "", "on": "false", "more": ""}
    assert dict(second.blobs) == {}


def test_a_long_parquet_cell_costs_its_row(tmp_path: Path):
    path = tmp_path / "feed.parquet"
    pq.write_table(pa.table({"id": ["1", "2"], "title": ["x" * (MAX_CELL_CHARS + 1), "ok"]}), path)
    first, second = ParquetSource(path).records()
    assert (first.problem, dict(first.cells)) == ("row.too_long", {"id": "1"})
    assert "'title'" in first.problem_text
    assert (second.problem, second.cells["title"]) == ("", "ok")


def test_parquet_with_pictures_is_read_in_small_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sizes: list[int] = []
    read = pq.ParquetFile.iter_batches

    def watched(self: pq.ParquetFile, batch_size: int):
        for batch in read(self, batch_size=batch_size):
            sizes.append(batch.num_rows)
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", watched)
    path = tmp_path / "feed.parquet"
    pq.write_table(pa.table({"id": range(200), "image": [b"x"] * 200}), path)
    records = list(ParquetSource(path).records())
    assert [record.row for record in records] == list(range(1, 201))
    assert max(sizes) <= 64


def test_a_truncated_parquet_file_is_refused(tmp_path: Path):
    path = tmp_path / "feed.parquet"
    pq.write_table(pa.table({"id": ["1"] * 1_000}), path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FeedError, match="cannot be read"):
        ParquetSource(path)


def test_json_numbers_keep_their_spelling(tmp_path: Path):
    path = tmp_path / "feed.jsonl.gz"
    path.write_bytes(
        gzip.compress(
            b'{"id": 1180591620717411303424, "x": 0.10, "y": null, "z": true, "w": 1e400}'
        )
    )
    (record,) = open_source(path).records()
    assert dict(record.cells) == {
        "id": "1180591620717411303424", "x": "0.10", "y": "", "z": "true", "w": "1e400",
    }  # fmt: skip
    assert isinstance(open_source(path), JsonLinesSource)


def test_a_feed_that_is_not_there_is_named():
    with pytest.raises(FeedError, match=r"nowhere\.csv") as caught:
        open_source(Path("nowhere.csv"))
    assert caught.value.code == "feed.not_found"
