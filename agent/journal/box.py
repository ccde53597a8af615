"""A box that only head office opens: what a customer tells at a till is sealed as it is typed.

X25519 with a key pair for each box, HKDF-SHA256, ChaCha20-Poly1305 (RFC 7748, 5869, 8439).  The till
cannot open its own boxes again.  Pure: the box's 32 random bytes are an argument, used once.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_PURPOSE = b"loyalty-agent person 1"
_ONCE = b"\0" * 12  # the key serves one message, so its nonce needs no chance


def seal_box(public_key: bytes, plain: bytes, member: str, randomness: bytes) -> bytes:
    """Return a box about `member` that the holder of the private half of `public_key` opens.

    Raises:
        ValueError: a key or the randomness has not 32 bytes, or the public key is none.
    """
    ours = X25519PrivateKey.from_private_bytes(randomness)
    shared = ours.exchange(X25519PublicKey.from_public_bytes(public_key))
    first = ours.public_key().public_bytes_raw()
    return first + _cipher(shared, first + public_key).encrypt(_ONCE, plain, member.encode())


def open_box(private_key: bytes, box: bytes, member: str) -> bytes | None:
    """Return what a box about `member` holds; None: it is none of ours, of another member, or torn."""
    try:
        ours = X25519PrivateKey.from_private_bytes(private_key)
        first, sealed = box[:KEY_BYTES], box[KEY_BYTES:]
        shared = ours.exchange(X25519PublicKey.from_public_bytes(first))
        cipher = _cipher(shared, first + ours.public_key().public_bytes_raw())
        return cipher.decrypt(_ONCE, sealed, member.encode())
    except (ValueError, InvalidTag):
        return None


def _cipher(shared: bytes, both: bytes) -> ChaCha20Poly1305:
    key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=both, info=_PURPOSE).derive(shared)
    return ChaCha20Poly1305(key)
