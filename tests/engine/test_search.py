"""The search service over a real catalogue store, the exact index and the toy encoder."""

import dataclasses
from dataclasses import replace

import numpy as np
import pytest

from engine.catalogue.store import CatalogueEntry, open_catalogue
from engine.errors import InvalidInput, NotFound
from engine.filters import Eq, Not, Range, matches
from engine.ids import DEFAULT_TENANT, ProductId
from engine.index.memory import MemoryIndex
from engine.payload import build_point
from engine.query.lexicon import default_lexicon
from engine.search import SearchService
from engine.types import Attribute, Facet, Product, SearchQuery, VectorName
from models.toy import ToyEncoder

COLOURS = {
    "red": (200, 30, 40),
    "blue": (40, 70, 200),
    "green": (40, 150, 60),
    "black": (25, 25, 25),
}
TYPES = {"t-shirt": (90, 90), "dress": (50, 110), "jeans": (40, 115), "cap": (60, 30)}
LEXICON = default_lexicon()


def picture(colour: str, kind: str, shift: int = 0) -> np.ndarray:
    width, height = TYPES[kind]
    image = np.full((128, 96, 3), 250, np.uint8)
    top, left = (128 - height) // 2, max(0, (96 - width) // 2)
    shade = np.clip(np.array(COLOURS[colour]) + shift, 0, 255)
    image[top : top + height, left : left + min(width, 96)] = shade
    return image


def shop() -> list[Product]:
    products = []
    for number, (kind, colour, gender) in enumerate(
        (k, c, g) for k in TYPES for c in COLOURS for g in ("men", "women")
    ):
        attributes = tuple(
            Attribute(name=name, value=value)
            for name, value in (
                (Facet.TYPE, kind),
                (Facet.CATEGORY, LEXICON.category(kind)),
                (Facet.COLOUR, colour),
                (Facet.COLOUR_FAMILY, LEXICON.family(colour)),
                (Facet.GENDER, gender),
            )
        )
        products.append(
            Product(
                product_id=ProductId(f"p{number:02}"),
                title=f"Norvik {gender} {colour} {kind}",
                brand="Norvik" if number % 2 else "Solenne",
                group_id=f"{kind}-{gender}",
                price_minor=1000 + 100 * number,
                currency="EUR",
                attributes=attributes,
            )
        )
    return products


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    encoder = ToyEncoder()
    catalogue = open_catalogue(f"sqlite:///{tmp_path_factory.mktemp('shop')}/catalogue.sqlite")
    index = MemoryIndex(encoder.encoder_id.dims)
    products = shop()
    shown = encoder.embed_images(
        [
            picture(each.values(Facet.COLOUR)[0], each.values(Facet.TYPE)[0], number % 7)
            for number, each in enumerate(products)
        ]
    )
    titles = encoder.embed_texts([each.title for each in products])
    catalogue.put_pending(
        [CatalogueEntry(product=each, row_hash="r", version="v") for each in products]
    )
    index.upsert(
        [
            build_point(each, {VectorName.PICTURE: seen, VectorName.TITLE: read}, version="v")
            for each, seen, read in zip(products, shown, titles, strict=True)
        ]
    )
    catalogue.mark_indexed({each.product_id: "v" for each in products})
    yield SearchService(
        index=index, catalogue=catalogue, encoder=encoder, predictor=encoder, lexicon=LEXICON
    )
    catalogue.close()


def found(result) -> list[tuple[str, ...]]:
    facets = (Facet.TYPE, Facet.COLOUR, Facet.GENDER)
    return [tuple(hit.product.values(each)[0] for each in facets) for hit in result.hits]


def like(kind: str, colour: str, gender: str) -> ProductId:
    wanted = f"Norvik {gender} {colour} {kind}"
    return next(each.product_id for each in shop() if each.title == wanted)


def test_like_this_but_red_gives_the_red_one_first(service):
    for kind in TYPES:
        query = SearchQuery(
            like=like(kind, "blue", "women"), modification="but red", group_variants=False
        )
        assert found(service.search(query))[0] == (kind, "red", "women")


def test_a_picture_but_red_gives_red_ones(service):
    query = SearchQuery(
        picture=picture("blue", "dress"), modification="but red", limit=2, group_variants=False
    )
    result = service.search(query)
    assert {colour for _, colour, _ in found(result)} == {"red"}
    assert [edit.edit_id for edit in result.parse.edits] == ["colour:set:red"]
    assert any(each.name is Facet.COLOUR and each.value == "blue" for each in result.reference)


