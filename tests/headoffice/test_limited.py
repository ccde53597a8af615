"""Limited spending at head office: free points pay first, the rest is a debt that later earning pays back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.headoffice import feed, movements
from agent.headoffice.member_import import import_members
from agent.headoffice.members import show
from agent.headoffice.movements import Signed
from agent.headoffice.office import Office
from agent.headoffice.owing import settle
from agent.headoffice.publish import publish
from agent.headoffice.reexecute import Judge
from agent.headoffice.report import report, status
from agent.headoffice.verify import verify
from agent.loyalty.member import MemberFacts
from tests.headoffice.both_ends import ShopTill
from tests.headoffice.lived import at_office, of_member, void
from tests.headoffice.till_end import StillClock, differences, rows
from tests.till.desk import CLUB, NOON, basket, sell

WORDS = (
    b'offline = { mode = "limited", per_use = 600, uses = 3, till_cap = 1500, credit = 900,'
    b" recover_share = 50 }\n"
)
LIMITED = CLUB.read_bytes().replace(b"[wallet.points]\n", b"[wallet.points]\n" + WORDS)
MEMBERS = """member,card,wallet,balance,expires_on
m-1,,points,300,2026-12-31
m-1,,points,700,2027-06-30
m-2,,points,40,2026-12-31
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "state", StillClock(NOON), serving=True)
    publish(office, LIMITED, name="household-club.toml")
    import_members(office, MEMBERS, name="members.csv")
    yield office
    office.close()


@pytest.fixture
def tills(office: Office, tmp_path: Path) -> Iterator[list[ShopTill]]:
    found = [ShopTill(office, tmp_path, f"1-{n}", n << 100, programme=LIMITED) for n in (1, 2, 3)]
    for till in found:
        pull(till)
    yield found
    for till in found:
        till.close()


def pull(till: ShopTill) -> None:
    """Take in the news, and know that head office was heard just now."""
    till.pull()
    till.desk.write(lambda tx: tx.set_mark("last_contact_ms", int(NOON.timestamp() * 1000)))


def spend(till: ShopTill, receipt: str, points: int | str = "max", *, due: int = 1550) -> int:
    """Pay with points while head office is away; return how many."""
    token = till.desk.identify()["identification_id"]
    sale = basket(receipt, instruments=[token], redeem={"points": points})
    sale["lines"][0]["amount_minor"] = due - 550
    quote, answer = sell(till.desk, sale)
    assert answer["differences"] == []
    return int(quote.wallets[0].redeem)


def arrive(till: ShopTill) -> None:
    till.push()
    settle(till.office)


def lots(office: Office, member: str = "m-1") -> list[tuple[str, int]]:
    """Return what each opening lot and each debt has, in the order in which they end."""
    found = rows(
        office,
        "SELECT CASE WHEN lot LIKE 'debt-%' THEN 'debt' WHEN imported = 1 THEN expires_on ELSE 'earned' END,"
        " remaining FROM lot WHERE member = ? AND wallet = 'points' AND remaining <> 0 ORDER BY 1, 2",
        member,
    )
    return [(str(name), int(left)) for name, left in found]


def is_sound(office: Office) -> bool:
    found = verify(office, Judge)
    assert found.mistakes == []
    return found.is_sound


def balance(facts: MemberFacts) -> int:
    return sum(lot.amount for lot in facts.wallets["points"].lots)


def test_free_points_pay_first_expiring_first_and_nothing_is_owed(
    office: Office, tills: list[ShopTill]
) -> None:
    assert spend(tills[0], "r1") == 600
    arrive(tills[0])
    assert lots(office) == [("2027-06-30", 400), ("earned", 16)]
    assert not at_office(office).limited_closed
    assert report(office)["offline"]["realised"] == [
        {"wallet": "points", "beyond_allowances": 600, "paid": 600, "owed": 0, "forgiven": 0}
    ]
    assert is_sound(office)


