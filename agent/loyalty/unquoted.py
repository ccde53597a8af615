"""What a paid receipt earns that was never quoted: points and stamps on what was paid, no discount of ours.

The customer paid the POS's own prices, so nothing may be taken off or paid with points afterwards; what
the receipt earns is theirs all the same.  Both ends evaluate it with the programme made here.
"""

from copy import copy

from agent.loyalty.compile import Compiled

PRICED = frozenset({"price", "line", "bundle", "receipt", "free", "pay"})
"""The stages that change what is to be paid; their rules stay silent."""


def earning_only(compiled: Compiled) -> Compiled:
    """Return the programme without the rules that change what is to be paid."""
    silent = copy(compiled)
    silent.stages = tuple((stage, () if stage in PRICED else rules) for stage, rules in compiled.stages)
    return silent
