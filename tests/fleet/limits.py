"""Points let go beyond allowances: never more than head office printed, and each a debt."""

from collections import Counter as Count
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.headoffice.office import Office
from agent.headoffice.store import debts, losses
from agent.ledger.ledger import Ledger
from agent.ledger.unbooked import beyond_of
from tests.fleet.story import Story

MODE = 'mode = "limited", per_use = 60, uses = 3, till_cap = 150, credit = 80, recover_share = 50'
"""Small caps, so that all of them are reached: a till lets go 150 points at most."""


def limited(programme: bytes) -> bytes:
    """Return the programme with its points limited instead of strict."""
    return programme.replace(b"[wallet.points]\n", f"[wallet.points]\noffline = {{ {MODE} }}\n".encode())


@dataclass
class Beyond:
    """What tills let go that head office has not booked, and what it says that members owe."""

    story: Story
    worst: Callable[[Office], Any]
    """How head office computes the bound."""
    unbooked: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    """(journal, entry): member and points."""
    lost: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """By member: what was booked of journals that had been given up."""
    owed: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    printed: dict[str, int] = field(default_factory=dict)
    _known: set[tuple[str, int, str]] = field(default_factory=set)
    most: int = 0
    """The most that was ever out at once."""

    def sold(self, ledger: Ledger, receipt: str) -> None:
        """Take down what a receipt took beyond allowances, and hold all that is out against the bound."""
        for entry in ledger.read.entries_of(receipt):
            spent = beyond_of(entry) if entry.incarnation == ledger.incarnation else None
            if spent is None or (entry.incarnation, spent.seq, receipt) in self._known:
                continue  # a POS may say a receipt again, long after it was booked
            self._known.add((entry.incarnation, spent.seq, receipt))
            self.unbooked[entry.incarnation, spent.seq] = (spent.member, spent.points)
        self._hold_to_printed(ledger.incarnation)

    def copy_came_back(self, ledger: Ledger) -> None:
        """Note what an old copy of a disk does not know: its journal runs twice, and no bound holds."""
        head = ledger.read.head()[0]
        for journal, seq in [one for one in self.unbooked if one[0] == ledger.incarnation and one[1] > head]:
            member, points = self.unbooked.pop((journal, seq))
            self.lost[member] += points

    def excused(self, member: str) -> int:
        """Return how much more than was earned a member may have been given."""
        return (
            self.owed[member]
            + self.lost[member]
            + sum(points for whose, points in self.unbooked.values() if whose == member)
        )

    def booked(self, office: Office) -> None:
        """Learn what head office has booked of it, what it says is owed, and what it prints."""
        for (journal, seq), (member, points) in list(self.unbooked.items()):
            row = office.store.row(
                "SELECT parked FROM entry WHERE incarnation = ? AND seq = ?", (journal, seq)
            )
            given_up = losses.is_lost(
                office.store, journal
            )  # then it is the company's, and no bound counts it
            if row is not None or given_up:
                del self.unbooked[journal, seq]
                self.lost[member] += points if row is None or row["parked"] else 0
        self.owed.clear()
        for one in debts.open_debts(office.store):
            self.owed[one["member"]] += max(0, -int(one["remaining"]))
        self.prints(office)

    def prints(self, office: Office) -> None:
        """Read the bound off head office's own figures; strict programmes have none."""
        self.printed = next(iter(self.worst(office)["worst"]), {})

    def _hold_to_printed(self, journal: str) -> None:
        if not self.printed:
            return
        out: Count[str] = Count()
        for (one, _), (member, points) in self.unbooked.items():
            out["all tills"] += points
            out[member] += points
            if one == journal:
                out[f"journal {journal[:8]}"] += points
        self.most = max(self.most, out["all tills"])
        bounds = {"journal": "till", "all": "fleet_all_cut_off"}
        for what, points in out.items():
            bound = self.printed[bounds.get(what.partition(" ")[0], "member_all_cut_off")]
            if points > bound:
                self.story.violated("bound", f"{what}: {points} out beyond allowances, {bound} printed")
