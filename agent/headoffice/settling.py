"""A return of a sale its till did not know: settled here, by the exact inverse, once the sale is booked.

The till could only note which lines came back.  Whichever arrives first, return or sale, the other one
completes it: what is undone is a `settlement`, entry by entry and lot by lot, and the difference is
settled.  What the sale cannot account for stays a difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from agent.headoffice.effects import Effects
from agent.headoffice.shapes import receipt_data
from agent.headoffice.store import books, log, settlements
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry, entry_from
from agent.loyalty.basket import Basket
from agent.loyalty.quote import Quote
from agent.loyalty.returns import ReturnEffects, asked_minor, effects_of

SETTLES = frozenset({"RETURN", "RECEIPT", "EARN", "REDEEM", "COUNT", "GIVE"})
"""What can complete a return when it is booked."""


@dataclass(frozen=True, slots=True)
class _Sale:
    """A booked sale and everything that hangs on it, in the order of booking."""

    entry: Entry
    basket: Basket
    quote: Quote
    entries: Sequence[Entry]


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
    sale = _Sale(receipt, data.basket, data.quote, entries)
    for incarnation, seq in waiting:
        _settle(store, effects, sale, (incarnation, seq), came)


def _settle(store: Store, effects: Effects, sale: _Sale, key: tuple[str, int], came: Entry) -> None:
    before: dict[int, int] = {}
    for one in (one for one in sale.entries if one.kind == "RETURN"):
        now, is_known = _minors(sale, one, before)
        if (one.incarnation, one.seq) == key:
            break
        before = _sum(before, now)
    else:
        return
    undo = effects_of(sale.basket, sale.quote, before, now)
    after = _sum(before, now)
    is_all = all(after.get(line.line, 0) >= line.amount_minor for line in sale.basket.lines)
    for original, lots in list(_undone(store, sale, key, undo, is_all=is_all)):
        reversal = _reversal(one, original, lots)
        effects.undo(reversal, original)
        settlements.add(store, key, reversal, original)
        effects.touched[original.account] = None
    if _is_complete(store, sale, key, undo, is_all=is_all):
        settlements.finish(store, key)
        books.set_receipt_state(store, came.receipt, "returned" if is_all else "partly_returned")
        told = {"refund_minor": undo.refund_minor, "earned": undo.earned, "spent": undo.spent}
        effects.differ(came, log.SETTLED, f"return {one.part}: {msgspec.json.encode(told).decode()}")
        if not is_known:
            said = f"return {one.part}: more came back than is left of the sale"
            effects.differ(came, "return_beyond_sale", said)


def _minors(sale: _Sale, back: Entry, before: Mapping[int, int]) -> tuple[dict[int, int], bool]:
    """Return the minor units of each line that a return takes back, and whether the sale has them left."""
    if back.data.get("lines"):
        return dict(back.data["lines"]), True
    lines = {line.line: line for line in sale.basket.lines}
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
            earlier=_quantities(sale, line.line, back),
        )
        is_known = is_known and (0 < wanted <= left or line.amount_minor <= 0)
        found[line.line] = max(0, min(wanted, left))
    return found, is_known


def _quantities(sale: _Sale, line: int, until: Entry) -> list[str]:
    """Return the quantities of a line that came back before this return."""
    earlier = []
    for one in sale.entries:
        if one is until:
            break
        asked: list[dict[str, Any]] = one.data["asked"]["lines"] if one.kind == "RETURN" else []
        earlier += [each["quantity"] for each in asked if each["line"] == line and each.get("quantity")]
    return earlier


def _undone(
    store: Store, sale: _Sale, key: tuple[str, int], undo: ReturnEffects, *, is_all: bool
) -> Iterator[tuple[Entry, list[tuple[str, int]]]]:
    """Yield what is still to be undone of the entries that are here: all of it, or parts of lots."""
    for kind, totals in (("EARN", undo.earned), ("REDEEM", undo.spent)):
        for wallet, points in totals.items():
            missing = points - settlements.points(store, key, kind, wallet)
            for original in sale.entries:
                if (original.kind, original.unit) == (kind, wallet) and missing > 0:
                    lots = _left_of(store, sale, original, missing)
                    missing -= sum(abs(amount) for _, amount in lots)
                    if lots:
                        yield original, lots
    for original in sale.entries:
        is_counted = original.kind == "COUNT" and original.part in undo.counts
        if (is_counted or (original.kind == "GIVE" and is_all)) and _is_whole(store, sale, original):
            yield original, [(lot, -amount) for lot, amount in original.lots]


def _left_of(store: Store, sale: _Sale, original: Entry, points: int) -> list[tuple[str, int]]:
    """Return up to so many points of an entry's lots that nobody has undone, with the opposite sign."""
    undone: dict[str, int] = {}
    for lot, amount in [*_reversed(sale, original), *settlements.of(store, original)]:
        undone[lot] = undone.get(lot, 0) + abs(amount)
    parts = []
    for lot, amount in original.lots:
        part = min(points, abs(amount) - undone.get(lot, 0))
        if part > 0:
            parts.append((lot, part if amount < 0 else -part))
            points -= part
    return parts


def _is_whole(store: Store, sale: _Sale, original: Entry) -> bool:
    is_undone = any(
        list(one.data.get("of", ())) == [original.incarnation, original.seq] for one in sale.entries
    )
    return not is_undone and not settlements.of(store, original)


def _reversed(sale: _Sale, original: Entry) -> list[tuple[str, int]]:
    of = [original.incarnation, original.seq]
    reversals = [one for one in sale.entries if one.kind == "REVERSE" and list(one.data.get("of", ())) == of]
    return [lot for one in reversals for lot in one.lots]


def _is_complete(
    store: Store, sale: _Sale, key: tuple[str, int], undo: ReturnEffects, *, is_all: bool
) -> bool:
    for kind, totals in (("EARN", undo.earned), ("REDEEM", undo.spent)):
        if any(settlements.points(store, key, kind, wallet) < points for wallet, points in totals.items()):
            return False
    here = {(one.kind, one.part) for one in sale.entries}
    if any(("COUNT", rule) not in here for rule in undo.counts):
        return False
    given = sum(one.kind == "GIVE" for one in sale.entries)
    return not (is_all and sale.entry.account) or given >= len(sale.quote.gives)


def _reversal(back: Entry, original: Entry, lots: list[tuple[str, int]]) -> Entry:
    """Make the REVERSE that the till would have written had it known the sale."""
    data: dict[str, Any] = {"undoes": original.kind, "of": [original.incarnation, original.seq]}
    if original.kind == "COUNT":
        data |= {"rule": original.part, "day": original.data.get("day", "")}
        data |= {name: -int(original.data.get(name, 0)) for name in ("units", "rewards")}
        data["size"] = original.data.get("size", 0)
    return Entry(
        back.incarnation,
        back.seq,
        "REVERSE",
        receipt=original.receipt,
        part=f"{back.part}/{original.kind}/{original.part}",
        account=original.account,
        unit=original.unit,
        amount=sum(amount for _, amount in lots),
        lots=lots,
        data=data,
    )


def _sum(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    return {line: one.get(line, 0) + other.get(line, 0) for line in {*one, *other}}
