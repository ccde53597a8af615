"""The placement policies that are held against each other, and for how long the line is cut."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from agent.config.headoffice import Placement, load_headoffice
from agent.headoffice.placement import policy_of
from agent.headoffice.placing import Policy
from scripts.honouring.stock import Shops

TILLS = 10
SHIPPED = load_headoffice(Path(__file__).parents[2] / "config" / "loyalty-headoffice.toml").placement
"""What head office does where nobody sets anything else: `whole-pool` and `limited` are judged with it."""
CAPS = "per_use = 5000, uses = 100, till_cap = 20000, credit = 5000, directory_days = 7"
"""Of limited spending, in points of a cent: 50.00 a sale, and a member and till; 200.00 a till."""
AT_THE_WISH = 0
CUTS = (AT_THE_WISH, 1, 7)
"""Days that head office is away; 0: the line fails as the wish is said, all before is placed."""


class Case(NamedTuple):
    """One policy: what head office places, who keeps it in a store, and how the wallet is spent offline."""

    name: str
    config: Placement
    has_pool: bool
    limited: str = ""

    @property
    def policy(self) -> Policy:
        """What head office's own planner makes of the configuration."""
        return policy_of(self.config)

    @property
    def shops(self) -> Shops:
        """How this policy's stores keep stock."""
        return Shops(self.has_pool, TILLS)


def _cases() -> dict[str, Case]:
    half = msgspec.structs.replace(SHIPPED, policy="half_at_home")
    return {
        one.name: one
        for one in (
            Case("half-tills", half, has_pool=False),
            Case("half-pool", half, has_pool=True),
            Case("whole-tills", SHIPPED, has_pool=False),
            Case("whole-pool", SHIPPED, has_pool=True),
            Case("limited", SHIPPED, has_pool=True, limited=CAPS),
        )
    }


POLICIES = _cases()
