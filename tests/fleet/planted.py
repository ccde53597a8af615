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
}
"""Every planted bug by its name."""
assert rows.FREE_LOTS.count("a.state = 'OPEN' AND s.lot = l.lot") == 1
