"""Which of several sketches is kept, what is said of it, and what stands for an unknown type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.query.lexicon import default_lexicon
from engine.rendering import Change, DrawRequest, Rendering
from engine.types import EncoderId, Facet, ImageRGB, Vectors
from models.variants.catalogue_bank import MemoryFeatures
from models.variants.known_types import NEAR, SAME, known_type
from models.variants.prompts import PROMPT_FACETS, PromptVocabulary
from models.variants.sketch_judge import SketchJudge
from models.variants.sketches import Sketcher
from models.variants.turbo import WEIGHTS

LEXICON = default_lexicon()
VOCABULARY = PromptVocabulary(
    values=dict.fromkeys(PROMPT_FACETS, ("red",)) | {Facet.TYPE: ("casual shoes", "heels", "top")}
)
WHITE = np.full((40, 30, 3), 255, np.uint8)


class Numbered:
    """Draws pictures of one grey each, from 0 on in the order of what it is asked."""

    vocabulary, revision = VOCABULARY, "numbered"

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def draw(
        self, prompts: Sequence[Mapping[Facet, str]], *, seeds: Sequence[int], **more: Any
    ) -> NDArray[np.uint8]:
        self.asked.append({"prompts": list(prompts), "seeds": list(seeds), **more})
        return np.stack([np.full((96, 72, 3), place, np.uint8) for place in range(len(prompts))])


class Greys:
    """The mean of a picture is its vector."""

    encoder_id = EncoderId(name="greys", revision="1", preprocess="none", dims=1)

    def embed_images(self, images: Sequence[ImageRGB]) -> Vectors:
        return np.array([[each.mean()] for each in images], np.float32)


class Prefers:
    """Sees a top in one picture alone, and leather in none."""

    revision = "1"
    labels: Mapping[Facet, tuple[str, ...]] = {
        Facet.TYPE: ("top", "heels"),
        Facet.MATERIAL: ("leather",),
    }

    def __init__(self, grey: int) -> None:
        self.grey = grey

    def predict(self, vectors: Vectors) -> Mapping[Facet, NDArray[np.float32]]:
        sure = np.where(vectors[:, 0] == self.grey, 0.9, 0.3).astype(np.float32)
        return {
            Facet.TYPE: np.stack([sure, 1 - sure], axis=1),
            Facet.MATERIAL: np.full((len(vectors), 1), 0.01, np.float32),
        }


def judge(grey: int) -> SketchJudge:
    return SketchJudge(Greys(), Prefers(grey), LEXICON)


def sketcher(turbo: Numbered, judge: SketchJudge | None = None) -> Sketcher:
    return Sketcher(turbo, None, MemoryFeatures(), judge)  # pyright: ignore[reportArgumentType]


def drawn(
    turbo: Numbered,
    *,
    before: Mapping[Facet, str],
    seed: int = 0,
    judge: SketchJudge | None = None,
    **after: str,
) -> Rendering:
    change = Change(
        before=before, after={**before, **{Facet(name): value for name, value in after.items()}}
    )
    request = DrawRequest(reference=WHITE, change=change)
    return next(sketcher(turbo, judge).draw(request, WHITE, [seed]))


TOP = {Facet.TYPE: "top", Facet.COLOUR: "red", Facet.PATTERN: "striped", Facet.NECK: "v-neck"}


def test_the_sketch_that_shows_most_is_kept_and_what_it_lacks_is_said():
    turbo = Numbered()
    found = drawn(turbo, before=TOP, judge=judge(4), material="leather")
    assert found.image[0, 0, 0] == 4
    assert found.notes[0] == "Hardly to be seen in it: leather."
    (asked,) = turbo.asked
    # What was asked for is always said; of the rest fewer and fewer words are.
    assert all(each[Facet.MATERIAL] == "leather" for each in asked["prompts"])
    assert [len(each) for each in asked["prompts"]] == [5, 5, 5, 4, 4, 4, 3, 3, 3]
    assert len(set(asked["seeds"])) == 3


def test_no_two_seeds_share_noise():
    turbo = Numbered()
    for seed in (0, 1, 2**31):
        drawn(turbo, before=TOP, judge=judge(0), seed=seed, neck="round neck")
    noises = [noise for each in turbo.asked for noise in set(each["seeds"])]
    assert len(set(noises)) == len(noises) == 9


def test_without_a_judge_each_seed_is_drawn_once():
    turbo = Numbered()
    found = drawn(turbo, before=TOP, material="leather", seed=7)
    assert turbo.asked[0]["seeds"] == [7]
    assert len(found.notes) == 1


def test_a_type_that_was_not_learned_is_drawn_as_the_nearest_and_said():
    turbo = Numbered()
    found = drawn(turbo, before={Facet.TYPE: "sneakers"}, material="leather")
    assert turbo.asked[0]["prompts"][0][Facet.TYPE] == "casual shoes"
    assert "Drawn as casual shoes: it knows no sneakers." in found.notes


@pytest.mark.parametrize(
    ("wanted", "kept", "asked"),
    [
        ("heels", "heels", "heels"),
        ("sneakers", "casual shoes", "casual shoes"),
        ("boots", "casual shoes", ""),  # better than a ghost, but no boots
        ("hoodie", "", ""),  # this generator has no sweatshirt either
        ("jumpsuit", "", ""),
        ("", "", ""),
    ],
)
def test_what_stands_for_a_type(wanted: str, kept: str, asked: str):
    types = VOCABULARY.values[Facet.TYPE]
    assert known_type(wanted, types, asked=False) == kept
    assert known_type(wanted, types, asked=True) == asked


def test_stand_ins_are_canonical_and_the_shipped_generator_knows_them():
    types = PromptVocabulary.load(WEIGHTS / "prompts.json").values[Facet.TYPE]
    assert not set(SAME) & set(NEAR)
    for wanted, other in (*SAME.items(), *NEAR.items()):
        assert wanted in LEXICON.categories
        assert wanted not in types
        assert other in types


def test_an_asked_type_like_nothing_learned_is_refused():
    boots = Change(before=TOP, after={**TOP, Facet.TYPE: "boots"})
    with pytest.raises(InvalidInput, match="'boots' cannot be sketched"):
        sketcher(Numbered()).check(boots)
    kept = {Facet.TYPE: "boots"}
    sketcher(Numbered()).check(Change(before=kept, after={**kept, Facet.NECK: "v-neck"}))


def test_a_garment_that_nothing_stands_for_is_doubted():
    found = drawn(Numbered(), before={Facet.TYPE: "jumpsuit"}, neck="v-neck")
    assert "It knows no jumpsuit: this may show something else." in found.notes


def test_what_the_tagger_says_nothing_of_is_not_held_against_a_sketch():
    class Silent(Prefers):
        def predict(self, vectors: Vectors) -> Mapping[Facet, NDArray[np.float32]]:
            found = dict(super().predict(vectors))
            found[Facet.MATERIAL] = np.where(vectors == 0, 0.01, 0).astype(np.float32)
            return found

    eyes = SketchJudge(Greys(), Silent(0), LEXICON)
    seen = eyes.seen(eyes.look([WHITE, 0 * WHITE]), {Facet.MATERIAL: "leather"})[Facet.MATERIAL]
    assert np.isnan(seen[0])
    assert seen[1] == pytest.approx(0.01)
    found = drawn(Numbered(), before={Facet.TYPE: "heels"}, judge=eyes, material="leather")
    assert found.image[0, 0, 0] == 1  # the first has no leather, of the next nobody knows
    assert not found.notes[0].startswith("Hardly")


def test_narrower_values_count_as_what_was_asked():
    class Shades(Prefers):
        labels: Mapping[Facet, tuple[str, ...]] = {Facet.COLOUR: ("navy blue", "red")}

        def predict(self, vectors: Vectors) -> Mapping[Facet, NDArray[np.float32]]:
            return {Facet.COLOUR: np.array([[0.75, 0.25]] * len(vectors), np.float32)}

    eyes = SketchJudge(Greys(), Shades(0), LEXICON)
    seen = eyes.seen(eyes.look([WHITE]), {Facet.COLOUR: "blue", Facet.NECK: "v-neck"})
    assert {facet: share.tolist() for facet, share in seen.items()} == {Facet.COLOUR: [0.75]}


def test_what_the_tagger_does_not_know_is_said_not_to_be_checked():
    found = drawn(Numbered(), before=TOP, judge=judge(0), pattern="floral")
    assert found.notes[0] == "Whether it shows floral was not checked."


def test_a_kept_kind_may_be_taken_for_another_of_its_category():
    class Sees(Prefers):
        labels: Mapping[Facet, tuple[str, ...]] = {Facet.TYPE: ("top", "sweater", "dress")}

        def predict(self, vectors: Vectors) -> Mapping[Facet, NDArray[np.float32]]:
            return {Facet.TYPE: np.array([[0.1, 0.8, 0.1]] * len(vectors), np.float32)}

    eyes = SketchJudge(Greys(), Sees(0), LEXICON)
    kept = drawn(Numbered(), before=TOP, judge=eyes, neck="round neck")
    assert not any(each.startswith("Hardly") for each in kept.notes)
    asked = drawn(Numbered(), before={Facet.TYPE: "heels"}, judge=eyes, type="top")
    assert "Hardly to be seen in it: top." in asked.notes
