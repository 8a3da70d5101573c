"""The tagger's labels, its training in small, and that what is served is what was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("timm", reason="needs the extra [models]")

from engine.query.lexicon import default_lexicon  # noqa: E402
from engine.types import Facet  # noqa: E402
from models.attributes import load_tagger  # noqa: E402
from models.training.pairs import ATTRIBUTES, Pairs  # noqa: E402
from models.training.tagger import TaggerConfig, Vectors, calibrate, fit  # noqa: E402
from models.training.tagger_export import export_tagger  # noqa: E402
from models.training.tagger_labels import (  # noqa: E402
    OPTIONAL,
    UNKNOWN,
    FacetLabels,
    label_catalogue,
    label_photos,
)
from models.training.tags import (  # noqa: E402
    TITLE_FACETS,
    can_have,
    frequent_tags,
    judged_tags,
    read_tags,
    tags_of_title,
)

pytestmark = pytest.mark.models

LEXICON = default_lexicon()


def pairs(*rows: tuple[str, str, str]) -> Pairs:
    """Id, type as the catalogue writes it, title."""
    blank = [""] * len(ATTRIBUTES)
    labels = []
    for _, kind, _ in rows:
        each = blank.copy()
        each[ATTRIBUTES.index("type")] = kind
        labels.append(tuple(each))
    return Pairs(
        name="made",
        ids=[each for each, _, _ in rows],
        titles=[title for _, _, title in rows],
        labels=labels,
        splits=["train"] * len(rows),
        pictures=[b""] * len(rows),
        sharper={},
    )


@pytest.mark.parametrize(
    ("title", "kind", "facet", "values"),
    [
        ("acme men striped v-neck t-shirt", "t-shirt", Facet.NECK, ("v-neck",)),
        ("acme men polo neck black t-shirt", "t-shirt", Facet.NECK, ("collared",)),
        ("acme polo t-shirt", "t-shirt", Facet.NECK, ("collared",)),
        ("u.s. polo assn. men blue t-shirt", "t-shirt", Facet.NECK, None),
        ("acme crew neck t-shirt", "t-shirt", Facet.NECK, ("crew neck", "round neck")),
        ("acme graphic t-shirt", "t-shirt", Facet.PATTERN, ("graphic", "printed")),
        ("palm tree boys blue shirt", "shirt", Facet.PATTERN, None),
        ("acme velvet matte lipstick", "lipstick", Facet.MATERIAL, None),
        ("acme red jersey", "t-shirt", Facet.MATERIAL, None),
        ("acme women lace shoes", "casual shoes", Facet.MATERIAL, None),
        ("acme women lace dress", "dress", Facet.MATERIAL, ("lace",)),
        ("lee women maxi fit jeans", "jeans", Facet.LENGTH, None),
        ("acme leather belt", "belt", Facet.MATERIAL, ("leather",)),
        ("acme strapless sandals", "sandals", Facet.SLEEVE, None),
    ],
)
def test_titles_are_read_as_this_catalogue_means_them(
    title: str, kind: str, facet: Facet, values: tuple[str, ...] | None
) -> None:
    assert tags_of_title(title, kind, LEXICON).get(facet) == values


def test_every_value_is_in_the_vocabulary() -> None:
    for facet, values in OPTIONAL.items():
        assert set(values) <= set(LEXICON.values(facet))
    for facets in judged_tags().values():
        for facet, values in facets.items():
            assert set(values) <= set(LEXICON.values(facet))


def test_sleeves_and_necks_were_judged() -> None:
    assert len(judged_tags()) > 600
    assert {facet for each in judged_tags().values() for facet in each} == {
        Facet.SLEEVE,
        Facet.NECK,
    }


def test_only_garments_for_the_upper_body_have_sleeves() -> None:
    assert can_have(Facet.SLEEVE, "t-shirt", LEXICON)
    assert can_have(Facet.SLEEVE, "innerwear vest", LEXICON)
    for kind in ("jeans", "casual shoes", "bra", "watch", "lipstick"):
        assert not can_have(Facet.SLEEVE, kind, LEXICON)
    assert can_have(Facet.LENGTH, "skirt", LEXICON)
    assert not can_have(Facet.LENGTH, "t-shirt", LEXICON)
    assert not can_have(Facet.MATERIAL, "lipstick", LEXICON)


def test_a_judgement_counts_more_than_the_title() -> None:
    product, facets = next(
        (product, facets)
        for product, facets in judged_tags().items()
        if facets.get(Facet.SLEEVE) == ("long sleeves",)
    )
    held = pairs((product, "Shirts", "acme sleeveless shirt"))
    assert read_tags(held, LEXICON)[0][Facet.SLEEVE] == ("sleeveless",)
    assert read_tags(held, LEXICON, judged=True)[0][Facet.SLEEVE] == facets[Facet.SLEEVE]


def test_labels_know_none_from_unknown() -> None:
    held = pairs(
        ("a", "Tshirts", "acme sleeveless t-shirt"),
        ("b", "Tshirts", "acme t-shirt"),
        ("c", "Jeans", "acme jeans"),
        ("d", "", "acme thing"),
    )
    found = label_catalogue(held, LEXICON)
    assert found[Facet.SLEEVE].codes.tolist() == [1, UNKNOWN, 0, UNKNOWN]
    assert found[Facet.SLEEVE].values[0] == "sleeveless"
    assert found[Facet.MATERIAL].values[found[Facet.MATERIAL].codes[2] - 1] == "denim"
    assert found[Facet.TYPE].values == ("jeans", "t-shirt")
    assert found[Facet.TYPE].codes.tolist() == [1, 1, 0, UNKNOWN]
    photos = label_photos(["long sleeve t-shirt", "pants", "dress"])
    assert photos[Facet.SLEEVE].codes.tolist() == [4, 0, UNKNOWN]


def test_nothing_is_said_of_materials_where_titles_are_silent() -> None:
    held = pairs(
        *((f"a{number}", "Belts", "acme leather belt") for number in range(20)),
        *((f"b{number}", "Wallets", "acme leather wallet") for number in range(19)),
        ("c", "Belts", "acme belt"),
        ("d", "Wallets", "acme wallet"),
        ("e", "Belts", "acme suede belt"),
    )
    codes = label_catalogue(held, LEXICON)[Facet.MATERIAL].codes
    leather = 1 + OPTIONAL[Facet.MATERIAL].index("leather")
    assert set(codes[:39]) == {leather}
    assert codes[39:].tolist() == [UNKNOWN, 0, 0]  # suede is none of the values


def test_frequent_tags_are_counted_in_the_rows_alone() -> None:
    tags = [{Facet.TYPE: ("shirt",)}, {Facet.TYPE: ("shirt",)}, {Facet.TYPE: ("bag",)}] * 2
    tags.append({TITLE_FACETS[0]: ("striped",)})
    assert frequent_tags(tags, range(7), least=3) == ((Facet.TYPE, "shirt"),)
    assert frequent_tags(tags, [6], least=1) == ((TITLE_FACETS[0], "striped"),)


def drawn(count: int, seed: int) -> Vectors:
    """Colour in the first two dimensions; sleeves in the next three, which bags lack."""
    rng = np.random.default_rng(seed)
    colour, sleeve = rng.integers(2, size=count), rng.integers(3, size=count)
    vectors = 0.25 * rng.normal(size=(count, 8)).astype(np.float32)
    vectors[np.arange(count), colour] += 1
    vectors[np.arange(count), 2 + sleeve] += 1
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = {
        Facet.COLOUR: FacetLabels(values=("red", "blue"), codes=colour, has_none=False),
        Facet.SLEEVE: FacetLabels(
            values=("short sleeves", "long sleeves"), codes=sleeve, has_none=True
        ),
    }
    return Vectors(views=(vectors, vectors), labels=labels)


def test_it_learns_is_calibrated_and_is_served_as_trained(tmp_path: Path) -> None:
    config = TaggerConfig(
        data=tmp_path, out=tmp_path, work=tmp_path, hidden=16, epochs=12, batch=32, rate=1e-2
    )
    more = Vectors(
        views=drawn(60, 3).views, labels={Facet.SLEEVE: drawn(60, 3).labels[Facet.SLEEVE]}
    )
    network = fit([drawn(400, 1), more], config)
    facets, accuracy = calibrate(network, drawn(200, 2), precision=0.9)
    assert min(accuracy.values()) > 0.9
    assert facets[0].sure_from == 0
    assert 0 < facets[1].sure_from < 1

    folder = export_tagger(network, facets, tmp_path / "tagger", encoder="made@1")
    tagger = load_tagger(folder)
    assert (tagger.encoder, tagger.labels[Facet.COLOUR]) == ("made@1", ("red", "blue"))
    test = drawn(300, 4)
    found = tagger.predict(test.views[0])
    with torch.no_grad():
        logits = network(torch.from_numpy(test.views[0])).numpy()
    np.testing.assert_allclose(found[Facet.COLOUR], facets[0].shares(logits[:, :2]), atol=2e-5)
    codes = test.labels[Facet.SLEEVE].codes
    said = found[Facet.SLEEVE].max(axis=1) > 0
    right = found[Facet.SLEEVE].argmax(axis=1) + 1 == codes
    assert right[said].mean() > 0.85
    assert said[codes > 0].mean() > 0.8
    assert said[codes == 0].mean() < 0.2

    again = export_tagger(network, facets, tmp_path / "tagger", encoder="made@1")
    assert load_tagger(again).revision == tagger.revision
    other = export_tagger(network, facets[::-1], tmp_path / "other", encoder="made@1")
    assert load_tagger(other).revision != tagger.revision
