"""The prompt for the next tier: said when as much again as this receipt adds would reach it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.explain import prompt_sentence
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote
from tests.loyalty.desk import MEMBER, compiled, quote

GOODS = Line(1, "a", 12000, "g", quantity="2.5")
YEAR = """[tier.gold]
name = { en = "Gold", ru = "Золотой", fi = "kulta" }
measure = "spend"
window = "calendar_year"
at_least = "500.00"
"""
TOP = '[tier.top]\nmeasure = "spend"\nwindow = "calendar_year"\nat_least = "600.00"\n'
EARN = '[rule.e]\nearn = { points = "1" }\n'


def near(answer: Quote) -> list[dict[str, Any]]:
    """Return the values of the prompts for a tier."""
    return [one.values for one in answer.prompts if one.code == "next_tier"]


def spent(amount: int, **words: Any) -> MemberFacts:
    """Return a member who spent so much this year."""
    return MemberFacts("m", measures={"gold:2026": amount, "top:2026": amount}, **words)


@pytest.mark.parametrize(
    ("before", "missing"), [(26000, [12000]), (25999, []), (37999, [1]), (38000, []), (50000, [])]
)
def test_a_tier_is_near_when_such_a_basket_again_would_reach_it(before: int, missing: list[int]) -> None:
    assert [one["amount_minor"] for one in near(quote(YEAR, GOODS, member=spent(before)))] == missing


def test_it_is_said_in_three_languages_with_the_time_that_is_left() -> None:
    prompts = quote(YEAR, GOODS, member=spent(26000)).prompts
    programme = compiled(YEAR).programme
    assert [prompt_sentence(prompts[0], programme, lang) for lang in ("en", "ru", "fi")] == [
        "120.00 more this year and you are Gold",
        "Ещё 120,00 в этом году, и ваш уровень: Золотой",
        "Vielä 120,00 tänä vuonna, niin tasosi on kulta",
    ]


@pytest.mark.parametrize(
    ("tier", "before", "said"),
    [
        (
            'measure = "receipts", window = "calendar_month", at_least = 5',
            {"t:2026-11": 3},
            "1 visit more this month",
        ),
        ('measure = "units", at_least = 6', {"t": 1000}, "3 units more"),
        ('measure = "earned:p", window = "P12M", at_least = 300', {"t:2026-01-02": 80}, "100 points more"),
        ('measure = "spend", over = "300.00"', {"t": 18000}, "0.01 more"),
        ('measure = "friends", at_least = 1', {}, ""),
    ],
)
def test_each_measure_is_counted_in_its_own_words(tier: str, before: dict[str, int], said: str) -> None:
    rules = f"[tier]\nt = {{ {tier} }}\n{EARN}"
    answer = quote(rules, GOODS, member=MemberFacts("m", measures=before))
    found = [prompt_sentence(one, compiled(rules).programme, "en") for one in answer.prompts]
    assert found == ([f"{said} and you are t"] if said else [])


def test_who_rises_with_this_receipt_hears_of_the_tier_above() -> None:
    rules = YEAR + TOP
    assert [one["tier"] for one in near(quote(rules, GOODS, member=spent(40000)))] == ["top"]
    assert [one["tier"] for one in near(quote(rules, GOODS, member=spent(40000, tier="gold")))] == ["top"]
    assert near(quote(rules, GOODS, member=spent(40000, tier="top"))) == []


def test_nothing_is_said_to_nobody_on_a_return_or_after_the_programme_is_over() -> None:
    assert near(quote(YEAR, GOODS, member=None)) == []
    assert near(quote(YEAR, Line(1, "a", -12000, "g"), member=spent(49000))) == []
    assert near(quote(YEAR, GOODS, member=MEMBER, currency="USD")) == []
    assert near(quote(EARN, GOODS)) == []
    other_year = datetime(2025, 11, 24, tzinfo=UTC)
    assert near(quote(YEAR, GOODS, member=spent(26000), at=other_year)) == []
