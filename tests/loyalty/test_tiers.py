"""Tiers: reached by a measure, kept so long, lost step by step or never, all from sums by day."""

from datetime import UTC, datetime

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.quote import Measured
from tests.loyalty.desk import AT, compiled, quote

GOODS = Line(1, "a", 1000, "g", quantity="2.5")


def tier(table: str, measures: dict[str, int], *, granted: str = "", at: datetime = AT) -> str:
    programme = compiled(table)
    facts = MemberFacts("m", tier=granted, measures=measures)
    return programme.tiers.effective(facts, at.astimezone(programme.zone).date())


YEAR = '[tier]\nt = { measure = "spend", window = "calendar_year", at_least = "100.00"%s }\n'


@pytest.mark.parametrize(
    ("more", "key", "holds"),
    [
        ("", "t:2026", True),
        ("", "t:2025", False),
        (', until = "year_end"', "t:2026", True),
        (', until = "year_end"', "t:2025", False),
        (', until = "next_year_end"', "t:2025", True),
        (', until = "next_year_end"', "t:2024", False),
        (', downgrade = "never"', "t:2013", True),
        (', downgrade = "never"', "t:2027", False),
    ],
)
def test_a_tier_of_a_year_holds_for_the_year_and_as_long_as_it_says(more: str, key: str, holds: bool) -> None:
    assert tier(YEAR % more, {key: 10000}) == ("t" if holds else "")
    assert tier(YEAR % more, {key: 9999}) == ""


def test_over_is_more_than_at_least() -> None:
    over = '[tier]\nt = { measure = "spend", over = 100 }\n'
    assert [tier(over, {"t": amount}) for amount in (10000, 10001)] == ["", "t"]


@pytest.mark.parametrize(
    ("days", "holds"),
    [({"2025-11-25": 16}, True), ({"2025-11-24": 16}, False), ({"2026-01-05": 9, "2026-11-24": 7}, True)],
)
def test_a_rolling_window_forgets_what_is_older(days: dict[str, int], holds: bool) -> None:
    table = '[tier]\nt = { measure = "receipts", window = "P12M", at_least = 16 }\n'
    sums = {f"t:{day}": number for day, number in days.items()} | {"t:rubbish": 99, "t:0001-01-01": 99}
    assert tier(table, sums) == ("t" if holds else "")


def test_a_tier_of_a_rolling_window_may_stay_to_the_end_of_the_next_year() -> None:
    table = '[tier]\nt = { measure = "receipts", window = "P30D", at_least = 3, until = "next_year_end" }\n'
    assert tier(table, {"t:2025-03-01": 2, "t:2025-03-20": 1}) == "t"
    assert tier(table, {"t:2025-03-01": 2, "t:2025-04-20": 1}) == ""
    month = table.replace("P30D", "calendar_month")
    assert tier(month, {"t:2025-02": 3}) == "t"
    assert tier(month, {"t:2024-12": 3}) == ""


LADDER = """[tier]
silver = { measure = "spend", window = "%(w)s", at_least = 10 }
gold = { measure = "spend", window = "%(w)s", at_least = 20 }
top = { measure = "spend", window = "%(w)s", at_least = 30 }
[settings]
downgrade = "%(d)s"
"""


@pytest.mark.parametrize(
    ("policy", "top_year", "now"),
    [
        ("to_earned", 2026, "top"),
        ("to_earned", 2025, ""),
        ("one_step", 2026, "top"),
        ("one_step", 2025, "gold"),
        ("one_step", 2024, "silver"),
        ("one_step", 2023, ""),
        ("one_step", 2020, ""),
        ("never", 2020, "top"),
    ],
)
def test_who_loses_a_tier_falls_to_what_is_earned_or_a_step_a_year_or_never(
    policy: str, top_year: int, now: str
) -> None:
    table = LADDER % {"w": "calendar_year", "d": policy}
    assert tier(table, {f"top:{top_year}": 3000}) == now


