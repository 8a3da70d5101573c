from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

import engine.query
from engine.errors import InvalidInput
from engine.query.lexicon import default_lexicon, load_lexicon
from engine.types import Facet

LEXICON = default_lexicon()
VOCABULARY = Path(engine.query.__file__).parent / "vocabulary"
# Clothing Co-Parsing (Yang, Luo, Lin 2014), without null, hair and skin.
CCP_CLASSES = """
accessories bag belt blazer blouse bodysuit boots bra bracelet cape cardigan clogs coat dress
earrings flats glasses gloves hat heels hoodie intimate jacket jeans jumper leggings loafers
necklace panties pants pumps purse ring romper sandals scarf shirt shoes shorts skirt sneakers
socks stockings suit sunglasses sweater sweatshirt swimwear t-shirt tie tights top vest wallet
watch wedges
"""
SAMPLE_TYPES = """
t-shirt shirt blouse sweater hoodie jacket coat dress skirt jeans trousers shorts leggings
sneakers boots heels sandals handbag backpack cap
"""


@pytest.mark.parametrize(
    ("facet", "raw", "value"),
    [
        (Facet.TYPE, "Tshirts", "t-shirt"),
        (Facet.TYPE, "Tops", "top"),
        (Facet.TYPE, "Kurtas", "kurta"),
        (Facet.TYPE, "Kurtis", "kurti"),
        (Facet.TYPE, "Casual Shoes", "casual shoes"),
        (Facet.TYPE, "Dresses", "dress"),
        (Facet.TYPE, "Necklace and Chains", "necklace"),
        (Facet.TYPE, "Apparel & Accessories > Clothing > Shirts & Tops > T-Shirts", "t-shirt"),
        (Facet.TYPE, "Space  Suits", "space suits"),
        (Facet.COLOUR, "Navy Blue", "navy blue"),
        (Facet.COLOUR, "NAVY", "navy blue"),
        (Facet.COLOUR, "Gray Melange", "grey melange"),
        (Facet.COLOUR, "Multi", "multicolour"),
        (Facet.COLOUR, "skin", "skin"),
        (Facet.GENDER, "male", "men"),
        (Facet.GENDER, "F", "women"),
        (Facet.SEASON, "Fall", "autumn"),
        (Facet.PATTERN, "solid", "plain"),
        (Facet.BRAND, "  United  Colors of Benetton ", "united colors of benetton"),
        (Facet.COLOUR, "", ""),
    ],
)
def test_canonical(facet, raw, value):
    assert LEXICON.canonical(facet, raw) == value


@pytest.mark.parametrize(
    ("facet", "raw", "values"),
    [
        (Facet.COLOUR, "Black/White", ("black", "white")),
        (Facet.COLOUR, "Black-White", ("black", "white")),
        (Facet.COLOUR, "black, navy and Black", ("black", "navy blue")),
        (Facet.COLOUR, "Off White", ("off white",)),
        (Facet.COLOUR, "Galaxy / red", ("galaxy", "red")),
        (Facet.TYPE, "Ties and Cufflinks", ("tie and cufflinks",)),
        (Facet.MATERIAL, "Cotton | Linen", ("cotton", "linen")),
        (Facet.BRAND, "H&M", ("h&m",)),
        (Facet.COLOUR, "  ", ()),
    ],
)
def test_canonical_all(facet, raw, values):
    assert LEXICON.canonical_all(facet, raw) == values


def test_families_and_shades():
    assert LEXICON.family("navy blue") == "blue"
    assert LEXICON.family("off white") == "white"
    assert LEXICON.family("grey melange") == "grey"
    assert LEXICON.family("no such colour") == ""
    blues = LEXICON.narrower(Facet.COLOUR, "blue")
    assert {"blue", "navy blue", "turquoise blue"} <= blues
    assert "green" not in blues
    assert LEXICON.narrower(Facet.COLOUR, "navy blue") == {"navy blue"}
    assert LEXICON.broader(Facet.COLOUR, "navy blue") == ("blue",)
    assert LEXICON.broader(Facet.COLOUR, "blue") == ()


def test_every_family_is_a_colour_of_itself():
    for colour in LEXICON.values(Facet.COLOUR):
        family = LEXICON.family(colour)
        assert LEXICON.family(family) == family, colour


def test_every_type_has_a_known_category():
    for each in LEXICON.values(Facet.TYPE):
        assert LEXICON.category(each) in LEXICON.values(Facet.CATEGORY), each
    assert LEXICON.category("no such type") == ""


