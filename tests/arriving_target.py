"""Member directories under the fault lab: fetched, flushed, put to use, each in place of the one before.

Head office is a dictionary of blobs; what the till does is `agent.sync.directories`, which comes again
after a failure as the sync loop does.  Option `bug` names a planted one of `tests/faultlab/mutants.py`.
"""

import asyncio
import zlib
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import LedgerError, LoyaltyError
from agent.headoffice.store.directory_file import Listed, write_directory
from agent.journal.directory import file_name
from agent.ledger.ledger import Ledger
from agent.ledger.verify import verify as verify_ledger
from agent.ledger.writer import LogPlan
from agent.loyalty.compact import compact
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.announced import DirectoryNews, PieceList, PieceNews
from agent.sync.directories import Directories
from agent.sync.wire import encode
from tests.faultlab.contract import Folder, Report, Session
from tests.ledger_operations import DAY, CountingClock
from tests.ledger_target import PLANS, opened

MEMBERS = 40
PIECE_BYTES = 1500
TIMES = 4
"""How often the till comes again for a directory that did not arrive."""
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


class Office:
    """Head office as far as a directory needs it."""

    def __init__(self, cursor: int) -> None:
        whole = contents(cursor)
        parts = [whole[start : start + PIECE_BYTES] for start in range(0, len(whole), PIECE_BYTES)]
        packed = [zlib.compress(part) for part in parts]
        pieces = [
            PieceNews(_digest(blob), _digest(part), len(part))
            for blob, part in zip(packed, parts, strict=True)
        ]
        text = encode(PieceList(cursor, pieces))
        self._blobs = {_digest(blob): blob for blob in (*packed, text)}
        self.news = DirectoryNews(cursor, _digest(text), KEY.sign(_digest(text).encode()))

    async def send(self, message: Any, answer: Any) -> Any:
        """Nothing else is asked for here."""
        raise NotImplementedError

    async def blob(self, sha256: str) -> bytes:
        """Return a blob by its hash."""
        return self._blobs[sha256]


def workload(storage: Folder, session: Session, *, bug: str = "") -> None:
    """Take one directory after the other in."""
    ledger = opened(storage, bug=bug, plan=PLANS["small"])
    try:
        for number in session.operations():
            session.attempt(f"use:{number}")
            if asyncio.run(_take_in(ledger, Office(number))):
                session.ack(f"use:{number}")
    finally:
        ledger.close()


def verify(storage: Folder) -> Report:
    """Start as the daemon does: the directory that was put to use last is there, byte for byte."""
    try:
        ledger = opened(storage, plan=LogPlan(grown_bytes=0))
    except LedgerError as refused:
        return Report(frozenset(), (f"refused: {refused}",))
    try:
        named, used = ledger.read.mark("directory"), ledger.read.directory_cursor()
        problems = [f"gone: directory {named} is {used}"] if named != used else []
        if used:
            problems += _wrong(ledger, used)
            if (storage.folder / file_name(used)).read_bytes() != contents(used):
                problems.append(f"altered: directory {used} is not what head office made")
    finally:
        ledger.close()
    problems += [f"verify: {one.where} {one.says}" for one in verify_ledger(storage.folder).problems]
    return Report(frozenset(f"use:{number}" for number in range(1, used + 1)), tuple(problems))


@cache
def contents(cursor: int) -> bytes:
    """Return a directory's file, whose members own as many points as its cursor says."""
    with TemporaryDirectory() as place:
        path = Path(place) / file_name(cursor)
        write_directory(path, cursor, [_listed(number, cursor) for number in range(MEMBERS)])
        return path.read_bytes()


def _listed(number: int, cursor: int) -> Listed:
    lots = [Lot("start", cursor, None, None)]
    facts = MemberFacts(f"m{number}", wallets={"points": WalletFacts(lots)})
    return Listed(facts.member, cursor, compact(facts), [(_tag(number), False)])


def _tag(number: int) -> bytes:
    return sha256(str(number).encode()).digest()[:16]


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


async def _take_in(ledger: Ledger, office: Office) -> bool:
    directories = Directories(
        ledger, office, clock=CountingClock(), publisher_key=KEY.public_key().public_bytes_raw()
    )
    directories.announced(office.news)
    for _ in range(TIMES):
        try:
            await directories.fetch()
        except LoyaltyError:
            continue  # whatever else is raised ends this life, and is told
        if ledger.read.directory_cursor() == office.news.cursor:
            return not _wrong(ledger, office.news.cursor)
    return False


def _wrong(ledger: Ledger, cursor: int) -> list[str]:
    """Look every card up, as a till does that has this directory and no news since."""
    for number in range(MEMBERS):
        found = ledger.read.member_of(_tag(number))
        facts = ledger.read.facts(found.member, DAY) if found is not None else None
        if facts is None or facts.wallets["points"].lots[0].amount != cursor:
            return [f"altered: member {number} of directory {cursor} is {facts}"]
    return []
