"""Replay a captured read: one JSON line in, one answer out, through a reader's framing, guard and ranges.

A tape line is {"id", "transport", "device": {"name", "role"}, "input": {...}}; the input of a serial line is
`bytes_hex` or `chunks: [[t_ms, hex], ...]`, that of POS text is `text`. `input.config` may carry `ranges` and
`idle_ms`, so that a till's tape replays anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from drivers.event import RawRead
from drivers.framing import IDLE_NS, Frame, Framer
from drivers.number import Decoded, NumberRange, Refused, check_ranges, decode, raw_from_text

MAX_LINE = 1 << 20
_NS_PER_MS = 1_000_000
_MAX_MS = 1 << 40

Answer = dict[str, object]


class _TapeError(ValueError):
    """The line is no tape; the sentence names the key and never quotes its content."""


def decode_line(line: str | bytes, ranges: Sequence[NumberRange]) -> Answer:
    """Answer one line: `identifier`, `identifiers`, `refused` or `ignored`, with its kind and value.

    Where a sequence holds several reads, `items` lists them in order and `reason` is that of the first
    refusal. A line that is no tape is answered too: `refused`, its reason saying what is wrong.

    >>> tape = '{"id": 7, "transport": "pos_text", "input": {"text": "4111 1111 1111 1111"}}'
    >>> decode_line(tape, [])["reason"]
    'payment_card'
    """
    name: object = None
    try:
        tape = _document(line)
        name = tape.get("id")
        return {"id": name} | _answer(_outcomes(tape, ranges))
    except _TapeError as why:
        return {"id": name} | _answer([]) | {"outcome": "refused", "reason": str(why)}


def _answer(outcomes: list[Decoded | Refused]) -> Answer:
    found = [one for one in outcomes if isinstance(one, Decoded)]
    reasons = [one.reason for one in outcomes if isinstance(one, Refused)]
    first = found[0] if len(found) == 1 else None
    if len(found) > 1:
        outcome = "identifiers"
    else:
        outcome = "identifier" if found else "refused" if reasons else "ignored"
    return {
        "outcome": outcome,
        "kind": first.kind if first else None,
        "value": first.value if first else None,
        "items": [_item(one) for one in outcomes] if len(outcomes) > 1 else [],
        "reason": reasons[0] if reasons else None,
    }


def _item(outcome: Decoded | Refused) -> Answer:
    match outcome:
        case Decoded(kind, value):
            return {"kind": kind, "value": value}
        case Refused(reason, _):
            return {"reason": reason}


def _outcomes(tape: dict[str, Any], ranges: Sequence[NumberRange]) -> list[Decoded | Refused]:
    transport, given = tape.get("transport"), _object(tape, "input")
    config = _object(given, "config") if "config" in given else {}
    if "ranges" in config:
        ranges = _ranges(config["ranges"])
    device = _object(tape, "device") if "device" in tape else {}
    stripe = device.get("role") == "msr"
    if transport == "pos_text":
        raw = raw_from_text(_text(given, "text"))
        return [decode(raw, transport=transport, ranges=ranges, stripe=stripe)] if len(raw) else []
    if transport != "serial":
        raise _TapeError("transport not supported here")
    framer = Framer(idle_ns=_idle_ns(config))
    return [
        decode(frame, transport=transport, ranges=ranges, stripe=stripe)
        if isinstance(frame, RawRead)
        else Refused(frame.reason)
        for frame in _frames(framer, _chunks(given))
    ]


def _frames(framer: Framer, chunks: Sequence[tuple[int, bytearray]]) -> Iterator[Frame]:
    """Feed the chunks at their times, and let the line fall silent wherever it would have."""
    for now_ns, data in chunks:
        yield from _silence(framer, now_ns - 1)
        yield from framer.feed(data, now_ns)
    yield from _silence(framer, None)


def _silence(framer: Framer, until_ns: int | None) -> Iterator[Frame]:
    while (due_ns := framer.due_at_ns()) is not None and (until_ns is None or due_ns <= until_ns):
        yield from framer.idle(due_ns)


def _document(line: str | bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise _TapeError(f"tape: a line is at most {MAX_LINE} characters")
    try:
        tape = json.loads(line)
    except (ValueError, RecursionError):
        raise _TapeError("tape: the line is no JSON") from None
    if not isinstance(tape, dict):
        raise _TapeError("tape: the line must be a JSON object")
    return tape


def _object(given: dict[str, Any], key: str) -> dict[str, Any]:
    value = given.get(key)
    if not isinstance(value, dict):
        raise _TapeError(f"tape: {key} must be an object")
    return value


def _text(given: dict[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str):
        raise _TapeError(f"tape: {key} must be a text")
    return value


def _chunks(given: dict[str, Any]) -> list[tuple[int, bytearray]]:
    if "bytes_hex" in given:
        return [(0, _bytes(given["bytes_hex"]))]
    chunks = given.get("chunks")
    if not isinstance(chunks, list):
        raise _TapeError("tape: a serial input has bytes_hex or chunks")
    read: list[tuple[int, bytearray]] = []
    for chunk in chunks:
        match chunk:
            case [int(at_ms), data] if 0 <= at_ms < _MAX_MS and (
                not read or at_ms * _NS_PER_MS >= read[-1][0]
            ):
                read.append((at_ms * _NS_PER_MS, _bytes(data)))
            case _:
                raise _TapeError("tape: a chunk is [t_ms, hex], t_ms never falling")
    return read


def _bytes(value: object) -> bytearray:
    if not isinstance(value, str):
        raise _TapeError("tape: bytes are written as hex digits")
    try:
        return bytearray.fromhex(value)
    except ValueError:
        raise _TapeError("tape: bytes are written as hex digits") from None


def _idle_ns(config: dict[str, Any]) -> int:
    match config.get("idle_ms", IDLE_NS // _NS_PER_MS):
        case int(idle_ms) if 0 < idle_ms < _MAX_MS:
            return idle_ms * _NS_PER_MS
        case _:
            raise _TapeError("tape: idle_ms must be a number of milliseconds")


def _ranges(given: object) -> tuple[NumberRange, ...]:
    """Read ranges from the tape itself; a payment range in a tape opens no door either."""
    if not isinstance(given, list):
        raise _TapeError("tape: ranges must be a list")
    ranges: list[NumberRange] = []
    for one in given:
        match one:
            case {"kind": str(kind), "prefix": str(prefix), "length": int(length), "check": str(check)}:
                ranges.append(NumberRange(kind, prefix, length, check))  # type: ignore[arg-type]
            case _:
                raise _TapeError("tape: a range has kind, prefix, length and check")
    if mistakes := check_ranges(ranges):
        raise _TapeError(f"tape: {mistakes[0]}")
    return tuple(ranges)
