"""Every decoder as one function of bytes, with inputs that work; a decoder may refuse, and may not fail.

What each says is held against what it may say: a number lies in a declared range, and what was read is wiped.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers import card_session, digital_link, gs1, msr_report, ndef, tracks
from drivers.apdu import CardFile
from drivers.codes import Codes
from drivers.event import RawRead
from drivers.framing import Frame, Framer
from drivers.key_events import EVENT, KeyFramer
from drivers.keymap import LAYOUTS
from drivers.number import Decoded, Refused, decode, raw_from_text
from drivers.one_time_code import OneTimeRules, one_time_value
from drivers.payment_guard import payment_brand
from drivers.ranges import NumberRange, find_range
from drivers.rotating import RotatingCodes
from drivers.tape import decode_line

Decode = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Target:
    """A decoder and inputs that it understands."""

    decode: Decode
    seeds: tuple[bytes, ...]
    are_tapes: bool = False


NUMBER = "2990000000019"
HANDFUL = 8
NOW_S = 1_800_000_000
RANGES = (
    NumberRange("card", "299", 13, "ean"),
    NumberRange("member", "640", 18, "ean"),
    NumberRange("coupon", "C", 10, "none"),
    NumberRange("gift", "77", 12, "verhoeff"),
    NumberRange("gcn", "99", 13, "ean", ai="255"),
)
_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_SECRET = b"made up for fuzzing only"
CODES = Codes(
    link_hosts=frozenset({"id.example"}),
    rotating=RotatingCodes(
        {"k": _KEY.public_key().public_bytes_raw()},
        lambda: NOW_S,
        OneTimeRules("LC{number}.{totp_value_0}", _SECRET),
    ),
    card_file=CardFile(bytes.fromhex("F0010203040506")),
)
ATR = bytes.fromhex("3B8F8001804F0CA0000003060300030000000068")
TEXTS = (
    NUMBER.encode(), b"]E0" + NUMBER.encode(), b"C123456789", b"]C18018640000000000000015",
    b"]d2010400638133393117261231310300125010LOT\x1d8018640000000000000015\x1d21S",
    b"]C1255991234567890912", b"https://id.example/8018/640000000000000015?10=LOT",
    b"]Q1https://id.example/x/01/04006381333931/10/A%2FB?17=261231&3103=000195",
    b"%L2990000000019^DOE/JANE?;2990000000019=9912?5+012990000000019=1?", b";2990000000019=25?", b"%E?;E?+E?",
    b"4111111111111111", b"%B4111111111111111^DOE/JANE^2512101?;4111111111111111=2512101?",
    b"'&&&&&&&&&&&&&&&", "%И4111111111111111:ВЩУ".encode(), b"770000000006",
)  # fmt: skip


def signed(number: str, *, issued_s: int = NOW_S, life_s: int = 60, key: Ed25519PrivateKey = _KEY) -> bytes:
    """Make a member's signed code, as head office's wallet would."""
    header = {"alg": "EdDSA", "kid": "k"}
    claims = {"sub": number, "iat": issued_s, "exp": issued_s + life_s}
    body = b".".join(_base64(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return body + b"." + _base64(key.sign(body))


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _numbers(frames: list[Frame], transport: str, *, stripe: bool = False) -> None:
    """Decode every read, and hold the outcome against what it may be."""
    for frame in frames:
        if isinstance(frame, RawRead):
            _check(decode(frame, transport=transport, ranges=RANGES, stripe=stripe, codes=CODES))
            assert not any(frame.buffer), "a read was not wiped"


def _check(outcome: Decoded | Refused | None) -> None:
    if not isinstance(outcome, Decoded):
        return
    if outcome.kind == "uid":
        assert 7 <= len(outcome.value) // 2 <= 10
        return
    value, ai = outcome.value.encode(), "255" if outcome.kind == "gcn" else ""
    found = find_range(value[:13] if ai else value, RANGES, ai)
    assert found is not None
    assert found.kind == outcome.kind


def serial(data: bytes) -> None:
    """Take bytes as a serial line gives them, in two chunks, then silence; a handful of scans counts."""
    framer = Framer()
    half = len(data) // 2
    frames = [*framer.feed(data[:half], 0), *framer.feed(data[half:], 1)]
    while (due_ns := framer.due_at_ns()) is not None:
        framer.idle(due_ns)
    _numbers(frames[:HANDFUL], "serial")


def keys(data: bytes) -> None:
    """Take three bytes as a key event: two bits of type, a code, a value."""
    if not data:
        return
    framer = KeyFramer(LAYOUTS[data[0] % len(LAYOUTS)])
    triples = zip(data[1::3], data[2::3], data[3::3], strict=False)
    events = b"".join(EVENT.pack(0, 0, kind & 3, code, value & 3) for kind, code, value in triples)
    frames = framer.feed_bytes(events, 0)
    if framer.wants_held:
        framer.hold(data[:8])
    _numbers(frames, "evdev")


def typed(text: str, layout: int = 0) -> bytes:
    """Make what `keys` takes from digits, with an Enter behind them."""
    codes = [2 + (int(one) - 1) % 10 for one in text] + [28]
    return bytes([layout]) + b"".join(bytes([1, code, 1, 0, 0, 0, 1, code, 0, 0, 0, 0]) for code in codes)


def report(data: bytes) -> None:
    """Take a stripe reader's HID report."""
    _numbers(msr_report.frames_of(data), "hidraw", stripe=True)


