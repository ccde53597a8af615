"""Returns by policy: recompute, debt, goods without their receipt."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.loyalty.basket import Basket, Line
from agent.loyalty.carry import carry
from agent.loyalty.carry_back import carry_back
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.read import load_programme
from agent.loyalty.return_policy import Sale, effects_by_policy, with_debt, without_original
from agent.loyalty.returns import ReturnEffects
from tests.loyalty.desk import AT, HEAD, MEMBER

TENTH = '[rule.tenth]\nwhen.amount = { at_least = "50", at = "price" }\ntake_off = { percent = "10" }\n'
EARN = '[rule.earn]\nearn = { points = "1" }\n'
RECOMPUTE = '[settings]\nreturns = "recompute"\n'


def programme(text: str, *, value: str = "0.01") -> Compiled:
    return compile_programme(load_programme((HEAD + f'value = "{value}"\n' + text).encode(), name="x.toml"))


def sale(compiled: Compiled, *lines: Line, member: MemberFacts | None = MEMBER, pays: bool = False) -> Sale:
    basket = Basket("r", AT, "s", "t", "EUR", list(lines), redeem={"p": "max"} if pays else {})
    return Sale(basket, evaluate(compiled, member, basket, AT), member, AT)


def test_by_proportion_each_line_brings_back_what_was_paid_for_it() -> None:
    compiled = programme(TENTH + EARN)
    sold = sale(compiled, Line(1, "a", 4000), Line(2, "b", 2000))
    back = effects_by_policy(compiled, sold, {}, {2: 2000})
    assert (back.refund_minor, back.earned) == (1800, {"p": 18})


def test_recomputed_a_threshold_that_is_lost_costs_what_it_gave() -> None:
    compiled = programme(RECOMPUTE + TENTH + EARN)
    sold = sale(compiled, Line(1, "a", 4000), Line(2, "b", 2000))
    back = effects_by_policy(compiled, sold, {}, {2: 2000})
    assert back.refund_minor == 5400 - 4000
    assert back.earned == {"p": 54 - 40}
    rest = effects_by_policy(compiled, sold, {2: 2000}, {1: 4000})
    assert (rest.refund_minor, rest.earned) == (4000, {"p": 40})


def test_recomputed_a_part_of_a_line_keeps_so_much_of_its_quantity() -> None:
    compiled = programme(RECOMPUTE + '[rule.unit]\nearn = { per = "unit", points = "6" }\n')
    sold = sale(compiled, Line(1, "a", 3000, quantity="3"))
    assert effects_by_policy(compiled, sold, {}, {1: 1000}).earned == {"p": 6}


def test_recomputed_points_that_paid_come_back_with_what_they_paid_for() -> None:
    compiled = programme(RECOMPUTE + "[rule.pay]\npay = {}\n")
    rich = MemberFacts("m", wallets={"p": WalletFacts([Lot("l", 3000)])})
    sold = sale(compiled, Line(1, "a", 2000), Line(2, "b", 500), member=rich, pays=True)
    assert sold.quote.wallets[0].redeem == 2500
    back = effects_by_policy(compiled, sold, {}, {1: 2000})
    assert (back.refund_minor, back.spent) == (0, {"p": 2000})


def test_recomputed_a_reward_that_the_rest_does_not_earn_goes() -> None:
    text = '[voucher.v]\ntake_off = { percent = "1" }\n[rule.pairs]\ngive = { voucher = "v" }\n'
    compiled = programme(RECOMPUTE + text + 'count = { of = "units", in = "receipt", size = 2 }\n')
    sold = sale(compiled, Line(1, "a", 2000, quantity="2"), Line(2, "b", 1000, quantity="3"))
    assert len(sold.quote.gives) == 2
    assert effects_by_policy(compiled, sold, {}, {2: 1000}).gives == [1]


@given(
    st.lists(st.integers(1, 9_999), min_size=1, max_size=4), st.integers(0, 4_000), st.booleans(), st.data()
)
@settings(max_examples=60)
def test_recomputed_parts_together_undo_the_whole_sale(
    amounts: list[int], points: int, pays: bool, data: st.DataObject
) -> None:
    rules = TENTH + EARN + "[rule.pay]\npay = {}\n[rule.five]\nearn = { per = 'receipt', points = '5' }\n"
    compiled = programme(RECOMPUTE + rules)
    member = MemberFacts("m", wallets={"p": WalletFacts([Lot("l", points)])})
    sold = sale(compiled, *(Line(n, "a", one) for n, one in enumerate(amounts, 1)), member=member, pays=pays)
    before: dict[int, int] = {}
    refund = earned = spent = 0
    for last in (False, False, True):
        left = {n: one - before.get(n, 0) for n, one in enumerate(amounts, 1)}
        now = left if last else {n: data.draw(st.integers(0, one)) for n, one in left.items()}
        back = effects_by_policy(compiled, sold, before, now)
        before = {n: before.get(n, 0) + now[n] for n in left}
        refund += back.refund_minor
        earned += back.earned.get("p", 0)
        spent += back.spent.get("p", 0)
    wallet = sold.quote.wallets[0]
    assert (refund, earned, spent) == (sold.quote.due_minor, wallet.earn, wallet.redeem)


@pytest.mark.parametrize(
    ("policy", "balance", "expected"),
    [
        ("allow_negative", 0, (2000, {"p": 20}, 0)),
        ("cap_at_zero", 0, (2000, {}, 0)),
        ("cap_at_zero", 15, (2000, {"p": 15}, 0)),
        ("cap_at_zero", -5, (2000, {}, 0)),
        ("cap_at_zero", 20, (2000, {"p": 20}, 0)),
        ("deduct_from_refund", 15, (1995, {"p": 15}, 5)),
        ("deduct_from_refund", 20, (2000, {"p": 20}, 0)),
    ],
)
def test_points_that_are_gone_are_a_debt_by_policy(
    policy: str, balance: int, expected: tuple[int, dict[str, int], int]
) -> None:
    compiled = programme(f'[settings]\ndebt = "{policy}"\n')
    back = with_debt(ReturnEffects(2000, {"p": 20}), compiled.programme, {"p": balance})
    money = 2000 - back.refund_minor
    assert back.deducted_minor == money
    assert (back.refund_minor, back.earned, money) == expected


def test_a_wallets_own_word_on_debt_goes_before_the_setting() -> None:
    compiled = programme('debt = "cap_at_zero"\n[settings]\ndebt = "allow_negative"\n')
    assert with_debt(ReturnEffects(0, {"p": 20}), compiled.programme, {}).earned == {}


def test_spent_points_that_come_back_pay_the_debt_first() -> None:
    compiled = programme('debt = "cap_at_zero"\n')
    assert with_debt(ReturnEffects(0, {"p": 20}, {"p": 12}), compiled.programme, {}).earned == {"p": 12}


def test_a_refund_is_lowered_by_no_more_than_there_is_of_it() -> None:
    compiled = programme('debt = "deduct_from_refund"\n')
    back = with_debt(ReturnEffects(7, {"p": 20}), compiled.programme, {})
    assert (back.refund_minor, back.earned) == (0, {"p": 13})
    worthless = programme('debt = "deduct_from_refund"\n', value="0")
    assert with_debt(ReturnEffects(7, {"p": 20}), worthless.programme, {}).earned == {"p": 20}


BROUGHT = (Line(1, "a", -2000), Line(2, "b", 500))


@pytest.mark.parametrize(
    ("policy", "member", "expected"),
    [
        ("as_if_sold", MEMBER, {"p": 20}),
        ("as_if_sold", None, {}),
        ("nothing", MEMBER, {}),
    ],
)
def test_goods_without_their_receipt_take_points_out_by_policy(
    policy: str, member: MemberFacts | None, expected: dict[str, int]
) -> None:
    compiled = programme(f'[settings]\nreturns_without_original = "{policy}"\n' + EARN)
    basket = Basket("r", AT, "s", "t", "EUR", list(BROUGHT))
    assert without_original(compiled, member, basket, AT).earned == expected


def test_a_sale_alone_takes_nothing_out() -> None:
    compiled = programme('[settings]\nreturns_without_original = "as_if_sold"\n' + EARN)
    basket = Basket("r", datetime(2026, 1, 1, tzinfo=UTC), "s", "t", "EUR", [BROUGHT[1]])
    assert without_original(compiled, MEMBER, basket, AT) == ReturnEffects()


def test_a_return_takes_its_own_note_and_leaves_that_of_another_receipt_of_the_day() -> None:
    compiled = programme('[rule.a]\nwhen.bought = { scope = { groups = ["g"] } }\nearn = { points = "1" }\n')
    member = MemberFacts("m", history={"a": ["2026-11-23", "2026-11-24"]})
    sold = sale(compiled, Line(1, "x", 500, "g"), member=member)
    carried = carry(compiled.programme.text, member, sold.quote, AT.astimezone(compiled.zone))
    assert carried.facts.history == {"a": ["2026-11-23", "2026-11-24", "2026-11-24"]}
    back = effects_by_policy(compiled, sold, {}, {1: 500})
    assert (
        carry_back(carried.facts, carried, back, day=AT.date(), policy="keep").facts.history == member.history
    )
    trimmed = msgspec.structs.replace(carried.facts, history={"b": ["0"]})
    assert carry_back(trimmed, carried, back, day=AT.date(), policy="keep").facts.history == {"b": ["0"]}
