"""Which tier holds on a day: windows, how long it stays, a step down at a time, what head office grants."""

from datetime import date

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.measures import Window
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Measured, TierMove
from agent.loyalty.read import load_programme
from tests.loyalty.desk import HEAD, quote

DAY = date(2026, 11, 24)


def tiers(words: str, *, levels: str = "green=5 gold=30") -> Compiled:
    """Compile tiers by spend; `words` stand in each of them."""
    text = HEAD
    for level in levels.split():
        name, _, least = level.partition("=")
        text += f'[tier.{name}]\nmeasure = "spend"\nat_least = "{least}"\n{words}\n'
    return compile_programme(load_programme(text.encode(), name="x.toml"))


def tier(compiled: Compiled, measures: dict[str, int], day: date = DAY, *, granted: str = "") -> str:
    return compiled.tiers.effective(MemberFacts("m", tier=granted, measures=measures), day)


@pytest.mark.parametrize(
    ("window", "key", "holds"),
    [
        ("lifetime", "green", True),
        ("calendar_year", "green:2026", True),
        ("calendar_year", "green:2025", False),
        ("calendar_month", "green:2026-11", True),
        ("calendar_month", "green:2026-10", False),
        ("P7D", "green:2026-11-24", True),
        ("P7D", "green:2026-11-18", True),
        ("P7D", "green:2026-11-17", False),
        ("P7D", "green:2026-11-25", False),
        ("P12M", "green:2025-11-25", True),
        ("P12M", "green:2025-11-24", False),
        ("P12M", "green:no-day", False),
        ("P12M", "green:0001-01-01", False),
        ("P12M", "green:2026-13", False),
    ],
)
def test_a_window_reads_the_sums_of_its_own_days(window: str, key: str, holds: bool) -> None:
    assert (tier(tiers(f'window = "{window}"'), {key: 500}) == "green") == holds


def test_a_rolling_window_adds_its_days_up() -> None:
    compiled = tiers('window = "P7D"')
    assert tier(compiled, {"green:2026-11-20": 300, "green:2026-11-24": 199}) == ""
    assert tier(compiled, {"green:2026-11-20": 300, "green:2026-11-24": 200}) == "green"


@pytest.mark.parametrize(
    ("until", "day", "holds"),
    [
        ("measure", date(2026, 12, 31), True),
        ("measure", date(2027, 1, 1), False),
        ("year_end", date(2026, 12, 31), True),
        ("year_end", date(2027, 1, 1), False),
        ("next_year_end", date(2027, 12, 31), True),
        ("next_year_end", date(2028, 1, 1), False),
    ],
)
def test_a_tier_of_a_year_stays_as_long_as_its_word_says(until: str, day: date, holds: bool) -> None:
    compiled = tiers(f'window = "calendar_year"\nuntil = "{until}"')
    assert (tier(compiled, {"green:2026": 500}, day) == "green") == holds


def test_a_month_well_spent_keeps_its_tier_to_the_end_of_the_year() -> None:
    compiled = tiers('window = "calendar_month"\nuntil = "year_end"')
    assert tier(compiled, {"green:2026-02": 500}, date(2026, 12, 31)) == "green"
    assert tier(compiled, {"green:2026-02": 499}, date(2026, 12, 31)) == ""
    assert tier(compiled, {"green:2026-02": 500}, date(2026, 2, 1)) == "green"


def test_a_tier_that_is_never_lost_holds_years_later_but_not_before_it_was_reached() -> None:
    compiled = tiers('window = "calendar_year"\ndowngrade = "never"')
    assert tier(compiled, {"gold:2024": 3000, "green:2024": 3000}) == "gold"
    assert tier(compiled, {"gold:2027": 3000, "green:2027": 3000}) == ""


THREE = "green=5 gold=30 black=100"


@pytest.mark.parametrize(
    ("window", "key", "day", "expected"),
    [
        ("calendar_year", "2024", date(2024, 12, 31), "black"),
        ("calendar_year", "2024", date(2025, 6, 1), "gold"),
        ("calendar_year", "2024", date(2026, 6, 1), "green"),
        ("calendar_year", "2024", date(2027, 6, 1), ""),
        ("calendar_month", "2026-09", date(2026, 10, 31), "gold"),
        ("calendar_month", "2026-09", date(2026, 11, 1), "green"),
        ("calendar_month", "2026-09", date(2026, 12, 1), ""),
    ],
)
def test_who_loses_a_tier_steps_down_one_at_a_time(window: str, key: str, day: date, expected: str) -> None:
    compiled = tiers(f'window = "{window}"\ndowngrade = "one_step"', levels=THREE)
    measures = dict.fromkeys((f"green:{key}", f"gold:{key}", f"black:{key}"), 10_000)
    assert tier(compiled, measures, day) == expected


