"""How much of whose points is placed where before anybody asks: pure, so that it can be weighed and tried.

A member's home is the store visited most.  What lies there already counts; what is placed elsewhere is
wanted back.  With a pool the store's slice lies with it, else its tills get equal parts.
"""

from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

PERCENT = 100
PRESETS = {"none": (0, PERCENT), "half_at_home": (50, 30), "whole_at_home": (PERCENT, 0)}
"""Share of the balance placed at home, and share kept free for everywhere else, both in per cent."""


class Policy(NamedTuple):
    """`share` and `keep_free` in per cent of the balance; less than `least` points are not worth placing."""

    share: int
    keep_free: int
    least: int


def points_to_place(policy: Policy, *, balance: int, free: int, at_home: int) -> int:
    """Return how many more points go home; what is placed rounds down, what is kept free rounds up.

    >>> half = Policy(share=50, keep_free=30, least=10)
    >>> points_to_place(half, balance=1001, free=1001, at_home=0)
    500
    >>> points_to_place(half, balance=1001, free=401, at_home=300)
    100
    """
    wanted = balance * policy.share // PERCENT - at_home
    spare = free + -balance * policy.keep_free // PERCENT
    points = min(wanted, spare)
    return points if points >= max(policy.least, 1) else 0


def parts(points: int, holders: Sequence[str], *, member: str, least: int) -> list[tuple[str, int]]:
    """Return which holder gets how many: equal parts of at least `least`, the odd points to the first.

    Where there are not enough points for all, which holders get some depends on the member, so that all
    get members.

    >>> parts(70, ["a", "b", "c"], member="m-1", least=30)
    [('c', 35), ('a', 35)]
    """
    count = max(1, min(len(holders), points // max(least, 1)))
    first = crc32(member.encode()) % len(holders)
    chosen = [holders[(first + at) % len(holders)] for at in range(count)]
    each, odd = divmod(points, count)
    return [(holder, each + (at < odd)) for at, holder in enumerate(chosen)]
