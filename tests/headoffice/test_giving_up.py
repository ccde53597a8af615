"""A till that is lost: two people give its journal up, and what it says later never reaches a member."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import Conflict, Refused
from agent.headoffice import decisions, giving_up
from agent.headoffice.giving_up import GivenUp
from agent.headoffice.lost import company_loss
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.headoffice.reexecute import Judge
from agent.headoffice.report import status
from agent.headoffice.verify import verify
from agent.sync.allowance import Asked
from tests.headoffice.both_ends import ShopTill
from tests.headoffice.lived import at_office
from tests.headoffice.test_strict_vouchers import LIST, STRICT, WALLET
from tests.headoffice.till_end import StillClock, TillEnd, differences, rows
from tests.till.desk import CLUB, NOON, basket, sell

MEMBERS = "member,card,wallet,balance,expires_on\nm-1,,points,1000,2027-06-30\n"
TWO = ("anna", "bert")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "state", StillClock(NOON), serving=True)
    publish(office, CLUB.read_bytes(), name="household-club.toml")
    import_members(office, MEMBERS, name="members.csv")
    yield office
    office.close()


@pytest.fixture
def till(office: Office, tmp_path: Path) -> Iterator[ShopTill]:
    """A till to which all points of m-1 are set aside."""
    one = ShopTill(office, tmp_path, "1-1", 1 << 100)
    one.pull()
    assert one.ask() == 1
    yield one
    one.close()


def spend(till: ShopTill, receipt: str, points: int) -> None:
    token = till.desk.identify()["identification_id"]
    quote, answer = sell(till.desk, basket(receipt, instruments=[token], redeem={"points": points}))
    assert (quote.wallets[0].redeem, answer["differences"]) == (points, [])


def balance(office: Office) -> int:
    return sum(lot.amount for lot in at_office(office).wallets["points"].lots)


def replace(office: Office, till: ShopTill) -> TillEnd:
    """Let the same till greet with a fresh journal: the old one is fenced."""
    fresh = TillEnd("1-1", "f" * 32)
    fresh.key = till.end.key
    fresh.greet(office)
    return fresh


def states(office: Office) -> list[str]:
    return [str(row["state"]) for row in status(office)["tills"]]


def is_sound(office: Office) -> bool:
    found = verify(office, Judge)
    assert found.mistakes == []
    return found.is_sound


@pytest.mark.parametrize(("give_back", "left"), [(False, 0), (True, 1000)])
def test_what_a_lost_till_held_stays_spent_or_comes_back(
    office: Office, till: ShopTill, give_back: bool, left: int
) -> None:
    replace(office, till)
    done = giving_up.write_off(office, "1-1", TWO, give_back=give_back)
    assert done == [GivenUp("1-1", 1, 1, {"points": 1000}, repeated=False)]
    assert (balance(office) if left else at_office(office).wallets) == (left or {})
    assert states(office) == ["WRITTEN_OFF", "ACTIVE"]
    assert giving_up.write_off(office, "1-1", TWO, give_back=give_back) == [
        GivenUp("1-1", 1, 0, {}, repeated=True)
    ]
    assert is_sound(office)


@pytest.mark.parametrize(("give_back", "loss"), [(False, -700), (True, 300)])
def test_what_a_lost_till_still_says_is_the_company_s_loss(
    office: Office, till: ShopTill, give_back: bool, loss: int
) -> None:
    spend(till, "r1", 300)
    replace(office, till)
    giving_up.write_off(office, "1-1", TWO, give_back=give_back)
    before = at_office(office)
    till.push()
    after = at_office(office)
    assert (after.wallets, after.counts) == (before.wallets, before.counts)
    assert ("written_off", "its journal was given up: this is the company's loss") in differences(office)
    (row,) = company_loss(office.store)
    assert (row["late"], row["loss"]) == (300, loss)
    assert rows(office, "SELECT state FROM receipt WHERE receipt = 'r1'") == [("committed",)]
    assert is_sound(office)


def test_what_it_had_sent_before_stays_as_booked(office: Office, till: ShopTill) -> None:
    spend(till, "r1", 300)
    till.push()
    giving_up.write_off(office, "1-1", TWO, give_back=False)
    assert company_loss(office.store) == []
    assert balance(office) == 700 + 21  # what the receipt itself earned
    assert is_sound(office)


def test_a_wiped_till_frees_what_it_held_on_the_word_of_two(office: Office, till: ShopTill) -> None:
    replace(office, till)
    (done,) = giving_up.wiped(office, "1-1", TWO)
    assert (done.points, states(office)[0]) == ({"points": 1000}, "WIPED")
    other = ShopTill(office, till.desk.folder.parent, "1-2", 2 << 100)
    other.pull()
    assert other.ask() == 1
    assert other.desk.ledger.read.usable("m-1", NOON.date()) == {"points": 1000}
    other.close()
    assert is_sound(office)


@pytest.mark.parametrize("people", [("anna", "anna"), ("anna", ""), ("", "bert")])
def test_one_person_alone_gives_nothing_up(office: Office, till: ShopTill, people: tuple[str, str]) -> None:
    assert till.end.name == "1-1"
    with pytest.raises(Refused):
        giving_up.write_off(office, "1-1", people, give_back=False)
    assert states(office) == ["ACTIVE"]


def test_a_journal_is_given_up_in_one_way(office: Office, till: ShopTill) -> None:
    assert till.end.name == "1-1"
    giving_up.write_off(office, "1-1", TWO, give_back=False)
    with pytest.raises(Conflict):
        giving_up.wiped(office, "1-1", TWO)


def test_what_has_arrived_must_be_booked_first(office: Office, till: ShopTill) -> None:
    spend(till, "r1", 300)
    till.end.bodies = [body for _, body, _ in till.desk.ledger.read.entries(0, 100)]
    till.end.push(office)
    with pytest.raises(Refused, match="not booked"):
        giving_up.write_off(office, "1-1", TWO, give_back=False)
    till.push()
    assert giving_up.write_off(office, "1-1", TWO, give_back=False)


def test_a_till_nobody_knows_is_refused(office: Office) -> None:
    with pytest.raises(Refused):
        giving_up.wiped(office, "9-9", TWO)


def test_a_new_journal_of_the_till_does_not_bring_the_old_one_back(office: Office, till: ShopTill) -> None:
    giving_up.write_off(office, "1-1", TWO, give_back=True)
    replace(office, till)
    assert states(office) == ["WRITTEN_OFF", "ACTIVE"]
    assert till.end.greet(office).fenced


def test_what_was_given_up_survives_older_books(office: Office, till: ShopTill) -> None:
    office.store.run("VACUUM INTO ?", (str(office.state / "older.db"),))
    giving_up.write_off(office, "1-1", TWO, give_back=False)
    assert till.end.name == "1-1"
    state, clock = office.state, office.clock
    office.close()
    for name in ("books.db-wal", "books.db-shm"):
        (state / name).unlink(missing_ok=True)
    (state / "older.db").replace(state / "books.db")
    again = Office(state, clock, serving=True)
    assert decisions.catch_up(again) > 0
    assert states(again) == ["WRITTEN_OFF"]
    assert company_loss(again.store)[0]["kept"] == 1000
    assert is_sound(again)
    again.close()


@pytest.mark.parametrize(("give_back", "used"), [(False, 1), (True, 0)])
def test_a_strict_voucher_that_lay_there_counts_as_used_or_comes_back(
    office: Office, tmp_path: Path, give_back: bool, used: int
) -> None:
    publish(office, STRICT, name="strict.toml")
    import_members(office, LIST, name="vouchers.csv")
    till = ShopTill(office, tmp_path, "2-1", 3 << 100, programme=STRICT)
    till.pull()
    assert till.wish({WALLET: 1}) == Asked(1, coming=False)
    (done,) = giving_up.write_off(office, "2-1", TWO, give_back=give_back)
    assert done.points == {WALLET: 2}
    assert rows(office, "SELECT id, used FROM voucher WHERE voucher = 'pastry' ORDER BY id") == [
        ("p-1", used),
        ("p-2", used),
    ]
    assert company_loss(office.store) == []
    till.close()
    assert is_sound(office)
