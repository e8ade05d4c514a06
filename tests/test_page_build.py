"""The page as a folder of static files, and the server that shows it."""

from __future__ import annotations

import re
import urllib.request

from page_support import Opener, Served

from lstm_blues.browser.serve import HEADERS, POLICY

MOST_BYTES = 3_000_000


def test_the_page_is_small_and_opens_without_a_word(served: Served, open_page: Opener) -> None:
    assert sum(served.sizes.values()) < MOST_BYTES
    opened = open_page()
    opened.page.wait_for_timeout(300)
    opened.require_clean()


def test_the_policy_is_sent_and_written(served: Served) -> None:
    with urllib.request.urlopen(served.address) as answer:
        headers, text = answer.headers, answer.read().decode()
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert headers["Content-Security-Policy"].startswith(POLICY)
    written = re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]*)"', text)
    assert written is not None
    assert written[1] == POLICY
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)
