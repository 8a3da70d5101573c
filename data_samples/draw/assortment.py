"""What the shop sells: for each type its cuts, colours, patterns, materials and prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np

from data_samples.draw.cloth import Weave
from data_samples.draw.garments.backpacks import Backpack
from data_samples.draw.garments.boots import Boots
from data_samples.draw.garments.caps import Cap
from data_samples.draw.garments.coats import Coat
from data_samples.draw.garments.dresses import Dress
from data_samples.draw.garments.handbags import Handbag
from data_samples.draw.garments.heels import Heels
from data_samples.draw.garments.hoodies import Hoodie
from data_samples.draw.garments.jackets import Jacket
from data_samples.draw.garments.jeans import Jeans
from data_samples.draw.garments.leggings import Leggings
from data_samples.draw.garments.piece import Garment
from data_samples.draw.garments.sandals import Sandals
from data_samples.draw.garments.shirts import Blouse, Shirt
from data_samples.draw.garments.shorts import Shorts
from data_samples.draw.garments.skirts import Skirt
from data_samples.draw.garments.sneakers import Sneakers
from data_samples.draw.garments.sweaters import Sweater
from data_samples.draw.garments.trousers import Trousers
from data_samples.draw.garments.tshirts import TShirt
from data_samples.draw.palette import COLOURS, ColourName
from data_samples.draw.patterns import PatternName

TypeName = Literal[
    "t-shirt", "shirt", "blouse", "sweater", "hoodie", "jacket", "coat", "dress", "skirt",
    "jeans", "trousers", "shorts", "leggings", "sneakers", "boots", "heels", "sandals",
    "handbag", "backpack", "cap",
]  # fmt: skip
TYPES: tuple[TypeName, ...] = get_args(TypeName)
Gender = Literal["women", "men", "unisex"]
Region = Literal["upper", "outer", "full", "lower", "feet", "hand", "back", "head"]

Shoe = Sneakers | Boots | Heels | Sandals
Shape = Garment | Shoe


class _Design(Protocol):
    def sample(self, rng: np.random.Generator, cut: str) -> Shape: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A material as a title names it and as the painter weaves it."""

    word: str
    weave: Weave
    gloss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFacts:
    """The limits within which products of a type vary; prices in major units, sizes as labels."""

    design: _Design
    region: Region
    noun: str
    path: str
    genders: tuple[Gender, ...]
    patterns: tuple[PatternName, ...]
    materials: tuple[Material, ...]
    price_low: int
    price_high: int
    sizes: tuple[str, ...]
    colours: tuple[ColourName, ...] = COLOURS


_COTTON = Material(word="cotton", weave="jersey", gloss=0.03)
_POPLIN = Material(word="cotton", weave="smooth", gloss=0.05)
_LINEN = Material(word="linen", weave="woven", gloss=0.03)
_VISCOSE = Material(word="viscose", weave="smooth", gloss=0.10)
_SATIN = Material(word="satin", weave="satin", gloss=0.30)
_WOOL = Material(word="wool", weave="woven", gloss=0.02)
_FLEECE = Material(word="cotton fleece", weave="smooth", gloss=0.02)
_NYLON = Material(word="nylon", weave="smooth", gloss=0.22)
_DENIM = Material(word="denim", weave="denim", gloss=0.02)
_LEATHER = Material(word="leather", weave="leather", gloss=0.30)
_SUEDE = Material(word="suede", weave="suede", gloss=0.03)
_CANVAS = Material(word="canvas", weave="woven", gloss=0.03)
_STRETCH = Material(word="polyamide", weave="smooth", gloss=0.16)

_LETTER = ("XS", "S", "M", "L", "XL")
_SHOE = ("36", "37", "38", "39", "40", "41", "42", "43", "44")
_ONE = ("one size",)
_PRINTS: tuple[PatternName, ...] = ("plain", "striped", "checked", "polka dot", "floral")
_BOTH: tuple[Gender, ...] = ("women", "men")
_WOMEN: tuple[Gender, ...] = ("women",)

