"""Do both ends agree?  What each POS knows, each ledger, and what head office's pull says, side by side."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from scripts.replay.fleet import Fleet
from scripts.replay.station import Done

EXPECTED = ("facts_stale", "voucher_twice", "not_quoted")
"""What a cut line or a killed till does, each told and settled, none a disagreement: older figures, a voucher
used at two tills that could not know of each other, a sale at the POS's own prices as nobody answered."""


@dataclass(slots=True)
class Outcome:
    """The figures of the last line, and what the summary shows besides."""

    figures: dict[str, Any]
    report: dict[str, Any]
    faults: list[str] = field(default_factory=list)
    sold_s: float = 0.0
    lag_s: float = 0.0

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
    committed = {name for one in done.values() for name in one.committed}
    faults = [f"{till}: {fault}" for till, one in done.items() for fault in one.faults]
    faults += [f"head office: {problem}" for problem in verified["mistakes"]]
    faults += _ledgers(fleet, report)
    earned = sum(entry.get("amount", 0) for entry in entries if entry["kind"] == "EARN")
    redeemed = -sum(entry.get("amount", 0) for entry in entries if entry["kind"] == "REDEEM")
    for name, ours in (("earned", earned), ("redeemed", redeemed)):
        told = sum(getattr(one, name) for one in done.values())
        if told != ours:
            faults.append(f"{name}: the POSs were told {told}, head office booked {ours}")
    expected = {kind: report["differences"].get(kind, 0) for kind in EXPECTED}
    figures = {
        "receipts": len(committed),
        "identified": sum(one.identified for one in done.values()),
        "earned": earned,
        "redeemed": redeemed,
        "returned": sum(one.returned for one in done.values()),
        "voided": sum(one.voided for one in done.values()),
        "entries": len(entries),
        "differences": sum(report["differences"].values()) - sum(expected.values()),
        "facts_stale": expected["facts_stale"],
        "lost": len(committed - receipts.keys()),
        "duplicated": sum(count - 1 for count in receipts.values()) + len(receipts.keys() - committed),
    }
    return Outcome(figures, report, faults, sold_s, lag_s)


def _entries(folder: Any) -> Any:
    for path in sorted(folder.rglob("entries.ndjson*")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def _allow_failure(fleet: Fleet, *arguments: str) -> str:
    try:
        return fleet.office(*arguments)
    except RuntimeError as failure:
        return json.dumps({"mistakes": [str(failure)]})


def _ledgers(fleet: Fleet, report: dict[str, Any]) -> list[str]:
    """Each till's ledger must be sound, and its balances those of head office."""
    faults = []
    outstanding = {row["wallet"]: row.get("outstanding", 0) for row in report["points"]}
    for till in fleet.tills:
        state = str(till.folder / "state")
        try:
            verdict = json.loads(fleet.agent("ledger", "verify", "--json", "--state", state))
            if not verdict["ok"]:
                faults.append(f"{till.name}: {verdict}")
            rows = json.loads(fleet.agent("ledger", "balance", "--json", "--state", state))
        except RuntimeError as failure:
            faults.append(f"{till.name}: {failure}")
            continue
        for wallet, total in outstanding.items():
            shown = sum(row["points"] for row in rows if row["wallet"] == wallet)
            if shown != total:
                faults.append(f"{till.name} shows {shown} {wallet} outstanding, head office {total}")
    return faults