def test_what_several_tills_let_go_too_much_is_owed_and_closes_the_member_everywhere(
    office: Office, tills: list[ShopTill]
) -> None:
    assert [spend(till, f"r{n}") for n, till in enumerate(tills)] == [600, 600, 600]
    for till in tills:
        arrive(till)
    owed = -sum(left for name, left in lots(office) if name == "debt")
    kept = sum(left for name, left in lots(office) if name == "earned")
    # 1,000 were owned.  Of the 16 points of its own receipt half pays, of what was free before it all.
    assert (owed, kept) == (800 - 16 - 16 - 8, 8)
    assert at_office(office).limited_closed
    assert show(office, "m-1")["owed"] == {"points": owed}
    assert [kind for kind, _ in differences(office) if kind == "limited_debt"]
    for till in tills:
        pull(till)
        assert spend(till, f"later-{till.end.name}") == 0
    assert report(office)["offline"]["realised"][0]["owed"] == owed
    told, _ = feed.page(office.store, feed.START, 1000)
    assert any(b"entry.settle" in event and b"owed" in event for event in told)
    assert is_sound(office)


def test_what_an_open_allowance_holds_is_never_touched(office: Office, tills: list[ShopTill]) -> None:
    assert tills[0].ask() == 1
    assert spend(tills[1], "r1") == 600
    arrive(tills[1])
    assert [left for name, left in lots(office) if name == "debt"] == [-592]
    # The till that holds all 1,000 spends them to the last point.
    tills[0].desk.link.state.online = True
    assert spend(tills[0], "r2", due=4000) == 1000
    arrive(tills[0])
    assert [kind for kind, _ in differences(office) if kind.endswith("allowance")] == []
    assert is_sound(office)


def test_an_allowance_that_comes_home_pays_what_was_owned_all_along(
    office: Office, tills: list[ShopTill]
) -> None:
    assert tills[0].ask() == 1
    assert spend(tills[1], "r1") == 600
    arrive(tills[1])
    tills[0].desk.write(lambda tx: tx.close_allowances("m-1", ""))
    arrive(tills[0])
    assert lots(office) == [("2027-06-30", 408), ("earned", 8)]
    assert not at_office(office).limited_closed
    assert is_sound(office)


def test_nobody_is_allowed_points_of_a_debt_that_head_office_has_not_looked_at(
    office: Office, tills: list[ShopTill]
) -> None:
    assert spend(tills[0], "r1") == 600
    tills[0].push()
    assert tills[1].ask() == 1
    assert tills[1].desk.ledger.read.usable("m-1", NOON.date()) == {"points": 416}
    settle(office)
    assert is_sound(office)


def test_half_of_each_later_receipt_pays_the_debt_rounded_down(office: Office, tills: list[ShopTill]) -> None:
    for n, till in enumerate(tills[:2]):
        assert spend(till, f"r{n}") == 600
        arrive(till)
    owed = show(office, "m-1")["owed"]["points"]
    before = balance(at_office(office))
    assert spend(tills[2], "r9", 0, due=1651) == 0
    arrive(tills[2])
    # 16.51 of it, 5.50 of that fresh food: 11 + 3 x 5 and a rest, 27 points in all, 13 of them recovered.
    earned = balance(at_office(office)) - before + owed - show(office, "m-1")["owed"]["points"]
    recovered = owed - show(office, "m-1")["owed"]["points"]
    assert recovered == earned // 2
    assert settle(office) == 0
    assert is_sound(office)


def test_what_was_earned_into_a_debt_opens_the_member_again(office: Office, tills: list[ShopTill]) -> None:
    for n, till in enumerate(tills[:2]):
        spend(till, f"r{n}")
        arrive(till)
    assert at_office(office).limited_closed
    assert spend(tills[2], "big", 0, due=60000) == 0
    arrive(tills[2])
    assert show(office, "m-1")["owed"] == {}
    pull(tills[2])
    assert spend(tills[2], "again", due=2000) > 0
    arrive(tills[2])
    assert is_sound(office)


