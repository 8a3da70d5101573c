"""What one product is: drawn from a seed, enough to paint it and to write its title."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from data_samples.draw.assortment import (
    FACTS,
    TYPES,
    Gender,
    Material,
    Shape,
    TypeName,
)
from data_samples.draw.body import Cut
from data_samples.draw.cloth import Cloth
from data_samples.draw.garments.piece import Fabric
from data_samples.draw.palette import (
    COLOURS,
    ColourName,
    Rgb,
    luminance,
    mix,
    rgb_to_lab,
    sample_shade,
)
from data_samples.draw.patterns import Pattern, PatternName

BRANDS = (
    "Norvik", "Ostrea", "Calder & Finch", "Lumara", "Pinewell", "Vantero", "Solvei",
    "Marlowe Row", "Tidemark", "Hollis", "Auburne", "Kestrin",
)  # fmt: skip
# Shapes and fabrics are asked for several times while one picture is painted.
_REMEMBERED = 64
_METALS: tuple[Rgb, ...] = ((0.78, 0.78, 0.77), (0.83, 0.70, 0.40), (0.45, 0.45, 0.46))
_PERIODS: dict[PatternName, tuple[float, float]] = {
    "striped": (0.16, 0.42), "checked": (0.30, 0.56), "polka dot": (0.16, 0.34),
    "floral": (0.34, 0.56), "plain": (1.0, 1.0), "graphic print": (1.0, 1.0),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductSpec:
    """One product of the shop.

    `shape_seed` is the design (shared by its colour variants, like `group_id`), `cloth_seed` the
    exact shade, pattern and trim. Prices are in minor units of EUR.
    """

    product_id: str
    group_id: str
    product_type: TypeName
    gender: Gender
    colour: ColourName
    pattern: PatternName
    material: Material
    brand: str
    price_minor: int
    shape_seed: int
    cloth_seed: int

    @property
    def cut(self) -> Cut:
        """The figure it is cut for."""
        if self.gender == "unisex":
            return "men" if self.shape_seed % 2 else "women"
        return self.gender

    def shape(self) -> Shape:
        """The design's shape."""
        return _shape(self)

    def fabric(self) -> Fabric:
        """The product's materials."""
        return _fabric(self)


@lru_cache(maxsize=_REMEMBERED)
def _shape(spec: ProductSpec) -> Shape:
    rng = np.random.default_rng(spec.shape_seed)
    return FACTS[spec.product_type].design.sample(rng, spec.cut)


@lru_cache(maxsize=_REMEMBERED)
def _fabric(spec: ProductSpec) -> Fabric:
    rng = np.random.default_rng([spec.cloth_seed, spec.shape_seed])
    main = sample_shade(spec.colour, rng)
    second, third = _companions(main, spec.colour, rng)
    cloth = Cloth(
        rgb=main,
        pattern=_pattern(spec, second, third, rng),
        weave=spec.material.weave,
        gloss=spec.material.gloss,
    )
    trim = mix(main, (0.04, 0.04, 0.05), 0.30) if rng.random() < 0.5 else second
    thread = mix(main, (1.0, 1.0, 1.0) if luminance(main) < 0.6 else (0.25, 0.22, 0.2), 0.55)
    if spec.material.word == "denim":
        thread = (0.86, 0.60, 0.30) if luminance(main) < 0.8 else (0.75, 0.72, 0.68)
    metal = _METALS[int(rng.integers(len(_METALS)))]
    return Fabric(
        main=cloth, trim=replace(cloth, rgb=trim, pattern=None), thread=thread, metal=metal
    )


