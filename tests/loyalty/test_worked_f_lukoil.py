"""F: 200 points of fourteen days to win back, and a code for the shop after fuelling."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.evaluate import evaluate
from agent.loyalty.explain import sentence
from agent.loyalty.lots import taken_from
from agent.loyalty.member import Lot, MemberFacts, Voucher, WalletFacts
from tests.loyalty.book import Book
from tests.loyalty.worked import NOON, basket, programme, reason

TEXT = """[scope]
shop = { not_groups = ["fuel", "tobacco"] }
fuel = { groups = ["fuel"] }
[wallet]
main = { value = "1.00", expires = "P365D" }
[rule.win-back]
when = { event = "win-back", segment = "churned" }
give = { lot = { points = 200, expires = "P14D" } }
[rule.pay]
name = { en = "Paying with points" }
pay = { max_share = "0.50" }
[rule.code]
when = { channel = "app", has = "fuel" }
give = { voucher = "shop-15" }
[group]
codes = { mode = "best" }
[voucher.shop-15]
life = "PT2H"
scope = "shop"
group = "codes"
take_off = { percent = "15" }
[voucher.shop-20]
life = "PT2H"
scope = "shop"
group = "codes"
take_off = { percent = "20" }
"""
FUEL = programme(TEXT, id_="lukoil", currency="RUB")


def test_f1_points_of_fourteen_days_hold_to_the_last_minute() -> None:
    member = MemberFacts(
        "m", wallets={"main": WalletFacts([Lot("l", 200, date(2026, 3, 2), date(2026, 3, 16))])}
    )
    sale = basket("RUB", Line(1, "fuel", 100000, "fuel"), main="max")
    last = datetime(2026, 3, 16, 23, 59, tzinfo=ZoneInfo("Europe/Moscow"))
    assert evaluate(FUEL, member, sale, last).due_minor == 80000
    late = evaluate(FUEL, member, sale, last + timedelta(minutes=1))
    assert late.due_minor == 100000
    assert reason(late, "pay") == ("points_expired", {"wallet": "main", "points": 200, "day": "2026-03-16"})
    said = sentence(next(one for one in late.reasons if one.rule == "pay"), FUEL.programme, "en")
    assert said == "Paying with points: 200 points expired on 16 March"


def test_f1_the_granted_lot_ends_on_the_fourteenth_day() -> None:
    granted = datetime(2026, 3, 2, 10, 15, tzinfo=ZoneInfo("Europe/Moscow"))
    member = MemberFacts("m", segments=["churned"])
    gift = evaluate(FUEL, member, basket("RUB", event="win-back"), granted).gives[0]
    assert (gift.amount, gift.expires_on) == (200, "2026-03-16")


SNACK = (
    Line(1, "hot dog", 12990, "food"),
    Line(2, "coffee", 14990, "food"),
    Line(3, "cigarettes", 22000, "tobacco"),
)


@pytest.mark.parametrize(
    ("voucher", "off", "due"), [("shop-15", [1949, 2249, 0], 45782), ("shop-20", [2598, 2998, 0], 44384)]
)
def test_f3_a_code_is_rounded_line_by_line(voucher: str, off: list[int], due: int) -> None:
    member = MemberFacts("m", vouchers=[Voucher(voucher, "v")])
    quote = evaluate(FUEL, member, basket("RUB", *SNACK), NOON)
    assert [-sum(one.amount_minor for one in line.rebates) for line in quote.lines] == off
    assert quote.due_minor == due


def test_f3_the_better_code_wins_and_says_by_how_much() -> None:
    member = MemberFacts("m", vouchers=[Voucher("shop-15", "v"), Voucher("shop-20", "w")])
    quote = evaluate(FUEL, member, basket("RUB", *SNACK), NOON)
    assert reason(quote, "voucher.shop-15") == ("lost_to", {"by": "voucher.shop-20", "saves_minor": 1398})
    assert [one.id for one in quote.vouchers] == ["w"]


def test_f3_codes_off_the_whole_receipt_are_rounded_once() -> None:
    text = TEXT.replace("[scope]", '[settings]\nrounding_level = "receipt"\n[scope]', 1)
    by_receipt = programme(text, id_="lukoil", currency="RUB")
    member = MemberFacts("m", vouchers=[Voucher("shop-15", "v")])
    assert evaluate(by_receipt, member, basket("RUB", *SNACK), NOON).due_minor == 49980 - 4197


def test_f2_points_that_end_first_are_spent_first() -> None:
    older = Lot("a", 300, date(2026, 2, 1), date(2027, 1, 31))
    newer = Lot("b", 200, date(2026, 3, 2), date(2026, 3, 16))
    for order, left, later in (
        ("expires_first", {"a": 250, "b": 0}, 250),
        ("oldest", {"a": 50, "b": 200}, 50),
    ):
        text = TEXT.replace("[scope]", f'[settings]\nspend_order = "{order}"\n[scope]', 1)
        facts = MemberFacts("m", wallets={"main": WalletFacts([older, newer])})
        book = Book(programme(text, id_="lukoil", currency="RUB"), facts)
        book.buy(basket("RUB", Line(1, "wash", 50000), main="max"), NOON)
        assert {lot.lot: lot.amount for lot in book.facts.wallets["main"].lots} == left
        on_17th = book.buy(basket("RUB", Line(1, "wash", 100)), NOON + timedelta(days=7))
        assert on_17th.wallets[0].balance == later


def test_f2_lots_that_end_together_are_taken_by_age_then_name() -> None:
    end = date(2026, 12, 31)
    lots = [Lot("c", 5, None, end), Lot("b", 5, date(2026, 1, 2), end), Lot("a", 5, date(2026, 1, 1))]
    hours = Lot("h", 5, date(2026, 3, 1), date(2026, 3, 10), NOON + timedelta(hours=2))
    assert taken_from([*lots, hours], 17) == [("h", 5), ("c", 5), ("b", 5), ("a", 2)]
