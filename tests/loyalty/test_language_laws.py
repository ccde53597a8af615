"""The laws of the whole language, over programmes, members and baskets that nobody would think of."""

from functools import reduce
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from agent.loyalty.basket import Basket
from agent.loyalty.carry import carry
from agent.loyalty.carry_back import carry_back
from agent.loyalty.compile import compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.read import load_programme
from tests.loyalty.lawful import judged, returns, standing, together, whole_sale
from tests.loyalty.made_baskets import NOW, baskets
from tests.loyalty.made_cases import Case, cases, interviews
from tests.loyalty.made_programmes import Plain, percents, scopes, toml

SOME = settings(max_examples=40)
FEWER = settings(max_examples=15)


@given(interviews())
@SOME
def test_nothing_raises_and_every_quote_is_lawful(interview: list[Case]) -> None:
    for case in interview:
        judged(case)


@given(cases(), st.randoms(use_true_random=False))
@FEWER
def test_the_order_of_rules_in_a_file_means_nothing(case: Case, chance: Random) -> None:
    plain = {
        table: dict(words) for table, words in to_builtins(case.compiled.programme.text).items() if words
    }
    for content in plain.values():
        rows = list(content.items())
        chance.shuffle(rows)
        content.clear()
        content.update(rows)
    other = compile_programme(load_programme(toml(plain).encode(), name="x.toml"))
    assert other.hash == case.compiled.hash
    assert case._replace(compiled=other).quote() == case.quote()


@given(cases(returns=False), st.data())
@SOME
def test_a_sale_and_all_its_partial_returns_leave_everything_as_it_was(
    case: Case, data: st.DataObject
) -> None:
    quote = case.quote()
    if not any(line.amount_minor > 0 for line in case.basket.lines):
        return
    undone = list(returns(case.basket, quote, data.draw))
    assert reduce(together, undone) == whole_sale(quote)
    counted = [one.rule for one in quote.counts]
    is_counted_twice = len(set(counted)) < len(counted)  # an nth and a cap on one rule share its count
    if case.member is None or any(one.into for one in quote.spent) or is_counted_twice:
        return
    local = case.at.astimezone(case.compiled.zone)
    carried = carry(case.compiled.programme.text, case.member, quote, local)
    for effects in undone:
        carried = carry_back(carried.facts, carried, effects, day=local.date(), policy="keep")
    assert standing(carried.facts) == standing(case.member)


OFFS = st.lists(
    st.tuples(percents, st.sampled_from(["one", "other", ""]), st.integers(-1, 1)), min_size=2, max_size=4
)


@given(OFFS, scopes, scopes, baskets(returns=False), st.sampled_from(["line", "receipt"]))
@SOME
def test_in_a_best_group_another_rule_never_makes_the_customer_worse_off(
    offs: list[tuple[str, str, int]], one: Plain, other: Plain, basket: Basket, per: str
) -> None:
    plain: Plain = {
        "programme": {"id": "x", "version": 1, "currency": basket.currency, "time_zone": "UTC"},
        "wallet": {"p": {}},
        "scope": {"one": one, "other": other},
        "group": {"off": {"mode": "best", "per": per}},
        "rule": {
            f"r{number}": {
                "group": "off",
                "scope": scope,
                "priority": priority,
                "take_off": {"percent": percent},
            }
            for number, (percent, scope, priority) in enumerate(offs)
        },
    }
    taken = []
    for _ in offs:
        compiled = compile_programme(load_programme(toml(plain).encode(), name="x.toml"))
        taken.append(evaluate(compiled, None, basket, NOW).due_minor)
        plain["rule"].popitem()
    assert taken == sorted(taken)
