"""One swipe as a stripe reader's HID report hands it over: MagTek's form, and ID TECH's two.

MagTek (99875191) and ID TECH "other mode" (SecureMag, 80096504): bytes 0 to 2 status of tracks 1 to 3 (bit 0:
not read), 3 to 5 their lengths, 6 the card's encoding, then 110 bytes a track at 7, 117 and 227. ID TECH's
own form (MiniMag): the same seven bytes, 7 and 8 the length of all that follows, which is text as a keyboard
would type it.
"""

from __future__ import annotations

from drivers.event import RawRead
from drivers.framing import Broken, Frame

REPORT_BYTES = 512  # a buffer of this size holds the longest
_MAGTEK_BYTES = 7 + 3 * 110
_TEXT_AT = 9
_TRACK_AT = (7, 117, 227)
_TRACK_BYTES = 110
_IS_BAD = 0x01
_ENDS = b"\r\n\x00"


def frames_of(report: bytes | bytearray | memoryview) -> list[Frame]:
    """Give what a whole report holds: its good tracks as one read, `unreadable` if all are bad, or nothing.

    Decode it with `stripe=True`; the report's own buffer is the caller's to wipe.
    """
    if len(report) < _MAGTEK_BYTES:
        return [Broken("unreadable")] if len(report) else []
    with RawRead(report) as raw:
        if len(report) >= _MAGTEK_BYTES + _TRACK_BYTES:
            return _text_form(raw.buffer)
        return _track_form(raw.buffer)


def _track_form(report: bytearray) -> list[Frame]:
    spans: list[tuple[int, int]] = []
    bad = 0
    for track, start in enumerate(_TRACK_AT):
        length = report[3 + track]
        if report[track] & _IS_BAD or length > _TRACK_BYTES:
            bad += 1
        elif length:
            spans.append((start, start + length))
    return _joined(report, spans, is_broken=bad > 0)


def _text_form(report: bytearray) -> list[Frame]:
    available = len(report) - _TEXT_AT
    lengths = [int.from_bytes(report[7:9], "little"), int.from_bytes(report[7:9], "big")]
    length = next((one for one in lengths if one <= available), 0)
    end = _TEXT_AT + length
    while end > _TEXT_AT and report[end - 1] in _ENDS:
        end -= 1
    spans = [(_TEXT_AT, end)] if end > _TEXT_AT else []
    return _joined(report, spans, is_broken=any(status & _IS_BAD for status in report[:3]))


def _joined(report: bytearray, spans: list[tuple[int, int]], *, is_broken: bool) -> list[Frame]:
    if not spans:
        return [Broken("unreadable")] if is_broken else []
    raw = RawRead(bytes(sum(end - start for start, end in spans)))
    at = 0
    for start, end in spans:
        memoryview(raw.buffer)[at : at + end - start] = memoryview(report)[
            start:end
        ]  # as in framing: no copy
        at += end - start
    return [raw]
