"""Ingestion that finds the product in its pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.catalogue.vectors import ContentKind
from engine.detections import Detection
from engine.ids import DEFAULT_TENANT, ProductId, point_id
from engine.images import ImageLimits
from engine.look import LookService, crop
from engine.reconcile import reconcile
from engine.types import Facet, ImageRGB, OutcomeKind, Product, VectorName, Vectors
from engine.views import view_key
from tests.engine.blocks import Blocks, Bottoms, Namer, photo, shows
from tests.ingestion.shop import Shop


class Locating(Shop):
    """A shop that sells bottoms: every blue block is taken for the product."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.detector = Blocks()
        self.look = self.service()

    def service(self) -> LookService:
        return LookService(
            detector=self.detector,
            encoder=self.encoder,
            finder=Bottoms(),
            namer=Namer(),
            shows=shows,
        )

    def put(self, name: str, image: ImageRGB) -> str:
        data = io.BytesIO()
        Image.fromarray(image).save(data, "PNG")
        (self.feed_folder / name).write_bytes(data.getvalue())
        return name

    def product(self) -> Product:
        return self.catalogue.get(ProductId("1"))

    def vector(self) -> np.ndarray:
        (point,) = self.index.retrieve(
            [point_id(DEFAULT_TENANT, ProductId("1"))], with_vectors=True
        )
        return point.vectors[VectorName.PICTURE]


@pytest.fixture
def shop(tmp_path: Path) -> Locating:
    return Locating(tmp_path)


def row(*pictures: str, title: str = "Blue skirt") -> dict[str, str]:
    main, *more = pictures
    return {
        "id": "1", "title": title, "image_link": main, "additional_image_link": ",".join(more)
    }  # fmt: skip


def mixed(shop: Locating) -> np.ndarray:
    """The view of the skirt in `photo`: its box twice, the whole picture once."""
    part, whole = shop.encoder.embed_images([crop(photo(), (15, 45, 45, 90)), photo()])
    both = 2 * part + whole
    return both / np.linalg.norm(both)


def test_the_box_of_the_product_is_embedded_and_not_its_neighbour(shop: Locating) -> None:
    report = shop.ingest(shop.feed([row(shop.put("a.png", photo()))]), least_look_px=50)
    (view,) = shop.product().views
    assert view.box == pytest.approx((15 / 60, 45 / 100, 45 / 60, 90 / 100))
    assert (view.label, view.name) == ("bottom", "skirt")
    assert (view.confidence, view.name_confidence) == pytest.approx((0.8, 0.5 / 0.7), abs=1e-3)
    assert shop.vector() == pytest.approx(mixed(shop), abs=1e-3)
    assert (report.looked_at, report.located) == (1, 1)


def test_where_no_box_is_sure_the_whole_picture_counts_and_the_view_says_so(
    shop: Locating,
) -> None:
    report = shop.ingest(shop.feed([row(shop.put("a.png", photo(blue=False)))]), least_look_px=50)
    (view,) = shop.product().views
    assert (view.box, view.label, view.confidence) == (None, "", 0)
    whole = shop.encoder.embed_images([photo(blue=False)])[0]
    assert shop.vector() == pytest.approx(whole, abs=1e-3)
    assert (report.looked_at, report.located) == (1, 0)


def test_a_picture_in_which_the_product_is_sure_leads(shop: Locating) -> None:
    shop.put("a.png", photo(blue=False))
    shop.put("b.png", photo())
    shop.ingest(shop.feed([row("a.png", "b.png")]), least_look_px=50)
    held = shop.product()
    assert [each.picture for each in held.views] == list(held.pictures)
    assert [each.box is None for each in held.views] == [True, False]
    both = mixed(shop) + shop.encoder.embed_images([photo(blue=False)])[0]
    assert shop.vector() == pytest.approx(both / np.linalg.norm(both), abs=1e-3)


def test_small_pictures_are_taken_whole(shop: Locating) -> None:
    shop.ingest(shop.feed([row(shop.put("a.png", photo()))]))
    assert shop.detector.asked == 0
    assert shop.product().views[0].box is None


