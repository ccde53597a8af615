"""What was promised to whom, noted beside the fleet, and held against it: the invariants.

I1 no allowance is overspent · I2 an account is the sum of its entries · I3 points handed out were earned ·
I4 one chain for each journal · I5 what was acknowledged is durable · I6 a repeat changes nothing.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agent.headoffice.office import Office
from agent.headoffice.store import audit, losses, tills
from agent.ledger.ledger import Ledger
from agent.sync.wire import Acknowledged, Allowance, AllowanceRequest, Welcome
from tests.fleet.limits import Beyond
from tests.fleet.story import Story

EACH_BOOKING = 400
"""Up to so many entries every booking is audited; beyond, whenever the log has grown by a tenth."""
LOOKED_BACK = 3


@dataclass(eq=False)
class Life:
    """One disk's life at a till: it ends when the disk is replaced, or an older copy of it comes back."""

    till: str
    incarnation: str = ""
    copied: bool = False
    """It began as a copy of an earlier life, and may write what that one wrote otherwise."""
    is_over: bool = False


@dataclass(eq=False)
class Told:
    """What a POS heard of a paid receipt."""

    life: Life
    receipt: str
    member: str
    seq: int
    head_hash: str
    redeemed: int
    known: str = ""
    """Whose receipt the till says it is; it may not know a card."""
    state: str = "committed"
    given_back: int = 0
    undone_by: Life | None = None
    """In whose journal it was cancelled, or goods of it came back."""


