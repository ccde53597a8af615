"""The programme's own words to the cashier."""

from agent.loyalty.basket import Line
from agent.loyalty.explain import prompt_sentence
from agent.loyalty.member import MemberFacts
from tests.loyalty.desk import AT, compiled, quote

TABLES = """[prompt.tea]
say = { en = "Tea is fresh today", fi = "Tuoretta teetä" }
scope = { groups = ["cups"] }
[prompt.gold]
priority = 5
say = { en = "Gold members taste first" }
when = { segment = "gold" }
[rule.more]
stage = "receipt"
when = { amount = { at_least = "20.00" } }
take_off = { percent = "10" }
"""
CUPS = Line(1, "cup", 1500, "cups")


def test_what_holds_is_said_after_what_is_worth_money_by_priority() -> None:
    member = MemberFacts("m", segments=["gold"])
    answer = quote(TABLES, CUPS, member=member)
    assert [one.code for one in answer.prompts] == ["missing_amount", "say", "say"]
    programme = compiled(TABLES).programme
    said = [prompt_sentence(one, programme, "fi") for one in answer.prompts[1:]]
    assert said == ["Gold members taste first", "Tuoretta teetä"]


def test_what_does_not_hold_is_not_said() -> None:
    assert [one.code for one in quote(TABLES, Line(1, "a", 2500)).prompts] == []
    over = quote(TABLES, CUPS, currency="USD", at=AT)
    assert over.prompts == []
