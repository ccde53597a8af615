"""The end of a run: everything is up and has said what it knows; then nothing may be wrong."""

import asyncio
from collections import Counter as Count

from agent.headoffice.facts import facts_of
from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.store import members
from agent.headoffice.verify import verify
from agent.loyalty.member import MemberFacts
from tests.fleet.office import FleetOffice
from tests.fleet.oracle import Oracle, Told
from tests.fleet.shop import Counter
from tests.fleet.story import Story
from tests.fleet.till import FleetTill

PARKED_REDEMPTIONS = ("no_allowance", "closed_allowance", "beyond_allowance", "foreign_allowance")


async def hold_against_promises(
    office: FleetOffice,
    tills: list[FleetTill],
    counters: list[Counter],
    *,
    story: Story,
    oracle: Oracle,
    settle_s: float,
) -> None:
    """Let everything settle, then look at every promise at once."""
    await asyncio.sleep(60)
    for counter in counters:
        await counter.say_again()
        if counter.unsent:
            story.violated("P1", f"{counter.till.name} does not answer for {counter.unsent[0][0]}")
    await asyncio.sleep(settle_s)
    for till in tills:
        till.sync_now()
    await asyncio.sleep(600)
    story.event("!", "healed")
    oracle.audit(office.open)
    _receipts(office.open, story, oracle)
    _redemptions(office.open, story, oracle)
    _proof(office.open, story)
    for till in tills:
        _figures(office.open, till, story)


def _receipts(office: Office, story: Story, oracle: Oracle) -> None:
    """Each receipt that a POS holds an answer for is at head office once, unless its disk is gone."""
    rows = office.store.rows("SELECT receipt FROM entry WHERE kind = 'RECEIPT' AND parked = 0")
    booked = Count(row["receipt"] for row in rows)
    for told in oracle.told.values():
        count = booked[told.receipt]
        if count > 1:
            story.violated("P2", f"{told.receipt} counts {count} times")
        elif not count and not _is_gone(office, told):
            story.violated("P2", f"{told.receipt} is lost: entry {told.seq} of {told.life.incarnation[:8]}")


def _is_gone(office: Office, told: Told) -> bool:
    """Say whether a receipt went with its disk: head office never had the entry that the POS was told."""
    if not told.life.is_over and not told.life.copied:
        return False
    row = office.store.row(
        "SELECT hash FROM entry WHERE incarnation = ? AND seq = ?", (told.life.incarnation, told.seq)
    )
    return row is None or bytes(row["hash"]).hex() != told.head_hash


def _redemptions(office: Office, story: Story, oracle: Oracle) -> None:
    """No redemption is parked, but those that a copied disk could not know were spent before."""
    if sum(oracle.allowed_loss.values()):
        return
    for row in office.store.rows("SELECT * FROM difference"):
        if row["kind"] in PARKED_REDEMPTIONS:
            story.violated("I1", f"{row['kind']}: {row['receipt']}: {row['detail']}")


def _proof(office: Office, story: Story) -> None:
    found = verify(office, Judge)
    for mistake in found.mistakes:
        story.violated("proof", mistake)
    if found.differences:
        story.violated("P7", f"{found.differences} receipts are evaluated otherwise at head office")


def _figures(office: Office, till: FleetTill, story: Story) -> None:
    """What a till shows of a member is what head office shows."""
    ledger = till.open
    if ledger.read.frozen():
        return
    day = till.clock.now().date()
    for row in office.store.rows("SELECT member FROM member ORDER BY member"):
        name = row["member"]
        here = ledger.read.facts(name, day)
        known = members.member_row(office.store, name)
        assert known is not None
        there = facts_of(office.store, known)
        if here is None or _shown(here) != _shown(there):
            story.violated(
                "agree", f"{till.name} shows {here and _shown(here)} of {name}, head office {_shown(there)}"
            )


def _shown(facts: MemberFacts) -> tuple[object, ...]:
    lots = {lot.lot: lot.amount for held in facts.wallets.values() for lot in held.lots if lot.amount}
    counts = {rule: (one.position, one.lifetime) for rule, one in facts.counts.items() if one.lifetime}
    return lots, counts, sorted(one.id for one in facts.vouchers)
