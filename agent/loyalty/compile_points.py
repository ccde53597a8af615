"""The builders of the points side: earn, multiply, pay, give and prompts, from their words to work."""

from typing import Protocol

from agent.loyalty.check_points import wallet_of
from agent.loyalty.conditions import conditions_of
from agent.loyalty.earn_base import EarnBase
from agent.loyalty.member_conditions import Ground
from agent.loyalty.programme import Programme, Rule, Text
from agent.loyalty.prompts import SaidWhen
from agent.loyalty.rules.catalogue import CatalogueWork
from agent.loyalty.rules.earn import EarnWallet, EarnWork, MultiplyWork
from agent.loyalty.rules.give import GiveWork
from agent.loyalty.rules.pay import PayWork, Purse
from agent.loyalty.scopes import ScopeCompiler
from agent.loyalty.words import setting
from agent.loyalty.work import Work

AFTER_POINTS = 10_000_000
"""Stored value pays after all points, whatever the priorities (these end at a million)."""


class Parts(Protocol):
    """What of a programme being compiled the builders need."""

    programme: Programme
    wallets: dict[str, EarnWallet]
    earn_base: EarnBase
    scope_compiler: ScopeCompiler
    minor: int

    def ground(self, rule: str) -> Ground:
        """Return what the conditions of a rule stand on."""


def earn(compiled: Parts, name: str, rule: Rule) -> Work:
    """Build an `earn`."""
    assert rule.earn is not None
    wallet = compiled.wallets[wallet_of(compiled.programme.text, rule.earn.wallet)]
    scope = compiled.scope_compiler.number(rule.scope)
    base, minor = compiled.earn_base, compiled.minor
    return EarnWork(name, rule.earn, wallet, scope=scope, base=base, minor=minor)


def multiply(compiled: Parts, name: str, rule: Rule) -> Work:
    """Build a `multiply`."""
    assert rule.multiply is not None
    wallet = compiled.wallets[wallet_of(compiled.programme.text, rule.multiply.wallet)]
    return MultiplyWork(name, rule.multiply, compiled.scope_compiler.number(rule.scope), wallet)


def pay(compiled: Parts, name: str, rule: Rule) -> Work:
    """Build a `pay`, by a catalogue's prices or by the value of a point."""
    assert rule.pay is not None
    text = compiled.programme.text
    wallet = wallet_of(text, rule.pay.wallet)
    words = text.wallet[wallet]
    points_are = setting(text.settings, "points_are")
    purse = Purse.of(wallet, words, minor=compiled.minor, points_are=points_are)
    scope = compiled.scope_compiler.number(rule.scope or words.burn)
    if rule.pay.catalogue:
        return CatalogueWork(name, rule.pay, purse, scope=scope)
    return PayWork(name, rule.pay, purse, scope=scope, minor=compiled.minor)


def give(compiled: Parts, name: str, rule: Rule) -> Work:
    """Build a `give`."""
    scope = compiled.scope_compiler.number(rule.scope)
    return GiveWork(name, rule, scope, compiled.programme.text)


def order_of(compiled: Parts, name: str, rule: Rule) -> tuple[int, str]:
    """Return where a rule stands in its stage: by priority, then id; stored value pays last."""
    text = compiled.programme.text
    priority = rank_of(text, rule.priority)
    is_value = rule.pay is not None and text.wallet[wallet_of(text, rule.pay.wallet)].kind == "stored_value"
    return (AFTER_POINTS if is_value else 0) + priority, name


def rank_of(text: Text, priority: int) -> int:
    """Return a priority as a rank, the first of a stage the smallest (setting priority_order)."""
    return priority if setting(text.settings, "priority_order") == "lower_first" else -priority


def prompts(compiled: Parts) -> list[SaidWhen]:
    """Build the [prompt.X] tables, best priority first."""
    found = []
    text = compiled.programme.text
    for name, word in sorted(text.prompt.items(), key=lambda one: (rank_of(text, one[1].priority), one[0])):
        scope = compiled.scope_compiler.number(word.scope)
        found.append(SaidWhen(name, conditions_of(word.when, compiled.ground(f"prompt.{name}")), scope))
    return found
