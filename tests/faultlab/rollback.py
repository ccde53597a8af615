"""Put an older or edited ledger in the place of the real one: consistent in itself, and still found.

SQLite and the hash chain say that all is well.  What is missing shows only beside something that lies
elsewhere: the witness file (asked at start), what head office holds (asked at the next contact), and
the number and hash that the POS got with its last receipt.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from agent.clock import random_id
from agent.errors import LedgerError
from agent.headoffice import intake, tills
from agent.headoffice.office import Office
from agent.journal.chain import genesis, next_hash
from agent.journal.entry import canonical_bytes, entry_from
from agent.ledger.backup import backup
from agent.ledger.database import connect
from agent.ledger.first_run import NAME
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.storage import DiskStorage, Storage
from agent.ledger.verify import verify
from agent.ledger.witness import NAME as WITNESS
from agent.ledger.witness import Witness, write_witness
from agent.sync.session import Session
from agent.sync.wire import Push, Welcome
from tests.faultlab.storage import DirectoryStorage
from tests.headoffice.till_end import TillEnd
from tests.ledger_operations import CountingClock, Till

RECEIPTS = 12


class OfficeDoor:
    """The real head office in this process, as a till's session sees it; `is_trusting` is the planted bug."""

    def __init__(self, office: Office, end: TillEnd, *, is_trusting: bool = False) -> None:
        self._office = office
        self._end = end
        self._is_trusting = is_trusting

    async def send(self, message: Any, _: Any) -> Any:
        """Answer as head office does."""
        if isinstance(message, Push):
            return intake.receive(self._office, self._end.name, message, self._end.sealed(message))
        answer = tills.greet(self._office, self._end.name, message)
        if self._is_trusting:
            return Welcome(1, message.head_seq, message.head_hash)
        return answer

    async def blob(self, sha256: str) -> bytes:
        """Give nothing: no programme was announced."""
        raise AssertionError(sha256)


@dataclass
class Scene:
    """One till with its head office and its POS, and the older state that somebody kept."""

    folder: Path
    older: Path
    office: Office
    end: TillEnd
    chance: Random
    pos: tuple[int, bytes] = (0, b"")
    """Number and hash that the POS got with its last receipt."""

    def open(self, storage: Storage | None = None) -> Ledger:
        """Start the till."""
        return open_ledger(self.folder, clock=CountingClock(), new_id=random_id, storage=storage)

    def sell(self, ledger: Ledger, run: int, count: int) -> None:
        """Sell so often; the POS keeps what it is told."""
        till = Till(ledger, self.chance, run)
        for number in range(count):
            self.pos = ledger.write(_paid(till, f"post:{run}-{number}")).result()

    def contact(self, ledger: Ledger, *, is_trusting: bool = False) -> None:
        """Push what is new, as the sync loop does."""
        door = OfficeDoor(self.office, self.end, is_trusting=is_trusting)
        session = Session(
            ledger, door, clock=CountingClock(), publisher_key=b"", program_version="0",
            on_programme=lambda _text, _name: None,
        )  # fmt: skip
        asyncio.run(session.push())


def _paid(till: Till, name: str) -> Callable[[Any], tuple[int, bytes]]:
    change = till.post(name, till.chance.randrange(1, 100))

    def paid(tx: Any) -> tuple[int, bytes]:
        change(tx)
        head: tuple[int, bytes] = tx.head()
        return head

    return paid


def log_removed(scene: Scene) -> None:
    """The log is deleted after a crash ("a temporary file")."""
    (scene.folder / f"{NAME}-wal").unlink(missing_ok=True)


def file_restored(scene: Scene) -> None:
    """An older copy of the file is put back by hand, not by `loyalty-agent restore`."""
    for suffix in ("", "-wal", "-shm"):
        (scene.folder / f"{NAME}{suffix}").unlink(missing_ok=True)
    shutil.copy(scene.older / "copy.db", scene.folder / NAME)


def folder_restored(scene: Scene) -> None:
    """The whole folder, witness included, is that of an earlier day: a disk image brought back or cloned."""
    file_restored(scene)
    shutil.copy(scene.older / WITNESS, scene.folder / WITNESS)


