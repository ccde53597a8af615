"""Run a till: wire the rooms together, answer until told to stop, take everything down again.

Read it top-down: `run` → `_Daemon.start` → `_Daemon.stop`.
"""

import asyncio
import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog

from agent import __version__
from agent.clock import Clock, random_id
from agent.config.till import TillConfig
from agent.daemon.admin import build_admin
from agent.daemon.codes import codes_of
from agent.daemon.enrolment import load_credentials
from agent.daemon.logs import configure
from agent.daemon.notify import Notifier, watchdog_interval_s
from agent.daemon.programmes import CurrentProgramme
from agent.daemon.readers import Readers, device_settings
from agent.daemon.server import Server, loopback_socket, make_server
from agent.daemon.sockets import POS_GROUP, handed_over, open_unix
from agent.daemon.status import mode_of, status_of
from agent.daemon.wiring import build_till, connect
from agent.errors import ConfigurationError, DocumentError, LedgerError
from agent.ledger.ledger import open_ledger
from agent.ledger.storage import DiskStorage, Storage
from agent.till.api import build_app
from agent.till.guard import LoopbackGuard
from drivers.event import CardRead, DeviceStatus, Event, ReadRefused

log = structlog.get_logger()
IDLE_TICK_S = 1.0
EXIT_FATAL, EXIT_LEDGER = 1, 74  # 74: EX_IOERR of sysexits.h


def run(
    config: TillConfig,
    *,
    clock: Clock,
    reread: Callable[[], TillConfig] | None = None,
    storage: Callable[[Path], Storage] = DiskStorage,
) -> int:
    """Run until SIGTERM or SIGINT; return the exit code.

    `storage` opens the state folder (faults are planted there).
    SIGHUP reads the configuration again through `reread` and tells whether a restart would take it.

    Raises:
        ConfigurationError: a door, a reader or the credentials cannot be used.
    """
    configure(config.log.level, clock, store=config.till.store, till=config.till.till)
    # A core file would hold what was being read: none is written.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return asyncio.run(_Daemon(config, clock, reread, storage).run())


