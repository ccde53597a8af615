"""Inputs nobody would think of, made from those that work: seeded, so every one can be made again.

A third of the changes put in a piece that means something to a decoder; pure noise seldom gets past the first
byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

LONGEST = 1500  # bytes: past every bound that a decoder has
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_STAYS_TAPE, _STAYS_HEX, _DROPPED = 0.9, 0.8, 0.1
_LONGEST_HEX = 300  # a line may hold a thousand scans; the bar is for a handful
PIECES = (
    b"]C1", b"]e0", b"]d2", b"]Q3", b"]E0", b"]E4", b"8018", b"255", b"01", b"10", b"\x1d", b"%B", b";", b"?",
    b"=2512", b"^", b"%E?", b"+", b"\r", b"\r\n", b"\x02", b"\x03", b"\x00", b"\xff", b"https://", b"/8018/",
    b"id.example", b"%2F", b"?10=", b"eyJ", b".", b"-", b" ", b"2990000000019", b"4111111111111111",
    b"\xd1\x01", b"\x03\xff\xff\xff", b"\xfe", b"\x90\x00", b"\x6a\x82", b"\xd0\x98", b"&&&&", b"\xc3\xa9",
    b"9" * 40, b"(((((((((((((", b"[[", b'{"',
)  # fmt: skip


def inputs(seeds: Sequence[bytes], seed: str, *, are_tapes: bool = False) -> Iterator[bytes]:
    """Give changed seeds without end; the same `seed` gives the same inputs.

    Nine of ten tapes stay tapes: only a value inside their input is changed.
    """
    chance = Random(seed)
    documents = [json.loads(one) for one in seeds] if are_tapes else []
    while True:
        if are_tapes and chance.random() < _STAYS_TAPE:
            document = chance.choice(documents)
            yield json.dumps({**document, "input": _retold(document["input"], chance)}).encode()
            continue
        data = bytearray(chance.choice(seeds))
        for _ in range(1 + int(chance.expovariate(0.7))):
            chance.choice(_CHANGES)(data, chance, seeds)
        yield bytes(data[:LONGEST])


def _retold(value: Any, chance: Random) -> Any:
    """Change one value somewhere inside a document; hex stays hex more often than not."""
    match value:
        case dict() if value:
            key = chance.choice(list(value))
            return {**value, key: _retold(value[key], chance)}
        case list() if value:
            at = int(chance.random() * len(value))
            new = [] if chance.random() < _DROPPED else [_retold(value[at], chance)]
            return [*value[:at], *new, *value[at + 1 :]]
        case str() if _HEX.fullmatch(value) and chance.random() < _STAYS_HEX:
            data = bytearray.fromhex(value)
            chance.choice(_CHANGES)(data, chance, (b"4111111111111111", b"2990000000019\r"))
            return data[:_LONGEST_HEX].hex()
        case str():
            return chance.choice((value + chance.choice("0A]^?é%"), value[1:], value[::-1], "", 7))
        case int():
            return chance.choice((value + 1, value - 1, -value, value * 1000, str(value), None))
        case _:
            return chance.choice((None, True, 1, "", [], {}))


def _flip(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    if data:
        data[_at(data, chance)] = chance.getrandbits(8)


def _nudge(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    """Change a byte by one: a check digit, a length, a count."""
    if data:
        at = _at(data, chance)
        data[at] = (data[at] + chance.choice((-1, 1))) & 0xFF


def _drop(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    at = _at(data, chance)
    del data[at : at + 1 + int(chance.expovariate(0.2))]


def _cut(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    del data[_at(data, chance) :]


def _insert(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    at = _at(data, chance)
    data[at:at] = chance.choice(PIECES)


def _overwrite(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    at, piece = _at(data, chance), chance.choice(PIECES)
    data[at : at + len(piece)] = piece


def _splice(data: bytearray, chance: Random, seeds: Sequence[bytes]) -> None:
    other = chance.choice(seeds)
    data[_at(data, chance) :] = other[_at(other, chance) :]


def _repeat(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    """Say a part again and again, up to the longest: what is slow for long reads shows here."""
    at = _at(data, chance)
    part = data[at : at + 1 + int(chance.expovariate(0.1))]
    times = chance.choice((2, 5, LONGEST // max(len(part), 1)))
    data[at:at] = part * times


def _noise(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    at = _at(data, chance)
    data[at:at] = chance.randbytes(1 + int(chance.expovariate(0.1)))


def _at(data: bytes | bytearray, chance: Random) -> int:
    return int(chance.random() * len(data))


_CHANGES: tuple[Callable[[bytearray, Random, Sequence[bytes]], None], ...] = (
    _flip, _nudge, _drop, _cut, _insert, _insert, _overwrite, _splice, _repeat, _noise,
)  # fmt: skip
