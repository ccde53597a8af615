"""The hash chain: each entry's hash covers the one before, so nothing inside can change unseen.

A chain alone does not stop somebody who recomputes all of it; heads held elsewhere do (head office,
the POS, the witness file) and the till's signature over each batch.
"""

from collections.abc import Iterable
from hashlib import blake2b

HASH_BYTES = 32


def genesis(incarnation: str) -> bytes:
    """Return the hash before the first entry of an incarnation.

    >>> len(genesis("00" * 16))
    32
    """
    return blake2b(b"loyalty-agent journal " + incarnation.encode(), digest_size=HASH_BYTES).digest()


def next_hash(previous: bytes, body: bytes) -> bytes:
    """Return BLAKE2b-256(previous hash ‖ canonical bytes)."""
    return blake2b(previous + body, digest_size=HASH_BYTES).digest()


def chain_end(previous: bytes, bodies: Iterable[bytes]) -> bytes:
    """Return the hash after the last of `bodies`."""
    for body in bodies:
        previous = next_hash(previous, body)
    return previous
