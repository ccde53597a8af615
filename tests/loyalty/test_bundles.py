"""Bundles: so many for a price, the cheapest free, every n-th, one of each, goods given free."""

import pytest

from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.read import load_programme
from tests.loyalty.desk import AT, HEAD, MEMBER, codes, quote

TEN, EIGHT, SIX = Line(1, "ten", 1000, "g"), Line(2, "eight", 800, "g"), Line(3, "six", 600, "g")
FREE_THIRD = '[rule.a]\nscope = { groups = ["g"] }\ntake_off = { cheapest_free = 1, units = 3 }\n'


def off(rules: str, *lines: Line) -> list[int]:
    answer = quote(rules, *lines)
    assert answer.due_minor == sum(line.amount_minor for line in answer.lines)
    return [-sum(one.amount_minor for one in line.rebates) for line in answer.lines]


def test_of_three_the_cheapest_is_free_whatever_the_order_of_the_lines() -> None:
    assert off(FREE_THIRD, TEN, EIGHT, SIX) == [0, 0, 600]
    assert off(FREE_THIRD, SIX, TEN, EIGHT) == [600, 0, 0]


def test_of_seven_the_two_cheapest_of_all_are_free() -> None:
    lines = [Line(1, "a", 3000, "g", quantity="3"), Line(2, "b", 1000, "g", quantity="4")]
    assert off(FREE_THIRD, *lines) == [0, 500]


def test_what_is_missing_for_a_bundle_is_told() -> None:
    answer = quote(FREE_THIRD, TEN, EIGHT)
    assert answer.reasons[0].values == {"what": "quantity", "quantity": 1}
    assert answer.prompts[0].code == "missing_quantity"
    assert codes(quote(FREE_THIRD, Line(1, "x", 100))) == ["nothing_in_scope"]


@pytest.mark.parametrize(("tie", "taken"), [("last_line", [0, 0, 500]), ("first_line", [500, 0, 0])])
def test_equal_prices_are_tied_by_the_setting(tie: str, taken: list[int]) -> None:
    lines = [Line(at, "a", 500, "g") for at in (1, 2, 3)]
    assert off(f'[settings]\ncheapest_tie = "{tie}"\n' + FREE_THIRD, *lines) == taken


def test_a_discount_is_read_before_the_cheapest_is_looked_for() -> None:
    half = '[rule.h]\nscope = { skus = ["ten"] }\ntake_off = { percent = "50" }\n'
    assert off(FREE_THIRD + half, TEN, EIGHT, SIX) == [1000, 0, 0]


def test_two_for_a_price_takes_the_dearest_together_while_it_saves() -> None:
    rule = '[rule.a]\ntake_off = { set_price = "15.00", units = 2 }\n'
    assert off(rule, TEN, EIGHT, SIX) == [167, 133, 0]
    assert off(rule, SIX, Line(2, "b", 600)) == [0, 0]
    many = Line(1, "a", 40_000, quantity="40")
    assert off(rule, many, SIX) == [10_000, 0]
    assert off(rule.replace("[rule.a]", "[rule.a]\nmax_applications = 3"), many) == [1500]


def test_a_price_that_does_not_divide_is_rounded_once() -> None:
    rule = '[rule.a]\ntake_off = { set_price = "10.00", units = 2 }\n'
    assert off(rule, Line(1, "a", 2000, quantity="3")) == [333]


def test_a_price_for_each_unit_needs_no_bundle() -> None:
    rule = '[rule.a]\ntake_off = { set_price = "4.00" }\n'
    assert off(rule, Line(1, "a", 1500, quantity="3"), Line(2, "b", 300)) == [300, 0]
    assert off(rule, Line(1, "a", 250, quantity="0.5")) == [50]
    assert off('[rule.a]\nstage = "price"\ntake_off = { set_price = "4.00" }\n', TEN) == [600]


