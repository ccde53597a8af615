"""Reasons as people read them."""

from datetime import date

import pytest

from agent.loyalty.basket import Basket, Line
from agent.loyalty.explain import sentence
from agent.loyalty.member import Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.quote import Quote
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


PAY = '[wallet.p.forms]\nen = ["mile", "miles"]\nru = ["миля", "мили", "миль"]\nfi = ["maili", "mailia"]\n'
PAY += '[rule.a]\nname = { en = "A", ru = "A", fi = "A" }\npay = { min_balance = 5 }\n'


def told(answer: Quote, text: str) -> list[str]:
    programme = compiled(text).programme
    return [sentence(answer.reasons[0], programme, lang) for lang in ("en", "ru", "fi")]


def holding(*lots: Lot) -> MemberFacts:
    return MemberFacts("m", wallets={"p": WalletFacts(list(lots))})


@pytest.mark.parametrize(
    ("lots", "said"),
    [
        (
            [Lot("l", 21)],
            ["A: 0.21 paid with 21 miles", "A: оплачено 0,21 (21 миля)", "A: maksettu 0,21 (21 mailia)"],
        ),
        ([Lot("l", 4)], ["A: 1 mile missing", "A: не хватает 1 мили", "A: puuttuu 1 maili"]),
        ([Lot("l", 2)], ["A: 3 miles missing", "A: не хватает 3 миль", "A: puuttuu 3 mailia"]),
        (
            [Lot("l", 2), Lot("soon", 1, date(2026, 11, 25)), Lot("later", 3, date(2026, 11, 26))],
            [
                "A: 4 miles usable in 2 days",
                "A: через 2 дня станет доступно: 4 мили",
                "A: 2 päivän kuluttua käytettävissä 4 mailia",
            ],
        ),
        (
            [Lot("l", 4), Lot("soon", 1, date(2026, 11, 25))],
            [
                "A: 1 mile usable in 1 day",
                "A: через 1 день станет доступно: 1 миля",
                "A: 1 päivän kuluttua käytettävissä 1 maili",
            ],
        ),
        (
            [Lot("l", 2), Lot("later", 2, date(2026, 11, 26))],
            ["A: 3 miles missing", "A: не хватает 3 миль", "A: puuttuu 3 mailia"],
        ),
    ],
)
def test_what_paid_and_what_is_missing_in_the_right_form(lots: list[Lot], said: list[str]) -> None:
    text = 'value = "0.01"\n' + PAY
    answer = quote(text, GOODS, member=holding(*lots), redeem={"p": "max"})
    assert told(answer, text) == said


EARN = 'earn = { points = "0.1", every = "1234" }'


def test_points_in_parts_are_parts_of_one() -> None:
    text = "scale = 1\n" + PAY.replace(
        "pay = { min_balance = 5 }", 'earn = { points = "0.1", every = "1234" }'
    )
    assert told(quote(text, GOODS), text) == ["A: +0.1 miles", "A: +0,1 мили", "A: +0,1 mailia"]


@pytest.mark.parametrize(("age", "said"), [(16, "от 16 лет"), (21, "от 21 года")])
def test_an_age_is_so_many_years(age: int, said: str) -> None:
    text = f'[rule.a]\nname = {{ en = "A" }}\nwhen = {{ age_at_least = {age} }}\nearn = {{ points = "1" }}\n'
    assert told(quote(text, GOODS), text)[:2] == [f"A: from the age of {age}", f"A: возраст {said}"]


NIGHTS = '[rule.a]\nname = { en = "A" }\npay = { catalogue = { N = 100 }, all_or_nothing = false }\n'


@pytest.mark.parametrize(
    ("whole", "points", "said"),
    [
        (True, 150, "A: 150 points missing"),
        (True, 300, "A: not asked for; 300 points could pay"),
        (False, 99, "A: 1 point missing"),
        (False, 250, "A: not asked for; 200 points could pay"),
    ],
)
def test_the_catalogue_tells_who_did_not_ask_what_they_lack_or_could_pay(
    whole: bool, points: int, said: str
) -> None:
    text = NIGHTS.replace(", all_or_nothing = false", "") if whole else NIGHTS
    answer = quote(text, Line(1, "N", 30_000, quantity="3"), member=holding(Lot("l", points)))
    assert told(answer, text)[0] == said
    assert answer.wallets[0].max_redeem == (points // 100 * 100 if "could" in said else 0)


def test_a_benefit_is_told_by_its_rule_and_not_by_its_key() -> None:
    text = '[rule.a]\nname = { en = "Late check-out", ru = "X", fi = "X" }\n'
    text += 'count = { of = "visits", size = 1 }\n'
    text += 'give = { benefit = "late-check-out" }\n'
    assert told(quote(text, GOODS), text) == [
        "Late check-out: full, given",
        "X: карта заполнена, выдано",
        "X: täynnä, annettu",
    ]
    text = text.replace('count = { of = "visits", size = 1 }\n', "")
    assert told(quote(text, GOODS), text) == ["Late check-out: given", "X: выдано", "X: annettu"]
