"""Packed messages: what comes out is what went in, and nothing is unpacked beyond its cap."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sync.packing import MAGIC, SMALLEST_BYTES, Unpackable, packed, unpacked
from agent.sync.wire import Fork, Pull, Push, Retry, encode

CAP = 100_000


@given(st.binary(max_size=3 * SMALLEST_BYTES).filter(lambda one: not one.startswith(MAGIC)))
def test_what_was_packed_comes_out_and_anything_else_stays_as_it_is(message: bytes) -> None:
    assert unpacked(packed(message), CAP) == message
    assert unpacked(message, CAP) == message


def test_a_batch_takes_a_tenth() -> None:
    batch = encode([{"kind": "COUNT", "account": f"m{number}", "receipt": "r-77"} for number in range(500)])
    assert len(packed(batch)) < len(batch) / 10


def test_no_message_of_ours_begins_as_a_packed_one() -> None:
    messages = (Fork(1), Retry(1), Pull("a" * 32, 0), Push("a" * 32, 1, b"", [b"x"] * 20, b""))
    assert not any(encode(message).startswith(MAGIC[:1]) for message in messages)


@given(st.binary(max_size=60))
def test_noise_behind_the_first_bytes_is_refused(noise: bytes) -> None:
    with pytest.raises(Unpackable):
        unpacked(MAGIC + noise, CAP)


def test_a_cut_one_and_a_followed_one_are_refused() -> None:
    whole = packed(b"x" * CAP)
    for content in (whole[:-1], whole + b"x", whole + whole):
        with pytest.raises(Unpackable):
            unpacked(content, CAP)
    assert unpacked(whole, CAP) == b"x" * CAP
    with pytest.raises(Unpackable):
        unpacked(whole, CAP - 1)


def test_a_bomb_costs_no_memory() -> None:
    bomb = packed(b"\0" * (256 * 2**20))
    assert len(bomb) < 20_000
    tracemalloc.start()
    try:
        with pytest.raises(Unpackable):
            unpacked(bomb, CAP)
        assert tracemalloc.get_traced_memory()[1] < 10 * CAP
    finally:
        tracemalloc.stop()


def test_a_frame_that_asks_for_more_memory_than_a_till_has_is_refused() -> None:
    """RFC 8878: a window of 2^(10 + exponent) bytes, then one raw block of one byte."""
    modest, wide = (MAGIC + bytes([0, exponent << 3]) + b"\x09\0\0a" for exponent in (10, 17))
    assert unpacked(modest, CAP) == b"a"
    with pytest.raises(Unpackable):
        unpacked(wide, CAP)
