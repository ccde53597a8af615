"""Booking: every entry has its effect once, in any order between tills; what breaks a rule is parked."""

from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.headoffice import allowances
from agent.headoffice.booking import book_all
from agent.headoffice.delta import page
from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.store.allowances import free_lots
from agent.headoffice.verify import verify
from agent.loyalty.member import MemberFacts
from agent.sync.wire import Allowance, AllowanceRequest, Delta, Pull, encode
from tests.headoffice.till_end import TillEnd, agree, basket, book, differences, rows


def facts(office: Office, till: TillEnd, member: str = "m-1") -> MemberFacts:
    """What a till that pulled just now knows of a member."""
    answer = page(office, till.name, Pull(till.incarnation, 0))
    assert isinstance(answer, Delta)
    return next(row.facts for row in answer.members if row.member == member)


def allow(office: Office, till: TillEnd, amount: int = 10_000, request: str = "r") -> Allowance:
    answer = allowances.answer(
        office, till.name, AllowanceRequest(till.incarnation, request, "m-1", "points", amount)
    )
    assert isinstance(answer, Allowance)
    return answer


def held(office: Office, till: TillEnd, allowance: Allowance) -> MemberFacts:
    """The facts of a till that may spend what it holds."""
    known = facts(office, till)
    wallet = msgspec.structs.replace(known.wallets["points"], usable_offline=allowance.amount)
    return msgspec.structs.replace(known, wallets={"points": wallet})


def balance(office: Office, member: str = "m-1") -> int:
    return int(rows(office, "SELECT COALESCE(sum(remaining), 0) FROM lot WHERE member = ?", member)[0][0])


def free(office: Office) -> int:
    return sum(row["free"] for row in free_lots(office.store, "m-1", "points"))


def sound(office: Office) -> None:
    assert verify(office, Judge).mistakes == []


def test_a_members_receipt_becomes_a_lot_a_count_and_a_row(office: Office, till: TillEnd) -> None:
    till.sell(basket("r-1", 1250, 800), facts(office, till))
    till.push(office)
    assert book(office) == 3
    assert balance(office) == 820
    assert rows(office, "SELECT opened, expires_on FROM lot WHERE imported = 0") == [(20, "2027-11-24")]
    assert rows(office, "SELECT rule, position, today, lifetime FROM counted") == [("stamps", 1, 1, 1)]
    receipt = rows(
        office, "SELECT store, till, cashier, member, items, gross_minor, due_minor, state FROM receipt"
    )
    assert receipt == [("12", "12-1", "anna", "m-1", 2, 2050, 2050, "committed")]
    assert differences(office) == []
    sound(office)


def test_booking_again_changes_nothing(office: Office, till: TillEnd) -> None:
    till.sell(basket("r-1", 1250), facts(office, till))
    till.push(office)
    book(office)
    before = rows(office, "SELECT * FROM entry"), rows(office, "SELECT * FROM lot")
    till.push(office, 1)
    assert book(office) == 0
    assert (rows(office, "SELECT * FROM entry"), rows(office, "SELECT * FROM lot")) == before


def test_points_spent_under_an_allowance_leave_their_lots_first_expiring_first(
    office: Office, till: TillEnd
) -> None:
    allowance = allow(office, till)
    assert (allowance.amount, free(office)) == (800, 0)
    till.sell(basket("r-1", 2000, redeem=600), held(office, till, allowance), allowance=allowance.number)
    till.push(office)
    book(office)
    assert rows(office, "SELECT remaining FROM lot WHERE imported = 1 ORDER BY expires_on") == [(0,), (200,)]
    assert rows(office, "SELECT state FROM allowance") == [("CLOSED",)]
    assert free(office) == balance(office) == 200 + 14
    assert differences(office) == []
    sound(office)


