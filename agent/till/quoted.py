"""What a till adds to the answer of `evaluate`: an etag over all it rests on, and what is provisional."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import UNSET

from agent.loyalty.basket import Basket
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import ProgrammeRef, Quote, QuoteLine, Reason


def worth(quote: Quote) -> tuple[object, ...]:
    """Return what a quote gives, whatever it says about it."""
    gives = [msgspec.structs.replace(one, provisional=False) for one in quote.gives]
    return quote.lines, quote.lots, gives, quote.spent, quote.vouchers


def sealed(quote: Quote, basket: Basket, facts: MemberFacts | None, at: datetime) -> Quote:
    """Give a quote its etag: a hash of all that it rests on."""
    digest = blake2b(digest_size=16)
    for part in (basket, facts, quote.programme, at):
        digest.update(msgspec.json.encode(part))
        digest.update(b"\0")
    return msgspec.structs.replace(quote, etag=digest.hexdigest())


def as_of_now(quote: Quote, *, online: bool) -> Quote:
    """Mark what is earned or given while head office is away: it counts once it is booked there."""
    if online:
        return quote
    wallets = [
        msgspec.structs.replace(wallet, provisional=True) if wallet.earn else wallet
        for wallet in quote.wallets
    ]
    gives = [msgspec.structs.replace(give, provisional=True) for give in quote.gives]
    return msgspec.structs.replace(quote, wallets=wallets, gives=gives)


def as_told(quote: Quote, most: int | None) -> Quote:
    """Return what may be told to a bare number: no balance above `most` (None: the card was shown).

    Nor is said what a balance follows from: how many points are missing or past, and what is missing to
    the next tier.
    """
    if most is None:
        return quote
    hidden = {one.wallet for one in quote.wallets if isinstance(one.balance, int) and one.balance > most}

    def tells(values: Mapping[str, Any]) -> bool:
        return values.get("wallet") in hidden

    wallets = [
        msgspec.structs.replace(one, balance=UNSET) if one.wallet in hidden else one for one in quote.wallets
    ]
    reasons = [
        Reason(one.rule, "card_not_shown")
        if tells(one.values) and (one.code == "points_expired" or one.values.get("what") == "points")
        else one
        for one in quote.reasons
    ]
    prompts = [
        one
        for one in quote.prompts
        if one.code != "next_tier" and not (one.code == "missing_points" and tells(one.values))
    ]
    return msgspec.structs.replace(quote, wallets=wallets, reasons=reasons, prompts=prompts)


def without_programme(basket: Basket) -> Quote:
    """Sell at the POS's own prices while no programme has arrived yet."""
    lines = [QuoteLine(line.line, line.amount_minor) for line in basket.lines]
    due = sum(line.amount_minor for line in basket.lines)
    return Quote(basket.receipt_id, ProgrammeRef("", 0, ""), due, lines=lines)
