"""What a till cut off from head office may still let a member spend, and what that may cost at most.

The ladder of a wallet (`offline.mode`): `strict` spends allowances alone and loses nothing; `limited`
spends beyond them under caps, so that the loss has a number; `earn_only` spends nothing.  Pure: who has
spent what, and how old the till's news are, is told.
"""

from typing import NamedTuple

from agent.loyalty.language.programme import Offline

DAY_MS = 86_400_000


class BeyondUse(NamedTuple):
    """What this till let go beyond allowances, in one wallet, that head office has not booked yet."""

    uses: int = 0
    points: int = 0
    of_member: int = 0
    """Of these points, those of the member who asks."""


def is_too_old(words: Offline, news_age_ms: int | None) -> bool:
    """Say whether a limited wallet only earns, because head office was last heard too long ago, or never.

    >>> words = Offline(mode="limited", directory_days=3)
    >>> is_too_old(words, 3 * DAY_MS), is_too_old(words, 3 * DAY_MS + 1), is_too_old(words, None)
    (False, True, True)
    >>> is_too_old(Offline(), None)
    False
    """
    if words.mode != "limited":
        return False
    return news_age_ms is None or news_age_ms > words.directory_days * DAY_MS


def room_beyond(words: Offline, used: BeyondUse, known: int) -> int:
    """Return how many points one sale may take beyond allowances; `known` is the unreserved balance.

    >>> words = Offline(mode="limited", per_use=500, uses=100, till_cap=20_000, credit=1_000)
    >>> room_beyond(words, BeyondUse(), 700), room_beyond(words, BeyondUse(), 300)
    (500, 300)
    >>> room_beyond(words, BeyondUse(1, 900, 900), 700), room_beyond(words, BeyondUse(40, 19_800), 700)
    (100, 200)
    >>> room_beyond(words, BeyondUse(uses=100), 700), room_beyond(Offline(), BeyondUse(), 700)
    (0, 0)
    """
    if words.mode != "limited" or used.uses >= words.uses:
        return 0
    left = (words.per_use, words.till_cap - used.points, words.credit - used.of_member, known)
    return max(0, min(left))


class WorstLoss(NamedTuple):
    """The most points of one wallet that can be lost: at one till, at all of them, on one member."""

    till: int
    fleet: int
    member: int


def till_loss(words: Offline, members: int) -> int:
    """Return the most one till can let go beyond allowances before head office books it.

    >>> words = Offline(mode="limited", per_use=500, uses=100, till_cap=20_000, credit=1_000)
    >>> till_loss(words, 6_000_000), till_loss(words, 7), till_loss(Offline(), 7)
    (20000, 7000, 0)
    """
    if words.mode != "limited":
        return 0
    return min(words.till_cap, words.uses * words.per_use, members * words.credit)


def worst_loss(words: Offline, members: int, tills: int) -> WorstLoss:
    """Return the worst loss with so many tills out of contact; one member may have reached each of them.

    >>> words = Offline(mode="limited", per_use=500, uses=100, till_cap=20_000, credit=1_000)
    >>> worst_loss(words, 6_000_000, 200)
    WorstLoss(till=20000, fleet=4000000, member=200000)
    >>> worst_loss(words, 6_000_000, 10).member, worst_loss(Offline(mode="earn_only"), 9, 200)
    (10000, WorstLoss(till=0, fleet=0, member=0))
    """
    one = till_loss(words, members)
    return WorstLoss(one, tills * one, tills * min(one, words.credit))


def recoverable(words: Offline, earned: int) -> int:
    """Return what one receipt's earning gives towards a debt: its share, rounded down for the member.

    >>> recoverable(Offline(mode="limited", recover_share=50), 7)
    3
    """
    return earned * words.recover_share // 100
