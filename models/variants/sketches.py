"""What the small generator draws of a garment, helped by the catalogue, and enlarged: a sketch.

Of each sketch several are drawn, from other noise and with fewer words, and the one in which the
tagger sees most of what was asked is kept. What it hardly sees there either is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InvalidInput
from engine.rendering import Change, DrawRequest, Rendering
from engine.types import Facet, ImageRGB
from models.variants.catalogue_bank import Bank, FeatureCache, Neighbour, feature_key
from models.variants.known_types import known_type
from models.variants.sketch_judge import SketchJudge
from models.variants.turbo import EDIT_START, Helped, Keep, SmallTurbo

__all__ = ["Sketcher"]

Prompt = Mapping[Facet, str]
_VERSION = 1
"""Of what this file and those that it alone calls make of the networks' output."""
_HELPERS = 1
"""Products whose features help, as in the adapter's training."""
_ENLARGED = 4
_NOISES = 3
"""From which each sketch is tried; the first is its seed's own."""
_OTHER_THING = frozenset({Facet.TYPE, Facet.GENDER})
_OTHER_SHAPE = _OTHER_THING | {Facet.SLEEVE, Facet.NECK}
_FEWER_WORDS = (
    frozenset[Facet](),
    frozenset({Facet.PATTERN, Facet.MATERIAL}),
    frozenset({Facet.PATTERN, Facet.MATERIAL, Facet.SLEEVE, Facet.NECK}),
)
"""What is left unsaid, unless it was asked for: few garments were ever told in so many words."""
_WEIGHTS = {Facet.TYPE: 2.0, Facet.COLOUR: 1.0}
_ASKED_WEIGHT, _KEPT_WEIGHT = 1.5, 0.3
_UNSEEN = 0.2
"""Probability below which something is hardly to be seen."""
_MISSING = "Hardly to be seen in it: {}."
_UNCHECKED = "Whether it shows {} was not checked."
_NOTE = "A sketch of what is meant, not a photo of your garment."


