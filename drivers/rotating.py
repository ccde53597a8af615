"""Codes that are good for a moment: signed ones, and by the clock; each is used once at this till.

What was used is remembered per number, not per code: whoever shows an older code than the last is refused.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from drivers.one_time_code import OneTimeRules
from drivers.signed_code import Claim, is_signed, open_signed

REMEMBERED = 20_000
SKEW_S = 30  # how far the wallet's clock and ours may differ
REPEAT_S = 2  # a scanner that reads twice is no replay

RotatingRefusal = Literal["expired", "replayed", "untrusted", "unreadable"]


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """A code that was good: whose number, and whether its time could be checked."""

    number: str
    is_verified: bool

    def __repr__(self) -> str:
        return f"Shown({len(self.number)} characters, is_verified={self.is_verified})"


@dataclass(frozen=True, slots=True)
class _Use:
    order: int
    at_s: int | None
    source: str


@dataclass(slots=True)
class RotatingCodes:
    """Judges rotating codes; `keys` are Ed25519 public keys by name, `unix_time` gives None while in doubt.

    With an untrusted clock a code is taken as "not verified": its signature is checked, its time is not. It
    is shared by all readers and the POS door, so it locks.
    """

    keys: Mapping[str, bytes]
    unix_time: Callable[[], int | None]
    one_time: OneTimeRules | None = None
    _used: OrderedDict[bytes, _Use] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def matches(self, data: bytes | bytearray) -> bool:
        """Say whether a read has the shape of a rotating code."""
        return bool(self.keys and is_signed(data)) or (
            self.one_time is not None and self.one_time.matches(data)
        )

    def judge(self, data: bytes | bytearray, source: str) -> Shown | RotatingRefusal:
        """Check a code that `matches`; `source` is its transport, as a POS may hand one code over again."""
        now_s = self.unix_time()
        if self.keys and is_signed(data):
            return self._judge_signed(open_signed(data, self.keys), now_s, source)
        if self.one_time is None:
            return "unreadable"
        opened = self.one_time.open(data, now_s)
        if opened is None:
            return "untrusted"
        number, step = opened
        if now_s is not None and abs(now_s // self.one_time.period_s - step) > 1:
            return "expired"
        return self._once(number, _Use(step, now_s, source))

    def _judge_signed(
        self, claim: Claim | RotatingRefusal, now_s: int | None, source: str
    ) -> Shown | RotatingRefusal:
        if not isinstance(claim, Claim):
            return claim
        if now_s is not None and not claim.issued_s - SKEW_S <= now_s <= claim.expires_s + SKEW_S:
            return "expired"
        return self._once(claim.number, _Use(claim.issued_s, now_s, source))

    def _once(self, number: str, use: _Use) -> Shown | Literal["replayed"]:
        name = hashlib.blake2b(number.encode("ascii"), digest_size=16).digest()
        with self._lock:
            last = self._used.get(name)
            if last is not None and use.order <= last.order and not _is_same_showing(last, use):
                return "replayed"
            if last is None or use.order > last.order:
                self._used[name] = use
            self._used.move_to_end(name)
            if len(self._used) > REMEMBERED:
                self._used.popitem(last=False)
        return Shown(number, is_verified=use.at_s is not None)


def _is_same_showing(last: _Use, use: _Use) -> bool:
    """Say whether a code is the same one, read twice at one go or handed over again by the POS."""
    if (last.order, last.source) != (use.order, use.source):
        return False
    if use.source == "pos_text":
        return True
    return last.at_s is not None and use.at_s is not None and abs(use.at_s - last.at_s) <= REPEAT_S
