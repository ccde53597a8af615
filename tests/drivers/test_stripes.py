"""Magnetic tracks, typed, on a line or in a report: one bad track never spoils a good one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.event import RawRead
from drivers.framing import Broken, Frame
from drivers.msr_report import REPORT_BYTES, frames_of
from drivers.number import Decoded, Refused, decode
from drivers.ranges import NumberRange
from drivers.tracks import lrc_of, numbers_in, split_tracks
from tests.drivers.loyalty_numbers import RANGES, card_number

NUMBER = card_number(7)
TRACK_1, TRACK_2, TRACK_3 = f"%L{NUMBER}^DOE/JANE?", f";{NUMBER}=49120000?", f"+{NUMBER}=1?"


def swipe(text: str) -> Decoded | Refused:
    return decode(RawRead(text.encode()), transport="serial", ranges=RANGES, stripe=True)


def with_lrc(track: str) -> str:
    return track + chr(lrc_of(track.encode(), {"%": 1, ";": 2, "+": 3}[track[0]]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        TRACK_1,
        TRACK_2,
        TRACK_3,
        TRACK_1 + TRACK_2,
        TRACK_1 + TRACK_2 + TRACK_3,
        with_lrc(TRACK_1) + with_lrc(TRACK_2) + with_lrc(TRACK_3),
        with_lrc(TRACK_1) + TRACK_2,
        "%E?" + TRACK_2 + "+E?",
        TRACK_1 + ";E?",
        f"%{NUMBER}?",
    ],
)
def test_a_good_track_is_enough(text: str) -> None:
    assert swipe(text) == Decoded("card", NUMBER)


@pytest.mark.parametrize(
    "text",
    [
        "%E?;E?+E?",
        TRACK_2 + chr(lrc_of(TRACK_2.encode(), 2) ^ 1),
        f";{NUMBER}{'0' * 40}?",
        f";{NUMBER[:-1]}A?",
        f";{NUMBER[:-1]}{(int(NUMBER[-1]) + 1) % 10}?",
    ],
)
def test_where_all_are_bad_the_card_is_swiped_again(text: str) -> None:
    assert swipe(text) == Refused("unreadable")


def test_a_wrong_check_character_spoils_its_own_track_only() -> None:
    wrong = TRACK_1 + chr(lrc_of(TRACK_1.encode(), 1) ^ 1)
    assert [one.is_good for one in split_tracks((wrong + with_lrc(TRACK_2)).encode())] == [False, True]


def test_a_check_character_may_look_like_the_start_of_a_track() -> None:
    track = ";87?"
    assert with_lrc(track) == track + ";"
    assert [one.is_good for one in split_tracks((track + ";" + TRACK_2).encode())] == [True, True]
    assert [one.is_good for one in split_tracks((track + ";").encode())] == [True]


@given(st.text("0123456789=", min_size=1, max_size=37), st.integers(0, 36), st.integers(1, 15))
def test_every_single_bit_error_in_a_track_2_is_found(body: str, at: int, bits: int) -> None:
    track = with_lrc(f";{body}?")
    at = 1 + at % len(body)
    flipped = chr(0x30 + ((ord(track[at]) - 0x30) ^ bits))
    if flipped == "?":
        return
    tracks = split_tracks((track[:at] + flipped + track[at + 1 :]).encode())
    assert [one.is_good for one in tracks] == [False]


def test_track_2_is_asked_before_track_1() -> None:
    one, other = card_number(1), card_number(2)
    data = f"%L{one}?;{other}?".encode()
    first = next(numbers_in(data, split_tracks(data)))
    assert data[slice(*first)] == other.encode()


def test_a_number_of_ours_may_carry_an_expiry_and_others_may_not() -> None:
    assert swipe(f";{NUMBER}=2512?") == Decoded("card", NUMBER)
    assert swipe(";299000000001=2512?") == Refused("payment_card", "unknown")
    ours = NumberRange("card", "4111", 16, "luhn")
    track = RawRead(b";4111111111111111=2512?")
    assert decode(track, transport="serial", ranges=[ours], stripe=True) == Refused("payment_card", "visa")


def magtek(*tracks: str, bad: int = 0) -> bytes:
    filled = [*tracks, "", "", ""][:3]
    head = bytes([bad >> at & 1 for at in range(3)]) + bytes(map(len, filled)) + b"\x00"
    return head + b"".join(track.encode().ljust(110, b"\xaa") for track in filled)


def text_of(frames: list[Frame]) -> list[str]:
    return [one.buffer.decode() if isinstance(one, RawRead) else one.reason for one in frames]


def test_a_report_is_its_good_tracks_back_to_back() -> None:
    assert text_of(frames_of(magtek(TRACK_1, TRACK_2))) == [TRACK_1 + TRACK_2]
    assert text_of(frames_of(magtek("rubbish", TRACK_2, bad=0b101))) == [TRACK_2]


def test_a_report_of_bad_tracks_says_so_and_an_empty_one_says_nothing() -> None:
    assert frames_of(magtek(bad=0b001)) == [Broken("unreadable")]
    assert frames_of(magtek()) == frames_of(b"") == []
    assert frames_of(bytes(200)) == [Broken("unreadable")]


def test_a_length_that_cannot_be_is_a_bad_track() -> None:
    report = bytearray(magtek("", TRACK_2))
    report[3] = 111
    assert text_of(frames_of(report)) == [TRACK_2]


@pytest.mark.parametrize("order", ["little", "big"])
def test_id_techs_own_form_is_text(order: str) -> None:
    text = TRACK_1 + TRACK_2
    length = len(text).to_bytes(2, "little" if order == "little" else "big")
    report = bytes(7) + length + text.encode() + b"\r"
    assert text_of(frames_of(report.ljust(509, b"\x00"))) == [text]
    assert len(report.ljust(509)) <= REPORT_BYTES


@given(st.binary(max_size=600))
def test_any_report_gets_an_answer(report: bytes) -> None:
    for frame in frames_of(report):
        if isinstance(frame, RawRead):
            outcome = decode(frame, transport="hidraw", ranges=RANGES, stripe=True)
            assert isinstance(outcome, Decoded | Refused)
            assert not any(frame.buffer)
