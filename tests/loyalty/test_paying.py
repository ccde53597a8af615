"""Paying: by a catalogue, with stored value, as a discount, into something else than goods."""

from datetime import date

import pytest

from agent.loyalty.basket import Line, Tax
from agent.loyalty.explain import prompt_sentence, sentence
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.quote import Quote
from tests.loyalty.desk import AT, compiled, quote
from tests.loyalty.worked import reason

CATALOGUE = "[rule.c]\npay = {{ catalogue = {{ cup = 100, hat = 250 }}{more} }}\n"
CUPS, HAT = Line(1, "cup", 1001, quantity="3"), Line(2, "hat", 3000)
VALUED = '[wallet.q]\nvalue = "0.01"\n[rule.pay]\npay = { wallet = "q" }\n'


def holder(points: int, wallet: str = "p", limit: int | None = None) -> MemberFacts:
    return MemberFacts("m", wallets={wallet: WalletFacts([Lot("l", points)], limit)})


def catalogue(points: int, *, more: str = "", limit: int | None = None, ask: int | str = "max") -> Quote:
    rules = CATALOGUE.format(more=more)
    return quote(rules, CUPS, HAT, member=holder(points, limit=limit), redeem={"p": ask} if ask else {})


def test_a_catalogue_pays_all_of_its_goods_or_none() -> None:
    paid = catalogue(550)
    assert (paid.due_minor, paid.wallets[0].redeem) == (0, 550)
    assert [[one.points for one in line.paid] for line in paid.lines] == [[300], [250]]
    refused = catalogue(549)
    assert (refused.due_minor, reason(refused, "c")[1]["points"]) == (4001, 1)
    assert reason(catalogue(600, ask=500), "c")[1]["points"] == 50


def test_a_catalogue_may_pay_as_many_whole_units_as_there_are_points_for() -> None:
    part = catalogue(449, more=", all_or_nothing = false")
    assert [[(one.points, one.amount_minor) for one in line.paid] for line in part.lines] == [
        [(300, 1001)],
        [],
    ]
    two = catalogue(299, more=", all_or_nothing = false")
    assert [(one.points, one.amount_minor) for one in two.lines[0].paid] == [(200, 667)]
    assert reason(catalogue(99, more=", all_or_nothing = false"), "c")[1]["points"] == 1


def test_a_catalogue_keeps_to_what_may_be_spent_here_and_to_a_least_balance() -> None:
    assert reason(catalogue(900, limit=549), "c") == ("offline_limit", {"wallet": "p", "points": 550})
    assert reason(catalogue(900, more=", min_balance = 1000"), "c")[1]["points"] == 100
    unasked = catalogue(900, ask=0)
    assert reason(unasked, "c") == ("missing", {"what": "request", "wallet": "p", "points": 550})
    assert unasked.wallets[0].max_redeem == 550


def test_a_catalogue_speaks_of_its_own_goods_to_members_only() -> None:
    rules = CATALOGUE.format(more="")
    assert reason(quote(rules, Line(1, "pen", 100), member=holder(900)), "c")[0] == "nothing_in_scope"
    assert reason(quote(rules, CUPS, member=None), "c")[0] == "not_identified"
    given = '[rule.f]\ntake_off = { percent = "100" }\n'
    assert reason(quote(rules + given, CUPS, member=holder(900)), "c")[0] == "nothing_in_scope"


def test_stored_value_pays_after_points_whatever_the_priorities() -> None:
    rules = '[wallet.q]\nvalue = "0.01"\n[wallet.gift]\nkind = "stored_value"\n'
    rules += '[rule.a]\npriority = 99\npay = { wallet = "gift" }\n[rule.b]\npay = { wallet = "q" }\n'
    wallets = {name: WalletFacts([Lot(name, 700)]) for name in ("q", "gift")}
    member = MemberFacts("m", wallets=wallets)
    answer = quote(rules, Line(1, "a", 1000), member=member, redeem={"q": "max", "gift": "max"})
    assert [(one.wallet, one.redeem) for one in answer.wallets] == [("gift", 300), ("p", 0), ("q", 700)]
    assert answer.due_minor == 0


