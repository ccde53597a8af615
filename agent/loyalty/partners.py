"""Partners: whose shop a receipt is from, and what that partner settles for the points it issued."""

from agent.loyalty.numbers import exact, half_up
from agent.loyalty.programme import Programme, Text


def partner_of(text: Text, store: str) -> str:
    """Return the partner whose shop this is, empty for our own shops."""
    return next((name for name, word in sorted(text.partner.items()) if store in word.stores), "")


def settlement_minor(programme: Programme, partner: str, wallet: str, points: int) -> int:
    """Return what a partner owes for points (smallest units) issued in its shops, in minor units, half up.

    Raises:
        KeyError: the programme has no such partner or wallet.
    """
    per_point = exact(programme.text.partner[partner].settles or "0")
    scale = 10 ** programme.text.wallet[wallet].scale
    owed = per_point * 10**programme.text.programme.minor_digits * points / scale
    return half_up(owed.numerator, owed.denominator)