def test_no_picture_is_looked_at_twice(shop: Locating) -> None:
    name = shop.put("a.png", photo())
    feed = shop.feed([row(name)])
    shop.ingest(feed, least_look_px=50)
    asked, embedded = shop.detector.asked, shop.encoder.pictures
    before = shop.state()
    assert shop.ingest(feed, least_look_px=50).unchanged == 1
    shop.ingest(feed, least_look_px=50, refresh=True)
    assert shop.state() == before
    shop.ingest(shop.feed([row(name, title="Another blue skirt")]), least_look_px=50)
    assert (shop.detector.asked, shop.encoder.pictures) == (asked, embedded)
    assert shop.product().views[0].label == "bottom"


def test_taking_pictures_whole_is_another_recipe_and_comes_back(shop: Locating) -> None:
    feed = shop.feed([row(shop.put("a.png", photo()))])
    shop.ingest(feed, least_look_px=50)
    boxed = shop.vector()
    assert shop.ingest(feed, least_look_px=50, detect=False).indexed == 1
    assert shop.product().views == ()
    assert abs(shop.vector() - boxed).max() > 0.01
    assert shop.ingest(feed, least_look_px=50).indexed == 1
    assert shop.vector() == pytest.approx(boxed)


def test_a_lost_point_is_rebuilt_from_the_view(shop: Locating) -> None:
    shop.put("a.png", photo())
    shop.put("b.png", photo(blue=False))
    shop.ingest(shop.feed([row("b.png", "a.png")]), least_look_px=50)
    before = shop.state()
    shop.index.delete([point_id(DEFAULT_TENANT, ProductId("1"))])
    embedded = shop.encoder.pictures
    report = reconcile(shop.catalogue, shop.index, encoder_id=shop.encoder.encoder_id)
    assert (report.rebuilt, shop.encoder.pictures) == (1, embedded)
    assert shop.state() == before


def test_a_view_is_stored_under_its_key(shop: Locating) -> None:
    shop.ingest(shop.feed([row(shop.put("a.png", photo()))]), least_look_px=50)
    key = view_key(shop.product().views[0])
    held = shop.catalogue.embeddings(
        [key], fingerprint=shop.encoder.encoder_id.fingerprint, kind=ContentKind.VIEW
    )
    assert held[key] == pytest.approx(shop.vector(), abs=1e-3)


class Types:
    """A predictor that gives every picture the same shares of three types."""

    revision = "types"

    def __init__(self, **shares: float) -> None:
        self.labels = {Facet.TYPE: tuple(shares)}
        self._shares = list(shares.values())

    def predict(self, vectors: Vectors) -> dict[Facet, NDArray[np.float32]]:
        return {Facet.TYPE: np.tile(np.array(self._shares, np.float32), (len(vectors), 1))}


@pytest.mark.parametrize(
    ("title", "shirt", "doubted"),
    [
        ("Blue skirt", 0.01, ""),
        ("Blue shirt", 0.01, "Blue shirt"),
        ("Blue shirt", 0.2, ""),  # the predictor can see one
        ("Eau de parfum perfume", 0.01, ""),  # the detector knows none
        ("Thing", 0.01, ""),  # nobody said anything
    ],
)
def test_a_type_that_the_picture_contradicts_is_told_and_kept(
    shop: Locating, title: str, shirt: float, doubted: str
) -> None:
    shop.predictor = Types(skirt=0.9 - shirt, shirt=shirt, jeans=0.1)
    shop.ingest(shop.feed([row(shop.put("a.png", photo()), title=title)]), least_look_px=50)
    outcome = shop.outcome_of(1)
    assert outcome.kind is OutcomeKind.INDEXED
    told = [each for each in outcome.warnings if each.code == "row.type_doubtful"]
    assert [each.value for each in told] == ([doubted] if doubted else [])
    (view,) = shop.product().views
    if doubted:
        # What shows something else does not stand for the product.
        assert (view.box, view.label) == (None, "")
        whole = shop.encoder.embed_images([photo()])[0]
        assert shop.vector() == pytest.approx(whole, abs=1e-3)
    else:
        # The title's word holds where a box can show it.
        assert view.label == ("top" if "shirt" in title else "bottom")
    if doubted:
        assert told[0].message == "the title says shirt, the picture shows skirt."
        assert shop.product().values(Facet.TYPE) == ("shirt",)


