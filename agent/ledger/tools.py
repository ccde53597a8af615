"""What a person asks a ledger from the command line, with the daemon running or not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agent.clock import Clock, SystemClock
from agent.errors import LedgerError
from agent.journal.entry import entry_from
from agent.ledger.database import SqliteError, as_ledger_error, check_ours, connect
from agent.ledger.directory import MARK, open_shelf
from agent.ledger.first_run import NAME
from agent.ledger.migrations import STEPS
from agent.ledger.reader import Reader, open_archives
from agent.ledger.unbooked import read_unbooked

PAGE = 1000


class Balance(NamedTuple):
    """A wallet of a member, or of all members together (member empty): points, and in how many lots."""

    member: str
    wallet: str
    points: int
    lots: int


def balances(folder: Path, member: str | None, *, clock: Clock | None = None) -> list[Balance]:
    """Return each wallet of one member, or the totals of all, as this till shows them today.

    Raises:
        LedgerError: there is no ledger in this folder.
    """
    clock = clock or SystemClock()
    reader = open_to_read(folder, clock)
    try:
        day = clock.now().date()
        totals: dict[str, tuple[int, int]] = {}
        for one in [member] if member else reader.members():
            facts = reader.facts(one, day)
            for wallet, held in facts.wallets.items() if facts else ():
                points, lots = totals.get(wallet, (0, 0))
                totals[wallet] = (points + sum(lot.amount for lot in held.lots), lots + len(held.lots))
        return [Balance(member or "", wallet, *total) for wallet, total in sorted(totals.items())]
    finally:
        reader.close()


def export_lines(folder: Path, after: int) -> Iterator[dict[str, Any]]:
    """Yield each entry above a number as plain data, with its hash in hexadecimal.

    Raises:
        LedgerError: there is no ledger in this folder.
    """
    reader = open_to_read(folder, SystemClock())
    try:
        while rows := reader.entries(after, PAGE):
            for seq, body, row_hash in rows:
                yield {**msgspec.to_builtins(entry_from(body)), "hash": row_hash.hex()}
                after = seq
    finally:
        reader.close()


def open_to_read(folder: Path, clock: Clock) -> Reader:
    """Open a ledger beside whoever writes it.

    Raises:
        LedgerError: there is none, or it is not ours.
    """
    path = folder / NAME
    if not path.exists():
        raise LedgerError(f"there is no ledger in {folder}", remedy="name the state folder with --state")
    db = connect(path, read_only=True)
    try:
        check_ours(db, path, len(STEPS))
        incarnation = db.execute("SELECT text FROM mark WHERE name = 'incarnation'").fetchone()[0]
        unbooked = read_unbooked(db)
        named = db.execute("SELECT number FROM mark WHERE name = ?", (MARK,)).fetchone()
    except SqliteError as failure:
        db.close()
        raise as_ledger_error(failure) from failure
    except BaseException:
        db.close()
        raise
    return Reader(
        db,
        clock,
        str(incarnation),
        archives=open_archives(folder, clock),
        unbooked=unbooked,
        shelf=open_shelf(folder, int(named[0]) if named else 0),
    )
