"""Points are spent from allowances held here, first-expiring, and never twice."""

from datetime import date
from functools import partial
from pathlib import Path

import pytest

from agent.errors import Refused
from agent.journal.entry import Draft
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify
from tests.ledger.rigs import (
    DAY,
    LATER_MS,
    ToldClock,
    allowance,
    balance,
    do,
    facts,
    opened,
    pay,
    tell,
    usable,
)


def test_without_an_allowance_nothing_can_be_spent_here(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e9=50))
        assert (balance(ledger), usable(ledger)) == (50, 0)
        with pytest.raises(Refused) as caught:
            do(ledger, lambda tx: tx.place_hold("r1", "m1", {"points": 1}, until_ms=LATER_MS))
        assert (caught.value.refusal, caught.value.values["max"]) == ("hold_too_large", 0)


def test_an_allowance_is_taken_once_and_only_by_the_incarnation_it_names(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e9=50))
        ours = allowance(ledger, 1, e9=50)
        assert do(ledger, lambda tx: tx.accept_allowance(ours))
        assert not do(ledger, lambda tx: tx.accept_allowance(ours))
        foreign = allowance(ledger, 2, e9=50)
        foreign = type(foreign)("f" * 32, 2, "m1", "points", 50, foreign.lots, LATER_MS)
        assert not do(ledger, lambda tx: tx.accept_allowance(foreign))
        do(ledger, lambda tx: tx.close_allowances("m1", "r1"))
        assert not do(ledger, lambda tx: tx.accept_allowance(ours)), "a late repeat of a closed one"
        do(ledger, lambda tx: tx.set_mark("floor", 3))
        assert not do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 3, e9=50)))
        assert usable(ledger) == 0


def test_first_expiring_lots_go_first_and_lots_of_other_days_stay(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e20=30, e5=30, a=30))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, a=30, e20=30, e5=30)))
        taken = do(ledger, lambda tx: tx.take("m1", "points", 70, DAY))
        assert [(one.lot, one.amount) for one in taken] == [("e5", 30), ("e20", 30), ("a", 10)]
        later = do(ledger, lambda tx: tx.take("m1", "points", 70, date(2026, 12, 6)))
        assert [one.lot for one in later] == ["e20", "a"]


def test_a_hold_is_replaced_and_given_back_whole(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e9=50))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, e9=50)))
        for points in (50, 20):
            do(
                ledger,
                partial(
                    Transaction.place_hold,
                    receipt_id="r1",
                    member="m1",
                    points={"points": points},
                    until_ms=LATER_MS,
                ),
            )
        assert usable(ledger) == 30
        with pytest.raises(Refused):
            do(ledger, lambda tx: tx.place_hold("r2", "m1", {"points": 31}, until_ms=LATER_MS))
        assert usable(ledger) == 30
        assert do(ledger, lambda tx: tx.release_hold("r1"))
        assert not do(ledger, lambda tx: tx.release_hold("r1"))
        assert (usable(ledger), ledger.read.hold("r1")) == (50, None)
    assert verify(tmp_path).ok


def test_a_lapsed_hold_does_not_keep_points_from_the_next_receipt(tmp_path: Path) -> None:
    clock = ToldClock()
    with opened(tmp_path, clock) as ledger:
        tell(ledger, facts(e9=50))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, e9=50)))
        do(ledger, lambda tx: tx.place_hold("r1", "m1", {"points": 50}, until_ms=tx.now_ms() + 1000))
        clock.move(minutes=5)
        held = do(ledger, lambda tx: tx.place_hold("r2", "m1", {"points": 50}, until_ms=LATER_MS))
        assert sum(one.amount for one in held["points"]) == 50


def test_a_paid_receipt_spends_what_was_held_and_closes_the_allowance(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e9=50))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, e9=40)))
        do(ledger, lambda tx: tx.place_hold("r1", "m1", {"points": 30}, until_ms=LATER_MS))
        assert do(ledger, lambda tx: pay(tx, "r1", 30)) == 30
        assert (balance(ledger), usable(ledger), ledger.read.hold("r1")) == (20, 0, None)
        kinds = [entry.kind for entry in ledger.read.entries_of("r1")]
        assert kinds == ["HOLD", "RECEIPT", "REDEEM", "CLOSE"]
    assert verify(tmp_path).ok


def test_at_commit_what_is_missing_is_reported_by_a_smaller_sum(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e9=50))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, e9=40)))
        assert do(ledger, lambda tx: pay(tx, "r1", 45)) == 40


def test_spending_beyond_an_allowance_is_refused_and_undone(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e9=50))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, e9=40)))
        too_much = Draft(
            "REDEEM", receipt="r1", account="m1", unit="points", amount=-41, lots=[("e9", -41)], allowance=1
        )
        with pytest.raises(Refused):
            do(ledger, lambda tx: tx.append(too_much))
        assert (ledger.read.head()[0], usable(ledger)) == (0, 40)


def test_an_allowance_ends_at_its_time_and_when_the_clock_ran_backwards(tmp_path: Path) -> None:
    clock = ToldClock()
    with opened(tmp_path, clock) as ledger:
        tell(ledger, facts(e9=50))
        until = int(clock.now().timestamp() * 1000) + 60_000
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, until_ms=until, e9=40)))
        do(ledger, lambda tx: tx.append(Draft("NOTE")))
        assert usable(ledger) == 40
        clock.move(minutes=-10)
        assert usable(ledger) == 0
        clock.move(minutes=10)
        assert usable(ledger) == 40
        clock.move(minutes=1)
        assert usable(ledger) == 0


def test_an_entry_of_the_same_sale_does_not_vouch_for_a_clock_that_ran_backwards(tmp_path: Path) -> None:
    clock = ToldClock()

    def pay_late(tx: Transaction) -> int:
        tx.append(Draft("RECEIPT", receipt="r1", account="m1"))
        return sum(one.amount for one in tx.take("m1", "points", 40, DAY))

    with opened(tmp_path, clock) as ledger:
        tell(ledger, facts(e9=50))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, e9=40)))
        do(ledger, lambda tx: tx.append(Draft("NOTE")))
    clock.move(minutes=-10)
    with opened(tmp_path, clock) as ledger:
        assert do(ledger, pay_late) == 0


def test_a_frozen_ledger_spends_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e9=50))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, e9=40)))
        do(ledger, lambda tx: tx.set_mark("frozen", 1))
        assert usable(ledger) == 0
        assert ledger.status().frozen
