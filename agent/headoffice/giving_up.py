"""Two people give up a till's journal: its disk was wiped (S4), or it will never come back (S5).

Head office takes nothing back because time passed; this is the only other way an allowance ends.
"""

from itertools import groupby
from typing import Any, NamedTuple

from agent.errors import Refused
from agent.headoffice.decisions import decide
from agent.headoffice.lost import WIPED, WRITTEN_OFF
from agent.headoffice.movements import Signed, two_people
from agent.headoffice.office import Office
from agent.headoffice.store import losses, members, tills
from agent.headoffice.store.protocol import Row
from agent.journal.entry import Draft, LotAmount
from agent.journal.vouchers import is_voucher


class GivenUp(NamedTuple):
    """What became of one journal of a till; `repeated` says that it was given up before."""

    till: str
    epoch: int
    allowances: int
    points: dict[str, int]
    repeated: bool


def write_off(
    office: Office, till: str, people: tuple[str, str], *, give_back: bool, epoch: int = 0
) -> list[GivenUp]:
    """Give up a till's lost journals: what they hold stays spent, or the members have it back.

    Journals that another one of this till follows; the till's only one if there is no other; or that of
    `epoch`.  What they still send belongs to the company-loss account.

    Raises:
        Refused: one person alone, unknown till or journal, or something received is not booked yet.
        Conflict: it was given up otherwise before.
    """
    return _give_up(office, till, people, (WRITTEN_OFF, give_back, epoch))


def wiped(office: Office, till: str, people: tuple[str, str], *, epoch: int = 0) -> list[GivenUp]:
    """Take two people's word that a till's disk is wiped and its journal final: the members have it back.

    Raises:
        Refused, Conflict: as `write_off`.
    """
    return _give_up(office, till, people, (WIPED, True, epoch))


def _give_up(office: Office, till: str, people: tuple[str, str], how: tuple[str, bool, int]) -> list[GivenUp]:
    state, give_back, epoch = how
    return [_one(office, row, people, state, give_back=give_back) for row in _lost(office, till, epoch)]


def _lost(office: Office, till: str, epoch: int) -> list[Row]:
    rows = [row for row in tills.journals(office.store) if row["till"] == till]
    if epoch:
        found = [row for row in rows if row["epoch"] == epoch]
    else:
        fenced = [row for row in rows if row["state"] == "FENCED"]
        lost = [row for row in rows if row["state"] in {WRITTEN_OFF, WIPED}]
        found = fenced or lost or rows
    if not found:
        raise Refused("unknown_till", f"till {till} has no such journal", remedy="see till list")
    return found


def _one(office: Office, row: Row, people: tuple[str, str], state: str, *, give_back: bool) -> GivenUp:
    by, other = people
    incarnation = str(row["incarnation"])
    signed = Signed(f"given-up/{incarnation}", by, approved_by=other)
    two_people(signed)
    written: list[Draft] = []

    def drafts() -> list[Draft]:
        known = tills.journal(office.store, incarnation)
        assert known is not None
        if office.segments.received(incarnation)[0] > known["booked_seq"]:
            raise Refused(
                "not_booked_yet", f"till {row['till']} has sent what is not booked", remedy="try again soon"
            )
        if state == WIPED and losses.has_lent(office.store, incarnation):
            # A till may hold, and spend, a loan that only the wiped disk knew of.
            raise Refused(
                "was_a_pool",
                f"till {row['till']} lent points that nobody may know of",
                remedy="till write-off",
            )
        # Older books must book so much of it again before this: only what it says later is late.  So must
        # they of its neighbours: what they spent of its loans is known by their entries, if its own are lost.
        booked = {
            str(one["incarnation"]): int(one["booked_seq"])
            for one in tills.journals(office.store)
            if one["store"] == known["store"] and one["booked_seq"]
        }
        written.append(_draft(signed, incarnation=incarnation, state=state, booked=booked))
        rows = losses.open_allowances(office.store, incarnation)
        for _, lots in groupby(rows, key=lambda one: (one["incarnation"], one["number"])):
            # A pool's allowance may stand below zero while a till is heard of before it.
            if left := [one for one in lots if one["left_over"] > 0]:
                written.append(_allowance(office, signed, left, give_back=give_back))
        return written

    asked = {"incarnation": incarnation, "state": state, "give_back": give_back}
    is_new = decide(office, signed.reference, asked, drafts)
    points: dict[str, int] = {}
    for one in written[1:]:
        count = int(one.data.get("given_back", 0)) or len(one.data.get("used", ())) or -one.amount
        points[one.unit] = points.get(one.unit, 0) + count
    return GivenUp(str(row["till"]), int(row["epoch"]), len(written[1:]), points, not is_new)


def _allowance(office: Office, signed: Signed, rows: list[Row], *, give_back: bool) -> Draft:
    """Give up one allowance: what it has left stays spent (a voucher: used), or is the member's again."""
    wallet, left = str(rows[0]["wallet"]), sum(int(row["left_over"]) for row in rows)
    lots: list[LotAmount] = []
    told: dict[str, Any] = {}
    if give_back:
        told = {"given_back": left}
    elif is_voucher(wallet):
        told = {"used": [str(row["lot"]) for row in rows]}
    else:
        lots = [(str(row["lot"]), -int(row["left_over"])) for row in rows]
    return _draft(
        signed,
        account=members.owner_of(office.store, rows[0]["member"]),
        unit=wallet,
        amount=sum(amount for _, amount in lots),
        lots=lots,
        allowance=int(rows[0]["number"]),
        incarnation=str(rows[0]["incarnation"]),
        **told,
    )


def _draft(signed: Signed, **more: Any) -> Draft:
    fields = {
        name: more.pop(name) for name in ("account", "unit", "amount", "lots", "allowance") if name in more
    }
    return Draft(
        "WRITE_OFF",
        receipt=signed.reference,
        part=str(fields.get("allowance", "journal")),
        actor=signed.by,
        data={"by": signed.by, "approved_by": signed.approved_by, **more},
        **fields,
    )
