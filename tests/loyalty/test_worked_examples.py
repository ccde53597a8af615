"""The worked examples of the programmes, to the last digit."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.explain import sentence
from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.quote import Quote
from agent.loyalty.read import load_programme
from agent.loyalty.returns import effects_of

PROGRAMMES = Path(__file__).parents[2] / "config" / "programmes"
NOON = datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Europe/Moscow"))


def shipped(name: str) -> Compiled:
    file = PROGRAMMES / f"{name}.toml"
    return compile_programme(load_programme(file.read_bytes(), name=file.name))


def basket(currency: str, *lines: Line, event: str = "", **redeem: int | str) -> Basket:
    return Basket("r-1", NOON, "s", "t", currency, list(lines), event=event, redeem=redeem)


def holder(wallet: str, points: int, *segments: str) -> MemberFacts:
    return MemberFacts("m", segments=list(segments), wallets={wallet: WalletFacts([Lot("l", points)])})


def earned(quote: Quote) -> list[int]:
    return [sum(one.points for one in line.earned) for line in quote.lines]


def reason(quote: Quote, rule: str) -> tuple[str, dict[str, object]]:
    found = next(one for one in quote.reasons if one.rule == rule)
    return found.code, found.values


IL_LINES = (Line(1, "a", 129990), Line(2, "b", 35050))
IL_DAY = datetime(2011, 10, 31, 23, 59, tzinfo=ZoneInfo("Europe/Moscow"))


def test_a1_whole_points_go_to_the_largest_fraction_and_a_return_takes_its_own() -> None:
    sale = basket("RUB", *IL_LINES)
    quote = evaluate(shipped("il-de-bote-web-club"), MemberFacts("m"), sale, IL_DAY)
    assert earned(quote) == [130, 35]
    assert effects_of(sale, quote, {}, {2: 35050}).earned == {"il": 35}


def test_a2_found_by_phone_earns_nothing_and_the_cashier_asks_for_the_card() -> None:
    member = MemberFacts("m", card_shown=False)
    quote = evaluate(shipped("il-de-bote-web-club"), member, basket("RUB", *IL_LINES), IL_DAY)
    assert earned(quote) == [0, 0]
    assert quote.prompts[0].code == "ask_for_card"
    assert quote.prompts[0].values["points"] == 165


def test_a3_registering_a_minute_late_gives_nothing() -> None:
    programme, act = shipped("il-de-bote-web-club"), basket("RUB", event="registered")
    assert [one.amount for one in evaluate(programme, MemberFacts("m"), act, IL_DAY).gives] == [100]
    late = evaluate(programme, MemberFacts("m"), act, IL_DAY + timedelta(minutes=1))
    assert late.gives == []
    assert reason(late, "register")[0] == "not_in_period"


@pytest.mark.parametrize(
    ("points", "amount", "paid", "due"),
    [(5019, 600, 5000, 100), (12_300, 1745, 10_000, 745), (12_300, 840, 5000, 340)],
)
def test_d1_d2_points_pay_in_whole_blocks(points: int, amount: int, paid: int, due: int) -> None:
    sale = basket("USD", Line(1, "a", amount), balance="max")
    quote = evaluate(shipped("walgreens-balance-rewards"), holder("balance", points), sale, NOON)
    assert (quote.wallets[0].redeem, quote.due_minor) == (paid, due)


def test_d1_one_point_too_few_is_one_point_missing() -> None:
    sale = basket("USD", Line(1, "a", 600), balance="max")
    quote = evaluate(shipped("walgreens-balance-rewards"), holder("balance", 4999), sale, NOON)
    assert quote.wallets[0].max_redeem == 0
    assert reason(quote, "pay") == ("missing", {"what": "points", "wallet": "balance", "points": 1})


def test_d3_a_second_weighing_of_the_day_gives_nothing() -> None:
    programme = shipped("walgreens-balance-rewards")
    weighed = MemberFacts("m", counts={"weigh": CountFacts(day=date(2026, 3, 10), today=1)})
    answers = [
        evaluate(programme, MemberFacts("m"), basket("USD", event="weighed"), NOON),
        evaluate(programme, weighed, basket("USD", event="weighed"), NOON),
        evaluate(programme, weighed, basket("USD", event="vaccinated"), NOON),
    ]
    assert [sum(one.amount for one in answer.gives) for answer in answers] == [20, 0, 500]
    assert reason(answers[1], "weigh")[0] == "cap_reached"


PAINT = Line(1, "paint", 60000, tags=["chosen"])
DRILL = Line(2, "drill", 240000, tags=["high-margin"])


def test_e1_the_loyal_pay_for_chosen_goods_and_returns_undo_each_line() -> None:
    sale = basket("RUB", PAINT, DRILL, loyal="max", back="max")
    quote = evaluate(shipped("galamart-two-wallets"), holder("loyal", 500, "loyal"), sale, NOON)
    assert (quote.wallets[1].redeem, quote.due_minor, earned(quote)) == (180, 282000, [21, 120])
    drill = effects_of(sale, quote, {}, {2: 240000})
    assert (drill.refund_minor, drill.earned, drill.spent) == (240000, {"loyal": 120}, {})
    paint = effects_of(sale, quote, {2: 240000}, {1: 60000})
    assert (paint.refund_minor, paint.earned, paint.spent) == (42000, {"loyal": 21}, {"loyal": 180})


def test_e2_the_second_wallet_pays_any_goods_and_earns_on_the_rest() -> None:
    sale = basket("RUB", PAINT, DRILL, loyal="max", back="max")
    quote = evaluate(shipped("galamart-two-wallets"), holder("back", 500, "churning"), sale, NOON)
    assert [line.paid[0].amount_minor for line in quote.lines] == [10000, 40000]
    assert (quote.due_minor, earned(quote)) == (250000, [0, 200])


def test_e3_points_for_chosen_goods_do_not_pay_for_others() -> None:
    sale = basket("RUB", DRILL, loyal="max")
    quote = evaluate(shipped("galamart-two-wallets"), holder("loyal", 500, "loyal"), sale, NOON)
    assert quote.due_minor == 240000
    assert reason(quote, "pay-loyal") == ("nothing_in_scope", {"scope": "chosen"})


def test_e4_both_wallets_share_one_limit() -> None:
    wallets = {"loyal": WalletFacts([Lot("a", 50)]), "back": WalletFacts([Lot("b", 200)])}
    member = MemberFacts("m", segments=["loyal"], wallets=wallets)
    sale = basket("RUB", PAINT, loyal="max", back="max")
    quote = evaluate(shipped("galamart-two-wallets"), member, sale, NOON)
    assert [(one.wallet, one.redeem) for one in quote.wallets] == [("back", 130), ("loyal", 50)]
    assert (quote.due_minor, earned(quote)) == (42000, [21])


def test_f1_points_of_fourteen_days_hold_to_the_last_minute() -> None:
    programme = shipped("lukoil-win-back")
    member = MemberFacts(
        "m", wallets={"main": WalletFacts([Lot("l", 200, date(2026, 3, 2), date(2026, 3, 16))])}
    )
    sale = basket("RUB", Line(1, "fuel", 100000, "fuel"), main="max")
    last = datetime(2026, 3, 16, 23, 59, tzinfo=ZoneInfo("Europe/Moscow"))
    assert evaluate(programme, member, sale, last).due_minor == 80000
    late = evaluate(programme, member, sale, last + timedelta(minutes=1))
    assert late.due_minor == 100000
    assert reason(late, "pay") == ("points_expired", {"wallet": "main", "points": 200, "day": "2026-03-16"})
    said = sentence(late.reasons[0], programme.programme, "en")
    assert said == "Paying with points: 200 points expired on 16 March"


def test_f1_the_granted_lot_ends_on_the_fourteenth_day() -> None:
    granted = datetime(2026, 3, 2, 10, 15, tzinfo=ZoneInfo("Europe/Moscow"))
    member = MemberFacts("m", segments=["churned"])
    gift = evaluate(shipped("lukoil-win-back"), member, basket("RUB", event="win-back"), granted).gives[0]
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
    quote = evaluate(shipped("lukoil-after-fuelling"), member, basket("RUB", *SNACK), NOON)
    assert [-sum(one.amount_minor for one in line.rebates) for line in quote.lines] == off
    assert quote.due_minor == due


def test_f3_the_better_code_wins_and_says_by_how_much() -> None:
    member = MemberFacts("m", vouchers=[Voucher("shop-15", "v"), Voucher("shop-20", "w")])
    quote = evaluate(shipped("lukoil-after-fuelling"), member, basket("RUB", *SNACK), NOON)
    assert reason(quote, "voucher.shop-15") == ("lost_to", {"by": "voucher.shop-20", "saves_minor": 1398})
    assert [one.id for one in quote.vouchers] == ["w"]


@pytest.mark.parametrize(
    ("points", "amount", "paid", "due"),
    [(1499, 2000, 0, 2000), (1500, 2000, 1500, 500), (1730, 1234, 1234, 0)],
)
def test_g_points_pay_from_fifteen_hundred_up(points: int, amount: int, paid: int, due: int) -> None:
    sale = basket("EUR", Line(1, "a", amount), payback="max")
    quote = evaluate(shipped("payback"), holder("payback", points), sale, NOON)
    assert (quote.wallets[0].redeem, quote.due_minor) == (paid, due)


def test_g2_what_is_left_lacks_a_thousand_and_four_points() -> None:
    sale = basket("EUR", Line(1, "a", 500), payback="max")
    quote = evaluate(shipped("payback"), holder("payback", 1730 - 1234), sale, NOON)
    assert reason(quote, "pay") == ("missing", {"what": "points", "wallet": "payback", "points": 1004})
