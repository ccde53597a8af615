"""Stock: placed through S1, told with the news, spent like any allowance, and home by the journal alone."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.headoffice import allowances, delta, stock
from agent.headoffice.member_import import import_members
from agent.headoffice.members import block
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.headoffice.reexecute import Judge
from agent.headoffice.stock import Order
from agent.headoffice.store.allowances import free_lots
from agent.headoffice.verify import verify
from agent.journal.entry import entry_from
from agent.sync.allowance import Asked
from agent.sync.wire import Allowance, AllowanceAnswer, AllowanceRequest, Delta, Deny, Pull
from tests.headoffice.both_ends import ShopTill, Tills, two_tills
from tests.headoffice.conftest import MEMBERS
from tests.headoffice.test_settling import sell
from tests.headoffice.till_end import PROGRAMME, StillClock, rows

MONTH = timedelta(days=30)


@pytest.fixture
def tills(office: Office, tmp_path: Path) -> Iterator[Tills]:
    """The till at the member's home store, and one elsewhere."""
    with two_tills(office, tmp_path, names=("1-1", "2-1")) as both:
        yield both


def place(till: ShopTill, points: int, request: str = "s-1") -> int:
    order = Order(till.end.incarnation, "m-1", "points", points, request)
    return stock.place(till.office, [order], honour=MONTH)


def usable(till: ShopTill) -> int:
    ledger = till.desk.ledger
    return ledger.read.usable("m-1", till.desk.clock.now().date()).get("points", 0)


def free(office: Office) -> int:
    return sum(row["free"] for row in free_lots(office.store, "m-1", "points"))


def ask(till: ShopTill, request: str, *, minimum: int = 1) -> AllowanceAnswer:
    asked = AllowanceRequest(till.end.incarnation, request, "m-1", "points", 2**53 - 1, minimum)
    return allowances.answer(till.office, till.end.name, asked)


def is_sound(office: Office) -> list[str]:
    return verify(office, Judge).mistakes


def test_stock_is_told_once_and_spent_with_nobody_asked(office: Office, tills: Tills) -> None:
    home, _ = tills
    assert place(home, 600) == 600
    assert free(office) == 200
    assert home.page(0).allowances[0].purpose == "STOCK"
    home.pull()
    assert home.page(0).allowances == []
    assert usable(home) == 600
    sell(home, "r1", points=500)
    home.push()
    assert [row[0] for row in rows(office, "SELECT state FROM allowance WHERE purpose = 'STOCK'")] == ["OPEN"]
    assert rows(office, "SELECT sum(spent) FROM allowance_lot") == [(500,)]
    assert is_sound(office) == []


def test_the_same_order_is_placed_once_and_never_beyond_what_is_free(office: Office, tills: Tills) -> None:
    home, other = tills
    assert place(home, 600) == 600
    assert place(home, 600) == 0
    assert place(other, 600) == 200
    assert place(other, 600, "s-2") == 0
    assert free(office) == 0


def test_lots_that_end_sooner_are_an_allowance_of_their_own(office: Office, tills: Tills) -> None:
    order = Order(tills[0].end.incarnation, "m-1", "points", 800, "s-1")
    assert stock.place(office, [order, order], honour=timedelta(days=100)) == 800
    told = tills[0].page(0).allowances
    assert [(one.amount, [lot.lot for lot in one.lots]) for one in told] == [
        (500, ["opening-2027-01-31"]),
        (300, ["opening-2027-06-30"]),
    ]
    assert told[0].honour_until_ms < told[1].honour_until_ms


def test_nothing_is_placed_for_a_blocked_member_or_with_a_fenced_journal(
    office: Office, tills: Tills, tmp_path: Path
) -> None:
    home, other = tills
    again = ShopTill(office, tmp_path / "new", "1-1", 5)
    assert place(home, 100) == 0, "a new journal of this till fenced it"
    assert place(again, 100) == 100
    block(office, "m-1", "lost")
    assert place(other, 100) == 0
    again.close()


def test_a_member_elsewhere_gets_what_is_free_and_recalls_the_rest_on_demand(
    office: Office, tills: Tills
) -> None:
    home, other = tills
    place(home, 600)
    home.pull()
    assert ask(other, "r-1", minimum=700) == Deny("recalled", 200)
    assert home.page(0).recalls == [1]
    assert ask(other, "r-1", minimum=700) == Deny("recalled", 200), "it is on its way"
    home.pull()
    assert usable(home) == 0
    assert ask(other, "r-1", minimum=700) == Deny("recalled", 200), "only the journal frees it"
    home.push()
    answer = ask(other, "r-1", minimum=700)
    assert isinstance(answer, Allowance)
    assert answer.amount == 800
    assert is_sound(office) == []