@dataclass
class Oracle:
    """Notes promises as they are made; complains to the story."""

    story: Story
    opening: int
    beyond: Beyond
    told: dict[str, Told] = field(default_factory=dict)
    handed: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Points that POSes were told are paid with, less what is, or may be, given back; by member."""
    allowed_loss: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """What copies of disks held when they came back: no protocol can know that it was spent."""
    earned: dict[str, int] = field(default_factory=dict)
    acked: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    answers: dict[tuple[str, str], int] = field(default_factory=dict)
    allowances: dict[tuple[str, int], tuple[Any, ...]] = field(default_factory=dict)
    overspent: int = 0
    unheard: int = 0
    """Paid receipts whose POS has no answer yet: they may be in a journal all the same."""
    _next_audit: int = 0

    # ------------------------------------------------------------- what POSes hear

    def paid(self, life: Life, receipt: str, member: str, answer: dict[str, Any]) -> None:
        """Note the answer to a commit, or hold it against an earlier one (I6, I3)."""
        redeemed = sum(one["redeem"] for one in answer.get("wallets", ()) if one["wallet"] == "points")
        redeemed -= sum(
            int(one.rpartition("/")[2]) for one in answer["differences"] if one.startswith("redeem_short/")
        )
        told = Told(life, receipt, member, answer["seq"], answer["head_hash"], redeemed)
        known = self.told.setdefault(receipt, told)
        if known is told:
            self.handed[member] += redeemed
        elif known.life is not life:
            self.unheard += 1  # another journal has it too, until head office parks it there
        elif (known.seq, known.head_hash) != (told.seq, told.head_hash):
            self.story.violated("I6", f"{receipt} was paid as entry {known.seq} and again as {told.seq}")

    def may_come_back(self, receipt: str, life: Life) -> None:
        """Count a receipt's points as given back from here on: a void or a return of it is under way."""
        told = self.told[receipt]
        told.undone_by = life
        self.handed[told.member] -= told.redeemed - told.given_back
        told.given_back = told.redeemed

    def came_back(self, receipt: str, spent_back: int) -> None:
        """Count what a return really gave back."""
        told = self.told[receipt]
        kept = told.redeemed - spent_back
        told.given_back -= kept
        self.handed[told.member] += kept
        self._hold_to_earned(told.member)

    def copy_came_back(self, ledger: Ledger) -> None:
        """Note what an old copy still holds: it may be spent again, and that is the known bound."""
        rows = ledger._db.execute(
            "SELECT member, sum(amount - spent) FROM allowance JOIN allowance_lot USING (number)"
            " WHERE closed = 0 GROUP BY member"
        )
        for member, left in rows.fetchall():
            self.allowed_loss[member] += left
        self.beyond.copy_came_back(ledger)

    def gave_up(self, office: Office, incarnation: str) -> None:
        """Note what two people are about to give back: it may have been spent, and that is the company's."""
        for row in losses.open_allowances(office.store, incarnation):
            self.allowed_loss[row["member"]] += max(0, row["left_over"])

    def till_started(self, life: Life, ledger: Ledger) -> None:
        """Hold a ledger that just opened against what POSes were told of it (I5)."""
        heard = [one for one in self.told.values() if one.life is life][-LOOKED_BACK:]
        for told in heard:
            stored = ledger.read.receipt(told.receipt)
            held = ledger.read.hash_at(told.seq, ledger.incarnation)
            if stored is None or held is None or held.hex() != told.head_hash:
                self.story.violated("I5", f"{life.till} lost receipt {told.receipt} that its POS knows")

    def sold(self, ledger: Ledger, receipt: str, member: str) -> None:
        """Hold what a till let go for a receipt against the bound, and its points against what was earned."""
        self.beyond.sold(ledger, receipt)
        self._hold_to_earned(member)

    def shown(self, life: Life, ledger: Ledger, member: str, day: date) -> None:
        """Hold what a till shows of a member against its own receipts: each counts, and counts once."""
        if ledger.read.frozen():
            return  # head office speaks of entries that this disk lost: a person has to look
        facts = ledger.read.facts(member, day)
        of_member = [one for one in self.told.values() if one.known == member]
        own = sum(1 for one in of_member if one.life is life and one.state == "committed")
        # What this till undid of an earlier journal of it counts here, though head office's news may not
        # contain what it undoes yet: then the till shows less for a moment, never more.
        own -= sum(1 for one in of_member if one.life is not life and one.undone_by is life)
        visits = facts.counts["stamps"].lifetime if facts and "stamps" in facts.counts else 0
        if not own <= visits <= len(of_member) + self.unheard:
            heard = f"{own} of its receipts, {len(of_member)} of all"
            self.story.violated(
                "shown", f"{life.till} shows {visits} visits of {member}, POSes heard {heard}"
            )

    # ------------------------------------------------------------- what head office says

    def office_said(self, till: str, message: Any, told: Any) -> None:
        """Hold an answer of head office against earlier ones (I4, I5, I6)."""
        match told:
            case Acknowledged(incarnation=incarnation, received_seq=seq, received_hash=held):
                self._acknowledged(incarnation, seq, held)
            case Welcome(received_seq=seq, received_hash=held):
                self._acknowledged(message.incarnation, seq, held)
            case Allowance(number=number):
                assert isinstance(message, AllowanceRequest)
                asked = (message.incarnation, message.request_id)
                if self.answers.setdefault(asked, number) != number:
                    self.story.violated("I6", f"{till}: {asked[1]} was answered by two allowances")
                given = (told.member, told.wallet, [(one.lot, one.amount) for one in told.lots])
                if self.allowances.setdefault((told.incarnation, number), given) != given:
                    self.story.violated("S1", f"{till}: allowance {number} was given twice over")
            case _:
                pass

    def office_started(self, office: Office) -> None:
        """Hold head office after a start against what it acknowledged (I5)."""
        for incarnation, (seq, held) in self.acked.items():
            now, head = office.segments.received(incarnation)
            if now < seq or (now == seq and head != held):
                self.story.violated("I5", f"{incarnation[:8]}: entry {seq} was acknowledged, {now} are here")
        self.beyond.prints(office)

    def booked(self, office: Office) -> None:
        """Hold the books against their own rules (I1, I2), and learn what was earned."""
        store = office.store
        for row in store.rows(
            "SELECT member, sum(opened) AS earned FROM lot WHERE wallet = 'points' GROUP BY member"
        ):
            self.earned[row["member"]] = max(self.earned.get(row["member"], 0), row["earned"])
        (counted,) = store.rows("SELECT count(*) AS n FROM entry")
        entries = int(counted["n"])
        # Books of a backup lag behind head office's own journal until all that was received is booked again.
        booked = {row["incarnation"]: row["booked_seq"] for row in tills.journals(store)}
        lags = any(
            booked.get(name, 0) < office.segments.received(name)[0] for name in office.segments.incarnations()
        )
        if not lags:
            self.beyond.booked(office)
        if entries >= self._next_audit and not lags:
            self._next_audit = 0 if entries < EACH_BOOKING else entries + entries // 10
            self.audit(office)

    def audit(self, office: Office) -> None:
        """Look for anything in the books that must never be there."""
        for rule, found in (
            ("I1", audit.overspent_allowances),
            ("I1", audit.uneven_allowances),
            ("I1", audit.uneven_loans),
            ("I2", audit.uneven_accounts),
            ("I3", audit.set_aside_beyond_owned),
            ("I3", audit.accounts_set_aside_beyond_owned),
        ):
            for row in found(office.store):
                self.story.violated(rule, f"{found.__name__}: {dict(row)}")

    def _acknowledged(self, incarnation: str, seq: int, held: bytes) -> None:
        before, known = self.acked.get(incarnation, (0, held))
        if seq < before:
            self.story.violated("I5", f"{incarnation[:8]}: {before} entries were acknowledged, now {seq}")
        elif seq == before and held != known and before:
            self.story.violated("I4", f"{incarnation[:8]}: entry {seq} was acknowledged as another one")
        else:
            self.acked[incarnation] = (seq, held)

    def _hold_to_earned(self, member: str) -> None:
        bound = (
            self.earned.get(member, self.opening) + self.allowed_loss[member] + self.beyond.excused(member)
        )
        beyond = self.handed[member] - bound
        if beyond > 0:
            self.overspent += beyond
            self.story.violated("I3", f"{member}: {self.handed[member]} handed out, {bound} earned")