def test_a_step_down_stops_at_what_is_earned_meanwhile() -> None:
    table = LADDER % {"w": "calendar_month", "d": "one_step"}
    earned_since = {"top:2026-08": 3000, "silver:2026-10": 1000, "silver:2026-11": 0}
    assert tier(table, earned_since) == ""
    assert tier(table, earned_since | {"gold:2026-10": 2000}) == "silver"
    mixed = table + '[tier.forever]\nmeasure = "spend"\nat_least = 90\ndowngrade = "never"\n'
    assert tier(mixed, {"forever": 9000, "top:2026-10": 3000}) == "forever"
    kept = table.replace("at_least = 30 }", 'at_least = 30, downgrade = "never" }')
    assert tier(kept, {"top:2026-05": 3000}) == "top"


def test_the_higher_of_the_earned_and_the_granted_tier_is_in_force() -> None:
    table = LADDER % {"w": "lifetime", "d": "to_earned"}
    assert tier(table, {"silver": 1000}, granted="gold") == "gold"
    assert tier(table, {"top": 3000}, granted="gold") == "top"
    assert tier(table, {}, granted="staff") == "staff"
    assert tier("", {}, granted="staff") == "staff"
    assert compiled(table).tiers.effective(None, AT.date()) == ""


@pytest.mark.parametrize(
    ("measure", "amount", "lines"),
    [
        ("spend", 900, [(1, 900)]),
        ("units", 2500, [(1, 2500)]),
        ("receipts", 1, []),
        ("earned:p", 14, [(1, 9)]),
    ],
)
def test_a_receipt_adds_to_each_measure_what_it_is_worth(
    measure: str, amount: int, lines: list[tuple[int, int]]
) -> None:
    rules = f'[tier]\nt = {{ measure = "{measure}", window = "calendar_month", at_least = 1 }}\n[wallet.q]\n'
    rules += 'value = "0.01"\n[rule.pay]\npay = { wallet = "q" }\n[rule.e]\n'
    rules += 'earn = { wallet = "p", points = "1" }\n[rule.v]\n'
    rules += 'earn = { wallet = "p", points = "5", per = "receipt" }\n'
    member = MemberFacts("m", wallets={"q": WalletFacts([Lot("l", 100)])})
    answer = quote(
        rules, GOODS, Line(2, "card", 500, tags=["stored-value"]), member=member, redeem={"q": 100}
    )
    assert answer.measured == [Measured("t:2026-11", amount, lines)]


def test_a_measure_has_its_own_scope_and_friends_are_counted_by_their_act() -> None:
    rules = '[tier]\nt = { measure = "receipts", scope = { groups = ["h"] }, at_least = 1 }\n'
    rules += 'f = { measure = "friends", at_least = 1 }\n'
    assert quote(rules, GOODS).measured == []
    friend = quote(rules, event="referral")
    assert [(one.measure, one.amount) for one in friend.measured] == [("f", 1)]
    assert friend.tier is not None
    assert quote(rules, event="referral", member=None).measured == []


def test_points_of_a_scope_count_without_those_of_the_receipt() -> None:
    rules = '[tier]\nw = { measure = "earned:p", scope = { groups = ["g"] }, at_least = 1 }\n[rule.e]\n'
    rules += 'earn = { points = "1" }\n[rule.v]\nearn = { points = "5", per = "receipt" }\n'
    assert quote(rules, GOODS, Line(2, "b", 700, "h")).measured[0].amount == 10


def test_a_tier_may_hold_on_the_very_receipt_that_reaches_it() -> None:
    rules = '[tier]\nt = { measure = "spend", at_least = 10 }\n[rule.e]\nearn = { points = "1" }\n'
    rules += '[rule.m]\nwhen = { tier = "t" }\nmultiply = { by = "2" }\n'
    assert quote(rules, GOODS).wallets[0].earn == 10
    at_once = f'[settings]\ntakes_effect = "this_receipt"\n{rules}'
    answer = quote(at_once, GOODS)
    assert answer.wallets[0].earn == 20
    assert answer.tier is not None
    assert (answer.tier.before, answer.tier.after) == ("", "t")


def test_a_programme_that_is_over_measures_nothing() -> None:
    rules = '[tier]\nt = { measure = "spend", at_least = 10 }\n'
    assert quote(rules, GOODS, currency="USD").measured == []
    assert quote(rules, GOODS, at=datetime(2026, 12, 31, 23, tzinfo=UTC)).measured[0].amount == 1000