def test_whoever_wants_more_gets_what_is_free_now_and_the_rest_when_it_is_home(
    office: Office, tills: Tills
) -> None:
    home, other = tills
    place(home, 600)
    home.pull()
    assert other.wish({"points": 700}) == Asked(1, coming=True)
    assert usable(other) == 200
    home.pull()
    home.push()
    assert other.wish({"points": 500}) == Asked(1, coming=False)
    sell(other, "r1", points=700)
    other.push()
    assert rows(office, "SELECT sum(amount) FROM entry WHERE kind = 'REDEEM'") == [(-700,)]
    assert is_sound(office) == []


def test_own_stock_is_not_recalled_for_its_own_till(office: Office, tills: Tills) -> None:
    home, _ = tills
    place(home, 800)
    assert ask(home, "r-1") == Deny("too_few", 0)
    assert home.page(0).recalls == []


def test_lost_and_repeated_pages_end_in_the_same(office: Office, tills: Tills) -> None:
    home, _ = tills
    place(home, 300)
    lost = home.page(0)
    place(home, 200, "s-2")
    both = home.page(0)
    assert [one.number for one in both.allowances] == [1, 2]
    for page in (both, lost, both, lost):
        home.take_in(page)
    home.pull()
    assert usable(home) == 500


def test_thousands_in_one_night_are_told_in_small_pages(office: Office, tills: Tills) -> None:
    home, _ = tills
    orders = [Order(home.end.incarnation, "m-1", "points", 1, f"s-{number}") for number in range(250)]
    assert stock.place(office, orders, honour=MONTH) == 250
    assert rows(office, "SELECT booked_seq FROM own_journal") == [(250,)]
    sizes = []
    page = home.page(0)
    while page.allowances:
        sizes.append(len(page.allowances))
        assert page.more == (len(sizes) < 3)
        home.take_in(page)
        page = home.page(page.to_cursor)
    assert sizes == [100, 100, 50]
    assert usable(home) == 250


def test_books_of_before_get_stock_back_and_tell_it_again(tmp_path: Path, clock: StillClock) -> None:
    folder = tmp_path / "state"
    office = Office(folder, clock, serving=True)
    publish(office, PROGRAMME, name="household-club.toml")
    import_members(office, MEMBERS, name="members.csv")
    till = ShopTill(office, tmp_path, "1-1", 1)
    till.pull()
    office.close()
    shutil.copytree(folder, tmp_path / "backup")
    till.office = office = Office(folder, clock, serving=True)
    place(till, 400)
    till.pull()
    place(till, 200, "s-2")
    office.close()
    for path in folder.glob("books.db*"):
        path.unlink()
    shutil.copy(tmp_path / "backup" / "books.db", folder)
    till.office = office = Office(folder, clock, serving=True)
    assert free(office) == 200
    assert [(one.purpose, one.amount) for one in till.page(0).allowances] == [("STOCK", 200)]
    till.pull()
    assert usable(till) == 600
    sell(till, "r1", points=500)
    till.push()
    assert is_sound(office) == []
    till.close()
    office.close()


def test_what_a_till_declares_missing_is_free_again(office: Office, tills: Tills) -> None:
    home, _ = tills
    place(home, 300)
    home.pull()
    assert isinstance(ask(home, "r-1"), Allowance), "its answer is lost"
    assert home.desk.write(lambda tx: tx.declare(home.end.greet(office).highest_number))
    home.push()
    assert free(office) == 500
    assert usable(home) == 300
    kinds = [entry_from(body).kind for _, body, _ in home.desk.ledger.read.entries(0, 100)]
    assert kinds == ["DECLARE"]
    assert is_sound(office) == []


def test_a_till_that_cannot_keep_stock_is_told_none(office: Office, tills: Tills) -> None:
    home, _ = tills
    place(home, 300)
    page = delta.page(office, home.end.name, Pull(home.end.incarnation, 0))
    assert isinstance(page, Delta)
    assert (page.allowances, page.stock_to) == ([], -1)
