"""The books of both ends, receipt by receipt and member by member: sums hide mistakes that cancel out.

Both ends are read on the receipts' own day.  The commands that people use ask the machine's clock, by
which every point of the data expired years ago and all balances are nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from agent.clock import Clock
from agent.headoffice.facts import facts_of
from agent.headoffice.office import Office
from agent.ledger.tools import open_to_read
from agent.loyalty.member import MemberFacts

SHOWN = 5
Balances = dict[tuple[str, str], int]
"""Member and wallet to points; nothing stands for no points."""


class Told(NamedTuple):
    """What a till answered to a commit, in the wallet's smallest units."""

    earned: int
    redeemed: int


def of_till(state: Path, clock: Clock) -> Balances:
    """Return what a till's ledger shows today by this clock.

    Raises:
        LedgerError: there is no ledger in this folder.
    """
    day = clock.now().date()
    reader = open_to_read(state, clock)
    try:
        return _balances((reader.facts(member, day) for member in reader.members()), day)
    finally:
        reader.close()


def of_head_office(state: Path, clock: Clock) -> Balances:
    """Return what head office's books hold today by this clock."""
    office = Office(state, clock)
    try:
        with office.store.reading():
            rows = office.store.rows("SELECT * FROM member")
            return _balances((facts_of(office.store, row) for row in rows), clock.now().date())
    finally:
        office.close()


def unlike_balances(till: str, shown: Balances, office: Balances) -> list[str]:
    """Name each member whose points a till shows otherwise than head office."""
    return [
        f"{till} shows {shown.get(key, 0)} {key[1]} of {key[0]}, head office {office.get(key, 0)}"
        for key in sorted(shown.keys() | office.keys())
        if shown.get(key, 0) != office.get(key, 0)
    ]


def unlike_receipts(told: Mapping[str, Told], entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name each receipt of which head office booked other points than the POS was told."""
    earned: Counter[str] = Counter()
    redeemed: Counter[str] = Counter()
    for entry in entries:
        if entry["kind"] == "EARN":
            earned[entry["receipt"]] += entry["amount"]
        elif entry["kind"] == "REDEEM":
            redeemed[entry["receipt"]] -= entry["amount"]
    return [
        f"{receipt}: the POS was told {told.get(receipt)}, head office booked {booked}"
        for receipt in sorted(told.keys() | earned.keys() | redeemed.keys())
        if (booked := Told(earned[receipt], redeemed[receipt])) != told.get(receipt)
    ]


def not_undone(
    voided: Iterable[str], returned: Iterable[tuple[str, str]], entries: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Name each void and each return (receipt, return id) that did not reach head office exactly once."""
    voids: Counter[str] = Counter()
    returns: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if entry["kind"] == "REVERSE" and not entry["part"]:
            voids[entry["receipt"]] += 1
        elif entry["kind"] == "RETURN":
            returns[entry["receipt"], entry["part"]] += 1
    counts = [(f"void of {one}", voids[one]) for one in voided]
    counts += [(f"return {one}", returns[one]) for one in returned]
    return [f"{what}: {count} times at head office" for what, count in counts if count != 1]


def doubled(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name each effect (receipt, kind, part) that head office holds more than once."""
    seen = Counter((one["receipt"], one["kind"], one["part"]) for one in entries if one["receipt"])
    return [f"{key} stands {count} times at head office" for key, count in seen.items() if count > 1]


def _balances(everyone: Iterable[MemberFacts | None], day: date) -> Balances:
    totals: Balances = defaultdict(int)
    for facts in everyone:
        if facts is None:
            continue
        for wallet, held in facts.wallets.items():
            for lot in held.lots:
                if lot.expires_on is None or lot.expires_on >= day:
                    totals[facts.member, wallet] += lot.amount
    return dict(totals)
