"""E: two wallets, one for the loyal and chosen goods, one to win back those about to leave."""

from agent.loyalty.basket import Line
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.returns import effects_of
from tests.loyalty.worked import NOON, basket, earned, holder, programme, reason

TEXT = """[scope]
chosen = { tags = ["chosen"] }
[wallet]
loyal = { value = "1.00", burn = "chosen" }
back = { value = "1.00" }
[rule.earn-loyal]
when = { segment = "loyal" }
earn = { wallet = "loyal", points = "0.05" }
[rule.earn-back]
when = { segment = "churning" }
scope = { tags = ["high-margin"] }
earn = { wallet = "back", points = "0.10" }
[rule.pay-loyal]
priority = 20
pay = { wallet = "loyal", max_share = "0.30" }
[rule.pay-back]
priority = 10
pay = { wallet = "back", max_share = "0.30" }
"""
WALLETS = programme(TEXT, id_="galamart-two-wallets", currency="RUB", zone="Asia/Yekaterinburg")

PAINT = Line(1, "paint", 60000, tags=["chosen"])
DRILL = Line(2, "drill", 240000, tags=["high-margin"])


def test_e1_the_loyal_pay_for_chosen_goods_and_returns_undo_each_line() -> None:
    sale = basket("RUB", PAINT, DRILL, loyal="max", back="max")
    quote = evaluate(WALLETS, holder("loyal", 500, "loyal"), sale, NOON)
    assert (quote.wallets[1].redeem, quote.due_minor, earned(quote)) == (180, 282000, [21, 120])
    drill = effects_of(sale, quote, {}, {2: 240000})
    assert (drill.refund_minor, drill.earned, drill.spent) == (240000, {"loyal": 120}, {})
    paint = effects_of(sale, quote, {2: 240000}, {1: 60000})
    assert (paint.refund_minor, paint.earned, paint.spent) == (42000, {"loyal": 21}, {"loyal": 180})


def test_e2_the_second_wallet_pays_any_goods_and_earns_on_the_rest() -> None:
    sale = basket("RUB", PAINT, DRILL, loyal="max", back="max")
    quote = evaluate(WALLETS, holder("back", 500, "churning"), sale, NOON)
    assert [line.paid[0].amount_minor for line in quote.lines] == [10000, 40000]
    assert (quote.due_minor, earned(quote)) == (250000, [0, 200])


def test_e3_points_for_chosen_goods_do_not_pay_for_others() -> None:
    sale = basket("RUB", DRILL, loyal="max")
    quote = evaluate(WALLETS, holder("loyal", 500, "loyal"), sale, NOON)
    assert quote.due_minor == 240000
    assert reason(quote, "pay-loyal") == ("nothing_in_scope", {"scope": "chosen"})


def test_e4_both_wallets_share_one_limit() -> None:
    wallets = {"loyal": WalletFacts([Lot("a", 50)]), "back": WalletFacts([Lot("b", 200)])}
    member = MemberFacts("m", segments=["loyal"], wallets=wallets)
    sale = basket("RUB", PAINT, loyal="max", back="max")
    quote = evaluate(WALLETS, member, sale, NOON)
    assert [(one.wallet, one.redeem) for one in quote.wallets] == [("back", 130), ("loyal", 50)]
    assert (quote.due_minor, earned(quote)) == (42000, [21])
