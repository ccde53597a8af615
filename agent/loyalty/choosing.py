"""From the words of a take_off to the goods it falls on (rules/choose.py, rules/bundles.py)."""

from agent.loyalty.grammar import Stage
from agent.loyalty.numbers import exact
from agent.loyalty.programme import Rule, Text
from agent.loyalty.rules.bundles import ForOnePrice, OneOfEach
from agent.loyalty.rules.choose import Chooser, Counted, GivenFree, Picked, Picking, WholeLines
from agent.loyalty.scopes import ScopeCompiler
from agent.loyalty.verbs import TakeOff
from agent.loyalty.where import Scope
from agent.loyalty.words import setting


def chooser_of(rule: Rule, word: TakeOff, stage: Stage, scopes: ScopeCompiler, text: Text) -> Chooser:
    """Return what names the goods that `word` takes off from."""
    picking = picking_of(stage, text)
    scope = scopes.number(rule.scope)
    minor = 10**text.programme.minor_digits
    price = exact(word.set_price) * minor if word.set_price is not None else None
    most = most_times(rule)
    if word.each:
        each = tuple(scopes.number(one) for one in word.each)
        return OneOfEach(each, scope, word.cheapest_free, price, most, picking)
    if word.cheapest_free is not None:
        assert word.units is not None, "checked"
        return Counted(scope, word.units, word.cheapest_free, "cheapest", most, picking)
    if rule.count is not None:
        return Counted(scope, rule.count.size, word.units or 1, word.pick or "nth", most, picking)
    if price is not None and word.units is not None:
        return ForOnePrice(scope, word.units, price, most, picking)
    if word.units is not None:
        return Picked(scope, word.units, word.pick or "dearest", picking)
    return WholeLines(scope, picking)


def free_goods(rule: Rule, article: str, scopes: ScopeCompiler, text: Text) -> Chooser:
    """Return what names the pieces of `article` that a rule gives free."""
    return GivenFree(
        scopes.number(Scope(skus=[article])),
        scopes.number(rule.scope),
        rule.count.size if rule.count is not None else None,
        most_times(rule),
        setting(text.settings, "free_item") == "on_top",
        picking_of("free", text),
    )


def most_times(rule: Rule) -> int | None:
    """Return how often a rule may apply to one receipt."""
    return min(
        (cap for cap in (rule.max_applications, rule.max_per_receipt) if cap is not None), default=None
    )


def picking_of(stage: Stage, text: Text) -> Picking:
    """Return how pieces are taken in a stage of this programme."""
    tie = setting(text.settings, "cheapest_tie")
    return Picking(stage == "bundle", tie, setting(text.settings, "percent_chain") == "multiply")