def test_a_better_year_lifts_who_is_stepping_down() -> None:
    compiled = tiers('window = "calendar_year"\ndowngrade = "one_step"', levels=THREE)
    measures = dict.fromkeys(("green:2023", "gold:2023", "black:2023"), 10_000)
    measures |= dict.fromkeys(("green:2025", "gold:2025"), 3000)
    assert [tier(compiled, measures, date(year, 6, 1)) for year in (2024, 2025, 2026, 2027)] == [
        "gold", "gold", "green", "",
    ]  # fmt: skip


def test_a_lifetimes_sum_is_known_for_today_only() -> None:
    text = HEAD + '[tier.green]\nmeasure = "spend"\nat_least = "5"\n'
    text += (
        '[tier.gold]\nmeasure = "spend"\nat_least = "30"\nwindow = "calendar_year"\ndowngrade = "one_step"\n'
    )
    compiled = compile_programme(load_programme(text.encode(), name="x.toml"))
    assert tier(compiled, {"gold:2025": 3000, "green": 3000}) == "green"
    assert tier(compiled, {"gold:2025": 3000, "green": 0}) == "green"
    assert tier(compiled, {"gold:2024": 3000, "green": 0}) == ""


def test_what_head_office_grants_counts_if_it_is_the_higher_one() -> None:
    compiled = tiers("")
    assert tier(compiled, {"green": 500}, granted="gold") == "gold"
    assert tier(compiled, {"gold": 3000, "green": 3000}, granted="green") == "gold"
    assert tier(compiled, {}, granted="friend-of-the-house") == "friend-of-the-house"
    assert tier(compiled, {"green": 500}, granted="friend-of-the-house") == "green"
    nothing = compile_programme(load_programme(HEAD.encode(), name="x.toml"))
    assert tier(nothing, {}, granted="gold") == "gold"


TIERS = '[tier.{name}]\nmeasure = "{measure}"\nat_least = "{least}"\n{more}\n'
WIFI = '[rule.wifi]\nwhen = { tier_at_least = "green" }\ngive = { benefit = "wifi" }\n'


@pytest.mark.parametrize(
    ("measure", "more", "amount", "parts"),
    [
        ("spend", "", 1500, [(1, 1000), (2, 500)]),
        ("spend", 'scope = { groups = ["a"] }', 1000, [(1, 1000)]),
        ("units", "", 2355, [(1, 2000), (2, 355)]),
        ("receipts", "", 1, []),
        ("receipts", 'scope = { groups = ["none"] }', 0, []),
        ("earned:p", "", 16, [(1, 10), (2, 5)]),
        ("earned:p", 'scope = { groups = ["b"] }', 5, [(2, 5)]),
    ],
)
def test_a_receipt_adds_to_each_measure_in_its_own_units(
    measure: str, more: str, amount: int, parts: list[tuple[int, int]]
) -> None:
    rules = TIERS.format(name="green", measure=measure, least="1000", more=more)
    rules += '[rule.a]\nearn = { points = "1" }\n[rule.b]\nearn = { per = "receipt", points = "1" }\n'
    lines = Line(1, "x", 1000, "a", quantity="2"), Line(2, "y", 500, "b", quantity="0.355")
    assert quote(rules, *lines).measured == ([Measured("green", amount, parts)] if amount else [])
    assert quote(rules, *lines, member=None).measured == []


def test_a_friend_is_counted_where_somebody_was_brought() -> None:
    rules = TIERS.format(name="green", measure="friends", least="1", more="")
    answer = quote(rules, event="referral")
    assert answer.measured == [Measured("green", 1)]
    assert answer.tier == TierMove("", "green")
    assert quote(rules, event="birthday").measured == []


@pytest.mark.parametrize(("takes_effect", "gives"), [("next_receipt", []), ("this_receipt", ["wifi"])])
def test_a_tier_takes_effect_when_its_word_says(takes_effect: str, gives: list[str]) -> None:
    more = f'takes_effect = "{takes_effect}"'
    answer = quote(
        TIERS.format(name="green", measure="spend", least="5", more=more) + WIFI, Line(1, "x", 500)
    )
    assert answer.tier == TierMove("", "green")
    assert [one.name for one in answer.gives] == gives


def test_stored_value_that_is_sold_is_no_spend() -> None:
    rules = TIERS.format(name="green", measure="spend", least="5", more="")
    answer = quote(rules, Line(1, "x", 500, tags=["stored-value"]), Line(2, "y", 200))
    assert answer.measured == [Measured("green", 200, [(2, 200)])]


def test_the_period_before_the_first_of_a_year_is_the_year_before() -> None:
    assert Window("x", "calendar_year").period_before(date(2026, 1, 1)) == date(2025, 12, 31)
    assert Window("x", "calendar_month").period_before(date(2026, 1, 31)) == date(2025, 12, 31)
