"""Journals that will never end: what a WRITE_OFF does to the books, and where their late entries go.

Their open allowances are given up.  What such a journal still says afterwards belongs to the company-loss
account, never to a member: the entries stay in the log without effect, and `company_loss` sums them.
"""

from typing import Any

from agent.headoffice.store import books, losses
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry, entry_from
from agent.journal.reversing import EFFECTS
from agent.journal.vouchers import is_voucher

WRITTEN_OFF, WIPED = "WRITTEN_OFF", "WIPED"
"""Given up by two people; or they confirmed that the disk was wiped and the journal is final."""
MOVES = frozenset({*EFFECTS, "REVERSE"})
"""What a lost journal may not do to a member any more."""
PARKED = "written_off"
"""The difference of each such entry."""


def book(store: Store, entry: Entry) -> None:
    """Give up a journal (no allowance named), or one open allowance of it."""
    incarnation = str(entry.data["incarnation"])
    if not entry.allowance:
        losses.give_up_journal(store, incarnation, str(entry.data["state"]))
        return
    losses.give_up_allowance(store, incarnation, entry.allowance)
    for lot, amount in entry.lots:
        books.move_lot(store, (entry.account, entry.unit, lot), amount)
    for voucher in entry.data.get("used", ()):
        books.use_voucher(store, entry.account, str(voucher), 1)


def company_loss(store: Store) -> list[dict[str, Any]]:
    """Return, per wallet, what was given up and what it cost.

    `kept`: set aside at a lost till and kept from the member; `given_back`: the member has it again;
    `late`: what lost journals spent after all.  `loss` is late less kept: below zero the company gained.
    """
    found: dict[str, dict[str, int]] = {}
    for body in losses.write_offs(store):
        entry = entry_from(body)
        if entry.unit and not is_voucher(entry.unit):
            row = found.setdefault(entry.unit, {"kept": 0, "given_back": 0, "late": 0})
            row["kept"] -= entry.amount
            row["given_back"] += int(entry.data.get("given_back", 0))
    for late in losses.spent_late(store, PARKED):
        found.setdefault(late["wallet"], {"kept": 0, "given_back": 0, "late": 0})["late"] += late["points"]
    return [{"wallet": name, **row, "loss": row["late"] - row["kept"]} for name, row in sorted(found.items())]