def test_a_wallet_of_stored_value_is_loaded_by_what_is_sold_to_it_and_by_nothing_else() -> None:
    rules = '[wallet.gift]\nkind = "stored_value"\n[rule.load]\n'
    rules += 'earn = { wallet = "gift", points = "1" }\n[rule.base]\nearn = { points = "1" }\n'
    answer = quote(rules, Line(1, "top-up", 2500, tags=["stored-value"]), Line(2, "tea", 300))
    assert {lot.wallet: lot.points for lot in answer.lots} == {"gift": 2500, "p": 3}
    assert answer.due_minor == 2800
    small = '[rule.small]\nscope = { skus = ["top-up"] }\ntake_off = { percent = "10" }\n'
    off = quote(rules + small, Line(1, "top-up", 2500, tags=["stored-value"]))
    assert (off.due_minor, reason(off, "small")[0]) == (2500, "nothing_in_scope")


def test_points_may_be_a_discount_that_lowers_price_and_tax() -> None:
    rules = (
        f'[settings]\npoints_are = "discount"\n{VALUED}[rule.e]\nearn = {{ wallet = "p", points = "1" }}\n'
    )
    line = Line(1, "a", 1200, tax=Tax("20"))
    answer = quote(rules, line, member=holder(600, "q"), redeem={"q": "max"})
    assert (answer.due_minor, answer.lines[0].tax_minor, answer.lots[0].points) == (600, 100, 6)
    assert [one.amount_minor for one in answer.lines[0].rebates] == [-600]
    assert [(one.points, one.amount_minor) for one in answer.lines[0].paid] == [(600, 0)]


def test_shares_of_points_that_are_discounts_still_add_up_to_the_limit() -> None:
    rules = '[settings]\npoints_are = "discount"\n[wallet.q]\nvalue = "0.01"\n'
    rules += '[rule.a]\npay = { wallet = "q", max_share = "0.5", max = "2.00" }\n'
    rules += '[rule.b]\npay = { wallet = "q", max_share = "0.5" }\n'
    answer = quote(rules, Line(1, "a", 1000), member=holder(900, "q"), redeem={"q": "max"})
    assert (answer.due_minor, [one.points for one in answer.lines[0].paid]) == (500, [200, 300])


def test_points_of_this_receipt_pay_only_where_the_programme_says_so() -> None:
    rules = f'{VALUED}[rule.e]\nearn = {{ wallet = "q", points = "10" }}\n'
    line, ask = Line(1, "a", 1000), {"q": "max"}
    assert quote(rules, line, redeem=ask).wallets[1].redeem == 0
    spendable = f'[settings]\nsame_receipt_points = "spendable"\n{rules}'
    answer = quote(spendable, line, redeem=ask)
    wallet = answer.wallets[1]
    assert (wallet.balance, wallet.redeem, wallet.earn, answer.due_minor) == (0, 90, 91, 910)
    later = spendable.replace('value = "0.01"', 'value = "0.01"\nactivates = "P1D"')
    assert quote(later, line, redeem=ask).wallets[1].redeem == 0
    assert quote(spendable, line).wallets[1].redeem == 0


def test_points_that_would_not_be_earned_beside_the_payment_do_not_pay() -> None:
    steps = 'earn = { wallet = "q", points = "900", every = "10.00", whole_steps = true }\n'
    rules = f'[settings]\nsame_receipt_points = "spendable"\n{VALUED}[rule.e]\n{steps}'
    answer = quote(rules, Line(1, "a", 1000), redeem={"q": "max"})
    assert (answer.wallets[1].redeem, answer.wallets[1].earn) == (0, 900)


