"""Goods that come back are taken off the figures of their month, by the policies of the programme tried."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from agent.rehearsal.figures import Figures, Gain
from agent.rehearsal.past import PastReceipt
from agent.rehearsal.rehearse import rehearse
from tests.rehearsal.desk import CLUB, Receipts, compiled, sold

OFF = CLUB + '[rule.ten]\ntake_off = { percent = "10" }\n'
STEP = CLUB + '[rule.big]\nwhen = { amount = { at_least = "20.00" } }\ntake_off = { amount = "5.00" }\n'


def played(text: str, *receipts: PastReceipt) -> Figures:
    return rehearse(compiled(text), Receipts(*receipts))


def nothing(figures: Figures) -> bool:
    """Return whether the sums are those of a receipt that sold and gave nothing."""
    total = figures.total
    sums = {**total.issued, **total.redeemed, **figures.outstanding}
    money = (total.turnover_minor, total.discount_minor, total.paid_minor, total.given_minor)
    return not any(sums.values()) and money == (0, 0, 0, 0) and set(figures.gains.values()) <= {Gain()}


def test_a_part_that_comes_back_takes_its_share_off_the_month_in_which_it_does() -> None:
    figures = played(OFF, sold(1, 1000, back=[(40, 400)]), sold(2, 100, day=41))
    january, february = figures.months["2026-01"], figures.months["2026-02"]
    assert (january.turnover_minor, january.discount_minor, january.issued) == (1000, 100, {"p": 9})
    assert (february.turnover_minor, february.discount_minor) == (100 - 400, 10 - 40)
    assert february.issued == {"p": 0 - 3}  # of its 9; and 0.90 earns none
    assert (january.receipts, february.receipts) == (1, 1)


def test_points_paid_for_what_comes_back_are_there_for_the_next_receipt() -> None:
    paid = sold(2, 500, day=1, pays=True, back=[(2, 500)])
    figures = played(CLUB, sold(1, 1000), paid, sold(3, 1000, day=3, pays=True))
    assert figures.total.paid_minor == 10
    assert figures.total.redeemed == {"p": 10}
    assert figures.total.issued == {"p": 10 + 9}
    assert figures.outstanding == {"p": 9}


def test_goods_come_back_before_a_receipt_of_the_same_moment_and_after_earlier_ones() -> None:
    figures = played(
        CLUB, sold(1, 1000, back=[(3, 1000)]), sold(2, 900, day=2, pays=True), sold(3, 700, day=3)
    )
    assert figures.total.redeemed == {"p": 10}
    assert figures.outstanding == {"p": 10 - 10 - 10 + 8 + 7}, "what was spent already is a debt"


def test_under_recompute_what_is_left_loses_the_threshold_it_no_longer_meets() -> None:
    receipt = sold(1, 2400, back=[(1, 600)])
    assert played(STEP, receipt).total.discount_minor == 500 - 125
    again = STEP.replace("[wallet.p]", '[settings]\nreturns = "recompute"\n[wallet.p]', 1)
    total = played(again, receipt).total
    assert (total.turnover_minor, total.discount_minor, total.issued) == (1800, 0, {"p": 18})


def test_a_voucher_leaves_with_its_visit_and_comes_back_with_the_goods_it_was_used_for() -> None:
    visits = [sold(one, 1000, day=one) for one in range(1, 3)]
    gone = played(CLUB, *visits, sold(3, 1000, day=3, back=[(4, 1000)]))
    assert (gone.vouchers_given, gone.vouchers_used) == (0, 0)
    used = sold(4, 1000, day=4, back=[(5, 1000)])
    back = played(CLUB, *visits, sold(3, 1000, day=3), used, sold(5, 1000, day=6))
    assert (back.vouchers_given, back.vouchers_used) == (1, 1)
    assert back.total.discount_minor == 100


def test_goods_of_somebody_unknown_take_off_money_alone() -> None:
    figures = played(OFF, sold(1, 1000, "", back=[(1, 1000)]))
    assert nothing(figures)
    assert figures.total.receipts == 1
    assert figures.gains == {}


@given(
    st.integers(1, 5000),
    st.lists(st.integers(1, 2000), max_size=6),
    st.sampled_from([CLUB, OFF, STEP]),
    st.booleans(),
)
def test_a_sale_that_comes_back_in_any_parts_leaves_nothing(
    amount: int, parts: list[int], text: str, recomputes: bool
) -> None:
    if recomputes:
        text = text.replace("[wallet.p]", '[settings]\nreturns = "recompute"\n[wallet.p]', 1)
    back = list(enumerate(_cut(amount, parts), 1))
    assert nothing(played(text, sold(1, amount, pays=True, back=back)))


def _cut(amount: int, parts: Iterable[int]) -> Iterable[int]:
    for part in parts:
        if part < amount:
            amount -= part
            yield part
    yield amount
