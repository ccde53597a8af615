"""Debts of limited spending, looked at after each booking: paid with what is free, and with later earning.

Free points pay first, first-expiring, never what open allowances hold.  Of a lot earned after the debt was
made, a share pays (`recover_share` of the receipt's points, rounded down for the member); stored value
never does.  A void gives back to the lots that paid, the last one first.  Each step is a SETTLE entry among
our decisions, so that books made anew are the same however the clock and the allowances stood.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.headoffice.allowances import time_zone
from agent.headoffice.decisions import decide
from agent.headoffice.office import Office
from agent.headoffice.setting_aside import is_alive
from agent.headoffice.store import allowances, debts, programmes
from agent.headoffice.store.protocol import Row
from agent.journal.entry import Draft, LotAmount
from agent.loyalty.language.programme import Offline, Programme
from agent.loyalty.language.read import load_programme
from agent.loyalty.offline import recoverable

BY = "head office"


class _Account(NamedTuple):
    """One member's wallet while its debts are looked at; `free` and `taken` go along."""

    member: str
    wallet: str
    words: Offline
    free: dict[str, int]
    """What may be taken of each lot, first-expiring first."""
    taken: dict[str, int]
    """What of each lot went into debts so far."""


def settle(office: Office) -> int:
    """Look at every open debt until nothing changes; return how many entries that were.

    Raises:
        LedgerReadOnly: nothing can be written now; the next look finds the same.
    """
    count = 0
    while written := _look(office):  # what a void brings home may pay another debt
        count += written
    return count


def _look(office: Office) -> int:
    with office.store.reading():
        due = next(_drafts(office, ""), None)
    if due is None:
        return 0
    times = debts.times_looked_at(office.store, (due.account, due.unit, due.part))
    reference = f"settle/{due.part}/{times}"
    written: list[Draft] = []

    def drafts() -> list[Draft]:
        # Once more inside the transaction: an allowance may have taken what was free.
        written.extend(_drafts(office, reference))
        return written

    decide(office, reference, {"debt": due.part}, drafts)
    return len(written)


def _drafts(office: Office, reference: str) -> Iterator[Draft]:
    accounts: dict[tuple[str, str], _Account] = {}
    programme = _programme(office)
    for row in debts.open_debts(office.store):
        key = (row["member"], row["wallet"])
        if key not in accounts:
            accounts[key] = _account(office, key, programme)
        debt, owed = str(row["lot"]), -int(row["remaining"])
        lots = _paid(office, accounts[key], debt, owed) if owed > 0 else _home(office, key, debt, -owed)
        if lots or (owed > 0 and not debts.times_looked_at(office.store, (*key, debt))):
            moved = sum(amount for _, amount in lots)
            yield Draft(
                "SETTLE",
                receipt=reference,
                part=debt,
                account=key[0],
                unit=key[1],
                lots=[*lots, (debt, -moved)],
                actor=BY,
                data={"by": BY, "owed": owed + moved} if owed + moved > 0 else {"by": BY},
            )


def _paid(office: Office, account: _Account, debt: str, owed: int) -> list[LotAmount]:
    """Return what each lot pays of a debt, below zero."""
    later = debts.earned_after(office.store, account.member, account.wallet, debt)
    lots = []
    for lot, free in account.free.items():
        most = free
        if lot in later:
            most = min(free, recoverable(account.words, later[lot]) - account.taken.get(lot, 0))
        part = min(most, owed)
        if part > 0:
            owed -= part
            account.free[lot] -= part
            account.taken[lot] = account.taken.get(lot, 0) + part
            lots.append((lot, -part))
    return lots


def _home(office: Office, key: tuple[str, str], debt: str, points: int) -> list[LotAmount]:
    """Return what goes back to the lots that paid a debt which a void took away; the last one first."""
    lots = []
    for row in debts.moved(office.store, (*key, debt)):
        part = min(points, -int(row["amount"]))
        if part > 0:
            points -= part
            lots.append((str(row["lot"]), part))
    return lots


def _account(office: Office, key: tuple[str, str], programme: Programme | None) -> _Account:
    words = programme.text.wallet.get(key[1]) if programme else None
    rows = [row for row in allowances.free_lots(office.store, *key) if not debts.is_debt(row["lot"])]
    return _Account(
        *key,
        words.offline if words else Offline(),
        _free(office, rows) if words is None or words.kind == "points" else {},
        debts.taken_from(office.store, *key),
    )


def _free(office: Office, rows: Sequence[Row]) -> dict[str, int]:
    """Return what may be taken of each lot; what clawbacks owe is kept back, from the last lot on."""
    now, zone = office.clock.now(), time_zone(office)
    free = {str(row["lot"]): int(row["free"]) for row in rows if row["free"] > 0 and is_alive(row, now, zone)}
    owed = -sum(int(row["free"]) for row in rows if row["free"] < 0)
    for lot in reversed(free):
        kept = min(free[lot], owed)
        free[lot] -= kept
        owed -= kept
    return free


def _programme(office: Office) -> Programme | None:
    row = programmes.newest_programme(office.store)
    return load_programme(bytes(row["text"]), name="programme") if row is not None else None
