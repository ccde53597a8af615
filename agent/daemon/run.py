"""Run a till: wire the rooms together, answer until told to stop, take everything down again.

Read it top-down: `run` → `_Daemon.run` → `_open_shop` → `_start_the_rest` → `_take_down`.  The POS is
answered before head office, readers and store IT's door are there: importing what they need takes longer
than everything else of a start.
"""

import asyncio
import importlib
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog

from agent import __version__
from agent.clock import Clock, random_id
from agent.config.till import TillConfig
from agent.daemon.codes import codes_of
from agent.daemon.credentials import load_credentials
from agent.daemon.idle import use_idle_moments
from agent.daemon.logs import configure
from agent.daemon.modes import tell_modes
from agent.daemon.notify import Notifier, watchdog_interval_s
from agent.daemon.programmes import CurrentProgramme
from agent.daemon.readers import Readers, device_settings
from agent.daemon.screens import PAGES, app_of
from agent.daemon.server import Server, loopback_socket, make_server
from agent.daemon.sockets import POS_GROUP, handed_over, loopback_tokens, open_unix
from agent.daemon.status import mode_of, pool_status, status_of
from agent.daemon.training import practising
from agent.daemon.wiring import Link, build_till
from agent.errors import ConfigurationError, DocumentError, LedgerError
from agent.ledger.ledger import open_ledger
from agent.ledger.storage import DiskStorage, Storage
from agent.till.cross_origin import CrossOrigin
from agent.till.guard import LoopbackGuard
from drivers.event import CardRead, DeviceStatus, Event, ReadRefused

log = structlog.get_logger()
EXIT_FATAL, EXIT_LEDGER = 1, 74  # 74: EX_IOERR of sysexits.h


def run(
    config: TillConfig,
    *,
    clock: Clock,
    reread: Callable[[], TillConfig] | None = None,
    storage: Callable[[Path], Storage] = DiskStorage,
) -> int:
    """Run until SIGTERM or SIGINT; return the exit code.

    `storage` opens the state folder (faults are planted there); SIGHUP asks `reread` what a restart would do.

    Raises:
        ConfigurationError: a door, a reader or the credentials cannot be used.
    """
    configure(config.log.level, clock, store=config.till.store, till=config.till.till)
    # A core file would hold what was being read: none is written.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return asyncio.run(_Daemon(config, clock, reread, storage).run())


