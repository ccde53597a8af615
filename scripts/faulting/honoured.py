"""How many wishes to pay with points are honoured with head office away, by placement policy: the real year.

Strict spending may never hand out a point that nobody owns; limited spending may, and has its bound beside
it.  Planted bugs: a pool that forgets what it lent, and a till that does not count its caps.
"""

from collections.abc import Sequence
from typing import Any

from agent.loyalty.offline import WorstLoss, worst_loss
from scripts.faulting.line import Run
from scripts.honouring.cases import AT_THE_WISH, CUTS, POLICIES, SHIPPED, TILLS, Case
from scripts.honouring.paying import Paying
from scripts.honouring.stock import Account, Place
from scripts.honouring.table import percent, show
from scripts.honouring.visits import Visit, visits
from scripts.honouring.year import Outcome, Year

SHORT_WEEKS = 6
STRICT_GOAL, LIMITED_GOAL = 70.0, 95.0
"""Per cent of wishes met in full where the line fails at the wish."""
PLANTED_CAPS = "per_use = 500, uses = 5, till_cap = 1000, credit = 500, directory_days = 7"


class Forgetful(Account):
    """The planted bug: what lies at a place can be spent there again."""

    def spend(self, place: Place, points: int) -> None:
        """Forget it."""


def run(*, short: bool, seed: int, policy: list[str] | None = None) -> dict[str, Any]:
    """Walk the year once for each policy and length of a cut; `short` takes its first weeks."""
    run = Run("honoured", seed)
    try:
        year = visits(seed=seed, tills=TILLS, weeks=SHORT_WEEKS if short else None)
    except FileNotFoundError as missing:
        return run.skip(missing)
    chosen = [POLICIES[name] for name in POLICIES if not policy or name in policy]
    outcomes: dict[str, dict[int, Outcome]] = {}
    bounds: dict[str, WorstLoss] = {}
    strict = Paying()
    for case in chosen:
        paying = Paying(case.limited) if case.limited else strict
        outcomes[case.name] = {}
        for days in CUTS:
            run.tell(f"{case.name}, cut for {days} days")
            outcomes[case.name][days] = Year(case, paying, days=days).walk(year)
        bounds[case.name] = bound(paying, year)
    show(outcomes, bounds)
    run.say(f"placement as shipped: {SHIPPED.policy}, {SHIPPED.after_s} s after a member's last booking")
    return _line(run, chosen, outcomes, bounds, has_teeth=teeth(year), judges=not short)


def bound(paying: Paying, year: Sequence[Visit]) -> WorstLoss:
    """Return the worst loss that the caps allow, as status and report print it, for these tills."""
    stores, members = {one.store for one in year}, {one.member for one in year}
    return worst_loss(paying.words, len(members), len(stores) * TILLS)


def teeth(year: Sequence[Visit]) -> bool:
    """Say whether both planted bugs show on the first weeks of the year."""
    weeks = [one for one in year if (one.day - year[0].day).days < 7 * SHORT_WEEKS]
    whole = POLICIES["whole-pool"]
    twice = Year(whole, Paying(), days=7, cut_account=Forgetful).walk(weeks)
    uncounted = Year(whole._replace(limited=PLANTED_CAPS), Paying(PLANTED_CAPS), days=7, counted=False).walk(
        weeks
    )
    return twice.overspent > 0 and uncounted.beyond_caps > 0


def _line(
    run: Run,
    chosen: Sequence[Case],
    outcomes: dict[str, dict[int, Outcome]],
    bounds: dict[str, WorstLoss],
    *,
    has_teeth: bool,
    judges: bool,
) -> dict[str, Any]:
    strict = [one for case in chosen if not case.limited for one in outcomes[case.name].values()]
    safe = not any(one.overspent or one.beyond_caps for one in strict)
    for case in chosen:
        for one in outcomes[case.name].values():
            safe &= not one.beyond_caps and one.worst_cut <= bounds[case.name].fleet
    goals = {"whole-pool": STRICT_GOAL, "limited": LIMITED_GOAL}
    met = all(
        _in_full(outcomes[name][AT_THE_WISH]) >= goal for name, goal in goals.items() if name in outcomes
    )
    return {
        **run.line(
            attempts=sum(one.wishes for by_days in outcomes.values() for one in by_days.values()),
            overspent=sum(one.overspent for one in strict),
            teeth=has_teeth,
            ok=safe and has_teeth and (met or not judges),
        ),
        "policies": {
            name: {
                "bound": bounds[name].fleet,
                "cuts": {str(days): _told(one) for days, one in by_days.items()},
            }
            for name, by_days in outcomes.items()
        },
    }


def _in_full(one: Outcome) -> float:
    return percent(one.in_full, one.wishes)


def _told(one: Outcome) -> dict[str, Any]:
    return {
        "wishes": one.wishes,
        "in_full_percent": _in_full(one),
        "points_percent": percent(one.honoured, one.wished),
        "overspent": one.overspent,
        "worst_cut": one.worst_cut,
        "debts": one.debts,
    }