def test_a_redemption_beyond_its_allowance_is_parked_and_the_rest_goes_on(
    office: Office, till: TillEnd
) -> None:
    allowance = allow(office, till, 400)
    known = facts(office, till)
    till.sell(basket("r-1", 2000, redeem=600), known, allowance=allowance.number)
    till.push(office)
    book(office)
    assert [kind for kind, _ in differences(office)] == ["beyond_allowance"]
    assert rows(office, "SELECT kind FROM entry WHERE parked = 1") == [("REDEEM",)]
    assert rows(office, "SELECT spent FROM allowance_lot") == [(0,)]
    assert balance(office) == 800 + 14
    sound(office)


def test_a_redemption_without_an_allowance_is_parked(office: Office, till: TillEnd) -> None:
    till.sell(basket("r-1", 2000, redeem=600), facts(office, till))
    till.push(office)
    book(office)
    assert [kind for kind, _ in differences(office)] == ["no_allowance"]
    assert balance(office) == 800 + 14


def test_a_void_leaves_every_figure_as_it_was(office: Office, till: TillEnd) -> None:
    allowance = allow(office, till)
    before = balance(office)
    entries = till.sell(
        basket("r-1", 2000, redeem=600), held(office, till, allowance), allowance=allowance.number
    )
    for entry in entries[:-1]:
        till.reverse(entry, "" if entry.kind == "RECEIPT" else f"{entry.kind}/{entry.part}")
    till.push(office)
    book(office)
    assert differences(office) == []
    assert balance(office) == free(office) == before
    assert rows(office, "SELECT position, today, lifetime FROM counted") == [(0, 0, 0)]
    assert rows(office, "SELECT state FROM receipt") == [("voided",)]
    sound(office)


def test_undoing_the_same_entry_twice_is_parked(office: Office, till: TillEnd) -> None:
    entries = till.sell(basket("r-1", 2000), facts(office, till))
    till.reverse(entries[1], "ret-1/EARN/x")
    till.reverse(entries[1], "ret-2/EARN/x")
    till.push(office)
    book(office)
    assert [kind for kind, _ in differences(office)] == ["beyond_original"]
    assert balance(office) == 800


def test_a_return_at_a_till_that_is_heard_first_waits_for_the_sale(office: Office, till: TillEnd) -> None:
    allowance = allow(office, till)
    sale = till.sell(
        basket("r-1", 2000, redeem=600), held(office, till, allowance), allowance=allowance.number
    )
    other = TillEnd("12-2", "b" * 32)
    other.enrol(office)
    other.greet(office)
    other.add("RETURN", receipt="r-1", part="ret-1", account="m-1", data={"lines": [[1, 2000]]})
    other.reverse(sale[2], "ret-1/REDEEM/points")
    other.reverse(sale[1], "ret-1/EARN/points")
    other.push(office)
    book(office)
    assert (balance(office), differences(office)) == (800, [])
    till.push(office)
    book(office)
    assert balance(office) == free(office) == 800
    assert rows(office, "SELECT count(*) FROM entry WHERE parked <> 0") == [(0,)]
    assert rows(office, "SELECT state FROM receipt") == [("partly_returned",)]
    assert differences(office) == []
    sound(office)


def test_the_same_receipt_from_a_restored_till_counts_once(office: Office, till: TillEnd) -> None:
    till.sell(basket("r-1", 2000), facts(office, till))
    till.push(office)
    book(office)
    again = TillEnd(till.name, "d" * 32)
    again.key = till.key
    again.greet(office)
    again.sell(basket("r-1", 2000), facts(office, till))
    again.push(office)
    book(office)
    assert {kind for kind, _ in differences(office)} == {"booked_twice"}
    assert balance(office) == 820
    assert rows(office, "SELECT count(*) FROM receipt") == [(1,)]
    sound(office)


