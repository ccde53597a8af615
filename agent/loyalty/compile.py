"""Programme to closures, once per programme: every name resolved, every rate a fraction, rules in order."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from agent.loyalty import compile_points as points_side
from agent.loyalty.again import Rounds
from agent.loyalty.caps import cap_condition, caps_of, is_capped_at_once
from agent.loyalty.check import stage_of, verb_of
from agent.loyalty.check_take_off import discount_stage
from agent.loyalty.choosing import chooser_of, free_goods
from agent.loyalty.conditions import any_of, conditions_of, member_needed
from agent.loyalty.earn_base import EarnBase
from agent.loyalty.grammar import STAGES
from agent.loyalty.history import watches_of
from agent.loyalty.member_conditions import Ground
from agent.loyalty.programme import Group, Programme, Rule
from agent.loyalty.quote import ProgrammeRef
from agent.loyalty.refusal import Condition
from agent.loyalty.rounding import Rounding
from agent.loyalty.rules.earn import EarnWallet
from agent.loyalty.rules.take_off import TakeOffWork
from agent.loyalty.scopes import ScopeCompiler
from agent.loyalty.tiers import TierTable
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
        self.wallets = {name: EarnWallet(name, text) for name in sorted(text.wallet)}
        self.earn_base = EarnBase(text.settings)
        self.points_rounding = setting(text.settings, "points_rounding")
        self.scope_compiler = ScopeCompiler(text)
        self.scopes = self.scope_compiler.table
        self.tiers = TierTable(text, self.scope_compiler)
        self.rounds = Rounds(text, self.tiers)
        self.watches = watches_of(text, self.scope_compiler)
        self.prompts = points_side.prompts(self)
        self.groups: dict[str, Group] = text.group
        rules = [_rule(self, name, rule) for name, rule in text.rule.items()]
        rules += [_voucher(self, name) for name in text.voucher]
        self.capped = [
            caps
            for name, rule in sorted(text.rule.items())
            if is_capped_at_once(rule) and (caps := caps_of(name, rule)).is_any
        ]
        self.stages: tuple[tuple[str, tuple[CompiledRule, ...]], ...] = tuple(
            (stage, tuple(sorted((one for one in rules if one.stage == stage), key=lambda one: one.order)))
            for stage in STAGES
        )
        self.order = {one.id: at for at, one in enumerate(sorted(rules, key=lambda one: one.id))}
        self.units = {name: wallet.unit for name, wallet in self.wallets.items()}

    def ground(self, rule: str) -> Ground:
        """Return what the conditions of a rule stand on."""
        return Ground(rule, self.scope_compiler, self.tiers.rank, self.minor)


def compile_programme(programme: Programme) -> Compiled:
    """Turn a checked programme into what `evaluate` runs."""
    return Compiled(programme)


def _rule(compiled: Compiled, name: str, rule: Rule) -> CompiledRule:
    verb = verb_of(rule)
    checks = any_of([conditions_of(when, compiled.ground(name)) for when in rule.alternatives])
    if discount_stage(rule) is None:
        checks = (member_needed, *checks)
    if is_capped_at_once(rule) and (caps := caps_of(name, rule)).is_any:
        checks = (*checks, cap_condition(caps))
    work = BUILDERS[verb](compiled, name, rule)
    made = CompiledRule(name, stage_of(rule), work, checks, points_side.order_of(compiled, name, rule))
    made.group = rule.group
    made.exclusive = rule.exclusive
    made.has_code = all(when.code for when in rule.alternatives)
    return made


def _voucher(compiled: Compiled, name: str) -> CompiledRule:
    """Make the rule by which a member's voucher takes off: in the receipt stage, once, by itself."""
    word = compiled.programme.text.voucher[name]
    rule = f"voucher.{name}"
    text = compiled.programme.text
    choose = chooser_of(Rule(scope=word.scope), word.take_off, "receipt", compiled.scope_compiler, text)
    work = TakeOffWork(rule, word.take_off, choose, compiled.rounding, minor=compiled.minor, voucher=name)
    checks: tuple[Condition, ...] = (member_needed,)
    made = CompiledRule(rule, "receipt", work, checks, (points_side.rank_of(text, word.priority), rule))
    made.group = word.group
    return made


def _take_off(compiled: Compiled, name: str, rule: Rule) -> Work:
    assert rule.take_off is not None
    text = compiled.programme.text
    choose = chooser_of(rule, rule.take_off, stage_of(rule), compiled.scope_compiler, text)
    return TakeOffWork(name, rule.take_off, choose, compiled.rounding, minor=compiled.minor)


def _give(compiled: Compiled, name: str, rule: Rule) -> Work:
    """Build a `give`; free goods are a discount of all they cost."""
    assert rule.give is not None
    if rule.give.free is None:
        return points_side.give(compiled, name, rule)
    choose = free_goods(rule, rule.give.free, compiled.scope_compiler, compiled.programme.text)
    return TakeOffWork(name, FREE, choose, compiled.rounding, minor=compiled.minor)


BUILDERS: dict[str, Callable[[Compiled, str, Rule], Work]] = {
    "take_off": _take_off,
    "earn": points_side.earn,
    "multiply": points_side.multiply,
    "pay": points_side.pay,
    "give": _give,
}
"""Each verb's builder; a new verb is a file in rules/ and a line here."""
