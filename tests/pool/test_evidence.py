"""Head office and what tills say of a pool's loans: honest orders add up, lies cost nobody else a point."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.errors import Refused
from agent.headoffice import decisions
from agent.headoffice.giving_up import wiped, write_off
from agent.journal.lent import FIRST, number_of, seq_of
from tests.headoffice.backups import backed_up, brought_back
from tests.headoffice.till_end import TillEnd, book, differences
from tests.pool.shop import OWNED, Shop

LOT = "opening-2027-01-31"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    shop.give(300)
    yield shop
    shop.close()


def end_of(shop: Shop, at: int = 0) -> TillEnd:
    """Return a till whose journal is made up here, entry by entry."""
    return shop.tills[at].end


def lend(shop: Shop, amount: int, *, at: int = 0, **more: Any) -> int:
    """Let a pool whose journal is made up here say that it lent something; return the number."""
    pool = shop.pool.end
    number = number_of(pool.incarnation, len(pool.bodies) + 1)
    data = {"to": end_of(shop, at).incarnation, "of": 1, "request": "r", "lots": [[LOT, amount]], **more}
    pool.add("LEND", part=str(number), account="m-1", unit="points", allowance=number, data=data)
    return number


def redeem(shop: Shop, number: int, amount: int, *, at: int = 0, of: int = 1) -> None:
    till = end_of(shop, at)
    till.add(
        "REDEEM", receipt=f"r{at}{len(till.bodies)}", part=f"points/{number}", account="m-1", unit="points",
        amount=-amount, lots=[(LOT, -amount)], allowance=number,
        data={"pool": shop.pool.end.incarnation, "of": of},
    )  # fmt: skip


def heard(shop: Shop, *ends: TillEnd) -> list[str]:
    """Let head office hear journals in this order; return the kinds of differences so far."""
    for end in ends:
        end.push(shop.office)
        book(shop.office)
    return [kind for kind, _ in differences(shop.office)]


def test_numbers_of_two_pools_differ_and_say_which_entry_lent() -> None:
    one, other = number_of("0" * 31 + "1", 7), number_of("0" * 31 + "2", 7)
    assert one != other
    assert FIRST <= one < 2**53
    assert (seq_of(one, "0" * 31 + "1"), seq_of(one, "0" * 31 + "2")) == (7, 0)


def test_a_redemption_before_its_loan_is_booked_counts_within_the_whole_allowance(shop: Shop) -> None:
    number = lend(shop, 200)
    redeem(shop, number, 150)
    assert heard(shop, end_of(shop)) == []
    assert shop.free() == OWNED - 300
    assert heard(shop, shop.pool.end) == []
    redeem(shop, number, 60)
    assert heard(shop, end_of(shop)) == ["beyond_allowance"]


def test_no_evidence_spends_more_than_head_office_gave_the_pool(shop: Shop) -> None:
    redeem(shop, number_of(shop.pool.end.incarnation, 1), 301)
    assert heard(shop, end_of(shop)) == ["beyond_allowance"]
    assert shop.free() == OWNED - 300


def test_a_till_that_spends_what_was_lent_to_another_is_parked(shop: Shop) -> None:
    number = lend(shop, 200)
    redeem(shop, number, 50, at=1)
    assert heard(shop, shop.pool.end, end_of(shop, 1)) == ["foreign_allowance"]


def test_a_loan_that_contradicts_what_was_spent_of_it_is_a_difference_and_the_money_stays(shop: Shop) -> None:
    number = lend(shop, 200, to=end_of(shop, 1).incarnation)
    redeem(shop, number, 50)
    assert heard(shop, end_of(shop), shop.pool.end) == ["foreign_allowance"]
    assert shop.free() == OWNED - 300


def test_a_pool_lends_no_more_than_it_has(shop: Shop) -> None:
    lend(shop, 200)
    lend(shop, 101)
    assert heard(shop, shop.pool.end) == ["beyond_allowance"]


def test_a_pool_gives_back_no_more_than_was_left(shop: Shop) -> None:
    number = lend(shop, 200)
    redeem(shop, number, 150)
    shop.pool.end.add(
        "HOME", part=str(number), account="m-1", unit="points", allowance=number,
        data={"to": end_of(shop).incarnation, "of": 1, "back": [[LOT, 100]]},
    )  # fmt: skip
    assert heard(shop, end_of(shop), shop.pool.end) == ["beyond_allowance"]
    assert shop.free() == OWNED - 300


def test_a_tills_close_of_a_loan_frees_nothing(shop: Shop) -> None:
    number = lend(shop, 200)
    end = end_of(shop)
    end.add("CLOSE", part=str(number), account="m-1", unit="points", allowance=number,
            data={"pool": shop.pool.end.incarnation, "of": 1})  # fmt: skip
    heard(shop, shop.pool.end, end)
    shop.pool.end.add("CLOSE", part="1", account="m-1", unit="points", allowance=1)
    assert heard(shop, shop.pool.end) == []
    assert shop.free() == OWNED - 200


def test_a_declaration_of_the_pool_as_a_till_frees_nothing_that_it_lent(shop: Shop) -> None:
    lend(shop, 200)
    shop.pool.end.add("DECLARE", data={"floor": 2**60, "held": []})
    heard(shop, shop.pool.end)
    assert shop.free() == OWNED - 200


def test_a_declaration_to_the_pool_is_none_of_head_offices_business(shop: Shop) -> None:
    shop.requests += 1
    end_of(shop).add("DECLARE", data={"pool": shop.pool.end.incarnation, "floor": 2**45, "held": []})
    assert heard(shop, end_of(shop)) == []


def test_a_written_off_pool_leaves_no_loan_that_a_member_pays_for(shop: Shop) -> None:
    """S5: what the pool held is given up; a loan that nobody knew of is the company's once it is spent."""
    known, unknown = lend(shop, 200), number_of(shop.pool.end.incarnation, 9)
    heard(shop, shop.pool.end)
    with pytest.raises(Refused, match="lent points"):
        wiped(shop.office, "12-1", ("ann", "ben"))
    write_off(shop.office, "12-1", ("ann", "ben"), give_back=True)
    assert shop.free() == OWNED - 200
    redeem(shop, known, 150)
    redeem(shop, unknown, 50)
    assert heard(shop, end_of(shop)) == ["written_off"]
    assert shop.free() == OWNED - 200


