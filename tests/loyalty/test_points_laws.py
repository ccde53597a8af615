"""What holds for points whatever the sale, the member and the settings: nothing raises, nothing is lost."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.loyalty.basket import Basket
from agent.loyalty.compile import Compiled
from agent.loyalty.evaluate import evaluate
from agent.loyalty.explain import LANGUAGES, prompt_sentence, sentence
from agent.loyalty.member import MemberFacts
from agent.loyalty.returns import effects_of
from tests.loyalty.desk import AT, compiled
from tests.loyalty.test_return_policy import CLUB, baskets, members

MORE = """[rule.steps]
when = { sequence = [{ groups = ["g"] }, { groups = ["h"] }] }
give = { lottery = "x" }
[rule.draw]
when = { draw = { one_in = 2 } }
take_off = { percent = "100" }
[rule.choice]
when = { choice = "a", age_at_least = 18, tier_at_least = "regular" }
multiply = { wallet = "money", by = "2.5" }
[rule.catalogue]
pay = { wallet = "p", catalogue = { s1 = 10, s2 = 7 } }
[rule.cash]
pay = { wallet = "money", into = "cash", block = 7, confirm = true }
[rule.attribute]
earn = { wallet = "p", points = "0.3", per = "attribute:x", whole_steps = true, max = "9" }
[prompt.tea]
say = { en = "Tea?" }
"""
PLAIN = CLUB.format(returns="prorate") + MORE
ODD = """[settings]
takes_effect = "this_receipt"
same_receipt_points = "spendable"
points_are = "discount"
downgrade = "never"
earn_tax = "excl"
earn_discounts = "before"
points_rounding = "half_up"
"""
PROGRAMMES = [compiled(PLAIN), compiled(PLAIN.replace("[settings]\n", ODD))]
NAMES = st.sampled_from(
    [
        "money",
        "p",
        "gift",
        "a",
        "regular",
        "lover",
        "again",
        "steps",
        "total:card",
        "regular:2026",
        "guest:9999-12-31",
    ]
)
KEPT = st.lists(st.sampled_from(["0", "1", "99", "", "x", "2026-11-01", "9999-12-31"]), max_size=3)
MOMENTS = st.sampled_from([AT, datetime(1971, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)])


@st.composite
def odd_members(draw: st.DrawFn) -> MemberFacts:
    return msgspec.structs.replace(
        draw(members()),
        measures=draw(st.dictionaries(NAMES, st.integers(-(10**6), 10**6), max_size=3)),
        history=draw(st.dictionaries(NAMES, KEPT, max_size=2)),
        choices=draw(st.lists(NAMES, max_size=2)),
        tier=draw(NAMES),
        card_shown=draw(st.booleans()),
    )


@st.composite
def odd_baskets(draw: st.DrawFn) -> Basket:
    basket = draw(baskets())
    wishes = st.dictionaries(NAMES, st.just("max") | st.integers(0, 10**6), max_size=3)
    return msgspec.structs.replace(
        basket,
        event=draw(st.sampled_from(["", "cash", "referral"])),
        redeem=draw(wishes),
        lines=basket.lines if draw(st.booleans()) else [],
    )


@given(odd_baskets(), st.none() | odd_members(), st.sampled_from(PROGRAMMES), st.integers(0, 2**64), MOMENTS)
@settings(max_examples=150)
def test_any_sale_is_answered_alike_spends_what_is_there_and_can_be_undone(
    basket: Basket, member: MemberFacts | None, programme: Compiled, draw: int, at: datetime
) -> None:
    quote = evaluate(programme, member, basket, at, draw=draw)
    assert evaluate(programme, member, basket, at, draw=draw) == quote
    assert all(line.amount_minor >= 0 for line in quote.lines if line.line != 9)
    lang = LANGUAGES[draw % 3]
    said = [sentence(one, programme.programme, lang) for one in quote.reasons]
    said += [prompt_sentence(one, programme.programme, lang) for one in quote.prompts]
    assert all(text and "{" not in text for text in said)
    whole = {line.line: line.amount_minor for line in basket.lines if line.amount_minor > 0}
    effects = effects_of(basket, quote, {}, whole)
    for wallet in quote.wallets:
        into = sum(one.points for one in quote.spent if one.into and one.wallet == wallet.wallet)
        assert isinstance(wallet.balance, int)
        assert 0 <= wallet.redeem <= wallet.balance + wallet.earn
        if whole:
            assert effects.earned.get(wallet.wallet, 0) == wallet.earn
            assert effects.spent.get(wallet.wallet, 0) + into == wallet.redeem
