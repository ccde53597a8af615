"""A receipt that a till with a new disk was told again, a day later: it counts once, with all it does."""

from datetime import timedelta

from agent.headoffice import allowances
from agent.headoffice.facts import facts_of
from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.store.members import member_row
from agent.headoffice.verify import verify
from agent.loyalty.member import MemberFacts
from agent.sync.wire import Allowance, AllowanceRequest
from tests.headoffice.till_end import NOON, StillClock, TillEnd, basket, book, differences


def facts(office: Office) -> MemberFacts:
    row = member_row(office.store, "m-1")
    assert row is not None
    return facts_of(office.store, row)


def test_effects_of_a_receipt_booked_twice_are_parked_though_their_parts_differ(
    office: Office, till: TillEnd, clock: StillClock
) -> None:
    before = facts(office)
    till.sell(basket("r-1", 2000), before)
    till.push(office)
    book(office)
    once = facts(office).wallets
    clock.advance(days=1)
    other = TillEnd(incarnation="b" * 32)
    other.enrol(office)
    other.greet(office)
    again = other.sell(basket("r-1", 2000, at=NOON + timedelta(days=1)), before)
    other.push(office)
    book(office)
    assert facts(office).wallets == once
    assert [kind for kind, _ in differences(office) if kind == "booked_twice"] == ["booked_twice"] * len(
        again
    )
    assert verify(office, Judge).mistakes == []


def test_points_that_left_their_allowance_stay_spent_though_the_receipt_came_twice(
    office: Office, till: TillEnd
) -> None:
    before = facts(office)
    request = AllowanceRequest(till.incarnation, "q-1", "m-1", "points", 300)
    given = allowances.answer(office, till.name, request)
    assert isinstance(given, Allowance)
    till.sell(basket("r-1", 2000), before)
    lots = [(one.lot, -one.amount) for one in given.lots]
    spent = sum(amount for _, amount in lots)
    till.add(
        "REDEEM", receipt="r-1", part="points/1", account="m-1", unit="points", amount=spent, lots=lots,
        allowance=given.number,
    )  # fmt: skip
    till.add("CLOSE", receipt="r-1", part="1", account="m-1", unit="points", allowance=given.number)
    other = TillEnd(incarnation="b" * 32)
    other.enrol(office)
    other.greet(office)
    other.sell(basket("r-1", 2000), before)
    other.push(office)
    book(office)  # books from a backup meet the later journal first
    earned = points(office)
    till.push(office)
    book(office)
    assert points(office) == earned + spent
    assert verify(office, Judge).mistakes == []


def points(office: Office) -> int:
    return sum(lot.amount for lot in facts(office).wallets["points"].lots)
