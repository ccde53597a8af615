"""Stock stays here until it is recalled or its time is over; what never came is declared, and refused."""

from pathlib import Path

import msgspec
import pytest

from agent.journal.entry import Entry, entry_from
from agent.ledger.holding import AT_ONCE
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify
from agent.sync.wire import Allowance, Delta
from tests.ledger.rigs import LATER_MS, ToldClock, allowance, balance, do, facts, opened, pay, tell, usable


def placed(ledger: Ledger, number: int, *, until_ms: int = LATER_MS, **lots: int) -> Allowance:
    return msgspec.structs.replace(allowance(ledger, number, until_ms=until_ms, **lots), purpose="STOCK")


def news(
    ledger: Ledger, *given: Allowance, recalls: tuple[int, ...] = (), after: int = 0, until: int = 10
) -> None:
    cursor = ledger.read.mark("cursor")
    page = Delta(
        cursor, cursor, more=False, booked_seq=-1,
        allowances=list(given), recalls=list(recalls), stock_from=after, stock_to=until,
    )  # fmt: skip
    do(ledger, lambda tx: tx.apply_delta(page))


def entries(ledger: Ledger, kind: str) -> list[Entry]:
    read = [entry_from(body) for _, body, _ in ledger.read.entries(0, 10_000)]
    return [entry for entry in read if entry.kind == kind]


def closed(ledger: Ledger) -> list[int]:
    return [entry.allowance for entry in entries(ledger, "CLOSE")]


def test_a_sale_gives_back_what_was_asked_for_it_and_stock_stays(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=100))
        news(ledger, placed(ledger, 1, a=60))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 2, a=20)))
        assert do(ledger, lambda tx: pay(tx, "r1", 10)) == 10
        assert closed(ledger) == [2]
        assert usable(ledger) == 50
        assert ledger.read.held_by_purpose() == {"STOCK": {"points": 50}}


def test_one_receipt_spends_from_stock_and_basket_first_expiring_over_both(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e5=30, e9=30, e20=30))
        news(ledger, placed(ledger, 1, e5=10, e20=30))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 2, e5=20, e9=30)))
        do(ledger, lambda tx: tx.place_hold("r1", "m1", {"points": 70}, until_ms=LATER_MS))
        assert do(ledger, lambda tx: pay(tx, "r1", 70)) == 70
        spent = {entry.allowance: entry.lots for entry in entries(ledger, "REDEEM")}
        assert spent == {1: [("e5", -10), ("e20", -10)], 2: [("e5", -20), ("e9", -30)]}
        assert (balance(ledger), usable(ledger)) == (20, 20)
    assert verify(tmp_path).ok


def test_a_page_told_again_or_out_of_turn_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=100))
        news(ledger, placed(ledger, 1, a=60), until=7)
        head = ledger.read.head()
        news(ledger, placed(ledger, 1, a=60), until=7)
        news(ledger, placed(ledger, 5, a=40), after=9, until=12)
        assert (usable(ledger), ledger.read.mark("stock"), ledger.read.head()) == (60, 7, head)


def test_stock_wanted_back_goes_home_at_once_or_when_nothing_is_held_of_it(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=100))
        news(ledger, placed(ledger, 1, a=60), placed(ledger, 2, a=30))
        do(ledger, lambda tx: tx.place_hold("r1", "m1", {"points": 20}, until_ms=LATER_MS))
        news(ledger, recalls=(1, 2, 99), until=11)
        assert closed(ledger) == [2]
        assert usable(ledger) == 0, "nothing new is begun on what is wanted back"
        assert do(ledger, lambda tx: pay(tx, "r1", 20)) == 20, "what was held may be spent"
        assert closed(ledger) == [2, 1]
        news(ledger, placed(ledger, 1, a=60), recalls=(1,), after=11, until=12)
        assert closed(ledger) == [2, 1]
    assert verify(tmp_path).ok


