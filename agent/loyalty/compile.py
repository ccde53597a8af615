"""Programme to closures, once per programme: every name resolved, every rate a fraction, rules in order."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from agent.loyalty.check import stage_of, verb_of, wallet_of
from agent.loyalty.choosing import chooser_of, free_goods
from agent.loyalty.conditions import any_of, conditions_of, member_needed
from agent.loyalty.grammar import STAGES
from agent.loyalty.programme import Group, Programme, Rule
from agent.loyalty.quote import ProgrammeRef
from agent.loyalty.refusal import Condition
from agent.loyalty.rounding import Rounding
from agent.loyalty.rules.earn import EarnWallet, EarnWork, MultiplyWork
from agent.loyalty.rules.give import GiveWork
from agent.loyalty.rules.pay import PayWork
from agent.loyalty.rules.take_off import TakeOffWork
from agent.loyalty.scopes import ScopeCompiler
from agent.loyalty.verbs import TakeOff
from agent.loyalty.words import setting
from agent.loyalty.work import CompiledRule, Work

FREE = TakeOff(percent="100")


class Compiled:
    """A programme ready to answer; shared by all evaluations, changed by none."""

    def __init__(self, programme: Programme) -> None:
        text = programme.text
        self.programme = programme
        self.id = programme.id
        self.version = programme.version
        self.hash = programme.hash
        self.ref = ProgrammeRef(programme.id, programme.version, programme.hash, text.programme.semantics)
        self.zone = ZoneInfo(programme.time_zone)
        self.minor = 10**text.programme.minor_digits
        self.valid = text.programme.valid
        self.rounding = Rounding(text.settings)
        self.fixed_shrinks = setting(text.settings, "fixed_tax") == "discounted"
        lower = setting(text.settings, "priority_order") == "lower_first"
        self.first = -1 if lower else 1
        self.wallets = {name: EarnWallet(name, wallet.scale) for name, wallet in sorted(text.wallet.items())}
        self.scope_compiler = ScopeCompiler(text)
        self.scopes = self.scope_compiler.table
        self.groups: dict[str, Group] = text.group
        rules = [_rule(self, name, rule) for name, rule in text.rule.items()]
        rules += [_voucher(self, name) for name in text.voucher]
        self.stages: tuple[tuple[str, tuple[CompiledRule, ...]], ...] = tuple(
            (stage, tuple(sorted((one for one in rules if one.stage == stage), key=lambda one: one.order)))
            for stage in STAGES
        )
        self.order = {one.id: at for at, one in enumerate(sorted(rules, key=lambda one: one.id))}
        self.units = {name: wallet.unit for name, wallet in self.wallets.items()}


def compile_programme(programme: Programme) -> Compiled:
    """Turn a checked programme into what `evaluate` runs."""
    return Compiled(programme)


def _rule(compiled: Compiled, name: str, rule: Rule) -> CompiledRule:
    verb = verb_of(rule)
    checks = any_of(
        [conditions_of(when, compiled.scope_compiler, compiled.minor) for when in rule.alternatives]
    )
    if verb in {"earn", "multiply", "pay", "give"} and stage_of(rule) != "free":
        checks = (member_needed, *checks)
    made = CompiledRule(
        name,
        stage_of(rule),
        BUILDERS[verb](compiled, name, rule),
        checks,
        priority=compiled.first * rule.priority,
    )
    made.group = rule.group
    made.exclusive = rule.exclusive
    return made


def _voucher(compiled: Compiled, name: str) -> CompiledRule:
    """Make the rule by which a member's voucher takes off: in the receipt stage, once, by itself."""
    word = compiled.programme.text.voucher[name]
    rule = f"voucher.{name}"
    choose = chooser_of(
        Rule(scope=word.scope), word.take_off, "receipt", compiled.scope_compiler, compiled.programme.text
    )
    work = TakeOffWork(rule, word.take_off, choose, compiled.rounding, minor=compiled.minor, voucher=name)
    checks: tuple[Condition, ...] = (member_needed,)
    made = CompiledRule(rule, "receipt", work, checks, priority=compiled.first * word.priority)
    made.group = word.group
    return made


def _take_off(compiled: Compiled, name: str, rule: Rule) -> Work:
    assert rule.take_off is not None
    text = compiled.programme.text
    choose = chooser_of(rule, rule.take_off, stage_of(rule), compiled.scope_compiler, text)
    return TakeOffWork(name, rule.take_off, choose, compiled.rounding, minor=compiled.minor)


def _earn(compiled: Compiled, name: str, rule: Rule) -> Work:
    assert rule.earn is not None
    wallet = compiled.wallets[wallet_of(compiled.programme.text, rule.earn.wallet)]
    return EarnWork(name, rule.earn, compiled.scope_compiler.number(rule.scope), wallet, compiled.minor)


def _multiply(compiled: Compiled, name: str, rule: Rule) -> Work:
    assert rule.multiply is not None
    wallet = compiled.wallets[wallet_of(compiled.programme.text, rule.multiply.wallet)]
    return MultiplyWork(name, rule.multiply, compiled.scope_compiler.number(rule.scope), wallet)


def _pay(compiled: Compiled, name: str, rule: Rule) -> Work:
    assert rule.pay is not None
    wallet = wallet_of(compiled.programme.text, rule.pay.wallet)
    words = compiled.programme.text.wallet[wallet]
    scope = compiled.scope_compiler.number(rule.scope or words.burn)
    return PayWork(name, rule.pay, wallet, words, scope=scope, minor=compiled.minor)


def _give(compiled: Compiled, name: str, rule: Rule) -> Work:
    assert rule.give is not None
    if rule.give.free is not None:
        choose = free_goods(rule, rule.give.free, compiled.scope_compiler, compiled.programme.text)
        return TakeOffWork(name, FREE, choose, compiled.rounding, minor=compiled.minor)
    lot = rule.give.lot
    wallet = wallet_of(compiled.programme.text, lot.wallet) if lot else ""
    scope = compiled.scope_compiler.number(rule.scope)
    return GiveWork(name, rule, scope, compiled.programme.text, wallet=wallet)


BUILDERS: dict[str, Callable[[Compiled, str, Rule], Work]] = {
    "take_off": _take_off,
    "earn": _earn,
    "multiply": _multiply,
    "pay": _pay,
    "give": _give,
}
"""Each verb's builder; a new verb is a file in rules/ and a line here."""
