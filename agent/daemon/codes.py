"""From configuration to what the decoders accept beyond number ranges; one object for readers and POS alike.

Readers and the POS door share it, as a code that was used at one must not be used again at the other.
"""

from datetime import UTC, datetime
from pathlib import Path

from agent.clock import Clock
from agent.config.till import Codes as CodesConfig
from agent.errors import ConfigurationError
from drivers.apdu import CardFile
from drivers.codes import Codes
from drivers.one_time_code import OneTimeRules
from drivers.rotating import RotatingCodes
from drivers.uid import UidRules

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock that shows less has lost its battery: codes are then taken as "not verified", and not refused."""


def codes_of(config: CodesConfig, clock: Clock) -> Codes:
    """Make the decoders' settings.

    Raises:
        ConfigurationError: which key of [codes] cannot be, or the secret's file cannot be read.
    """
    return Codes(
        link_hosts=frozenset(config.link_hosts),
        rotating=_rotating(config, clock),
        uids=UidRules(allow_single=config.single_uids) if config.uids else None,
        card_file=_card_file(config),
    )


def _rotating(config: CodesConfig, clock: Clock) -> RotatingCodes | None:
    one_time = _one_time(config)
    if not config.keys and one_time is None:
        return None

    def unix_time() -> int | None:
        now = clock.now()
        return int(now.timestamp()) if now >= EARLIEST else None

    return RotatingCodes({name: bytes.fromhex(key) for name, key in config.keys.items()}, unix_time, one_time)


def _one_time(config: CodesConfig) -> OneTimeRules | None:
    if not config.one_time_pattern:
        return None
    try:
        secret = Path(config.one_time_secret).read_bytes().strip()
        return OneTimeRules(
            config.one_time_pattern,
            secret,
            digits=config.one_time_digits,
            period_s=config.one_time_period_s,
        )
    except (OSError, ValueError) as why:
        remedy = "correct [codes] one_time_pattern or one_time_secret"
        raise ConfigurationError(f"one-time codes: {why}", remedy=remedy) from None


def _card_file(config: CodesConfig) -> CardFile | None:
    if not config.card_aid:
        return None
    try:
        return CardFile(bytes.fromhex(config.card_aid), config.card_short_id)
    except ValueError as why:
        raise ConfigurationError(f"codes.card_aid: {why}", remedy="correct [codes] card_aid") from None
