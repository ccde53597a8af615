"""This till's part in its store's pool: the door if it is the pool, the two lanes if it is a member."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

import structlog

from agent import __version__
from agent.clock import Clock
from agent.config.till import Pool
from agent.daemon.online import PoolLane
from agent.daemon.server import Server, make_server
from agent.errors import ConfigurationError
from agent.ledger.ledger import Ledger
from agent.pool.app import build_app
from agent.pool.desk import PoolDesk
from agent.pool.serve import check_certificates, mistakes_of, open_door
from agent.sync.client import Client, ClientSettings
from agent.sync.credentials import Credentials
from agent.sync.pool_loop import PoolLoop
from agent.sync.pool_session import PoolSession

log = structlog.get_logger()
DEADLINE_S = 5.0
AGAIN_S = 5.0


class PoolDoor:
    """The pool's door, opened as soon as it can be: the till sells whatever becomes of it.

    `door` is a socket that systemd handed over; without one the address is bound here, which fails while
    the shop's network is not up.
    """

    def __init__(
        self,
        pool: Pool,
        ledger: Ledger,
        door: socket.socket | None,
        *,
        today: Callable[[], date],
        again_s: float = AGAIN_S,
    ) -> None:
        self._pool = pool
        self._app = build_app(PoolDesk(ledger, today=today))
        self._door = door
        self._again_s = again_s
        self.server: Server | None = None
        self.problem = ""

    async def run(self) -> None:
        """Open the door, trying again every few seconds, and serve until the server is told to exit."""
        while self.server is None:
            try:
                self._door = self._door or open_door(self._pool)
                self.server = _server(self._pool, self._app)
                self.problem = ""
            except ConfigurationError as failure:
                if str(failure) != self.problem:
                    log.error("pool not served", error=str(failure))  # noqa: TRY400 - its sentence is enough
                self.problem = str(failure)
                await asyncio.sleep(self._again_s)
        log.info("pool served", address=f"{self._pool.listen}:{self._pool.port}")
        await self.server.serve(sockets=[self._door] if self._door else None)

    def stop(self) -> None:
        """Finish what runs, and end."""
        if self.server is not None:
            self.server.should_exit = True


def _server(pool: Pool, app: Any) -> Server:
    _refuse_mistakes(pool)
    server = make_server(
        app,
        ssl_certfile=pool.certificate,
        ssl_keyfile=pool.key,
        ssl_ca_certs=pool.ca_file,
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    )
    server.config.load()
    tls = server.config.ssl
    assert tls is not None
    assert tls.verify_mode is ssl.CERT_REQUIRED
    tls.minimum_version = ssl.TLSVersion.TLSv1_3  # both ends are ours
    return server


def join_pool(
    pool: Pool, ledger: Ledger, credentials: Credentials, *, clock: Clock
) -> tuple[PoolLoop, PoolLane, list[Client]]:
    """Make a member's lanes: its journal in bulk, and a customer's short questions.

    Raises:
        ConfigurationError: the address or the certificates cannot be used.
    """
    _refuse_mistakes(pool)
    settings = ClientSettings(
        url=pool.url,
        ca_file=pool.ca_file,
        client_certificate=pool.certificate,
        client_key=pool.key,
        deadline_s=DEADLINE_S,
    )
    bulk, quick = (Client(settings, till=credentials.enrolment.till, key=credentials.key) for _ in range(2))
    session = PoolSession(ledger, bulk, clock=clock, program_version=__version__)
    loop = PoolLoop(session, chance=Random())
    return loop, PoolLane(quick, lambda: loop.state.online), [bulk, quick]


def why_no_pool(pool: Pool) -> str:
    """Return what is wrong with this till's part in the pool as configured, or nothing."""
    return "; ".join(mistakes_of(pool)) or (check_certificates(pool) if pool.role != "none" else "")


def _refuse_mistakes(pool: Pool) -> None:
    if wrong := why_no_pool(pool):
        raise ConfigurationError(wrong, remedy="see agent/pool/README.md")
