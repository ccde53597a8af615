"""Identification tokens: what the POS gets instead of a card number, sealed so that nobody can make one.

AES-256-GCM under a key of this till alone; any later start opens it.  It serves 30 minutes for quote
and hold, and without limit for commit, since a POS repeats a commit for days.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from hashlib import blake2b
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agent.files import flush_folder, write_secret

LIFE_MS = 30 * 60 * 1000
REMEMBERED = 64
_NONCE_BYTES = 12
_KEY_BYTES = 32


class Identification(msgspec.Struct, frozen=True, array_like=True):
    """What a token says: whose card (empty: nobody's), its tag, how and when it was read, what kind it is."""

    member: str
    tag: bytes
    entry_mode: str
    made_ms: int
    masked: str = ""
    kind: str = "card"


class TokenSeal:
    """Seals and opens identification tokens with a 32-byte key, and draws from it."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._key = key
        # A sale shows the same token in quote, hold and commit.  Only what is a token is remembered: what
        # is none may be a number that nobody should keep.
        self._opened: OrderedDict[str, Identification] = OrderedDict()

    def seal(self, identification: Identification, nonce: bytes) -> str:
        """Return the token; `nonce` is 12 random bytes, used once."""
        sealed = self._cipher.encrypt(nonce, msgspec.msgpack.encode(identification), None)
        return urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def draw_of(self, receipt_id: str) -> int:
        """Draw 64 bits for a receipt (0 stands for none): nobody without our key can tell them beforehand.

        A receipt draws the same number again, so a second quote is no second try, and a crash between
        quote and commit changes nothing.
        """
        digest = blake2b(receipt_id.encode(), key=self._key, person=b"draw", digest_size=8).digest()
        return int.from_bytes(digest, "big") or 1

    def member_of(self, request_id: str) -> str:
        """Name the member who joins by a request: the same one again, and nobody without our key can tell."""
        digest = blake2b(request_id.encode(), key=self._key, person=b"member", digest_size=8)
        return f"m-{digest.hexdigest()}"

    def open(self, token: str) -> Identification | None:
        """Return what a token says, None if this till did not make it."""
        known = self._opened.get(token)
        if known is not None:
            return known
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            plain = self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None)
            opened = msgspec.msgpack.decode(plain, type=Identification)
        except (ValueError, InvalidTag, msgspec.DecodeError):
            return None
        self._opened[token] = opened
        if len(self._opened) > REMEMBERED:
            self._opened.popitem(last=False)
        return opened


def token_key(path: Path) -> bytes:
    """Return the key in `path`, made at the first start (0600)."""
    if path.exists():
        return path.read_bytes()
    key = AESGCM.generate_key(bit_length=8 * _KEY_BYTES)
    write_secret(path, key)
    flush_folder(path.parent)
    return key