def magtek(*parts: bytes, bad: int = 0) -> bytes:
    """Make a report of up to three tracks; a bit of `bad` says that a track was not read."""
    filled = [*parts, *[b""] * (3 - len(parts))]
    head = bytes([bad >> at & 1 for at in range(3)]) + bytes(map(len, filled)) + b"\x00"
    return head + b"".join(part.ljust(110, b"\x00") for part in filled)


def card(data: bytes) -> None:
    """Take answers of a card, each behind its length; a card says the last one again and again."""
    answers, at = list[bytes](), 0
    while at < len(data):
        answers.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    told = iter(answers)
    last = answers[-1] if answers else b""
    _check(card_session.run(ATR, lambda _: next(told, last), ranges=RANGES, codes=CODES))


def answering(*answers: bytes) -> bytes:
    """Make what `card` takes."""
    return b"".join(bytes([len(one)]) + one for one in answers)


def element_string(data: bytes) -> None:
    """Take a GS1 element string; its elements cover it, and each stands where it says."""
    at = 0
    for element in gs1.parse_elements(data) or ():
        assert data[at:].startswith(element.ai.encode()), "an element is not where it says"
        at = element.end + (element.end < len(data) and data[element.end] == gs1.GS)


def rotating(data: bytes) -> None:
    """Take a rotating code, signed or by the clock; nothing is remembered from one input to the next."""
    assert CODES.rotating is not None
    fresh = replace(CODES.rotating)
    if fresh.matches(data):
        fresh.judge(data, "serial")


LONGEST_TEXT = 1024
"""Characters that the POS interface takes as a number; what is longer never reaches the decoder."""


def pos_text(data: bytes) -> None:
    """Take text that a POS hands over, under each layout in turn."""
    layout = LAYOUTS[data[0] % len(LAYOUTS)] if data else "us"
    text = data.decode("utf-8", errors="replace")[:LONGEST_TEXT]
    _numbers([raw_from_text(text, layout)], "pos_text")


def tape(data: bytes) -> None:
    """Take a line of a tape."""
    assert decode_line(data, RANGES, CODES)["outcome"] in {"identifier", "identifiers", "refused", "ignored"}


def message(data: bytes) -> None:
    """Take a tag's memory."""
    span = ndef.message_span(data)
    ndef.texts_of(data if span is None else data[span[0] : span[1]])


_NDEF = bytes.fromhex("0310d1010c540265") + b"n" + NUMBER[:9].encode() + b"\xfe"
_ONE_TIME = b"LC" + NUMBER.encode() + b"." + one_time_value(bytes(20), 1, 8)


def targets(tapes: tuple[bytes, ...]) -> dict[str, Target]:
    """Give every decoder; `tapes` are lines of the tests' corpus."""
    return {
        "serial": Target(serial, (*(one + b"\r" for one in TEXTS), b"\x02" + TEXTS[0] + b"\x03")),
        "keys": Target(keys, (typed(NUMBER), typed("4111111111111111", 2), b"\x00" + bytes([0, 3, 0]))),
        "hid_report": Target(
            report, (magtek(TEXTS[9], TEXTS[9]), magtek(b"", TEXTS[9], bad=1), magtek(TEXTS[9]) + bytes(172))
        ),
        "tracks": Target(tracks.split_tracks, TEXTS),
        "card": Target(
            card,
            (
                answering(b"\x6a\x82", _NDEF[:16] + b"\x90\x00", _NDEF[16:].ljust(16, b"\0") + b"\x90\x00"),
                answering(b"\x90\x00", NUMBER.encode() + b"\x90\x00"),
                answering(b"\x6a\x82", b"\x63\x00", bytes.fromhex("04a1b2c3d4e5f69000")),
            ),
        ),
        "ndef": Target(message, (_NDEF, bytes.fromhex("d1010555046964") + b".example", bytes(300))),
        "gs1": Target(element_string, tuple(one[3:] for one in TEXTS if one[:3] in gs1.AIM_OF_GS1)),
        "digital_link": Target(
            lambda data: digital_link.elements_of(data, hosts={"id.example"}),
            tuple(one.removeprefix(b"]Q1") for one in TEXTS if b"https" in one),
        ),
        "rotating": Target(rotating, (signed(NUMBER), signed(NUMBER, issued_s=1), _ONE_TIME)),
        "payment_guard": Target(
            lambda data: payment_brand(data, transport="serial", loyalty_ranges=RANGES), TEXTS
        ),
        "pos_text": Target(pos_text, TEXTS),
        "tape": Target(tape, tapes, are_tapes=True),
    }
