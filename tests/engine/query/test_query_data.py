from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from engine.query.lexicon import default_lexicon
from engine.query.parse import parse_modification
from engine.types import Facet

DATA = Path(__file__).parents[4] / "shared" / "data"
LEXICON = default_lexicon()

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data is not at {DATA}"),
]


@cache
def column(file: str, name: str) -> list:
    parquet = pytest.importorskip("pyarrow.parquet")
    values = parquet.read_table(DATA / file, columns=[name])[name].to_pylist()
    assert values
    return values


@pytest.mark.parametrize(
    ("name", "facet", "least"),
    [
        ("articleType", Facet.TYPE, 130),
        ("baseColour", Facet.COLOUR, 46),
        ("gender", Facet.GENDER, 5),
        ("usage", Facet.OCCASION, 8),
        ("season", Facet.SEASON, 4),
    ],
)
def test_every_raw_value_maps_to_its_own_canonical_value(name, facet, least):
    raws = {raw for raw in column("kagl.parquet", name) if raw}
    assert len(raws) >= least
    canonical = {raw: LEXICON.canonical(facet, raw) for raw in raws}
    assert set(canonical.values()) <= set(LEXICON.values(facet))
    assert len(set(canonical.values())) == len(raws)


@pytest.mark.parametrize(
    ("name", "facet", "share"),
    [
        ("articleType", Facet.TYPE, 0.93),
        ("baseColour", Facet.COLOUR, 0.94),
        ("gender", Facet.GENDER, 0.97),
    ],
)
def test_titles_agree_with_the_columns(name, facet, share):
    titles, raws = column("kagl.parquet", "title"), column("kagl.parquet", name)
    said = agreed = 0
    for title, raw in list(zip(titles, raws, strict=True))[::20]:
        found = {each.value for each in LEXICON.mentions(title) if each.facet is facet}
        if not (raw and found):
            continue
        true = LEXICON.canonical(facet, raw)
        related = LEXICON.narrower(facet, true) | {true, *LEXICON.broader(facet, true)}
        said += 1
        agreed += not related.isdisjoint(found)
    assert said > 500
    assert agreed / said >= share


def test_most_fashion_iq_captions_are_understood():
    captions = [each for pair in column("fashion_iq_captions.parquet", "captions") for each in pair]
    sample = captions[::40]
    understood = sum(bool(parse_modification(each).edits) for each in sample)
    assert understood / len(sample) >= 0.92
