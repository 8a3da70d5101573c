"""What a shopper does with the pictures of a change, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.container import Container
from api.settings import Settings
from engine.ids import ProductId
from engine.query.lexicon import default_lexicon
from engine.query.parse import parse_modification
from engine.rendering import change_of
from engine.types import Facet
from tests.api.pictures import encoded, garment
from tests.dyes import DyeingRenderer, a_source
from tests.e2e.conftest import PATIENCE_MS, settled
from tests.e2e.stage.conftest import BATCH, REFERENCE, focused, path_of, state_of, there

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
expect = playwright.expect
expect.set_options(timeout=PATIENCE_MS)


def test_a_sketch_is_called_one_and_stays_small(open_page, gate) -> None:
    gate.release(BATCH)
    page = open_page("/?like=P01&q=with+stripes&show=1")
    expect(there(page)).to_have_count(BATCH)
    expect(page.locator("#stage-row .stage-mark")).to_have_text(["Generated sketch"] * BATCH)
    expect(page.locator("#stage-notes")).to_have_text("a sketch: shapes are only hinted at")
    expect(page.locator(".stage-own:visible")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    natural = page.evaluate("document.querySelector('[data-src] img').naturalWidth")
    shown = page.locator("[data-src] img").first.bounding_box()
    assert shown is not None
    assert shown["width"] <= natural
    there(page).first.locator("button").click()
    large = page.locator("#large-picture").bounding_box()
    assert large is not None
    assert large["width"] <= natural


def test_products_like_a_variant_are_found(open_page, gate) -> None:
    gate.release(BATCH)
    page = open_page(REFERENCE + "&show=1")
    expect(there(page)).to_have_count(BATCH)
    second = page.get_by_role("link", name="Find products like variant 2")
    assert "variant" in second.get_attribute("href")
    second.click()
    page.wait_for_url("**/?picture=variant*")
    settled(page)
    expect(page.locator("#stage")).to_be_hidden()
    expect(page.locator("#found-title")).to_have_text("Like the variant")
    assert "Red" in page.locator("#results .card h3").first.inner_text()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.querySelector('#reference-picture').naturalWidth") > 0
    assert focused(page) == "words"

    shared = open_page(path_of(page))
    assert "Red" in shared.locator("#results .card h3").first.inner_text()
    page.go_back()
    expect(there(page)).to_have_count(BATCH)
    gate.release(BATCH)
    page.go_forward()
    settled(page)
    page.locator("#words").fill("but black")
    page.locator("#words").press("Enter")
    page.wait_for_url("**q=but*black*")
    settled(page)
    page.locator("#show-me").click()
    expect(there(page)).to_have_count(BATCH)
    expect(page.locator(".is-reference .stage-label")).to_have_text("The variant")


def test_a_shoppers_own_picture(open_page, gate, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(encoded(garment("blue", size_wh=(600, 800))))
    gate.release(BATCH)
    page = open_page()
    page.locator("#file").set_input_files(photo)
    page.wait_for_url("**/?picture=upload*")
    settled(page)
    expect(page.locator("#show-me")).to_be_hidden()
    page.locator("#words").fill("but green")
    page.locator("#words").press("Enter")
    page.locator("#show-me").click()
    expect(there(page)).to_have_count(BATCH)
    expect(page.locator(".is-reference .stage-label")).to_have_text("Yours")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download variant 1").click()
    assert download.value.suggested_filename == "lookalike-variant-1.webp"
    # Other words, other pictures; the stage goes with them.
    gate.release(BATCH)
    page.locator("#words").fill("but black")
    page.locator("#words").press("Enter")
    expect(page.locator("#stage-title")).to_have_text("Yours, but black")
    expect(there(page)).to_have_count(BATCH)
    page.locator("#words").fill("")
    page.locator("#words").press("Enter")
    expect(page.locator("#stage")).to_be_hidden()


def test_a_product_of_the_results_asks_what_should_change(open_page, gate) -> None:
    gate.release(BATCH)
    page = open_page("/?q=dress")
    expect(page.locator("#show-me")).to_be_hidden()
    card = page.locator("#results .card").nth(1)
    product = card.get_attribute("data-product")
    card.get_by_role("link", name="Show me").click()
    expect(page.locator("#stage-words")).to_be_focused()
    expect(there(page)).to_have_count(0)
    title = card.locator("h3").inner_text()
    expect(page.locator("#stage-title")).to_have_text(title)
    assert page.evaluate("document.querySelector('.is-reference img').src") != ""
    expect(page.locator("#stage-picks button").first).to_have_text("red")
    page.keyboard.type("but green")
    page.keyboard.press("Enter")
    expect(there(page)).to_have_count(BATCH)
    expect(page.locator("#stage-picks")).to_be_hidden()
    expect(page.locator("#stage-title")).to_have_text(f"{title}, but green")
    assert state_of(page)["show-of"] == [product]
    assert state_of(page)["show-but"] == ["but green"]
    shared = open_page(path_of(page))
    expect(there(shared)).to_have_count(BATCH)
    expect(shared.locator("#stage-words")).to_have_value("but green")
    page.keyboard.press("Escape")
    expect(page.locator("#stage")).to_be_hidden()
    assert focused(page) == f"Show me {title} with a change"


def test_a_change_can_be_picked_for_any_product(open_page, gate) -> None:
    gate.release(BATCH)
    page = open_page("/?q=black+top&show=1&show-of=P01")
    expect(page.locator("#stage-title")).to_contain_text("Blue Dress")
    page.get_by_role("list", name="For example").get_by_role("button", name="green").click()
    expect(there(page)).to_have_count(BATCH)
    assert state_of(page)["show-but"] == ["but green"]
    assert focused(page) == "stage-title"


def test_a_product_is_shown_with_what_it_lacks_of_the_change(open_page, gate) -> None:
    gate.release(BATCH)
    page = open_page("/?like=P01&q=but+red,+with+stripes,+under+60")
    card = page.locator("#results .card", has_text="Red").first
    card.get_by_role("link", name="Show me").click()
    expect(page.locator("#stage-words")).to_have_value(re.compile("^but (with )?strip(es|ed)$"))
    expect(there(page)).to_have_count(BATCH)


class TestHelpers:
    @pytest.fixture
    def renderer(self, stocked_home: Path) -> DyeingRenderer:
        with Container(Settings(home=stocked_home, encoder="toy")) as container:
            helper = ProductId("P04")
            picture = container.catalogue.get_many([helper])[helper].pictures[0]
        return DyeingRenderer(sources=[a_source("P04", picture)])

    def test_products_that_helped_are_shown_once(self, open_page) -> None:
        page = open_page(REFERENCE + "&show=1")
        expect(there(page)).to_have_count(BATCH)
        helped = page.locator("#stage-helped")
        expect(helped.get_by_role("link")).to_have_count(1)
        expect(page.locator(".stage-own .stage-source")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        assert helped.locator("img").evaluate("(each) => each.naturalWidth") > 0
        helped.get_by_role("link").click()
        page.wait_for_url("**/?like=P04")
        expect(page.locator("#stage")).to_be_hidden()


PHRASES = (
    "but red, no sleeves, under 40, for women",
    "darker, with a v-neck, in cotton, longer",
    "lighter, more formal, not striped, cheaper",
    "a dress, with shorter sleeves, not nike, over 20",
    "less busy, casual, by acme, not blue",
    "busier, with longer sleeves, sporty, not long sleeves",
)


def test_show_me_is_offered_for_what_can_be_drawn(open_page) -> None:
    lexicon = default_lexicon()
    beliefs = {
        Facet.COLOUR: {"blue": 0.9},
        Facet.PATTERN: {"striped": 0.9},
        Facet.SLEEVE: {"long sleeves": 0.9},
    }
    page = open_page()
    drawn: dict[str, bool] = {}
    offered: dict[str, bool] = {}
    for words in PHRASES:
        parse = parse_modification(words, lexicon=lexicon)
        change = change_of(parse, beliefs, lexicon)
        for edit in parse.edits:
            drawn[edit.edit_id] = edit in change.edits
            offered[edit.edit_id] = page.evaluate(
                "async (edit) => (await import('/web/variants.js')).canShow(edit)",
                {"attribute": edit.attribute, "operation": edit.operation.value},
            )
    assert offered == drawn
    assert len(set(drawn.values())) == 2


def test_it_is_all_done_by_keyboard(open_page, gate) -> None:
    gate.release(BATCH)
    page = open_page(REFERENCE)
    page.locator("#chips .chip").focus()
    page.keyboard.press("Tab")
    assert focused(page) == "show-me"
    page.keyboard.press("Enter")
    expect(there(page)).to_have_count(BATCH)
    assert focused(page) == "stage-title"
    reached = []
    for _ in range(3 * BATCH + 2):
        page.keyboard.press("Tab")
        reached.append(focused(page))
        box = page.evaluate(
            "(r => [r.width, r.height])(document.activeElement.getBoundingClientRect())"
        )
        assert min(box) >= 24, f"{reached[-1]} is only {box} px"
    assert reached[0] == "stage-close"
    assert reached[1].startswith("Variant 1, generated: but red")
    assert reached[2:4] == ["Find products like variant 1", "Download variant 1"]
    assert reached[-1] == "stage-more"

    page.locator("[data-src] button").first.focus()
    page.keyboard.press("Enter")
    large = page.locator("#large")
    expect(large).to_be_visible()
    expect(page.locator("#large-title")).to_have_text("Variant 1 of 4")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#large-title")).to_have_text("Variant 2 of 4")
    expect(page.locator("#large-announce")).to_contain_text("Variant 2, generated")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#large-title")).to_have_text("Variant 4 of 4")
    compare = page.get_by_role("button", name="Compare")
    compare.focus()
    page.keyboard.press("Space")
    expect(compare).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#large-title")).to_contain_text("Blue Dress")
    expect(page.locator("#large-mark")).to_be_hidden()
    page.keyboard.press("Space")
    expect(page.locator("#large-mark")).to_have_text("Generated")
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(page.locator("#stage")).to_be_visible()
    assert focused(page).startswith("Variant 1, generated"), "back where it was opened"
    page.keyboard.press("Escape")
    expect(page.locator("#stage")).to_be_hidden()
    assert focused(page) == "show-me"


@pytest.mark.parametrize("width", [360, 320])
def test_a_phone_shows_the_stage_without_scrolling_sideways(open_page, gate, width: int) -> None:
    gate.release(BATCH)
    page = open_page(REFERENCE + "&show=1", width=width, height=740)
    expect(there(page)).to_have_count(BATCH)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    there(page).first.locator("button").click()
    expect(page.locator("#large")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    inside = page.evaluate(
        "(e => [e.scrollWidth, e.clientWidth])(document.querySelector('#large'))"
    )
    assert inside[0] <= inside[1]
    page.keyboard.press("Escape")
    first = page.locator("#results .card").first
    more, show = (first.locator(".like").nth(place).bounding_box() for place in (0, 1))
    assert more is not None
    assert show is not None
    assert min(more["height"], show["height"]) >= 24
