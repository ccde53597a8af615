"""Draws: one number stands on the receipt, and each rule reads its own luck from it, everywhere alike."""

from hashlib import blake2b


def is_drawn(number: int, rule: str, one_in: int) -> bool:
    """Return whether the receipt that drew `number` (64 bits; 0: drew none) wins a rule's draw.

    >>> [number for number in range(20) if is_drawn(number, "hug", 4)]
    [2, 8, 16, 18]
    """
    if not number:
        return False
    digest = blake2b((number % 2**64).to_bytes(8, "big") + rule.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % one_in == 0
