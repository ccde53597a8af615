"""What a paid receipt earns that was never quoted: points and stamps on what was paid, no discount of ours.

The customer paid the POS's own prices, so nothing may be taken off or paid with points afterwards; what
the receipt earns is theirs all the same.  Both ends evaluate it with the programme made here.
"""

from copy import copy

from agent.loyalty.compile import Compiled
from agent.loyalty.refusal import Refusal
from agent.loyalty.state import State
from agent.loyalty.work import CompiledRule

PRICED = frozenset({"price", "line", "bundle", "receipt", "free", "pay"})
"""The stages that change what is to be paid; their rules stay silent."""


def earning_only(compiled: Compiled) -> Compiled:
    """Return the programme with every rule refused that changes what is to be paid."""
    made = copy(compiled)
    made.stages = tuple(
        (stage, tuple(map(_refused, rules)) if stage in PRICED else rules) for stage, rules in compiled.stages
    )
    return made


def _refused(rule: CompiledRule) -> CompiledRule:
    silent = copy(rule)
    silent.checks = (_no_quote,)
    return silent


def _no_quote(_: State) -> Refusal:
    return "no_quote", {}