def chain_recomputed(scene: Scene) -> None:
    """Somebody gives a receipt more points and computes every later hash and the witness anew."""
    db = connect(scene.folder / NAME)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    rows = db.execute("SELECT seq, body FROM journal ORDER BY seq").fetchall()
    earned = [entry.seq for _, body in rows if (entry := entry_from(bytes(body))).kind == "EARN"]
    edited = scene.chance.choice(earned[: len(earned) // 2])
    name = str(db.execute("SELECT text FROM mark WHERE name = 'incarnation'").fetchone()[0])
    head = genesis(name)
    for seq, body in rows:
        entry = entry_from(bytes(body))
        if seq == edited:
            lots = [(lot, amount + 1000) for lot, amount in entry.lots]
            entry = msgspec.structs.replace(entry, amount=entry.amount + 1000, lots=lots)
        again = canonical_bytes(entry)
        head = next_hash(head, again)
        db.execute("UPDATE journal SET body = ?, hash = ? WHERE seq = ?", (again, head, seq))
    db.close()
    write_witness(DiskStorage(scene.folder), Witness(name, len(rows), head))


FORMS: dict[str, Callable[[Scene], None]] = {
    form.__name__: form for form in (log_removed, file_restored, folder_restored, chain_recomputed)
}


@dataclass
class Outcome:
    """Who found what."""

    attempts: int = 0
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    undetected: list[str] = field(default_factory=list)
    silent: int = 0
    """Cases in which the file by itself verified, chain and all."""


def rollbacks(
    home: Path, *, count: int, seed: int, bugs: bool = False, tell: Callable[[Outcome], None] = lambda _: None
) -> Outcome:
    """Play each form in turn so often; with `bugs` nobody keeps or compares a witness."""
    outcome, names = Outcome(), list(FORMS)
    for number in range(count):
        place, name = home / str(number), names[number % len(names)]
        place.mkdir()
        _play(place, name, Random(f"{seed}/{number}"), outcome, bugs=bugs)
        shutil.rmtree(place)
        tell(outcome)
    return outcome


def _play(place: Path, name: str, chance: Random, outcome: Outcome, *, bugs: bool) -> None:
    office = Office(place / "office", CountingClock(), serving=True)
    try:
        end = TillEnd()
        end.enrol(office)
        scene = Scene(place / "till", place / "older", office, end, chance)
        _history(scene)
        FORMS[name](scene)
        outcome.attempts += 1
        outcome.silent += verify_alone(scene.folder)
        if bugs:
            (scene.folder / WITNESS).unlink(missing_ok=True)
        found = _who_finds(scene, bugs=bugs)
    finally:
        office.close()
    if found:
        outcome.found[name, found] += 1
    else:
        outcome.undetected.append(name)


def _history(scene: Scene) -> None:
    """Sell, talk, keep a copy, sell and talk again, sell once more, and crash."""
    chance, live = scene.chance, scene.folder.with_name("live")
    scene.older.mkdir()
    ledger = open_ledger(live, clock=CountingClock(), new_id=random_id, storage=DirectoryStorage(live))
    scene.sell(ledger, 0, chance.randrange(2, RECEIPTS))
    scene.contact(ledger)
    backup(live, scene.older / "copy.db")
    shutil.copy(live / WITNESS, scene.older / WITNESS)
    scene.sell(ledger, 1, chance.randrange(1, RECEIPTS))
    if chance.random() < 0.5:
        scene.contact(ledger)
    scene.sell(ledger, 2, chance.randrange(1, RECEIPTS))
    shutil.copytree(live, scene.folder)  # the crash: what lies there now, log and all
    ledger.close()


def verify_alone(folder: Path) -> bool:
    """Say whether the file, looked at without its witness, seems sound."""
    beside = folder.with_name("alone")
    shutil.copytree(folder, beside)
    (beside / WITNESS).unlink(missing_ok=True)
    try:
        return verify(beside).ok
    except LedgerError:
        return False
    finally:
        shutil.rmtree(beside)


def _who_finds(scene: Scene, *, bugs: bool) -> str:
    try:
        ledger = scene.open()
    except LedgerError:
        return "start"
    try:
        if ledger.read.frozen():
            return "start"
        seq, head = scene.pos
        held = [row_hash for _, _, row_hash in ledger.read.entries(seq - 1, 1)]
        scene.contact(ledger, is_trusting=bugs)
        if ledger.read.frozen():
            return "head office"
        return "POS" if held != [head] and not bugs else ""
    finally:
        ledger.close()
