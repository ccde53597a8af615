"""The link to head office made: what a start imports after the doors are open, since nobody waits for it."""

import socket
from random import Random

import structlog

from agent import __version__
from agent.clock import Clock
from agent.config.till import TillConfig
from agent.daemon.enrolment import client_settings
from agent.daemon.online import Online, PoolLane
from agent.daemon.pool import PoolDoor, join_pool
from agent.daemon.programmes import CurrentProgramme
from agent.daemon.wiring import Link, shop_day
from agent.errors import ConfigurationError
from agent.ledger import borrowed
from agent.ledger.ledger import Ledger
from agent.sync.client import Client
from agent.sync.credentials import Credentials
from agent.sync.loop import SyncLoop

log = structlog.get_logger()


def connect(
    config: TillConfig,
    ledger: Ledger,
    credentials: Credentials | None,
    programme: CurrentProgramme,
    *,
    clock: Clock,
    link: Link,
    pool_door: socket.socket | None = None,
) -> None:
    """Fill the link with its lanes: the journal in bulk, and a customer's short questions.

    `pool_door` is the pool's socket where systemd handed one over.
    """
    if config.pool.role == "pool":
        today = shop_day(clock, programme)
        link.pool_door = PoolDoor(config.pool, ledger, pool_door, today=today)
    settings = client_settings(config)
    if credentials is None or not settings.url:
        log.warning("not connected", reason="not enrolled" if settings.url else "no head_office.url")
        return
    bulk, quick = (Client(settings, till=credentials.enrolment.till, key=credentials.key) for _ in range(2))
    sync = SyncLoop(
        ledger,
        bulk,
        clock=clock,
        chance=Random(),
        publisher_key=credentials.publisher_key,
        pull_interval_s=config.sync.pull_interval_s,
        program_version=__version__,
        on_programme=programme.use,
        pool_of=config.till.store if config.pool.role == "pool" else "",
    )
    pool_lane = _join_pool(config, ledger, credentials, clock, link)
    online = Online(
        ledger,
        quick,
        programme=programme,
        is_online=lambda: sync.state.online,
        chance=Random().randrange,
        deadline_s=max(config.sync.online_wait_ms, 1) / 1000,
        pool=pool_lane,
    )
    link.sync, link.online, link.clients = sync, online, [*link.clients, bulk, quick]


def _join_pool(
    config: TillConfig, ledger: Ledger, credentials: Credentials, clock: Clock, link: Link
) -> PoolLane | None:
    """Join the store's pool if this till is a member; without it the till sells from head office alone."""
    if config.pool.role != "member":
        if ledger.read.text_mark(borrowed.POOL):
            ledger.write(borrowed.leave_pool)
        return None
    try:
        link.pool, lane, link.clients = join_pool(config.pool, ledger, credentials, clock=clock)
    except ConfigurationError as failure:
        link.pool_problem = str(failure)
        log.error("pool not joined", error=str(failure))  # noqa: TRY400 - its sentence is enough
        return None
    return lane
