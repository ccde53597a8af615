"""What holds for every mix of discounts, settings and baskets; bundles beside a slower way to find them."""

from fractions import Fraction
from itertools import permutations
from math import ceil
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts, Voucher
from agent.loyalty.quote import Quote
from agent.loyalty.read import load_programme
from agent.loyalty.words import SETTINGS
from tests.loyalty.desk import AT, HEAD

DISCOUNT_SETTINGS = [
    "rounding_mode",
    "rounding_level",
    "rounding_of",
    "percent_chain",
    "allocate",
    "cheapest_tie",
    "free_item",
    "priority_order",
]
SCOPES = ("", 'scope = { groups = ["g"] }\n', 'scope = { tags = ["t"], not_discounted = true }\n')
VERBS = (
    'take_off = { percent = "33" }\n',
    'take_off = { percent = "50", floor = "3.00" }\n',
    'take_off = { percent = "15", max = "2.50" }\n',
    'take_off = { per_unit = "0.335" }\n',
    'take_off = { amount = "4.01" }\n',
    'stage = "price"\ntake_off = { set_price = "7.77" }\n',
    'take_off = { percent = "70", units = 2, pick = "cheapest" }\n',
    'stage = "receipt"\ntake_off = { percent = "12.5" }\n',
    'stage = "receipt"\ntake_off = { amount = "3.33", units = 1 }\n',
    "take_off = { cheapest_free = 1, units = 2 }\n",
    'take_off = { set_price = "11.00", units = 3 }\n',
    'take_off = { each = [{ groups = ["g"] }, { groups = ["h"] }], set_price = "9.99" }\n',
    'take_off = { each = [{ groups = ["g"] }, { tags = ["t"] }], cheapest_free = 1 }\n',
    'count = { of = "units", in = "receipt", size = 3 }\ntake_off = { percent = "40", pick = "nth" }\n',
    'count = { of = "units", in = "receipt", size = 2 }\ntake_off = { per_unit = "1", pick = "dearest" }\n',
    'give = { free = "s1" }\n',
    'count = { of = "units", in = "receipt", size = 2 }\ngive = { free = "s2" }\n',
)
COMPARED = (*VERBS[:5], VERBS[6])
"""Those of the line stage, which can stand in one group."""
VOUCHER = '[voucher.v]\ntake_off = { percent = "10", units = 1 }\n'
FEW = settings(max_examples=60)
"""Each example compiles a programme of its own."""
HOLDER = MemberFacts("m", vouchers=[Voucher("v", "1")])


@st.composite
def programmes(draw: st.DrawFn) -> list[str]:
    settings = [
        f'{name} = "{draw(st.sampled_from(SETTINGS[name]))}"\n'
        for name in draw(st.sets(st.sampled_from(DISCOUNT_SETTINGS), max_size=3))
    ]
    tables = ["[settings]\n" + "".join(sorted(settings)), VOUCHER]
    chosen = draw(
        st.lists(st.tuples(st.sampled_from(VERBS), st.sampled_from(SCOPES)), min_size=1, max_size=6)
    )
    for number, (verb, scope) in enumerate(chosen):
        tables.append(f"[rule.r{number}]\npriority = {draw(st.integers(0, 2))}\n{scope}{verb}")
    return tables


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    lines = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        quantity = draw(st.sampled_from(["1", "1", "2", "3", "7", "0.355"]))
        floor = draw(st.none() | st.integers(0, 300))
        group, tags = draw(st.sampled_from("ghi")), draw(st.sampled_from([[], ["t"]]))
        amount = draw(st.integers(1, 5000))
        lines.append(
            Line(number, f"s{number}", amount, group, tags, quantity=quantity, floor_price_minor=floor)
        )
    return Basket("r", AT, "s", "t", "EUR", lines)


def answer(tables: list[str], basket: Basket) -> Quote:
    compiled = compile_programme(load_programme((HEAD + "".join(tables)).encode(), name="x.toml"))
    return evaluate(compiled, HOLDER, basket, AT)


