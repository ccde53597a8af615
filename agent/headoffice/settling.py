"""A return of a sale its till did not know: settled here, by the exact inverse, once the sale is booked.

The till could only note which lines came back.  Whichever arrives first, return or sale, the other one
completes it: what is undone is a `settlement`, entry by entry and lot by lot, and the difference is
settled.  What the sale cannot account for stays a difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec

from agent.headoffice.effects import Effects
from agent.headoffice.shapes import ReceiptData, receipt_data
from agent.headoffice.store import books, log, members, settlements
from agent.headoffice.store.protocol import Store
from agent.headoffice.versions import compiled_of
from agent.journal.entry import Draft, Entry, entry_from
from agent.journal.reversing import EFFECTS, extended, is_missing, undone_by
from agent.loyalty.afterwards.return_policy import Sale, effects_by_policy
from agent.loyalty.basket import Basket
from agent.loyalty.language.words import setting
from agent.loyalty.quote import Quote
from agent.loyalty.returns import ReturnEffects, asked_minor, effects_of, summed, with_claim
from agent.loyalty.unquoted import earning_only

SETTLES = frozenset({"RETURN", "RECEIPT", *EFFECTS})
"""What can complete a return when it is booked."""


@dataclass(frozen=True, slots=True)
class _Sale:
    """A booked sale and everything that hangs on it, in the order of booking."""

    entry: Entry
    basket: Basket
    quote: Quote
    entries: Sequence[Entry]
    data: ReceiptData
    claim: ReceiptData | None = None
    """What it rests on since it became a member's; `entry` and `quote` are the claim's then."""


def settle_returns(store: Store, effects: Effects, came: Entry) -> None:
    """Settle what can be settled of this receipt's noted returns now that `came` is booked."""
    waiting = settlements.waiting(store, came.receipt)
    if not waiting:
        return
    entries = [entry_from(body) for body in log.booked_of(store, came.receipt)]
    receipt = next((one for one in entries if one.kind == "RECEIPT"), None)
    if receipt is None or any(one.data.get("undoes") == "RECEIPT" for one in entries):
        return
    data = receipt_data(receipt)
    if data.quote is None:
        return
    sale = _Sale(receipt, data.basket, data.quote, entries, data)
    if (claim := next((one for one in entries if one.kind == "CLAIM"), None)) is not None:
        told = receipt_data(claim)
        sale = replace(sale, entry=claim, quote=told.quote or data.quote, claim=told)
    for incarnation, seq in waiting:
        _settle(store, effects, sale, (incarnation, seq), came)


class Returned(NamedTuple):
    """A return of a sale: the minor units of each line that came back before it, and with it."""

    entry: Entry
    before: dict[int, int]
    now: dict[int, int]
    is_known: bool
    """Whether the sale had all of that left."""


def returned(basket: Basket, entries: Sequence[Entry]) -> Iterator[Returned]:
    """Yield the returns of a sale, of which these are the booked entries."""
    before: dict[int, int] = {}
    for one in (one for one in entries if one.kind == "RETURN"):
        now, is_known = _minors(basket, entries, one, before)
        yield Returned(one, before, now, is_known)
        before = summed(before, now)


def _settle(store: Store, effects: Effects, sale: _Sale, key: tuple[str, int], came: Entry) -> None:
    found = returned(sale.basket, sale.entries)
    this = next((one for one in found if (one.entry.incarnation, one.entry.seq) == key), None)
    if this is None:
        return
    one, before, now, is_known = this
    undo = _effects(store, sale, before, now)
    after = summed(before, now)
    is_all = all(after.get(line.line, 0) >= line.amount_minor for line in sale.basket.lines)
    settled = [other for each in sale.entries for other in settlements.of(store, each)]
    mine = [each for each in settled if (each.incarnation, each.seq) == key]
    for original, draft in undone_by([*sale.entries, *settled], sale.quote, undo, one.part, done=mine):
        reversal = effects.owned(_entry(one, _extended(store, sale, one, draft)))
        effects.undo(reversal, effects.owned(original))
        settlements.add(store, key, reversal, effects.owned(original))
        effects.touched[reversal.account] = None
        mine.append(reversal)
    if not sale.entry.account or not is_missing(sale.entries, sale.quote, undo, mine):
        settlements.finish(store, key)
        books.set_receipt_state(store, came.receipt, "returned" if is_all else "partly_returned")
        told = {"refund_minor": undo.refund_minor, "earned": undo.earned, "spent": undo.spent}
        effects.differ(came, log.SETTLED, f"return {one.part}: {msgspec.json.encode(told).decode()}")
        if not is_known:
            said = f"return {one.part}: more came back than is left of the sale"
            effects.differ(came, "return_beyond_sale", said)


