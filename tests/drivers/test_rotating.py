"""Codes that are good for a moment and once."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from drivers import rotating as module
from drivers.codes import Codes
from drivers.number import Decoded, Refused, decode, raw_from_text
from drivers.one_time_code import OneTimeRules, one_time_value
from drivers.rotating import RotatingCodes, Shown
from drivers.signed_code import MAX_LIFE_S
from tests.drivers.loyalty_numbers import RANGES, card_number

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([at] * 32)) for at in (1, 2))
NUMBER = card_number(5)
NOW = 1_800_000_000
SECRET = b"a secret of the chain"
RULES = OneTimeRules("LC{number}.{totp_value_0}", SECRET)


class Desk:
    """A till's rotating codes under a clock that the test sets; None while it is in doubt."""

    def __init__(self, one_time: OneTimeRules | None = RULES) -> None:
        self.now: int | None = NOW
        keys = {"2026": KEY.public_key().public_bytes_raw()}
        self.codes = Codes(rotating=RotatingCodes(keys, lambda: self.now, one_time))

    def show(self, code: str, transport: str = "serial") -> Decoded | Refused:
        return decode(raw_from_text(code), transport=transport, ranges=RANGES, codes=self.codes)


def base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def signed(
    number: Any = NUMBER, *, at: Any = NOW, life: Any = 60, key: Ed25519PrivateKey = KEY, **header: Any
) -> str:
    claims = {"sub": number, "iat": at, "exp": at + life if isinstance(at, int) else at}
    parts = [{"alg": "EdDSA", "kid": "2026"} | header, claims]
    body = ".".join(base64(json.dumps(part).encode()) for part in parts)
    return f"{body}.{base64(key.sign(body.encode()))}"


def one_time(number: str = NUMBER, *, at: int = NOW, secret: bytes = SECRET) -> str:
    own = hmac.digest(secret, number.encode(), "sha256")[:20]
    return f"LC{number}.{one_time_value(own, at // 30, 8).decode()}"


def test_a_signed_code_is_its_members_number() -> None:
    assert Desk().show(signed()) == Desk().show("]Q1" + signed()) == Decoded("card", NUMBER)


@pytest.mark.parametrize("now", [NOW - 31, NOW + 60 + 31])
def test_outside_its_time_and_half_a_minute_it_is_expired(now: int) -> None:
    desk = Desk()
    desk.now = now
    assert desk.show(signed()) == Refused("expired")


@pytest.mark.parametrize("now", [NOW - 30, NOW + 90])
def test_clocks_may_differ_by_half_a_minute(now: int) -> None:
    desk = Desk()
    desk.now = now
    assert desk.show(signed()) == Decoded("card", NUMBER)


@pytest.mark.parametrize(
    "code",
    [
        signed(key=OTHER),
        signed(kid="2025"),
        signed(kid=7),
        signed(alg="none"),
        signed(alg="HS256"),
        signed(jwk={"kty": "OKP"}),
        signed()[:-1] + ("A" if signed()[-1] != "A" else "Q"),
    ],
)
def test_what_is_not_signed_by_us_is_untrusted(code: str) -> None:
    assert Desk().show(code) == Refused("untrusted")


@pytest.mark.parametrize(
    "code",
    [signed(life=MAX_LIFE_S + 1), signed(life=0), signed(at=-5), signed(at="now"), signed(number=5),
     signed(number="299 1"), signed(number="")],
)  # fmt: skip
def test_what_is_signed_but_makes_no_sense_is_unreadable(code: str) -> None:
    assert Desk().show(code) == Refused("unreadable")


def test_a_payment_number_inside_a_signed_code_is_refused() -> None:
    assert Desk().show(signed("4111111111111111")) == Refused("payment_card", "visa")


def test_a_number_of_nobody_stays_unknown_however_well_signed() -> None:
    assert Desk().show(signed("12345")) == Refused("unknown_number")


def test_a_code_is_used_once() -> None:
    desk = Desk()
    assert desk.show(signed()) == Decoded("card", NUMBER)
    desk.now = NOW + 10
    assert desk.show(signed()) == Refused("replayed")
    assert desk.show(signed(at=NOW + 5)) == Decoded("card", NUMBER)
    assert desk.show(signed(at=NOW + 1)) == Refused("replayed")


def test_a_scanner_that_reads_twice_at_one_go_is_no_replay() -> None:
    desk = Desk()
    desk.show(signed())
    desk.now = NOW + 1
    assert desk.show(signed()) == Decoded("card", NUMBER)
    assert desk.show(signed(), "evdev") == Refused("replayed")


def test_a_pos_may_hand_the_same_code_over_again_and_a_reader_may_not_follow() -> None:
    desk = Desk()
    for second in (0, 20, 40):
        desk.now = NOW + second
        assert desk.show(signed(), "pos_text") == Decoded("card", NUMBER)
    assert desk.show(signed()) == Refused("replayed")


