"""A raw read has no printable form: whatever goes wrong around it, no digit is shown."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence

import pytest

from drivers.event import HiddenBytes, RawRead
from drivers.framing import Framer
from drivers.key_events import KeyFramer
from drivers.mistyped import readings
from drivers.number import decode
from drivers.ranges import NumberRange, normalise
from tests.drivers.loyalty_numbers import RANGES
from tests.drivers.payment_numbers import holds_digits_of

PAN = "4111111111111111"
SHAPES = (PAN, f"%B{PAN}^DOE/JANE^2512101?", f";{PAN}=2512101?", f"x {PAN} y", "$!!!!!!!!!!!!!!!")


@pytest.mark.parametrize("show", [repr, str, ascii, "{}".format, "%s".__mod__])
@pytest.mark.parametrize("kind", [HiddenBytes, RawRead])
def test_no_way_of_printing_shows_it(kind: Callable[[bytes], object], show: Callable[[object], str]) -> None:
    shown = show(kind(PAN.encode()))
    assert not holds_digits_of(shown, PAN, run=4)
    assert "16 bytes" in shown


@pytest.mark.parametrize("store", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("kind", [HiddenBytes, RawRead])
def test_it_can_be_neither_stored_nor_copied(
    kind: Callable[[bytes], object], store: Callable[[object], object]
) -> None:
    with pytest.raises(TypeError, match="never stored or sent"):
        store(kind(PAN.encode()))


def test_what_is_made_of_a_raw_read_on_the_way_is_hidden_too() -> None:
    assert isinstance(normalise(PAN.encode()), HiddenBytes)
    assert all(isinstance(one, HiddenBytes) for one in readings(SHAPES[-1].encode()))


class Ranges(Sequence[NumberRange]):
    """Ranges that fail after they were asked so many times, as a bug deep inside a decoder would."""

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def __iter__(self) -> Iterator[NumberRange]:
        self._patience -= 1
        if self._patience < 0:
            raise RuntimeError("a bug")
        return iter(RANGES)

    def __getitem__(self, at: object) -> NumberRange:  # type: ignore[override]
        raise AssertionError(at)

    def __len__(self) -> int:
        return len(RANGES)


class Fragile(NumberRange):
    """A range in whose check a bug sits."""

    def covers(self, value: bytes | bytearray) -> bool:
        raise RuntimeError("a bug" if value else "nothing to cover")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ranges", [Ranges(0), Ranges(1), [Fragile("card", "29", 13, "ean")]])
def test_a_traceback_with_all_its_locals_shows_no_digit(shape: str, ranges: Sequence[NumberRange]) -> None:
    raw = RawRead(shape.encode())
    try:
        decode(raw, transport="serial", ranges=ranges, stripe=True)
    except RuntimeError as why:
        told = "".join(traceback.TracebackException.from_exception(why, capture_locals=True).format())
        own = told.split("in decode", 1)[1]  # this test's own frame knows the number, of course
        assert "a bug" in own
        assert not holds_digits_of(own, PAN)
        assert "$!!!!!" not in own
    assert not any(raw.buffer)


def test_a_half_read_scan_is_hidden_in_its_framer() -> None:
    framer, keys = Framer(), KeyFramer()
    framer.feed(PAN.encode(), 0)
    keys.feed([(1, 5, 1), (1, 2, 1), (1, 2, 1), (1, 2, 1)], 0)
    for one in (framer, keys):
        assert not holds_digits_of(repr(vars(one)), PAN, run=4)
