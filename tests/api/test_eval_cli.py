"""``lookalike eval`` and ``lookalike bench`` end to end, on a small drawn catalogue."""

from __future__ import annotations

import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

import api.figures
from api.benchmarks.recall import copy_index, draw_filter, measure_recall
from api.commands import bench
from api.commands import eval as evaluation
from api.evaluation.colourless import colour_remover
from api.evaluation.composed import write_feeds
from api.evaluation.kagl_data import read_rows
from api.evaluation.worlds import open_world
from engine.errors import InvalidInput, NotFound
from engine.filters import matches
from engine.ids import ProductId, TenantId, point_id
from engine.index.memory import MemoryIndex
from engine.query.lexicon import default_lexicon
from engine.types import Facet, IndexPoint, Provenance, VectorName
from models import attributes
from models.toy import ToyEncoder
from tests.contracts.encoder_contract import draw_garment

COLOURS = {"Red": (200, 30, 35), "Blue": (40, 85, 180), "Green": (40, 135, 60)}
KINDS = {"Trousers": ("Bottomwear", True), "Skirts": ("Bottomwear", False)}
EACH = 8


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two kinds in three colours, eight each, the first two of each in the test split."""
    folder = tmp_path_factory.mktemp("data")
    generator = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for kind, (group, legs) in KINDS.items():
        for colour, shade in COLOURS.items():
            for number in range(EACH):
                near = np.clip(np.array(shade) + generator.integers(-9, 10, 3), 0, 255)
                image = draw_garment(tuple(int(each) for each in near), legs=legs)
                encoded = BytesIO()
                Image.fromarray(image).save(encoded, "PNG")
                rows.append(
                    {
                        "id": str(len(rows) + 1),
                        "title": f"Brand{number} Women {colour} {kind}",
                        "gender": "Women",
                        "masterCategory": "Apparel",
                        "subCategory": group,
                        "articleType": kind,
                        "baseColour": colour,
                        "season": "Summer",
                        "year": "2012",
                        "usage": "Casual",
                        "split": "test" if number < 2 else "train",
                        "image": encoded.getvalue(),
                    }
                )
    pq.write_table(pa.Table.from_pylist(rows), folder / "kagl.parquet")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOOKALIKE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(app: Any, *arguments: object) -> str:
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def figures_of(text: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    report = json.loads(text)
    assert {"command", "version", "commit", "machine", "results"} <= set(report)
    assert report["machine"]["cores"] >= 1
    found = {(each["metric"], each["arm"], each["condition"]): each for each in report["results"]}
    assert len(found) == len(report["results"])
    for each in report["results"]:
        if not each.get("published"):
            assert each["low"] <= each["value"] <= each["high"]
            assert each["n"] >= 1
    return found


def test_kagl_prints_one_object_with_the_agreed_names(data: Path, home: Path) -> None:
    arguments = ("kagl", "--data", data, "--encoder", "toy", "--json")
    found = figures_of(run(evaluation.app, *arguments))
    assert found["recall@10", "toy", "text-to-image"]["n"] == 12
    assert found["precision@10", "toy", "fine-category"]["n"] == 2
    assert found["precision@1", "toy", "colour"]["value"] == 1
    assert found["recall@10", "marqo-fashion-siglip", "text-to-image"]["published"] is True
    limited = figures_of(run(evaluation.app, *arguments, "--limit", 5))
    assert limited["recall@10", "toy", "text-to-image"]["n"] == 5
    assert list((home / "evaluation").glob("*.npz"))


@pytest.mark.models
def test_attributes_are_measured_for_each_that_reads_them(
    data: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("attributes", "--data", data, "--encoder", "toy", "--json")
    found = figures_of(run(evaluation.app, *arguments))
    assert {arm for _, arm, _ in found} == {"heads"}
    colour = found["accuracy", "heads", "colour"]
    assert (colour["value"], colour["n"]) == (1, 12)
    assert 0 <= found["ece", "heads", "colour"]["value"] < 1

    class Tagger(ToyEncoder):
        """Reads the same and sleeves as well."""

        def raw(self) -> ToyEncoder:
            return ToyEncoder()

        @property
        def labels(self) -> dict[Facet, tuple[str, ...]]:
            return {**super().labels, Facet.SLEEVE: ("short sleeves", "long sleeves")}

        def predict(self, vectors: NDArray[np.float32]) -> dict[Facet, NDArray[np.float32]]:
            sleeves = np.full((len(vectors), 2), 0.5, np.float32)
            return {**super().predict(vectors), Facet.SLEEVE: sleeves}

    monkeypatch.setattr(attributes, "tagger_for", lambda _: Tagger())
    found = figures_of(run(evaluation.app, *arguments))
    assert {arm for _, arm, _ in found} == {"tagger", "tagger-raw", "heads"}
    # Nothing is known of trousers' sleeves but that they have none.
    assert not [metric for metric, _, condition in found if condition == "sleeve"]


def test_compose_can_do_without_attributes(
    data: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("asked for attributes")

    monkeypatch.setattr(ToyEncoder, "predict", refuse)
    arguments = ("compose", "--data", data, "--encoder", "toy", "--limit", 4, "--json")
    found = figures_of(run(evaluation.app, *arguments, "--attributes", "none"))
    assert ("precision@10", "lookalike", "pictures-only") in found
    with pytest.raises(AssertionError, match="asked for attributes"):
        run(evaluation.app, *arguments)


def test_kagl_prints_a_table_for_people(data: Path, home: Path) -> None:
    text = run(evaluation.app, "kagl", "--data", data, "--encoder", "toy")
    assert "text-to-image" in text
    assert "95% interval" in text
    assert "(published)" in text


def test_compose_measures_every_arm_in_both_worlds(data: Path, home: Path) -> None:
    arguments = ("compose", "--data", data, "--encoder", "toy", "--json")
    found = figures_of(run(evaluation.app, *arguments))
    for world in ("known", "pictures-only"):
        for arm in ("lookalike", "arithmetic", "filter-only", "picture", "words", "sum"):
            for metric in ("precision@10", "type-kept", "colour-hit"):
                assert found[metric, arm, world]["n"] == 24
            for kind in ("type", "negation", "two-changes"):
                assert found["precision@10", arm, f"{world}/{kind}"]["n"] == 12
    # No composer was trained for this encoder: the service is the arithmetic.
    assert (
        found["precision@10", "lookalike", "known"]["value"]
        == found["precision@10", "arithmetic", "known"]["value"]
    )
    # What the feed says is found; the picture alone keeps its colour.
    assert found["precision@10", "lookalike", "known"]["value"] == 1
    assert found["precision@10", "picture", "known"]["value"] < 0.5
    assert (
        found["precision@10", "lookalike", "pictures-only"]["value"]
        > found["precision@10", "picture", "pictures-only"]["value"]
    )


def test_write_card_puts_the_table_into_the_card(
    data: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.figures, "WEIGHTS", tmp_path)
    arguments = ("kagl", "--data", data, "--encoder", "toy", "--write-card")
    with pytest.raises(NotFound, match="no card"):
        run(evaluation.app, *arguments)
    card = tmp_path / "toy.md"
    card.write_text("# toy\n<!-- figures:start -->\n<!-- figures:end -->\n")
    run(evaluation.app, *arguments)
    assert "| text-to-image | recall@10 | toy |" in card.read_text()


def test_a_folder_beside_the_weights_has_a_card_and_another_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.figures, "WEIGHTS", tmp_path / "weights")
    (tmp_path / "weights").mkdir()
    card = tmp_path / "weights" / "teacher.md"
    card.write_text("# teacher\n")
    assert api.figures.card_of(f"compact:{tmp_path}/weights/teacher") == card
    monkeypatch.chdir(tmp_path)
    assert api.figures.card_of("compact:weights/teacher/") == card
    for elsewhere in ("compact:teacher", "compact:weights/../teacher", "compact:weights/student"):
        with pytest.raises(NotFound, match="no card"):
            api.figures.card_of(elsewhere)


def test_data_that_is_not_there_says_where_it_was_looked_for(tmp_path: Path, home: Path) -> None:
    with pytest.raises(NotFound, match=r"kagl\.parquet"):
        run(evaluation.app, "kagl", "--data", tmp_path, "--encoder", "toy")
    pq.write_table(pa.table({"id": ["1"]}), tmp_path / "kagl.parquet")
    with pytest.raises(InvalidInput, match="baseColour"):
        run(evaluation.app, "compose", "--data", tmp_path, "--encoder", "toy")


def test_nothing_of_the_hidden_attributes_reaches_the_engine(data: Path, tmp_path: Path) -> None:
    rows = read_rows(data / "kagl.parquet")
    feeds = write_feeds(data / "kagl.parquet", rows, tmp_path)
    held = pq.read_table(feeds["pictures-only"])
    assert held.column_names == ["id", "title", "image"]
    for title, row in zip(held.column("title").to_pylist(), rows, strict=True):
        assert row.colour in row.title
        assert title == " ".join(row.title.replace(row.colour, "").split())
    colours = (Facet.COLOUR, Facet.COLOUR_FAMILY)
    trusted: dict[str, set[Provenance]] = {}
    for world, feed in feeds.items():
        with open_world(feed, encoder=ToyEncoder(), lexicon=default_lexicon()) as opened:
            assert opened.report.indexed == len(rows)
            trusted[world] = {
                attribute.provenance
                for product in opened.catalogue.iter_products()
                for attribute in product.attributes
                if attribute.name in colours
            }
            said = {
                attribute.provenance
                for product in opened.catalogue.iter_products()
                for attribute in product.attributes
            }
            assert (Provenance.FEED in said) == (world == "known")
    assert trusted == {"known": {Provenance.FEED}, "pictures-only": {Provenance.MODEL}}


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Nike Men Navy Blue Casual Shoes", "Nike Men Casual Shoes"),
        ("Puma OFF-WHITE t-shirt", "Puma t-shirt"),
        ("Grey Melange", "product"),
        ("Redtape Men Brown Formal Shoes", "Redtape Men Formal Shoes"),
        ("Lakmé rose-pink lipstick", "Lakmé lipstick"),
    ],
)
def test_colour_words_go_and_the_rest_stays(title: str, expected: str) -> None:
    names = {"Navy Blue", "Off White", "Grey Melange", "Brown", "Rose", "Pink"}
    remove = colour_remover(default_lexicon(), names)
    assert " ".join(remove(title).replace(" - ", " ").split()) == expected


def test_bench_encode_without_torch_has_no_anchor(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.benchmarks.encode.load_anchor", lambda: None)
    arguments = ("encode", "--encoder", "toy", "--count", 4, "--rounds", 2, "--json")
    text = run(bench.app, *arguments)
    found = figures_of(text)
    assert set(found) == {
        ("rate", "toy", "images"),
        ("rate", "toy", "texts"),
        ("ms_p50", "toy", "single-image"),
        ("ms_p50", "toy", "single-text"),
    }
    assert all(each["value"] > 0 for each in found.values())
    assert found["rate", "toy", "images"]["unit"] == "1/s"
    assert found["ms_p50", "toy", "single-text"]["unit"] == "ms"
    assert "needs torch" in text


def test_bench_encode_gives_the_ratio_to_its_anchor(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TwiceAsLong(ToyEncoder):
        def embed_images(self, images: Any) -> Any:
            super().embed_images(images)
            return super().embed_images(images)

    monkeypatch.setattr("api.benchmarks.encode.load_anchor", TwiceAsLong)
    arguments = ("encode", "--encoder", "toy", "--count", 32, "--rounds", 5, "--json")
    found = figures_of(run(bench.app, *arguments))
    ratio = found["ratio", "toy/vit-b-32", "images"]
    assert ratio["unit"] == "ratio"
    assert 1 < ratio["value"] < 4
    assert ("ratio", "toy/vit-b-32", "single-image") in found


def test_bench_encode_has_an_arm_for_each_precision_and_the_teacher(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    from models.compact import INT8_FILE, WEIGHTS
    from models.training.quantise import quantise_images, sample_pictures

    teacher, student = tmp_path / "teacher", tmp_path / "student"
    for each in (teacher, student):
        shutil.copytree(WEIGHTS, each)
    quantise_images(student, sample_pictures(most=24))
    monkeypatch.setattr("api.benchmarks.encode.load_anchor", lambda: None)
    monkeypatch.setattr("models.compact.WEIGHTS", tmp_path / "compact")
    (tmp_path / "compact").symlink_to(student)
    arguments = ("encode", "--teacher", teacher, "--count", 40, "--rounds", 1, "--json")
    found = figures_of(run(bench.app, *arguments))  # in chunks, which open their files later
    arms = {arm for metric, arm, _ in found if metric == "rate"}
    assert arms == {"compact", "compact-int8", "teacher", "teacher-int8"}
    for arm in ("teacher", "compact"):
        pictures = found["multiply-adds", arm, "images"]
        assert pictures["unit"] == "M"
        assert 40 < pictures["value"] < 47  # EfficientNet-Lite0 at 64 by 80 pixels
    assert 1 < found["multiply-adds", "compact", "texts"]["value"] < 60
    plain = figures_of(run(bench.app, *arguments, "--no-int8"))
    assert {arm for metric, arm, _ in plain if metric == "rate"} == {"compact", "teacher"}
    assert not (teacher / INT8_FILE).exists()
    (tmp_path / "vit-b-32").symlink_to(teacher)
    with pytest.raises(InvalidInput, match="vit-b-32"):
        run(bench.app, "encode", "--teacher", tmp_path / "vit-b-32")


def test_bench_ingest_compares_the_pipeline_with_its_encoder(data: Path, home: Path) -> None:
    arguments = ("ingest", "--data", data, "--encoder", "toy", "--rounds", 1, "--json")
    found = figures_of(run(bench.app, *arguments, "--count", 30))
    ratio = found["ratio", "pipeline/encoder", "rows"]["value"]
    rates = [found["rate", arm, "rows"]["value"] for arm in ("pipeline", "encoder")]
    assert ratio == pytest.approx(rates[0] / rates[1])


def test_bench_search_measures_time_and_recall(data: Path, home: Path) -> None:
    feed = data / "kagl.parquet"
    arguments = ("search", "--feed", feed, "--mapping", "kagl", "--encoder", "toy", "--json")
    found = figures_of(run(bench.app, *arguments, "--queries", 8))
    for kind in ("text", "picture", "composed"):
        assert found["ms_p50", "lookalike", kind]["value"] > 0
        assert (
            found["ms_p95", "lookalike", kind]["value"]
            >= found["ms_p50", "lookalike", kind]["value"]
        )
        shares = [
            found[share, "lookalike", kind]["value"]
            for share in ("share-encode", "share-retrieve", "share-rest")
        ]
        assert sum(shares) == pytest.approx(1)
        assert min(shares) >= 0
    assert found["recall@10", "index", "unfiltered"]["value"] == 1
    assert found["ratio", "index/exact-numpy", "vector-search"]["value"] > 0


def make_index(count: int = 400) -> MemoryIndex:
    generator = np.random.default_rng(1)
    index = MemoryIndex(8)
    vectors = generator.normal(size=(count, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.upsert(
        [
            IndexPoint(
                point_id=point_id(TenantId("t"), ProductId(str(number))),
                vectors={VectorName.PICTURE: vector},
                words="",
                payload={"type": [f"type {int(generator.zipf(1.5)) % 90}"]},
            )
            for number, vector in enumerate(vectors)
        ]
    )
    return index


@pytest.mark.parametrize("share", [0.20, 0.05, 0.01])
def test_drawn_filters_pass_about_their_share(share: float) -> None:
    held = copy_index(make_index())
    drawn = draw_filter(held.payloads, share, np.random.default_rng(2))
    assert drawn is not None
    condition, mask = drawn
    assert [matches(condition, payload) for payload in held.payloads] == mask.tolist()
    assert 0.8 * share <= mask.mean() <= 1.2 * share


def test_recall_of_an_index_that_forgets_is_below_one() -> None:
    class Forgetful(MemoryIndex):
        def search(self, query: Any) -> Any:
            return super().search(query)[1:]

    index = make_index()
    held = copy_index(index)
    forgetful = Forgetful(8)
    forgetful.upsert(
        [
            IndexPoint(point_id=one, vectors={VectorName.PICTURE: two}, words="", payload=three)
            for one, two, three in zip(held.point_ids, held.vectors, held.payloads, strict=True)
        ]
    )
    queries = held.vectors[:20]
    whole = {each.condition: each for each in measure_recall(index, held, queries)}
    lossy = {each.condition: each for each in measure_recall(forgetful, held, queries)}
    assert whole["unfiltered"].value == whole["filter-20%"].value == 1
    assert lossy["unfiltered"].value == pytest.approx(0.9)
    assert lossy["filter-20%"].value == pytest.approx(0.9)
