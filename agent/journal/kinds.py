"""Every kind of entry in one table, each with the account that stands against the member's.

One account, one unit and one amount per entry make a balanced posting: what the member's wallet
gains, the counter-account gives.  New kinds are added; none changes its meaning.
"""

from typing import NamedTuple

from agent.journal.entry import Entry


class Kind(NamedTuple):
    """A word of the journal: who stands against the member, and what it says."""

    name: str
    counter: str
    says: str


class Posting(NamedTuple):
    """What one account gains in one unit; the postings of an entry sum to zero per unit."""

    account: str
    unit: str
    amount: int


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("RECEIPT", "", "a sale was paid: basket, facts, quote and tenders"),
        Kind("EARN", "issued", "points earned, a new lot"),
        Kind("REDEEM", "redeemed", "points paid with, lot by lot"),
        Kind("LOAD", "loaded", "stored value bought"),
        Kind("GIVE", "campaign", "a lot, a voucher or a benefit given"),
        Kind("COUNT", "", "a counting rule moved"),
        Kind("MEASURE", "", "a member's measure grew"),
        Kind("HISTORY", "", "what a rule about earlier purchases must remember"),
        Kind("TIER", "", "a tier changed: told, not booked; measures decide"),
        Kind("COUPON", "", "a personal voucher was used"),
        Kind("HOLD", "", "points set aside while the customer pays"),
        Kind("RELEASE", "", "a hold given back"),
        Kind("REVERSE", "", "an earlier entry undone, wholly or in part"),
        Kind("RETURN", "", "goods came back"),
        Kind("CLAWBACK", "issued", "points taken out for goods that came back without their receipt"),
        Kind("ENROL", "", "a member joined at the till"),
        Kind("CARD", "", "a card attached to a member"),
        Kind("CLAIM", "", "an anonymous receipt given to a member"),
        Kind("CONSENT", "", "a consent given or withdrawn"),
        Kind("PROMPT", "", "what the cashier was asked to say, and the outcome"),
        Kind("CLOSE", "", "an allowance given back: what it has left is free again"),
        Kind("LEND", "", "a pool lent points of its allowance to a till of its store"),
        Kind("HOME", "", "what a till left of them came back to the pool"),
        Kind("DECLARE", "", "which allowances this till holds; lower numbers are no longer accepted"),
        Kind("TICK", "", "a clock anchor"),
        Kind("NOTE", "", "something a person should know: a difference, an alarm"),
        Kind("ALLOW", "", "head office: points set aside for a till"),
        Kind("EXPIRE", "breakage", "head office: a lot ended"),
        Kind("ADJUST", "adjusted", "head office: two people corrected a balance"),
        Kind("DEBT", "debt", "head office: a balance below zero set apart"),
        Kind("SETTLE", "settled", "head office: a difference decided"),
        Kind("MERGE", "merged", "head office: two members became one"),
        Kind("TRANSFER", "transfer", "head office: points moved between members"),
        Kind("ERASE", "", "head office: the link to a person was cut"),
        Kind("WRITE_OFF", "company-loss", "head office: a lost allowance given up"),
    )
}
OPENING = frozenset({"EARN", "LOAD", "GIVE"})
"""Kinds whose points are a new lot, named after the entry."""


def counter_of(entry: Entry) -> str:
    """Return the counter-account; a REVERSE names the kind it undoes in `data["undoes"]`."""
    kind = entry.data.get("undoes", entry.kind) if entry.kind == "REVERSE" else entry.kind
    known = KINDS.get(kind)
    return known.counter if known else "suspense"


def postings(entry: Entry) -> tuple[Posting, ...]:
    """Return the balanced postings of an entry, none if it moves nothing.

    >>> postings(Entry(incarnation="i", seq=1, kind="EARN", account="m", unit="points", amount=5))
    (Posting(account='m', unit='points', amount=5), Posting(account='issued', unit='points', amount=-5))
    """
    if not entry.amount:
        return ()
    counter = counter_of(entry)
    if not (entry.account and entry.unit and counter):
        raise ValueError(
            f"entry {entry.seq} ({entry.kind}) moves {entry.amount} without account, unit or counter"
        )
    if entry.lots and sum(amount for _, amount in entry.lots) != entry.amount:
        raise ValueError(f"entry {entry.seq} ({entry.kind}): its lots do not add up to {entry.amount}")
    return (
        Posting(entry.account, entry.unit, entry.amount),
        Posting(counter, entry.unit, -entry.amount),
    )