def _pattern(
    spec: ProductSpec, second: Rgb, third: Rgb, rng: np.random.Generator
) -> Pattern | None:
    low, high = _PERIODS[spec.pattern]
    period, share = float(rng.uniform(low, high)), float(rng.uniform(0.26, 0.42))
    turned = rng.random() < 0.5
    if spec.pattern == "plain":
        return None
    if spec.product_type in ("sneakers", "heels", "cap"):
        period *= 0.6
    upright = spec.pattern == "striped" and spec.product_type in ("shirt", "trousers", "dress")
    return Pattern(
        kind=spec.pattern,
        second_rgb=second,
        third_rgb=third,
        period=period,
        share=share,
        angle=float(np.pi / 2) if upright and turned else 0.0,
        seed=int(rng.integers(1 << 16)),
    )


def _companions(main: Rgb, name: ColourName, rng: np.random.Generator) -> tuple[Rgb, Rgb]:
    """Two further colours that stand out from the ground (and mostly from each other)."""
    light = luminance(main)
    safe: ColourName = "white" if light < 0.62 else ("navy blue" if rng.random() < 0.5 else "black")
    lab = rgb_to_lab(np.array(main))
    far: list[ColourName] = [
        other
        for other in COLOURS
        if other != name
        and np.linalg.norm(rgb_to_lab(np.array(sample_shade(other, rng))) - lab) > 42
    ]
    bold = far[int(rng.integers(len(far)))]
    first, second = (safe, bold) if rng.random() < 0.72 else (bold, safe)
    return sample_shade(first, rng), sample_shade(second, rng)


def iter_specs(seed: int) -> Iterator[ProductSpec]:
    """Products without end: designs of all types in turn, each in one to four colours."""
    rng = np.random.default_rng(seed)
    number = design = 0
    while True:
        # Every lap through the types has its own order, so that any prefix is nearly even.
        for place in rng.permutation(len(TYPES)):
            design += 1
            for spec in _sample_design(TYPES[int(place)], design, rng):
                number += 1
                yield replace(spec, product_id=f"P{number:04d}")


def sample_specs(count: int, seed: int) -> list[ProductSpec]:
    """The first `count` products of a seed; variants of a design share `group_id`."""
    specs = iter_specs(seed)
    return [next(specs) for _ in range(count)]


def _sample_design(name: TypeName, design: int, rng: np.random.Generator) -> list[ProductSpec]:
    facts = FACTS[name]
    gender = facts.genders[int(rng.integers(len(facts.genders)))]
    pattern = facts.patterns[int(rng.integers(len(facts.patterns)))]
    material = facts.materials[int(rng.integers(len(facts.materials)))]
    price_minor = int(rng.integers(facts.price_low, facts.price_high)) * 100 + int(
        rng.choice([0, 90, 95, 99])
    )
    wanted = int(rng.choice([1, 2, 3, 4], p=[0.25, 0.30, 0.25, 0.20]))
    drawn: list[ColourName] = [facts.colours[int(i)] for i in rng.permutation(len(facts.colours))]
    colours = list(dict.fromkeys(drawn))[:wanted]
    shape_seed = int(rng.integers(1 << 31))
    return [
        ProductSpec(
            product_id="",
            group_id=f"G{design:03d}",
            product_type=name,
            gender=gender,
            colour=colour,
            pattern=pattern,
            material=material,
            brand=BRANDS[shape_seed % len(BRANDS)],
            price_minor=price_minor,
            shape_seed=shape_seed,
            cloth_seed=int(rng.integers(1 << 31)),
        )
        for colour in colours
    ]


def sample_companion(
    name: TypeName, gender: Gender, other_than: ColourName, rng: np.random.Generator
) -> ProductSpec:
    """A product to be worn beside another one: mostly plain, of another colour."""
    design = _sample_design(name, 0, rng)[0]
    colours = [colour for colour in FACTS[name].colours if colour != other_than]
    calm = [
        colour
        for colour in colours
        if colour in ("black", "white", "grey", "navy blue", "blue", "brown")
    ]
    chosen = calm if calm and rng.random() < 0.7 else colours
    return replace(
        design, gender=gender if gender in FACTS[name].genders else design.gender,
        colour=chosen[int(rng.integers(len(chosen)))],
        pattern="plain" if rng.random() < 0.75 else design.pattern,
    )  # fmt: skip