def test_types_cover_their_kinds():
    shoes = LEXICON.narrower(Facet.TYPE, "shoes")
    assert {"shoes", "casual shoes", "formal shoes", "sports shoes", "boots", "heels"} <= shoes
    assert "sandals" not in shoes
    assert LEXICON.broader(Facet.TYPE, "sports shoes") == ("sneakers", "shoes")
    assert LEXICON.narrower(Facet.TYPE, "unheard of") == {"unheard of"}
    assert "unisex" in LEXICON.narrower(Facet.GENDER, "women")


def test_lab_of_known_colours():
    black, white, red = (LEXICON.lab(each) for each in ("black", "white", "red"))
    assert black[0] < 10
    assert white[0] > 95
    assert red[1] > 45  # a* towards red
    with pytest.raises(KeyError):
        LEXICON.lab("no such colour")


def test_colours_are_told_apart_by_their_shades():
    labs = [LEXICON.lab(each) for each in LEXICON.values(Facet.COLOUR)]
    assert len(set(labs)) == len(labs)


def test_mentions_in_a_title():
    title = "Nike Men Navy Blue Casual Shoes"
    found = [(each.facet, each.value, each.text) for each in LEXICON.mentions(title)]
    assert found == [
        (Facet.GENDER, "men", "Men"),
        (Facet.COLOUR, "navy blue", "Navy Blue"),
        (Facet.TYPE, "casual shoes", "Casual Shoes"),
    ]


def test_typing_errors_are_corrected_on_request_only():
    assert LEXICON.mentions("burgandy jaket") == ()
    found = LEXICON.mentions("burgandy jaket", correct=True)
    assert [(each.value, each.corrected) for each in found] == [
        ("burgundy", True),
        ("jacket", True),
    ]
    assert LEXICON.mentions("jaket", correct=True, known={"jaket"}) == ()


@pytest.mark.parametrize(
    "word", ["bed", "test", "dressed", "short", "shore", "bold", "tone", "wide", "blank", "late"]
)
def test_ordinary_words_are_no_errors(word):
    assert LEXICON.corrector.correct(word) == word


def test_no_phrase_reads_differently_when_corrected():
    for phrase in LEXICON.spoken.meanings:
        assert LEXICON.mentions(phrase) == LEXICON.mentions(phrase, correct=True)


@pytest.mark.parametrize("name", CCP_CLASSES.split())
def test_ccp_classes_are_known(name):
    facet = Facet.CATEGORY if name == "accessories" else Facet.TYPE
    assert LEXICON.canonical(facet, name) in LEXICON.values(facet)


def test_sample_types_are_distinct():
    assert len({LEXICON.canonical(Facet.TYPE, each) for each in SAMPLE_TYPES.split()}) == 20
    assert all(LEXICON.canonical(Facet.TYPE, each) == each for each in SAMPLE_TYPES.split())


def test_poles_of_qualities():
    assert LEXICON.poles("formality") == ("formal elegant", "casual relaxed")
    assert set(LEXICON.qualities.poles) >= {
        "price", "formality", "length", "darkness", "busyness", "tightness", "warmth"
    }  # fmt: skip


def test_loads_quickly():
    runs = []
    for _ in range(3):
        begin = time.thread_time()
        load_lexicon()
        runs.append(time.thread_time() - begin)
    assert min(runs) < 0.2  # some 35 ms on a free core


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidInput, match=r"language\.yaml"):
        load_lexicon(tmp_path)


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("colours.yaml", 'azure: {family: blue, hex: "3366ff", words: [navy]}', "means both"),
        ("colours.yaml", 'azure: {family: blue, hex: "36f", words: []}', "six hexadecimal"),
        ("types.yaml", "anorak two: {category: tops, is: [no such type]}", "no such type"),
        ("types.yaml", "hatt: {category: tops, word: [hattt]}", "unknown keys"),
        ("sleeves.yaml", "raglan: {words: raglan}", "expected a list"),
        ("sleeves.yaml", "raglan: [", "not YAML"),
        ("qualities.yaml", "noise: {poles: [loud]}", "1 poles"),
        ("language.yaml", "greetings: [hello]", "greetings"),
    ],
)
def test_mistakes_in_a_vocabulary_are_explained(tmp_path, name, line, message):
    shutil.copytree(VOCABULARY, tmp_path / "v")
    with (tmp_path / "v" / name).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(InvalidInput, match=message):
        load_lexicon(tmp_path / "v")
