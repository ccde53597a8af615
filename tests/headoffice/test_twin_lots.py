"""Older books that meet a receipt's twin first: what lies at a till of the other lot stays set aside."""

import shutil
from pathlib import Path

from agent.headoffice import allowances
from agent.headoffice.facts import facts_of
from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.store import audit
from agent.headoffice.store.members import member_row
from agent.headoffice.verify import verify
from agent.loyalty.member import MemberFacts
from agent.sync.wire import Allowance, AllowanceAnswer, AllowanceRequest, Deny
from tests.headoffice.till_end import StillClock, TillEnd, basket, book

ALL = 10_000


def facts(office: Office) -> MemberFacts:
    row = member_row(office.store, "m-1")
    assert row is not None
    return facts_of(office.store, row)


def ask(office: Office, till: TillEnd, request: str) -> AllowanceAnswer:
    return allowances.answer(
        office, till.name, AllowanceRequest(till.incarnation, request, "m-1", "points", ALL)
    )


def put_back_books(office: Office, clock: StillClock, folder: Path) -> Office:
    office.close()
    for left in (folder / "state").glob("books.db*"):
        left.unlink()
    shutil.copy(folder / "backup.db", folder / "state" / "books.db")
    return Office(folder / "state", clock, serving=True)


def test_points_of_a_lot_that_older_books_do_not_make_again_are_not_set_aside_twice(
    office: Office, till: TillEnd, clock: StillClock, tmp_path: Path
) -> None:
    before = facts(office)
    other = TillEnd("12-2", "0" * 32)  # booked before the till's own journal, when both are received
    other.enrol(office)
    other.greet(office)
    office.close()
    shutil.copy(tmp_path / "state" / "books.db", tmp_path / "backup.db")
    office = Office(tmp_path / "state", clock, serving=True)
    till.sell(basket("r-1", 2000), before)
    till.push(office)
    book(office)
    given = ask(office, till, "q-1")
    assert isinstance(given, Allowance)
    assert any(one.lot.startswith(till.incarnation[:8]) for one in given.lots)
    other.sell(basket("r-1", 2000), before)  # the same receipt told again, to another journal
    other.push(office)
    book(office)
    office = put_back_books(office, clock, tmp_path)
    book(office)
    again = ask(office, till, "q-1")
    more = ask(office, other, "q-2")
    found = verify(office, Judge)
    beyond = [
        *audit.set_aside_beyond_owned(office.store),
        *audit.accounts_set_aside_beyond_owned(office.store),
    ]
    office.close()
    assert isinstance(again, Allowance)
    assert [(one.lot, one.amount) for one in again.lots] == [(one.lot, one.amount) for one in given.lots]
    assert isinstance(more, Deny), "all the member has lies at the first till"
    assert (more.free, beyond, found.mistakes) == (0, [], [])