def test_one_members_codes_do_not_touch_anothers() -> None:
    desk = Desk()
    desk.show(signed(at=NOW))
    assert desk.show(signed(card_number(6), at=NOW - 10)) == Decoded("card", card_number(6))


def test_with_a_clock_in_doubt_a_code_is_taken_as_not_verified() -> None:
    desk = Desk()
    desk.now = None
    assert desk.show(signed(at=5)) == Decoded("card", NUMBER, is_verified=False)
    assert desk.show(signed(key=OTHER)) == Refused("untrusted")
    assert desk.show(signed(at=4)) == Refused("replayed")


def test_what_was_used_is_remembered_within_bounds() -> None:
    codes = RotatingCodes({}, lambda: NOW, OneTimeRules("{number}-{totp_value_0}", SECRET, digits=6))
    for serial in range(3):
        codes._once(str(serial), module._Use(1, NOW, "serial"))
    assert len(codes._used) == 3
    assert module.REMEMBERED * 32 < 1_000_000  # bytes of names, that is


@pytest.mark.parametrize("shift", [-30, 0, 30])
def test_a_code_by_the_clock_is_good_for_its_step_and_the_one_beside_it(shift: int) -> None:
    assert Desk().show(one_time(at=NOW + shift)) == Decoded("card", NUMBER)


@pytest.mark.parametrize(
    "code", [one_time(at=NOW - 90), one_time(secret=b"another chain's secret"), f"LC{NUMBER}.00000000"]
)
def test_other_codes_by_the_clock_are_untrusted(code: str) -> None:
    assert Desk().show(code) == Refused("untrusted")


def test_a_code_by_the_clock_is_used_once() -> None:
    desk = Desk()
    assert desk.show(one_time()) == Decoded("card", NUMBER)
    desk.now = NOW + 5
    assert desk.show(one_time()) == Refused("replayed")
    desk.now = NOW + 30
    assert desk.show(one_time(at=NOW + 30)) == Decoded("card", NUMBER)


@pytest.mark.parametrize("unit", ["seconds", "millis"])
def test_a_code_that_tells_its_own_time_must_be_of_now(unit: str) -> None:
    rules = OneTimeRules("{number}-{totp_timestamp_" + unit + "}-{totp_value_0}", SECRET)
    factor = 1000 if unit == "millis" else 1

    def code(at: int) -> str:
        return f"{NUMBER}-{at * factor}-{one_time(at=at).split('.')[1]}"

    desk = Desk(rules)
    assert desk.show(code(NOW - 300)) == Refused("expired")
    assert desk.show(code(NOW)) == Decoded("card", NUMBER)
    desk.now = None
    assert desk.show(code(NOW + 60)) == Decoded("card", NUMBER, is_verified=False)


@pytest.mark.parametrize(
    ("at", "value"),
    [(59, b"94287082"), (1111111109, b"07081804"), (1234567890, b"89005924"), (20000000000, b"65353130")],
)
def test_values_are_those_of_rfc_6238(at: int, value: bytes) -> None:
    assert one_time_value(b"12345678901234567890", at // 30, 8) == value


@pytest.mark.parametrize(
    ("pattern", "more"),
    [("{number}", {}), ("{totp_value_0}", {}), ("{number}{number}{totp_value_0}", {}),
     ("{number}{totp_value_0}{totp_value_1}", {}), ("{number}{totp_value_0}", {"digits": 5}),
     ("{number}{totp_value_0}", {"period_s": 1}), ("{number}{totp_value_0}", {"secret": b"short"})],
)  # fmt: skip
def test_rules_that_cannot_be_are_refused(pattern: str, more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|does not know"):
        OneTimeRules(pattern, **{"secret": SECRET} | more)


def test_neither_a_secret_nor_a_number_is_shown() -> None:
    codes = Desk().codes.rotating
    assert codes is not None
    assert SECRET.decode() not in repr(codes)
    assert NUMBER not in repr(codes.judge(signed().encode(), "serial"))
    assert isinstance(Desk().codes.rotating, RotatingCodes)
    assert repr(Shown(NUMBER, is_verified=True)) == "Shown(13 characters, is_verified=True)"


@given(st.integers(0, 400), st.integers(0, 255))
def test_no_changed_code_is_ever_taken(at: int, byte: int) -> None:
    code = bytearray(signed().encode())
    at %= len(code)
    if code[at] == byte:
        return
    code[at] = byte
    shown = Desk().codes.rotating
    assert shown is not None
    # The last character of base64 carries bits that mean nothing: a changed one may spell the same.
    if shown.matches(code) and at != len(code) - 1:
        assert shown.judge(code, "serial") in {"untrusted", "unreadable"}
