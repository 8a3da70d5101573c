import numpy as np
import pytest

from data_samples.draw.assortment import FACTS, TYPES
from data_samples.draw.gallery import draw_picture, draw_product
from data_samples.draw.palette import nearest_colour
from data_samples.draw.scene import detail_pieces, packshot_pieces
from data_samples.draw.spec import iter_specs, sample_specs
from data_samples.draw.truth import observe
from data_samples.draw.worn import worn_pieces

SMALL_WH = (72, 96)
# Shoes and caps carry soles, linings and mesh that outweigh their own colour.
CLOTH_REGIONS = ("upper", "outer", "full", "lower", "hand", "back")


def _one_of(name):
    return next(spec for spec in iter_specs(12) if spec.product_type == name)


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not():
    spec = sample_specs(5, 3)[4]
    first, second, other = (
        draw_product(spec, seed, main_size_wh=SMALL_WH, size_wh=SMALL_WH) for seed in (1, 1, 2)
    )
    assert [each.rgb.tobytes() for each in first.pictures] == [
        each.rgb.tobytes() for each in second.pictures
    ]
    assert first.pictures[0].garments == second.pictures[0].garments
    assert first.pictures[0].rgb.tobytes() != other.pictures[0].rgb.tobytes()


@pytest.mark.parametrize("name", TYPES)
def test_a_packshot_shows_the_whole_product_on_a_light_ground(name):
    spec = _one_of(name)
    picture = draw_picture(spec, "packshot", SMALL_WH, np.random.default_rng(0))
    assert picture.rgb.shape == (96, 72, 3)
    assert {each.label for each in picture.garments} == {name}
    for garment in picture.garments:
        x0, y0, x1, y1 = garment.box_xyxy_px
        assert 0 < x0 < x1 < 72
        assert 0 < y0 < y1 < 96
        assert garment.is_product
    rim = np.concatenate([picture.rgb[0], picture.rgb[-1], picture.rgb[:, 0], picture.rgb[:, -1]])
    assert rim.min() > 200


@pytest.mark.parametrize("name", TYPES)
def test_a_worn_picture_shows_the_product_with_other_garments(name):
    picture = draw_picture(_one_of(name), "worn", (108, 144), np.random.default_rng(5))
    products = [each for each in picture.garments if each.is_product]
    assert {each.label for each in products} == {name}
    assert any(not each.is_product for each in picture.garments) or FACTS[name].region == "full"
    places = range(len(picture.garments))
    for relation in picture.relations:
        assert relation.subject in places
        assert relation.other is None or relation.other in places


@pytest.mark.parametrize("seed", range(4))
def test_every_box_contains_what_is_seen_of_its_garment(seed):
    spec = sample_specs(9, 40 + seed)[8]
    figure, pieces = worn_pieces(spec, SMALL_WH, np.random.default_rng(seed))
    garments, _ = observe(pieces, figure.hand)
    layers = [piece.layer for piece in pieces] + ([figure.hand] if figure.hand else [])
    boxes = {(each.label, each.colour): [] for each in garments}
    for each in garments:
        boxes[each.label, each.colour].append(each.box_xyxy_px)
    seen = 0
    for place, piece in enumerate(pieces):
        for row, column in np.argwhere(piece.layer.alpha > 0.9):
            if any(later.alpha[row, column] > 0 for later in layers[place + 1 :]):
                continue
            mine = boxes.get((piece.spec.product_type, piece.spec.colour), [])
            if not mine:
                continue  # too little of it is in the picture to count
            assert any(x0 <= column < x1 and y0 <= row < y1 for x0, y0, x1, y1 in mine)
            seen += 1
    assert seen > 200


def test_a_detail_is_filled_with_cloth():
    pieces = detail_pieces(_one_of("sweater"), SMALL_WH, np.random.default_rng(0))
    assert pieces[0].layer.alpha.mean() > 0.5


def test_plain_cloth_keeps_the_name_of_its_colour():
    specs = [
        spec
        for spec in sample_specs(260, 77)
        if spec.pattern == "plain" and FACTS[spec.product_type].region in CLOTH_REGIONS
    ][:48]
    assert len({spec.colour for spec in specs}) == 12
    for spec in specs:
        layer = packshot_pieces(spec, (36, 48), np.random.default_rng(1))[-1].layer
        mean = layer.rgb[layer.alpha > 0.95].mean(axis=0)
        assert nearest_colour(mean) == spec.colour, (spec.product_id, spec.product_type, mean)