def test_what_was_chosen_in_a_picture_is_what_is_looked_for(service):
    query = SearchQuery(picture=picture("red", "dress"), shows=frozenset({"t-shirt"}))
    result = service.search(query)
    assert {kind for kind, *_ in found(result)} == {"t-shirt"}
    by_category = replace(query, shows=frozenset({LEXICON.category("jeans")}))
    assert {kind for kind, *_ in found(service.search(by_category))} == {"jeans"}
    changed = service.search(replace(query, modification="but as jeans"))
    assert found(changed)[0][0] == "jeans"


def test_a_dropped_edit_no_longer_counts(service):
    query = SearchQuery(
        like=like("dress", "blue", "women"), modification="but red", group_variants=False
    )
    dropped = service.search(dataclasses.replace(query, drop=("colour:set:red",)))
    assert dropped.parse.edits == ()
    assert dropped.parse.dropped == ("colour:set:red",)
    assert not any(reason.text == "red, as asked" for hit in dropped.hits for reason in hit.reasons)


def test_words_find_what_they_say(service):
    result = service.search(SearchQuery(text="black jeans for men", group_variants=False))
    assert found(result)[0] == ("jeans", "black", "men")


def test_the_reference_itself_is_no_hit(service):
    own = like("cap", "red", "men")
    result = service.search(SearchQuery(like=own, group_variants=False, limit=100))
    assert own not in {hit.product.product_id for hit in result.hits}
    assert len(result.hits) == len(shop()) - 1


def test_filters_hold_for_every_hit(service):
    condition = Range("price_minor", at_most=2000)
    result = service.search(SearchQuery(text="dress", condition=condition, group_variants=False))
    assert result.hits
    assert all(hit.product.price_minor <= 2000 for hit in result.hits)


def test_hard_edits_hold_for_every_hit(service):
    query = SearchQuery(
        like=like("dress", "blue", "women"),
        modification="but not red, under 35 euros",
        limit=100,
        group_variants=False,
    )
    hits = service.search(query).hits
    assert hits
    assert all(hit.product.price_minor <= 3500 for hit in hits)
    assert all("red" not in hit.product.values(Facet.COLOUR) for hit in hits)


def test_pages_joined_are_the_whole_list(service):
    query = SearchQuery(text="red dress", group_variants=False, limit=100)
    whole = [hit.product.product_id for hit in service.search(query).hits]
    pages, cursor = [], ""
    while True:
        page = service.search(dataclasses.replace(query, limit=7, cursor=cursor))
        pages += [(hit.rank, hit.product.product_id) for hit in page.hits]
        cursor = page.next_cursor
        if not cursor:
            break
    assert [each for _, each in pages] == whole
    assert [rank for rank, _ in pages] == list(range(1, len(shop()) + 1))


@pytest.mark.parametrize("query", [{"text": "red dress"}, {"like": ProductId("p05")}])
def test_paging_goes_on_past_the_pool(service, monkeypatch, query):
    monkeypatch.setattr("engine.retrieval.POOL", 8)
    monkeypatch.setattr("engine.retrieval.ENOUGH", 4)
    pages, cursor = [], ""
    for _ in range(20):
        page = service.search(SearchQuery(**query, group_variants=False, limit=5, cursor=cursor))
        pages += page.hits
        cursor = page.next_cursor
        if not cursor:
            break
    ids = [hit.product.product_id for hit in pages]
    assert len(ids) == len(set(ids)) == len(shop()) - ("like" in query)
    scores = [hit.score for hit in pages]
    assert scores == sorted(scores, reverse=True)


def test_variants_are_one_hit(service):
    result = service.search(SearchQuery(text="red dress for women", limit=100))
    groups = [hit.product.group_id for hit in result.hits]
    assert len(groups) == len(set(groups)) == len(TYPES) * 2
    assert result.hits[0].product.group_id == "dress-women"
    assert len(result.hits[0].variants) == len(COLOURS) - 1


