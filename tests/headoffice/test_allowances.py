"""Allowances: set aside once, for one till, first-expiring lots, and only journals give anything back."""

from datetime import UTC, datetime

import pytest

from agent.headoffice import allowances
from agent.headoffice.members import block
from agent.headoffice.office import Office
from agent.sync.wire import Allowance, AllowanceAnswer, AllowanceRequest, Deny, Refusal
from tests.headoffice.till_end import StillClock, TillEnd, book, rows


def ask(office: Office, till: TillEnd, amount: int, request: str = "r-1", **more: object) -> AllowanceAnswer:
    fields = {"member": "m-1", "wallet": "points", "amount": amount, **more}
    return allowances.answer(office, till.name, AllowanceRequest(till.incarnation, request, **fields))  # type: ignore[arg-type]


def given(answer: AllowanceAnswer) -> Allowance:
    assert isinstance(answer, Allowance)
    return answer


def test_the_lots_that_end_first_are_set_aside_first(office: Office, till: TillEnd) -> None:
    answer = given(ask(office, till, 600))
    assert [(lot.lot, lot.amount, lot.expires_on) for lot in answer.lots] == [
        ("opening-2027-01-31", 500, "2027-01-31"),
        ("opening-2027-06-30", 100, "2027-06-30"),
    ]


def test_the_same_request_gets_the_same_answer(office: Office, till: TillEnd) -> None:
    first = given(ask(office, till, 600))
    assert ask(office, till, 600) == first
    assert rows(office, "SELECT count(*) FROM allowance") == [(1,)]


def test_a_request_id_serves_one_account(office: Office, till: TillEnd) -> None:
    ask(office, till, 100)
    answer = ask(office, till, 100, member="m-2")
    assert isinstance(answer, Refusal)
    assert answer.code == "request_conflict"


def test_no_point_is_set_aside_twice(office: Office, till: TillEnd) -> None:
    other = TillEnd("12-2", "b" * 32)
    other.enrol(office)
    other.greet(office)
    assert given(ask(office, till, 600)).amount == 600
    assert given(ask(office, other, 600)).amount == 200
    assert ask(office, other, 600, "r-2") == Deny("too_few", 0)


def test_less_than_the_minimum_is_denied_with_what_there_is(office: Office, till: TillEnd) -> None:
    assert ask(office, till, 2000, minimum=900) == Deny("too_few", 800)


def test_time_frees_nothing_only_the_journal_does(office: Office, till: TillEnd, clock: StillClock) -> None:
    number = given(ask(office, till, 800)).number
    clock.advance(days=3)
    assert ask(office, till, 1, "r-2") == Deny("too_few", 0)
    till.add("CLOSE", receipt="r", part=str(number), allowance=number)
    till.push(office)
    book(office)
    assert given(ask(office, till, 800, "r-3")).amount == 800


def test_a_declaration_frees_what_is_neither_held_nor_above_the_floor(office: Office, till: TillEnd) -> None:
    numbers = [given(ask(office, till, 100, f"r-{index}")).number for index in range(4)]
    till.add("DECLARE", data={"floor": numbers[2], "held": [numbers[1]]})
    till.push(office)
    book(office)
    assert rows(office, "SELECT state FROM allowance ORDER BY number") == [
        ("CLOSED",),
        ("OPEN",),
        ("CLOSED",),
        ("OPEN",),
    ]


def test_a_fenced_journal_gets_no_allowance(office: Office, till: TillEnd) -> None:
    fresh = TillEnd(till.name, "c" * 32)
    fresh.greet(office)
    assert ask(office, till, 100) == Deny("fenced")
    assert given(ask(office, fresh, 100)).number == 1


def test_unknown_and_blocked_members_get_nothing(office: Office, till: TillEnd) -> None:
    assert ask(office, till, 100, member="nobody") == Deny("unknown_member")
    block(office, "m-1", "card stolen")
    assert ask(office, till, 100) == Deny("blocked")


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (datetime(2026, 11, 24, 17, 0, tzinfo=UTC), datetime(2026, 11, 25, 17, 0, tzinfo=UTC)),
        # The lot's last day ends at midnight in New York, the programme's time zone.
        (datetime(2027, 1, 31, 20, 0, tzinfo=UTC), datetime(2027, 2, 1, 5, 0, tzinfo=UTC)),
    ],
)
def test_new_spending_ends_after_a_day_or_with_the_first_lot(
    office: Office, till: TillEnd, clock: StillClock, at: datetime, ends: datetime
) -> None:
    clock.at = at
    assert given(ask(office, till, 100)).honour_until_ms == int(ends.timestamp() * 1000)


def test_expired_lots_are_not_set_aside(office: Office, till: TillEnd, clock: StillClock) -> None:
    clock.at = datetime(2027, 2, 1, 5, 0, tzinfo=UTC)
    assert given(ask(office, till, 900)).amount == 300


def test_what_was_clawed_back_is_owed_before_more_is_set_aside(office: Office, till: TillEnd) -> None:
    earn = till.add(
        "EARN", receipt="r", account="m-1", unit="points", amount=50, lots=[(till.lot(), 50)], part="points/"
    )
    till.push(office)
    book(office)
    number = given(ask(office, till, 850)).number
    till.reverse(earn, "EARN/points/")
    till.push(office)
    book(office)
    till.add("CLOSE", receipt="r", part=str(number), allowance=number)
    till.push(office)
    assert ask(office, till, 1, "r-2") == Deny("too_few", 0)
    book(office)
    assert given(ask(office, till, 900, "r-3")).amount == 800
