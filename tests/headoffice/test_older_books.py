"""Books that came back from a backup: no till misses what is booked again, however far its news were."""

import pytest

from agent.errors import Refused
from agent.headoffice import decisions, delta, giving_up
from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.verify import verify
from agent.sync.wire import Delta, Pull
from tests.headoffice.backups import backed_up, brought_back
from tests.headoffice.till_end import StillClock, TillEnd, basket, book, rows


def page(office: Office, till: TillEnd, cursor: int) -> Delta:
    told = delta.page(office, till.name, Pull(till.incarnation, cursor))
    assert isinstance(told, Delta)
    return told


def facts_of(told: Delta, member: str) -> object:
    return next((row.facts for row in told.members if row.member == member), None)


def test_what_is_booked_again_is_told_to_a_till_that_was_ahead_of_the_backup(
    office: Office, till: TillEnd, clock: StillClock
) -> None:
    office, backup = backed_up(office, clock)
    member = facts_of(page(office, till, 0), "m-1")
    for receipt in ("r1", "r2"):
        till.sell(basket(receipt, 1000), member)  # type: ignore[arg-type]
        till.push(office)
        book(office)
    told = page(office, till, 0)
    till.sell(basket("r3", 1000), member)  # type: ignore[arg-type]
    till.push(office)
    clock.advance(hours=1)
    office = brought_back(office, clock, backup)
    book(office)
    news = page(office, till, told.to_cursor)
    (row,) = (one for one in news.members if one.member == "m-1")
    known = next(one for one in told.members if one.member == "m-1")
    office.close()
    assert row.facts.wallets != known.facts.wallets
    assert row.version > known.version, "the till keeps what is newer"


def test_a_journal_that_older_books_never_met_is_booked_though_its_till_is_gone(
    office: Office, till: TillEnd, clock: StillClock
) -> None:
    office, backup = backed_up(office, clock)
    dead = TillEnd(till.name, "d" * 32)
    dead.key = till.key
    dead.greet(office)
    dead.sell(basket("r-dead", 1000))
    dead.push(office)
    heir = TillEnd(till.name, "e" * 32)
    heir.key = till.key
    heir.greet(office)
    office = brought_back(office, clock, backup)
    assert heir.greet(office).fenced is False
    book(office)
    booked = rows(office, "SELECT receipt FROM entry WHERE kind = 'RECEIPT' AND parked = 0")
    states = dict(rows(office, "SELECT incarnation, state FROM incarnation"))
    office.close()
    assert booked == [("r-dead",)]
    assert (states["d" * 32], states["e" * 32]) == ("FENCED", "ACTIVE")


def test_what_a_journal_said_before_it_was_given_up_counts_again_and_only_what_came_later_is_late(
    office: Office, till: TillEnd, clock: StillClock
) -> None:
    office, backup = backed_up(office, clock)
    member = facts_of(page(office, till, 0), "m-1")
    till.sell(basket("r-before", 2000), member)  # type: ignore[arg-type]
    till.push(office)
    book(office)
    heir = TillEnd(till.name, "e" * 32)
    heir.key = till.key
    heir.greet(office)
    giving_up.write_off(office, till.name, ("anna", "boris"), give_back=False)
    till.sell(basket("r-late", 2000), member)  # type: ignore[arg-type]
    till.push(office)
    book(office)
    before = booked_earnings(office)
    office = brought_back(office, clock, backup)
    with pytest.raises(Refused, match="older"):  # by a command, before head office was started
        giving_up.write_off(office, "12-1", ("anna", "boris"), give_back=False)
    decisions.catch_up(office)
    book(office)
    again = booked_earnings(office)
    found = verify(office, Judge)
    office.close()
    assert again == before
    assert [row[:2] for row in before] == [("r-before", 0), ("r-late", 1)]
    assert found.mistakes == []


def booked_earnings(office: Office) -> list[tuple[object, ...]]:
    return rows(office, "SELECT receipt, parked, amount FROM entry WHERE kind = 'EARN' ORDER BY receipt")
