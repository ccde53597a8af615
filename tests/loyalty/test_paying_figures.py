"""Every figure of paying with points, to the last unit; programmes are compiled where asked."""

from datetime import date
from typing import Any

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.quote import Paid, Quote, Rebate, Spent
from tests.loyalty.desk import AT, quote


def holding(points: int, wallet: str = "p", offline: int | None = None) -> MemberFacts:
    return MemberFacts("m", wallets={wallet: WalletFacts([Lot("l", points)], offline)})


def why(answer: Quote, rule: str = "a") -> tuple[str, dict[str, Any]]:
    found = next(one for one in answer.reasons if one.rule == rule)
    return found.code, found.values


def paying(words: str, points: int, *lines: Line, wallet: str = 'value = "0.01"', **more: Any) -> Quote:
    """Pay with all that may be paid, unless `wish` says how much."""
    wish = more.pop("wish", "max")
    offline = more.pop("offline", None)
    rule = f"{wallet}\n[rule.a]\npay = {{ {words} }}\n" + more.pop("rules", "")
    return quote(rule, *lines, member=holding(points, offline=offline), redeem={"p": wish}, **more)


LINE = Line(1, "x", 2000)


@pytest.mark.parametrize(
    ("words", "wallet", "points", "redeem", "money"),
    [
        ("", 'value = "0.01"', 1234, 1234, 1234),
        ("", 'value = "0.01"', 5000, 2000, 2000),
        ("", 'value = "1.00"', 7, 7, 700),
        ("", 'value = "0.03"', 5, 5, 15),
        ("", 'value = "0.003"', 57, 50, 15),
        ("block = 15", 'value = "0.003"', 89, 60, 18),
        ("block = 100", 'value = "0.01"', 1999, 1900, 1900),
        ("", 'value = "1.00"\nscale = 1', 73, 73, 730),
        ('max = "5.00"', 'value = "0.01"', 1234, 500, 500),
        ('max_share = "0.30"', 'value = "0.01"', 1234, 600, 600),
        ('max_share = "0.333"', 'value = "0.01"', 1234, 666, 666),
        ("min_balance = 500", 'value = "0.01"', 500, 500, 500),
        ('wallet = "p"', 'kind = "stored_value"', 1500, 1500, 1500),
    ],
)
def test_points_pay_in_whole_blocks_and_minor_units(
    words: str, wallet: str, points: int, redeem: int, money: int
) -> None:
    answer = paying(words, points, LINE, wallet=wallet)
    assert answer.lines[0].paid == [Paid("p", redeem, money)]
    assert (answer.due_minor, answer.wallets[0].redeem, answer.wallets[0].max_redeem) == (
        2000 - money,
        redeem,
        redeem,
    )
    assert why(answer) == ("applied", {"wallet": "p", "points": redeem, "amount_minor": money})


@pytest.mark.parametrize(
    ("words", "points", "lacking"),
    [
        ("", 0, 1),
        ("block = 100", 40, 60),
        ("min_balance = 500", 499, 1),
        ("min_balance = 500, block = 1000", 600, 400),
        ("min_balance = 1", -3, 4),
    ],
)
def test_who_has_too_few_points_hears_how_many_are_missing(words: str, points: int, lacking: int) -> None:
    answer = paying(words, points, LINE)
    wanted = lacking if points >= 0 else 1
    assert why(answer) == ("missing", {"what": "points", "wallet": "p", "points": wanted})
    assert (answer.due_minor, answer.wallets[0].max_redeem) == (2000, 0)


@pytest.mark.parametrize(("offline", "redeem"), [(700, 700), (1, 0), (3000, 1200)])
def test_away_from_head_office_only_what_is_set_aside_is_spent(offline: int, redeem: int) -> None:
    answer = paying("block = 100", 1234, LINE, offline=offline)
    assert answer.wallets[0].redeem == redeem
    if not redeem:
        assert why(answer) == ("offline_limit", {"wallet": "p", "points": 1200})


def test_a_wish_is_granted_as_far_as_it_goes() -> None:
    assert paying("", 1234, LINE, wish=700).wallets[0].redeem == 700
    assert paying("", 1234, LINE, wish=9999).wallets[0].redeem == 1234
    small = paying("block = 100", 1234, LINE, wish=70)
    assert why(small) == ("missing", {"what": "points", "wallet": "p", "points": 30})
    none = paying("", 1234, LINE, wish=0)
    assert why(none) == ("missing", {"what": "request", "wallet": "p", "points": 1234})
    assert none.wallets[0].max_redeem == 1234


