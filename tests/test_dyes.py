"""The renderer of the tests keeps the promises of the port too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from engine.rendering import Change, DrawRequest
from engine.types import Facet
from tests.api.pictures import garment
from tests.contracts.renderer_contract import RendererContract
from tests.dyes import DyeingRenderer


class TestDyeingRenderer(RendererContract):
    @pytest.fixture
    def renderer(self) -> DyeingRenderer:
        return DyeingRenderer()

    @pytest.fixture
    def drawable(self) -> Sequence[DrawRequest]:
        before = {Facet.COLOUR: "blue", Facet.SLEEVE: "sleeveless"}
        return [
            DrawRequest(
                reference=np.asarray(garment("blue")),
                change=Change(before=before, after={**before, **after}),
            )
            for after in ({Facet.COLOUR: "red"}, {Facet.SLEEVE: "long sleeves"})
        ]
