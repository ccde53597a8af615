"""The demo's programme: what a household sees at the till."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from agent.loyalty.basket import Basket, Line, Tax
from agent.loyalty.compile import compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.explain import LANGUAGES, prompt_sentence, sentence
from agent.loyalty.language.read import load_programme
from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.quote import Quote
from agent.loyalty.schemas import DOCUMENTS, schema_of

FILE = Path(__file__).parents[2] / "config" / "programmes" / "household-club.toml"
PROGRAMME = load_programme(FILE.read_bytes(), name=FILE.name)
CLUB = compile_programme(PROGRAMME)
AT = datetime(2026, 11, 24, 15, tzinfo=UTC)


def quote(
    member: MemberFacts | None, *lines: Line, codes: tuple[str, ...] = (), points: int | str = 0
) -> Quote:
    redeem: dict[str, int | str] = {"points": points} if points else {}
    sale = Basket("r", AT, "s", "t", "USD", list(lines), instruments=list(codes), redeem=redeem)
    return evaluate(CLUB, member, sale, AT)


def codes(answer: Quote) -> dict[str, str]:
    return {one.rule: one.code for one in answer.reasons}


def test_fresh_food_earns_three_times() -> None:
    answer = quote(MemberFacts("m"), Line(1, "a", 1000, "GROCERY"), Line(2, "b", 500, "PRODUCE"))
    assert [(one.rule, one.points) for one in answer.lines[0].earned] == [("base", 10)]
    assert [(one.rule, one.points) for one in answer.lines[1].earned] == [("base", 5), ("fresh-x3", 10)]
    assert (answer.lots[0].points, answer.lots[0].expires_on) == (25, "2027-11-24")


def test_fuel_earns_nothing_and_is_not_discounted() -> None:
    answer = quote(MemberFacts("m"), Line(1, "a", 9000, "FUEL"))
    assert answer.due_minor == 9000
    assert answer.lots == []


def test_the_cap_of_a_percentage_is_shared_by_the_lines() -> None:
    answer = quote(MemberFacts("m"), Line(1, "a", 4000, "DRUG GM"), Line(2, "b", 1900, "DRUG GM"))
    assert [line.amount_minor for line in answer.lines] == [4000 - 339, 1900 - 161]


def test_of_two_offers_for_the_basket_the_better_one_is_given() -> None:
    answer = quote(MemberFacts("m"), Line(1, "a", 7000, "GROCERY"), codes=("WELCOME8",))
    assert answer.due_minor == 7000 - 560
    lost = next(one for one in answer.reasons if one.rule == "big-basket")
    assert (lost.code, lost.values) == ("lost_to", {"by": "welcome-code", "saves_minor": 160})


def test_the_missing_amount_is_told_to_the_cashier() -> None:
    answer = quote(MemberFacts("m"), Line(1, "a", 5000, "GROCERY"))
    assert [
        (one.code, one.values["amount_minor"]) for one in answer.prompts if one.code == "missing_amount"
    ] == [("missing_amount", 1000)]


def test_the_tenth_visit_gives_a_voucher_once_a_day() -> None:
    goods = Line(1, "a", 1000, "GROCERY")
    tenth = quote(MemberFacts("m", counts={"stamps": CountFacts(9, date(2026, 11, 20))}), goods)
    assert [(one.name, one.amount, one.expires_on) for one in tenth.gives] == [
        ("tenth-visit", 1, "2027-01-23")
    ]
    again = quote(MemberFacts("m", counts={"stamps": CountFacts(9, date(2026, 11, 24), 1)}), goods)
    assert (again.gives, codes(again)["stamps"]) == ([], "cap_reached")


def test_a_voucher_is_used_while_it_lives_and_named_by_its_id() -> None:
    goods = Line(1, "a", 1000, "GROCERY")
    today, gone = date(2026, 11, 24), date(2026, 11, 23)
    alive = quote(MemberFacts("m", vouchers=[Voucher("coupon", "v1", None, today)]), goods)
    assert (alive.due_minor, [one.id for one in alive.vouchers]) == (900, ["v1"])
    dead = quote(MemberFacts("m", vouchers=[Voucher("coupon", "v1", None, gone)]), goods)
    assert (dead.due_minor, codes(dead)["voucher.coupon"]) == (1000, "code_expired")


@pytest.mark.parametrize(
    ("limit", "paid", "code"), [(None, 250, "applied"), (100, 100, "applied"), (0, 0, "offline_limit")]
)
def test_points_pay_half_at_most_and_what_may_be_spent_here(limit: int | None, paid: int, code: str) -> None:
    member = MemberFacts("m", wallets={"points": WalletFacts([Lot("l", 900)], limit)})
    answer = quote(member, Line(1, "a", 500, "GROCERY"), points="max")
    assert (answer.wallets[0].redeem, answer.due_minor, codes(answer)["pay"]) == (paid, 500 - paid, code)
    assert answer.wallets[0].max_redeem == paid


def test_goods_coming_back_are_never_discounted() -> None:
    answer = quote(MemberFacts("m"), Line(1, "a", -4000, "DRUG GM", quantity="-1"))
    assert (answer.due_minor, answer.lines[0].rebates, answer.lots) == (-4000, [], [])


def test_tax_follows_the_new_amount() -> None:
    answer = quote(MemberFacts("m"), Line(1, "a", 1200, "DRUG GM", tax=Tax("20")))
    assert (answer.lines[0].amount_minor, answer.lines[0].tax_minor) == (1080, 180)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reason_and_prompt_is_a_sentence_in_each_language(lang: str) -> None:
    member = MemberFacts("m", vouchers=[Voucher("coupon", "v")], counts={"stamps": CountFacts(8)})
    for who in (member, None, MemberFacts("m", card_shown=False)):
        answer = quote(who, Line(1, "a", 5000, "GROCERY"), Line(2, "b", 700, "PRODUCE"), codes=("WELCOME8",))
        sentences = [sentence(one, PROGRAMME, lang) for one in answer.reasons]
        sentences += [prompt_sentence(one, PROGRAMME, lang) for one in answer.prompts]
        assert all(text and "{" not in text for text in sentences)


def test_numbers_and_plurals_follow_the_language() -> None:
    answer = quote(None, Line(1, "a", 200, "GROCERY"))
    assert [prompt_sentence(answer.prompts[0], PROGRAMME, lang) for lang in LANGUAGES] == [
        "Ask for the card: +2 points",
        "Попросите карту: +2 балла",
        "Pyydä kortti: +2 pistettä",
    ]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_has_a_schema(name: str) -> None:
    assert "$ref" in schema_of(name)
