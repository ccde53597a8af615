"""The journal grows by whole transactions, in a chain, each key once."""

import contextlib
import threading
import time
from pathlib import Path

import pytest

from agent.errors import Conflict, LedgerReadOnly, Refused
from agent.journal.chain import chain_end, genesis
from agent.journal.entry import Draft, entry_from
from agent.ledger.database import connect
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify
from agent.ledger.writer import LogPlan
from agent.loyalty.member import MemberFacts
from tests.ledger.rigs import LATER_MS, allowance, do, earn, facts, opened, tell, usable


def test_entries_are_numbered_and_chained_from_the_genesis(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        do(ledger, lambda tx: [tx.append(draft) for draft in earn(5)])
        rows = ledger.read.entries(0, 10)
        assert [seq for seq, _, _ in rows] == [1, 2]
        assert chain_end(genesis(ledger.incarnation), [body for _, body, _ in rows]) == rows[-1][2]
        assert ledger.read.head() == (2, rows[-1][2])


def test_points_earned_without_a_lot_make_one_named_after_the_entry(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        entries = do(ledger, lambda tx: [tx.append(draft) for draft in earn(5)])
        assert entries[1].lots == [(f"{ledger.incarnation[:8]}-2", 5)]


def test_the_same_entry_twice_is_a_conflict_and_leaves_no_trace(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        do(ledger, lambda tx: tx.append(earn(5)[0]))

        def again(tx: Transaction) -> None:
            tx.append(Draft("NOTE", receipt="r1", part="before"))
            tx.append(earn(5)[0])

        with pytest.raises(Conflict):
            do(ledger, again)
        assert ledger.read.head()[0] == 1
        do(ledger, lambda tx: tx.append(Draft("NOTE")))
        assert ledger.read.head()[0] == 2
    assert verify(tmp_path).ok


def test_an_exception_of_the_change_undoes_it_and_reaches_the_caller(tmp_path: Path) -> None:
    def fail(tx: Transaction) -> None:
        tx.append(Draft("NOTE"))
        raise KeyError("mine")

    with opened(tmp_path) as ledger:
        with pytest.raises(KeyError, match="mine"):
            do(ledger, fail)
        assert ledger.read.head()[0] == 0


def test_listeners_hear_of_appended_entries_only(tmp_path: Path) -> None:
    heard: list[int] = []
    with opened(tmp_path) as ledger:
        ledger.on_commit.append(lambda: heard.append(1))
        do(ledger, lambda tx: tx.set_mark("cursor", 3))
        do(ledger, lambda tx: tx.append(Draft("NOTE")))
    assert heard == [1]


def test_a_full_queue_is_refused_instead_of_growing(tmp_path: Path) -> None:
    gate = threading.Event()
    with opened(tmp_path) as ledger:
        first = ledger.write(lambda _: gate.wait(10))
        waiting = []
        with pytest.raises(LedgerReadOnly):  # noqa: PT012 - how many fit is the writer's to say
            for _ in range(1100):
                waiting.append(ledger.write(lambda tx: tx.append(Draft("NOTE"))))  # noqa: PERF401 - it must raise
        gate.set()
        assert first.result(10)
        assert waiting[-1].result(10).seq == len(waiting)


def test_a_closed_ledger_takes_no_more_changes(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        do(ledger, lambda tx: tx.append(Draft("NOTE")))
    with pytest.raises(LedgerReadOnly):
        ledger.write(lambda tx: tx.append(Draft("NOTE")))


def test_a_receipt_is_answered_again_after_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:

        def change(tx: Transaction) -> None:
            for draft in earn(5):
                tx.append(draft)
            tx.put_receipt("r1", state="committed", content_hash=b"h", answer={"due": 3}, member="m1")

        do(ledger, change)
    with opened(tmp_path) as ledger:
        stored = ledger.read.receipt("r1")
        assert stored is not None
        assert (stored.state, stored.content_hash, stored.answer, stored.seqs) == (
            "committed",
            b"h",
            {"due": 3},
            [1, 2],
        )
        assert [entry.kind for entry in ledger.read.entries_of("r1")] == ["RECEIPT", "EARN"]
        assert ledger.read.receipt("r2") is None


def test_every_entry_names_its_incarnation_and_the_wall_clock(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        do(ledger, lambda tx: tx.append(Draft("NOTE")))
        entry = entry_from(ledger.read.entries(0, 1)[0][1])
        assert entry.incarnation == ledger.incarnation
        assert entry.wall_ms == 1795521600000


def test_a_card_leads_to_its_member_until_the_member_is_forgotten(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(a=5))
        found = ledger.read.member_of(b"t" * 16)
        assert found is not None
        assert (found.member, found.status, found.card_blocked) == ("m1", "active", False)
        do(ledger, lambda tx: tx.forget("m1"))
        assert ledger.read.member_of(b"t" * 16) is None


def holding(folder: Path, value: bytes) -> list[str]:
    """Name the files in which these bytes stand."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and value in path.read_bytes())


def test_what_is_forgotten_is_in_no_file_any_more(tmp_path: Path) -> None:
    told = MemberFacts("m1", segments=["a-rare-segment"])
    with opened(tmp_path) as ledger:
        for version in (1, 2):
            tell(ledger, told, version=version, tag=b"a-rare-card-tag!")
        assert holding(tmp_path, b"a-rare-segment") == ["ledger.db-wal"]
        do(ledger, lambda tx: tx.forget("m1"))
        do(ledger, lambda tx: tx.head())
        assert holding(tmp_path, b"a-rare-segment") == holding(tmp_path, b"a-rare-card-tag!") == []
        assert (tmp_path / "ledger.db-wal").stat().st_size >= LogPlan().grown_bytes
    assert holding(tmp_path, b"a-rare-segment") == []
    assert verify(tmp_path).ok


def test_a_reader_in_the_way_delays_the_wiping_and_no_sale(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, MemberFacts("m1", segments=["a-rare-segment"]))
        reader = connect(tmp_path / "ledger.db", read_only=True)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM journal").fetchall()
        do(ledger, lambda tx: tx.forget("m1"))
        began = time.monotonic()
        do(ledger, lambda tx: tx.append(Draft("NOTE")))
        assert time.monotonic() - began < 2
        assert holding(tmp_path, b"a-rare-segment") != []
        reader.close()
        deadline = time.monotonic() + 10
        while holding(tmp_path, b"a-rare-segment") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert holding(tmp_path, b"a-rare-segment") == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_listener_that_fails_does_not_stop_the_writer(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError("the event loop is closed")

    with opened(tmp_path) as ledger:
        ledger.on_commit.append(fail)
        for number in (1, 2):
            assert do(ledger, lambda tx: tx.append(Draft("NOTE"))).seq == number


def test_a_refusal_that_a_change_swallows_undoes_the_change_all_the_same(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts(e9=50))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, e9=40)))
        do(ledger, lambda tx: tx.place_hold("r1", "m1", {"points": 40}, until_ms=LATER_MS))
        too_much = Draft(
            "REDEEM", receipt="r2", account="m1", unit="points", amount=-41, lots=[("e9", -41)], allowance=1
        )

        def spend(tx: Transaction) -> None:
            with contextlib.suppress(Refused):
                tx.append(too_much)

        def hold_more(tx: Transaction) -> None:
            with contextlib.suppress(Refused):
                tx.place_hold("r1", "m1", {"points": 41}, until_ms=LATER_MS)

        for change in (spend, hold_more):
            with pytest.raises(Refused):
                do(ledger, change)
        assert (ledger.read.head()[0], usable(ledger)) == (1, 0), "the hold of 40 stands"
        assert do(ledger, lambda tx: tx.append(Draft("NOTE"))).seq == 2
    assert verify(tmp_path).ok
