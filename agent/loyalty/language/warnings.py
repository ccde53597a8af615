"""What is sound in a programme and yet hardly meant: rules that never apply, shadow or undercut another."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

import msgspec

from agent.errors import Mistake
from agent.loyalty.language.check import stage_of, verb_of
from agent.loyalty.language.grammar import STAGES, Names
from agent.loyalty.language.programme import Rule, Text
from agent.loyalty.language.where import Scope, When
from agent.loyalty.language.within import DENIED, SAID, is_rule_within, is_when_within, scope_of, values
from agent.loyalty.numbers import exact

NEEDS_MEMBER = ("earn", "multiply", "pay", "give")
SURE_OF_MEMBER = ("segment", "tier", "tier_at_least", "choice", "age_at_least", "bought", "voucher")


def warnings(text: Text, today: date | None = None) -> list[Mistake]:
    """Return what a checked programme may not mean, each with its pointer and a remedy.

    `today` is the local day to judge periods by; without it none is over.
    """
    found = [*_over(text, today)]
    silent: set[str] = set()
    for key, rule in sorted(text.rule.items()):
        if why := _never(text, rule):
            silent.add(key)
            found.append(Mistake(f"/rule/{key}", "never_applies", {"why": why}, _REMEDIES[why]))
    spoken = {key: rule for key, rule in sorted(text.rule.items()) if key not in silent}
    return [*found, *_shadows(text, spoken), *_undercut(text, spoken), *_unused(text), *_equal_tiers(text)]


_REMEDIES = {
    "total": "only gifts wait until head office has counted: give a voucher or a lot instead",
    "period": "let the periods of rule and programme meet",
    "member": "it needs a member: leave out identified = false",
    "not": "`not` denies what the same `when` asks for",
    "scope": "the scope names and denies the same goods, or its prices do not meet",
}


def _over(text: Text, today: date | None) -> Iterator[Mistake]:
    if today is None:
        return
    end = text.programme.valid.until
    if end is not None and end <= today:
        yield Mistake("/programme/valid/until", "over", {"until": end.isoformat()}, "name a later day")
        return
    for key, rule in sorted(text.rule.items()):
        ends = [when.until for when in rule.alternatives]
        if all(one is not None and one <= today for one in ends):
            yield Mistake(f"/rule/{key}/when/until", "over", {}, "take the rule out, or name a later day")


def _never(text: Text, rule: Rule) -> str:
    """Return why a rule can never apply, empty if it may."""
    if rule.max_total is not None and (rule.give is None or rule.give.free is not None):
        return "total"
    scopes = [scope_of(text, rule.scope)]
    if any(_is_empty(scope) for scope in scopes):
        return "scope"
    reasons = [_never_holds(text, when, verb_of(rule)) for when in rule.alternatives]
    return reasons[0] if all(reasons) else ""


def _never_holds(text: Text, when: When, verb: str) -> str:
    valid = text.programme.valid
    starts = [day for day in (when.from_, valid.from_) if day is not None]
    ends = [day for day in (when.until, valid.until) if day is not None]
    if starts and ends and min(ends) <= max(starts):
        return "period"
    if when.identified is False and (
        verb in NEEDS_MEMBER or any(getattr(when, key) for key in SURE_OF_MEMBER)
    ):
        return "member"
    if when.not_ is not None and is_when_within(when, when.not_):
        return "not"
    return "scope" if _lacks_goods(text, when) else ""


def _lacks_goods(text: Text, when: When) -> bool:
    asked = [scope_of(text, one) for one in values(when.has)]
    some = [scope_of(text, one.of) for one in (when.amount, when.quantity) if one is not None]
    return (bool(asked) and all(map(_is_empty, asked))) or any(map(_is_empty, some))


def _is_empty(scope: Scope) -> bool:
    denied = any(
        getattr(scope, said) and set(getattr(scope, said)) <= set(getattr(scope, no))
        for said, no in zip(SAID, DENIED, strict=True)
        if said != "tags"  # a line has many tags: one is asked for, another denied
    )
    low, high = scope.price_from, scope.price_to
    return denied or (low is not None and high is not None and exact(low) > exact(high))


def _shadows(text: Text, rules: dict[str, Rule]) -> Iterator[Mistake]:
    """Find rules that another one always wins against: exclusive ones, and those of one group."""
    for key, rule in rules.items():
        for other, winner in rules.items():
            if key == other or stage_of(rule) != stage_of(winner) or not is_rule_within(text, rule, winner):
                continue
            if _always_wins(text, (key, rule), (other, winner)):
                remedy = f"{other} speaks wherever it does: narrow that one, or take this one out"
                yield Mistake(f"/rule/{key}", "shadowed", {"by": other}, remedy)
                break


def _always_wins(text: Text, rule: tuple[str, Rule], winner: tuple[str, Rule]) -> bool:
    (key, lesser), (other, greater) = rule, winner
    if greater.exclusive and not lesser.exclusive:
        return True
    mode = text.group[lesser.group].mode if lesser.group in text.group else "all"
    is_earlier = (-greater.priority, other) < (-lesser.priority, key)
    if greater.group == lesser.group and mode == "first" and is_earlier:
        return True
    if not (greater.exclusive and lesser.exclusive) and (greater.group != lesser.group or mode != "best"):
        return False
    worth, least = _rate(greater), _rate(lesser)
    if worth is None or least is None or worth[0] != least[0]:
        return False
    return worth[1] > least[1] or (worth[1] == least[1] and is_earlier)


def _rate(rule: Rule) -> tuple[tuple[object, ...], Fraction] | None:
    """Return what a rule gives as something comparable: its kind and the rate."""
    if rule.earn is not None and rule.earn.max is None and not rule.earn.whole_steps:
        word = rule.earn
        return ("earn", word.wallet, word.per, exact(word.every)), exact(word.points)
    off = rule.take_off
    if off is not None and off.percent is not None and off.max is None:
        return ("percent", off.floor, off.units, off.pick), exact(off.percent)
    return None


def _undercut(text: Text, rules: dict[str, Rule]) -> Iterator[Mistake]:
    """Find thresholds that an earlier discount may drop a basket below: one gain then costs another."""
    for key, rule in rules.items():
        amounts = [when.amount for when in rule.alternatives if when.amount is not None]
        for amount in amounts:
            seen = STAGES.index(amount.at) + 1 if amount.at else STAGES.index(stage_of(rule))
            lowering = [
                other
                for other, one in rules.items()
                if one.take_off is not None
                and STAGES.index(stage_of(one)) < seen
                and _may_meet(scope_of(text, one.scope), scope_of(text, amount.of))
            ]
            if lowering:
                remedy = 'name the amounts it reads: at = "price" are those before any discount'
                yield Mistake(f"/rule/{key}/when/amount", "may_drop_below", {"by": lowering}, remedy)


def _may_meet(one: Scope, other: Scope) -> bool:
    """Return whether a line may be in both scopes."""
    for key, no in zip(SAID, DENIED, strict=True):
        mine, theirs = set(getattr(one, key)), set(getattr(other, key))
        if key != "tags" and mine and theirs and not mine & theirs:
            return False
        if (mine and mine <= set(getattr(other, no))) or (theirs and theirs <= set(getattr(one, no))):
            return False
    return True


def _unused(text: Text) -> Iterator[Mistake]:
    """Find scopes and groups that nothing names."""
    grouped = {rule.group for rule in text.rule.values()} | {word.group for word in text.voucher.values()}
    for key in text.group:
        if key not in grouped:
            yield Mistake(f"/group/{key}", "unused", {}, "no rule names it: take it out")
    named = set(_strings(msgspec.to_builtins(msgspec.structs.replace(text, scope={}))))
    for key in text.scope:
        if key not in named:
            yield Mistake(f"/scope/{key}", "unused", {}, "nothing names it: take it out")


def _equal_tiers(text: Text) -> Iterator[Mistake]:
    """Find tiers that whoever reaches another one has reached: nobody is ever in one of them."""
    seen: dict[bytes, str] = {}
    for key, tier in sorted(text.tier.items()):
        steps = msgspec.structs.replace(
            tier, name=Names(), takes_effect=None, until="measure", downgrade=None
        )
        other = seen.setdefault(msgspec.json.encode(steps), key)
        if other != key:
            remedy = f"{other} is reached by the same: give one of them another threshold"
            yield Mistake(f"/tier/{key}", "shadowed", {"by": other}, remedy)


def _strings(plain: object) -> Iterator[str]:
    if isinstance(plain, str):
        yield plain
    for one in plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list) else ():
        yield from _strings(one)
