"""What a change looks like, drawn while one looks, in a real browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence

import pytest

from api.settings import Limits
from engine.rendering import DrawRequest, Rendering
from tests.dyes import DyeingRenderer
from tests.e2e.conftest import PATIENCE_MS, settled
from tests.e2e.stage.conftest import BATCH, REFERENCE, focused, loaded, path_of, state_of, there

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
expect = playwright.expect
expect.set_options(timeout=PATIENCE_MS)


class FaintRenderer(DyeingRenderer):
    """Draws one picture and breaks, until it is told to be well."""

    well = False

    def _drawn(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
        for each in super()._drawn(request, seeds):
            if not self.well and each.seed == seeds[-1] and len(seeds) > 1:
                raise RuntimeError("out of paint")
            yield each


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
    expect(page.locator("#stage-announce")).to_contain_text("Drawing")
    expect(page.locator("#stage-change")).to_have_text("Colour: blue → red")
    for number in range(1, BATCH + 1):
        gate.release()
        expect(there(page)).to_have_count(number)
        expect(page.locator(".is-waiting")).to_have_count(BATCH - number)
        if number < BATCH:
            expect(page.locator("#stage-announce")).to_have_text(f"Variant {number} is there")
            expect(page.locator("#stage-status")).to_have_text(f"Drawing: {number} of 4 there")
    expect(page.locator("#stage-announce")).to_have_text("All 4 variants are there")
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
    expect(page.locator("#stage-announce")).to_contain_text("Stopped")
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
        expect(page.locator("#stage-announce")).to_contain_text("It could not be drawn")
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
    expect(page.locator("#stage-title")).not_to_contain_text("As it is")  # a product has a name
    expect(page.locator("#stage-trouble")).not_to_contain_text("modification:")
    expect(page.locator("#stage-again")).to_be_hidden()
    expect(page.locator("#show-me")).to_be_hidden()
    page.goto(f"{address}/?picture=variant:{'0' * 32}/1&q=but+red")
    expect(page.locator("#message")).to_contain_text("This picture has expired")
    expect(page.locator("#message")).to_contain_text("Have it drawn again")
    context.close()


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
