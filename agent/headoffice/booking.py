"""Booking: entries become lots, counts, vouchers and receipts; one writer, in order, each exactly once.

The booked mark moves in the same transaction as what it stands for, so a repeat changes nothing.  An
entry that breaks a rule is kept and parked with a difference; it never blocks those behind it.
"""

import json
from itertools import islice

import msgspec

from agent.headoffice.members import touch
from agent.headoffice.office import Office
from agent.headoffice.publish import Programmes
from agent.headoffice.receipts import book_receipt
from agent.journal.chain import genesis, next_hash
from agent.journal.entry import Entry, entry_from
from agent.journal.kinds import postings

AT_ONCE = 40  # a receipt takes about 2 ms to evaluate again, and allowances wait meanwhile


class Projector:
    """Turns received journals into books."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._programmes = Programmes(office)

    def book_all(self) -> int:
        """Book everything received and not yet booked; return how many entries."""
        booked = 0
        for incarnation in self._office.segments.incarnations():
            while done := self.book_some(incarnation):
                booked += done
        return booked

    def book_some(self, incarnation: str) -> int:
        """Book at most 40 entries of one journal in one transaction; return how many."""
        db = self._office.db
        row = db.row("SELECT booked_seq FROM incarnation WHERE incarnation = ?", (incarnation,))
        if row is None:
            return 0
        entries = list(islice(self._office.segments.entries(incarnation, row["booked_seq"]), AT_ONCE))
        if not entries:
            return 0
        with db.writing():
            head = self._head(incarnation, row["booked_seq"])
            touched: set[str] = set()
            for seq, body in entries:
                head = next_hash(head, body)
                self._book(incarnation, seq, body, head, touched)
            touch(self._office, touched)
            db.run(
                "UPDATE incarnation SET booked_seq = ? WHERE incarnation = ?", (entries[-1][0], incarnation)
            )
        return len(entries)

    def _head(self, incarnation: str, seq: int) -> bytes:
        if not seq:
            return genesis(incarnation)
        row = self._office.db.row(
            "SELECT hash FROM entry WHERE incarnation = ? AND seq = ?", (incarnation, seq)
        )
        return bytes(row["hash"])

    def _book(self, incarnation: str, seq: int, body: bytes, head: bytes, touched: set[str]) -> None:
        try:
            entry = entry_from(body)
        except msgspec.DecodeError as failure:
            entry = Entry(incarnation=incarnation, seq=seq, kind="UNREADABLE")
            difference(self._office, entry, "unreadable", str(failure))
        self._office.db.run(
            "INSERT INTO entry (incarnation, seq, kind, receipt, part, account, unit, amount, body, hash,"
            " accepted_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                incarnation, seq, entry.kind, entry.receipt, entry.part, entry.account, entry.unit,
                entry.amount, body, head, self._office.now_ms(),
            ),
        )  # fmt: skip
        try:
            postings(entry)
            self._apply(entry, touched)
        except (ValueError, KeyError, TypeError, msgspec.ValidationError) as failure:
            difference(self._office, entry, "parked", f"{type(failure).__name__}: {failure}")

    def _apply(self, entry: Entry, touched: set[str]) -> None:
        """Give an entry its effect in the books."""
        office = self._office
        match entry.kind:
            case "RECEIPT":
                book_receipt(office, self._programmes, entry)
            case "EARN":
                _open_lots(office, entry)
            case "REDEEM":
                _spend(office, entry)
            case "CLOSE":
                _close(office, entry)
            case "COUNT":
                _count(office, entry, 1)
            case "COUPON":
                _use_voucher(office, entry)
            case "GIVE":
                _give(office, entry)
            case "REVERSE":
                _reverse(office, entry)
            case "RETURN":
                office.db.run("UPDATE receipt SET state = 'returned' WHERE receipt = ?", (entry.receipt,))
            case _:
                return
        if entry.account:
            touched.add(entry.account)


def difference(office: Office, entry: Entry, kind: str, detail: str) -> None:
    """Record something a person should look at; inside a transaction."""
    office.db.run(
        "INSERT INTO difference (incarnation, seq, receipt, kind, detail) VALUES (?, ?, ?, ?, ?)",
        (entry.incarnation, entry.seq, entry.receipt, kind, detail),
    )


def _open_lots(office: Office, entry: Entry) -> None:
    dates = [entry.data.get(name) or "" for name in ("active_from", "expires_on", "ends_at")]
    for lot, amount in entry.lots:
        office.db.run(
            "INSERT INTO lot VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?)",
            (entry.account, entry.unit, lot, amount, amount, *dates),
        )


def _spend(office: Office, entry: Entry) -> None:
    """Book points paid with: from an open allowance, never beyond what it was issued (I1)."""
    row = office.db.row(
        "SELECT issued, spent, state FROM allowance WHERE incarnation = ? AND number = ? AND member = ?"
        " AND wallet = ?",
        (entry.incarnation, entry.allowance, entry.account, entry.unit),
    )
    if row is None or row["state"] != "OPEN" or row["spent"] - entry.amount > row["issued"]:
        raise ValueError(f"{-entry.amount} points were spent beyond allowance {entry.allowance}")
    office.db.run(
        "UPDATE allowance SET spent = spent - ? WHERE incarnation = ? AND number = ?",
        (entry.amount, entry.incarnation, entry.allowance),
    )
    for lot, amount in entry.lots:
        _change_lot(office, entry, lot, remaining=amount, free=0)


def _close(office: Office, entry: Entry) -> None:
    """Free what a closed allowance has left, lot by lot."""
    row = office.db.row(
        "SELECT * FROM allowance WHERE incarnation = ? AND number = ?", (entry.incarnation, entry.allowance)
    )
    if row is None or row["state"] != "OPEN":
        return
    spent: dict[str, int] = {}
    for body in office.db.rows(
        "SELECT body FROM entry WHERE incarnation = ? AND kind = 'REDEEM' AND account = ? AND unit = ?",
        (entry.incarnation, row["member"], row["wallet"]),
    ):
        redeemed = entry_from(bytes(body["body"]))
        if redeemed.allowance == entry.allowance:
            for lot, amount in redeemed.lots:
                spent[lot] = spent.get(lot, 0) - amount
    for lot, amount, *_ in json.loads(row["lots"]):
        office.db.run(
            "UPDATE lot SET free = free + ? WHERE member = ? AND wallet = ? AND lot = ?",
            (amount - spent.get(lot, 0), row["member"], row["wallet"], lot),
        )
    office.db.run(
        "UPDATE allowance SET state = 'CLOSED' WHERE incarnation = ? AND number = ?",
        (entry.incarnation, entry.allowance),
    )


def _count(office: Office, entry: Entry, sign: int) -> None:
    """Move a counting rule: `units` forward, and a round back for each reward given."""
    data = entry.data
    position = sign * (int(data.get("units", 0)) - int(data.get("size", 0)) * int(data.get("rewards", 0)))
    day, units = str(data.get("day", "")), sign * int(data.get("units", 0))
    office.db.run(
        "INSERT INTO counted VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (member, rule) DO UPDATE SET"
        " position = position + excluded.position, lifetime = lifetime + excluded.lifetime,"
        " today = CASE WHEN day = excluded.day THEN today ELSE 0 END + excluded.today,"
        " day = max(day, excluded.day)",
        (entry.account, _rule_of(entry), position, day, units, units),
    )


def _rule_of(entry: Entry) -> str:
    return str(entry.data.get("rule") or entry.part.rpartition("/")[2])


def _use_voucher(office: Office, entry: Entry) -> None:
    identifier = str(entry.data.get("id") or entry.part)
    changed = office.db.run(
        "UPDATE voucher SET used = 1 WHERE member = ? AND id = ? AND used = 0", (entry.account, identifier)
    )
    if not changed:
        difference(office, entry, "voucher_used_twice", identifier)


def _give(office: Office, entry: Entry) -> None:
    if entry.lots:
        _open_lots(office, entry)
    if entry.data.get("kind") == "voucher":
        data = entry.data
        dates = (data.get("active_from") or "", data.get("expires_on") or "")
        office.db.run(
            "INSERT OR IGNORE INTO voucher VALUES (?, ?, ?, ?, ?, 0)",
            (entry.account, data["id"], data["name"], *dates),
        )


def _reverse(office: Office, entry: Entry) -> None:
    match entry.data.get("undoes"):
        case "RECEIPT":
            office.db.run("UPDATE receipt SET state = 'voided' WHERE receipt = ?", (entry.receipt,))
        case "EARN" | "GIVE" | "REDEEM":
            for lot, amount in entry.lots:
                _change_lot(office, entry, lot, remaining=amount, free=amount)
            if entry.data.get("kind") == "voucher":
                office.db.run(
                    "UPDATE voucher SET used = 1 WHERE member = ? AND id = ?",
                    (entry.account, entry.data["id"]),
                )
        case "COUNT":
            _count(office, entry, 1)
        case "COUPON":
            identifier = str(entry.data.get("id") or entry.part.rpartition("/")[2])
            office.db.run(
                "UPDATE voucher SET used = 0 WHERE member = ? AND id = ?", (entry.account, identifier)
            )
        case _:
            return


def _change_lot(office: Office, entry: Entry, lot: str, *, remaining: int, free: int) -> None:
    """Move one lot.  Free points never fall below zero (I1): a claw-back beyond them becomes a debt lot."""
    row = office.db.row(
        "SELECT remaining, free FROM lot WHERE member = ? AND wallet = ? AND lot = ?",
        (entry.account, entry.unit, lot),
    )
    if row is None:
        raise ValueError(f"lot {lot} is unknown")
    debt = min(0, row["free"] + free)
    office.db.run(
        "UPDATE lot SET remaining = remaining + ?, free = free + ? WHERE member = ? AND wallet = ? AND lot = ?",
        (remaining - debt, free - debt, entry.account, entry.unit, lot),
    )
    if debt:
        office.db.run(
            "INSERT INTO lot VALUES (?, ?, 'debt', 0, ?, 0, '', '', '') ON CONFLICT (member, wallet, lot)"
            " DO UPDATE SET remaining = remaining + excluded.remaining",
            (entry.account, entry.unit, debt),
        )
