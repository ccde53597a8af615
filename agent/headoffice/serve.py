"""Run head office: the door for tills, and the projector that books what came in."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import structlog
import uvicorn

from agent.clock import Clock
from agent.config.headoffice import HeadOfficeConfig
from agent.headoffice.app import build_app
from agent.headoffice.booking import Projector
from agent.headoffice.office import Office

log = structlog.get_logger()
IDLE_S = 5.0


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: stopping is ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(config: HeadOfficeConfig, *, clock: Clock) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    Raises:
        ConfigurationError: the state folder or the door cannot be used.
    """
    return asyncio.run(_serve(config, clock))


async def _serve(config: HeadOfficeConfig, clock: Clock) -> int:
    office = Office(Path(config.paths.state), clock)
    stop, work = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = build_app(office, on_received=lambda: loop.call_soon_threadsafe(work.set))
    server = _Server(
        uvicorn.Config(
            app,
            host=config.door.host,
            port=config.door.port,
            ssl_certfile=config.door.certificate or None,
            ssl_keyfile=config.door.key or None,
            http="httptools",
            lifespan="off",
            access_log=False,
            log_config=None,
            timeout_keep_alive=60,
        )
    )
    serving = asyncio.create_task(server.serve())
    booking = asyncio.create_task(_book(office, work))
    _notify("READY=1")
    log.info("head office serving", address=f"{config.door.host}:{config.door.port}")
    await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    _notify("STOPPING=1")
    server.should_exit = True
    booking.cancel()
    await asyncio.gather(serving, booking, return_exceptions=True)
    office.close()
    return 0 if stop.is_set() else 1


async def _book(office: Office, work: asyncio.Event) -> None:
    """Book whenever something arrived, and every few seconds in case a thread was missed."""
    projector = Projector(office)
    while True:
        work.clear()
        await asyncio.to_thread(projector.book_all)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(work.wait(), IDLE_S)


def _notify(message: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        target = "\0" + address[1:] if address.startswith("@") else address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door, contextlib.suppress(OSError):
            door.sendto(message.encode(), target)
