"""What a till does to its ledger, one acknowledged operation each, and how to see afterwards that it did.

An operation's name tells its kind: `post:0-3` is the third of the first life.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

from agent.errors import Conflict
from agent.journal.entry import Draft, Entry, entry_from
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.wire import Allowance, Delta, LotSlice, MemberRow

DAY = date(2026, 11, 24)
LATER_MS = 4_000_000_000_000
KEPT = 3
"""How many of the newest entries a compaction leaves here; a till leaves a thousand."""
BUYER = "buyer"
SHAPES = {
    "post": ("RECEIPT", "EARN", "COUNT"),
    "burn": ("HOLD", "RECEIPT", "REDEEM"),
    "return": ("RETURN", "REVERSE"),
}
"""Which entries an operation makes in its receipt, CLOSE apart."""
Change = Callable[[Transaction], None]


class CountingClock:
    """A clock that moves a millisecond each time it is asked: the same run has the same times."""

    def __init__(self) -> None:
        self._moment = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self._moment += timedelta(milliseconds=1)
        return self._moment

    def monotonic_s(self) -> float:
        return self._moment.timestamp()


@dataclass
class Till:
    """One life: draws what to do next and does it through the ledger's own door."""

    ledger: Ledger
    chance: Random
    run: int
    posted: list[str] = field(default_factory=list)
    earned: dict[str, Entry] = field(default_factory=dict)
    known: list[str] = field(default_factory=list)
    allowances: int = 0

    def next(self, number: int) -> tuple[str, Change]:
        """Return the next operation: its name, and the change that does it."""
        kinds = ["post", "post", "allow", "news", "ack"]
        kinds += ["burn"] * 3 if self.allowances else []
        kinds += ["return"] * 2 if self.posted else []
        kinds += ["erase"] * 2 if self.known else []
        kinds += ["compact"] if self.ledger.read.mark("acknowledged") else []
        kind = self.chance.choice(kinds)
        name = f"{kind}:{self.run}-{number}"
        return name, self._change(kind, name, number)

    def undo(self, name: str) -> None:
        """Forget an operation that was refused: what it would have made is not there to go on with."""
        self.posted = [one for one in self.posted if one != name]
        self.known = [one for one in self.known if one != name]

    def repeat(self, change: Change) -> None:
        """Say it again, as a POS does that got no answer: the journal must refuse to count it twice.

        Raises:
            AssertionError: it was taken a second time (`verify` tells that as well).
        """
        try:
            self.ledger.write(change).result()
        except Conflict:
            return

    def _change(self, kind: str, name: str, number: int) -> Change:
        match kind:
            case "post":
                self.posted.append(name)
                change = self.post(name, self.chance.randrange(1, 100))
            case "burn":
                change = self._burn(name, self.chance.randrange(1, 20))
            case "return":
                change = self._return(name, self.posted.pop())
            case "allow":
                self.allowances += 1
                change = self._allow(name, 10_000 * self.run + number)
            case "news":
                self.known.append(name)
                change = self._news(name)
            case "erase":
                change = self._erase(name, self.known.pop())
            case "compact":
                change = self._compact(name)
            case _:
                change = self._acknowledge(name)
        return change

    def post(self, name: str, points: int) -> Change:
        """Return what a paid receipt writes."""

        def change(tx: Transaction) -> None:
            member = f"m{points % 5}"
            tx.append(Draft("RECEIPT", receipt=name, account=member, data={"points": points}))
            earn = Draft("EARN", receipt=name, part="p/", account=member, unit="points", amount=points)
            self.earned[name] = tx.append(earn)
            tx.append(Draft("COUNT", receipt=name, part="stamps", account=member, data={"units": 1}))
            tx.put_receipt(name, state="committed", content_hash=b"h", answer={"n": points}, member=member)

        return change

    def _burn(self, name: str, points: int) -> Change:
        def change(tx: Transaction) -> None:
            free = sum(amount for _, _, amount in tx.slices(BUYER, DAY))
            held = tx.place_hold(name, BUYER, {"points": min(points, free)}, until_ms=LATER_MS, day=DAY)
            slices = held.get("points", [])
            tx.append(Draft("RECEIPT", receipt=name, account=BUYER))
            for number in sorted({one.allowance for one in slices}):
                lots = [(one.lot, -one.amount) for one in slices if one.allowance == number]
                tx.append(
                    Draft(
                        "REDEEM", receipt=name, part=f"points/{number}", account=BUYER, unit="points",
                        amount=sum(amount for _, amount in lots), lots=lots, allowance=number,
                    )
                )  # fmt: skip
            tx.put_receipt(name, state="committed", content_hash=b"h", answer={"n": points}, member=BUYER)
            if self.chance.random() < 0.2:
                tx.close_allowances(BUYER, name)

        return change

    def _return(self, name: str, receipt: str) -> Change:
        def change(tx: Transaction) -> None:
            earned = self.earned[receipt]
            member, amount = earned.account, earned.amount
            tx.append(Draft("RETURN", receipt=receipt, part=name, account=member))
            tx.append(
                Draft(
                    "REVERSE", receipt=receipt, part=name, account=member, unit="points", amount=-amount,
                    lots=[(lot, -points) for lot, points in earned.lots], data={"undoes": "EARN"},
                )
            )  # fmt: skip
            tx.put_receipt(receipt, state="returned", content_hash=b"h", answer={"n": 0}, member=member)

        return change

    def _allow(self, name: str, number: int) -> Change:
        lots = [LotSlice(f"lot-{number}-{index}", 20, expires_on=f"2026-12-{index:02}") for index in (1, 2)]

        def change(tx: Transaction) -> None:
            incarnation = self.ledger.incarnation
            assert tx.accept_allowance(Allowance(incarnation, number, BUYER, "points", 40, lots, LATER_MS))
            tx.set_mark(f"did {name}", number)

        return change

    def _news(self, name: str) -> Change:
        facts = MemberFacts(name, wallets={"points": WalletFacts([Lot("start", 7, None, None)])})

        def change(tx: Transaction) -> None:
            cursor = tx.mark("cursor")
            row = MemberRow(name, 1, [f"tag {name}".encode()], facts)
            tx.apply_delta(Delta(cursor, cursor + 1, more=False, booked_seq=0, members=[row]))
            tx.set_mark(f"did {name}", cursor + 1)

        return change

    def _erase(self, name: str, member: str) -> Change:
        def change(tx: Transaction) -> None:
            tx.forget(member)
            tx.set_mark(f"did {name}", member)

        return change

    def _compact(self, name: str) -> Change:
        """Return what lets old entries go, as soon as head office has booked them; what left is noted."""

        def change(tx: Transaction) -> None:
            cursor, rows = tx.mark("cursor"), tx.entries(0, 1_000_000)
            tx.apply_delta(Delta(cursor, cursor, more=False, booked_seq=tx.mark("acknowledged")))
            tx.let_go(LATER_MS, kept=KEPT)
            for seq, body, _ in rows:
                if seq <= tx.mark("compacted"):
                    tx.set_mark(f"gone {_operation(entry_from(body))}", seq)
            tx.set_mark(f"did {name}", tx.mark("compacted"))

        return change

    def _acknowledge(self, name: str) -> Change:
        def change(tx: Transaction) -> None:
            seq, row_hash = tx.head()
            tx.acknowledge(self.ledger.incarnation, seq, row_hash)
            tx.set_mark(f"did {name}", seq)

        return change


