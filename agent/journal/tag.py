"""Tags: what stands for a card, phone or coupon number wherever it is stored or sent.

A tag is a keyed hash under the fleet key (BLAKE2b-128), so no table of ours leads back to a number
without that key, and leading zeros and letters need no special care.
"""

from hashlib import blake2b

TAG_BYTES = 16


def tag_of(scheme: str, value: str, fleet_key: bytes) -> bytes:
    """Return the 16-byte tag of a normalised identifier; `scheme` is its number class ("card", "phone").

    >>> tag_of("card", "2990000000017", b"k" * 32).hex() == tag_of("card", "2990000000017", b"k" * 32).hex()
    True
    """
    return blake2b(f"{scheme}\0{value}".encode(), digest_size=TAG_BYTES, key=fleet_key).digest()
