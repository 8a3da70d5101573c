from __future__ import annotations

import numpy as np
import pytest

from engine.detections import Detection
from engine.errors import InvalidInput
from engine.look import LookService, SeenBox, crop
from engine.types import Facet
from models.toy import ToyEncoder
from tests.engine.blocks import Blocks, Bottoms, Namer, photo


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
