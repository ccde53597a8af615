"""What each kind of entry does to the books; it comes in any order between tills, and adds up the same.

An entry that breaks a rule raises Parked: it stays in the log without effect, with a difference for a
person to decide.  Nothing blocks a journal.
"""

from collections.abc import Callable
from datetime import date, datetime

import msgspec

from agent.headoffice import capping, enrolments, lending, limited, lost, vouchers
from agent.headoffice.claiming import take_claim
from agent.headoffice.counting import (
    LONGEST_NAME,
    give_voucher,
    move_count,
    move_measure,
    note,
    unnote,
    withdraw_voucher,
)
from agent.headoffice.facts import facts_of, stale_parts
from agent.headoffice.outcomes import Parked
from agent.headoffice.receipts import by_rule, receipt_row, spent_on
from agent.headoffice.shapes import ReceiptData, receipt_data
from agent.headoffice.store import allowances, books, log, losses, members
from agent.headoffice.store.books import Dates
from agent.headoffice.store.protocol import Row, Store
from agent.headoffice.undoing import original_of
from agent.headoffice.versions import strict_at
from agent.journal.entry import Entry
from agent.journal.kinds import KINDS, postings
from agent.journal.lent import FIRST, is_lent
from agent.loyalty.basket import MONEY_LIMIT

LONGEST_VISIBLE_DETAIL = 2000
UNPAID = "voided_unpaid"
"""The part of the NOTE with which a till cancels a receipt that it never saw paid."""
UNSEEN = frozenset({"LEND", "HOME"})
"""Kinds that change whom points are charged to, and no figure of the member."""
NAMED = {
    "no_quote": "paid without a matching quote of ours: it earns, nothing was taken off",
    "voided_before": "cancelled before it was paid, and paid all the same",
    "tender_rule": "paid otherwise than planned, and a rule gave what only the planned tender earns",
}
"""What a till says of a receipt that has a word of its own here; the rest is `told_by_till`."""


