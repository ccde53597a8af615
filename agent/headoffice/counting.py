"""Counts, measures, history and vouchers as entries move them; the same arithmetic as a till's own figures.

What an entry says is checked here against what a till accepts in member facts: one till's nonsense must
not come back to all the others as news.
"""

from datetime import date, datetime

from agent.headoffice.outcomes import Parked
from agent.headoffice.store import books
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry
from agent.loyalty.basket import MONEY_LIMIT

LONGEST_NAME = 64
MOST_STEPS = 1_000_000


def move_count(store: Store, entry: Entry, *, undone: bool) -> None:
    """Move a counting rule; a REVERSE carries its units negated already."""
    data = entry.data
    rule = name_in(data.get("rule") or entry.part.removeprefix("COUNT/"))
    known = books.count_row(store, entry.account, rule)
    position, day, today, lifetime = (
        (known["position"], known["day"], known["today"], known["lifetime"]) if known else (0, "", 0, 0)
    )
    units, rewards, size = (_steps(data.get(name, 0)) for name in ("units", "rewards", "size"))
    told_day = date.fromisoformat(data["day"]).isoformat() if data.get("day") else day
    if told_day > day:
        day, today = told_day, 0
    position += units - size * (-abs(rewards) if undone else abs(rewards))
    today += units if told_day == day else 0
    books.put_count(store, entry.account, rule, (position, day, today, lifetime + units))


def move_measure(store: Store, entry: Entry) -> None:
    """Add to a member's measure; a REVERSE carries its amount negated already."""
    amount = entry.data.get("amount")
    if not isinstance(amount, int) or abs(amount) > MONEY_LIMIT:
        raise Parked("malformed", "a measure needs an amount")
    books.add_measured(store, entry.account, name_in(entry.data.get("measure")), amount)


def note(store: Store, entry: Entry) -> None:
    """Remember a purchase for a rule, in the order of receipts, whenever it arrives."""
    at_ms = int(datetime.fromisoformat(entry.at).timestamp() * 1000)
    key = (name_in(entry.data.get("rule")), at_ms, entry.incarnation, entry.seq)
    books.note(store, entry.account, key, name_in(entry.data.get("value")))


def unnote(store: Store, entry: Entry) -> None:
    """Forget what the undone entry noted."""
    books.unnote(store, entry.account, entry.incarnation, entry.seq)


def give_voucher(store: Store, entry: Entry, dates: books.Dates) -> None:
    """Give the voucher that an entry names."""
    number = name_in(entry.data.get("id") or entry.part)
    books.give_voucher(store, entry.account, number, name_in(entry.data.get("name")), dates)


def withdraw_voucher(store: Store, entry: Entry) -> bool:
    """Take back the voucher that the undone entry gave; say whether it was used before."""
    number = name_in(entry.data.get("id") or entry.part)
    return books.withdraw_voucher(store, entry.account, number) > 0


def is_withdrawn(store: Store, entry: Entry) -> bool:
    """Say whether the voucher that an entry uses was given and taken back."""
    row = books.voucher_row(store, entry.account, name_in(entry.part))
    return row is not None and bool(row["voucher"]) and row["given"] <= 0


def use_voucher(store: Store, entry: Entry, *, times: int) -> int:
    """Book a use of a voucher (below zero: undo one); return how often it was used in all."""
    return books.use_voucher(store, entry.account, name_in(entry.part), times)


def name_in(told: object) -> str:
    """Return a name as member facts may carry it.

    Raises:
        Parked: it is no text of 1 to 64 characters.
    """
    if not isinstance(told, str) or not 0 < len(told) <= LONGEST_NAME:
        raise Parked("malformed", f"{str(told)[:LONGEST_NAME]!r} is no name")
    return told


def _steps(told: object) -> int:
    if not isinstance(told, int) or abs(told) > MOST_STEPS:
        raise Parked("malformed", f"{str(told)[:LONGEST_NAME]!r} is no number of steps")
    return told
