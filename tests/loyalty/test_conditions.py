"""When a rule speaks, and the one reason it gives when it does not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberEvent, MemberFacts, Voucher
from agent.loyalty.read import load_programme
from tests.loyalty.desk import AT, HEAD, MEMBER, codes, quote

A, B = Line(1, "a", 1000, "g", ["t"], "brand"), Line(2, "b", 2000, "h", quantity="3")
GOLD = MemberFacts("m", tier="gold", segments=["loyal"])


def said(when: str, *, member: MemberFacts | None = MEMBER, at: datetime = AT, **basket: Any) -> str:
    rule = f'[rule.a]\nwhen = {{ {when} }}\ntake_off = {{ percent = "10" }}\n'
    return codes(quote(rule, A, B, member=member, at=at, **basket))[0]


@pytest.mark.parametrize(
    ("when", "member", "code"),
    [
        ("identified = true", None, "not_identified"),
        ("identified = false", None, "applied"),
        ("card_shown = true", MEMBER, "applied"),
        ("card_shown = true", MemberFacts("m", card_shown=False), "card_not_shown"),
        ('tier = ["silver", "gold"]', GOLD, "applied"),
        ('tier = "silver"', GOLD, "wrong_tier"),
        ('tier = "silver"', None, "not_identified"),
        ('segment = "loyal"', GOLD, "applied"),
        ('segment = "churned"', GOLD, "wrong_segment"),
        ('not = { segment = "loyal" }', GOLD, "missing"),
        ('not = { segment = "churned" }', GOLD, "applied"),
    ],
)
def test_a_rule_may_ask_who_the_customer_is(when: str, member: MemberFacts | None, code: str) -> None:
    assert said(when, member=member) == code


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ('days = ["tue"]', "applied"),
        ('days = ["wed"]', "not_in_period"),
        ('hours = "17:00-18:00"', "applied"),
        ('hours = "16:00-17:00"', "not_in_period"),
        ('hours = ["08:00-09:00", "22:00-17:30"]', "applied"),
        ('hours = "00:00-24:00"', "applied"),
        ("from = 2026-11-24", "applied"),
        ("until = 2026-11-24", "not_in_period"),
        ('channel = "app"', "missing"),
        ('code = ["X", "Y"]', "missing"),
        ('has = { groups = ["g"] }', "applied"),
        ('has = { not_groups = ["g", "h"] }', "nothing_in_scope"),
        ('amount = { at_least = "30.00" }', "applied"),
        ('amount = { at_least = "30.01" }', "missing"),
        ('quantity = { at_least = "4" }', "applied"),
        ('quantity = { at_least = "5" }', "missing"),
    ],
)
def test_a_rule_may_ask_for_time_place_and_goods(when: str, code: str) -> None:
    assert said(when) == code


def test_a_day_begins_at_local_midnight() -> None:
    night = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)  # half past midnight in Helsinki
    assert said('days = ["wed"]', at=night) == "applied"
    assert said("from = 2026-11-25", at=night) == "applied"


def test_codes_and_channels_are_what_the_pos_names() -> None:
    assert said('code = "X"', instruments=["X"]) == "applied"
    assert said('channel = "app"', channel="app") == "applied"


def test_an_event_is_an_act_or_holds_for_a_member() -> None:
    assert said('event = "birthday"') == "missing"
    assert said('event = "birthday"', event="birthday") == "applied"
    week = MemberEvent("birthday", date(2026, 11, 20), date(2026, 11, 25))
    over = MemberEvent("birthday", date(2026, 11, 20), date(2026, 11, 24))
    assert said('event = "birthday"', member=MemberFacts("m", events=[week])) == "applied"
    assert said('event = "birthday"', member=MemberFacts("m", events=[over])) == "missing"


def test_missing_is_said_only_when_nothing_else_fails() -> None:
    both = 'code = "X", amount = { at_least = "50.00" }'
    assert said(both + ', days = ["wed"]') == "not_in_period"
    rule = f'[rule.a]\nwhen = {{ {both} }}\ntake_off = {{ percent = "10" }}\n'
    answer = quote(rule, A)
    assert answer.reasons[0].values == {"what": "condition"}
    assert answer.prompts == []


@pytest.mark.parametrize(
    ("scope", "taken"),
    [
        ('skus = ["a"]', [1]),
        ('not_skus = ["a"]', [2]),
        ('tags = ["t", "u"]', [1]),
        ('not_tags = ["t"]', [2]),
        ('brands = ["brand"]', [1]),
        ('not_brands = ["brand"], groups = ["g", "h"]', [2]),
        ('price_from = "6.67"', [1]),
        ('price_to = "6.67"', [2]),
        ("not_discounted = true", [1]),
    ],
)
def test_a_scope_is_a_set_of_lines(scope: str, taken: list[int]) -> None:
    lines = A, Line(2, "b", 2000, "h", quantity="3", pos_discount_minor=100)
    answer = quote(f'[rule.a]\nscope = {{ {scope} }}\ntake_off = {{ percent = "10" }}\n', *lines)
    assert [line.line for line in answer.lines if line.rebates] == taken


def test_not_discounted_reads_earlier_stages_only() -> None:
    rules = (
        '[rule.a]\nscope = { skus = ["a"] }\ntake_off = { percent = "10" }\n'
        '[rule.b]\nscope = { not_discounted = true }\ntake_off = { percent = "10" }\n'
        '[rule.c]\nstage = "receipt"\nscope = { not_discounted = true }\ntake_off = { amount = "1.00" }\n'
    )
    answer = quote(rules, A, Line(2, "b", 2000, pos_discount_minor=1))
    assert codes(answer) == ["applied", "applied", "nothing_in_scope"]


def test_a_voucher_of_hours_ends_at_its_instant() -> None:
    rules = '[voucher.v]\nlife = "PT2H"\ntake_off = { percent = "10" }\n'
    rules += '[rule.a]\nwhen = { voucher = "v" }\ntake_off = { amount = "1.00" }\n'
    held = MemberFacts("m", vouchers=[Voucher("v", "1", None, date(2026, 11, 24), AT + timedelta(hours=2))])
    alive = quote(rules, A, member=held, at=AT + timedelta(minutes=119))
    assert codes(alive) == ["applied", "applied"]
    gone = quote(rules, A, member=held, at=AT + timedelta(hours=2))
    assert codes(gone) == ["code_expired", "code_expired"]
    assert codes(quote(rules, A)) == ["missing", "missing"]


def test_a_programme_of_another_currency_gives_nothing() -> None:
    answer = quote('[rule.a]\ntake_off = { percent = "10" }\n', A, currency="USD")
    assert (answer.due_minor, answer.reasons[0].values) == (1000, {"currency": "EUR"})


@pytest.mark.parametrize(
    ("valid", "code"), [("from = 2026-11-24", "applied"), ("until = 2026-11-24", "not_in_period")]
)
def test_a_programme_lives_from_its_first_day_to_the_day_before_its_end(valid: str, code: str) -> None:
    head = HEAD.replace("[wallet.p]", f"valid = {{ {valid} }}\n[wallet.p]")
    rule = '[rule.a]\ntake_off = { percent = "10" }\n[voucher.v]\ntake_off = { percent = "10" }\n'
    compiled = compile_programme(load_programme((head + rule).encode(), name="x.toml"))
    answer = evaluate(compiled, MEMBER, Basket("r", AT, "s", "t", "EUR", [A]), AT)
    assert codes(answer)[0] == code
    assert len(answer.reasons) == 2


def test_one_of_several_whens_is_enough_and_the_first_says_what_is_missing() -> None:
    rule = '[rule.a]\nwhen = [{ code = "X" }, { days = ["tue"], channel = "app" }]\n'
    rule += 'take_off = { percent = "10" }\n'
    assert codes(quote(rule, A, channel="app")) == ["applied"]
    assert quote(rule, A).reasons[0].values == {"what": "code"}


def test_a_voucher_condition_needs_a_known_customer() -> None:
    rule = '[voucher.v]\ntake_off = { percent = "1" }\n'
    rule += '[rule.a]\nwhen = { voucher = "v" }\ntake_off = { percent = "1" }\n'
    assert codes(quote(rule, A, member=None)) == ["not_identified", "not_identified"]


def test_the_price_that_the_pos_names_counts_before_one_worked_out() -> None:
    rule = '[rule.a]\nscope = { price_from = "9.00" }\ntake_off = { percent = "10" }\n'
    lines = Line(1, "a", 1000, quantity="2", unit_price_minor=900), Line(2, "b", 1000, quantity="2")
    assert [len(line.rebates) for line in quote(rule, *lines).lines] == [1, 0]


def test_a_scope_of_thousands_of_articles_is_a_set() -> None:
    skus = ", ".join(f'"s{number}"' for number in range(3000))
    rule = f'[rule.a]\nscope = {{ skus = [{skus}] }}\ntake_off = {{ percent = "10" }}\n'
    answer = quote(rule, Line(1, "s2999", 1000), Line(2, "other", 1000))
    assert [line.amount_minor for line in answer.lines] == [900, 1000]