def test_every_third_is_half_price_by_its_place_in_the_basket() -> None:
    rule = (
        '[rule.a]\ncount = { of = "units", in = "receipt", size = 3 }\n'
        'take_off = { percent = "50", pick = "nth" }\n'
    )
    assert off(rule, TEN, EIGHT, SIX, Line(4, "d", 5000)) == [0, 0, 300, 0]
    assert off(rule, Line(1, "a", 700, quantity="7"), Line(2, "b", 800, quantity="2")) == [100, 200]
    limited = rule.replace("[rule.a]", "[rule.a]\nmax_applications = 1")
    assert off(limited, Line(1, "a", 700, quantity="7")) == [50]


@pytest.mark.parametrize(("pick", "taken"), [("cheapest", [0, 0, 600]), ("dearest", [1000, 0, 0])])
def test_the_picked_one_of_three_costs_nothing(pick: str, taken: list[int]) -> None:
    rule = '[rule.a]\ncount = { of = "units", in = "receipt", size = 3 }\n'
    rule += f'take_off = {{ percent = "100", pick = "{pick}" }}\n'
    assert off(rule, TEN, EIGHT, SIX) == taken


def test_an_amount_off_is_given_for_every_bundle() -> None:
    rule = '[rule.a]\ncount = { of = "units", in = "receipt", size = 2 }\n'
    rule += 'take_off = { amount = "1.00", units = 2, pick = "dearest" }\n'
    assert off(rule, Line(1, "a", 5000, quantity="5")) == [200]


MEAL = """[scope]
coffee = { groups = ["coffee"] }
bun = { groups = ["bun"] }
"""
COFFEE, BUN = Line(1, "latte", 450, "coffee"), Line(2, "bun", 280, "bun")


def test_one_of_each_for_one_price() -> None:
    rule = MEAL + '[rule.a]\ntake_off = { each = ["coffee", "bun"], set_price = "6.00" }\n'
    assert off(rule, COFFEE, BUN) == [80, 50]
    two = Line(1, "latte", 900, "coffee", quantity="2"), Line(2, "bun", 840, "bun", quantity="3")
    assert off(rule, *two) == [160, 100]
    assert off(rule.replace("[rule.a]", "[rule.a]\nmax_applications = 1"), *two) == [80, 50]
    lacking = quote(rule, COFFEE)
    assert lacking.reasons[0].values == {"what": "quantity", "quantity": 1}
    assert codes(quote(rule.replace("6.00", "9.00"), COFFEE, BUN)) == ["nothing_in_scope"]
    assert codes(quote(rule, Line(1, "x", 100))) == ["nothing_in_scope"]


def test_with_one_the_other_is_half_price() -> None:
    rule = MEAL + '[rule.a]\nscope = "bun"\ntake_off = { each = ["coffee", "bun"], percent = "50" }\n'
    assert off(rule, COFFEE, Line(2, "bun", 840, "bun", quantity="3")) == [0, 140]


def test_the_cheapest_of_a_mixed_bundle_is_free() -> None:
    rule = MEAL + '[rule.a]\ntake_off = { each = ["coffee", "bun"], cheapest_free = 1 }\n'
    assert off(rule, COFFEE, BUN) == [0, 280]


def test_a_piece_that_two_scopes_could_have_goes_where_the_bundle_becomes_whole() -> None:
    rule = MEAL + 'food = { groups = ["coffee", "bun"] }\n'
    rule += '[rule.a]\ntake_off = { each = ["food", "coffee"], set_price = "5.00" }\n'
    assert sum(off(rule, COFFEE, BUN)) == 230


def test_a_piece_serves_one_bundle_and_the_first_by_priority_has_it() -> None:
    rules = (
        '[rule.a]\npriority = 5\nmax_applications = 1\ntake_off = { set_price = "15.00", units = 2 }\n'
        "[rule.b]\ntake_off = { cheapest_free = 1, units = 2 }\n"
    )
    lines = [*(Line(at, "a", 1000) for at in (1, 2, 3)), Line(4, "d", 900)]
    assert off(rules, *lines) == [250, 250, 0, 900]
    lower = '[settings]\npriority_order = "lower_first"\n'
    assert off(lower + rules, *lines) == [0, 0, 1000, 900]


