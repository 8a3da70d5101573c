"""A picture that Lookalike drew never becomes a product's."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from api.query_picture import QUERY_PX
from api.variants.mark import marked
from api.variants.provenance import Provenance, as_png, as_webp
from engine.catalogue.vectors import ContentKind
from engine.ids import picture_hash
from engine.provenance import HASHED_PX, is_generated, pixel_hash_of
from engine.types import ImageRGB, OutcomeKind, PictureRef
from ingestion.options import IngestOptions
from ingestion.pictures import PictureProblem, PictureReader
from tests.ingestion.shop import Shop

DRAWN = Provenance(
    engine="small", revision="1", seed=3, modification="but red", reference="P1", sketch=False
)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def a_photo(size_wh: tuple[int, int] = (90, 120)) -> ImageRGB:
    rng = np.random.default_rng(4)
    return rng.integers(0, 255, (size_wh[1], size_wh[0], 3), dtype=np.uint8)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def stripped(data: bytes) -> bytes:
    """The same pixels as another file, without a word of where they come from."""
    return saved(Image.open(io.BytesIO(data)).convert("RGB"), "PNG")


def row(shop: Shop, data: bytes, *, more: bytes = b"", place: int = 0) -> dict[str, str]:
    (shop.feed_folder / f"drawn{place}.png").write_bytes(data)
    (shop.feed_folder / f"more{place}.png").write_bytes(more)
    return {
        "id": f"D{place}",
        "title": f"Drawn dress {place}",
        "image_link": f"drawn{place}.png",
        "additional_image_link": f"more{place}.png" if more else "",
        "price": "5 EUR",
    }


def blobs_of(shop: Shop) -> set[bytes]:
    return {path.read_bytes() for path in shop.blobs.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("encode", [as_webp, as_png])
def test_what_says_that_it_is_generated_is_refused(shop: Shop, encode):
    data = encode(marked(a_photo()), DRAWN)
    report = shop.ingest(shop.feed([*shop.products(1), row(shop, data)]))
    assert (report.indexed, report.rejected) == (1, 1)
    outcome = shop.outcome_of(2)
    assert outcome.kind is OutcomeKind.REJECTED
    assert outcome.problem is not None
    assert outcome.problem.code == "image.generated"
    assert outcome.problem.column == "image_link"
    assert "no product that can be bought" in outcome.problem.message
    assert data not in blobs_of(shop)


def test_metadata_that_other_programs_carry_along_is_enough(shop: Shop):
    drawn = Image.open(io.BytesIO(as_webp(marked(a_photo()), DRAWN)))
    again = saved(drawn, "JPEG", quality=80, xmp=drawn.info["xmp"])
    assert is_generated(again)
    shop.ingest(shop.feed([row(shop, again)]))
    assert shop.outcome_of(1).problem is not None
    assert shop.ids() == set()


@pytest.mark.parametrize("size_wh", [(90, 120), (1000, 1300)])
def test_pixels_are_known_without_metadata(shop: Shop, size_wh: tuple[int, int]):
    data = as_webp(marked(a_photo(size_wh)), DRAWN)
    pixels, (wide, high) = pixel_hash_of(data)
    shop.catalogue.generated.put(pixels, width_px=wide, height_px=high)
    bare = stripped(data)
    assert not is_generated(bare)
    report = shop.ingest(shop.feed([*shop.products(1), row(shop, bare)]))
    assert (report.indexed, report.rejected) == (1, 1)
    problem = shop.outcome_of(2).problem
    assert problem is not None
    assert problem.code == "image.generated"
    assert bare not in blobs_of(shop)
    assert not shop.catalogue.embeddings(
        [picture_hash(bare)],
        fingerprint=shop.encoder.encoder_id.fingerprint,
        kind=ContentKind.PICTURE,
    )


def test_a_photo_of_the_same_size_is_taken(shop: Shop):
    data = as_webp(marked(a_photo()), DRAWN)
    pixels, (wide, high) = pixel_hash_of(data)
    shop.catalogue.generated.put(pixels, width_px=wide, height_px=high)
    photo = saved(Image.fromarray(a_photo()), "PNG")
    assert shop.ingest(shop.feed([row(shop, photo)])).indexed == 1


def test_as_a_further_picture_it_is_left_out(shop: Shop):
    photo = saved(Image.fromarray(a_photo()), "PNG")
    drawn = as_png(marked(a_photo()), DRAWN)
    assert shop.ingest(shop.feed([row(shop, photo, more=drawn)])).indexed == 1
    (warning,) = shop.outcome_of(1).warnings
    assert warning.code == "image.generated"
    (product,) = shop.catalogue.iter_products()
    assert len(product.pictures) == 1


def test_bytes_in_a_feed_are_no_way_in(tmp_path: Path):
    reader = PictureReader(tmp_path, limits=IngestOptions().limits)
    with pytest.raises(PictureProblem) as caught:
        reader.read(PictureRef(blob=as_webp(marked(a_photo()), DRAWN)))
    assert caught.value.problem.code == "image.generated"


def test_ingestion_and_hashes_see_the_same_pixels():
    assert HASHED_PX == IngestOptions().target_px == QUERY_PX
