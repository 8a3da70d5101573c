"""The page as a shopper uses it, in a real browser."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.pictures import encoded, garment
from tests.e2e.conftest import PATIENCE_MS, settled

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
Page = playwright.Page
expect = playwright.expect
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A blue dress, larger than what is sent."""
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(garment("blue", size_wh=(1500, 2000))))
    return path


def _titles(page: Page) -> list[str]:
    settled(page)
    return page.locator("#results .card h3").all_inner_texts()


def _state(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def _upload(page: Page, photo: Path) -> None:
    page.locator("#file").set_input_files(photo)
    page.wait_for_url("**/?picture=upload*")
    settled(page)


def _ask(page: Page, words: str) -> None:
    page.locator("#words").fill(words)
    page.locator("#words").press("Enter")
    page.wait_for_function(
        "words => new URLSearchParams(location.search).get('q') === words", arg=words
    )
    settled(page)


def test_upload_but_red_and_take_it_back(open_page, photo: Path) -> None:
    page = open_page()
    with page.expect_response("**/v1/pictures") as response:
        _upload(page, photo)
    taken = response.value.json()
    assert (taken["width_px"], taken["height_px"]) == (1200, 1600), "it is made smaller first"
    expect(page.locator("#reference-picture")).to_be_visible()
    expect(page.locator("#words-label")).to_have_text("What should be different?")
    assert "Blue" in _titles(page)[0]

    _ask(page, "but red, under 60")
    assert "Red" in _titles(page)[0]
    chips = page.locator("#chips .chip")
    expect(chips).to_have_text(["colour: red", "price: at most 60.00"])
    expect(page.locator("#results .reasons .met").first).to_be_visible()
    expect(page.locator("#announce")).to_contain_text("products")

    page.get_by_role("button", name="Remove: colour: red").click()
    page.wait_for_url("**drop=colour*")
    assert "Blue" in _titles(page)[0]
    expect(page.locator("#chips .chip:not(.chip-dropped)")).to_have_text(["price: at most 60.00"])
    expect(page.locator("#found-title")).to_have_text("Like your picture, but under 60")
    page.get_by_role("button", name="Put back: colour: red").click()
    expect(page.locator("#chips .chip-dropped")).to_have_count(0)
    assert "Red" in _titles(page)[0]


def test_filters_add_up_and_the_address_holds_everything(open_page, photo: Path) -> None:
    page = open_page()
    _upload(page, photo)
    _ask(page, "but red")
    page.get_by_role("checkbox", name="Red").check()
    page.wait_for_url("**colour=red*")
    expect(page.locator("#facet-colour-blue")).to_be_visible()
    page.get_by_role("checkbox", name="Blue").check()
    page.wait_for_url("**colour=blue*")
    page.get_by_role("textbox", name="Up to").fill("50")
    page.get_by_role("button", name="Set").click()
    page.wait_for_url("**max=50*")
    titles = _titles(page)
    assert titles
    assert all("Red" in title or "Blue" in title for title in titles)
    expect(page.locator("#applied .chip")).to_have_text(["red", "blue", "up to 50"])
    expect(page.locator("#facets-count")).to_have_text("3")
    assert page.locator("#facet-colour-green").is_visible(), "other colours stay to be chosen"

    shared = open_page(page.url.partition(urlsplit(page.url).netloc)[2])
    assert _titles(shared) == titles
    expect(shared.locator("#words")).to_have_value("but red")
    expect(shared.locator("#reference-picture")).to_be_visible()
    expect(shared.locator("#applied .chip")).to_have_text(["red", "blue", "up to 50"])
    expect(shared.locator("#price-high")).to_have_value("50")
    assert shared.evaluate("document.querySelector('#reference-picture').naturalWidth") > 0

    shared.get_by_role("button", name="Clear all filters").click()
    expect(shared.locator("#applied")).to_be_hidden()
    assert set(_state(shared)) == {"q", "picture"}


def test_a_price_that_is_none_is_said_and_kept(open_page) -> None:
    page = open_page("/?q=dress")
    low, high = page.get_by_role("textbox", name="From"), page.get_by_role("textbox", name="Up to")
    fault = page.locator("#price-fault")
    expect(fault).to_be_hidden()
    for typed in ("abc", "-5"):
        high.fill(typed)
        high.press("Enter")
        expect(fault).to_contain_text(f"“{typed}” is no price. Type an amount such as 40")
        expect(high).to_have_value(typed)
        expect(high).to_be_focused()
    low.fill("50")
    high.fill("5")
    page.get_by_role("button", name="Set").click()
    expect(fault).to_contain_text("“From” is more than “Up to”")
    high.fill("70")
    high.press("Enter")
    page.wait_for_url("**max=70*")
    expect(fault).to_be_hidden()


def test_values_that_are_named_are_not_folded_away(open_page) -> None:
    page = open_page("/?q=dress")
    shown = page.evaluate(
        """async () => {
          const { showFacets } = await import("/web/view.js");
          const type = [...Array(20).keys()].map((n) => ({ value: `kind ${n}`, count: 99 - n }));
          const parse = { edits: [{ attribute: "type", value: "kind 15" }] };
          const reference = [{ name: "type", value: "kind 17" }];
          showFacets({ type }, { facets: {}, low: "", high: "" },
            { onToggle: () => {}, onPrice: () => {} }, { parse, reference });
          const labels = [...document.querySelectorAll("[data-facet=type] label")];
          return labels.filter((each) => each.offsetParent).map((each) => each.control.value);
        }"""
    )
    assert shown == [f"kind {n}" for n in (*range(10), 15, 17)]


def test_back_and_forward_go_through_every_step(open_page) -> None:
    page = open_page()
    start = _titles(page)
    _ask(page, "blue dress")
    found = _titles(page)
    page.locator("#results .card .like").first.click()
    page.wait_for_url("**/?like=*")
    alike = _titles(page)
    expect(page.locator("#found-title")).to_contain_text("Like ")
    page.go_back()
    expect(page.locator("#words")).to_have_value("blue dress")
    assert _titles(page) == found
    page.go_back()
    expect(page.locator("#found-title")).to_have_text("From the shop")
    assert _titles(page) == start
    page.go_forward()
    page.go_forward()
    expect(page.locator("#reference-picture")).to_be_visible()
    assert _titles(page) == alike


def test_moving_on_while_an_answer_arrives_is_no_error(open_page) -> None:
    page = open_page()
    # The body of the first answer breaks off as it does when its request is aborted half-way.
    page.evaluate(
        """() => {
            const json = Response.prototype.json;
            Response.prototype.json = function () {
                Response.prototype.json = json;
                return Promise.reject(new DOMException("moved on", "AbortError"));
            };
        }"""
    )
    page.fill("#words", "blue dress")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    expect(page.locator("#message")).to_be_hidden()
    _ask(page, "red dress")
    assert _titles(page)


def test_the_keyboard_reaches_everything(open_page) -> None:
    page = open_page("/?like=P01&q=but+red")

    def focused() -> str:
        return page.evaluate(
            "(e => e.getAttribute('aria-label') || e.id || e.innerText)(document.activeElement)"
        )

    page.keyboard.press("Tab")
    assert focused() == "Skip to the results"
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(focused())
        box = page.evaluate(
            "(e => { const r = e.getBoundingClientRect(); return [r.width, r.height] })"
            "(document.activeElement.id === 'file' || document.activeElement.type === 'checkbox'"
            " ? document.activeElement.labels[0] : document.activeElement)"
        )
        inline = page.evaluate("document.activeElement.closest('h3') !== null")
        assert inline or min(box) >= 24, f"{seen[-1]} is only {box} px"
        outline = page.evaluate(
            "(e => getComputedStyle(e.matches('#words') ? e.closest('.bar') : e.id === 'file'"
            " ? document.querySelector('.photo') : e))(document.activeElement)"
            "[document.activeElement.id === 'words' ? 'borderTopStyle' : 'outlineStyle']"
        )
        assert outline != "none", f"the focus on {seen[-1]} cannot be seen"
        if seen[-1].startswith("More like"):
            break
    for name in ("Remove the reference picture", "words", "file", "Remove: colour: red"):
        assert name in seen, (name, seen)
    assert any(each.startswith("facet-colour-") for each in seen)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "like=P01" not in url and "like=" in url)
    settled(page)
    assert focused() == "words"
    page.keyboard.type("but blue")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=but*blue*")
    expect(page.locator("#chips .chip")).to_have_text(["colour: blue"])