def test_a_receipt_that_evaluates_otherwise_here_is_a_difference(office: Office, till: TillEnd) -> None:
    till.sell(
        basket("r-1", 2000),
        facts(office, till),
        change=lambda quote: msgspec.structs.replace(quote, due_minor=quote.due_minor - 100),
    )
    till.push(office)
    book(office)
    assert differences(office) == [("difference", "due_minor: 1900, ours 2000")]


def test_a_till_behind_head_office_is_noted_as_stale_not_as_wrong(office: Office, till: TillEnd) -> None:
    known = facts(office, till)
    till.sell(basket("r-1", 2000), known)
    till.sell(basket("r-2", 3000), known)
    till.push(office)
    book(office)
    assert differences(office) == [("facts_stale", "wallets/points, counts/stamps")]


def test_an_unknown_programme_is_told(office: Office, till: TillEnd) -> None:
    def renamed(quote: object) -> object:
        named = msgspec.structs.replace(quote.programme, version=9)  # type: ignore[attr-defined]
        return msgspec.structs.replace(quote, programme=named)  # type: ignore[type-var]

    till.sell(basket("r-1", 2000), facts(office, till), change=renamed)
    till.push(office)
    book(office)
    assert [kind for kind, _ in differences(office)] == ["programme_unknown"]


def test_an_anonymous_receipt_moves_no_account(office: Office, till: TillEnd) -> None:
    till.sell(basket("r-1", 2000))
    till.push(office)
    book(office)
    assert rows(office, "SELECT member, due_minor FROM receipt") == [("", 2000)]
    assert balance(office) == 800
    assert differences(office) == []


def test_points_out_of_nothing_are_parked(office: Office, till: TillEnd) -> None:
    common = {"receipt": "r-1", "account": "m-1", "unit": "points", "amount": 500}
    till.add("EARN", **common, part="no lots")
    till.add("EARN", **common, part="other sum", lots=[("x", 400)])
    till.add("REVERSE", **common, part="REDEEM/x", lots=[("x", 500)], data={"undoes": "REDEEM"})
    till.add(
        "REVERSE",
        **common,
        part="EARN/y",
        lots=[("x", 500)],
        data={"undoes": "EARN", "of": [till.incarnation, 2]},
    )
    till.push(office)
    book(office)
    assert balance(office) == 800
    assert rows(office, "SELECT count(*) FROM entry WHERE parked = 1") == [(4,)]


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KINDS = [
    "RECEIPT",
    "EARN",
    "REDEEM",
    "GIVE",
    "COUNT",
    "COUPON",
    "REVERSE",
    "RETURN",
    "CLOSE",
    "DECLARE",
    "NOTE",
    "NEW",
]
WORDS = [
    "undoes",
    "of",
    "kind",
    "id",
    "units",
    "rewards",
    "size",
    "day",
    "held",
    "floor",
    "basket",
    "at",
    "quote",
    "expires_on",
]
poison = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "receipt": st.sampled_from(["", "r-1"]),
        "account": st.sampled_from(["", "m-1", "nobody"]),
        "unit": st.sampled_from(["", "points"]),
        "amount": st.integers(-(2**63), 2**64 - 1),
        "allowance": st.integers(-(2**63), 2**64 - 1),
        "lots": st.lists(st.tuples(st.text(max_size=3), st.integers(-(2**63), 2**64 - 1)), max_size=2),
        "data": st.dictionaries(st.sampled_from(WORDS), plain, max_size=4),
    }
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # one journal grows over all examples
@given(drafts=st.lists(poison, min_size=1, max_size=8))
def test_no_poison_stops_a_journal(office: Office, till: TillEnd, drafts: list[dict[str, Any]]) -> None:
    for draft in drafts:
        till.add(**draft, part=str(len(till.bodies)))
    till.push(office)
    book_all(office.store, office.segments, agree)
    assert rows(office, "SELECT booked_seq FROM incarnation") == [(len(till.bodies),)]
    news = page(office, till.name, Pull(till.incarnation, 0))
    assert msgspec.msgpack.decode(encode(news), type=Delta) == news
