"""Reasons as people read them."""

import pytest

from agent.loyalty.basket import Basket, Line
from agent.loyalty.explain import sentence
from agent.loyalty.member import MemberFacts, Voucher
from tests.loyalty.desk import AT, compiled, quote

CODES = """[group.codes]
mode = "best"
[voucher.five]
name = { en = "code 5%", ru = "код 5 %", fi = "5 %:n koodi" }
group = "codes"
take_off = { percent = "5" }
[voucher.ten]
name = { en = "code 10%", ru = "код 10 %", fi = "10 %:n koodi" }
group = "codes"
take_off = { percent = "10" }
[rule.first]
name = { en = "First", ru = "Первое", fi = "Ensin" }
exclusive = true
earn = { points = "1", max = "3" }
[rule.other]
name = { en = "Other", ru = "Другое", fi = "Toinen" }
earn = { points = "1" }
"""
GOODS = Line(1, "a", 1234_00)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            [
                "First: +3 points",
                "Other: not used: First gives more",
                "code 5%: not used: code 10% saves 61.70 more",
            ],
        ),
        (
            "ru",
            [
                "Первое: +3 балла",
                "Другое: не применено: Первое выгоднее",
                "код 5 %: не применено: код 10 % выгоднее на 61,70",
            ],
        ),
        (
            "fi",
            [
                "Ensin: +3 pistettä",
                "Toinen: ei käytetty: Ensin antaa enemmän",
                "5 %:n koodi: ei käytetty: 10 %:n koodi säästää 61,70 enemmän",
            ],
        ),
        (
            "xx",
            [
                "First: +3 points",
                "Other: not used: First gives more",
                "code 5%: not used: code 10% saves 61.70 more",
            ],
        ),
    ],
)
def test_who_lost_says_to_whom_and_by_how_much(lang: str, said: list[str]) -> None:
    member = MemberFacts("m", vouchers=[Voucher("five", "a"), Voucher("ten", "b")])
    answer = quote(CODES, GOODS, member=member)
    programme = compiled(CODES).programme
    assert [sentence(one, programme, lang) for one in answer.reasons[:3]] == said


def test_another_currency_and_a_voucher_given_are_named() -> None:
    rules = '[voucher.v]\nname = { en = "Free tea" }\ntake_off = { percent = "100" }\n'
    rules += '[rule.a]\nname = { en = "A" }\ngive = { voucher = "v" }\n'
    programme = compiled(rules).programme
    assert sentence(quote(rules, GOODS).reasons[0], programme, "en") == "A: given Free tea"
    abroad = quote(rules, GOODS, currency="USD").reasons[0]
    assert sentence(abroad, programme, "en") == "A: it holds in EUR"
    assert sentence(abroad, programme, "fi") == "A: voimassa valuutassa EUR"


def test_an_expired_code_tells_its_day() -> None:
    old = MemberFacts("m", vouchers=[Voucher("five", "a", None, AT.date().replace(month=3, day=16))])
    answer = quote(CODES, GOODS, member=old)
    assert sentence(answer.reasons[2], compiled(CODES).programme, "ru") == "код 5 %: срок истёк 16 марта"


def test_two_lines_of_one_number_are_no_basket() -> None:
    with pytest.raises(ValueError, match="same number"):
        Basket("r", AT, "s", "t", "EUR", [GOODS, GOODS])
