"""A member's code, signed by head office or its wallet: a JWS, which a till can check and cannot make.

Compact form (RFC 7515) with Ed25519 (RFC 8037): header `{"alg":"EdDSA","kid":KEY}`, claims `{"sub":NUMBER,
"iat":SECONDS,"exp":SECONDS}`. It lives 5 minutes at most. Nothing else is let in: no other algorithm, no key
that travels with the code.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

MAX_CODE = 600
MAX_LIFE_S = 300
_MAX_TIME_S = 1 << 40
_PART = rb"[A-Za-z0-9_-]"
_SHAPE = re.compile(rb"(eyJ%b{1,200})\.(eyJ%b{1,300})\.(%b{86})" % (_PART, _PART, _PART))
_NUMBER = re.compile(r"[0-9A-Z]{1,64}")
_HEADER = ({"alg", "kid"}, {"alg", "kid", "typ"})


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """What a code says: whose number, and from when to when (Unix seconds) it may be shown."""

    number: str
    issued_s: int
    expires_s: int

    def __repr__(self) -> str:
        return f"Claim({len(self.number)} characters, {self.issued_s} to {self.expires_s})"


def is_signed(data: bytes | bytearray) -> bool:
    """Say whether a read has the shape of a signed code."""
    return len(data) <= MAX_CODE and _SHAPE.fullmatch(data) is not None


def open_signed(
    data: bytes | bytearray, keys: Mapping[str, bytes]
) -> Claim | Literal["untrusted", "unreadable"]:
    """Check the signature by the key it names (32 raw bytes each), and only then read what is signed."""
    found = _SHAPE.fullmatch(data) if len(data) <= MAX_CODE else None
    if found is None:
        return "unreadable"
    header, signature = _json_of(found.group(1)), _bytes_of(found.group(3))
    if header is None or signature is None or set(header) not in _HEADER or header["alg"] != "EdDSA":
        return "untrusted"
    key = keys.get(header["kid"]) if isinstance(header["kid"], str) else None
    if key is None or not _is_signed_by(key, signature, bytes(data[: found.end(2)])):
        return "untrusted"
    return _claim_of(_json_of(found.group(2)))


def warm() -> None:
    """Load the cryptography now (20 ms), and not while a customer waits."""
    _verifier(bytes(32))


def _claim_of(claims: dict[str, Any] | None) -> Claim | Literal["unreadable"]:
    match claims:
        case {"sub": str(number), "iat": int(issued), "exp": int(expires)} if _NUMBER.fullmatch(
            number
        ) and 0 <= issued < expires <= min(issued + MAX_LIFE_S, _MAX_TIME_S):
            return Claim(number, issued, expires)
        case _:
            return "unreadable"


def _is_signed_by(key: bytes, signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 (only where such codes are used)

    try:
        _verifier(key).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=16)
def _verifier(key: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    return Ed25519PublicKey.from_public_bytes(key)


def _json_of(part: bytes) -> dict[str, Any] | None:
    data = _bytes_of(part)
    try:
        document = json.loads(data) if data is not None else None
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _bytes_of(part: bytes) -> bytes | None:
    try:
        return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        return None
