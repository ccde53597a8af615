"""Books that came back from a backup: no till misses what is booked again, however far its news were."""

import shutil
from pathlib import Path

from agent.headoffice import delta
from agent.headoffice.office import Office
from agent.sync.wire import Delta, Pull
from tests.headoffice.till_end import StillClock, TillEnd, basket, book


def page(office: Office, till: TillEnd, cursor: int) -> Delta:
    told = delta.page(office, till.name, Pull(till.incarnation, cursor))
    assert isinstance(told, Delta)
    return told


def facts_of(told: Delta, member: str) -> object:
    return next((row.facts for row in told.members if row.member == member), None)


def test_what_is_booked_again_is_told_to_a_till_that_was_ahead_of_the_backup(
    office: Office, till: TillEnd, clock: StillClock, tmp_path: Path
) -> None:
    office.close()
    shutil.copy(tmp_path / "state" / "books.db", tmp_path / "backup.db")
    office = Office(tmp_path / "state", clock, serving=True)
    member = facts_of(page(office, till, 0), "m-1")
    for receipt in ("r1", "r2"):
        till.sell(basket(receipt, 1000), member)  # type: ignore[arg-type]
        till.push(office)
        book(office)
    told = page(office, till, 0)
    till.sell(basket("r3", 1000), member)  # type: ignore[arg-type]
    till.push(office)
    office.close()
    clock.advance(hours=1)
    for left in (tmp_path / "state").glob("books.db*"):
        left.unlink()
    shutil.copy(tmp_path / "backup.db", tmp_path / "state" / "books.db")
    office = Office(tmp_path / "state", clock, serving=True)
    book(office)
    news = page(office, till, told.to_cursor)
    (row,) = (one for one in news.members if one.member == "m-1")
    known = next(one for one in told.members if one.member == "m-1")
    office.close()
    assert row.facts.wallets != known.facts.wallets
    assert row.version > known.version, "the till keeps what is newer"
