from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.detections import Detection, SeenPicture
from engine.errors import InvalidInput
from engine.look import LookService, SeenBox, crop
from engine.types import Facet, ImageRGB
from models.toy import ToyEncoder

RED, BLUE = (200, 30, 35), (40, 60, 180)


class Blocks:
    """A detector that finds the red and the blue block of a picture."""

    classes = ("top", "bottom")
    revision = "blocks"

    def __init__(self) -> None:
        self.asked = 0

    def detect(self, images: Sequence[ImageRGB]) -> list[tuple[Detection, ...]]:
        self.asked += len(images)
        return [self._blocks(each) for each in images]

    def _blocks(self, image: ImageRGB) -> tuple[Detection, ...]:
        found: list[Detection] = []
        for colour, posterior in ((RED, (0.9, 0.2)), (BLUE, (0.1, 0.7))):
            rows, columns = np.nonzero((image == colour).all(axis=2))
            if rows.size:
                box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
                found.append(
                    Detection(
                        box_xyxy_px=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
                        posterior=np.array(posterior, np.float32),
                    )
                )
        return tuple(found)


class Bottoms:
    """A finder that takes every bottom for the product, where it is told a title."""

    def __init__(self) -> None:
        self.titles: list[bool] = []

    def score(
        self, gallery: Sequence[SeenPicture], title: NDArray[np.float32] | None
    ) -> list[NDArray[np.float32]]:
        self.titles.append(title is not None)
        surest = 0.8 if title is not None else 0.4
        return [
            np.array([surest * (each.place == 1) for each in seen.detections], np.float32)
            for seen in gallery
        ]


class Namer:
    classes = ("skirt", "jeans")

    def name(
        self, detections: Sequence[Detection], *, width_px: int, height_px: int
    ) -> list[Mapping[str, float]]:
        assert (width_px, height_px) == (60, 100)
        return [{"jeans": 0.1, "skirt": 0.5} if each.place else {} for each in detections]


def photo(*, red: bool = True, blue: bool = True) -> ImageRGB:
    image = np.full((100, 60, 3), 255, np.uint8)
    if red:
        image[10:40, 10:50] = RED
    if blue:
        image[45:90, 15:45] = BLUE
    return image


def test_each_box_gets_its_names_its_vector_and_whether_it_is_the_product() -> None:
    encoder = ToyEncoder()
    service = LookService(
        detector=Blocks(), encoder=encoder, predictor=encoder, finder=Bottoms(), namer=Namer()
    )
    look = service.look([photo(), photo(blue=False), photo(red=False)], title="blue skirt")
    assert [[each.label for each in boxes] for boxes in look.pictures] == [
        ["top", "bottom"],
        ["top"],
        ["bottom"],
    ]
    assert [look.main(place) is not None for place in range(3)] == [True, False, True]
    bottom = look.pictures[0][1]
    assert look.main(0) is bottom
    assert list(bottom.names) == ["skirt", "jeans"]
    assert [each.name for each in look.pictures[0]] == ["top", "skirt"]
    alone = encoder.embed_images([crop(photo(), bottom.detection.box_xyxy_px)])[0]
    assert bottom.vector == pytest.approx(alone, abs=1e-4)
    assert look.pictures[0][0].attributes[Facet.COLOUR][0] == "red"
    assert bottom.attributes[Facet.COLOUR][0] in {"blue", "navy blue"}


@pytest.mark.parametrize(
    ("score", "share", "name"), [(0.4, 0.21, "skirt"), (0.4, 0.19, "bottom"), (0.9, 0.4, "bottom")]
)
def test_a_fine_name_counts_beside_how_sure_the_box_is(
    score: float, share: float, name: str
) -> None:
    box = SeenBox(
        detection=Detection(
            box_xyxy_px=(0.0, 0.0, 9.0, 9.0), posterior=np.array([score], np.float32)
        ),
        label="bottom",
        names={"skirt": share, "jeans": 0.1},
        attributes={},
        vector=np.zeros(2, np.float32),
        main=None,
    )
    assert box.name == name


def test_without_a_title_the_finder_is_told_so_and_an_unsure_box_is_no_product() -> None:
    finder = Bottoms()
    look = LookService(detector=Blocks(), encoder=ToyEncoder(), finder=finder).look(
        [photo()], title="  "
    )
    assert finder.titles == [False]
    assert look.main(0) is None
    assert [each.main for each in look.pictures[0]] == pytest.approx([0, 0.4])


def test_each_picture_is_detected_once_and_nothing_may_be_found() -> None:
    detector = Blocks()
    service = LookService(detector=detector, encoder=ToyEncoder())
    look = service.look([photo(red=False, blue=False), photo()])
    assert detector.asked == 2
    assert look.pictures[0] == ()
    assert look.main(0) is None
    assert [each.main for each in look.pictures[1]] == [None, None]
    assert service.look([]).pictures == ()


def test_a_crop_has_a_margin_and_stays_inside() -> None:
    image = np.arange(100 * 60 * 3, dtype=np.uint32).reshape(100, 60, 3).astype(np.uint8)
    assert crop(image, (10, 20, 30, 60), margin=0.1).shape == (48, 24, 3)
    assert crop(image, (-5, -5, 900, 900)).shape == image.shape
    assert crop(image, (10.2, 10.2, 10.4, 10.4)).shape == (1, 1, 3)
    for nothing in ((5, 5, 5, 9), (70, 5, 90, 9), (9, 9, 5, 5)):
        with pytest.raises(InvalidInput, match="no part"):
            crop(image, nothing)
