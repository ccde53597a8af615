"""A till in the fleet: ledger, checkout and sync as the daemon has them, on a machine that may die."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from agent.config.till import Numbers, Paths, Till, TillConfig
from agent.daemon.online import Online, PoolLane
from agent.daemon.programmes import CurrentProgramme
from agent.daemon.wiring import Link, build_till, shop_day
from agent.errors import LedgerDamaged, LedgerError
from agent.ledger.backup import backup, restore
from agent.ledger.ledger import Ledger, Parts, open_ledger
from agent.ledger.loans import peers
from agent.ledger.writer import LogPlan
from tests.fleet.chain import FLEET_KEY, key_of
from tests.fleet.machine import DownError, Machine
from tests.fleet.mount import FleetStorage, FleetVfs
from tests.fleet.network import FleetDoor, Line
from tests.fleet.oracle import Life, Oracle
from tests.fleet.pool import AWAY_S, POOL, Heard, Loans, Part, PoolDoor, join
from tests.fleet.story import Story
from tests.fleet.wiring import Wiring
from tests.fleet.writer import LoopWriter, writer_of

PLAN = LogPlan(grown_bytes=64 * 1024, checkpoint_after=5, checkpoint_at_latest=12)
"""A small log, so that a short life sees it used again and again."""
LANE_S = 0.3


class FleetTill(Machine):
    """One till; the POS calls it through `call`."""

    def __init__(
        self,
        name: str,
        place: Path,
        vfs: FleetVfs,
        *,
        chance: Random,
        wiring: Wiring,
        story: Story,
        oracle: Oracle,
        line: Line,
        publisher_key: bytes,
        pull_interval_s: float,
        part: Part,
        loans: Loans,
    ) -> None:
        super().__init__(name, place, vfs, chance=chance)
        self._vfs = vfs
        self._wiring = wiring
        self._story = story
        self._oracle = oracle
        self.line = line
        self._publisher_key = publisher_key
        self._pull_interval_s = pull_interval_s
        self.part = part
        self._loans = loans
        self.ledger: Ledger | None = None
        self.link = Link()
        self.life = Life(name)
        self._archived: list[Life] = []
        self._backup = place / "backup.db"
        self._lay_key(self.disk.folder)

    @property
    def open(self) -> Ledger:
        """The open ledger."""
        assert self.ledger is not None, f"{self.name} is down"
        return self.ledger

    async def call(self, name: str, *arguments: Any) -> Any:
        """Make one call of the POS interface.

        Raises:
            DownError: the till is down, or went down before it answered.
            RefusedError, LedgerError …: as the checkout does.
        """
        if not self.is_alive:
            raise DownError(self.name)
        work = self.go(getattr(self._till.checkout, name)(*arguments))
        await asyncio.wait({work})
        if work.cancelled() or not self.is_alive:
            if not work.cancelled():
                work.exception()
            raise DownError(self.name)
        return work.result()

    def answer_shop(self, path: str, body: bytes) -> "asyncio.Task[bytes | None] | None":
        """Answer a till of the store whose pool this is; None while it is down."""
        return self.go(self._door.answer(path, body)) if self.is_alive else None

    def lends(self) -> bool:
        """Say whether this pool answers at all, knows its tills, and does not refuse everything."""
        return self.is_alive and not self.open.read.frozen() and bool(peers(self.open.read))

    def sync_now(self) -> None:
        """Push and pull at once, as store IT may ask for."""
        if self.is_alive and self.link.sync is not None:
            self.link.sync.wake_wholly()

    def sweep(self) -> None:
        """Give back what nobody called about: production does so once a minute."""
        if self.is_alive:
            self._till.idle.sweep()
            self.go(self._declare()).set_name(self.name)

    async def _declare(self) -> None:
        with contextlib.suppress(LedgerError):
            await self.link.declare()

    def reimage(self) -> None:
        """Replace the disk: nothing of the till is left but that it is enrolled."""
        self.disk.kill()
        self._down()
        self.disk.revive({})
        self._end_lives()
        self.life = Life(self.name)
        self._lay_key(self.disk.folder)

    def put_back(self, files: dict[str, bytes], *, with_witness: bool) -> None:
        """Put an older copy of the disk in; the witness of today may stay beside it."""
        self.disk.kill()
        self._down()
        kept = self.disk.snapshot("witness") if not with_witness else {}
        self.disk.revive({**files, **kept})
        self._end_lives()
        self.life = Life(self.name, copied=True)

    def _end_lives(self) -> None:
        for life in (self.life, *self._archived):
            life.is_over = True
        self._archived.clear()

    def keep_backup(self) -> None:
        """Copy the ledger while it is in use, as store IT does."""
        backup(self.disk.folder, self._backup)

    def restore_backup(self) -> bool:
        """Bring the backup back, as store IT does: the present journal goes to the archive; say whether."""
        if not self._backup.exists():
            return False
        self.kill()
        self.disk.settle()
        try:
            incarnation = restore(
                self.disk.folder, self._backup, clock=self.clock, new_id=self._new_incarnation
            )
        except LedgerError as failure:
            self._story.event(self.name, f"backup not restored: {failure.code}")
            return False
        self._archived.append(self.life)
        self.life = Life(self.name, incarnation)
        return True

    def was_cut(self, how: str) -> None:
        """Tell of a cut in the middle of a write."""
        self._story.event(self.name, f"power cut while writing: {how}")

    def _boot(self) -> bool:
        storage = self._wiring.storage(FleetStorage(self.disk, self._vfs.name))
        try:
            self.ledger = self._wiring.ledger(
                open_ledger(
                    self.disk.folder,
                    clock=self.clock,
                    new_id=self._new_incarnation,
                    storage=storage,
                    on_fatal=self._disk_failed,
                    plan=PLAN,
                    parts=Parts(LoopWriter, self._wiring.transaction),
                )
            )
        except LedgerDamaged as failure:
            if not self.disk.dead:
                self._story.violated("I5", f"{self.name} does not open: {failure}")
            return False
        except LedgerError:
            return False  # the power went while it started
        self.life.incarnation = self.ledger.incarnation
        programme = CurrentProgramme()
        if stored := self.ledger.read.programme():
            programme.use(stored.text, stored.id)
        self._connect(self.ledger, programme)
        self._oracle.till_started(self.life, self.ledger)
        return True

    def _connect(self, ledger: Ledger, programme: CurrentProgramme) -> None:
        bulk, quick = (FleetDoor(self.line, self.name, key_of(self.name)) for _ in range(2))
        link = self.link = Link()
        sync = link.sync = self._wiring.sync(
            ledger,
            bulk,
            clock=self.clock,
            chance=self.chance,
            publisher_key=self._publisher_key,
            pull_interval_s=self._pull_interval_s,
            program_version="fleet",
            on_programme=programme.use,
            pool_of=self._store if self.part.role == POOL else "",
            sleep=lambda seconds: self._sleep(seconds, self.line),
        )
        lane = self._join_pool(ledger, programme)
        link.online = Online(
            ledger,
            quick,  # type: ignore[arg-type]
            programme=programme,
            is_online=lambda: sync.state.online,
            chance=self.chance.randrange,
            deadline_s=LANE_S,
            pool=lane,
        )
        ledger.on_commit.append(link.wake)
        config = TillConfig(
            till=Till(self._store, self.name, "USD"),
            paths=Paths(state=str(self.disk.folder)),
            numbers=[Numbers("card", "299", 13)],
        )
        self._till = build_till(
            config,
            ledger,
            programme,
            link,
            clock=self.clock,
            fleet_key=FLEET_KEY,
            new_nonce=self.chance.randbytes,
        )
        for work, _ in link.parts():
            self.go(work).set_name(self.name)

    def _join_pool(self, ledger: Ledger, programme: CurrentProgramme) -> PoolLane | None:
        """Play this till's part in its store's pool; a member gets its quick lane."""
        if self.part.role == POOL:
            desk = self._wiring.desk(ledger, today=shop_day(self.clock, programme))
            self._door = PoolDoor(Heard(desk, self.life, story=self._story, loans=self._loans))
        line = self.part.line
        if line is None:
            return None
        self.link.pool, lane = join(
            line, ledger, till=self.name, key=key_of(self.name), clock=self.clock, chance=self.chance,
            sleep=self._sleep_until_pool,
        )  # fmt: skip
        return lane

    async def _sleep_until_pool(self, seconds: float) -> None:
        """Wait; at least until the pool is there."""
        assert self.part.line is not None
        await self._sleep(seconds, self.part.line)
        while not self.part.lends():  # noqa: ASYNC110 - what it waits for happens in another machine
            await asyncio.sleep(AWAY_S)

    @property
    def _store(self) -> str:
        return self.name.partition("-")[0]

    async def _sleep(self, seconds: float, line: Line) -> None:
        """Wait; while the line is cut at least until it heals, as every attempt would fail until then."""
        await asyncio.sleep(seconds)
        await line.mended()

    def _abandon(self) -> None:
        if self.ledger is not None:
            writer_of(self.ledger).abandon()
            abandon(self.ledger)
            self.ledger = None

    def _disk_failed(self, _: BaseException) -> None:
        self.loop.call_soon(self._end_after_fault)

    def _end_after_fault(self) -> None:
        if self.is_alive:
            self._story.event(self.name, "ends: its disk failed")
            self.kill()

    def _new_incarnation(self) -> str:
        return self._wiring.incarnation(self.name, self.chance.randbytes(16).hex())

    def _lay_key(self, folder: Path) -> None:
        (folder / "token.key").write_bytes(key_of(f"token of {self.name}").private_bytes_raw())


def abandon(ledger: Ledger) -> None:
    """Close a dead till's files without a word to them."""
    connections: list[Callable[[], None]] = [
        ledger.idle_check.close, ledger.read.close, ledger._db.close, ledger._lock.release,
    ]  # fmt: skip
    for close in connections:
        close()