class _Daemon:
    """Everything that runs, in the order in which it is started: first what a customer waits for."""

    def __init__(
        self,
        config: TillConfig,
        clock: Clock,
        reread: Callable[[], TillConfig] | None,
        storage: Callable[[Path], Storage],
    ) -> None:
        self._config = self._given = config
        self._storage = storage
        self._clock = clock
        self._reread = reread
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._exit_code = 0
        self._problems: list[str] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._servers: list[Server] = []
        self._readers: Readers | None = None

    async def run(self) -> int:
        try:
            await self._open_shop()
        except LedgerError as failure:
            log.error("ledger unusable", error=str(failure), code=failure.code)  # noqa: TRY400 - its sentence is enough
            return EXIT_LEDGER
        self._notifier.ready(f"selling, {mode_of(self._ledger, self._link.state)}")
        log.info("agent ready", version=__version__, incarnation=self._ledger.incarnation)
        await self._start_the_rest()
        await self._stop.wait()
        self._notifier.stopping()
        await self._take_down()
        return self._exit_code

    async def _open_shop(self) -> None:
        """Open ledger, programme and the POS's doors; return when calls are answered."""
        self._loop, self._config = asyncio.get_running_loop(), practising(self._config)
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
        self._link = Link()
        self._codes = codes_of(self._config.codes, self._clock)
        self._till = build_till(
            self._config,
            self._ledger,
            self._programme,
            self._link,
            clock=self._clock,
            fleet_key=self._credentials.fleet_key if self._credentials else None,
            codes=self._codes,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stop.set)
        self._loop.add_signal_handler(signal.SIGHUP, self._reload)
        self._open_doors()
        for server in self._servers:
            await server.answering.wait()

    async def _start_the_rest(self) -> None:
        """Start what no customer waits for; its libraries are imported beside the first calls."""
        await asyncio.to_thread(importlib.import_module, "agent.daemon.rest")
        from agent.daemon.rest import build_admin, connect  # noqa: PLC0415 - half of a start's time

        self._serve(build_admin(self._status, sync_now=self._sync_wholly), self._admin_door)
        connect(
            self._config,
            self._ledger,
            self._credentials,
            self._programme,
            clock=self._clock,
            link=self._link,
            pool_door=self._pool_door,
        )
        self._ledger.on_commit.append(self._wake_sync_from_thread)
        for work, name in self._link.parts():
            self._go(work, name)
        settings = device_settings(self._config.device, self._config.numbers, self._codes)
        self._readers = Readers(settings, self._on_reader_event)
        self._readers.start()
        self._go(self._readers.run(), "readers")
        self._go(self._till.idle.run(), "allowances")
        self._go(tell_modes(self._till.checkout.hello, self._till.events), "modes")
        keep_days = self._config.ledger.keep_days
        idle = use_idle_moments(self._ledger, self._clock, keep_days=keep_days, declare=self._link.declare)
        self._go(idle, "idle")
        self._go(self._feed_watchdog(), "watchdog")

    def _use_stored_programme(self) -> None:
        stored = self._ledger.read.programme()
        if stored is None:
            return
        try:
            self._programme.use(stored.text, stored.id)
        except DocumentError as failure:
            self._problems.append(f"programme {stored.id} is not understood: {failure}")
            log.error("programme not understood", programme=stored.id, error=str(failure))  # noqa: TRY400

    def _open_doors(self) -> None:
        """Serve the POS on sockets handed over by systemd, else on our own; store IT's is only opened."""
        run_folder, given = Path(self._config.paths.run), handed_over()
        app = app_of(self._till, self._ledger, self._config, self._clock, self._device_rows)
        pos = given.get("pos") or open_unix(run_folder / "pos.sock", mode=0o660, group=POS_GROUP)
        # What store IT asks waits at its door until the rest is there.
        self._admin_door = given.get("admin") or open_unix(run_folder / "admin.sock", mode=0o600)
        self._pool_door = given.get("pool")
        self._serve(app, pos)
        if self._config.pos.loopback:
            guard = LoopbackGuard(
                app,
                port=self._config.pos.port,
                tokens=loopback_tokens(Path(self._config.pos.tokens_file)),
                origins=self._config.pos.origins,
                language=self._config.till.language,
                pages=PAGES,
            )
            self._serve(CrossOrigin(guard, self._config.pos.origins), loopback_socket(self._config.pos.port))

    def _serve(self, app: Any, door: socket.socket) -> None:
        server = make_server(app)
        self._go(server.serve(sockets=[door]), "door")
        self._servers.append(server)

    async def _take_down(self) -> None:
        """Let calls under way finish, then close readers, network and ledger, in that order."""
        if self._readers is not None:
            self._readers.stop()
        for server in self._servers:
            server.should_exit = True
        self._link.stop()
        doors = [task for task in self._tasks if task.get_name().endswith("door")]
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
                self._till.cards.on_read(
                    event.device,
                    event.kind,
                    event.value,
                    event.read_at_ns,
                    is_contactless=event.transport == "pcsc",
                )
            case ReadRefused():
                self._till.cards.on_refused(event.device, event.reason)
            case DeviceStatus(state="claimed"):
                pass  # a moment later it is enabled
            case DeviceStatus():
                kind = "device.up" if event.state == "enabled" else "device.down"
                self._till.events.publish(kind, {"device": event.device, "state": event.state})

    def _reload(self) -> None:
        """Read the configuration again; what it changes is taken at the next start."""
        self._notifier.reloading(time.monotonic_ns() // 1000)
        try:
            changed = self._reread is not None and self._reread() != self._given
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
        self._loop.call_soon_threadsafe(self._link.wake)

    def _sync_wholly(self) -> None:
        if self._link.sync is not None:
            self._link.sync.wake_wholly()

    def _status(self) -> dict[str, Any]:
        return status_of(
            self._ledger,
            self._link.state,
            clock=self._clock,
            programme_words=compiled.programme if (compiled := self._programme()) else None,
            devices=self._device_rows(),
            pool=pool_status(
                self._config.pool.role, self._ledger, self._link.pool.state if self._link.pool else None
            ),
            problems=[
                *self._problems,
                *filter(None, [self._ledger.idle_check.problem, self._link.problem]),
            ],
        )

    def _device_rows(self) -> list[dict[str, Any]]:
        tallies = self._readers.tallies if self._readers is not None else {}
        return [{"device": name, **asdict(tally)} for name, tally in tallies.items()]
