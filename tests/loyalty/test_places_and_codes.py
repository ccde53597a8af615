"""Where a sale is made and how it is paid, codes that end or were used, and how each is said."""

from datetime import date
from typing import Any

import pytest

from agent.loyalty.basket import Line, Tender
from agent.loyalty.compile import compile_programme
from agent.loyalty.explain import LANGUAGES, sentence
from agent.loyalty.language.read import load_programme
from agent.loyalty.member import CountFacts, MemberFacts
from agent.loyalty.quote import Reason
from agent.loyalty.texts.phrases import MISSING, PHRASES
from tests.loyalty.desk import HEAD, MEMBER, codes, quote

TABLES = """[partner.cinema]
stores = ["c1", "s"]
[partner.baths]
stores = ["b1"]
[shop_tag.pilot]
stores = ["s", "s2"]
[shop_tag.other]
stores = ["s3"]
"""
GOODS = Line(1, "a", 1000)


def answer(when: str, *, member: MemberFacts | None = MEMBER, **basket: Any) -> Reason:
    rule = f'[rule.a]\nwhen = {{ {when} }}\ntake_off = {{ percent = "10" }}\n'
    return quote(TABLES + rule, GOODS, member=member, **basket).reasons[0]


@pytest.mark.parametrize(
    ("when", "lacking"),
    [
        ('partner = "cinema"', None),
        ('partner = ["baths", "cinema"]', None),
        ('partner = "baths"', "partner"),
        ('shop_tag = "pilot"', None),
        ('shop_tag = ["other"]', "shop"),
        ('tender = "partner-card"', None),
        ('tender = ["cash", "gold"]', None),
        ('tender = "cash"', "tender"),
        ('instrument = "app"', None),
        ('instrument = ["plastic"]', "instrument"),
        ('channel = ["app", "web"]', None),
        ('channel = "phone"', "channel"),
    ],
)
def test_a_rule_may_ask_for_shop_tender_and_instrument(when: str, lacking: str | None) -> None:
    said = answer(
        when,
        member=MemberFacts("m", instrument="app"),
        planned_tenders=[Tender("gold", 500), Tender("card", 500, "partner-card")],
        channel="web",
    )
    assert (said.code, said.values.get("what")) == ("missing" if lacking else "applied", lacking)


def test_what_is_shown_needs_a_known_customer() -> None:
    assert answer('instrument = "app"', member=None).code == "not_identified"


def test_a_code_shown_too_late_has_expired_and_another_day_is_only_the_wrong_time() -> None:
    when = 'code = "X", until = 2026-11-24'
    assert answer(when, instruments=["X"]) == Reason("a", "code_expired", {"day": "2026-11-23"})
    assert answer(when).code == "not_in_period"
    assert answer('code = "X", until = 2026-11-25', instruments=["X"]).code == "applied"


def test_a_code_for_one_use_says_that_it_was_used() -> None:
    rule = '[rule.a]\nmax_per_member = 1\nwhen = { code = "X" }\ntake_off = { percent = "10" }\n'
    first = quote(rule, GOODS, instruments=["X"])
    assert (codes(first), [(one.rule, one.units) for one in first.counts]) == (["applied"], [("a", 1)])
    used = MemberFacts("m", counts={"a": CountFacts(1, date(2026, 11, 1), 1, 1)})
    assert codes(quote(rule, GOODS, member=used, instruments=["X"])) == ["code_used"]
    plain = rule.replace('when = { code = "X" }\n', "")
    assert codes(quote(plain, GOODS, member=used)) == ["cap_reached"]


def test_every_language_says_the_same_things() -> None:
    for table in (MISSING, PHRASES):
        assert {lang: set(table[lang]) for lang in LANGUAGES} == {
            lang: set(table["en"]) for lang in LANGUAGES
        }


@pytest.mark.parametrize(
    ("lang", "sentences"),
    [
        ("en", ["a: the free article is not in the basket: 1 unit", "a: 2 units missing"]),
        ("ru", ["a: бесплатного товара нет в корзине: 1 штука", "a: не хватает 2 штук"]),
        ("fi", ["a: ilmaista tuotetta ei ole korissa: 1 kappale", "a: puuttuu 2 kappaletta"]),
    ],
)
def test_what_a_bundle_lacks_is_said_with_its_plural(lang: str, sentences: list[str]) -> None:
    rules = '[rule.a]\ngive = { free = "mug" }\n', "[rule.a]\ntake_off = { cheapest_free = 1, units = 3 }\n"
    programmes = [
        compile_programme(load_programme((HEAD + one).encode(), name="x.toml")).programme for one in rules
    ]
    reasons = [quote(one, GOODS).reasons[0] for one in rules]
    said = [sentence(why, programme, lang) for why, programme in zip(reasons, programmes, strict=True)]
    assert said == sentences


@pytest.mark.parametrize(("least", "prompts"), [("20.00", 1), ("20.01", 0)])
def test_nobody_is_asked_to_buy_more_than_as_much_again(least: str, prompts: int) -> None:
    rule = f'[rule.a]\nwhen = {{ amount = {{ at_least = "{least}" }} }}\ntake_off = {{ percent = "10" }}\n'
    assert len(quote(rule, GOODS).prompts) == prompts
    bundle = "[rule.a]\ntake_off = { cheapest_free = 1, units = 4 }\n"
    assert quote(bundle, GOODS).prompts == []
    assert len(quote(bundle, GOODS, Line(2, "b", 100)).prompts) == 1
