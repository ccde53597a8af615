"""Strict vouchers at a till: only what was set aside for it may be used here, and is held like points."""

from collections.abc import Collection

import msgspec

from agent.journal.entry import Draft
from agent.journal.vouchers import is_voucher, wallet_for
from agent.ledger.records import Slice, StoredHold
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote


def only_held(facts: MemberFacts, strict: Collection[str], held: Collection[str]) -> MemberFacts:
    """Return the facts without strict vouchers that do not lie here; the receipt keeps them as they are."""
    kept = [one for one in facts.vouchers if one.voucher not in strict or one.id in held]
    return facts if len(kept) == len(facts.vouchers) else msgspec.structs.replace(facts, vouchers=kept)


def held_for(hold: StoredHold | None, member: str) -> set[str]:
    """Return the ids of vouchers that are held for this member's receipt already."""
    if hold is None or hold.member != member:
        return set()
    return {one.lot for wallet, slices in hold.wallets.items() if is_voucher(wallet) for one in slices}


def strictly_used(quote: Quote, strict: Collection[str]) -> dict[str, int]:
    """Return how many strict vouchers of each name a quote uses, by the wallet they are set aside under."""
    used: dict[str, int] = {}
    for one in quote.vouchers:
        if one.voucher in strict:
            used[wallet_for(one.voucher)] = used.get(wallet_for(one.voucher), 0) + 1
    return used


def with_allowance(draft: Draft, taken: dict[str, list[Slice]]) -> Draft:
    """Return a COUPON draft with the allowance that its voucher is taken from, if it is from one."""
    if draft.kind != "COUPON":
        return draft
    slices = taken.get(wallet_for(str(draft.data.get("voucher", ""))), [])
    number = next((one.allowance for one in slices if one.lot == draft.part), 0)
    return msgspec.structs.replace(draft, allowance=number)
