"""The opposite of entries, whole or in part: what a void and a return write, and what head office settles.

Pure and shared: the till that knows a sale and the head office that settles a return of it undo the same
parts of the same entries.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from agent.journal.entry import Draft, Entry, LotAmount
from agent.loyalty.afterwards.lots import returned_expiry
from agent.loyalty.quote import Quote
from agent.loyalty.returns import ReturnEffects

EFFECTS = ("EARN", "LOAD", "REDEEM", "CLAWBACK", "COUNT", "MEASURE", "HISTORY", "TIER", "COUPON", "GIVE")
"""What a receipt does to its member: each of these entries has an opposite."""
FIGURES = {"COUNT": ("units", "rewards"), "MEASURE": ("amount",)}
"""Numbers in `data` that are undone in parts; what has neither lots nor these is undone as a whole."""


class Undone(NamedTuple):
    """An entry, and as much of its opposite as a return asks for."""

    original: Entry
    draft: Draft


def gift_part(quote: Quote, index: int) -> str:
    """Return the part under which the gift at this place of a quote is journalled."""
    rule = quote.gives[index].rule
    return rule if index == 0 else f"{rule}/{index}"


def reversal(entry: Entry, part: str) -> Draft:
    """Make the exact opposite of one entry."""
    data: dict[str, Any] = {"undoes": entry.kind, "of": [entry.incarnation, entry.seq]}
    figures = FIGURES.get(entry.kind, ())
    data |= {key: -int(entry.data[key]) for key in figures if key in entry.data}
    match entry.kind:
        case "COUNT":
            data |= {"rule": entry.part, "day": entry.data.get("day", "")}
            data |= {"size": entry.data["size"]} if "size" in entry.data else {}
        case "MEASURE" | "HISTORY" | "COUPON" | "GIVE" | "TIER":
            kept = ("id", "kind", "name", "voucher", "measure", "rule", "value", "before", "after")
            data |= {key: entry.data[key] for key in kept if key in entry.data}
        case _:
            pass
    return Draft(
        kind="REVERSE",
        receipt=entry.receipt,
        part=part,
        account=entry.account,
        unit=entry.unit,
        amount=-entry.amount,
        lots=[(lot, -amount) for lot, amount in entry.lots],
        at=entry.at,
        actor=entry.actor,
        data=data,
    )


def undone_by(
    entries: Sequence[Entry],
    quote: Quote,
    effects: ReturnEffects,
    return_id: str,
    *,
    done: Collection[Entry] = (),
) -> list[Undone]:
    """Return what a return undoes of a sale's entries, in the order in which they were written.

    `entries` are the sale's with all their reversals; `done` are those of this very return, so that what
    arrives in pieces is undone in pieces.
    """
    found = [
        *_points(entries, ("EARN", "LOAD"), effects.earned, done),
        *_points(entries, ("REDEEM",), effects.spent, done),
    ]
    drafts = [Undone(one, _of_lots(one, lots, return_id)) for one, lots in found]
    before = {tuple(one.data.get("of", ())) for one in done}
    for entry in entries:
        figures = _figures(entry, effects)
        if any(figures.values()) and _key(entry) not in before:
            whole = reversal(entry, _part(return_id, entry))
            data = whole.data | {name: -number for name, number in figures.items()}
            drafts.append(Undone(entry, msgspec.structs.replace(whole, data=data)))
    return drafts + [
        Undone(entry, reversal(entry, _part(return_id, entry)))
        for entry in _wholes(entries, quote, effects)
        if not _is_undone(entry, entries)
    ]


def is_missing(
    entries: Sequence[Entry], quote: Quote, effects: ReturnEffects, done: Collection[Entry]
) -> bool:
    """Say whether a return undoes something of which the entry is not here yet."""
    for kinds, totals in ((("EARN", "LOAD"), effects.earned), (("REDEEM",), effects.spent)):
        if any(_moved(done, kinds, wallet) < points for wallet, points in totals.items()):
            return True
    here = {(one.kind, one.part) for one in entries}
    figures = {*(("COUNT", one) for one in {**effects.counts, **effects.rewards})}
    figures |= {("MEASURE", one) for one in effects.measures}
    figures |= {("COUPON", one) for one in effects.vouchers}
    figures |= {("GIVE", gift_part(quote, at)) for at in effects.gives}
    noted = sum(one.kind == "HISTORY" for one in entries)
    return not figures <= here or noted < len(effects.noted)


def extended(draft: Draft, policy: str, ends: Mapping[str, date | None], day: date) -> Draft:
    """Give points that come back into ended lots the days that the setting returned_expired_lot says.

    `ends` names the last day of each lot; nothing is said of lots that keep theirs.
    """
    longer = {
        lot: ended.isoformat()
        for lot, _ in draft.lots
        if (ended := returned_expiry(policy, ends.get(lot), day)) is not None and ended != ends.get(lot)
    }
    return msgspec.structs.replace(draft, data=draft.data | {"extend": longer}) if longer else draft


def left_of(entry: Entry, entries: Sequence[Entry], points: int) -> list[LotAmount]:
    """Return up to so many points of an entry's lots that nothing has undone, with the opposite sign."""
    undone: dict[str, int] = {}
    for other in entries:
        if undoes(other, entry):
            for lot, amount in other.lots:
                undone[lot] = undone.get(lot, 0) + abs(amount)
    sign = -1 if entry.amount > 0 else 1
    parts = []
    for lot, amount in entry.lots:
        part = min(points, abs(amount) - undone.get(lot, 0))
        if part > 0:
            parts.append((lot, sign * part))
            points -= part
    return parts


