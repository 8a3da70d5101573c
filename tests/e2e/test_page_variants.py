"""What a change looks like, as a shopper has it drawn, in a real browser."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.container import Container
from api.settings import Limits, Settings
from engine.ids import ProductId
from engine.query.lexicon import default_lexicon
from engine.query.parse import parse_modification
from engine.rendering import DrawRequest, Rendering, change_of
from engine.types import Facet
from tests.api.pictures import encoded, garment
from tests.dyes import DyeingRenderer, a_source
from tests.e2e.conftest import PATIENCE_MS, serving, settled

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
Page = playwright.Page
expect = playwright.expect
expect.set_options(timeout=PATIENCE_MS)

BATCH = 4
REFERENCE = "/?like=P01&q=but+red"
"""P01 is a blue dress."""


class FaintRenderer(DyeingRenderer):
    """Draws one picture and breaks, until it is told to be well."""

    well = False

    def _drawn(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
        for each in super()._drawn(request, seeds):
            if not self.well and each.seed == seeds[-1] and len(seeds) > 1:
                raise RuntimeError("out of paint")
            yield each


@pytest.fixture
def gate() -> Iterator[threading.Semaphore]:
    """Lets pictures through, one a release."""
    gate = threading.Semaphore(0)
    yield gate
    gate.release(1000)


@pytest.fixture
def renderer(gate: threading.Semaphore) -> DyeingRenderer:
    """Who draws on the server."""
    return DyeingRenderer(gate=gate)


@pytest.fixture
def limits() -> Limits:
    """Of the server."""
    return Limits()


@pytest.fixture
def address(
    stocked_home: Path,
    tmp_path: Path,
    renderer: DyeingRenderer,
    gate: threading.Semaphore,
    limits: Limits,
) -> Iterator[str]:
    """Address of a server that draws with a double."""
    home = tmp_path / "home"
    shutil.copytree(stocked_home, home)
    settings = Settings(home=home, encoder="toy", limits=limits)
    with serving(Container(settings, renderers={renderer.name: renderer})) as where:
        yield where
        gate.release(1000)  # nothing that stops waits for a picture


def there(page: Page) -> Any:
    """The pictures on the stage."""
    return page.locator("#stage-row .stage-item[data-src]")


def focused(page: Page) -> str:
    """What has the focus, by its id or name."""
    return page.evaluate(
        "(e => e.id || e.getAttribute('aria-label') || e.innerText)(document.activeElement)"
    )


def state_of(page: Page) -> dict[str, list[str]]:
    """The page's state as its address has it."""
    return parse_qs(urlsplit(page.url).query)


def path_of(page: Page) -> str:
    """The address without the server."""
    return page.url.partition(urlsplit(page.url).netloc)[2]


def loaded(page: Page) -> bool:
    """Whether every picture on the stage has arrived and shows something."""
    return page.evaluate(
        "() => [...document.querySelectorAll('#stage-row img')]"
        ".every((each) => each.complete && each.naturalWidth > 0)"
    )


def test_pictures_come_one_by_one_beside_the_garment(open_page, gate, renderer) -> None:
    page = open_page("/?like=P01&q=but+red,+under+60")
    searches: list[str] = []
    page.on("request", lambda each: "/search" in each.url and searches.append(each.url))
    results = page.locator("#results .card h3").all_inner_texts()
    page.get_by_role("button", name="Show me", exact=True).click()
    expect(page.locator("#stage")).to_be_visible()
    assert focused(page) == "stage-title"
    expect(page.locator("#stage-title")).to_have_text(re.compile("Blue Dress, but red, under 60$"))
    expect(page.locator(".is-waiting")).to_have_count(BATCH)
    expect(page.locator("#announce")).to_contain_text("Drawing")
    expect(page.locator("#stage-change")).to_have_text("Colour: blue → red")
    for number in range(1, BATCH + 1):
        gate.release()
        expect(there(page)).to_have_count(number)
        expect(page.locator(".is-waiting")).to_have_count(BATCH - number)
        if number < BATCH:
            expect(page.locator("#announce")).to_have_text(f"Variant {number} is there")
            expect(page.locator("#stage-status")).to_have_text(f"Drawing: {number} of 4 there")
    expect(page.locator("#announce")).to_have_text("All 4 variants are there")
    expect(page.locator("#stage-cancel")).to_be_hidden()
    expect(page.locator("#stage-notes")).to_contain_text("Not in the pictures")
    expect(page.locator("#stage-notes")).to_contain_text("a price cannot be seen")
    expect(page.locator("#stage-row .stage-mark")).to_have_text(["Generated"] * BATCH)
    expect(page.locator(".is-reference .stage-label")).to_contain_text("Blue Dress")
    page.wait_for_load_state("networkidle")
    assert loaded(page)
    assert state_of(page)["show"] == ["1"]
    assert searches == [], "the results stay as they are"
    assert page.locator("#results .card h3").all_inner_texts() == results
    assert renderer.drawn == [0, 1, 2, 3]


