"""OGG files that are the same from process to process: a stream's serial number is random."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import lru_cache
from typing import BinaryIO

SERIAL = 1
"""Of the one stream in a file."""

_HEAD = 27
"""Bytes of a page before its table of segments."""


def write_ogg(write: Callable[[BinaryIO], object]) -> Callable[[BinaryIO], None]:
    """`write`, with the serial number of each page that it writes made `SERIAL`."""

    def renumbered(out: BinaryIO) -> None:
        with tempfile.TemporaryFile() as drawn:
            write(drawn)
            drawn.seek(0)
            while head := drawn.read(_HEAD):
                table = drawn.read(head[-1])
                page = bytearray(head + table + drawn.read(sum(table)))
                page[14:18] = SERIAL.to_bytes(4, "little")
                page[22:26] = bytes(4)
                page[22:26] = _checksum(page).to_bytes(4, "little")
                out.write(page)

    return renumbered


@lru_cache(maxsize=1)
def _table() -> tuple[int, ...]:
    """What each byte makes of a checksum (RFC 3533: polynomial 0x04C11DB7, not reflected)."""
    found = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        found.append(value & 0xFFFFFFFF)
    return tuple(found)


def _checksum(page: bytearray) -> int:
    table, value = _table(), 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ table[value >> 24 ^ byte]
    return value
