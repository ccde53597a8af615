"""A sale that nobody quoted earns what was paid for, and gets no discount afterwards."""

from agent.loyalty.basket import Basket, Line
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.returns import asked_minor
from agent.loyalty.unquoted import earning_only
from tests.loyalty.desk import AT, compiled

TEXT = """value = "0.01"
[rule.off]
take_off = { percent = "10" }
[rule.earn]
earn = { points = "1" }
[rule.pay]
pay = { max_share = "0.50" }
"""
MEMBER = MemberFacts("m", wallets={"p": WalletFacts([Lot("l", 500)])})


def test_an_unquoted_sale_earns_and_takes_nothing_off() -> None:
    programme = compiled(TEXT)
    sale = Basket("r", AT, "s", "t", "EUR", [Line(1, "milk", 1000)], redeem={"p": "max"})
    quote = evaluate(earning_only(programme), MEMBER, sale, AT)
    assert quote.due_minor == 1000
    assert [(one.wallet, one.redeem, one.earn) for one in quote.wallets] == [("p", 0, 10)]
    assert {one.rule: one.code for one in quote.reasons} == {
        "off": "no_quote",
        "earn": "applied",
        "pay": "no_quote",
    }


def test_the_programme_itself_stays_as_it_was() -> None:
    programme = compiled(TEXT)
    earning_only(programme)
    assert (
        evaluate(programme, MEMBER, Basket("r", AT, "s", "t", "EUR", [Line(1, "milk", 1000)]), AT).due_minor
        == 900
    )


def test_goods_come_back_by_amount_by_quantity_or_wholly() -> None:
    line = Line(1, "milk", 1000, quantity="3")

    def asked(
        left: int, quantity: str | None, amount_minor: int | None = None, earlier: tuple[str, ...] = ()
    ) -> int:
        return asked_minor(line, left, quantity=quantity, amount_minor=amount_minor, earlier=earlier)

    assert asked(1000, None, 250) == 250
    assert asked(700, None) == 700
    assert [asked(1000, "1"), asked(667, "1", None, ("1",)), asked(334, "1", None, ("1", "1"))] == [
        333,
        333,
        334,
    ]
