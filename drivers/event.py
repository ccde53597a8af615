"""What a reader reports, and the one shape every driver has.

Step 1 of the walk: a `CardRead` leaves here, made by the input thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NoReturn, Protocol, Self, runtime_checkable

RefusalReason = Literal[
    "payment_card",
    "incomplete",
    "unreadable",
    "unknown_number",
    "random_id",
    "expired",
    "replayed",
    "untrusted",
]
DeviceState = Literal["closed", "opened", "claimed", "enabled", "gone"]

_SHOWN = 4  # characters of a loyalty number that a person may see in a log, at most a third of it


def mask_value(value: str) -> str:
    """Show the end of a number and its length, never enough to use it.

    >>> mask_value("2990000000019")
    '…0019 (13)'
    >>> mask_value("12345")
    '… (5)'
    """
    shown = value[-_SHOWN:] if len(value) >= 3 * _SHOWN else ""
    return f"…{shown} ({len(value)})"


@dataclass(frozen=True, slots=True, repr=False)
class CardRead:
    """A number of ours, normalised; `read_at_ns` is the monotonic clock of the daemon.

    `is_verified` is False for a rotating code that came while the till's clock was in doubt.
    """

    device: str
    transport: str
    kind: str
    value: str
    read_at_ns: int
    is_verified: bool = True

    def __repr__(self) -> str:
        return (
            f"CardRead(device={self.device!r}, transport={self.transport!r}, kind={self.kind!r}, "
            f"value={mask_value(self.value)!r}, read_at_ns={self.read_at_ns})"
        )


@dataclass(frozen=True, slots=True)
class ReadRefused:
    """A read that gave no number. It carries none of what was read; `brand` names a payment card's class.

    `incomplete` and `unreadable` mean "scan again"; `unknown_number` means the number is none of ours. A
    rotating code is `expired`, `replayed` (used before) or `untrusted` (not signed by us): ask for a fresh
    one.
    """

    device: str
    transport: str
    reason: RefusalReason
    brand: str | None
    read_at_ns: int


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A reader's state in UnifiedPOS words, sent when it changes; `detail` says why and what to do.

    `closed` was never there or is not ours to open, `opened` is there but claimed by another process,
    `gone` was there and left: all are tried again. `claimed` is ours and waits for a moment's silence, then
    it is `enabled`. Whether a read is wanted (`accepting`) is the daemon's affair.
    """

    device: str
    state: DeviceState
    detail: str


Event = CardRead | ReadRefused | DeviceStatus


class HiddenBytes(bytearray):
    """Bytes that no log line, traceback with locals or pickle shows; only who means to reads them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes, hidden>"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, _: str) -> str:
        return repr(self)

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("a raw read is never stored or sent: decode it first")


class RawRead:
    """Bytes as read, before the payment guard has seen them: hidden from repr, pickle and `bytes()`.

    Use it as a context manager: the bytes are zeroed on the way out, whatever happens.
    """

    __slots__ = ("_buffer",)

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._buffer = HiddenBytes(data)

    @property
    def buffer(self) -> HiddenBytes:
        """The bytes themselves; make no copy of them that cannot be wiped."""
        return self._buffer

    def wipe(self) -> None:
        """Overwrite the bytes where they lie (a same-size slice assignment does not move a bytearray)."""
        self._buffer[:] = bytes(len(self._buffer))

    def __len__(self) -> int:
        return len(self._buffer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return f"RawRead({len(self._buffer)} bytes, redacted)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a raw read is never stored or sent: decode it first")


@runtime_checkable
class Driver(Protocol):
    """One reader behind a descriptor. Every method runs in the input thread, and returns soon.

    None raises for the device's sake. `now_ns` is always the monotonic clock given to the `InputThread`.
    """

    @property
    def device(self) -> str:
        """The reader's name in the configuration."""
        ...

    def fileno(self) -> int | None:
        """Give the descriptor to watch, or None while the reader is away."""
        ...

    def open(self, now_ns: int) -> list[Event]:
        """Try to open and claim it now; does nothing if it is open. On failure it is due again later."""
        ...

    def read(self, now_ns: int) -> list[Event]:
        """Take what is readable, at most one buffer, and closes the reader if it is gone."""
        ...

    def tick(self, now_ns: int) -> list[Event]:
        """Do what `due_at_ns` was waiting for: open again, or give up on a half-read scan."""
        ...

    def due_at_ns(self) -> int | None:
        """Say when `tick` wants to be called, or None for never."""
        ...

    def close(self) -> list[Event]:
        """Close it for good and forget what was half read."""
        ...