def _effects(store: Store, sale: _Sale, before: Mapping[int, int], now: Mapping[int, int]) -> ReturnEffects:
    """Return what comes back by the policies of the sale's programme.

    A debt is always allowed here: any other policy would depend on what arrives first.
    """
    effects = _effects_by(store, sale.data, before, now)
    return with_claim(effects, _effects_by(store, sale.claim, before, now)) if sale.claim else effects


def _effects_by(
    store: Store, data: ReceiptData, before: Mapping[int, int], now: Mapping[int, int]
) -> ReturnEffects:
    assert data.quote is not None
    named = data.quote.programme
    compiled = compiled_of(store, named.id, named.version)
    if compiled is None or compiled.ref != named:
        return effects_of(data.basket, data.quote, before, now)
    rules = earning_only(compiled) if data.unquoted else compiled
    sold = Sale(data.basket, data.quote, data.facts, data.at, data.draw)
    return effects_by_policy(rules, sold, before, now)


def _extended(store: Store, sale: _Sale, back: Entry, draft: Draft) -> Draft:
    """Let points come back into an ended lot for as long as the sale's programme says."""
    named = sale.quote.programme
    compiled = compiled_of(store, named.id, named.version)
    if draft.data["undoes"] != "REDEEM" or compiled is None:
        return draft
    account = members.owner_of(store, draft.account)
    known = books.lot_ends(store, account, draft.unit)
    ends = {lot: date.fromisoformat(known[lot]) for lot, _ in draft.lots if known.get(lot)}
    day = datetime.fromisoformat(back.data["asked"]["returned_at"]).astimezone(compiled.zone).date()
    policy = setting(compiled.programme.text.settings, "returned_expired_lot")
    return extended(draft, policy, ends, day)


def _minors(
    basket: Basket, entries: Sequence[Entry], back: Entry, before: Mapping[int, int]
) -> tuple[dict[int, int], bool]:
    """Return the minor units of each line that a return takes back, and whether the sale has them left."""
    if back.data.get("lines"):
        return dict(back.data["lines"]), True
    lines = {line.line: line for line in basket.lines}
    found: dict[int, int] = {}
    is_known = True
    for asked in back.data["asked"]["lines"]:
        line = lines.get(asked["line"])
        if line is None or asked["line"] in found:
            is_known = False
            continue
        left = max(line.amount_minor, 0) - before.get(line.line, 0)
        wanted = asked_minor(
            line,
            max(left, 0),
            quantity=asked.get("quantity"),
            amount_minor=asked.get("amount_minor"),
            earlier=_quantities(entries, line.line, back),
        )
        is_known = is_known and (0 < wanted <= left or line.amount_minor <= 0)
        found[line.line] = max(0, min(wanted, left))
    return found, is_known


def _quantities(entries: Sequence[Entry], line: int, until: Entry) -> list[str]:
    """Return the quantities of a line that came back before this return."""
    earlier = []
    for one in entries:
        if one is until:
            break
        asked: list[dict[str, Any]] = one.data["asked"]["lines"] if one.kind == "RETURN" else []
        earlier += [each["quantity"] for each in asked if each["line"] == line and each.get("quantity")]
    return earlier


def _entry(back: Entry, draft: Draft) -> Entry:
    """Return the REVERSE that the till would have written had it known the sale."""
    fields = {name: getattr(draft, name) for name in Draft.__struct_fields__}
    return Entry(back.incarnation, back.seq, **fields)