FACTS: dict[TypeName, TypeFacts] = {
    "t-shirt": TypeFacts(
        design=TShirt,
        region="upper",
        noun="T-Shirt",
        path="Clothing > Tops > T-Shirts",
        genders=_BOTH,
        patterns=("plain", "plain", "striped", "polka dot", "graphic print", "graphic print"),
        materials=(_COTTON,),
        price_low=12,
        price_high=35,
        sizes=_LETTER,
    ),
    "shirt": TypeFacts(
        design=Shirt,
        region="upper",
        noun="Shirt",
        path="Clothing > Tops > Shirts",
        genders=_BOTH,
        patterns=("plain", "plain", "striped", "checked", "checked", "floral", "polka dot"),
        materials=(_POPLIN, _LINEN),
        price_low=25,
        price_high=79,
        sizes=_LETTER,
    ),
    "blouse": TypeFacts(
        design=Blouse,
        region="upper",
        noun="Blouse",
        path="Clothing > Tops > Blouses",
        genders=_WOMEN,
        patterns=("plain", "plain", "striped", "polka dot", "floral", "floral"),
        materials=(_VISCOSE, _SATIN),
        price_low=25,
        price_high=85,
        sizes=_LETTER,
    ),
    "sweater": TypeFacts(
        design=Sweater,
        region="upper",
        noun="Sweater",
        path="Clothing > Knitwear > Sweaters",
        genders=_BOTH,
        patterns=("plain", "plain", "plain", "striped", "striped"),
        materials=(_WOOL,),
        price_low=35,
        price_high=120,
        sizes=_LETTER,
    ),
    "hoodie": TypeFacts(
        design=Hoodie,
        region="upper",
        noun="Hoodie",
        path="Clothing > Tops > Hoodies",
        genders=_BOTH,
        patterns=("plain", "plain", "graphic print", "graphic print", "striped"),
        materials=(_FLEECE,),
        price_low=30,
        price_high=80,
        sizes=_LETTER,
    ),
    "jacket": TypeFacts(
        design=Jacket,
        region="outer",
        noun="Jacket",
        path="Clothing > Outerwear > Jackets",
        genders=_BOTH,
        patterns=("plain", "plain", "plain", "plain", "checked"),
        materials=(_NYLON, _LEATHER, _DENIM),
        price_low=55,
        price_high=240,
        sizes=_LETTER,
    ),
    "coat": TypeFacts(
        design=Coat,
        region="outer",
        noun="Coat",
        path="Clothing > Outerwear > Coats",
        genders=_BOTH,
        patterns=("plain", "plain", "plain", "checked"),
        materials=(_WOOL,),
        price_low=90,
        price_high=320,
        sizes=_LETTER,
    ),
    "dress": TypeFacts(
        design=Dress,
        region="full",
        noun="Dress",
        path="Clothing > Dresses",
        genders=_WOMEN,
        patterns=_PRINTS,
        materials=(_VISCOSE, _POPLIN, _SATIN),
        price_low=35,
        price_high=160,
        sizes=_LETTER,
    ),
    "skirt": TypeFacts(
        design=Skirt,
        region="lower",
        noun="Skirt",
        path="Clothing > Skirts",
        genders=_WOMEN,
        patterns=_PRINTS,
        materials=(_VISCOSE, _POPLIN, _SATIN),
        price_low=25,
        price_high=90,
        sizes=_LETTER,
    ),
    "jeans": TypeFacts(
        design=Jeans,
        region="lower",
        noun="Jeans",
        path="Clothing > Trousers > Jeans",
        genders=_BOTH,
        patterns=("plain",),
        materials=(_DENIM,),
        price_low=35,
        price_high=120,
        sizes=_LETTER,
        colours=("blue", "navy blue", "black", "grey", "white", "blue", "brown", "green", "pink"),
    ),
    "trousers": TypeFacts(
        design=Trousers,
        region="lower",
        noun="Trousers",
        path="Clothing > Trousers",
        genders=_BOTH,
        patterns=("plain", "plain", "plain", "checked", "striped"),
        materials=(_POPLIN, _LINEN, _WOOL),
        price_low=35,
        price_high=130,
        sizes=_LETTER,
    ),
    "shorts": TypeFacts(
        design=Shorts,
        region="lower",
        noun="Shorts",
        path="Clothing > Shorts",
        genders=_BOTH,
        patterns=("plain", "plain", "plain", "checked", "floral"),
        materials=(_POPLIN,),
        price_low=18,
        price_high=60,
        sizes=_LETTER,
    ),
    "leggings": TypeFacts(
        design=Leggings,
        region="lower",
        noun="Leggings",
        path="Clothing > Sportswear > Leggings",
        genders=_WOMEN,
        patterns=("plain", "plain", "plain", "floral", "polka dot"),
        materials=(_STRETCH,),
        price_low=18,
        price_high=75,
        sizes=_LETTER,
    ),
    "sneakers": TypeFacts(
        design=Sneakers,
        region="feet",
        noun="Sneakers",
        path="Shoes > Sneakers",
        genders=(*_BOTH, "unisex"),
        patterns=("plain", "plain", "plain", "plain", "checked", "floral"),
        materials=(_CANVAS, _LEATHER),
        price_low=40,
        price_high=150,
        sizes=_SHOE,
    ),
    "boots": TypeFacts(
        design=Boots,
        region="feet",
        noun="Boots",
        path="Shoes > Boots",
        genders=_BOTH,
        patterns=("plain",),
        materials=(_LEATHER, _SUEDE),
        price_low=70,
        price_high=260,
        sizes=_SHOE,
    ),
    "heels": TypeFacts(
        design=Heels,
        region="feet",
        noun="Heels",
        path="Shoes > Heels",
        genders=_WOMEN,
        patterns=("plain", "plain", "plain", "plain", "polka dot"),
        materials=(_LEATHER, _SUEDE, _SATIN),
        price_low=45,
        price_high=190,
        sizes=_SHOE,
    ),
    "sandals": TypeFacts(
        design=Sandals,
        region="feet",
        noun="Sandals",
        path="Shoes > Sandals",
        genders=_BOTH,
        patterns=("plain",),
        materials=(_LEATHER, _SUEDE),
        price_low=20,
        price_high=95,
        sizes=_SHOE,
    ),
    "handbag": TypeFacts(
        design=Handbag,
        region="hand",
        noun="Handbag",
        path="Bags > Handbags",
        genders=_WOMEN,
        patterns=("plain", "plain", "plain", "checked", "striped", "floral"),
        materials=(_LEATHER, _CANVAS),
        price_low=35,
        price_high=280,
        sizes=_ONE,
    ),
    "backpack": TypeFacts(
        design=Backpack,
        region="back",
        noun="Backpack",
        path="Bags > Backpacks",
        genders=("unisex",),
        patterns=("plain", "plain", "plain", "checked", "graphic print", "polka dot"),
        materials=(_NYLON, _CANVAS),
        price_low=30,
        price_high=140,
        sizes=_ONE,
    ),
    "cap": TypeFacts(
        design=Cap,
        region="head",
        noun="Cap",
        path="Accessories > Caps",
        genders=("unisex", "men"),
        patterns=("plain", "plain", "plain", "checked", "graphic print"),
        materials=(_CANVAS,),
        price_low=12,
        price_high=40,
        sizes=_ONE,
    ),
}