def present(ledger: Ledger) -> tuple[set[str], list[str]]:
    """Return the operations that are there, and what is there by half or twice."""
    marks, gone = _marked(ledger, "did "), {*_marked(ledger, "gone ")}
    groups: dict[str, list[Entry]] = {}
    for _, body, _ in ledger.read.entries(0, 1_000_000):
        entry = entry_from(body)
        if entry.kind != "CLOSE":
            groups.setdefault(_operation(entry), []).append(entry)
    wrong = [*_receipts_by_half(ledger, groups, gone), *_marks_by_half(ledger, marks)]
    return {*groups, *marks, *gone}, wrong


def _marked(ledger: Ledger, word: str) -> dict[str, int | str]:
    rows = ledger.read._rows("SELECT name, number, text FROM mark WHERE name LIKE ?", f"{word}%")
    return {str(name).removeprefix(word): text or number for name, number, text in rows}


def _operation(entry: Entry) -> str:
    return entry.part if entry.kind in {"RETURN", "REVERSE"} else entry.receipt


def _receipts_by_half(ledger: Ledger, groups: dict[str, list[Entry]], gone: set[str]) -> Iterator[str]:
    for name, entries in groups.items():
        if {name, entries[0].receipt} & gone:
            continue  # a part of it was let go, and counts as unknown
        kind, kinds = name.split(":")[0], [entry.kind for entry in entries]
        if len(kinds) > len(set(kinds)) + max(0, kinds.count("REDEEM") - 1):
            yield f"twice: {name} has {kinds}"
        elif not set(SHAPES[kind]) - {"HOLD", "REDEEM"} <= set(kinds):
            yield f"half applied: {name} has {kinds}"
        stored = ledger.read.receipt(entries[0].receipt)
        if stored is None or (kind == "return" and stored.state != "returned"):
            yield f"half applied: the answer of {name} is missing"


def _marks_by_half(ledger: Ledger, marks: dict[str, int | str]) -> Iterator[str]:
    erased = {member for name, member in marks.items() if name.startswith("erase")}
    for name, value in marks.items():
        match name.split(":")[0]:
            case "ack" if ledger.read.mark("acknowledged") < int(value):
                yield f"half applied: {name} reached {ledger.read.mark('acknowledged')}"
            case "compact" if _holds_below(ledger, int(value)):
                yield f"half applied: entries below {value} are still there after {name}"
            case "news" if (ledger.read.member_of(f"tag {name}".encode()) is None) != (name in erased):
                yield f"half applied: the member of {name} is {'still' if name in erased else 'not'} there"
            case _:
                pass  # what an allowance holds is compared with the journal by `ledger verify`


def _holds_below(ledger: Ledger, base: int) -> bool:
    return ledger.read.mark("compacted") < base or any(seq <= base for seq, *_ in ledger.read.entries(0, 1))
