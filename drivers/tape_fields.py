"""Read the parts of a tape line, one named mistake at a time and never quoting what stands there."""

from __future__ import annotations

from typing import Any

MAX_EVENTS = 20_000
MAX_MS = 1 << 40

NS_PER_MS = 1_000_000
EV_KEY = 1
Fields = dict[str, Any]
Timed = list[tuple[int, bytearray]]
KeyEvents = list[tuple[int, tuple[int, int, int]]]


class TapeError(ValueError):
    """The line is no tape; the sentence names the key and never quotes its content."""


def object_at(given: Fields, key: str, *, default: Fields | None = None) -> Fields:
    """Give the object under a key, or the default where there is none."""
    value = given.get(key, default)
    if not isinstance(value, dict):
        raise TapeError(f"{key} must be an object")
    return value


def text_at(given: Fields, key: str, *, default: str | None = None) -> str:
    """Give the text under a key."""
    value = given.get(key, default)
    if not isinstance(value, str):
        raise TapeError(f"{key} must be a text")
    return value


def whole_at(given: Fields, key: str, *, default: int, least: int, most: int = MAX_MS) -> int:
    """Give the whole number under a key."""
    value = given.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise TapeError(f"{key} must be a whole number from {least} to {most}")
    return value


def flag_at(given: Fields, key: str) -> bool:
    """Give the yes or no under a key; no where it is missing."""
    value = given.get(key, False)
    if not isinstance(value, bool):
        raise TapeError(f"{key} must be true or false")
    return value


def list_at(given: Fields, key: str) -> list[Any]:
    """Give the list under a key; an empty one where it is missing."""
    value = given.get(key, [])
    if not isinstance(value, list):
        raise TapeError(f"{key} must be a list")
    return value


def hex_of(value: object) -> bytearray:
    """Give bytes written as hex digits."""
    try:
        return bytearray.fromhex(value) if isinstance(value, str) else _no_hex()
    except ValueError:
        return _no_hex()


def chunks_of(given: Fields) -> Timed:
    """Give a serial line's bytes with their times in nanoseconds: `bytes_hex`, or `chunks` of [t_ms, hex]."""
    if "bytes_hex" in given:
        return [(0, hex_of(given["bytes_hex"]))]
    if not isinstance(given.get("chunks"), list):
        raise TapeError("a serial input has bytes_hex, chunks or steps")
    read: Timed = []
    for chunk in given["chunks"]:
        match chunk:
            case [int(at_ms), data] if _is_next(at_ms, read):
                read.append((at_ms * NS_PER_MS, hex_of(data)))
            case _:
                raise TapeError("a chunk is [t_ms, hex], t_ms never falling")
    return read


def events_of(given: Fields) -> KeyEvents:
    """Give key events with their times: [t_ms, code, value], or [t_ms, type, code, value] for other types."""
    events = list_at(given, "events")
    if "events" not in given or len(events) > MAX_EVENTS:
        raise TapeError(f"an evdev input has events (at most {MAX_EVENTS}) or steps")
    read: KeyEvents = []
    for event in events:
        match event:
            case [int(at_ms), int(code), int(value)] if _is_next(at_ms, read):
                read.append((at_ms * NS_PER_MS, (EV_KEY, code, value)))
            case [int(at_ms), int(kind), int(code), int(value)] if _is_next(at_ms, read):
                read.append((at_ms * NS_PER_MS, (kind, code, value)))
            case _:
                raise TapeError(
                    "an event is [t_ms, code, value] or [t_ms, type, code, value], t_ms never falling"
                )
    return read


def reports_of(given: Fields) -> list[bytearray]:
    """Give HID reports: `reports_hex`, one text or a list of them."""
    reports = given.get("reports_hex")
    if isinstance(reports, str):
        reports = [reports]
    if not isinstance(reports, list):
        raise TapeError("a hidraw input has reports_hex or steps")
    return [hex_of(one) for one in reports]


def _is_next(at_ms: int, read: list[Any]) -> bool:
    return 0 <= at_ms < MAX_MS and (not read or at_ms * NS_PER_MS >= read[-1][0])


def _no_hex() -> bytearray:
    raise TapeError("bytes are written as hex digits")