class _Daemon:
    """Everything that runs, in the order in which it is started."""

    def __init__(
        self,
        config: TillConfig,
        clock: Clock,
        reread: Callable[[], TillConfig] | None,
        storage: Callable[[Path], Storage],
    ) -> None:
        self._config = config
        self._storage = storage
        self._clock = clock
        self._reread = reread
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._exit_code = 0
        self._problems: list[str] = []
        self._tasks: list[asyncio.Task[Any]] = []

    async def run(self) -> int:
        try:
            await self._start()
        except LedgerError as failure:
            log.error("ledger unusable", error=str(failure), code=failure.code)  # noqa: TRY400 - its sentence is enough
            return EXIT_LEDGER
        self._notifier.ready(f"selling, {mode_of(self._ledger, self._link.state)}")
        log.info("agent ready", version=__version__, incarnation=self._ledger.incarnation)
        await self._stop.wait()
        self._notifier.stopping()
        await self._take_down()
        return self._exit_code

    async def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        state = Path(self._config.paths.state)
        self._ledger = open_ledger(
            state,
            clock=self._clock,
            new_id=random_id,
            storage=self._storage(state),
            on_fatal=self._disk_failed,
        )
        self._credentials = load_credentials(self._config)
        self._programme = CurrentProgramme()
        self._use_stored_programme()
        self._link = connect(
            self._config, self._ledger, self._credentials, self._programme, clock=self._clock
        )
        codes = codes_of(self._config.codes, self._clock)
        self._till = build_till(
            self._config,
            self._ledger,
            self._programme,
            self._link,
            clock=self._clock,
            fleet_key=self._credentials.fleet_key if self._credentials else None,
            codes=codes,
        )
        self._ledger.on_commit.append(self._wake_sync_from_thread)
        self._readers = Readers(
            device_settings(self._config.device, self._config.numbers, codes), self._on_reader_event
        )
        self._servers = self._open_doors()
        if self._link.sync is not None:
            self._go(self._link.sync.run(), "sync")
        self._readers.start()
        self._go(self._readers.run(), "readers")
        self._go(self._till.idle.run(), "allowances")
        self._go(self._verify_when_idle(), "verify")
        self._go(self._feed_watchdog(), "watchdog")
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stop.set)
        self._loop.add_signal_handler(signal.SIGHUP, self._reload)
        await self._until_answering()

    def _use_stored_programme(self) -> None:
        stored = self._ledger.read.programme()
        if stored is None:
            return
        try:
            self._programme.use(stored.text, stored.id)
        except DocumentError as failure:
            self._problems.append(f"programme {stored.id} is not understood: {failure}")
            log.error("programme not understood", programme=stored.id, error=str(failure))  # noqa: TRY400

    def _open_doors(self) -> list[Server]:
        """Serve the POS and store IT on sockets handed over by systemd, else on our own."""
        run_folder, given = Path(self._config.paths.run), handed_over()
        app = build_app(self._till.checkout, self._device_rows)
        pos = given.get("pos") or open_unix(run_folder / "pos.sock", mode=0o660, group=POS_GROUP)
        admin = given.get("admin") or open_unix(run_folder / "admin.sock", mode=0o600)
        doors: list[tuple[Any, Any]] = [
            (app, pos),
            (build_admin(self._status, sync_now=self._sync_wholly), admin),
        ]
        if self._config.pos.loopback:
            guard = LoopbackGuard(
                app,
                port=self._config.pos.port,
                tokens=_tokens(Path(self._config.pos.tokens_file)),
                origins=self._config.pos.origins,
                language=self._config.till.language,
            )
            doors.append((guard, loopback_socket(self._config.pos.port)))
        servers = []
        for door_app, door in doors:
            server = make_server(door_app)
            self._go(server.serve(sockets=[door]), "door")
            servers.append(server)
        return servers

    async def _until_answering(self) -> None:
        for server in self._servers:
            await server.answering.wait()

    async def _take_down(self) -> None:
        """Let calls under way finish, then close readers, network and ledger, in that order."""
        self._readers.stop()
        for server in self._servers:
            server.should_exit = True
        doors = [task for task in self._tasks if task.get_name() == "door"]
        await asyncio.wait(doors, timeout=5)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in self._link.clients:
            await client.close()
        await asyncio.to_thread(self._ledger.close)
        log.info("agent stopped")

    def _on_reader_event(self, event: Event) -> None:
        match event:
            case CardRead():
                self._till.cards.on_read(event.device, event.kind, event.value, event.read_at_ns)
            case ReadRefused():
                self._till.cards.on_refused(event.device, event.reason)
            case DeviceStatus():
                kind = "device.up" if event.state == "enabled" else "device.down"
                self._till.events.publish(kind, {"device": event.device, "state": event.state})

    def _reload(self) -> None:
        """Read the configuration again; what it changes is taken at the next start."""
        self._notifier.reloading(time.monotonic_ns() // 1000)
        try:
            changed = self._reread is not None and self._reread() != self._config
            self._problems = ["the configuration changed: restart to use it"] if changed else []
        except (DocumentError, ConfigurationError) as failure:
            self._problems = [f"the new configuration was refused: {failure}"]
        for problem in self._problems:
            log.warning("reload", detail=problem)
        self._notifier.ready("; ".join(self._problems) or "selling")

    async def _feed_watchdog(self) -> None:
        """Say that we live, from the event loop, and only after the ledger answered."""
        interval_s = watchdog_interval_s() or 10.0
        while True:
            self._ledger.read.head()
            self._notifier.alive()
            await asyncio.sleep(interval_s)

    async def _verify_when_idle(self) -> None:
        """Verify a slice of the journal each second in which nothing was written."""
        check, seen, told = self._ledger.idle_check, -1, ""
        while True:
            await asyncio.sleep(IDLE_TICK_S)
            seq = self._ledger.read.head()[0]
            if seq == seen:
                await asyncio.to_thread(check.step)
            seen = seq
            if check.problem != told:
                told = check.problem
                log.error("journal damaged", detail=told)

    def _disk_failed(self, failure: BaseException) -> None:
        """Leave at once: after a failed sync nothing may be acknowledged, the next start verifies."""
        log.critical("disk failed", error=str(failure))
        os._exit(EXIT_LEDGER)

    def _go(self, work: Any, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """No part may die silently: if one does, the daemon leaves and is started again."""
        if task.cancelled() or self._stop.is_set():
            return
        log.error("part ended", detail=task.get_name(), error=repr(task.exception()))
        self._exit_code = EXIT_FATAL
        self._stop.set()

    def _wake_sync_from_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._wake_sync)

    def _wake_sync(self) -> None:
        if self._link.sync is not None:
            self._link.sync.wake()

    def _sync_wholly(self) -> None:
        if self._link.sync is not None:
            self._link.sync.wake_wholly()

    def _status(self) -> dict[str, Any]:
        return status_of(
            self._ledger,
            self._link.state,
            clock=self._clock,
            devices=self._device_rows(),
            problems=[*self._problems, *filter(None, [self._ledger.idle_check.problem])],
        )

    def _device_rows(self) -> list[dict[str, Any]]:
        return [{"device": name, **asdict(tally)} for name, tally in self._readers.tallies.items()]


def _tokens(path: Path) -> dict[str, str]:
    """Read the loopback clients: a name and a token a line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as failure:
        raise ConfigurationError(
            f"the loopback door needs {path}: {failure.strerror}", remedy="write one `name token` a line"
        ) from None
    pairs = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}  # noqa: PLR2004
