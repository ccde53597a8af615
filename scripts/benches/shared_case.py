"""A case in words that the peers know too, and the translation of a case into those words.

The neutral form is JSON: lines (line, sku, group, tags, quantity, amount_minor) and rules (id, verb as
django-oscar names it, value, scope, at_least, from); the table in each peer's module says what it makes of
them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agent.loyalty.basket import Basket
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.member import MemberFacts
from agent.loyalty.programme import Rule
from agent.loyalty.read import load_programme
from agent.loyalty.where import Scope
from scripts.benches.evaluate_case import HEAD, case

SHARED = (
    'scope = {{ groups = ["g{n}"] }}\ntake_off = {{ percent = "7" }}',
    'scope = {{ tags = ["t{n}"] }}\ntake_off = {{ percent = "5" }}',
    'scope = {{ skus = ["sku{n}"] }}\ntake_off = {{ per_unit = "0.10" }}',
    'stage = "receipt"\nwhen.amount.at_least = "{n}.00"\ntake_off = {{ amount = "1.00" }}',
)


ARTICLES = SHARED[:3]
"""Those of them that concern an article for itself."""


def shared_case(
    kinds: Sequence[str] = SHARED, *, lines: int = 20, rules: int = 50
) -> tuple[Compiled, MemberFacts, Basket, datetime]:
    """Return what `evaluate` needs: the basket of `case`, and rules of these kinds only."""
    _, member, basket, at = case(lines, 1)
    text = HEAD
    for number in range(rules):
        text += f"[rule.r{number:03d}]\n{kinds[number % len(kinds)].format(n=number % 17 + 1)}\n"
    return compile_programme(load_programme(text.encode(), name="shared.toml")), member, basket, at


def neutral(compiled: Compiled, basket: Basket, *, seconds: float) -> dict[str, Any]:
    """Say the case in the peers' words; rules that nobody but us can express are left out."""
    lines = [
        {
            "line": one.line,
            "sku": one.sku,
            "group": one.group,
            "tags": list(one.tags),
            "quantity": int(one.quantity),
            "amount_minor": one.amount_minor,
        }
        for one in basket.lines
    ]
    said = (_rule(name, rule) for name, rule in compiled.programme.text.rule.items())
    return {"lines": lines, "rules": [one for one in said if one is not None], "seconds": seconds}


def _rule(name: str, rule: Rule) -> dict[str, Any] | None:
    """Translate one rule; a segment that the member is in, a cap and a group's mode are passed over."""
    take = rule.take_off
    # A coupon that is not shown is no offer of the basket in django-oscar either.
    (when,) = rule.alternatives
    if take is None or when.code:
        return None
    verb, value = (
        ("Percentage", take.percent)
        if take.percent
        else ("Fixed", take.per_unit)
        if take.per_unit
        else ("Absolute", take.amount)
    )
    return {
        "id": name,
        "verb": verb,
        "value": value,
        "scope": _scope(rule.scope),
        "at_least": when.amount.at_least if when.amount else None,
        "from": f"{when.from_}T00:00:00Z" if when.from_ else None,
    }


def _scope(scope: str | Scope) -> dict[str, list[str]]:
    if isinstance(scope, str):
        return {}
    named = {"groups": scope.groups, "tags": scope.tags, "skus": scope.skus}
    return {name: values for name, values in named.items() if values}
