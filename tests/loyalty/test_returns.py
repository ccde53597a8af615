"""Taking goods back: every part in proportion, the receipt's own with the last of the goods."""

from agent.loyalty.basket import Basket, Line, ReturnOf
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.quote import Quote
from agent.loyalty.returns import ReturnEffects, amount_of, effects_of, with_claim
from tests.loyalty.desk import AT, quote

RULES = """[wallet.money]
value = "0.01"
[voucher.v]
take_off = { percent = "10" }
[rule.earn]
earn = { wallet = "p", points = "1" }
[rule.visit]
earn = { wallet = "p", per = "receipt", points = "7" }
[rule.pay]
pay = { wallet = "money" }
[rule.stamp]
count = { of = "visits", size = 10 }
give = { voucher = "v" }
"""
PEN, PAPER = Line(1, "pen", 1000, quantity="3"), Line(2, "paper", 500)
BACK = Line(3, "old", -400, returns=ReturnOf("earlier", 1))
HOLDER = MemberFacts("m", wallets={"money": WalletFacts([Lot("l", 300)])})


def sold(*lines: Line) -> tuple[Basket, Quote]:
    sale = Basket("r", AT, "s", "t", "EUR", list(lines), redeem={"money": "max"})
    return sale, quote(RULES, *lines, member=HOLDER, redeem={"money": "max"})


def test_units_of_a_line_come_back_in_parts_that_sum_up() -> None:
    assert [amount_of(PEN, "1", before=done) for done in ("0", "1", "2")] == [333, 333, 334]
    assert amount_of(PEN, "3") == 1000


def test_a_part_brings_its_share_of_money_and_points() -> None:
    sale, answer = sold(PEN, PAPER)
    part = effects_of(sale, answer, {}, {1: 500})
    assert part == ReturnEffects(400, {"p": 4}, {"money": 100})


def test_what_belongs_to_the_receipt_leaves_with_the_last_goods() -> None:
    sale, answer = sold(PEN, PAPER)
    last = effects_of(sale, answer, {1: 500, 2: 500}, {1: 500})
    assert last == ReturnEffects(400, {"p": 4 + 7}, {"money": 100}, {"stamp": 1})
    nothing = effects_of(sale, answer, {1: 1000, 2: 500}, {1: 1, 9: 100})
    assert nothing == ReturnEffects()


def test_goods_that_came_back_in_the_sale_do_not_come_back_again() -> None:
    sale, answer = sold(PEN, BACK)
    assert answer.due_minor == 1000 - 300 - 400
    whole = effects_of(sale, answer, {}, {1: 9999, 3: 400})
    assert (whole.refund_minor, whole.spent) == (700, {"money": 300})


def test_nothing_is_paid_with_points_where_goods_returned_outweigh_the_sale() -> None:
    _, answer = sold(PAPER, Line(3, "old", -900, returns=ReturnOf("earlier", 1)))
    assert (answer.due_minor, answer.wallets[0].redeem) == (-400, 0)


def test_a_claimed_receipt_gives_the_money_of_the_sale_and_takes_the_points_of_the_claim() -> None:
    sold = ReturnEffects(refund_minor=900)
    claimed = ReturnEffects(refund_minor=1000, earned={"points": 10}, deducted_minor=30)
    both = with_claim(sold, claimed)
    assert (both.refund_minor, both.earned, both.deducted_minor) == (870, {"points": 10}, 30)