def test_what_is_paid_is_shared_over_the_lines_by_what_is_left_of_them() -> None:
    answer = paying("", 1000, Line(1, "x", 1999), Line(2, "y", 1), Line(3, "z", 1000))
    assert [line.paid for line in answer.lines] == [
        [Paid("p", 667, 667)], [], [Paid("p", 333, 333)],
    ]  # fmt: skip


def test_points_are_for_the_goods_that_the_wallet_burns_on() -> None:
    wallet = 'value = "0.01"\nburn = "chosen"\n[scope.chosen]\ntags = ["c"]'
    answer = paying("", 1000, Line(1, "x", 300, tags=["c"]), Line(2, "y", 500), wallet=wallet)
    assert [line.paid for line in answer.lines] == [[Paid("p", 300, 300)], []]
    assert why(paying("", 1000, LINE, wallet=wallet)) == ("nothing_in_scope", {"scope": "chosen"})


def test_where_nothing_is_left_to_pay_points_pay_nothing() -> None:
    free = '[rule.free]\ntake_off = { percent = "100" }\n'
    assert why(paying("", 1000, LINE, rules=free)) == ("cap_reached", {"wallet": "p"})


def test_a_second_rule_of_a_wallet_pays_on_with_what_the_first_left() -> None:
    rules = '[rule.b]\nscope = { tags = ["c"] }\npay = { max = "3.00" }\n'
    lines = Line(1, "x", 1000), Line(2, "y", 1000, tags=["c"])
    answer = paying('max = "5.00"', 700, *lines, rules=rules)
    assert why(answer)[1]["points"] == 500
    assert why(answer, "b")[1]["points"] == 200
    assert (answer.wallets[0].redeem, answer.wallets[0].max_redeem, answer.due_minor) == (700, 700, 1300)


def test_points_that_are_over_are_told_with_their_day() -> None:
    past = [Lot("a", 30, expires_on=date(2026, 11, 22)), Lot("b", 20, expires_on=date(2026, 11, 23))]
    past += [Lot("c", 5, expires_on=date(2026, 11, 23)), Lot("d", 9, active_from=date(2026, 11, 25))]
    member = MemberFacts("m", wallets={"p": WalletFacts(past)})
    answer = quote('value = "0.01"\n[rule.a]\npay = {}\n', LINE, member=member)
    assert why(answer) == ("points_expired", {"wallet": "p", "points": 25, "day": "2026-11-23"})
    hours = MemberFacts("m", wallets={"p": WalletFacts([Lot("a", 7, ends_at=AT)])})
    answer = quote('value = "0.01"\n[rule.a]\npay = {}\n', LINE, member=hours)
    assert why(answer) == ("points_expired", {"wallet": "p", "points": 7, "day": "2026-11-24"})


def test_points_as_a_discount_lower_the_price_and_are_worth_no_tender() -> None:
    settings = 'value = "0.01"\n[settings]\npoints_are = "discount"'
    answer = paying('max_share = "0.50"', 5000, LINE, wallet=settings)
    (line,) = answer.lines
    assert (line.amount_minor, line.rebates, line.paid) == (1000, [Rebate("a", -1000)], [Paid("p", 1000, 0)])
    assert answer.due_minor == 1000


def test_points_turned_into_cash_pay_no_goods() -> None:
    words = 'into = "cash", block = 100, min_balance = 1500'
    answer = paying(words, 1730, event="cash")
    assert answer.spent == [Spent("a", "p", 1700, 1700, "cash")]
    assert why(answer)[1] == {"wallet": "p", "points": 1700, "amount_minor": 1700, "into": "cash"}
    assert (answer.due_minor, answer.wallets[0].redeem) == (0, 1700)
    assert why(paying(words, 1730, LINE)) == ("missing", {"what": "event"})


def test_a_payment_that_must_be_confirmed_is_said_to_the_cashier() -> None:
    asked = paying("confirm = true", 100, LINE)
    assert [one.code for one in asked.prompts] == ["confirm_payment"]
    assert paying("", 100, LINE).prompts == []
