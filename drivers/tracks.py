"""Magnetic tracks as text: `%…?`, `;…?`, `+…?` back to back, each perhaps with its check character behind.

Source: ISO/IEC 7811-2 and 7813 (tracks 1 and 2), ISO/IEC 4909 (track 3). One bad track never spoils a good
one. Everything is a span of the caller's buffer: the payment guard's promise holds here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Which = Literal[1, 2, 3]

_SENTINELS: dict[int, Which] = {ord("%"): 1, ord(";"): 2, ord("+"): 3}
_LONGEST: dict[Which, int] = {1: 79, 2: 40, 3: 107}  # start sentinel, end sentinel and LRC included
_TRACK = re.compile(rb"[%;+][^?]{0,110}\?")
_BODY: dict[Which, re.Pattern[bytes]] = {
    1: re.compile(rb"[ -_]*"),
    2: re.compile(rb"[0-9:;<=>]*"),
    3: re.compile(rb"[0-9:;<=>]*"),
}
_NUMBER_ENDS: dict[Which, bytes] = {1: b"^", 2: b"=", 3: b"="}
_ERROR = (b"E", b"e")  # what a reader puts between the sentinels of a track that it could not read


@dataclass(frozen=True, slots=True)
class Track:
    """One track and where its number lies; a bad one has no number."""

    which: Which
    start: int
    end: int
    is_good: bool


def looks_like_tracks(data: bytes | bytearray) -> bool:
    """Say whether a read begins as a track does and has its end sentinel."""
    # The ? is asked for too: a typed phone number begins with + as track 3 does.
    return data.startswith((b"%", b";", b"+")) and b"?" in data


def split_tracks(data: bytes | bytearray) -> list[Track]:
    """Find every track in a read, with the span of its number: up to the first field separator.

    A track is bad if it holds what its alphabet lacks, is too long, or its LRC is there and wrong; so is what
    stands between tracks.

    >>> [(one.which, one.is_good) for one in split_tracks(b"%E?;2990000000019=9912?")]
    [(1, False), (2, True)]
    """
    tracks: list[Track] = []
    at = 0
    while at < len(data):
        found = _TRACK.match(data, at)
        if found is None:
            break
        which, end = _SENTINELS[data[at]], found.end()
        has_lrc = _has_lrc(data, end)
        body = (at + 1, end - 1)
        is_good = (
            end - at < _LONGEST[which]
            and _BODY[which].fullmatch(data, *body) is not None
            and data[body[0] : body[1]] not in _ERROR
            and (not has_lrc or data[end] == lrc_of(memoryview(data)[at:end], which))
        )
        tracks.append(Track(which, body[0], _end_of_number(data, body, which), is_good))
        at = end + has_lrc
    return tracks


def numbers_in(data: bytes | bytearray, tracks: list[Track]) -> Iterator[tuple[int, int]]:
    """Give the spans that may be the number: of track 2, then 1 (with and without format code), then 3."""
    for which in (2, 1, 3):
        for track in tracks:
            if track.which != which or not track.is_good or track.start == track.end:
                continue
            yield track.start, track.end
            if which == 1 and chr(data[track.start]).isalpha():
                yield track.start + 1, track.end


def lrc_of(track: bytes | bytearray | memoryview, which: Which) -> int:
    """Compute a track's check character: XOR over all of it, sentinels included (ISO/IEC 7811-2, 6.2).

    >>> chr(lrc_of(b";1234567890?", 2))
    '5'
    """
    base, bits = (0x20, 0x3F) if which == 1 else (0x30, 0x0F)
    total = 0
    for byte in track:
        total ^= (byte - base) & bits
    return base + total


def _has_lrc(data: bytes | bytearray, end: int) -> bool:
    """Say whether a check character stands behind an end sentinel: then a track or the end follows it.

    It may look like a start sentinel itself, so what follows it decides.
    """
    return end < len(data) and (end + 1 == len(data) or data[end + 1] in _SENTINELS)


def _end_of_number(data: bytes | bytearray, body: tuple[int, int], which: Which) -> int:
    separator = data.find(_NUMBER_ENDS[which], *body)
    return separator if separator >= 0 else body[1]
