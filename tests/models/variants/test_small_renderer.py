"""What the renderer keeps of a photo, what it draws anew, and who helped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import InvalidInput, ModelUnavailable
from engine.ids import PictureHash, ProductId
from engine.look import Look
from engine.query.lexicon import default_lexicon
from engine.rendering import Change, DrawRequest, Source
from engine.types import Facet, ImageRGB
from models.toy import ToyEncoder
from models.variants.catalogue_bank import MemoryFeatures, Neighbour
from models.variants.mask import GarmentMasks
from models.variants.oklab import oklab, to_linear
from models.variants.prompts import PROMPT_FACETS, PromptVocabulary
from models.variants.shades import MAIN_COLOURS, named_by, shade_near, shade_of
from models.variants.sketch_judge import SketchJudge
from models.variants.small_renderer import SmallRenderer
from models.variants.turbo import Helped, Networks, SmallTurbo
from tests.contracts.renderer_contract import RendererContract

LEXICON = default_lexicon()
HIGH, WIDE = 160, 120
BLUE, RED = (45, 90, 180), (150, 20, 40)


def photo(colour: tuple[int, int, int]) -> ImageRGB:
    """A block of cloth with folds on a ground of noise."""
    image = np.random.default_rng(1).integers(0, 255, (HIGH, WIDE, 3)).astype(np.uint8)
    folds = 0.9 + 0.1 * np.sin(np.arange(WIDE) / 5)[:, None]
    image[40:120, 30:90] = (folds * np.array(colour))[30:90]
    return image


class Whole:
    """Says that every box is full."""

    metadata: Mapping[str, str] = {}

    def run(
        self, count: int, inputs: Callable[[int, int], dict[str, Any]]
    ) -> Iterator[NDArray[np.float32]]:
        frames = inputs(0, count)["frames"]
        yield (frames[..., 3] > 0).astype(np.float32)


class Recorded:
    """Answers with zeros plus what it was given first, and keeps what that was."""

    metadata: Mapping[str, str] = {}

    def __init__(self, first: str, shape: tuple[int, ...], scale: float = 1.0) -> None:
        self.first, self.shape, self.scale = first, shape, scale
        self.calls: list[dict[str, Any]] = []

    def run(
        self, count: int, inputs: Callable[[int, int], dict[str, Any]]
    ) -> Iterator[NDArray[np.float32]]:
        given = inputs(0, count)
        self.calls.append(given)
        held = given[self.first].reshape(count, -1).astype(np.float32)
        flat = np.resize(self.scale * held[:, :1000], (count, int(np.prod(self.shape))))
        yield flat.reshape(count, *self.shape)


class Turbo:
    """A small turbo of recorded networks."""

    def __init__(self) -> None:
        self.generator = Recorded("latents", (8, 16, 12), scale=0.5)
        self.middle = Recorded("latents", (4, 4, 3))
        self.encoder = Recorded("frames", (8, 16, 12))
        decoder = Recorded("latents", (96, 72, 3), scale=60.0)
        names = dict.fromkeys(list[Facet](PROMPT_FACETS), ("red", "sleeveless", "leather", "dress"))
        self.model = SmallTurbo(
            Networks(
                encoder=self.encoder, decoder=decoder, generator=self.generator, middle=self.middle
            ),
            PromptVocabulary(values=names),
            ToyEncoder(),
            latents=(8, 16, 12),
            middle=(4, 4, 3),
            revision="recorded",
        )


class Shelf:
    """A bank of products in fixed order."""

    def __init__(self, *colours: tuple[str, tuple[int, int, int]]) -> None:
        self.held = [
            Neighbour(
                source=Source(
                    product_id=ProductId(f"s{place}"),
                    title=f"{name} top",
                    picture=PictureHash(f"{place:064x}"),
                    similarity=0.9 - place / 10,
                ),
                attributes={Facet.COLOUR: name, Facet.TYPE: "top"},
                picture=np.full((40, 30, 3), rgb, np.uint8),
            )
            for place, (name, rgb) in enumerate(colours)
        ]

    def nearest(
        self, prompt: Mapping[Facet, str], *, count: int, without: Collection[ProductId] = ()
    ) -> list[Neighbour]:
        return [each for each in self.held if each.source.product_id not in without][:count]


SHELF = Shelf(("red", RED), ("blue", BLUE), ("red", BLUE), ("red", (235, 40, 40)))


def request(**after: str) -> DrawRequest:
    held = {Facet.TYPE: "top", Facet.COLOUR: "blue"}
    changed = {Facet(facet): value for facet, value in after.items()}
    return DrawRequest(
        reference=photo(BLUE),
        change=Change(before=held, after=held | changed),
        box_xyxy_px=(30, 40, 90, 120),
    )


def renderer(**parts: Any) -> SmallRenderer:
    masks = GarmentMasks(Whole(), classes=("top",), revision="whole")
    return SmallRenderer(masks=masks, lexicon=LEXICON, **parts)


class Whims:
    """A tagger of no sense that always says the same of the same vector."""

    revision = "whims"
    labels: Mapping[Facet, tuple[str, ...]] = {Facet.SLEEVE: ("sleeveless", "long sleeves")}

    def predict(self, vectors: NDArray[np.float32]) -> Mapping[Facet, NDArray[np.float32]]:
        share = np.abs(np.sin(1e4 * vectors.sum(axis=1)))
        return {Facet.SLEEVE: np.stack([share, 1 - share], axis=1).astype(np.float32)}


JUDGE = SketchJudge(ToyEncoder(), Whims(), LEXICON)


class TestSmallRenderer(RendererContract):
    @pytest.fixture
    def renderer(self) -> SmallRenderer:
        return renderer(turbo=Turbo().model, bank=SHELF, judge=JUDGE)

    @pytest.fixture
    def drawable(self) -> list[DrawRequest]:
        return [
            request(colour="red"),
            request(pattern="striped"),
            request(pattern="checked", colour="green"),
            request(material="leather"),
            request(sleeve="sleeveless"),
        ]


@pytest.mark.parametrize(
    "asked", [{"colour": "red"}, {"pattern": "striped"}, {"colour": "red", "pattern": "polka dot"}]
)
def test_what_is_not_the_garment_is_untouched_to_the_bit(asked: dict[str, str]) -> None:
    wish = request(**asked)
    found = next(renderer(bank=SHELF).draw(wish, [1]))
    outside = np.ones((HIGH, WIDE), bool)
    outside[30:130, 20:100] = False
    assert not found.sketch
    np.testing.assert_array_equal(found.image[outside], wish.reference[outside])
    assert (found.image[60:100, 50:70] != wish.reference[60:100, 50:70]).any(-1).mean() > 0.2


def middle_of(image: ImageRGB) -> NDArray[np.float32]:
    return np.asarray(np.median(oklab(to_linear(image[60:100, 50:70].reshape(-1, 3))), axis=0))


def test_seed_zero_is_the_typical_shade_and_the_next_are_those_of_the_shop() -> None:
    found = list(renderer(bank=SHELF).draw(request(colour="red"), range(4)))
    typical, lent, brighter, drawn = (middle_of(each.image) for each in found)
    np.testing.assert_allclose(typical, shade_of("red", LEXICON), atol=0.03)
    for each, rgb in ((lent, RED), (brighter, (235, 40, 40))):
        np.testing.assert_allclose(each, oklab(to_linear(np.array(rgb, np.uint8))), atol=0.03)
    # Another colour, and blue cloth that calls itself red, lend nothing.
    assert [[s.product_id for s in each.sources] for each in found] == [[], ["s0"], ["s3"], []]
    assert np.linalg.norm(drawn - typical) > 0.005
    assert named_by(drawn.astype(np.float32), LEXICON) == "red"


def test_the_product_itself_lends_nothing() -> None:
    wish = request(colour="red")
    own = DrawRequest(
        reference=wish.reference,
        change=wish.change,
        box_xyxy_px=wish.box_xyxy_px,
        without=frozenset({ProductId("s0")}),
    )
    found = list(renderer(bank=SHELF).draw(own, [1, 2]))
    assert [[s.product_id for s in each.sources] for each in found] == [["s3"], []]


@pytest.mark.parametrize("colour", MAIN_COLOURS)
def test_other_shades_go_by_the_same_name(colour: str) -> None:
    shades = [shade_near(colour, LEXICON, seed) for seed in range(12)]
    assert {named_by(each, LEXICON) for each in shades} == {LEXICON.family(colour)}
    np.testing.assert_array_equal(shades[0], shade_of(colour, LEXICON))
    assert len({each.tobytes() for each in shades}) > 6


def test_stripes_of_light_cloth_are_dark_and_of_dark_cloth_light() -> None:
    for colour, darker in ((BLUE, False), ((245, 245, 240), True)):
        wish = request(pattern="striped")
        wish = DrawRequest(
            reference=photo(colour), change=wish.change, box_xyxy_px=wish.box_xyxy_px
        )
        found = next(renderer().draw(wish, [0])).image[40:120, 30:90].astype(float).mean()
        assert (found < wish.reference[40:120, 30:90].mean()) == darker


def test_a_pattern_over_another_is_said() -> None:
    wish = request(pattern="striped")
    striped = next(renderer().draw(wish, [0]))
    held = {**wish.change.before, Facet.PATTERN: "floral"}
    change = Change(before=held, after={**held, Facet.PATTERN: "striped"})
    over = next(renderer().draw(replace(wish, change=change), [0]))
    assert set(over.notes) - set(striped.notes) == {"The garment's own pattern shows through."}


@pytest.mark.parametrize(
    ("asked", "outline", "start"),
    [
        ({"material": "leather"}, True, 0.875),
        ({"pattern": "floral"}, True, 0.875),
        ({"colour": "multicolour"}, True, 0.875),
        ({"sleeve": "sleeveless"}, False, 0.875),
        ({"colour": "red", "type": "dress"}, False, 1.0),
    ],
)
def test_a_sketch_keeps_the_outline_unless_the_shape_changes(
    asked: dict[str, str], outline: bool, start: float
) -> None:
    turbo = Turbo()
    found = next(renderer(turbo=turbo.model, bank=SHELF).draw(request(**asked), [5]))
    assert found.sketch
    assert found.image.shape == (4 * 96, 4 * 72, 3)
    assert [each.product_id for each in found.sources] == ["s0"]
    given = turbo.generator.calls[0]
    assert (given["planes"][0, :9] > 0.9).any() == outline
    assert given["similarity"] == pytest.approx(np.array([[0.9]]))
    assert given["time"] == [np.float32(start)]


def test_a_sketch_starts_from_the_garment_in_its_new_colour_on_white() -> None:
    turbo = Turbo()
    list(renderer(turbo=turbo.model).draw(request(sleeve="sleeveless", colour="red"), [0]))
    frame = turbo.encoder.calls[0]["frames"][0]
    assert named_by(
        np.asarray(np.median(oklab(to_linear(frame[40:56, 30:42].reshape(-1, 3))), axis=0)), LEXICON
    ) == "red"  # fmt: skip
    assert (frame[:4] > 250).all()  # the ground of noise is gone


def test_the_less_noise_the_more_of_the_reference_stays() -> None:
    turbo = Turbo()
    reference = photo(BLUE)
    shares: list[float] = []
    for start in (0.25, 0.5, 1.0):
        turbo.model.draw([{}], seeds=[3], references=[reference], start=start, steps=4)
        times = [float(call["time"][0]) for call in turbo.generator.calls]
        assert times == [each for each in (1.0, 0.75, 0.5, 0.25) if each <= start]
        first = turbo.generator.calls[0]["latents"].ravel()
        latents = turbo.model.encode([reference]).ravel()
        shares.append(float(np.corrcoef(first, latents)[0, 1]))
        turbo.generator.calls.clear()
    assert shares[0] > shares[1] > abs(shares[2])
    with pytest.raises(InvalidInput, match="no reference"):
        turbo.model.draw([{}], seeds=[3], start=0.5)


def test_features_of_a_product_are_computed_once() -> None:
    turbo, cache = Turbo(), MemoryFeatures()
    for _ in range(2):
        list(renderer(turbo=turbo.model, bank=SHELF, features=cache).draw(
            request(material="leather"), [1, 2]
        ))  # fmt: skip
    assert len(turbo.middle.calls) == 1
    assert len(turbo.generator.calls) == 4


def test_without_a_bank_nothing_helps() -> None:
    turbo = Turbo()
    found = next(renderer(turbo=turbo.model).draw(request(material="leather"), [1]))
    assert found.sources == ()
    assert turbo.generator.calls[0]["similarity"] == 0
    assert turbo.generator.calls[0]["lora"] == 0


def test_what_is_not_near_at_all_does_not_help() -> None:
    turbo, shelf = Turbo(), Shelf(("red", RED))
    (held,) = shelf.held
    shelf.held = [replace(held, source=replace(held.source, similarity=-0.1))]
    found = next(renderer(turbo=turbo.model, bank=shelf).draw(request(material="leather"), [1]))
    assert found.sources == ()
    assert turbo.generator.calls[0]["lora"] == 0
    assert not turbo.middle.calls


class Looks:
    """Sees nothing, and keeps the titles of what it was shown."""

    def __init__(self, revision: str = "1") -> None:
        self.revision = revision
        self.titles: list[str] = []

    def look(self, images: list[ImageRGB], *, title: str = "") -> Look:
        self.titles.append(title)
        return Look(pictures=((),))


def test_another_judge_is_another_revision() -> None:
    turbo = Turbo().model
    seen = {renderer(turbo=turbo, judge=judge).revision for judge in (None, JUDGE)}
    assert len(seen) == 2
    assert any("whims" in each for each in seen)


@pytest.mark.parametrize(("garment", "doubted"), [((244, 244, 242), True), (BLUE, False)])
def test_a_garment_nearly_of_its_grounds_colour_is_said_to_have_a_guessed_edge(
    garment: tuple[int, int, int], doubted: bool
) -> None:
    image = np.full((HIGH, WIDE, 3), 252, np.uint8)
    image[40:120, 30:90] = garment
    for asked in ({"colour": "red"}, {"pattern": "striped"}):
        wish = replace(request(**asked), reference=image)
        notes = next(renderer().draw(wish, [0])).notes
        assert ("It hardly stands out from its ground: the edge is a guess." in notes) == doubted


def test_one_reference_and_one_help_are_for_all_pictures() -> None:
    turbo, features = Turbo(), np.ones((1, 1, 4, 4, 3), np.float32)

    def draw(times: int) -> dict[str, Any]:
        turbo.model.draw(
            [{Facet.TYPE: "dress"}, {}, {Facet.TYPE: "dress"}],
            seeds=[1, 2, 3],
            references=[photo(BLUE)] * times,
            keep="outline",
            helped=Helped(
                features=np.repeat(features, times, axis=0),
                similarity=np.full((times, 1), 0.5, np.float32),
            ),
            start=0.5,
        )
        return turbo.generator.calls[-1]

    once, each = draw(1), draw(3)
    for name in ("planes", "retrieved", "similarity", "text", "codes"):
        assert len(once[name]) == 3
        np.testing.assert_array_equal(once[name], each[name])
    assert [len(call["frames"]) for call in turbo.encoder.calls] == [1, 3]
    np.testing.assert_array_equal(once["text"][0], once["text"][2])
    assert (once["text"][0] != once["text"][1]).any()
    with pytest.raises(InvalidInput, match="differ in number"):
        draw(2)


def test_where_no_box_was_found_a_box_is_asked_for() -> None:
    said = "No garment was told apart from the rest: draw a box around yours."
    blind = renderer(look=Looks())
    wish = replace(request(colour="red"), box_xyxy_px=None)
    assert said in next(blind.draw(wish, [0])).notes
    assert said not in next(blind.draw(request(colour="red"), [0])).notes


def test_another_look_is_another_revision() -> None:
    seen = [renderer(look=look).revision for look in (Looks("1"), Looks("2"), Looks("1"), None)]
    assert seen[0] == seen[2]
    assert len(set(seen)) == 3


def test_the_cloth_of_a_product_is_found_anew_with_another_title_or_look() -> None:
    cache, shelf, titles = MemoryFeatures(), Shelf(("red", RED)), list[str]()
    (held,) = shelf.held
    for title, revision in (("a", "1"), ("a", "1"), ("b", "1"), ("b", "2")):
        shelf.held = [replace(held, source=replace(held.source, title=title))]
        look = Looks(revision)
        list(renderer(bank=shelf, features=cache, look=look).draw(request(colour="red"), [1]))
        titles += look.titles
    assert titles == ["a", "b", "b"]


def test_a_shape_without_the_generator_is_refused_with_what_can_be_drawn() -> None:
    wish = request(sleeve="sleeveless")
    with pytest.raises(ModelUnavailable, match="sleeve") as raised:
        list(renderer().draw(wish, [0]))
    assert "stripes" in raised.value.hint


@pytest.mark.parametrize(
    ("asked", "stays"),
    [
        ({"colour": "red"}, True),
        ({"pattern": "striped"}, True),
        ({"colour": "red", "pattern": "checked"}, True),
        ({"colour": "multicolour"}, False),
        ({"pattern": "floral"}, False),
        ({"colour": "red", "sleeve": "sleeveless"}, False),
    ],
)
def test_what_needs_the_generator_is_known_before_any_picture(
    asked: dict[str, str], stays: bool
) -> None:
    change = request(**asked).change
    renderer(turbo=Turbo().model).check(change)
    if stays:
        renderer().check(change)
        return
    with pytest.raises(ModelUnavailable, match="needs the generator"):
        renderer().check(change)


def test_a_box_without_a_garment_is_refused() -> None:
    class Nothing(Whole):
        def run(
            self, count: int, inputs: Callable[[int, int], dict[str, Any]]
        ) -> Iterator[NDArray[np.float32]]:
            yield np.zeros(inputs(0, count)["frames"].shape[:3], np.float32)

    empty = SmallRenderer(
        masks=GarmentMasks(Nothing(), classes=("top",), revision="nothing"), lexicon=LEXICON
    )
    with pytest.raises(InvalidInput, match="no garment"):
        list(empty.draw(request(colour="red"), [0]))
