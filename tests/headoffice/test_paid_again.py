"""A receipt that a till with a new disk was told again, a day later: it counts once, with all it does."""

from datetime import timedelta

from agent.headoffice.facts import facts_of
from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.store.members import member_row
from agent.headoffice.verify import verify
from agent.loyalty.member import MemberFacts
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