def test_older_books_hear_what_lost_loans_were_spent_on_before_they_give_the_pool_up(shop: Shop) -> None:
    """The LEND is lost with the pool's disk: only the till's own entries say that the points are gone."""
    shop.office, backup = backed_up(shop.office, shop.clock)
    redeem(shop, number_of(shop.pool.end.incarnation, 9), 150)
    assert heard(shop, end_of(shop)) == []
    write_off(shop.office, "12-1", ("ann", "ben"), give_back=True)
    assert shop.free() == OWNED - 150
    shop.office = brought_back(shop.office, shop.clock, backup)
    decisions.catch_up(shop.office)
    assert shop.free() == OWNED - 150


def test_a_lost_till_leaves_its_loans_to_the_pool(shop: Shop) -> None:
    lend(shop, 200)
    heard(shop, shop.pool.end)
    write_off(shop.office, "12-2", ("ann", "ben"), give_back=True)
    assert shop.free() == OWNED - 300


def test_a_replaced_pool_stays_charged_and_its_tills_still_settle(shop: Shop) -> None:
    """S4: its disk is lost, with it the LEND; what the till spends is booked against what the pool held."""
    number = number_of(shop.pool.end.incarnation, 9)
    again = TillEnd("12-1", "e" * 32)
    again.key = shop.pool.end.key
    again.greet(shop.office)
    redeem(shop, number, 150)
    assert heard(shop, end_of(shop)) == []
    assert shop.free() == OWNED - 300
