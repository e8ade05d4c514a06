"""The page for everyone: axe-core finds nothing, and the keyboard alone suffices."""

import re

import pytest
from page_support import NARROW, WIDE, Opener
from playwright.sync_api import Page, expect

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

PARTS = ("listen", "inside", "learn", "trade", "take")


def problems(page: Page) -> list[str]:
    """What axe-core says of the page as it stands: the rule, and the elements that break it."""
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {rule['help']}: {[node['html'] for node in rule['nodes']]}"
        for rule in found
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Opener, scheme: str) -> None:
    opened = open_page("#learn.run=own&learn.melody=yes", color_scheme=scheme)
    for name in PARTS:
        opened.page.click(f"#tab-{name}")
        opened.page.wait_for_selector(f"#part-{name} h2")
        assert problems(opened.page) == [], name
    opened.require_clean()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing_while_it_plays_and_when_it_has_learned(
    open_page: Opener, scheme: str, viewport: dict[str, int]
) -> None:
    opened = open_page("#learn.run=chords_fast", color_scheme=scheme, viewport=viewport)
    page = opened.page
    page.click("#part-listen >> text=Play")
    for name in PARTS:
        page.click(f"#tab-{name}")
        page.wait_for_selector(f"#part-{name} h2")
        page.wait_for_timeout(1500)
        assert problems(page) == [], name
    page.click("#tab-learn")
    page.click("text=Start learning")
    expect(page.locator("#part-learn .result")).to_be_visible(timeout=60_000)
    page.evaluate("app.say('A sentence.', 'error')")
    assert problems(page) == [], "a result, and a message"


def press_until(page: Page, key: str, selector: str, most: int = 40) -> None:
    """Presses a key until the focus is on an element."""
    for _ in range(most):
        if page.evaluate("(one) => document.activeElement?.matches(one) ?? false", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} never leads to {selector}")


def test_the_keyboard_alone_suffices(open_page: Opener) -> None:
    opened = open_page()
    page = opened.page
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the music")
    press_until(page, "Tab", "[role=tab]")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#part-inside")).to_be_visible()
    expect(page.locator(":focus")).to_have_text("Look inside")
    press_until(page, "Tab", "#part-inside button.primary")
    page.keyboard.press("Enter")
    expect(page.locator("#part-inside button.primary")).to_have_text("Stop", timeout=10_000)
    press_until(page, "Tab", "button.block")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_contain_text("forgets with the next bar")
    expect(page.locator("#announcements")).to_contain_text("forgets with the next bar")
    press_until(page, "Shift+Tab", "[role=tab]")
    page.keyboard.press("End")
    expect(page.locator("#part-take")).to_be_visible()
    page.keyboard.press("Home")
    expect(page.locator("#part-listen")).to_be_visible()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#part-learn")).to_be_visible()
    press_until(page, "Tab", "#part-learn button.primary")
    page.keyboard.press("Enter")
    expect(page.locator("#part-learn .facts dd").first).to_have_text(re.compile(r"\d"))
    page.keyboard.press("Enter")
    expect(page.locator("#part-learn .result")).to_be_visible(timeout=20_000)
    opened.require_clean()


def test_bars_are_edited_by_keys(open_page: Opener) -> None:
    opened = open_page("#tab=learn&learn.run=own&learn.melody=yes&learn.chords=C|F|G|C")
    page = opened.page
    press_until(page, "Tab", "td", most=60)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowLeft")
    grid = page.get_by_role("grid", name="Bar 1, segment 1")
    for step, state in ((1, "off"), (2, "begins"), (7, "held"), (8, "off")):
        expect(grid.get_by_role("gridcell", name=f"C#4, step {step}, {state}")).to_be_visible()
    page.keyboard.press("Delete")
    expect(grid.get_by_role("gridcell", name="C#4, step 2, off")).to_be_visible()
    opened.require_clean()


def test_less_motion_is_less_motion(open_page: Opener) -> None:
    opened = open_page(reduced_motion="reduce")
    assert opened.page.evaluate("app.reducedMotion") is True