class Sketcher:
    """Draws in one step.

    Args:
        turbo: The generator.
        bank: Products that help; without it nothing does.
        features: Their features, so that none is computed twice.
        judge: Chooses; without it the first of each seed is kept.
    """

    def __init__(
        self,
        turbo: SmallTurbo,
        bank: Bank | None,
        features: FeatureCache,
        judge: SketchJudge | None = None,
    ) -> None:
        self._turbo, self._types = turbo, frozenset(turbo.vocabulary.values[Facet.TYPE])
        self._bank, self._features, self._judge = bank, features, judge
        self.revision = f"{_VERSION}-{turbo.revision}-{judge.revision if judge else 'none'}"

    def check(self, change: Change) -> None:
        """Refuse a type that nothing like was learned of.

        Raises:
            InvalidInput: It was asked for.
        """
        wanted = change.after.get(Facet.TYPE, "")
        if Facet.TYPE in change.facets and not known_type(wanted, self._types, asked=True):
            raise InvalidInput(
                f"{wanted!r} cannot be sketched: nothing like it was learned.",
                where="modification",
                hint="Ask for another type, or search for it.",
                code="variant.type_unknown",
            )

    def draw(
        self, request: DrawRequest, reference: ImageRGB, seeds: Sequence[int]
    ) -> Iterator[Rendering]:
        """One sketch a seed, 288 by 384 pixels.

        Args:
            request: What is asked for.
            reference: The garment as packshots show it, in its new colour where it gets one.
            seeds: Of the noise.
        """
        facets = request.change.facets
        wanted, notes = self._wanted(request.change)
        keep: Keep = "nothing" if facets & _OTHER_SHAPE else "outline"
        start = 1.0 if facets & _OTHER_THING else EDIT_START
        helpers: list[Neighbour] = []
        if self._bank is not None:
            near = self._bank.nearest(wanted, count=_HELPERS, without=request.without)
            helpers = [each for each in near if each.source.similarity > 0]  # the gate λ
        helped = self._helped(helpers)
        for seed in seeds:
            prompts, noises = self._tries(wanted, facets, seed)
            small = self._turbo.draw(
                prompts,
                seeds=noises,
                references=[reference],
                keep=keep,
                helped=helped,
                start=start,
            )
            place, unseen = self._chosen(small, wanted, facets)
            yield Rendering(
                image=_enlarged(small[place]),
                seed=seed,
                sketch=True,
                sources=tuple(each.source for each in helpers),
                notes=(*unseen, *notes, _NOTE),
            )

    def _wanted(self, change: Change) -> tuple[Prompt, tuple[str, ...]]:
        """What is asked of the generator, in its own types."""
        meant = change.after.get(Facet.TYPE, "")
        known = known_type(meant, self._types, asked=Facet.TYPE in change.facets)
        if known == meant:
            return change.after, ()
        if not known:
            return change.after, (f"It knows no {meant}: this may show something else.",)
        return {**change.after, Facet.TYPE: known}, (f"Drawn as {known}: it knows no {meant}.",)

    def _tries(
        self, wanted: Prompt, facets: frozenset[Facet], seed: int
    ) -> tuple[list[Prompt], list[int]]:
        """Prompts, and a seed of noise for each."""
        if self._judge is None:
            return [wanted], [seed]
        prompts: list[Prompt] = []
        for unsaid in _FEWER_WORDS:
            left = {name: value for name, value in wanted.items() if name not in unsaid - facets}
            if left not in prompts:
                prompts.append(left)
        # Beyond every seed that anybody asks for, so that no two sketches share noise.
        noises = [seed + (number << 64) for number in range(_NOISES)]
        return [each for each in prompts for _ in noises], noises * len(prompts)

    def _chosen(
        self, small: NDArray[np.uint8], wanted: Prompt, facets: frozenset[Facet]
    ) -> tuple[int, tuple[str, ...]]:
        """Which shows most of what was asked, and what it lacks or nobody can tell of it."""
        if self._judge is None:
            return 0, ()
        looked = self._judge.look(list(small))
        seen = self._judge.seen(looked, wanted)
        score = np.zeros(len(small))
        for facet, shares in seen.items():
            weight = _ASKED_WEIGHT if facet in facets else _KEPT_WEIGHT
            told = np.where(np.isnan(shares), _UNSEEN, np.maximum(shares, 0.01))
            score += max(weight, _WEIGHTS.get(facet, 0.0)) * np.log(told)
        place = int(score.argmax())
        # Of a type that was not asked for another of its category will do: the cut is what is new.
        named = {facet: wanted[facet] for facet in (*facets, Facet.TYPE) if facet in wanted}
        seen = self._judge.seen(looked, named, any_of_category=Facet.TYPE not in facets)
        missing = [named[facet] for facet, shares in seen.items() if shares[place] < _UNSEEN]
        unknown = [
            named[facet]
            for facet in facets & set(named)
            if facet not in seen or np.isnan(seen[facet][place])
        ]
        said = [(_MISSING, missing), (_UNCHECKED, unknown)]
        return place, tuple(text.format(", ".join(sorted(what))) for text, what in said if what)

    def _helped(self, helpers: Sequence[Neighbour]) -> Helped | None:
        if not helpers:
            return None
        keys = [feature_key(each, self._turbo.revision) for each in helpers]
        held = self._features.get(keys)
        missing = [at for at, key in enumerate(keys) if key not in held]
        if missing:
            made = self._turbo.middle(
                [helpers[at].picture for at in missing], [helpers[at].attributes for at in missing]
            ).astype(np.float16)
            fresh = {keys[at]: each for at, each in zip(missing, made, strict=True)}
            self._features.put(fresh)
            held |= fresh
        return Helped(
            features=np.stack([held[key] for key in keys])[None].astype(np.float32),
            similarity=np.array([[each.source.similarity for each in helpers]], np.float32),
        )


def _enlarged(small: ImageRGB) -> ImageRGB:
    high, wide = small.shape[:2]
    size = (wide * _ENLARGED, high * _ENLARGED)
    return np.array(Image.fromarray(small).resize(size, Image.Resampling.LANCZOS))