def test_facets_count_what_passes_the_filter(service):
    condition = Eq("type", "dress")
    result = service.search(
        SearchQuery(text="red", condition=condition, facets=(Facet.COLOUR, Facet.TYPE))
    )
    passing = [
        each for each in shop() if matches(condition, {"type": list(each.values(Facet.TYPE))})
    ]
    counted = {each.value: each.count for each in result.facets[Facet.COLOUR]}
    assert counted == {
        colour: sum(colour in each.values(Facet.COLOUR) for each in passing) for colour in COLOURS
    }
    assert [(each.value, each.count) for each in result.facets[Facet.TYPE]] == [("dress", 8)]


def test_reasons_say_which_edits_are_met(service):
    query = SearchQuery(
        like=like("cap", "blue", "men"), modification="but red", limit=100, group_variants=False
    )
    result = service.search(query)
    assert result.hits[0].reasons[0].text == "red, as asked"
    assert not result.hits[-1].reasons[0].met
    assert "others come close" in result.degraded[0].message


def test_negatives_push_away(service):
    near = SearchQuery(like=like("dress", "red", "women"), group_variants=False, limit=5)
    away = dataclasses.replace(near, negatives=(like("dress", "red", "men"),))
    assert like("dress", "red", "men") in {h.product.product_id for h in service.search(near).hits}
    assert like("dress", "red", "men") not in {
        hit.product.product_id for hit in service.search(away).hits
    }


def test_negatives_count_without_a_reference_too(service):
    plain = SearchQuery(text="red dress", group_variants=False, limit=100)
    away = dataclasses.replace(plain, negatives=(like("dress", "red", "men"),))
    before = [h.product.product_id for h in service.search(plain).hits]
    after = [h.product.product_id for h in service.search(away).hits]
    assert set(before) - set(after) == set(away.negatives)
    assert [each for each in before if each not in away.negatives] != after


def test_the_same_query_gives_the_same_answer(service):
    query = SearchQuery(picture=picture("green", "jeans"), modification="in black")
    first, second = service.search(query), service.search(query)
    assert [hit.score for hit in first.hits] == [hit.score for hit in second.hits]
    assert first.hits == second.hits


def test_nothing_said_shows_the_catalogue(service):
    condition = Not(Eq("colour", "red"))
    result = service.search(SearchQuery(condition=condition, limit=100, group_variants=False))
    assert len(result.hits) == len(shop()) * 3 // 4


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (SearchQuery(modification="but red"), "needs something to modify"),
        (SearchQuery(text="x", limit=0), "expected 1 to 100"),
        (SearchQuery(text="x", limit=101), "expected 1 to 100"),
        (SearchQuery(text="x" * 600), "at most 512"),
        (SearchQuery(text="x", cursor="nonsense"), "does not belong"),
        (SearchQuery(like=ProductId("p01"), picture=picture("red", "cap")), "both a picture"),
    ],
)
def test_bad_queries_are_refused(service, query, message):
    with pytest.raises(InvalidInput, match=message):
        service.search(query)


@pytest.mark.parametrize("field", ["like", "positives", "negatives"])
def test_unknown_products_are_not_found(service, field):
    value = ProductId("nobody") if field == "like" else (ProductId("nobody"),)
    query = SearchQuery(text="x", **{field: value})
    with pytest.raises(NotFound, match="nobody"):
        service.search(query)
    with pytest.raises(NotFound, match="nobody"):
        service.product(ProductId("nobody"), DEFAULT_TENANT)


def test_alternatives_are_named_together_in_reasons_and_notes(service):
    found = service.search(SearchQuery(text="red or blue dress", limit=100, group_variants=False))
    said = {reason.text for hit in found.hits for reason in hit.reasons}
    assert "green, not red or blue" in said
    assert any("colour: red or blue" in each.message for each in found.degraded)


def test_a_refusal_of_something_unknown_is_told(service):
    found = service.search(SearchQuery(text="not acme dress under 40 euros"))
    assert any("'not acme'" in each.message for each in found.degraded)
    assert all(each.operation.value == "at_most" for each in found.parse.edits if each.currency)


def test_the_end_of_paging_is_told(service, monkeypatch):
    monkeypatch.setattr("engine.search.MAX_DEPTH", 6)
    page = service.search(SearchQuery(text="dress", limit=3))
    assert page.next_cursor
    assert all(each.part != "cursor" for each in page.degraded)
    last = service.search(SearchQuery(text="dress", limit=3, cursor=page.next_cursor))
    assert not last.next_cursor
    assert [each.part for each in last.degraded].count("cursor") == 1