def test_four_more_and_the_link_shows_them_again(open_page, gate, renderer) -> None:
    gate.release(2 * BATCH)
    page = open_page(REFERENCE + "&show=1")
    expect(there(page)).to_have_count(BATCH)
    page.get_by_role("button", name="4 more").click()
    expect(there(page)).to_have_count(2 * BATCH)
    expect(page.locator("#stage-status")).to_contain_text("8 variants")
    assert state_of(page)["show"] == ["2"]
    assert renderer.drawn == list(range(2 * BATCH))

    shared = open_page(path_of(page))
    expect(there(shared)).to_have_count(2 * BATCH)
    assert len(renderer.drawn) == 2 * BATCH, "nothing is drawn twice"

    page.go_back()
    expect(there(page)).to_have_count(BATCH)
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#stage")).to_be_hidden()
    assert focused(page) == "show-me"
    page.go_back()
    expect(there(page)).to_have_count(BATCH)


def test_it_can_be_stopped_and_taken_up_again(open_page, gate, renderer) -> None:
    page = open_page(REFERENCE)
    page.locator("#show-me").click()
    gate.release(2)
    expect(there(page)).to_have_count(2)
    page.get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#stage-status")).to_have_text("Stopped: 2 of 4 drawn")
    expect(page.locator(".is-waiting")).to_have_count(0)
    expect(there(page)).to_have_count(2)
    expect(page.locator("#announce")).to_contain_text("Stopped")
    assert focused(page) == "stage-title", "the button that had the focus is gone"
    gate.release(BATCH)
    page.get_by_role("button", name="Draw the rest").click()
    expect(there(page)).to_have_count(BATCH)
    assert set(renderer.drawn) == {0, 1, 2, 3}


def test_who_closes_the_stage_has_nothing_drawn_any_more(open_page, gate, renderer) -> None:
    page = open_page(REFERENCE)
    page.locator("#show-me").click()
    gate.release()
    expect(there(page)).to_have_count(1)
    with page.expect_response(lambda each: each.request.method == "DELETE") as response:
        page.keyboard.press("Escape")
    assert response.value.json()["status"] == "cancelled"
    expect(page.locator("#stage")).to_be_hidden()
    assert "show" not in state_of(page)


class TestTrouble:
    @pytest.fixture
    def renderer(self, gate: threading.Semaphore) -> DyeingRenderer:
        return FaintRenderer()

    def test_what_broke_is_said_and_can_be_tried_again(self, open_page, renderer) -> None:
        page = open_page(REFERENCE + "&show=1")
        trouble = page.locator("#stage-trouble")
        expect(trouble).to_contain_text("It could not be drawn")
        expect(page.locator("#announce")).to_contain_text("It could not be drawn")
        expect(there(page)).to_have_count(BATCH - 1)
        expect(page.locator(".is-waiting")).to_have_count(0)
        renderer.well = True
        page.get_by_role("button", name="Try again").click()
        expect(there(page)).to_have_count(BATCH)
        expect(trouble).to_be_hidden()


class TestFull:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(variants_waiting=1)

    def test_a_full_queue_says_when_to_come_back(self, browser, address, gate) -> None:
        # A context of its own: the browser itself complains about every answer that is an error.
        context = browser.new_context()
        for colour in ("red", "green", "black"):
            page = context.new_page()
            page.goto(f"{address}/?like=P01&q=but+{colour}&show=1")
            expect(page.locator("#stage-status")).not_to_have_text("Asking …")
        expect(page.locator("#stage-trouble")).to_contain_text("Many are waiting")
        expect(page.locator("#stage-trouble")).to_contain_text(re.compile(r"Try again in \d+ "))
        gate.release(100)
        page.wait_for_timeout(500)
        page.get_by_role("button", name="Try again").click()
        expect(there(page)).to_have_count(BATCH)
        context.close()

    def test_where_others_are_first_it_says_so(self, open_page, gate) -> None:
        first = open_page(REFERENCE + "&show=1")
        expect(first.locator("#stage-status")).to_contain_text("Drawing")
        second = open_page("/?like=P01&q=but+green&show=1")
        expect(second.locator("#stage-status")).to_have_text("Waiting: yours is next")
        gate.release(2 * BATCH)
        expect(there(second)).to_have_count(BATCH)


def test_what_cannot_be_drawn_is_said_in_words(browser, address) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/?like=P01&q=under+60&show=1")
    expect(page.locator("#stage-trouble")).to_contain_text("That cannot be shown")
    expect(page.locator("#stage-trouble")).not_to_contain_text("modification:")
    expect(page.locator("#stage-again")).to_be_hidden()
    expect(page.locator("#show-me")).to_be_hidden()
    page.goto(f"{address}/?picture=variant:{'0' * 32}/1&q=but+red")
    expect(page.locator("#message")).to_contain_text("This picture has expired")
    expect(page.locator("#message")).to_contain_text("Have it drawn again")
    context.close()


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


def test_without_events_it_asks_by_itself(open_page, gate) -> None:
    page = open_page(REFERENCE)
    page.context.route(
        "**/v1/variants/*/events",
        lambda route: route.fulfill(
            status=200, content_type="text/event-stream", body="retry: 10\n\n"
        ),
    )
    page.locator("#show-me").click()
    gate.release(BATCH)
    expect(there(page)).to_have_count(BATCH)


def test_where_nothing_draws_nothing_is_offered(open_page) -> None:
    page = open_page(REFERENCE)
    expect(page.locator("#show-me")).to_be_visible()
    page.context.route(
        "**/readyz",
        lambda route: route.fulfill(json={"ready": True, "parts": {"variants": "unavailable"}}),
    )
    page.reload()
    settled(page)
    expect(page.locator("#results .card .like").first).to_be_visible()
    expect(page.locator("#show-me")).to_be_hidden()
    expect(page.locator("#results .card .show").first).to_be_hidden()