def test_a_facet_keeps_the_focus_when_the_results_change(open_page) -> None:
    page = open_page("/?q=dress")
    box = page.locator("#facet-colour-red")
    box.focus()
    page.keyboard.press("Space")
    page.wait_for_url("**colour=red*")
    settled(page)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.activeElement.id") == "facet-colour-red"
    expect(box).to_be_checked()


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_shows_it_without_scrolling_sideways(open_page, width: int) -> None:
    page = open_page(
        "/?like=P01&q=but+red,+under+40&colour=red&brand=nike", width=width, height=844
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator("#facets")).to_be_hidden()
    page.locator(".facets summary").click()
    expect(page.locator("#facets")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    label = page.locator("label[for=facet-colour-red]").bounding_box()
    assert label is not None
    assert label["height"] >= 44


def test_nothing_found_offers_the_way_out(open_page) -> None:
    page = open_page("/?q=dress&colour=red&max=1")
    message = page.locator("#message")
    expect(message).to_contain_text("Nothing has all of this")
    expect(message.get_by_role("button")).to_have_text(["Any price"])
    message.get_by_role("button", name="Any price").click()
    expect(page.locator("#results .card").first).to_be_visible()
    assert "max" not in _state(page)


def test_wishes_that_clash_together_are_left_out_together(open_page) -> None:
    page = open_page("/?q=dress+under+1&colour=red&max=1")
    message = page.locator("#message")
    expect(message).to_contain_text("red, up to 1, price: at most 1.00")
    message.get_by_role("button", name="Leave out all of these").click()
    expect(page.locator("#results .card").first).to_be_visible()


def test_an_expired_picture_says_so(browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/?picture=upload:{'0' * 32}&q=but+red")
    expect(page.locator("#message")).to_contain_text("expired")
    page.get_by_role("button", name="Remove the reference").first.click()
    expect(page.locator("#results .card").first).to_be_visible()
    context.close()


def test_show_more_goes_on_and_is_part_of_the_address(open_page) -> None:
    page = open_page()
    # Pages of four, so that the small shop has several; the rest is the real server.
    page.context.route("**/v1/search", _four_at_a_time)
    _ask(page, "dress")
    first = _titles(page)
    assert len(first) == 4
    page.locator("#more").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#results .card")).to_have_count(6)
    expect(page.locator("#more")).to_be_hidden()
    assert _titles(page)[:4] == first
    assert len(set(_titles(page))) == 6
    assert page.evaluate("document.activeElement.className") == "like"
    assert _state(page)["pages"] == ["2"]
    page.reload()
    expect(page.locator("#results .card")).to_have_count(6)


def _four_at_a_time(route) -> None:
    route.continue_(post_data={**route.request.post_data_json, "limit": 4})


def test_a_picture_can_be_pasted(open_page) -> None:
    page = open_page("/?q=dress")
    page.evaluate(
        """async () => {
          const canvas = document.createElement('canvas');
          canvas.width = 90; canvas.height = 120;
          const pen = canvas.getContext('2d');
          pen.fillStyle = '#fff'; pen.fillRect(0, 0, 90, 120);
          pen.fillStyle = 'rgb(200,30,35)'; pen.fillRect(25, 15, 40, 90);
          const blob = await new Promise(done => canvas.toBlob(done, 'image/png'));
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([blob], 'clip.png', {type: 'image/png'}));
          dispatchEvent(new ClipboardEvent('paste', {clipboardData, cancelable: true}));
        }"""
    )
    page.wait_for_url("**/?picture=upload*")
    assert "Red" in _titles(page)[0]


WORN = Path(__file__).parents[2] / "data_samples" / "images" / "P0001-2.webp"
"""Trousers, a shirt and boots, drawn and worn."""


def test_what_is_meant_in_a_picture_can_be_chosen(open_page) -> None:
    page = open_page()
    _upload(page, WORN)
    boxes = page.locator(".look-box")
    expect(boxes.first).to_be_visible()
    # Its fine name by how it lies: it covers the calves.
    bottom = page.get_by_role("button", name="Pants", exact=True)
    bottom.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**box=*")
    expect(page.locator("#found-title")).to_have_text("Like the bottom in your picture")
    expect(bottom).to_have_attribute("aria-pressed", "true")
    expect(bottom).to_be_focused()
    assert _state(page)["shows"] == ["bottom"]

    page.get_by_role("button", name="Shop the look").click()
    rows = page.locator("#rows .row")
    expect(rows.first).to_be_visible()
    assert {"Pants", "Shoes"} <= set(rows.locator("h3").all_inner_texts())
    page.reload()
    expect(page.locator("#rows .row").first).to_be_visible()

    page.get_by_role("button", name="Whole picture").click()
    settled(page)
    assert not {"box", "look", "shows"} & _state(page).keys()
    expect(page.locator("#rows")).to_be_hidden()


def test_a_box_can_be_drawn_with_pointer_and_keyboard(open_page) -> None:
    page = open_page()
    _upload(page, WORN)
    expect(page.locator(".look-box").first).to_be_visible()
    page.get_by_role("button", name="Draw a box").click()
    expect(page.locator("#look-crop")).to_be_focused()
    for key in ("ArrowLeft", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**box=*")
    assert _state(page)["box"] == ["0.23,0.2,0.73,0.82"]
    expect(page.locator("#found-title")).to_have_text("Like this part of your picture")

    frame = page.locator("#look-picture").bounding_box()
    assert frame is not None
    left, top, wide, high = (frame[each] for each in ("x", "y", "width", "height"))
    page.mouse.move(left + 0.1 * wide, top + 0.1 * high)
    page.mouse.down()
    page.mouse.move(left + 0.6 * wide, top + 0.5 * high, steps=3)
    page.mouse.up()
    page.wait_for_function(
        "() => new URLSearchParams(location.search).get('box').startsWith('0.1')"
    )
    drawn = [float(each) for each in _state(page)["box"][0].split(",")]
    assert drawn == pytest.approx([0.1, 0.1, 0.6, 0.5], abs=0.02)
