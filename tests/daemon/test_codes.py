"""The [codes] of a configuration become what the decoders accept, or a sentence that names the key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.config.till import Codes as CodesConfig
from agent.daemon.codes import codes_of
from agent.errors import ConfigurationError
from drivers.number import Decoded, decode, raw_from_text
from drivers.ranges import NumberRange
from drivers.uid import UidRules
from tests.drivers.loyalty_numbers import card_number
from tests.drivers.test_rotating import KEY, NOW, SECRET, one_time, signed
from tests.headoffice.till_end import StillClock

RANGES = (NumberRange("card", "299", 13, "ean"),)
NUMBER = card_number(5)


def clock(at_s: int = NOW) -> StillClock:
    return StillClock(datetime.fromtimestamp(at_s, UTC))


def public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def test_without_any_only_unmistakable_chip_ids_count() -> None:
    codes = codes_of(CodesConfig(), clock())
    assert (codes.rotating, codes.card_file, codes.link_hosts) == (None, None, frozenset())
    assert codes.uids == UidRules(allow_single=False)
    assert codes_of(CodesConfig(uids=False), clock()).uids is None


def test_a_key_lets_signed_codes_in_by_the_tills_own_clock() -> None:
    codes = codes_of(CodesConfig(keys={"2026": public(KEY)}), clock())
    read = decode(raw_from_text(signed()), transport="serial", ranges=RANGES, codes=codes)
    assert read == Decoded("card", NUMBER)


def test_a_clock_that_has_lost_its_battery_leaves_codes_not_verified() -> None:
    codes = codes_of(CodesConfig(keys={"2026": public(KEY)}), clock(at_s=5))
    read = decode(raw_from_text(signed()), transport="serial", ranges=RANGES, codes=codes)
    assert read == Decoded("card", NUMBER, is_verified=False)


def test_the_secret_of_one_time_codes_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    config = CodesConfig(
        one_time_pattern="LC{number}.{totp_value_0}", one_time_secret=str(tmp_path / "secret")
    )
    read = decode(
        raw_from_text(one_time()), transport="serial", ranges=RANGES, codes=codes_of(config, clock())
    )
    assert read == Decoded("card", NUMBER)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (CodesConfig(card_aid="A0000000031010"), "payment scheme"),
        (CodesConfig(card_aid="F001"), "5 to 16 bytes"),
        (CodesConfig(one_time_pattern="{number}{totp_value_0}", one_time_secret="/nowhere/secret"), "secret"),
        (CodesConfig(one_time_pattern="{number}", one_time_secret=__file__), "pattern must hold"),
    ],
)
def test_what_cannot_be_is_named(config: CodesConfig, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        codes_of(config, clock())
