"""Takes the guide's pictures of the page: `python tests/page_pictures.py [PART ...]`.

Each part at the widths of a desktop and of a phone, as it is while it plays; the networks learn in
the browser as everywhere, from the same seed to the same pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from page_support import NARROW, WIDE, Opener, built_and_served, headless_chromium
from PIL import Image
from playwright.sync_api import Page

FOLDER = Path(__file__).parent.parent / "docs" / "images" / "page"
COLOURS = 128


def keep(name: str, picture: bytes) -> None:
    """Writes a picture, with few colours, to the guide's images."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    FOLDER.mkdir(parents=True, exist_ok=True)
    few = image.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{name}.png", optimize=True)


def listen(page: Page) -> None:
    page.click("#part-listen >> text=Play")
    page.wait_for_timeout(12_000)


def inside(page: Page) -> None:
    page.click("#part-inside >> text=Play")
    page.wait_for_timeout(14_000)
    page.get_by_role("button", name="Sound it").click()
    page.wait_for_timeout(6_000)


def learn(page: Page) -> None:
    page.click("text=Start learning")
    page.wait_for_selector("#part-learn .result:not([hidden])", timeout=300_000)


def edit(page: Page) -> None:
    page.get_by_role("button", name="bebop_blues").click()


def trade(page: Page) -> None:
    page.click("#part-trade button.primary")
    for key in "zcbnmbvcz" * 4:
        page.wait_for_timeout(300)
        page.keyboard.press(key, delay=120)


def take(page: Page) -> None:
    page.click("#tab-listen")
    page.click("#part-listen >> text=Play")
    page.wait_for_timeout(5_000)
    page.click("#tab-take")
    page.wait_for_timeout(500)


PICTURES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "listen": ("#seed=3", listen),
    "inside": ("#tab=inside&tempo=240", inside),
    "learn": ("#tab=learn", learn),
    "edit": ("#tab=learn&learn.run=own&learn.melody=yes", edit),
    "trade": ("#tab=trade&tempo=160", trade),
    "take": ("#tab=take", take),
}


def main(names: list[str]) -> None:
    """Takes the pictures of some parts, or of all."""
    with (
        TemporaryDirectory() as folder,
        headless_chromium() as browser,
        built_and_served(Path(folder)) as served,
    ):
        for name in names or PICTURES:
            address, prepare = PICTURES[name]
            for width, viewport in (("wide", WIDE), ("narrow", NARROW)):
                opener = Opener(served, browser)
                opened = opener(address, viewport=viewport)
                prepare(opened.page)
                keep(f"{name}_{width}", opened.page.screenshot(full_page=True))
                if name == "learn" and width == "wide":
                    keep("learning", opened.page.locator(".film").screenshot())
                opened.require_clean()
                opener.close()
            print(name)


if __name__ == "__main__":
    main(sys.argv[1:])
