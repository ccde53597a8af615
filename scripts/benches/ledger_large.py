"""A journal of ten million entries beside one of a day: `scripts/bench ledger-large`.

What a sale waits for must not grow with the past: commits that earn and redeem, a member's figures at card
read, and opening the ledger, in turn on both.  The figures of before are booked, as on a till in service.
"""

import shutil
import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from agent.clock import SystemClock, random_id
from agent.journal.entry import Draft
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.transaction import Transaction
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.wire import Delta, MemberRow
from scripts.benches.commit import MEMBERS, allow, earning, redeeming, timed
from scripts.benches.figures import CannotRun, Line, line

ENTRIES = 10_000_000
A_DAY = 3000
AT_ONCE = 30_000
BYTES_AN_ENTRY = 600
ROUNDS, ROUND = 12, 40
OPENED = 7
GOAL = 1.25


def measure(folder: Path, entries: int = ENTRIES) -> list[Line]:
    """Return bench lines; ten million entries take some 5 GB and a few minutes to write."""
    needed = entries * BYTES_AN_ENTRY
    if shutil.disk_usage(folder).free < needed:
        raise CannotRun(f"{needed // 10**9} GB must be free for {entries:,} entries")
    for name, count in (("small", A_DAY), ("large", entries)):
        _fill(folder / name, count)
    small, large = (_opened(folder / name) for name in ("small", "large"))
    try:
        lines = [
            _beside(name, small, large, of)
            for name, of in (("commit", _committing), ("redeem", _redeeming), ("facts", _asking))
        ]
    finally:
        small.close()
        large.close()
    opening = {
        name: [timed(lambda name=name: _opened(folder / name).close()) for _ in range(OPENED)]  # type: ignore[misc]
        for name in ("small", "large")
    }
    lines.append(_line("open", opening["large"], opening["small"]))
    return [{**one, "entries": entries} for one in lines]


def _opened(folder: Path) -> Ledger:
    return open_ledger(folder, clock=SystemClock(), new_id=random_id)


def _fill(folder: Path, entries: int) -> None:
    ledger = _opened(folder)
    try:
        for number in range(0, entries, AT_ONCE):
            ledger.write(_receipts(number, min(AT_ONCE, entries - number))).result()
        facts = [
            MemberFacts(f"m{n}", wallets={"points": WalletFacts([Lot("a", 500)])}) for n in range(MEMBERS)
        ]
        rows = [MemberRow(one.member, n + 1, [], one) for n, one in enumerate(facts)]
        page = Delta(0, MEMBERS, more=False, booked_seq=entries - entries % 3, members=rows)
        ledger.write(lambda tx: tx.apply_delta(page)).result()
        allow(ledger)
    finally:
        ledger.close()


def _receipts(first: int, count: int) -> Callable[[Transaction], None]:
    basket = {"lines": [{"line": n, "sku": f"sku{n}", "amount_minor": 100 * n} for n in range(1, 13)]}

    def change(tx: Transaction) -> None:
        for number in range(first, first + count - count % 3, 3):
            receipt, member = f"past-{number:09}", f"m{number % MEMBERS}"
            tx.append(Draft("RECEIPT", receipt=receipt, account=member, data={"basket": basket}))
            tx.append(Draft("EARN", receipt=receipt, part="p/", account=member, unit="points", amount=7))
            tx.append(Draft("COUNT", receipt=receipt, part="stamps", account=member, data={"units": 1}))
            tx.put_receipt(receipt, state="committed", content_hash=b"h" * 32, answer={}, member=member)

    return change


Step = Callable[[Ledger, int], object]


def _committing(ledger: Ledger, number: int) -> object:
    return ledger._writer._commit(earning(number))  # noqa: SLF001 - its thread rests


def _redeeming(ledger: Ledger, number: int) -> object:
    return ledger._writer._commit(redeeming(number))  # noqa: SLF001


def _asking(ledger: Ledger, number: int) -> object:
    return ledger.read.facts(f"m{number % MEMBERS}", datetime.now(UTC).date())


def _beside(name: str, small: Ledger, large: Ledger, step: Step) -> Line:
    """Take the step turn by turn on both: a shared disk's flush changes its mind within a second."""
    taken: dict[str, list[float]] = {"small": [], "large": []}
    at = {"commit": 1_000_000, "redeem": 2_000_000, "facts": 0}[name]
    for _ in range(ROUNDS):
        for _ in range(ROUND):
            at += 1
            taken["small"].append(timed(partial(step, small, at)))
            taken["large"].append(timed(partial(step, large, at)))
        for ledger in (small, large):
            ledger._writer._checkpoint()  # noqa: SLF001
    return _line(name, taken["large"][ROUND:], taken["small"][ROUND:])


def _line(name: str, large: list[float], small: list[float]) -> Line:
    return line(
        f"large_{name}_p50",
        statistics.median(large),
        "a ledger of one day",
        statistics.median(small),
        goal=GOAL,
    )
