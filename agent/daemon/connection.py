"""The link to head office made: what a start imports after the doors are open, since nobody waits for it."""

from random import Random

import structlog

from agent import __version__
from agent.clock import Clock
from agent.config.till import TillConfig
from agent.daemon.enrolment import client_settings
from agent.daemon.online import Online
from agent.daemon.programmes import CurrentProgramme
from agent.daemon.wiring import Link
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
) -> None:
    """Fill the link with its lanes: the journal in bulk, and a customer's short questions."""
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
    )
    online = Online(
        ledger,
        quick,
        programme=programme,
        is_online=lambda: sync.state.online,
        chance=Random().randrange,
        deadline_s=max(config.sync.online_wait_ms, 1) / 1000,
    )
    link.sync, link.online, link.clients = sync, online, [bulk, quick]
