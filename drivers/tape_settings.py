"""What a tape line brings along, so that it replays anywhere: ranges, codes, layout, the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from drivers.apdu import CardFile
from drivers.codes import Codes
from drivers.framing import IDLE_NS
from drivers.keymap import LAYOUTS
from drivers.one_time_code import OneTimeRules
from drivers.ranges import NumberRange, check_ranges
from drivers.rotating import RotatingCodes
from drivers.tape_fields import (
    NS_PER_MS,
    Fields,
    TapeError,
    flag_at,
    hex_of,
    list_at,
    object_at,
    text_at,
    whole_at,
)
from drivers.uid import UidRules

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Settings:
    """How a reader of this tape was set up."""

    transport: str
    ranges: Sequence[NumberRange]
    codes: Codes
    stripe: bool
    layout: str
    idle_ns: int


def settings_of(tape: Fields, ranges: Sequence[NumberRange], codes: Codes) -> Settings:
    """Read a tape's settings; what its `input.config` does not say is as given."""
    given = object_at(tape, "input")
    config = object_at(given, "config", default={})
    transport = text_at(tape, "transport", default="")
    role = object_at(tape, "device", default={}).get("role")
    layout = text_at(given, "layout", default=text_at(config, "layout", default="us"))
    if layout not in LAYOUTS:
        raise TapeError(f"layout must be one of {', '.join(LAYOUTS)}")
    idle_ms = whole_at(config, "idle_ms", default=IDLE_NS // NS_PER_MS, least=1)
    return Settings(
        transport,
        _ranges(config) if "ranges" in config else ranges,
        _codes(config, codes, tape),
        stripe=role == "msr" or transport == "hidraw",
        layout=layout,
        idle_ns=idle_ms * NS_PER_MS,
    )


def _ranges(config: Fields) -> tuple[NumberRange, ...]:
    """Read ranges from the tape itself; a payment range in a tape opens no door either."""
    ranges: list[NumberRange] = []
    for one in list_at(config, "ranges"):
        match one:
            case {"kind": str(kind), "prefix": str(prefix), "length": int(length), "check": str(check)}:
                ai = text_at(one, "ai", default="")
                ranges.append(NumberRange(kind, prefix, length, check, ai))  # type: ignore[arg-type]
            case _:
                raise TapeError("a range has kind, prefix, length, check and perhaps ai")
    if mistakes := check_ranges(ranges):
        raise TapeError(mistakes[0])
    return tuple(ranges)


def _codes(config: Fields, codes: Codes, tape: Fields) -> Codes:
    if "link_hosts" in config:
        hosts = list_at(config, "link_hosts")
        codes = replace(codes, link_hosts=frozenset(str(host).lower() for host in hosts))
    if "uids" in config:
        rules = object_at(config, "uids")
        kind = text_at(rules, "kind", default="uid")
        codes = replace(codes, uids=UidRules(kind, allow_single=flag_at(rules, "allow_single")))
    try:
        if "card_file" in config:
            file = object_at(config, "card_file")
            aid = bytes(hex_of(file.get("aid")))
            short_id = whole_at(file, "short_id", default=0, least=0, most=30)
            codes = replace(codes, card_file=CardFile(aid, short_id))
        if "keys" in config or "one_time" in config:
            codes = replace(codes, rotating=_rotating(config))
    except TapeError:
        raise
    except ValueError as why:
        raise TapeError(str(why)) from None
    if codes.rotating is not None:
        # The tape's clock counts, and no line spoils the next: a copy has used nothing yet.
        now_s = whole_at(tape, "clock_unix", default=0, least=0) if "clock_unix" in tape else None
        codes = replace(codes, rotating=replace(codes.rotating, unix_time=lambda: now_s))
    return codes


def _rotating(config: Fields) -> RotatingCodes:
    keys = {name: bytes(hex_of(key)) for name, key in object_at(config, "keys", default={}).items()}
    if any(len(key) != _KEY_BYTES for key in keys.values()):
        raise TapeError("a key is the 32 bytes of an Ed25519 public key, in hex digits")
    one_time = None
    if "one_time" in config:
        rules = object_at(config, "one_time")
        one_time = OneTimeRules(
            text_at(rules, "pattern"),
            bytes(hex_of(rules.get("secret_hex"))),
            digits=whole_at(rules, "digits", default=8, least=6, most=8),
            period_s=whole_at(rules, "period_s", default=30, least=10, most=300),
        )
    return RotatingCodes(keys, lambda: None, one_time)
