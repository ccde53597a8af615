"""What came before: goods bought, steps taken, visits counted; and luck, age and choice."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from agent.loyalty.basket import Basket, Line
from agent.loyalty.evaluate import evaluate
from agent.loyalty.explain import LANGUAGES, sentence
from agent.loyalty.member import CountFacts, MemberFacts
from tests.loyalty.book import Book
from tests.loyalty.desk import AT, MEMBER, codes, compiled, quote
from tests.loyalty.worked import reason

TEA, CUP = Line(1, "tea", 1000, "tea"), Line(2, "cup", 500, "cup")


def rule(when: str) -> str:
    return f'[rule.a]\nwhen = {{ {when} }}\ntake_off = {{ percent = "10" }}\n'


@pytest.mark.parametrize(
    ("when", "days", "code"),
    [
        ("bought", ["2026-10-25"], "applied"),
        ("bought", ["2026-10-24"], "missing"),
        ("bought", ["no day"], "missing"),
        ("bought", ["1 day"], "missing"),
        ("bought", [], "missing"),
        ("not_bought", ["2026-10-24"], "applied"),
        ("not_bought", ["2026-10-24", "2026-11-24"], "missing"),
    ],
)
def test_goods_bought_within_so_many_days_count(when: str, days: list[str], code: str) -> None:
    text = rule(f'{when} = {{ scope = {{ groups = ["tea"] }}, within = "P30D" }}')
    facts = MemberFacts("m", history={"a": days})
    assert codes(quote(text, CUP, member=facts)) == [code]


def test_without_a_limit_anything_ever_bought_counts_and_nobody_bought_anything_unknown() -> None:
    text = rule('bought = { scope = { groups = ["tea"] } }')
    assert codes(quote(text, CUP, member=MemberFacts("m", history={"a": ["2001-01-01"]}))) == ["applied"]
    assert codes(quote(text, CUP, member=None)) == ["not_identified"]


def test_a_receipt_notes_the_day_for_the_rules_that_ask() -> None:
    both = 'bought = { scope = { groups = ["tea"] } }, not_bought = { scope = { groups = ["cup"] } }'
    assert [(one.rule, one.value) for one in quote(rule(both), TEA, CUP).noted] == [
        ("a", "2026-11-24"),
        ("a!not", "2026-11-24"),
    ]
    assert [one.rule for one in quote(rule(f"not = {{ {both} }}"), CUP).noted] == ["a!not"]
    assert quote(rule(both), TEA, member=None).noted == []
    said = '[prompt.p]\nsay = { en = "Cups?" }\nwhen = { bought = { scope = { groups = ["tea"] } } }\n'
    assert [one.rule for one in quote(said, TEA).noted] == ["prompt.p"]


def test_a_sequence_is_one_step_a_receipt_in_its_order_and_starts_again() -> None:
    book = Book(compiled(rule('sequence = [{ groups = ["tea"] }, { groups = ["cup"] }]')))
    sale = Basket("r", AT, "s", "t", "EUR", [TEA, CUP])
    only_cup = Basket("r", AT, "s", "t", "EUR", [CUP])
    said = [codes(book.buy(one, AT))[0] for one in (only_cup, sale, sale, only_cup, sale, only_cup)]
    assert said == ["missing", "missing", "applied", "missing", "missing", "applied"]
    assert book.facts.history["a"] == ["0", "1", "0", "1"]
    first = quote(rule('sequence = [{ groups = ["tea"] }, { groups = ["cup"] }]'), CUP)
    assert reason(first, "a")[1] == {"what": "sequence", "step": 0, "of": 2}
    odd = MemberFacts("m", history={"a": ["odd"]})
    again = quote(rule('sequence = [{ groups = ["tea"] }, { groups = ["cup"] }]'), TEA, member=odd)
    assert reason(again, "a")[1]["step"] == 1


def test_every_third_receipt_on_which_the_rest_holds_is_the_nth() -> None:
    text = rule('nth = 3, channel = "app"')
    book = Book(compiled(text))
    app = Basket("r", AT, "s", "t", "EUR", [TEA], channel="app")
    shop = Basket("r", AT, "s", "t", "EUR", [TEA])
    said = [codes(book.buy(one, AT))[0] for one in (app, shop, app, app, app, app, app)]
    assert said == ["missing", "missing", "missing", "applied", "missing", "missing", "applied"]
    assert (book.facts.counts["a"].position, book.facts.counts["a"].lifetime) == (0, 6)
    assert reason(quote(text, TEA, channel="app"), "a")[1] == {"what": "visits", "visits": 2}
    assert reason(quote(text, channel="app", event="weighed"), "a")[0] == "nothing_in_scope"
    assert quote(text, TEA, channel="app", member=None).counts == []


def drawn(text: str, numbers: Iterable[int]) -> list[int]:
    programme, sale = compiled(text), Basket("r", AT, "s", "t", "EUR", [TEA])
    return [one for one in numbers if codes(evaluate(programme, MEMBER, sale, AT, draw=one)) == ["applied"]]


def test_a_draw_is_the_same_everywhere_and_hits_one_in_so_many() -> None:
    text = rule("draw = { one_in = 4 }")
    numbers = range(1, 101)
    hits = drawn(text, numbers)
    assert 15 <= len(hits) <= 35
    assert drawn(text, [number + 2**64 for number in numbers]) == [number + 2**64 for number in hits]
    assert reason(quote(text, TEA), "a") == ("missing", {"what": "draw"})
    other = text.replace("rule.a", "rule.b")
    assert hits != drawn(other, numbers)


@pytest.mark.parametrize(
    ("when", "member", "code"),
    [
        ('choice = ["miles", "points"]', MemberFacts("m", choices=["points"]), "applied"),
        ('choice = "miles"', MemberFacts("m", choices=["points"]), "missing"),
        ("age_at_least = 18", MemberFacts("m", of_age_from={"18": date(2026, 11, 24)}), "applied"),
        ("age_at_least = 18", MemberFacts("m", of_age_from={"18": date(2026, 11, 25)}), "missing"),
        ("age_at_least = 18", MEMBER, "missing"),
    ],
)
def test_a_rule_may_ask_for_choice_and_age(when: str, member: MemberFacts, code: str) -> None:
    assert codes(quote(rule(when), TEA, member=member)) == [code]


def test_tiers_are_asked_by_name_or_by_rank() -> None:
    tiers = '[tier]\ngreen = { measure = "receipts", at_least = 5 }\n'
    tiers += 'gold = { measure = "receipts", at_least = 30 }\n'
    asked = {"green": 'tier = "green"', "up": 'tier_at_least = "green"'}
    for visits, held in ((4, []), (5, ["green", "up"]), (30, ["up"])):
        facts = MemberFacts("m", measures={"green": visits, "gold": visits})
        met = [
            name
            for name, when in asked.items()
            if codes(quote(tiers + rule(when), TEA, member=facts)) == ["applied"]
        ]
        assert met == held
    assert reason(quote(tiers + rule(asked["up"]), TEA), "a") == ("wrong_tier", {"tier": ""})


def test_paying_with_a_wallet_is_a_wish_until_it_is_refused() -> None:
    text = '[wallet.q]\nvalue = "0.01"\n' + rule('pays = ["q"]')
    assert codes(quote(text, TEA, redeem={"q": "max"})) == ["applied"]
    assert codes(quote(text, TEA, redeem={"q": 0})) == ["missing"]
    assert codes(quote(text, TEA, redeem={"p": 5})) == ["missing"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_missing_is_a_sentence_in_each_language(lang: str) -> None:
    whens = [
        'bought = { scope = { groups = ["x"] } }',
        'not = { choice = "no" }, sequence = [{ groups = ["x"] }, { groups = ["y"] }]',
        "nth = 9",
        "draw = { one_in = 2 }",
        'choice = "x"',
        "age_at_least = 99",
        'pays = "p"',
    ]
    said = set()
    for when in whens:
        answer = quote(rule(when), TEA)
        said.add(sentence(answer.reasons[0], compiled(rule(when)).programme, lang))
    seen = quote(
        rule('not_bought = { scope = { groups = ["tea"] } }'),
        TEA,
        member=MemberFacts("m", history={"a": ["2026-01-01"]}),
    )
    said.add(sentence(seen.reasons[0], compiled(rule("nth = 2")).programme, lang))
    assert len(said) == len(whens) + 1
    assert all("{" not in one for one in said)


def test_a_visit_counted_today_still_counts_tomorrow() -> None:
    facts = MemberFacts("m", counts={"a": CountFacts(2, (AT - timedelta(days=1)).date(), 1, 2)})
    assert codes(quote(rule("nth = 3"), TEA, member=facts)) == ["applied"]