def test_the_rest_of_a_line_is_open_to_other_bundles() -> None:
    rules = (
        '[rule.a]\npriority = 5\nmax_applications = 1\ntake_off = { set_price = "15.00", units = 2 }\n'
        '[rule.b]\nstage = "bundle"\ntake_off = { percent = "10" }\n'
        '[rule.c]\nstage = "bundle"\ntake_off = { percent = "90" }\n'
    )
    answer = quote(rules, Line(1, "a", 5000, quantity="5"))
    assert [one.amount_minor for one in answer.lines[0].rebates] == [-500, -300]
    assert codes(answer) == ["applied", "applied", "nothing_in_scope"]


def test_receipt_rules_take_from_bundled_goods_unless_not_discounted() -> None:
    bundle = '[rule.a]\nmax_applications = 1\ntake_off = { set_price = "15.00", units = 2 }\n'
    receipt = '[rule.z]\nstage = "receipt"\ntake_off = { percent = "10" }\n'
    line = Line(1, "a", 3000, quantity="3")
    assert off(bundle + receipt, line) == [500 + 250]
    outside = receipt.replace("[rule.z]", "[rule.z]\nscope = { not_discounted = true }")
    assert off(bundle + outside, line) == [500 + 100]
    assert off(bundle + outside, Line(1, "a", 2000, quantity="2")) == [500]
    amount = outside.replace('percent = "10"', 'amount = "20.00"')
    assert off(bundle + amount, line) == [500 + 1000]
    picked = outside.replace('percent = "10"', 'percent = "10", units = 2')
    assert off(bundle + picked, line) == [500 + 100]


def test_a_free_article_must_be_in_the_basket() -> None:
    rule = '[rule.a]\nscope = { groups = ["g"] }\ngive = { free = "mug" }\n'
    mug = Line(4, "mug", 700, quantity="2")
    assert off(rule, TEN, mug) == [0, 350]
    answer = quote(rule, TEN)
    assert answer.reasons[0].values == {"what": "free_item", "quantity": 1}
    assert answer.prompts[0].values["quantity"] == 1


COUNTED = (
    '[rule.a]\nscope = { groups = ["g"] }\ncount = { of = "units", in = "receipt", size = 2 }\n'
    'give = { free = "ten" }\n'
)


@pytest.mark.parametrize(
    ("setting", "quantity", "free"),
    [("one_of_bought", 2, 1), ("on_top", 2, 0), ("on_top", 3, 1), ("on_top", 6, 2), ("one_of_bought", 1, 0)],
)
def test_free_goods_are_among_the_bought_or_on_top_of_them(setting: str, quantity: int, free: int) -> None:
    line = Line(1, "ten", 1000 * quantity, "g", quantity=str(quantity))
    assert off(f'[settings]\nfree_item = "{setting}"\n' + COUNTED, line) == [1000 * free]


def test_free_goods_on_top_are_first_those_that_do_not_count() -> None:
    rule = '[settings]\nfree_item = "on_top"\n' + COUNTED
    lines = Line(1, "x", 2000, "g", quantity="2"), Line(2, "ten", 1000), Line(3, "ten", 900, "g")
    assert off(rule, *lines) == [0, 1000, 0]
    limited = rule.replace("[rule.a]", "[rule.a]\nmax_applications = 1")
    many = Line(1, "x", 8000, "g", quantity="8"), Line(2, "ten", 3000, quantity="3")
    assert off(limited, *many) == [0, 1000]
    assert off(rule, *many) == [0, 3000]


def test_a_weighed_line_is_one_piece() -> None:
    lines = Line(1, "a", 500, "g", quantity="0.355"), Line(2, "b", 400, "g", quantity="2")
    assert off(FREE_THIRD, *lines) == [0, 200]


def test_goods_that_cost_nothing_any_more_serve_no_bundle() -> None:
    gift = '[rule.z]\nscope = { skus = ["six"] }\ntake_off = { percent = "100" }\n'
    assert off(gift + FREE_THIRD, TEN, EIGHT, SIX) == [0, 0, 600]