def test_a_lapsed_hold_does_not_keep_what_is_wanted_back(tmp_path: Path) -> None:
    clock = ToldClock()
    with opened(tmp_path, clock) as ledger:
        tell(ledger, facts(a=100))
        news(ledger, placed(ledger, 1, a=60))
        until_ms = int(clock.now().timestamp() * 1000) + 1000
        do(ledger, lambda tx: tx.place_hold("r1", "m1", {"points": 20}, until_ms=until_ms))
        news(ledger, recalls=(1,), until=11)
        assert ledger.read.is_going_home()
        clock.move(seconds=2)
        assert do(ledger, Transaction.close_due) == 1
        assert not ledger.read.is_going_home()


def test_an_allowance_that_comes_together_with_its_recall_goes_home_unspent(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=100))
        news(ledger, placed(ledger, 1, a=60), recalls=(1,))
        assert (usable(ledger), closed(ledger)) == (0, [1])


def test_after_honour_until_nothing_is_spent_and_the_journal_gives_it_back(tmp_path: Path) -> None:
    clock = ToldClock()
    until_ms = int(clock.now().timestamp() * 1000) + 1000
    with opened(tmp_path, clock) as ledger:
        tell(ledger, facts(a=500))
        news(ledger, *(placed(ledger, number, until_ms=until_ms, a=1) for number in range(1, AT_ONCE + 3)))
        assert usable(ledger) == AT_ONCE + 2
        assert do(ledger, Transaction.close_due) == 0
        clock.move(seconds=1)
        assert (usable(ledger), closed(ledger)) == (0, []), "time alone frees nothing"
        assert do(ledger, Transaction.close_due) == AT_ONCE
        assert do(ledger, Transaction.close_due) == 2


def test_what_never_came_is_declared_once_and_refused_from_then_on(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=100))
        news(ledger, placed(ledger, 1, a=10), placed(ledger, 3, a=10))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 2, a=10)))
        do(ledger, lambda tx: tx.close_allowances("m1", ""))
        assert not do(ledger, lambda tx: tx.declare(3)), "every number is known"
        assert do(ledger, lambda tx: tx.declare(5))
        assert not do(ledger, lambda tx: tx.declare(5))
        assert [entry.data for entry in entries(ledger, "DECLARE")] == [{"floor": 5, "held": [1, 3]}]
        assert not do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 4, a=10)))
        assert do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 6, a=10)))
        assert usable(ledger) == 30
        assert not ledger.read.misses_allowances(6)


def test_a_pools_numbers_are_neither_declared_nor_told_to_head_office(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=100))
        lent = msgspec.structs.replace(allowance(ledger, (7 << 40) | 1, a=10), giver="e" * 32)
        do(ledger, lambda tx: tx.accept_allowance(lent))
        assert ledger.read.highest_allowance() == 0
        assert do(ledger, lambda tx: tx.declare(1))
        assert entries(ledger, "DECLARE")[0].data == {"floor": 1, "held": []}
        news(ledger, recalls=(lent.number,))
        assert usable(ledger) == 10, "head office cannot want back what it did not give"
    assert verify(tmp_path).ok


def test_a_frozen_ledger_gives_nothing_back_and_declares_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=100))
        news(ledger, placed(ledger, 1, a=60))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 2, a=20)))
        do(ledger, lambda tx: tx.set_mark("frozen", "an old copy came back"))
        assert do(ledger, lambda tx: tx.close_allowances("m1", "")) == 0
        news(ledger, recalls=(1,), until=11)
        assert not do(ledger, lambda tx: tx.declare(9))
        assert closed(ledger) == [], "what it spent since may be lost"


ROT = {"giver": "x", "purpose": "BASKET", "recalled": 1}


@pytest.mark.parametrize("column", ROT)
def test_rot_in_what_an_allowance_is_for_is_found(tmp_path: Path, column: str) -> None:
    with opened(tmp_path) as ledger:
        news(ledger, placed(ledger, 1, a=60))
        ledger._db.execute(f"UPDATE allowance SET {column} = ?", (ROT[column],))  # noqa: S608
    assert "table allowance, row 1" in verify(tmp_path).as_text()
