"""Shown figures are head office's and our own entries it has not booked, each counted once."""

from datetime import date
from functools import partial
from pathlib import Path

from agent.journal.entry import Draft
from agent.ledger.transaction import Transaction
from agent.sync.wire import Delta, MemberRow
from tests.ledger.rigs import DAY, TAG, allowance, balance, do, earn, facts, opened, pay, tell


def test_own_entries_count_until_head_office_has_booked_them(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=10))
        do(ledger, lambda tx: [tx.append(draft) for draft in earn(5)])
        assert balance(ledger) == 15
        tell(ledger, facts(a=15), version=2, booked=2)
        assert balance(ledger) == 15
        do(ledger, lambda tx: [tx.append(draft) for draft in earn(7, "r2")])
        assert balance(ledger) == 22


def test_figures_of_an_early_page_wait_for_the_page_that_says_what_is_booked(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=10))
        do(ledger, lambda tx: [tx.append(draft) for draft in earn(5)])
        early = Delta(1, 2, more=True, booked_seq=-1, members=[MemberRow("m1", 2, [TAG], facts(a=15))])
        do(ledger, lambda tx: tx.apply_delta(early))
        assert balance(ledger) == 15, "15 already holds the 5: not 20"
        do(ledger, lambda tx: tx.apply_delta(Delta(2, 3, more=False, booked_seq=2)))
        assert (balance(ledger), ledger.read.mark("cursor"), ledger.read.mark("booked")) == (15, 3, 2)


def test_a_page_again_or_out_of_order_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=10))
        tell(ledger, facts(a=20), version=2)
        tell(ledger, facts(a=10))
        assert (balance(ledger), ledger.read.mark("cursor")) == (20, 2)
        tell(ledger, facts(a=99), version=9)
        assert (balance(ledger), ledger.read.mark("cursor")) == (20, 2), "a gap: pages 3 to 8 are missing"


def test_a_void_leaves_the_figures_as_before(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e9=50))
        before = ledger.read.facts("m1", DAY)
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, e9=50)))
        do(ledger, lambda tx: pay(tx, "r1", 50))
        do(ledger, lambda tx: tx.append(earn(5)[1]))
        assert balance(ledger) == 5
        for entry in ledger.read.entries_of("r1"):
            if entry.amount:
                undo = Draft(
                    "REVERSE", receipt="r1", part=f"{entry.kind}/{entry.part}", account="m1", unit="points",
                    amount=-entry.amount, lots=[(lot, -amount) for lot, amount in entry.lots],
                    allowance=entry.allowance, data={"undoes": entry.kind},
                )  # fmt: skip
                do(ledger, partial(Transaction.append, draft=undo))
        assert ledger.read.facts("m1", DAY) == before


def test_stamps_move_as_head_office_books_them(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=1))
        data = {"rule": "coffee", "units": 7, "rewards": 1, "size": 6, "day": "2026-11-24"}
        do(ledger, lambda tx: tx.append(Draft("COUNT", receipt="r1", part="coffee", account="m1", data=data)))
        undone = {**data, "undoes": "COUNT", "units": -7, "rewards": -1}
        known = ledger.read.facts("m1", DAY)
        assert known is not None
        count = known.counts["coffee"]
        assert (count.position, count.day, count.today, count.lifetime) == (1, DAY, 7, 7)
        do(
            ledger,
            lambda tx: tx.append(
                Draft("REVERSE", receipt="r1", part="COUNT/coffee", account="m1", data=undone)
            ),
        )
        known = ledger.read.facts("m1", DAY)
        assert known is not None
        assert (known.counts["coffee"].position, known.counts["coffee"].lifetime) == (0, 0)


def test_a_voucher_is_given_used_and_given_back(tmp_path: Path) -> None:
    def shown() -> list[str]:
        known = ledger.read.facts("m1", DAY)
        return [voucher.id for voucher in known.vouchers] if known else []

    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=1))
        give = {"kind": "voucher", "name": "cake", "id": "v1", "expires_on": "2026-12-24"}
        do(ledger, lambda tx: tx.append(Draft("GIVE", receipt="r1", part="gift", account="m1", data=give)))
        assert shown() == ["v1"]
        used = Draft("COUPON", receipt="r2", part="v1", account="m1", data={"voucher": "cake"})
        do(ledger, lambda tx: tx.append(used))
        assert shown() == []
        back = {"undoes": "COUPON", "voucher": "cake"}
        do(
            ledger,
            lambda tx: tx.append(Draft("REVERSE", receipt="r2", part="COUPON/v1", account="m1", data=back)),
        )
        assert shown() == ["v1"]


def test_expired_lots_are_hidden_on_the_business_day(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e5=10, a=1))
        known = ledger.read.facts("m1", date(2026, 12, 6))
        assert known is not None
        assert [lot.lot for lot in known.wallets["points"].lots] == ["a"]
        assert ledger.read.facts("nobody", DAY) is None


def test_undoing_stamps_of_an_earlier_day_leaves_the_figure_of_today(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=1))
        for number, (kind, units, day) in enumerate(
            (("COUNT", 2, "2026-11-23"), ("COUNT", 3, "2026-11-24"), ("REVERSE", -2, "2026-11-23"))
        ):
            data = {"rule": "coffee", "units": units, "day": day, "undoes": "COUNT"}
            draft = Draft(kind, receipt=f"r{number}", part="coffee", account="m1", data=data)
            do(ledger, partial(Transaction.append, draft=draft))
        known = ledger.read.facts("m1", DAY)
        assert known is not None
        count = known.counts["coffee"]
        assert (count.position, count.day, count.today, count.lifetime) == (3, DAY, 3, 3)


def test_a_voucher_whose_end_is_not_known_here_waits_for_head_office(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=1))
        back = {"undoes": "COUPON", "voucher": "cake", "id": "v1"}
        do(
            ledger,
            lambda tx: tx.append(Draft("REVERSE", receipt="r2", part="COUPON/v1", account="m1", data=back)),
        )
        known = ledger.read.facts("m1", DAY)
        assert known is not None
        assert known.vouchers == [], "it may have expired: shown without its dates it would never end"
