"""Packshots in memory, as many as training wants, with the titles and attributes they deserve."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_samples.draw.assortment import TypeName
from data_samples.draw.scene import compose, packshot_pieces, studio
from data_samples.draw.spec import ProductSpec, iter_specs
from data_samples.draw.wording import title

# Our types in the words of the KAGL catalogue (its column articleType); absent where it has none.
_KAGL_TYPES: dict[TypeName, str] = {
    "t-shirt": "Tshirts", "shirt": "Shirts", "blouse": "Tops", "sweater": "Sweaters",
    "hoodie": "Sweatshirts", "jacket": "Jackets", "dress": "Dresses", "skirt": "Skirts",
    "jeans": "Jeans", "trousers": "Trousers", "shorts": "Shorts", "leggings": "Leggings",
    "sneakers": "Casual Shoes", "heels": "Heels", "sandals": "Sandals", "handbag": "Handbags",
    "backpack": "Backpacks", "cap": "Caps",
}  # fmt: skip


class RenderedSample(NamedTuple):
    """A picture (H, W, 3) uint8 RGB, its title, and what is true of it.

    `attributes` is the product itself: `product_type`, `colour`, `pattern`, `gender`,
    `material.word`.
    """

    rgb: NDArray[np.uint8]
    title: str
    attributes: ProductSpec

    @property
    def image(self) -> NDArray[np.uint8]:
        """The picture under its other name."""
        return self.rgb

    @property
    def labels(self) -> dict[str, str]:
        """Type, colour and gender in the words of the KAGL catalogue, where it has one."""
        known = {"colour": self.attributes.colour.title(), "gender": self.attributes.gender.title()}
        name = _KAGL_TYPES.get(self.attributes.product_type)
        return known if name is None else {**known, "type": name}


def render_training_set(
    count: int, seed: int, size_wh: tuple[int, int] = (96, 128)
) -> Iterator[RenderedSample]:
    """Draws `count` packshots of products that the shop does not sell (other seeds, other designs).

    Args:
        count: how many pictures.
        seed: any integer; the same one gives the same bytes.
        size_wh: width and height in pixels; 3:4 suits the garments.

    Yields:
        One sample at a time, all types in nearly even shares.
    """
    # The shop's own seed enters as one number; a pair can never give the same stream.
    specs = iter_specs(int(np.random.SeedSequence([seed, 1]).generate_state(1)[0]))
    for number, spec in enumerate(islice(specs, count)):
        rng = np.random.default_rng([seed, number, 2])
        pieces = packshot_pieces(spec, size_wh, rng)
        yield RenderedSample(compose(studio(size_wh, rng), pieces), title(spec), spec)