def _points(
    entries: Sequence[Entry], kinds: tuple[str, ...], totals: dict[str, int], done: Collection[Entry]
) -> Iterator[tuple[Entry, list[LotAmount]]]:
    for wallet, points in totals.items():
        missing = points - _moved(done, kinds, wallet)
        for entry in entries:
            # Points turned into cash or a donation are no goods: they stay spent.
            is_kept = entry.kind not in kinds or entry.unit != wallet or bool(entry.data.get("into"))
            if not is_kept and missing > 0 and (lots := left_of(entry, entries, missing)):
                missing -= sum(abs(amount) for _, amount in lots)
                yield entry, lots


def _moved(done: Collection[Entry], kinds: tuple[str, ...], wallet: str) -> int:
    return sum(abs(one.amount) for one in done if one.data.get("undoes") in kinds and one.unit == wallet)


def _figures(entry: Entry, effects: ReturnEffects) -> dict[str, int]:
    match entry.kind:
        case "COUNT":
            return {
                "units": effects.counts.get(entry.part, 0),
                "rewards": effects.rewards.get(entry.part, 0),
            }
        case "MEASURE":
            return {"amount": effects.measures.get(entry.part, 0)}
        case _:
            return {}


def _wholes(entries: Sequence[Entry], quote: Quote, effects: ReturnEffects) -> Iterator[Entry]:
    gone = {gift_part(quote, at) for at in effects.gives}
    noted = [(one.rule, one.value) for one in effects.noted]
    for entry in entries:
        told = (entry.data.get("rule"), entry.data.get("value"))
        is_gift = entry.kind == "GIVE" and entry.part in gone
        is_used = entry.kind == "COUPON" and entry.part in effects.vouchers
        if is_gift or is_used or (entry.kind == "HISTORY" and told in noted):
            yield entry


def _of_lots(entry: Entry, lots: list[LotAmount], return_id: str) -> Draft:
    whole = reversal(entry, _part(return_id, entry))
    return msgspec.structs.replace(whole, amount=sum(amount for _, amount in lots), lots=lots)


def _part(return_id: str, entry: Entry) -> str:
    return f"{return_id}/{entry.kind}/{entry.part}"


def _key(entry: Entry) -> tuple[str, int]:
    return entry.incarnation, entry.seq


def _is_undone(entry: Entry, entries: Sequence[Entry]) -> bool:
    return any(undoes(other, entry) for other in entries)


def undoes(other: Entry, entry: Entry) -> bool:
    """Say whether an entry undoes another one, wholly or in part."""
    return other.kind == "REVERSE" and tuple(other.data.get("of", ())) == _key(entry)
