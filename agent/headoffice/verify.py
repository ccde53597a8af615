"""Verify: from the received bytes alone, everything in the books can be made again, and is equal.

Signatures and chains, the books against a rebuild in fresh ones (which evaluates every receipt again),
allowances never overspent (I1), every account equal to the sum of its entries (I2), nothing set aside
that is not owned (I3), every effect backed by its receipt's quote.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from agent.headoffice import decisions, moving
from agent.headoffice.booking import BATCH, Judge, book_batch
from agent.headoffice.feed import entry_of
from agent.headoffice.office import Office
from agent.headoffice.segments import Segments
from agent.headoffice.shapes import receipt_data
from agent.headoffice.store import allowances, audit, figures, log, members, tills
from agent.headoffice.store.database import Database
from agent.headoffice.store.protocol import Row, Store
from agent.headoffice.store.rebuild import copy_decisions, unequal_tables
from agent.headoffice.tables import log_rows
from agent.journal.chain import genesis
from agent.journal.entry import Entry
from agent.sync.signing import is_from
from agent.sync.wire import PATHS, Push

MAX_MISTAKES = 100


class Verified(NamedTuple):
    """What was looked at, and every contradiction found (at most 100)."""

    journals: int
    entries: int
    differences: int
    facts_stale: int
    parked: int
    mistakes: list[str]

    @property
    def is_sound(self) -> bool:
        """Whether nothing contradicts itself and every receipt was evaluated alike at both ends."""
        return not self.mistakes and not self.differences


def verify(office: Office, judge_for: Callable[[Store], Judge]) -> Verified:
    """Check everything booked; a server may go on beside, what arrives later waits for the next time.

    `judge_for` makes what evaluates receipts again from the programmes in given books.

    Raises:
        LedgerDamaged: a segment cannot be read at all.
    """
    store = office.store
    with store.reading():
        journals = [dict(row) for row in tills.journals(store)]
        order = log.order_of_booking(store)
        mistakes = list(islice(_mistakes(office, order, judge_for), MAX_MISTAKES))
        counts = log.difference_counts(store)
        rows = log_rows(store, 0, log.last_position(store))
        parked = sum(1 for row in rows if row["parked"] in log.NOT_BOOKED)
    return Verified(
        journals=len(journals),
        entries=len(order),
        differences=counts.get("difference", 0),
        facts_stale=counts.get("facts_stale", 0),
        parked=parked,
        mistakes=mistakes,
    )


def _mistakes(office: Office, order: Sequence[Row], judge_for: Callable[[Store], Judge]) -> Iterator[str]:
    store, segments = office.store, office.segments
    yield from _unsigned(store, segments)
    with TemporaryDirectory(dir=office.state, prefix="verify-") as folder:
        fresh = Database(Path(folder) / "books.db")
        try:
            copy_decisions(store, fresh, _beginnings(store))
            yield from _rebuild(fresh, office, order, judge_for(fresh))
            yield from unequal_tables(store, fresh)
        finally:
            fresh.close()
    yield from _broken_rules(store)
    yield from _unissued(office)
    yield from _unbacked(store)


def _broken_rules(store: Store) -> Iterator[str]:
    for row in audit.uneven_journals(store):
        yield f"journal {row['incarnation']}: booked up to {row['booked_seq']}, in the log {row['entries']}"
    for row in audit.overspent_allowances(store):
        where = f"allowance {row['number']} of {row['incarnation']}"
        yield f"I1: {where}: spent {row['spent']} of {row['amount']} of lot {row['lot']}"
    for row in audit.uneven_allowances(store):
        yield f"I1: allowance {row['number']} of {row['incarnation']} is not the sum of its lots"
    for row in audit.uneven_loans(store):
        where = f"allowance {row['number']} of {row['incarnation']}"
        yield f"I1: {where} passed {row['passed']} of lot {row['lot']} on, its loans hold {row['lent']}"
    for row in audit.uneven_accounts(store):
        yield f"I2: {row['member']}/{row['wallet']} holds {row['held']}, its entries say {row['moved']}"
    for row in audit.set_aside_beyond_owned(store):
        yield f"I3: {row['open']} set aside of lot {row['lot']}, which holds {row['remaining']}"
    for row in audit.accounts_set_aside_beyond_owned(store):
        yield f"I3: {row['held']} of {row['member']} set aside, all its {row['wallet']} are {row['owned']}"
    for row in audit.vouchers_set_aside_twice(store):
        yield f"I3: voucher {row['lot']} of {row['member']} is set aside {row['times']} times"


def _unissued(office: Office) -> Iterator[str]:
    """Find allowances of our own journal that are not in the books as they were given."""
    for name, seq, issue in office.own_journal.issues():
        row = allowances.by_number(office.store, issue.incarnation, issue.number)
        given = (
            members.owner_of(office.store, issue.member),
            issue.wallet,
            sum(amount for _, amount in issue.slices),
            issue.purpose,
        )
        if row is None or (row["member"], row["wallet"], row["issued"], row["purpose"]) != given:
            yield f"S1: entry {seq} of our journal {name} is not allowance {issue.number} in the books"


def _unsigned(store: Store, segments: Segments) -> Iterator[str]:
    """Find batches that no key of their till signed."""
    for journal in tills.journals(store):
        keys = tills.keys_of(store, journal["till"])
        for number, sealed in enumerate(segments.sealed(journal["incarnation"])):
            if sealed.till != journal["till"] or not any(is_from(sealed, PATHS[Push], key) for key in keys):
                yield f"batch {number} of {journal['incarnation']} is not signed by till {journal['till']}"


def _beginnings(store: Store) -> dict[str, bytes]:
    return {row["incarnation"]: genesis(row["incarnation"]) for row in tills.journals(store)}


def _rebuild(fresh: Database, office: Office, order: Sequence[Row], judge: Judge) -> Iterator[str]:
    """Book everything again in the same order, from the segments and from what was decided."""
    segments, decided = office.segments, decisions.streams(office)
    streams = {name: segments.entries(name, 0) for name in segments.incarnations()}
    for incarnation, run in groupby(order, key=lambda row: str(row["incarnation"])):
        if incarnation in decided:
            with fresh.writing():
                for one in islice(decided[incarnation], sum(1 for _ in run)):
                    moving.book(fresh, one)
            continue
        stream = streams.get(incarnation, iter(()))
        left = sum(1 for _ in run)
        while left:
            batch = list(islice(stream, min(left, BATCH)))
            if not batch:
                yield f"{left} booked entries of {incarnation} are in no segment"
                return
            left -= len(batch)
            book_batch(fresh, incarnation, batch, judge)


def _unbacked(store: Store) -> Iterator[str]:
    """Find points earned or spent that the receipt's quote does not give."""
    moved: dict[str, dict[tuple[str, str], int]] = {}
    for row in store.rows(figures.EARNED_AND_REDEEMED):
        moved.setdefault(row["receipt"], {})[row["kind"], row["unit"]] = row["amount"]
    for entry in _deciding(store):
        try:
            quote = receipt_data(entry).quote
        except msgspec.ValidationError:
            continue
        effects = moved.pop(entry.receipt, {})
        promised: dict[str, int] = {}
        for lot in quote.lots if quote else []:
            promised[lot.wallet] = promised.get(lot.wallet, 0) + lot.points
        payable = {wallet.wallet: wallet.redeem for wallet in quote.wallets} if quote else {}
        for (kind, wallet), amount in effects.items():
            if kind == "EARN" and amount != promised.get(wallet, 0):
                yield f"receipt {entry.receipt} earned {amount} {wallet}, quoted {promised.get(wallet, 0)}"
            if kind == "REDEEM" and -amount > payable.get(wallet, 0):
                yield f"receipt {entry.receipt} spent {-amount} {wallet}, quoted {payable.get(wallet, 0)}"
    for receipt in moved:
        yield f"receipt {receipt} moved points, but there is no such receipt"


def _deciding(store: Store) -> Iterator[Entry]:
    """Yield of each receipt the entry whose quote its points follow: its CLAIM, else the RECEIPT."""
    claimed = log.claimed(store)
    for row in log_rows(store, 0, log.last_position(store)):
        entry = entry_of(row)
        if entry is None or row["parked"]:
            continue
        if entry.kind == ("CLAIM" if entry.receipt in claimed else "RECEIPT"):
            yield entry
