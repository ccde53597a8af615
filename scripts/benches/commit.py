"""What a paid receipt costs beside the bare flush under it, earning or redeeming: `scripts/bench commit`.

What an idle moment does about it later, filing and checkpoint, is shown beside, for each receipt.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from agent.clock import SystemClock, random_id
from agent.journal.entry import Draft
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.transaction import Transaction
from agent.sync.wire import Allowance, LotSlice

GOAL = 2.0
ROUND = 50
MEMBERS = 97
TODAY = date(2026, 11, 24)
PAGE = b"\x55" * 4096


def measure(folder: Path, seconds: float = 8) -> list[dict[str, Any]]:
    """Return bench lines: commits that earn and that redeem, first-expiring first, in turn with the flush."""
    ledger = open_ledger(folder / "ledger", clock=SystemClock(), new_id=random_id)
    flat = os.open(folder / "flat", os.O_RDWR | os.O_CREAT, 0o600)
    os.pwrite(flat, PAGE * 256, 0)
    os.fsync(flat)
    # The writer's thread rests, so its connection is free; without its queue only the commit is timed.
    commit, checkpoint = ledger._writer._commit, ledger._writer._checkpoint  # noqa: SLF001
    allow(ledger)
    ours: list[float] = []
    spent: list[float] = []
    filed: list[float] = []
    bare: list[float] = []
    number = 0

    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            # Turn by turn, so that a slow moment of the disk falls on both.
            for _ in range(ROUND):
                number += 1
                ours.append(timed(partial(commit, earning(number))))
            filed.append(timed(checkpoint) / ROUND)
            for _ in range(ROUND):
                number += 1
                spent.append(timed(partial(commit, redeeming(number))))
            checkpoint()
            bare += [timed(partial(_overwrite, flat)) for _ in range(ROUND)]
    finally:
        os.close(flat)
        ledger.close()
    later = _line("filing_p50", filed[1:], "overwrite 4 KiB + fdatasync, p50", bare)
    return [*_lines(ours[ROUND:], spent[ROUND:], bare[ROUND:]), later]


def allow(ledger: Ledger) -> None:
    """Give every member of these receipts three lots to spend from, in one allowance."""
    until_ms = int(ledger._clock.now().timestamp() * 1000) + 30 * 86_400_000  # noqa: SLF001
    for number in range(MEMBERS):
        lots = [LotSlice(f"l{at}", 10**9, expires_on=f"2199-12-{at:02}") for at in (30, 10, 20)]
        given = Allowance(ledger.incarnation, number + 1, f"m{number}", "points", 3 * 10**9, lots, until_ms)
        ledger.write(lambda tx, given=given: tx.accept_allowance(given)).result()  # type: ignore[misc]


def redeeming(number: int) -> Callable[[Transaction], None]:
    """Make a receipt that is partly paid with points, chosen first-expiring inside the transaction."""
    receipt, member = f"bench-{number}", f"m{number % MEMBERS}"
    sale = _sale(receipt, member)
    answer = {"seq": number}

    def change(tx: Transaction) -> None:
        tx.append(sale)
        for one in tx.take(member, "points", 50, TODAY):
            part = f"points/{one.allowance}"
            lots = [(one.lot, -one.amount)]
            spent = {"amount": -one.amount, "lots": lots, "allowance": one.allowance}
            tx.append(Draft("REDEEM", receipt=receipt, part=part, account=member, unit="points", **spent))  # type: ignore[arg-type]
        tx.put_receipt(receipt, state="committed", content_hash=PAGE[:32], answer=answer, member=member)

    return change


def _sale(receipt: str, member: str) -> Draft:
    basket = {"lines": [{"line": n, "sku": f"sku{n}", "amount_minor": 100 * n} for n in range(1, 13)]}
    return Draft("RECEIPT", receipt=receipt, account=member, data={"basket": basket})


def earning(number: int) -> Callable[[Transaction], None]:
    """Make what a till would hand over; its making is the till's time, no part of the commit."""
    receipt, member = f"bench-{number}", f"m{number % MEMBERS}"
    drafts = (
        _sale(receipt, member),
        Draft("EARN", receipt=receipt, part="points/", account=member, unit="points", amount=7),
        Draft("COUNT", receipt=receipt, part="stamps", account=member, data={"units": 1}),
    )
    answer = {"seq": number}

    def change(tx: Transaction) -> None:
        for draft in drafts:
            tx.append(draft)
        tx.put_receipt(receipt, state="committed", content_hash=PAGE[:32], answer=answer, member=member)

    return change


def _overwrite(flat: int) -> None:
    os.pwrite(flat, PAGE, 4096 * 7)
    os.fdatasync(flat)


def timed(work: Callable[[], object]) -> float:
    """Return how many milliseconds something took."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _lines(ours: list[float], spent: list[float], bare: list[float]) -> list[dict[str, Any]]:
    """Judge the median; tails of a shared disk are shown, not judged."""
    return [
        _line("commit_p50", ours, "overwrite 4 KiB + fdatasync, p50", bare, goal=GOAL),
        _line("commit_p99", ours, "overwrite 4 KiB + fdatasync, p99", bare, percentile=99),
        _line("redeem_p50", spent, "overwrite 4 KiB + fdatasync, p50", bare, goal=GOAL),
    ]


def _line(
    name: str, ours: list[float], limit_name: str, limits: list[float],
    *, percentile: int = 50, goal: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    value, limit = (statistics.quantiles(one, n=100)[percentile - 1] for one in (ours, limits))
    ratio = value / limit
    return {
        "name": name, "value": round(value, 3), "unit": "ms",
        "limit_name": limit_name, "limit_value": round(limit, 3), "ratio": round(ratio, 2),
        "better": "lower", "goal": goal, "ok": goal is None or ratio <= goal,
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


if __name__ == "__main__":
    import json
    import tempfile

    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as place:
        for one in measure(Path(place)):
            print(json.dumps(one))
