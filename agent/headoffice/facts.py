"""Member facts as head office knows them: what tills get, and what a till's own are compared with."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from agent.headoffice.store import debts, members
from agent.headoffice.store.protocol import Row, Store
from agent.loyalty.afterwards.carry import HISTORY_KEPT
from agent.loyalty.member import CountFacts, Lot, MemberEvent, MemberFacts, Voucher, WalletFacts
from agent.sync.wire import MemberRow


class Owned(NamedTuple):
    """Rows of one member's lots, counts, vouchers, measures and history."""

    lots: Sequence[Row] = ()
    counts: Sequence[Row] = ()
    vouchers: Sequence[Row] = ()
    measures: Sequence[Row] = ()
    history: Sequence[Row] = ()


def facts_of(store: Store, row: Row, as_of: datetime | None = None) -> MemberFacts:
    """Return the facts of one member row: all lots with what remains, open allowances included."""
    member = row["member"]
    owned = Owned(
        members.lots_of(store, member),
        members.counts_of(store, member),
        members.vouchers_of(store, member),
        members.measures_of(store, member),
        members.history_of(store, member),
    )
    return facts_from(row, owned, as_of)


def facts_from(row: Row, owned: Owned, as_of: datetime | None = None) -> MemberFacts:
    """Return the facts of one member row and of what that member owns."""
    lots: dict[str, list[Lot]] = {}
    owes = False
    for lot in owned.lots:
        if debts.is_debt(lot["lot"]):  # owed is told apart: it is paid back by shares of what is earned
            owes = owes or lot["remaining"] < 0
        else:
            lots.setdefault(lot["wallet"], []).append(_lot(lot))
    return MemberFacts(
        member=row["member"],
        status=row["status"],
        tier=row["tier"],
        segments=msgspec.json.decode(row["segments"], type=list[str]),
        choices=msgspec.json.decode(row["choices"], type=list[str]),
        events=msgspec.json.decode(row["events"], type=list[MemberEvent]),
        of_age_from=msgspec.json.decode(row["of_age_from"], type=dict[str, date]),
        wallets={wallet: WalletFacts(held) for wallet, held in lots.items()},
        counts={
            count["rule"]: CountFacts(
                count["position"], _day(count["day"]), count["today"], count["lifetime"]
            )
            for count in owned.counts
        },
        measures={one["measure"]: one["amount"] for one in owned.measures},
        history=_history(owned.history),
        vouchers=[
            Voucher(
                one["voucher"],
                one["id"],
                _day(one["active_from"]),
                _day(one["expires_on"]),
                _instant(one["ends_at"]),
            )
            for one in owned.vouchers
        ],
        limited_closed=owes,
        as_of=as_of,
    )


def _history(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return the newest of what each rule remembers, in the order of receipts."""
    found: dict[str, list[str]] = {}
    for one in rows:
        found.setdefault(one["rule"], []).append(one["value"])
    return {rule: kept[-HISTORY_KEPT:] for rule, kept in found.items()}


def wire_row(store: Store, row: Row, as_of: datetime) -> MemberRow:
    """Return one member as a till keeps it."""
    cards = members.cards_of(store, row["member"])
    return MemberRow(
        member=row["member"],
        version=row["version"],
        card_tags=[bytes(card["tag"]) for card in cards],
        facts=facts_of(store, row, as_of),
        blocked_tags=[bytes(card["tag"]) for card in cards if card["blocked"]],
    )


def stale_parts(
    till: MemberFacts, ours: MemberFacts, day: date, *, strict: Collection[str] = ()
) -> list[str]:
    """Name the facts in which a till was behind head office on that business day.

    Offline that is expected; it is settled and counted, never silent.  Vouchers of a `strict` name are
    left out: a till says only which of them lie there.
    """
    parts = [name for name in ("status", "tier", "of_age_from") if getattr(till, name) != getattr(ours, name)]
    parts += [
        name
        for name in ("segments", "choices", "events")
        if sorted(map(str, getattr(till, name))) != sorted(map(str, getattr(ours, name)))
    ]
    wallets = sorted(till.wallets.keys() | ours.wallets.keys())
    parts += [f"wallets/{one}" for one in wallets if _spendable(till, one, day) != _spendable(ours, one, day)]
    rules = sorted(till.counts.keys() | ours.counts.keys())
    parts += [f"counts/{rule}" for rule in rules if _position(till, rule) != _position(ours, rule)]
    parts += [f"measures/{key}" for key in _unequal(till.measures, ours.measures, 0)]
    parts += [f"history/{rule}" for rule in _unequal(till.history, ours.history, [])]
    if _usable(till, day, strict) != _usable(ours, day, strict):
        parts.append("vouchers")
    return parts


def _unequal(one: Mapping[str, object], other: Mapping[str, object], none: object) -> list[str]:
    return [key for key in sorted({*one, *other}) if one.get(key, none) != other.get(key, none)]


def _spendable(facts: MemberFacts, wallet: str, day: date) -> dict[str, int]:
    held = facts.wallets.get(wallet)
    lots = held.lots if held else []
    return {
        lot.lot: lot.amount
        for lot in lots
        if lot.amount
        and (lot.expires_on is None or lot.expires_on >= day)
        and (lot.active_from is None or lot.active_from <= day)
    }


def _position(facts: MemberFacts, rule: str) -> tuple[int, int]:
    count = facts.counts.get(rule)
    return (count.position, count.lifetime) if count else (0, 0)


def _usable(facts: MemberFacts, day: date, strict: Collection[str]) -> set[str]:
    return {
        one.id
        for one in facts.vouchers
        if one.voucher not in strict and (one.expires_on is None or one.expires_on >= day)
    }


def _lot(row: Row) -> Lot:
    return Lot(
        row["lot"],
        row["remaining"],
        _day(row["active_from"]),
        _day(row["expires_on"]),
        _instant(row["ends_at"]),
    )


def _instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
