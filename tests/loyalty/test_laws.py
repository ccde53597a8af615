"""What holds for every basket: nothing lost, nothing below zero, nothing spent that is not there."""

import random
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.language.read import load_programme
from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.numbers import share_out
from agent.loyalty.quote import Quote
from agent.loyalty.returns import effects_of

FILE = Path(__file__).parents[2] / "config" / "programmes" / "household-club.toml"
TEXT = FILE.read_text(encoding="utf-8")
CLUB = compile_programme(load_programme(TEXT.encode(), name=FILE.name))
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
GROUPS = st.sampled_from(["GROCERY", "PRODUCE", "DELI", "DRUG GM", "FUEL", "KIOSK-GAS"])
AMOUNTS = st.integers(1, 20_000)


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    lines = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        amount = draw(AMOUNTS)
        floor = draw(st.none() | st.integers(0, 200))
        quantity = draw(st.sampled_from(["1", "2", "3", "0.355"]))
        tax = draw(st.sampled_from([[], ["x"]]))
        line = Line(
            number, f"s{number}", amount, draw(GROUPS), tax, quantity=quantity, floor_price_minor=floor
        )
        lines.append(line)
    redeem: dict[str, int | str] = draw(st.sampled_from([{}, {"points": "max"}, {"points": 250}]))
    codes = draw(st.sampled_from([[], ["WELCOME8"]]))
    return Basket("r", AT, "s", "t", "USD", lines, instruments=codes, redeem=redeem)


@st.composite
def members(draw: st.DrawFn) -> MemberFacts:
    lots = [
        Lot(f"l{at}", amount) for at, amount in enumerate(draw(st.lists(st.integers(-100, 3000), max_size=4)))
    ]
    limit = draw(st.none() | st.integers(0, 2000))
    vouchers = [Voucher(name, name) for name in draw(st.sets(st.sampled_from(["coupon", "tenth-visit"])))]
    counts = {"stamps": CountFacts(draw(st.integers(0, 12)))}
    return MemberFacts("m", wallets={"points": WalletFacts(lots, limit)}, vouchers=vouchers, counts=counts)


def whole(quote: Quote) -> tuple[int, int, int]:
    return quote.due_minor, quote.wallets[0].earn, quote.wallets[0].redeem


@given(baskets(), members())
def test_rebates_sum_to_what_is_taken_off_and_no_line_falls_below_its_floor(
    basket: Basket, member: MemberFacts
) -> None:
    quote = evaluate(CLUB, member, basket, AT)
    off: dict[str, int] = {}
    for line, answer in zip(basket.lines, quote.lines, strict=True):
        rebates = sum(one.amount_minor for one in answer.rebates)
        assert answer.amount_minor == line.amount_minor + rebates
        floor = ceil((line.floor_price_minor or 0) * float(line.quantity) - 1e-9)
        assert answer.amount_minor >= min(floor, line.amount_minor)
        for one in answer.rebates:
            off[one.rule] = off.get(one.rule, 0) - one.amount_minor
    for reason in quote.reasons:
        if reason.code == "applied" and reason.rule in off:
            assert reason.values["amount_minor"] == off[reason.rule]


@given(baskets(), members())
def test_due_is_never_negative_and_no_more_is_spent_than_usable(basket: Basket, member: MemberFacts) -> None:
    quote = evaluate(CLUB, member, basket, AT)
    wallet = quote.wallets[0]
    limit = member.wallets["points"].usable_offline
    assert quote.due_minor >= 0
    assert isinstance(wallet.balance, int)
    assert wallet.redeem <= wallet.max_redeem <= wallet.balance
    assert limit is None or wallet.max_redeem <= limit
    assert sum(paid.points for line in quote.lines for paid in line.paid) == wallet.redeem


@given(baskets(), members())
def test_every_rule_has_exactly_one_reason_and_the_same_question_the_same_answer(
    basket: Basket, member: MemberFacts
) -> None:
    quote = evaluate(CLUB, member, basket, AT)
    assert [one.rule for one in quote.reasons] == sorted(CLUB.order)
    assert evaluate(CLUB, member, basket, AT) == quote


@given(baskets(), members(), st.integers(0, 1000))
@settings(max_examples=30)
def test_the_order_of_rules_in_the_file_means_nothing(basket: Basket, member: MemberFacts, seed: int) -> None:
    head, *tables = TEXT.split("\n[")
    random.Random(seed).shuffle(tables)
    shuffled = compile_programme(load_programme("\n[".join([head, *tables]).encode(), name="shuffled"))
    assert shuffled.hash == CLUB.hash
    assert evaluate(shuffled, member, basket, AT) == evaluate(CLUB, member, basket, AT)


@given(baskets(), members(), st.data())
def test_partial_returns_together_undo_the_sale_exactly(
    basket: Basket, member: MemberFacts, data: st.DataObject
) -> None:
    quote = evaluate(CLUB, member, basket, AT)
    before: dict[int, int] = {}
    refund, earned, spent, stamps = 0, 0, 0, 0
    for last in (False, False, True):
        now = {}
        for line in basket.lines:
            left = line.amount_minor - before.get(line.line, 0)
            now[line.line] = left if last else data.draw(st.integers(0, left))
        effects = effects_of(basket, quote, before, now)
        for number, amount in now.items():
            before[number] = before.get(number, 0) + amount
        refund += effects.refund_minor
        earned += effects.earned.get("points", 0)
        spent += effects.spent.get("points", 0)
        stamps += effects.counts.get("stamps", 0)
    assert (refund, earned, spent) == whole(quote)
    assert stamps == sum(one.units for one in quote.counts)


@given(baskets(), members())
def test_the_order_of_lines_changes_nothing_but_ties(basket: Basket, member: MemberFacts) -> None:
    turned = Basket("r", AT, "s", "t", "USD", basket.lines[::-1], instruments=basket.instruments)
    plain = Basket("r", AT, "s", "t", "USD", basket.lines, instruments=basket.instruments)
    one, other = evaluate(CLUB, member, plain, AT), evaluate(CLUB, member, turned, AT)
    assert abs(one.due_minor - other.due_minor) <= len(basket.lines)


@given(
    st.integers(0, 5000),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), min_size=1, max_size=8),
)
def test_shares_sum_to_the_whole_and_fit_their_room(total: int, lines: list[tuple[int, int]]) -> None:
    weights, room = [one for one, _ in lines], [one for _, one in lines]
    parts = share_out(total, weights, room)
    assert sum(parts) == min(total, sum(space for weight, space in lines if weight))
    assert all(0 <= part <= space for part, space in zip(parts, room, strict=True))
