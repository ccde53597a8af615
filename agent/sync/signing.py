"""Ed25519 at both ends: a till signs what it sends, the publisher signs programmes (RFC 8032)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agent.sync.wire import Sealed

SEALING = b"sealing key\0"
"""What the publisher signs before the key that tills seal with: the signature serves for nothing else."""


def seal(till: str, path: str, payload: bytes, key: Ed25519PrivateKey) -> Sealed:
    """Wrap `payload` for `path`; the path is signed too, so no message serves at another door."""
    return Sealed(till=till, payload=payload, signature=key.sign(_signed(path, payload)))


def is_from(sealed: Sealed, path: str, public_key: bytes) -> bool:
    """Tell whether the holder of this 32-byte public key sealed exactly this for `path`."""
    return is_signed_by(public_key, _signed(path, sealed.payload), sealed.signature)


def is_signed_by(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether `signature` is this key's over `message`; malformed keys and signatures are not."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signed_peers(store: str, listed: bytes) -> bytes:
    """Return what the publisher signs of a list of a store's tills."""
    return _signed(f"peers of {store}", listed)


def _signed(path: str, payload: bytes) -> bytes:
    return path.encode() + b"\0" + payload
