"""The battery that every renderer passes; one test a promise of `engine.ports.Renderer`.

Subclass `RendererContract` and give it the fixtures `renderer`, and `drawable`: requests that it
can draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.ports import Renderer
from engine.rendering import Change, DrawRequest

SEEDS = (0, 3, 11, 4_000_000_000)


class RendererContract:
    def test_each_seed_gives_one_picture_in_order(
        self, renderer: Renderer, drawable: Sequence[DrawRequest]
    ) -> None:
        for request in drawable:
            found = list(renderer.draw(request, SEEDS))
            assert tuple(each.seed for each in found) == SEEDS
            for each in found:
                assert each.image.dtype == np.uint8
                assert each.image.ndim == 3
                assert each.image.shape[2] == 3
                if not each.sketch:
                    assert each.image.shape == request.reference.shape
                similarity = [source.similarity for source in each.sources]
                assert similarity == sorted(similarity, reverse=True)
                assert not request.without & {source.product_id for source in each.sources}

    def test_a_seed_draws_the_same_whatever_the_others_are(
        self, renderer: Renderer, drawable: Sequence[DrawRequest]
    ) -> None:
        for request in drawable:
            together = {each.seed: each for each in renderer.draw(request, SEEDS)}
            for seed in reversed(SEEDS):
                alone = next(iter(renderer.draw(request, [seed])))
                np.testing.assert_array_equal(alone.image, together[seed].image)
                assert alone.sources == together[seed].sources

    def test_the_reference_is_left_as_it_is(
        self, renderer: Renderer, drawable: Sequence[DrawRequest]
    ) -> None:
        for request in drawable:
            before = request.reference.copy()
            found = [each.image for each in renderer.draw(request, SEEDS[:2])]
            np.testing.assert_array_equal(request.reference, before)
            assert all(each.shape != before.shape or (each != before).any() for each in found)

    def test_pictures_come_one_after_the_other(
        self, renderer: Renderer, drawable: Sequence[DrawRequest]
    ) -> None:
        drawing = renderer.draw(drawable[0], range(10**9))
        assert [next(drawing).seed for _ in range(2)] == [0, 1]

    def test_no_seeds_draw_nothing(
        self, renderer: Renderer, drawable: Sequence[DrawRequest]
    ) -> None:
        assert list(renderer.draw(drawable[0], [])) == []

    def test_no_change_is_refused(
        self, renderer: Renderer, drawable: Sequence[DrawRequest]
    ) -> None:
        before = drawable[0].change.before
        same = replace(drawable[0], change=Change(before=before, after=before))
        with pytest.raises(InvalidInput, match="as it is") as caught:
            list(renderer.draw(same, [0]))
        with pytest.raises(InvalidInput, match="as it is"):
            renderer.check(same.change)
        assert caught.value.code == "variant.no_change"

    def test_what_can_be_drawn_passes_the_check(
        self, renderer: Renderer, drawable: Sequence[DrawRequest]
    ) -> None:
        for request in drawable:
            renderer.check(request.change)

    def test_it_says_who_it_is(self, renderer: Renderer) -> None:
        assert renderer.name
        assert renderer.revision