@pytest.mark.parametrize("is_booked_between", [True, False])
def test_a_void_gives_back_to_the_lots_that_paid(
    office: Office, tills: list[ShopTill], is_booked_between: bool
) -> None:
    assert spend(tills[0], "r1") == 600
    if is_booked_between:
        arrive(tills[0])
    void(tills[0], "r1")
    arrive(tills[0])
    assert lots(office) == [("2026-12-31", 300), ("2027-06-30", 700)]
    assert is_sound(office)


def test_a_void_of_one_debt_does_not_touch_another(office: Office, tills: list[ShopTill]) -> None:
    for n, till in enumerate(tills[:2]):
        assert spend(till, f"r{n}") == 600
        arrive(till)
    void(tills[0], "r0")
    arrive(tills[0])
    assert sum(left for _, left in lots(office)) == 1000 - 600 + 16
    assert show(office, "m-1")["owed"] == {}
    assert is_sound(office)


def test_a_merged_member_brings_debts_and_late_journals_along(office: Office, tills: list[ShopTill]) -> None:
    for n, till in enumerate(tills[:2]):
        assert spend(till, f"r{n}") == 600
    arrive(tills[0])
    movements.merge(office, "m-1", "m-2", Signed("M-1", "anna"))
    arrive(tills[1])
    owner = of_member(office, "m-2")
    assert owner.limited_closed
    assert sum(left for _, left in lots(office, "m-2")) == 1040 - 1200 + 32
    assert is_sound(office)


def test_two_people_may_forgive_a_debt(office: Office, tills: list[ShopTill]) -> None:
    for n, till in enumerate(tills[:2]):
        spend(till, f"r{n}")
        arrive(till)
    owed = show(office, "m-1")["owed"]["points"]
    movements.set_debt_apart(office, "m-1", "points", Signed("D-1", "anna", approved_by="bert"))
    assert not at_office(office).limited_closed
    (told,) = report(office)["offline"]["realised"]
    assert (told["owed"], told["forgiven"]) == (0, owed)
    assert is_sound(office)


def test_expired_points_do_not_pay_a_debt(office: Office, tills: list[ShopTill]) -> None:
    assert spend(tills[0], "r1") == 600
    assert isinstance(office.clock, StillClock)
    office.clock.at = NOON + timedelta(days=60)
    arrive(tills[0])
    assert lots(office)[:2] == [("2026-12-31", 300), ("2027-06-30", 100)]
    movements.expire(office, "night")
    assert is_sound(office)


def test_a_strict_programme_lets_nothing_go_whatever_a_till_writes(
    office: Office, tills: list[ShopTill]
) -> None:
    assert spend(tills[0], "r1") == 600
    strict = LIMITED.replace(WORDS, b"")
    # The version that the receipt names was never published as limited here.
    office.store.run("UPDATE programme SET text = ?", (strict,))
    tills[0].push()
    assert ("no_allowance", "spent 600 points without an allowance of ours") in differences(office)


def test_the_worst_loss_stands_in_report_and_beside_each_till(office: Office, tills: list[ShopTill]) -> None:
    (worst,) = report(office)["offline"]["worst"]
    assert len(tills) == 3
    # Two members with 900 each are above the cap of a till, 1,500.
    assert (worst["till"], worst["fleet_now"], worst["fleet_all_cut_off"]) == (1500, 0, 4500)
    assert (worst["member_now"], worst["member_all_cut_off"]) == (0, 2700)
    assert isinstance(office.clock, StillClock)
    office.clock.at = NOON + timedelta(minutes=11)
    assert report(office)["offline"]["worst"][0]["fleet_now"] == 4500
    assert {row["till"]: row["worst_offline_loss"] for row in status(office)["tills"]} == {
        f"1-{n}": {"points": 1500} for n in (1, 2, 3)
    }
    tables: dict[str, Any] = report(office)["offline"]
    assert set(tables) == {"worst", "realised", "company_loss"}