@FEW
@given(programmes(), baskets())
def test_parts_sum_to_wholes_and_no_line_falls_below_its_floor(tables: list[str], basket: Basket) -> None:
    quote = answer(tables, basket)
    off: dict[str, int] = {}
    for line, told in zip(basket.lines, quote.lines, strict=True):
        assert told.amount_minor == line.amount_minor + sum(one.amount_minor for one in told.rebates)
        floor = ceil((line.floor_price_minor or 0) * Fraction(line.quantity))
        assert told.amount_minor >= min(floor, line.amount_minor)
        for one in told.rebates:
            assert one.amount_minor < 0
            off[one.rule] = off.get(one.rule, 0) - one.amount_minor
    assert off == {one.rule: one.values["amount_minor"] for one in quote.reasons if one.code == "applied"}
    assert quote.due_minor == sum(line.amount_minor for line in quote.lines)


@FEW
@given(programmes(), baskets(), st.randoms(use_true_random=False))
def test_any_order_of_the_tables_gives_the_same(tables: list[str], basket: Basket, chance: Random) -> None:
    shuffled = list(tables)
    chance.shuffle(shuffled)
    assert answer(shuffled, basket) == answer(tables, basket)


@FEW
@given(
    st.lists(st.sampled_from(COMPARED), min_size=2, max_size=4),
    st.sampled_from(["line", "receipt"]),
    baskets(),
)
def test_no_rule_of_a_best_group_makes_anybody_worse_off(verbs: list[str], per: str, basket: Basket) -> None:
    group = f'[group.x]\nmode = "best"\nper = "{per}"\n'
    rules = [f'[rule.r{number}]\ngroup = "x"\n{verb}' for number, verb in enumerate(verbs)]
    due = answer([group, *rules], basket).due_minor
    for without in range(len(rules)):
        assert due <= answer([group, *rules[:without], *rules[without + 1 :]], basket).due_minor


PRICES = st.lists(st.integers(1, 40), min_size=1, max_size=7)


def taken(rule: str, prices: list[int], groups: str = "") -> int:
    lines = [Line(at, "a", price, groups[at - 1] if groups else "g") for at, price in enumerate(prices, 1)]
    return sum(prices) - answer([rule], Basket("r", AT, "s", "t", "EUR", lines)).due_minor


@FEW
@given(PRICES, st.integers(2, 4))
def test_the_cheapest_of_all_are_free_once_for_every_bundle(prices: list[int], size: int) -> None:
    rule = f"[rule.a]\ntake_off = {{ cheapest_free = 1, units = {size} }}\n"
    assert taken(rule, prices) == sum(sorted(prices)[: len(prices) // size])


@FEW
@given(PRICES, st.integers(1, 3), st.integers(1, 60))
def test_bundles_for_one_price_save_the_most_that_bundles_can(
    prices: list[int], size: int, price: int
) -> None:
    rule = f'[rule.a]\ntake_off = {{ set_price = "0.{price:02}", units = {size} }}\n'
    dearest = sorted(prices, reverse=True)
    best = max(sum(dearest[: size * times]) - price * times for times in range(len(prices) // size + 1))
    assert taken(rule, prices) == best


@FEW
@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from("gh")), min_size=1, max_size=5))
def test_one_of_each_finds_every_bundle_there_is(goods: list[tuple[int, str]]) -> None:
    """Of "g or h" and "g", each piece once: as many bundles as any way of pairing finds."""
    rule = '[rule.a]\ntake_off = { each = [{ groups = ["g", "h"] }, { groups = ["g"] }], amount = "0.01" }\n'
    most = max(sum(row[at + 1][1] == "g" for at in range(0, len(row) - 1, 2)) for row in permutations(goods))
    found = taken(rule, [price for price, _ in goods], "".join(group for _, group in goods))
    assert found == most