def test_what_the_predictor_sees_corrects_the_class_of_the_box(shop: Locating) -> None:
    shop.predictor = Types(shirt=0.99, skirt=0.01)
    shop.ingest(shop.feed([row(shop.put("a.png", photo()), title="Thing")]), least_look_px=50)
    (view,) = shop.product().views
    # The detector: bottom 0.7, top 0.1; of the fine names that of a top is taken.
    assert (view.label, view.name) == ("top", "vest")
    guessed = {each.name: each.value for each in shop.product().attributes}
    assert (guessed[Facet.GARMENT], guessed[Facet.FINE]) == ("top", "vest")


def test_a_service_that_names_no_product_changes_nothing(shop: Locating) -> None:
    shop.look = LookService(detector=shop.detector, encoder=shop.encoder)
    report = shop.ingest(shop.feed([row(shop.put("a.png", photo()))]), least_look_px=50)
    assert (shop.detector.asked, report.looked_at) == (0, 0)
    assert shop.product().views == ()


def test_what_the_next_batch_shares_is_not_made_again(shop: Locating) -> None:
    name = shop.put("a.png", photo())
    rows = [{**row(name), "id": str(n)} for n in range(9)]
    shop.ingest(shop.feed(rows), least_look_px=50, batch_products=1)
    assert shop.detector.asked == 1
    # The picture and its two boxes; the title.
    assert (shop.encoder.pictures, shop.encoder.texts) == (3, 1)
    assert len(shop.ids()) == 9


def test_a_damaged_picture_that_batches_share_is_told_of_in_each(shop: Locating) -> None:
    (shop.feed_folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    good = shop.put("a.png", photo())
    rows = [{**row(good, "bad.png"), "id": str(n)} for n in range(5)]
    shop.ingest(shop.feed(rows), least_look_px=50, batch_products=1)
    for number in range(1, 6):
        assert [each.code for each in shop.outcome_of(number).warnings] == ["image.corrupt"]


def test_pictures_that_were_too_small_are_looked_at_where_less_is_asked(shop: Locating) -> None:
    feed = shop.feed([row(shop.put("a.png", photo()))])
    shop.ingest(feed)
    assert shop.product().views[0].box is None
    assert shop.ingest(feed, least_look_px=50).indexed == 1
    assert shop.product().views[0].box is not None


def test_a_picture_that_can_no_longer_be_decoded_is_taken_as_it_was(shop: Locating) -> None:
    feed = shop.feed([row(shop.put("a.png", photo()))])
    shop.ingest(feed, detect=False)
    tight = ImageLimits(max_pixels=10)
    assert shop.ingest(feed, least_look_px=50, limits=tight).indexed == 1
    assert shop.product().views[0].box is None


class Unsure(Blocks):
    """A detector that gives a top no probability at all."""

    def detect(self, images: Sequence[ImageRGB]) -> list[tuple[Detection, ...]]:
        return [
            tuple(
                Detection(box_xyxy_px=each.box_xyxy_px, posterior=np.array([0, 0.7], np.float32))
                for each in found[1:]
            )
            for found in super().detect(images)
        ]


def test_what_the_detector_does_not_know_is_called_what_the_feed_says(shop: Locating) -> None:
    shop.look = LookService(detector=Unsure(), encoder=shop.encoder, finder=Bottoms(), shows=shows)
    shop.predictor = Types(skirt=0.8, shirt=0.2)
    feed = shop.feed([row(shop.put("a.png", photo()), title="Blue shirt")])
    shop.ingest(feed, least_look_px=50)
    assert shop.product().views[0].label == "top"