def test_bundles_compete_in_a_group_and_with_vouchers() -> None:
    rules = '[group.x]\nmode = "best"\n[rule.a]\ngroup = "x"\ntake_off = { set_price = "15.00", units = 2 }\n'
    rules += '[rule.b]\ngroup = "x"\ntake_off = { cheapest_free = 1, units = 2 }\n'
    answer = quote(rules, TEN, EIGHT)
    assert (codes(answer), answer.due_minor) == (["lost_to", "applied"], 1000)
    assert answer.reasons[0].values == {"by": "b", "saves_minor": 500}


def test_a_large_basket_of_pieces_is_counted_not_walked() -> None:
    lines = [Line(at, f"s{at}", 999_999_999, "g", quantity="999999999") for at in range(1, 4)]
    rules = (
        FREE_THIRD + '[rule.b]\ntake_off = { each = [{ skus = ["s1"] }, { skus = ["s2"] }], percent = "1" }\n'
    )
    rules += '[rule.c]\ntake_off = { set_price = "0.01", units = 7 }\n'
    compiled = compile_programme(load_programme((HEAD + rules).encode(), name="x.toml"))
    answer = evaluate(compiled, MEMBER, Basket("r", AT, "s", "t", "EUR", lines), AT)
    assert answer.due_minor == 2 * 999_999_999


def test_goods_bought_too_few_for_a_gift_say_how_many_are_missing() -> None:
    answer = quote(COUNTED, Line(1, "ten", 1000, "g"))
    assert answer.reasons[0].values == {"what": "quantity", "quantity": 1}
    on_top = quote('[settings]\nfree_item = "on_top"\n' + COUNTED, Line(1, "ten", 2000, "g", quantity="2"))
    assert codes(on_top) == ["nothing_in_scope"]
    assert codes(quote(COUNTED, Line(1, "x", 1000))) == ["nothing_in_scope"]


def test_a_piece_with_a_floor_price_is_not_free() -> None:
    rules = (
        "[rule.a]\ntake_off = { cheapest_free = 1, units = 2 }\n"
        '[rule.b]\npay = { wallet = "p", catalogue = { a = 10 } }\n'
    )
    line = Line(1, "a", 2000, quantity="2", floor_price_minor=900)
    member = MemberFacts("m", wallets={"p": WalletFacts([Lot("l", 100)])})
    answer = quote(rules, line, member=member, redeem={"p": 20})
    assert (answer.lines[0].rebates[0].amount_minor, answer.wallets[0].redeem) == (-200, 20)
    answer = quote(rules, Line(1, "a", 2000, quantity="2"), member=member, redeem={"p": 20})
    assert (answer.lines[0].rebates[0].amount_minor, answer.wallets[0].redeem) == (-1000, 10)


def test_free_goods_on_top_count_exactly_where_some_of_them_count() -> None:
    rule = '[settings]\nfree_item = "on_top"\n' + COUNTED
    lines = Line(1, "ten", 9000, "g", quantity="9"), Line(2, "ten", 1000)
    assert off(rule, *lines) == [2000, 1000]


def test_every_nth_uses_up_its_bundles_and_no_more() -> None:
    rules = (
        '[rule.a]\npriority = 1\ncount = { of = "units", in = "receipt", size = 3 }\n'
        'take_off = { percent = "100", pick = "nth" }\n'
        '[rule.b]\nstage = "bundle"\ntake_off = { percent = "10" }\n'
    )
    assert off(rules, Line(1, "a", 8000, quantity="8")) == [2000 + 200]


def test_picked_pieces_and_their_bundles_are_used_up_together() -> None:
    rules = (
        "[rule.a]\npriority = 1\ntake_off = { cheapest_free = 1, units = 3 }\n"
        '[rule.b]\nstage = "bundle"\ntake_off = { percent = "10" }\n'
    )
    lines = [Line(at, "a", price) for at, price in enumerate((900, 100, 500, 700), 1)]
    assert off(rules, *lines) == [0, 100, 50, 0]
