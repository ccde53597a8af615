"""News in bulk: the newest row of a member counts, cards move, sales go first, the log stays small."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from agent.clock import SystemClock
from agent.ledger.ledger import open_ledger
from agent.ledger.records import MemberRef
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify
from agent.ledger.writer import NEWS, LogPlan
from agent.loyalty.member import MemberFacts
from agent.sync.wire import Delta, MemberRow
from tests.ledger.rigs import do, facts, ids, opened

LARGE = [
    MemberRow(f"m{number}", number, [number.to_bytes(16)], MemberFacts(f"m{number}"))
    for number in range(1, 2001)
]


def page(*members: MemberRow) -> Callable[[Transaction], None]:
    return lambda tx: tx.apply_delta(Delta(0, 0, more=True, booked_seq=-1, members=list(members)))


def test_of_two_rows_of_a_member_in_one_page_the_newer_counts(tmp_path: Path) -> None:
    old = MemberRow("m1", 3, [b"a" * 16], facts(l1=3))
    new = MemberRow("m1", 4, [b"b" * 16], facts(l1=4))
    with opened(tmp_path) as ledger:
        for rows in ((old, new), (new, old), (old,)):
            do(ledger, page(*rows))
            assert ledger.read.balance("m1", "points") == 4
            assert ledger.read.member_of(b"a" * 16) is None
            assert ledger.read.member_of(b"b" * 16) is not None
    assert verify(tmp_path).ok


def test_a_card_that_changes_hands_inside_a_page_belongs_to_whom_it_went_in_either_order(
    tmp_path: Path,
) -> None:
    card, blocked = b"c" * 16, b"d" * 16
    giver = MemberRow("m1", 2, [], facts("m1"))
    taker = MemberRow("m2", 3, [card], facts("m2"), blocked_tags=[blocked])
    for at, rows in enumerate(((giver, taker), (taker, giver))):
        with opened(tmp_path / str(at)) as ledger:
            do(ledger, page(MemberRow("m1", 1, [card, blocked], facts("m1"))))
            do(ledger, page(*rows))
            assert ledger.read.member_of(card) == MemberRef("m2", "active", card_blocked=False)
            assert ledger.read.member_of(blocked) == MemberRef("m2", "active", card_blocked=True)


def test_a_sale_overtakes_news_that_wait(tmp_path: Path) -> None:
    gate, order = threading.Event(), list[str]()

    def note(name: str, _: Transaction) -> None:
        order.append(name)

    with opened(tmp_path) as ledger:
        ledger.write(lambda _: gate.wait(10), lane=NEWS)
        news = [ledger.write(partial(note, f"news {at}"), lane=NEWS) for at in (1, 2)]
        sale = ledger.write(partial(note, "sale"))
        gate.set()
        for future in (*news, sale):
            future.result(10)
    assert order == ["sale", "news 1", "news 2"]


def test_news_do_not_grow_the_log_far_beyond_its_plan(tmp_path: Path) -> None:
    plan = LogPlan(grown_bytes=0, checkpoint_after=10_000, checkpoint_at_latest=10_000, checkpoint_pages=32)
    ledger = open_ledger(tmp_path, clock=SystemClock(), new_id=ids(), plan=plan)
    try:
        for start in range(0, len(LARGE), 50):
            ledger.write(page(*LARGE[start : start + 50]), lane=NEWS).result(10)
        # Without a look at the log's pages it would hold all of a hundred and more.
        assert (tmp_path / "ledger.db-wal").stat().st_size < 100 * 4096
    finally:
        ledger.close()
