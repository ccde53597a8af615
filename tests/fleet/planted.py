"""Planted bugs by name: each takes the place of one piece of production in the fleet's wiring.

The first seven are the rules of the allowance protocol, switched off one by one; the others break the
till, the line's ends and head office elsewhere.  `SEEDS` says in how many runs each must have shown.
"""

from dataclasses import replace

from agent.headoffice.store import allowances as rows
from tests.faultlab.mutants import MUTANTS as STORAGES
from tests.fleet.office_bugs import (
    BooksAgain,
    ForgetsIssues,
    books,
    each_request_is_new,
    early_booked,
    free_the_dead,
    reclaim_on_timer,
    refuses_the_dead,
    skips_gaps,
    unsynced,
)
from tests.fleet.pool_bugs import (
    BringsAllHome,
    CountsHomeTwice,
    ForgetsLoans,
    LendsTwice,
    NewAfterStart,
    TakesBack,
    Uncapped,
    half_the_bound,
    lending,
    uncapped,
)
from tests.fleet.run import WITH_POOLS, Plan
from tests.fleet.till_bugs import (
    AcceptsAgain,
    Amnesic,
    AnyEpoch,
    Believing,
    Forgetful,
    GivesBack,
    NoFloor,
    Unchecked,
    syncing,
)
from tests.fleet.wiring import Wiring

SOUND = Wiring()
POOL_BUGS: dict[str, Wiring] = {
    "pool_lends_twice": replace(SOUND, desk=LendsTwice),
    "pool_takes_home_twice": replace(SOUND, transaction=lending(CountsHomeTwice)),
    "pool_brings_spent_points_home": replace(SOUND, transaction=lending(BringsAllHome)),
    "pool_forgets_its_loans": replace(SOUND, desk=ForgetsLoans),
    "pool_lends_anew_after_a_start": replace(SOUND, desk=NewAfterStart),
    "pool_takes_back_unasked": replace(SOUND, desk=TakesBack),
    "pool_answers_before_durable": replace(SOUND, storage=STORAGES["normal-sync"]),
    "home_moves_nothing": replace(
        SOUND, books=books("SET passed = passed + ? WHERE", "SET passed = passed + max(0, ?) WHERE")
    ),
}
"""They show where a store has a pool."""
LIMITED_BUGS: dict[str, Wiring] = {
    "caps_not_counted": replace(SOUND, transaction=Uncapped, ledger=uncapped),
    "bound_too_small": replace(SOUND, worst=half_the_bound),
    "limited_makes_no_debt": replace(
        SOUND, books=books("VALUES (?, ?, ?, ?)", "SELECT ?, ?, l, 0 * r FROM (SELECT ? AS l, ? AS r)")
    ),
}
"""They show where points are spent beyond allowances."""
PLANTED: dict[str, Wiring] = {
    "reclaim_on_timer": replace(SOUND, allow=reclaim_on_timer),
    "accept_after_close": replace(SOUND, transaction=AcceptsAgain),
    "no_floor": replace(SOUND, transaction=NoFloor),
    "forget_booked": replace(SOUND, projector=BooksAgain),
    "no_epoch": replace(SOUND, transaction=AnyEpoch),
    "keep_epoch": replace(SOUND, incarnation=lambda till, _fresh: till.encode().hex().zfill(32)),
    "free_the_dead": replace(SOUND, greet=free_the_dead),
    "redeem_unchecked": replace(SOUND, transaction=Unchecked),
    "reverse_gives_back_here": replace(SOUND, transaction=GivesBack),
    "answer_before_durable": replace(SOUND, storage=STORAGES["normal-sync"]),
    "repeat_is_new": replace(SOUND, transaction=Amnesic),
    "cursor_before_news": replace(SOUND, sync=syncing(Forgetful)),
    "sent_is_acknowledged": replace(SOUND, sync=syncing(Believing)),
    "ack_before_durable": replace(SOUND, append=unsynced),
    "each_request_is_new": replace(SOUND, allow=each_request_is_new),
    "own_journal_unwritten": replace(SOUND, office=ForgetsIssues),
    "ack_beyond_received": replace(SOUND, receive=skips_gaps),
    "the_dead_are_refused": replace(SOUND, receive=refuses_the_dead),
    "booked_too_early": replace(SOUND, page=early_booked),
    "open_counts_as_free": replace(
        SOUND, books=books("a.state = 'OPEN' AND s.lot = l.lot", "0 AND s.lot = l.lot")
    ),
    "twin_is_booked": replace(
        SOUND, books=books("parked = 0 AND incarnation <> ? AND", "parked = 0 AND incarnation = '' || ? AND")
    ),
    "spending_is_not_booked": replace(
        SOUND,
        books=books("SET spent = spent + ? WHERE incarnation", "SET spent = spent + 0 * ? WHERE incarnation"),
    ),
    **POOL_BUGS,
    **LIMITED_BUGS,
}
"""Every planted bug by its name."""


def plan_for(name: str, seed: int) -> Plan:
    """Return a run in which a planted bug may show: its part of the chain must be there."""
    if name in POOL_BUGS:
        return Plan(seed=seed, tills=3, pool=True, climate=WITH_POOLS)
    return Plan(seed=seed, tills=3, limited=True) if name in LIMITED_BUGS else Plan(seed=seed)


assert rows.FREE_LOTS.count("a.state = 'OPEN' AND s.lot = l.lot") == 1
