"""Counts and vouchers as entries move them; the same arithmetic as a till's own figures."""

from agent.headoffice.store import books
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry


def move_count(store: Store, entry: Entry, *, undone: bool) -> None:
    """Move a counting rule; a REVERSE carries its units negated already."""
    data = entry.data
    rule = str(data.get("rule") or entry.part.removeprefix("COUNT/"))
    known = books.count_row(store, entry.account, rule)
    position, day, today, lifetime = (
        (known["position"], known["day"], known["today"], known["lifetime"]) if known else (0, "", 0, 0)
    )
    units, rewards = int(data.get("units", 0)), abs(int(data.get("rewards", 0)))
    told_day = str(data.get("day") or day)
    if told_day > day:
        day, today = told_day, 0
    position += units - int(data.get("size", 0)) * (-rewards if undone else rewards)
    today += units if told_day == day else 0
    books.put_count(store, entry.account, rule, (position, day, today, lifetime + units))


def give_voucher(store: Store, entry: Entry, dates: books.Dates) -> None:
    """Give the voucher that an entry names."""
    number = str(entry.data.get("id") or entry.part)
    books.give_voucher(store, entry.account, number, str(entry.data.get("name") or ""), dates)


def withdraw_voucher(store: Store, entry: Entry) -> None:
    """Take back the voucher that the undone entry gave."""
    number = str(entry.data.get("id") or entry.part.removeprefix("GIVE/"))
    books.withdraw_voucher(store, entry.account, number)


def use_voucher(store: Store, entry: Entry, *, times: int) -> int:
    """Book a use of a voucher (below zero: undo one); return how often it was used in all."""
    return books.use_voucher(store, entry.account, entry.part.removeprefix("COUPON/"), times)
