"""Gifts: vouchers, lots, benefits and tickets, counted, capped, bought with points, or not quite sure."""

from datetime import date

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.explain import sentence
from agent.loyalty.member import CountFacts, Lot, MemberFacts, WalletFacts
from tests.loyalty.desk import compiled, quote
from tests.loyalty.worked import reason

A, B = Line(1, "a", 1000, "g"), Line(2, "b", 2000, "h")
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("give", "kind", "name", "said"),
    [
        ("lot = { points = 21 }", "lot", "p", "given 21 points"),
        ('benefit = "fast-lane"', "benefit", "fast-lane", "given"),
        ('lottery = "spring"', "lottery", "spring", "given"),
        ('stored_value = "5.00", wallet = "gift"', "stored_value", "gift", "given 5.00"),
    ],
)
def test_a_gift_is_handed_out_and_named(give: str, kind: str, name: str, said: str) -> None:
    rules = f'[wallet.gift]\nkind = "stored_value"\n[rule.a]\nname = {{ en = "A" }}\ngive = {{ {give} }}\n'
    answer = quote(rules, A)
    assert [(one.kind, one.name, one.provisional) for one in answer.gives] == [(kind, name, False)]
    assert sentence(answer.reasons[0], compiled(rules).programme, "en") == f"A: {said}"


def test_a_gift_for_certain_goods_needs_them_in_the_basket() -> None:
    rule = '[rule.a]\nscope = { groups = ["g"] }\ngive = { lottery = "spring" }\n'
    assert reason(quote(rule, B), "a")[0] == "nothing_in_scope"
    assert len(quote(rule, A, B).gives) == 1
    assert reason(quote(rule, A, member=None), "a")[0] == "not_identified"


def test_a_count_within_the_receipt_gives_for_every_full_one_and_keeps_nothing() -> None:
    rule = '[rule.a]\ncount = { of = "units", in = "receipt", size = 3 }\ngive = { lottery = "spring" }\n'
    answer = quote(rule, Line(1, "a", 1000, quantity="7"))
    assert (len(answer.gives), answer.counts) == (2, [])
    capped = quote(rule + "max_per_receipt = 1\n", Line(1, "a", 1000, quantity="7"))
    assert len(capped.gives) == 1


def test_earned_points_can_be_counted_in_their_smallest_units_line_by_line() -> None:
    rules = '[wallet.q]\nscale = 1\n[rule.e]\nearn = { wallet = "q", points = "1" }\n[rule.visit]\n'
    rules += 'earn = { wallet = "q", points = "1", per = "receipt" }\n[rule.a]\n'
    rules += 'count = { of = "earned:q", size = 10 }\ngive = { lottery = "spring" }\n'
    counted = quote(rules, A, B).counts[0]
    assert (counted.units, counted.rewards, counted.size) == (310, 3, 100)
    assert counted.lines == [(1, 100), (2, 200)]
    scoped = rules.replace("[rule.a]\n", '[rule.a]\nscope = { groups = ["g"] }\n')
    assert quote(scoped, A, B).counts[0].units == 100


def test_units_of_weighed_goods_are_counted_whole_over_the_lines() -> None:
    rule = '[rule.a]\ncount = { of = "units", size = 9 }\ngive = { lottery = "spring" }\n'
    lines = Line(1, "a", 100, quantity="0.6"), Line(2, "b", 100, quantity="1.6")
    counted = quote(rule, *lines).counts[0]
    assert (counted.units, counted.lines) == (2, [(1, 1), (2, 1)])


@pytest.mark.parametrize(
    ("cap", "counts", "code"),
    [
        ("max_per_day = 2", CountFacts(0, TODAY, 2, 2), "cap_reached"),
        ("max_per_day = 2", CountFacts(0, date(2026, 11, 23), 2, 2), "applied"),
        ("max_per_member = 3", CountFacts(0, TODAY, 0, 3), "cap_reached"),
        ("max_per_member = 3", CountFacts(0, TODAY, 0, 2), "applied"),
    ],
)
@pytest.mark.parametrize("verb", ['give = { lottery = "x" }', 'take_off = { percent = "10" }'])
def test_a_rule_serves_a_member_so_often(cap: str, counts: CountFacts, code: str, verb: str) -> None:
    answer = quote(f"[rule.a]\n{cap}\n{verb}\n", A, member=MemberFacts("m", counts={"a": counts}))
    assert reason(answer, "a")[0] == code
    assert [one.rule for one in answer.counts] == (["a"] if code == "applied" else [])


def test_what_all_members_share_is_given_while_the_slice_of_the_till_lasts() -> None:
    rule = "[rule.a]\nmax_total = 20\n{}\n"
    for verb in ('give = { lottery = "x" }', 'take_off = { percent = "10" }'):
        left = {name: CountFacts(left) for name, left in (("total:a", 1),)}
        some = quote(rule.format(verb), A, member=MemberFacts("m", counts=left))
        assert (reason(some, "a")[0], [one.provisional for one in some.gives]) in [
            ("applied", [False]),
            ("applied", []),
        ]
        none = quote(rule.format(verb), A, member=MemberFacts("m", counts={"total:a": CountFacts()}))
        assert reason(none, "a") == ("cap_reached", {"max_total": 20})


def test_without_a_slice_a_gift_waits_for_head_office_and_a_discount_is_not_given() -> None:
    gift = quote('[rule.a]\nmax_total = 20\ngive = { lottery = "x" }\n', A)
    assert [one.provisional for one in gift.gives] == [True]
    off = '[rule.a]\nmax_total = 20\ntake_off = { percent = "10" }\n'
    assert reason(quote(off, A), "a") == ("offline_limit", {})
    assert reason(quote(off, A, member=None), "a")[0] == "not_identified"


def test_rewards_of_a_count_are_capped_by_member_and_slice() -> None:
    rule = '[rule.a]\ncount = { of = "units", size = 2 }\nmax_per_member = 5\nmax_total = 9\n'
    rule += 'give = { lottery = "x" }\n'
    many = Line(1, "a", 1000, quantity="20")
    facts = MemberFacts("m", counts={"a": CountFacts(0, TODAY, 0, 4), "total:a": CountFacts(9)})
    assert len(quote(rule, many, member=facts).gives) == 3
    facts = MemberFacts("m", counts={"total:a": CountFacts(1)})
    assert len(quote(rule, many, member=facts).gives) == 1


def test_a_gift_for_points_waits_until_they_are_there_and_not_spent() -> None:
    rules = '[wallet.gift]\nkind = "stored_value"\n[wallet.q]\nvalue = "0.01"\n'
    rules += '[rule.pay]\npay = { wallet = "q" }\n'
    rules += '[rule.a]\ngive = { stored_value = "5.00", wallet = "gift", cost = 100, cost_wallet = "q" }\n'
    member = MemberFacts("m", wallets={"q": WalletFacts([Lot("l", 150)])})
    assert [one.points for one in quote(rules, A, member=member).spent] == [100]
    spent = quote(rules, A, member=member, redeem={"q": 60})
    assert (spent.gives, reason(spent, "a")[1]["points"]) == ([], 10)


def test_a_daily_guard_keeps_back_units_of_the_lines() -> None:
    rule = '[rule.a]\ncount = { of = "units", size = 9, guard_per_day = 2 }\ngive = { lottery = "x" }\n'
    counted = quote(rule, A, Line(2, "b", 100, quantity="3")).counts[0]
    assert (counted.units, counted.lines) == (2, [(1, 1), (2, 1)])
    assert reason(quote(rule, member=MemberFacts("m"), event="x"), "a")[0] == "nothing_in_scope"
