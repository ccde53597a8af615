"""A void at one of two journals that sold the same receipt: what the other one did is undone here.

A receipt that was told again to a till with a new disk is booked once; the till that voids it knows its own
entries alone, and those may be the ones that were parked.  The receipt is void for the whole chain, so what
is left of it is undone by the exact inverse, as a settlement of the void.
"""

from typing import Any

import msgspec

from agent.headoffice.effects import Effects
from agent.headoffice.store import log, settlements
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Draft, Entry, entry_from
from agent.journal.reversing import EFFECTS, FIGURES, left_of, reversal, undoes


def may_settle(entry: Entry) -> bool:
    """Say whether an entry may complete such a void: itself, or what is booked though its sale is parked."""
    is_void = entry.kind == "REVERSE" and entry.data.get("undoes") == "RECEIPT"
    return is_void or (entry.kind in {"REDEEM", "COUPON"} and bool(entry.allowance))


def settle_void(store: Store, effects: Effects, came: Entry) -> None:
    """Undo what other journals than the void's did for this receipt, now that `came` is booked."""
    sold_by = log.sold_by(store, came.receipt)
    if len(sold_by) < 2:  # noqa: PLR2004 - the void's own journal undoes its own
        return
    entries = [entry_from(body) for body in log.booked_of(store, came.receipt)]
    void = next((one for one in entries if one.data.get("undoes") == "RECEIPT"), None)
    if void is None:
        return
    others = sold_by - {void.incarnation}
    for original in entries:
        if original.kind in EFFECTS and original.incarnation in others:
            _undo_rest(store, effects, void, original, entries)


def _undo_rest(store: Store, effects: Effects, void: Entry, original: Entry, entries: list[Entry]) -> None:
    undone = [one for one in (*entries, *settlements.of(store, original)) if undoes(one, original)]
    draft = _rest(original, undone)
    if draft is None:
        return
    fields: dict[str, Any] = {name: getattr(draft, name) for name in Draft.__struct_fields__}
    reverse, owned = effects.owned(Entry(void.incarnation, void.seq, **fields)), effects.owned(original)
    effects.undo(reverse, owned)
    settlements.add(store, (void.incarnation, void.seq), reverse, owned)
    effects.touched[reverse.account] = None
    said = f"void: {original.kind} {original.part} of {original.incarnation}/{original.seq} is undone"
    effects.differ(void, log.SETTLED, said)


def _rest(original: Entry, undone: list[Entry]) -> Draft | None:
    """Return the opposite of what is left of an entry, None if nothing is."""
    draft = reversal(original, f"{original.kind}/{original.part}")
    if original.lots:
        lots = left_of(original, undone, abs(original.amount))
        return (
            msgspec.structs.replace(draft, lots=lots, amount=sum(part for _, part in lots)) if lots else None
        )
    figures = FIGURES.get(original.kind, ())
    left = {
        name: -int(original.data.get(name, 0)) - sum(int(one.data.get(name, 0)) for one in undone)
        for name in figures
    }
    if any(left.values()):
        return msgspec.structs.replace(draft, data=draft.data | left)
    return draft if not figures and not undone else None
