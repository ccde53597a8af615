"""Text as it was meant, where reader and decoder disagree about the French row of digits.

French keys give digits with shift, all others without. A reader set to one, read as the other, makes
punctuation of every digit; a payment number stays one. The payment guard looks at these readings too. They
are buffers of their own, and the caller's to wipe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from drivers.event import HiddenBytes
from drivers.keymap import LAYOUTS, retyping

_FRENCH = "fr"
_RUN = re.compile(rb"[^0-9A-Za-z\x00-\x20\x7f]{12,}")
_CHARACTER = re.compile(rb"[\x00-\x7f]|[\xc2-\xf4][\x80-\xbf]+|[\x80-\xff]")
_BEFORE, _AFTER = 8, 40  # of a run: room for "%B" in front, and separator and expiry behind
_LONGEST_RUN = 80  # in bytes: 19 digits of three bytes each, and their neighbours
_ELSE = ord(".")


def readings(raw: bytes | bytearray) -> Iterator[HiddenBytes]:
    """Give each way to read the first run of punctuation that is long enough for a payment number."""
    run = _RUN.search(raw)
    if run is None:
        return
    part = memoryview(raw)[
        max(run.start() - _BEFORE, 0) : min(run.end(), run.start() + _LONGEST_RUN) + _AFTER
    ]
    for layout in LAYOUTS:
        yield _read(part, _table(layout, "us" if layout == _FRENCH else _FRENCH))


def _read(part: memoryview, table: dict[bytes, int]) -> HiddenBytes:
    reading = HiddenBytes([_ELSE] * len(part))  # never resized, so wiping reaches every copy
    for at, found in enumerate(_CHARACTER.finditer(part)):
        reading[at] = table.get(found.group(), _ELSE)
    return reading


@cache
def _table(seen: str, meant: str) -> dict[bytes, int]:
    """Give what each character, in UTF-8, was meant to be, in ASCII."""
    table = {
        one.encode("utf-8"): ord(wanted) if wanted.isascii() else _ELSE
        for one, wanted in retyping(seen, meant).items()
    }
    return table | {b" ": ord(" ")}
