"""Shown figures: head office's facts with this till's own entries on top, oldest first.

No balance is stored twice: whatever head office has not booked yet is added when asked.  That is at
most what this till did for this member since the last pull, a handful of entries.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

import msgspec

from agent.journal.entry import Entry
from agent.journal.kinds import OPENING
from agent.loyalty.afterwards.carry import HISTORY_KEPT
from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts

SHOWN_KINDS = frozenset(
    {"EARN", "LOAD", "GIVE", "REDEEM", "CLAWBACK", "REVERSE", "COUNT", "MEASURE", "HISTORY", "COUPON"}
)
Dates = tuple[str, str, str]
"""active_from, expires_on, ends_at; empty: none."""


class Folder:
    """A member's figures while entries are laid on them; `dates_of` knows lots that are all spent."""

    def __init__(self, facts: MemberFacts, dates_of: Callable[[str], Dates | None]) -> None:
        self._facts = facts
        self._dates_of = dates_of
        self._lots = {wallet: {lot.lot: lot for lot in held.lots} for wallet, held in facts.wallets.items()}
        self._counts = dict(facts.counts)
        self._measures = dict(facts.measures)
        self._history = {rule: list(values) for rule, values in facts.history.items()}
        self._vouchers = {voucher.id: voucher for voucher in facts.vouchers}
        self._seen = dict(self._vouchers)

    def add(self, entry: Entry) -> None:
        """Lay one entry on top."""
        undone = entry.data.get("undoes") if entry.kind == "REVERSE" else None
        kind = str(undone or entry.kind)
        if entry.unit and entry.lots:
            for name, amount in entry.lots:
                self._move(entry, name, amount)
        elif kind == "COUNT":
            self._count(entry)
        elif kind == "MEASURE":
            measure = str(entry.data.get("measure", ""))
            self._measures[measure] = self._measures.get(measure, 0) + int(entry.data.get("amount", 0))
        elif kind == "HISTORY":
            self._note(entry, undone=bool(undone))
        elif kind == "COUPON":
            self._use(entry, undone=bool(undone))
        elif kind == "GIVE" and entry.data.get("kind") == "voucher":
            self._give(entry, undone=bool(undone))

    def result(self, usable: dict[str, int], day: date) -> MemberFacts:
        """Return the figures of that business day; expired and empty lots are left out."""
        wallets = {
            wallet: WalletFacts(_alive(self._lots.get(wallet, {}).values(), day), usable.get(wallet, 0))
            for wallet in sorted({*self._lots, *usable})
        }
        return msgspec.structs.replace(
            self._facts,
            wallets=wallets,
            counts=self._counts,
            measures={key: amount for key, amount in self._measures.items() if amount},
            history={rule: kept[-HISTORY_KEPT:] for rule, kept in self._history.items() if kept},
            vouchers=list(self._vouchers.values()),
        )

    def _move(self, entry: Entry, name: str, amount: int) -> None:
        lots = self._lots.setdefault(entry.unit, {})
        known = lots.get(name)
        longer = _day(_text(entry.data.get("extend", {}), name))
        if known is not None:
            lots[name] = _moved(known, amount, longer)
        elif entry.kind in OPENING or entry.kind == "CLAWBACK":  # the latter's own lot is a debt
            data = entry.data
            lots[name] = _lot(name, amount, _text(data, "active_from"), _text(data, "expires_on"), data)
        elif (dates := self._dates_of(name)) is not None:
            spent = _lot(name, 0, dates[0], dates[1], {"ends_at": dates[2]})
            lots[name] = _moved(spent, amount, longer)

    def _count(self, entry: Entry) -> None:
        """Move a counting rule exactly as head office books it; a REVERSE carries negated figures."""
        data = entry.data
        rule = str(data.get("rule") or entry.part.rpartition("/")[2])
        known = self._counts.get(rule) or CountFacts()
        units, size = int(data.get("units", 0)), int(data.get("size", 0))
        day = _day(_text(data, "day")) or known.day
        is_newer = day is not None and (known.day is None or day > known.day)
        today = 0 if is_newer else known.today
        self._counts[rule] = CountFacts(
            position=known.position + units - size * int(data.get("rewards", 0)),
            day=day if is_newer else known.day,
            today=today + (units if is_newer or day == known.day else 0),
            lifetime=known.lifetime + units,
        )

    def _note(self, entry: Entry, *, undone: bool) -> None:
        """Remember a purchase, or forget the newest one that says the same."""
        value = str(entry.data.get("value", ""))
        kept = self._history.setdefault(str(entry.data.get("rule", "")), [])
        if not undone:
            kept.append(value)
        elif value in kept:
            del kept[len(kept) - 1 - kept[::-1].index(value)]

    def _use(self, entry: Entry, *, undone: bool) -> None:
        name = str(entry.data.get("id") or entry.part.rpartition("/")[2])
        if not undone:
            self._vouchers.pop(name, None)
        elif name in self._seen:
            # One whose dates are not known here comes back when head office tells it.
            self._vouchers[name] = self._seen[name]

    def _give(self, entry: Entry, *, undone: bool) -> None:
        name = str(entry.data.get("id", entry.part))
        if undone:
            self._vouchers.pop(name, None)
        else:
            data = entry.data
            voucher = Voucher(
                _text(data, "name"),
                name,
                _day(_text(data, "active_from")),
                _day(_text(data, "expires_on")),
                _instant(_text(data, "ends_at")),
            )
            self._vouchers[name] = self._seen[name] = voucher


def fold(
    facts: MemberFacts,
    entries: Sequence[Entry],
    *,
    usable: dict[str, int],
    day: date,
    dates_of: Callable[[str], Dates | None] = lambda _: None,
) -> MemberFacts:
    """Return head office's facts with these entries on top, as of that business day."""
    if not (entries or usable or facts.measures or facts.history):  # most members, most of the time
        told = {name: WalletFacts(_alive(held.lots, day), 0) for name, held in sorted(facts.wallets.items())}
        return msgspec.structs.replace(facts, wallets=told)
    folder = Folder(facts, dates_of)
    for entry in entries:
        folder.add(entry)
    return folder.result(usable, day)


def _alive(lots: Iterable[Lot], day: date) -> list[Lot]:
    alive = [lot for lot in lots if lot.amount and (lot.expires_on is None or lot.expires_on >= day)]
    if len(alive) > 1:
        alive.sort(key=lambda lot: (lot.expires_on is None, lot.expires_on or day, lot.lot))
    return alive


def _moved(lot: Lot, by: int, longer: date | None) -> Lot:
    """Return a lot with so many points more; one that points came back into may end later."""
    ends = max(lot.expires_on, longer) if longer and lot.expires_on else lot.expires_on
    return Lot(lot.lot, lot.amount + by, lot.active_from, ends, lot.ends_at)


def _lot(name: str, amount: int, active_from: str, expires_on: str, data: dict[str, object]) -> Lot:
    return Lot(name, amount, _day(active_from), _day(expires_on), _instant(_text(data, "ends_at")))


def _text(data: dict[str, object], name: str) -> str:
    return str(data.get(name) or "")


def _instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
