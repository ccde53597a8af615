"""A code that changes by the clock, RFC 6238: the wallet and the till know the member's secret.

Google Wallet shows such barcodes ("RotatingBarcode"). Signed codes are better: for these a till must be able
to make every member's secret, so whoever takes a till can make codes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

_FIELDS = {
    "{number}": r"(?P<number>[0-9A-Z]{1,64})",
    "{totp_timestamp_seconds}": r"(?P<seconds>[0-9]{1,12})",
    "{totp_timestamp_millis}": r"(?P<millis>[0-9]{1,15})",
}
_DIGITS = range(6, 9)
_SHORTEST_SECRET = 16
_PERIODS_S = range(10, 301)


@dataclass(frozen=True, slots=True)
class OneTimeRules:
    """How the codes look and how they are made.

    `pattern` holds `{number}`, `{totp_value_0}` and perhaps `{totp_timestamp_seconds}` or `…_millis}`, as in
    the wallet's `valuePattern`. A member's secret is HMAC-SHA-256 of the number under `secret`, its first 20
    bytes.

    Raises:
        ValueError: what is wrong with the rules.
    """

    pattern: str
    secret: bytes = field(repr=False)
    digits: int = 8
    period_s: int = 30
    _shape: re.Pattern[bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < _SHORTEST_SECRET:
            raise ValueError(f"secret must have {_SHORTEST_SECRET} bytes or more")
        if self.digits not in _DIGITS or self.period_s not in _PERIODS_S:
            raise ValueError("digits must lie between 6 and 8, period_s between 10 and 300")
        if self.pattern.count("{number}") != 1 or self.pattern.count("{totp_value_0}") != 1:
            raise ValueError("pattern must hold {number} and {totp_value_0}, each once")
        fields = _FIELDS | {"{totp_value_0}": rf"(?P<value>[0-9]{{{self.digits}}})"}
        parts = re.split(r"(\{[a-z_0-9]*\})", self.pattern)
        if unknown := [part for part in parts if part.startswith("{") and part not in fields]:
            raise ValueError(f"pattern holds {unknown[0]}, which a till does not know")
        shape = "".join(fields.get(part, re.escape(part)) for part in parts)
        object.__setattr__(self, "_shape", re.compile(shape.encode("utf-8")))

    def matches(self, data: bytes | bytearray) -> bool:
        """Say whether a read has the shape of such a code."""
        return self._shape.fullmatch(data) is not None

    def open(self, data: bytes | bytearray, now_s: int | None) -> tuple[str, int] | None:
        """Give number and step of a code that is right for its step or one beside it, else None.

        The step is the code's own timestamp if it carries one, else the clock's; with neither there is none.
        """
        found = self._shape.fullmatch(data)
        if found is None:
            return None
        told = _told_s(found.groupdict())
        at_s = told if told is not None else now_s
        if at_s is None:
            return None
        number, value = found["number"], found["value"]
        secret = hmac.digest(self.secret, number, "sha256")[:20]
        step = at_s // self.period_s
        for near in (step,) if told is not None else (step, step - 1, step + 1):
            if near >= 0 and hmac.compare_digest(one_time_value(secret, near, self.digits), value):
                return number.decode("ascii"), near
        return None


def one_time_value(secret: bytes, step: int, digits: int) -> bytes:
    """Compute HOTP(secret, step) with SHA-1 (RFC 4226; RFC 6238 counts steps of time).

    >>> one_time_value(b"12345678901234567890", 59 // 30, 8)
    b'94287082'
    """
    mac = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 0x0F
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF
    return b"%0*d" % (digits, number % 10**digits)


def _told_s(parts: dict[str, bytes]) -> int | None:
    if "seconds" in parts:
        return int(parts["seconds"])
    return int(parts["millis"]) // 1000 if "millis" in parts else None
