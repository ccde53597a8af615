"""Serve: the tills' door on one address, booking beside it, until the service manager says stop."""

import asyncio
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import structlog
import uvicorn

from agent.clock import Clock
from agent.config.headoffice import HeadOfficeConfig
from agent.errors import ConfigurationError
from agent.headoffice.app import build_app
from agent.headoffice.decisions import catch_up
from agent.headoffice.following import following
from agent.headoffice.notify import notify
from agent.headoffice.office import Office
from agent.headoffice.projector import Projector
from agent.headoffice.reexecute import Judge

log = structlog.get_logger()
BACKLOG = 1024
MAX_CONNECTIONS = 20_000
"""One or two a till stay open; without a request each costs some kilobytes."""
SPARE_FILES = 200
STOP_S = 10
SWITCH_S = 0.001
"""How soon a thread that answers a till gets the interpreter from one that books; Python's own is 5 ms."""


class Server(uvicorn.Server):
    """uvicorn that ends after a signal instead of dying of it again, so that the exit code is ours."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's shape
        """Stop accepting, finish what runs, end."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    def end(self) -> None:
        """End as after a signal; callable from any thread."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer whoever waits for news, then finish what runs."""
        self.config.app.state.end_waiting()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def run(config: HeadOfficeConfig, *, clock: Clock, open_office: Callable[..., Office] = Office) -> int:
    """Serve in the foreground; return the exit code, 0 after a stop that was meant.

    The fault lab opens an `Office` with a bug in it.

    Raises:
        ConfigurationError: the address is taken, or the certificate cannot be used.
        LedgerError: the state folder cannot serve.
    """
    office = open_office(Path(config.paths.state), clock, serving=True)
    try:
        return _serve(office, config)
    finally:
        office.close()


def _serve(office: Office, config: HeadOfficeConfig) -> int:
    door = _listen(config)
    if put_back := catch_up(office):
        log.warning("decisions put back into older books", count=put_back)
    projector = Projector(
        office,
        Judge(office.store),
        on_failure=lambda: server.end(),  # noqa: PLW0108 - made below
        following=following(office, config.placement),
    )
    server = Server(_settings(config, build_app(office, projector.wake)))
    host, port = door.getsockname()[:2]
    sys.setswitchinterval(SWITCH_S)
    projector.start()
    log.info("head office started", address=f"{host}:{port}")
    # The socket listens already: a till that calls before uvicorn is up waits in the backlog.
    notify("READY=1\nSTATUS=serving tills")
    asyncio.run(server.serve(sockets=[door]))
    notify("STOPPING=1")
    projector.stop()
    if projector.failure is not None:
        return 1
    log.info("head office stopped")
    return 0


def _listen(config: HeadOfficeConfig) -> socket.socket:
    host, port = config.door.host, config.door.port
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        door = socket.create_server((host, port), family=family, backlog=BACKLOG)
        # Inherited by every connection.  asyncio sets it only where a socket names its protocol, which
        # these do not, and each answer would wait 40 ms for the till's delayed acknowledgement.
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as failure:
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {failure.strerror or failure}", remedy="check [door]"
        ) from None
    return door


def _connections() -> int:
    """Ask the system for as many open files as it grants; return how many connections that allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + SPARE_FILES
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    return granted - SPARE_FILES


def _settings(config: HeadOfficeConfig, app: object) -> uvicorn.Config:
    settings = uvicorn.Config(
        app,  # type: ignore[arg-type]
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        limit_concurrency=_connections(),
        timeout_keep_alive=60,
        timeout_graceful_shutdown=STOP_S,
        ssl_certfile=config.door.certificate or None,
        ssl_keyfile=config.door.key or None,
    )
    try:
        settings.load()
    except (OSError, ssl.SSLError) as failure:
        raise ConfigurationError(
            f"the certificate cannot be used: {failure}", remedy="check door.certificate and door.key"
        ) from None
    if settings.ssl is not None:
        settings.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return settings
