"""Do both ends agree?  What each POS knows, each ledger, and what head office's pull says, side by side."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from scripts.replay import books
from scripts.replay.fleet import Fleet
from scripts.replay.station import Done

EXPECTED = ("facts_stale", "voucher_twice", "no_quote", "not_quoted")
"""What a cut line or a killed till does, each told and settled, none a disagreement: older figures, a voucher
used at two tills that could not know of each other, a sale without a quote as nobody answered (it earns)."""


@dataclass(slots=True)
class Outcome:
    """The figures of the last line, and what the summary shows besides."""

    figures: dict[str, Any]
    report: dict[str, Any]
    faults: list[str] = field(default_factory=list)
    sold_s: float = 0.0
    lag_s: float = 0.0
    outstanding: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is lost, doubled or judged otherwise."""
        wrong = any(self.figures[name] for name in ("differences", "lost", "duplicated"))
        return not wrong and not self.faults


def compare(fleet: Fleet, done: dict[str, Done], *, sold_s: float, lag_s: float) -> Outcome:
    """Pull the log, and hold it against what the POSs remember."""
    folder = fleet.work / "pull"
    fleet.office("pull", "--to", str(folder), "--format", "ndjson")
    entries = list(_entries(folder))
    verified = json.loads(_allow_failure(fleet, "verify", "--json"))
    report = json.loads(fleet.office("report", "--json"))
    receipts = Counter(entry["receipt"] for entry in entries if entry["kind"] == "RECEIPT")
    told = {name: one for each in done.values() for name, one in each.committed.items()}
    committed = told.keys()
    faults = [f"{till}: {fault}" for till, one in done.items() for fault in one.faults]
    faults += [f"head office: {problem}" for problem in verified["mistakes"]]
    faults += _ledgers(fleet)
    faults += books.unlike_receipts(told, entries) + books.doubled(entries)
    voided = [name for one in done.values() for name in one.voided]
    returned = [name for one in done.values() for name in one.returned]
    faults += books.not_undone(voided, returned, entries)
    outstanding, unlike = _balances(fleet)
    faults += unlike
    expected = {kind: report["differences"].get(kind, 0) for kind in EXPECTED}
    figures = {
        "receipts": len(committed),
        "identified": sum(one.identified for one in done.values()),
        "earned": sum(entry["amount"] for entry in entries if entry["kind"] == "EARN"),
        "redeemed": -sum(entry["amount"] for entry in entries if entry["kind"] == "REDEEM"),
        "returned": len(returned),
        "voided": len(voided),
        "entries": len(entries),
        "differences": sum(report["differences"].values()) - sum(expected.values()),
        "facts_stale": expected["facts_stale"],
        "lost": len(committed - receipts.keys()),
        "duplicated": sum(count - 1 for count in receipts.values()) + len(receipts.keys() - committed),
    }
    return Outcome(figures, report, faults, sold_s, lag_s, outstanding)


def _entries(folder: Any) -> Any:
    for path in sorted(folder.rglob("entries.ndjson*")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def _allow_failure(fleet: Fleet, *arguments: str) -> str:
    try:
        return fleet.office(*arguments)
    except RuntimeError as failure:
        return json.dumps({"mistakes": [str(failure)]})


def _ledgers(fleet: Fleet) -> list[str]:
    """Each till's ledger must be sound."""
    faults = []
    for till in fleet.tills:
        try:
            verdict = json.loads(
                fleet.agent("ledger", "verify", "--json", "--state", str(till.folder / "state"))
            )
            if not verdict["ok"]:
                faults.append(f"{till.name}: {verdict}")
        except RuntimeError as failure:
            faults.append(f"{till.name}: {failure}")
    return faults


def _balances(fleet: Fleet) -> tuple[int, list[str]]:
    """Return what members can spend by head office's books, and whose points a till shows otherwise."""
    office = books.of_head_office(fleet.work / "office", fleet.clock)
    unlike = [
        problem
        for till in fleet.tills
        for problem in books.unlike_balances(
            till.name, books.of_till(till.folder / "state", fleet.clock), office
        )
    ]
    return sum(office.values()), unlike
