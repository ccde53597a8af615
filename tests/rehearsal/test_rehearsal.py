"""Facts travel from receipt to receipt, and the figures say what a programme cost, issued and owes."""

import gzip
from pathlib import Path

import pytest

from agent.errors import DocumentError
from agent.loyalty.member import Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.quote import Quote
from agent.rehearsal.figures import Gain, compare_members
from agent.rehearsal.past import PastReceipt, ReceiptFile
from agent.rehearsal.rehearse import rehearse
from agent.rehearsal.workers import Script, rehearse_all
from tests.rehearsal.desk import CLUB, Receipts, compiled, sold, written


def test_points_of_one_receipt_pay_on_the_next() -> None:
    figures = rehearse(compiled(), Receipts(sold(1, 1000), sold(2, 500, day=1, pays=True)))
    assert figures.total.issued == {"p": 14}  # 10, then 5.00 less the 0.10 paid with points
    assert figures.total.redeemed == {"p": 10}
    assert figures.total.paid_minor == 10
    assert figures.outstanding == {"p": 4}
    assert figures.liability_minor == 4


def test_points_that_ran_out_are_expired_and_no_liability() -> None:
    figures = rehearse(compiled(), Receipts(sold(1, 1000), sold(2, 500, day=31)))
    assert figures.expired == {"p": 10}
    assert figures.outstanding == {"p": 5}


def test_the_third_visit_gives_a_voucher_that_the_fourth_uses() -> None:
    figures = rehearse(compiled(), Receipts(*(sold(one, 1000, day=one) for one in range(1, 5))))
    assert (figures.vouchers_given, figures.vouchers_used) == (1, 1)
    assert figures.total.discount_minor == 100
    assert figures.gains == {"m": Gain(money_minor=100 + 39, points=39)}


def test_an_opening_counts_once_and_what_head_office_grants_comes_in() -> None:
    opening = MemberFacts("m", wallets={"p": WalletFacts([Lot("old", 300)], usable_offline=0)})
    granted = MemberFacts("m", segments=["loyal"], vouchers=[Voucher("coupon", "c-1")])
    seen: list[MemberFacts | None] = []

    def watch(_past: PastReceipt, facts: MemberFacts | None, _quote: Quote) -> None:
        seen.append(facts)

    text = CLUB + '[voucher.coupon]\ntake_off = { amount = "2.00" }\n'
    receipts = Receipts(
        sold(1, 100, facts=opening, pays=True),
        sold(2, 900, facts=granted, day=1),
        sold(3, 900, facts=granted, day=2),
    )
    figures = rehearse(compiled(text), receipts, watch=watch)
    assert figures.total.redeemed == {"p": 100}
    assert figures.vouchers_used == 1
    assert seen[1] is not None
    assert seen[1].segments == ["loyal"]
    assert sum(lot.amount for lot in seen[1].wallets["p"].lots) == 200
    assert seen[2] is not None
    assert seen[2].vouchers == []


def test_a_customer_nobody_knows_counts_as_a_receipt_of_its_month_alone() -> None:
    figures = rehearse(compiled(), Receipts(sold(1, 1000, ""), sold(2, 1000, "m", day=40)))
    assert {name: (one.receipts, one.of_members) for name, one in figures.months.items()} == {
        "2026-01": (1, 0),
        "2026-02": (1, 1),
    }


def test_members_are_compared_by_money_then_by_points() -> None:
    receipts = Receipts(sold(1, 1000, "a"), sold(2, 150, "b"))
    old = rehearse(compiled(), receipts)
    new = rehearse(compiled(CLUB.replace('points = "1"', 'points = "2"')), receipts)
    told = compare_members(old, new)
    assert (told.better, told.worse, told.same) == (2, 0, 0)
    assert (told.most_gained_minor, told.most_lost_minor) == (10, 0)
    assert compare_members(new, old).worse == 2


def test_workers_share_members_out_and_find_the_same(tmp_path: Path) -> None:
    receipts = [sold(one, 100 * one, f"m{one % 7}", day=one) for one in range(40)]
    alone = rehearse(compiled(), Receipts(*receipts))
    shares: list[float] = []
    file = ReceiptFile(written(tmp_path / "past.ndjson", receipts))
    (together,) = rehearse_all([Script(CLUB.encode(), "club.toml")], file, workers=2, told=shares.append)
    assert together == alone
    assert shares


@pytest.mark.parametrize("cut", [5, 30, -1])
def test_a_torn_file_is_told_not_thrown(tmp_path: Path, cut: int) -> None:
    whole = gzip.compress(written(tmp_path / "past", [sold(1, 100)]).read_bytes())
    path = tmp_path / "past.ndjson.gz"
    path.write_bytes(whole[:cut])
    for read in (ReceiptFile(path).count, lambda: list(ReceiptFile(path))):
        with pytest.raises(DocumentError, match="not_gzip"):
            read()


def test_receipts_in_another_currency_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "past", [sold(1, 100), sold(2, 100, "n")])
    text = CLUB.replace("EUR", "USD").encode()
    (figures,) = rehearse_all([Script(text, "club.toml")], ReceiptFile(path), workers=2)
    assert (figures.foreign, figures.total.issued) == (2, {})
    assert rehearse(compiled(), ReceiptFile(path)).foreign == 0


def test_a_broken_receipt_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "past.ndjson.gz"
    with gzip.open(path, "wb") as out:
        out.write(b'{"basket": {}, "at": "2026-01-01"}\n')
    assert ReceiptFile(path).count() == 1
    with pytest.raises(DocumentError) as caught:
        list(ReceiptFile(path))
    assert "past.ndjson.gz:1" in str(caught.value)
    assert len(caught.value.mistakes) > 3
