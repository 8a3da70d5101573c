"""What every garment can do: say what it is, where its charm lies, and paint itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import numpy as np

from data_samples.draw.body import Body, Cut, body_for
from data_samples.draw.cloth import Cloth
from data_samples.draw.painter import Painter
from data_samples.draw.palette import Rgb

Choice = TypeVar("Choice")
View = Literal["packshot", "worn", "back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """The materials of one product: main cloth, second cloth, thread and metal."""

    main: Cloth
    trim: Cloth
    thread: Rgb
    metal: Rgb


class Garment(Protocol):
    """The shape of one design, without its colour."""

    @property
    def words(self) -> tuple[str, ...]:
        """Words of a title that this shape earns ("V-Neck", "Pleated")."""
        ...

    @property
    def focus(self) -> tuple[float, float, float]:
        """x, y and half width (body units) of the part that a detail picture shows."""
        ...

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Paints the garment in body units."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tailored:
    """Common ground of garments cut for a figure."""

    cut: Cut

    @property
    def body(self) -> Body:
        """The figure that the garment is cut for."""
        return body_for(self.cut)


def pick(rng: np.random.Generator, *choices: Choice) -> Choice:
    """One of the choices, evenly."""
    return choices[int(rng.integers(len(choices)))]


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """An even draw from [low, high)."""
    return float(rng.uniform(low, high))