class Effects:
    """Applies the entries of one till's journal to the books, inside one transaction."""

    def __init__(self, store: Store, till: str, shop: str) -> None:
        self._store = store
        self._till = till
        self._shop = shop
        self._owners: dict[str, str] = {}
        self._lost: dict[str, bool] = {}
        self.touched: dict[str, None] = {}
        """Members whose figures changed, in the order of their first change."""
        self._changes: dict[str, Callable[[Entry], None]] = {
            "RECEIPT": self._receipt,
            "EARN": self._open_lots,
            "LOAD": self._open_lots,
            "GIVE": self._give,
            "REDEEM": self._redeem,
            "CLAWBACK": self._claw_back,
            "COUNT": lambda entry: move_count(store, entry, undone=False),
            "MEASURE": lambda entry: move_measure(store, entry),
            "HISTORY": lambda entry: note(store, entry),
            "COUPON": self._use_voucher,
            "REVERSE": self._reverse,
            "RETURN": self._return,
            "ENROL": self._join,
            "CARD": self._attach,
            "CONSENT": lambda entry: enrolments.consent(store, entry),
            "PROMPT": lambda entry: enrolments.prompt(store, entry),
            "CLAIM": lambda entry: take_claim(store, self, entry),
            "NOTE": self._note,
            "CLOSE": lambda entry: lending.book_close(store, entry),
            "LEND": lambda entry: lending.book_lend(store, entry),
            "HOME": lambda entry: lending.book_home(store, entry),
            "DECLARE": self._declare,
        }

    def apply(self, entry: Entry) -> None:
        """Book one entry; kinds that move no figure of ours are only kept.

        Raises:
            Parked: it breaks a rule.
            Waiting: it undoes what another till has not sent yet.
            msgspec.ValidationError, ValueError, TypeError, LookupError: it is not what its kind should be.
        """
        if entry.kind not in KINDS:
            self.differ(entry, "unknown_kind", f"{entry.kind} is of a newer program; kept")
        _refuse_unheard_of(entry)
        change = self._changes.get(entry.kind)
        owned = self.owned(entry)
        if entry.kind in lost.MOVES and self._is_lost(entry):
            raise Parked(lost.PARKED, "its journal was given up: this is the company's loss")
        if change is not None:
            change(owned)
        if owned.account and entry.kind not in UNSEEN:
            self.touched[owned.account] = None

    def owned(self, entry: Entry) -> Entry:
        """Return an entry as that of the member whose account it is now: a merged one lives on in another."""
        owner = self._owners.get(entry.account)
        if owner is None:
            owner = self._owners[entry.account] = members.owner_of(self._store, entry.account)
        return entry if owner == entry.account else msgspec.structs.replace(entry, account=owner)

    def _is_lost(self, entry: Entry) -> bool:
        if entry.incarnation not in self._lost:
            self._lost[entry.incarnation] = losses.is_lost(self._store, entry.incarnation)
        return self._lost[entry.incarnation]

    def differ(self, entry: Entry, kind: str, detail: str) -> None:
        """Note a difference for a person to look at; the entry keeps its effect."""
        where = (entry.incarnation, entry.seq, entry.receipt)
        log.add_difference(self._store, where, kind, detail[:LONGEST_VISIBLE_DETAIL])

    def _receipt(self, entry: Entry) -> None:
        data = receipt_data(entry)
        row = members.member_row(self._store, entry.account) if entry.account else None
        if entry.account and row is None:
            self.differ(entry, "unknown_member", f"{entry.account} is not in the books")
        if row is not None:
            self.compare_facts(entry, data, row)
        if data.quote is None or not data.quote.programme.id:
            self.differ(entry, "not_quoted", "committed without a programme of ours: nothing earned or given")
        for told in data.differences:
            kind = told if isinstance(told, str) and told in NAMED else "told_by_till"
            self.differ(entry, kind, NAMED.get(kind) or msgspec.json.encode(told).decode())
        self._if_voided_elsewhere(entry, ("NOTE", UNPAID))
        state = books.state_before_receipt(self._store, entry.receipt)
        values = receipt_row(entry, data, till=self._till, shop=self._shop, state=state)
        books.put_receipt(self._store, values, by_rule(data), spent_on(data))

    def compare_facts(self, entry: Entry, data: ReceiptData, row: Row) -> None:
        """Tell in what a till was behind when it judged a receipt."""
        if data.facts is not None:
            strict = strict_at(self._store, data.quote.programme) if data.quote else ()
            stale = stale_parts(data.facts, facts_of(self._store, row), data.day, strict=strict)
            if stale:
                self.differ(entry, "facts_stale", ", ".join(stale))

    def _give(self, entry: Entry) -> None:
        capping.take_one(self._store, entry)
        if entry.lots:
            self._open_lots(entry)
        elif entry.data.get("kind") == "voucher":
            give_voucher(self._store, entry, _dates(entry))

    def _open_lots(self, entry: Entry) -> None:
        lot = f"{entry.incarnation[:8]}-{entry.seq}"
        if entry.amount <= 0 or entry.lots != [(lot, entry.amount)]:
            raise Parked("malformed", f"{entry.kind} must open one lot, {lot}")
        books.open_lot(self._store, (entry.account, entry.unit, lot), entry.amount, _dates(entry))

    def _redeem(self, entry: Entry) -> None:
        if limited.is_limited(entry):
            limited.book(self._store, entry)
            return
        key, allowance = lending.row_to_spend(self._store, entry)
        if entry.amount >= 0 or not entry.lots:
            raise Parked("malformed", "REDEEM must take points from lots")
        for lot, amount in entry.lots:
            left = lending.left_to_spend(self._store, key, allowance, lot)
            if amount >= 0 or -amount > left:  # I1: spent <= issued, lot by lot
                raise Parked("beyond_allowance", f"{-amount} of lot {lot} where {left} were left")
            lending.spend(self._store, key, allowance, lot, -amount)
            books.move_lot(self._store, (entry.account, entry.unit, lot), amount)
        if allowance["home"]:
            lending.settle(self._store, key)

    def _claw_back(self, entry: Entry) -> None:
        own = f"{entry.incarnation[:8]}-{entry.seq}"
        if entry.amount >= 0 or any(amount >= 0 for _, amount in entry.lots):
            raise Parked("malformed", "CLAWBACK must take points out")
        for lot, amount in entry.lots:
            key = (entry.account, entry.unit, lot)
            if lot == own:  # what was missing: a debt, which the next allowance counts
                books.open_lot(self._store, key, amount, Dates("", "", ""))
            else:
                books.move_lot(self._store, key, amount)

    def _use_voucher(self, entry: Entry) -> None:
        for kind, detail in vouchers.use(self._store, entry):
            self.differ(entry, kind, detail)

    def _reverse(self, entry: Entry) -> None:
        if entry.data.get("undoes") == "RECEIPT":
            books.set_receipt_state(self._store, entry.receipt, "voided")
            return
        self.undo(entry, self.owned(original_of(self._store, entry, self.owned)))

    def undo(self, entry: Entry, original: Entry) -> None:
        """Move back what a REVERSE undoes of its original; both as `owned`."""
        if original.kind == "GIVE":
            capping.give_back(self._store, original)
        match original.kind:
            case "COUNT":
                move_count(self._store, entry, undone=True)
            case "MEASURE":
                move_measure(self._store, entry)
            case "HISTORY":
                unnote(self._store, original)
            case "COUPON":
                vouchers.unuse(self._store, original)
            case "GIVE" if original.data.get("kind") == "voucher":
                if withdraw_voucher(self._store, original):
                    self.differ(
                        entry, "voucher_used", f"{original.part} gave a voucher that was used already"
                    )
            case "REDEEM":
                self._give_back(entry, original)
            case _:
                # What was spent meanwhile leaves the lot below zero: strict bounds spending, not clawbacks.
                for lot, amount in entry.lots:
                    books.move_lot(self._store, (entry.account, entry.unit, lot), amount)

    def _give_back(self, entry: Entry, original: Entry) -> None:
        if limited.is_limited(original):
            limited.give_back(self._store, entry, original)
            return
        for lot, amount in entry.lots:
            # What was lent stays spent on its row: the pool took the rest home without these points, so
            # they are the member's at once.
            if not is_lent(original.allowance):
                allowances.spend(self._store, (original.incarnation, original.allowance, lot), -amount)
            books.move_lot(self._store, (entry.account, entry.unit, lot), amount)
        for lot, last_day in entry.data.get("extend", {}).items():
            day = date.fromisoformat(last_day).isoformat()
            books.extend_lot(self._store, (entry.account, entry.unit, lot), day)

    def _return(self, entry: Entry) -> None:
        answer = entry.data.get("answer")
        is_all = isinstance(answer, dict) and answer.get("state") == "returned"
        books.set_receipt_state(self._store, entry.receipt, "returned" if is_all else "partly_returned")
        if not entry.data.get("lines"):
            self.differ(entry, "return_to_settle", "the till did not know the receipt")

    def _note(self, entry: Entry) -> None:
        if entry.part == "parked":
            self.differ(entry, "parked_at_till", str(entry.data.get("why", "")))
        elif entry.part.startswith("conflict/"):
            self.differ(entry, "receipt_conflict", "this receipt came again with other content")
        elif entry.part == UNPAID:
            self._if_voided_elsewhere(entry, ("RECEIPT", ""))

    def _join(self, entry: Entry) -> None:
        # A member who joined twice is told anew under both names; later entries find the heir.
        self.touched[enrolments.join(self._store, entry)] = None
        self._owners.clear()

    def _attach(self, entry: Entry) -> None:
        if why := enrolments.attach(self._store, entry):
            self.differ(entry, "card_not_attached", why)

    def _if_voided_elsewhere(self, entry: Entry, other: tuple[str, str]) -> None:
        """Tell of a sale that was cancelled where it was not made: its own till knows nothing of that."""
        if log.stands_elsewhere(self._store, entry.receipt, other, entry.incarnation):
            self.differ(
                entry, "voided_elsewhere", "cancelled at a till that did not sell it; nothing is undone"
            )

    def _declare(self, entry: Entry) -> None:
        if "pool" in entry.data:
            return  # said to the pool, whose HOMEs say what comes of it
        held = {int(number) for number in entry.data["held"]}
        floor = min(int(entry.data["floor"]), FIRST - 1)
        for number in allowances.open_numbers(self._store, entry.incarnation, up_to=floor):
            if number not in held:
                allowances.close(self._store, entry.incarnation, number)


def _refuse_unheard_of(entry: Entry) -> None:
    """Park what no till of ours writes, before it can reach the members' facts."""
    postings(entry)
    if max(len(entry.account), len(entry.unit), *(len(lot) for lot, _ in entry.lots), 0) > LONGEST_NAME:
        raise Parked("malformed", f"a name is longer than {LONGEST_NAME} characters")
    if max(abs(entry.amount), *(abs(amount) for _, amount in entry.lots), 0) > MONEY_LIMIT:
        raise Parked("malformed", f"an amount is above {MONEY_LIMIT}")


def _dates(entry: Entry) -> Dates:
    active_from, expires_on, ends_at = (
        str(entry.data.get(name) or "") for name in ("active_from", "expires_on", "ends_at")
    )
    for day in (active_from, expires_on):
        if day and date.fromisoformat(day).isoformat() != day:
            raise Parked("malformed", f"{day!r} is not written as 2026-12-31")
    if ends_at and datetime.fromisoformat(ends_at).tzinfo is None:
        raise Parked("malformed", f"{ends_at!r} has no offset")
    return Dates(active_from, expires_on, ends_at)