def test_where_no_payment_earns_what_it_spends_nothing_is_spent_of_the_receipt_itself() -> None:
    rules = f'[settings]\nsame_receipt_points = "spendable"\npoints_are = "discount"\n{VALUED}'
    at_pay = 'amount = { at = "pay", at_least = "%s" }'
    for rule, points, when in (("a", 200, at_pay % "9.00"), ("b", 150, f"not = {{ {at_pay % '8.50'} }}")):
        earn = f'earn = {{ wallet = "q", per = "receipt", points = "{points}" }}'
        rules += f"[rule.{rule}]\nwhen = {{ {when} }}\n{earn}\n"
    answer = quote(rules, Line(1, "a", 1000), redeem={"q": "max"})
    assert (answer.wallets[1].redeem, answer.wallets[1].earn) == (0, 200)


def test_a_lot_pays_from_the_day_on_which_it_begins() -> None:
    hours = Lot("h", 99, ends_at=AT)
    lots = [Lot("l", 300, date(2026, 11, 25)), Lot("k", 200, date(2026, 11, 24)), hours]
    answer = quote(VALUED, Line(1, "a", 1000), member=MemberFacts("m", wallets={"q": WalletFacts(lots)}))
    assert answer.wallets[1].balance == 200


@pytest.mark.parametrize(("points", "code"), [(0, "missing"), (99, "missing"), (100, "applied")])
def test_blocks_need_a_whole_one(points: int, code: str) -> None:
    rules = '[wallet.q]\nvalue = "0.01"\n[rule.pay]\npay = { wallet = "q", block = 100 }\n'
    answer = quote(rules, Line(1, "a", 1000), member=holder(points, "q"), redeem={"q": "max"})
    assert reason(answer, "pay")[0] == code
    if points < 100:
        assert reason(answer, "pay")[1]["points"] == 100 - points


def test_what_was_asked_must_fill_a_block_too() -> None:
    rules = '[wallet.q]\nvalue = "0.01"\n[rule.pay]\npay = { wallet = "q", block = 100 }\n'
    answer = quote(rules, Line(1, "a", 1000), member=holder(500, "q"), redeem={"q": 60})
    assert reason(answer, "pay")[1]["points"] == 40
    small = quote(rules, Line(1, "a", 50), member=holder(500, "q"), redeem={"q": "max"})
    assert reason(small, "pay")[0] == "cap_reached"


def test_points_without_a_value_can_be_donated_and_the_fund_is_named() -> None:
    rules = '[rule.fund]\nname = { en = "Red Cross" }\npay = { into = "donation" }\n'
    answer = quote(rules, member=holder(120), event="donation", redeem={"p": 100})
    assert [(one.points, one.amount_minor, one.into) for one in answer.spent] == [(100, 0, "donation")]
    assert answer.wallets[0].redeem == 100
    said = sentence(answer.reasons[0], compiled(rules).programme, "en")
    assert said == "Red Cross: 100 points passed on"
    assert reason(quote(rules, Line(1, "a", 100), member=holder(120)), "fund")[1]["what"] == "event"


def test_a_payment_may_ask_the_customer_first() -> None:
    rules = '[wallet.q]\nvalue = "0.01"\n[rule.pay]\npay = { wallet = "q", confirm = true }\n'
    answer = quote(rules, Line(1, "a", 1000), member=holder(2, "q"), redeem={"q": "max"})
    said = [
        prompt_sentence(answer.prompts[0], compiled(rules).programme, lang) for lang in ("en", "ru", "fi")
    ]
    assert said == [
        "Ask the customer: pay with 2 points?",
        "Спросите покупателя, списать ли: 2 балла",
        "Kysy asiakkaalta: maksetaanko 2 pistettä?",
    ]


def test_a_sum_of_stored_value_is_money_in_words() -> None:
    rules = '[wallet.gift]\nkind = "stored_value"\n[rule.pay]\nname = { en = "Gift card" }\n'
    rules += 'pay = { wallet = "gift" }\n'
    answer = quote(rules, Line(1, "a", 1000), member=holder(250, "gift"), redeem={"gift": "max"})
    assert sentence(answer.reasons[0], compiled(rules).programme, "en") == "Gift card: 2.50 paid"
