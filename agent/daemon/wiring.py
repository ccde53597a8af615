"""Put a till together: the link to head office, if there is one, and the checkout on top of the ledger."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date
from pathlib import Path
from random import Random

import structlog

from agent import __version__
from agent.clock import Clock, random_id
from agent.config.till import TillConfig
from agent.daemon.enrolment import client_settings
from agent.daemon.online import Online
from agent.daemon.programmes import CurrentProgramme
from agent.daemon.readers import number_ranges
from agent.daemon.status import mode_of
from agent.ledger.ledger import Ledger
from agent.sync.client import Client
from agent.sync.credentials import Credentials
from agent.sync.loop import SyncLoop, SyncState
from agent.till.cards import CardReads
from agent.till.checkout import Checkout
from agent.till.events import Events
from agent.till.gate import Gate
from agent.till.identify import Identifier
from agent.till.idle import IdleAllowances
from agent.till.quote import Quoter, TillSettings
from agent.till.tokens import TokenSeal, token_key
from drivers.codes import NO_CODES, Codes
from drivers.number import Decoded, decode, raw_from_text

log = structlog.get_logger()


@dataclass(slots=True)
class Link:
    """The two lanes to head office; without enrolment or address there is none, and the till still sells."""

    sync: SyncLoop | None = None
    online: Online | None = None
    clients: list[Client] = field(default_factory=list)
    state: SyncState = field(default_factory=SyncState)


@dataclass(slots=True)
class Till:
    """What the doors and the readers talk to."""

    checkout: Checkout
    cards: CardReads
    events: Events
    idle: IdleAllowances


def connect(
    config: TillConfig,
    ledger: Ledger,
    credentials: Credentials | None,
    programme: CurrentProgramme,
    *,
    clock: Clock,
) -> Link:
    """Make the lanes: one for the journal in bulk, one for short questions while a customer waits."""
    settings = client_settings(config)
    if credentials is None or not settings.url:
        log.warning("not connected", reason="not enrolled" if settings.url else "no head_office.url")
        return Link()
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
        deadline_s=max(config.sync.online_wait_ms, 1) / 1000,
    )
    return Link(sync, online, [bulk, quick], sync.state)


def build_till(
    config: TillConfig,
    ledger: Ledger,
    programme: CurrentProgramme,
    link: Link,
    *,
    clock: Clock,
    fleet_key: bytes | None,
    codes: Codes = NO_CODES,
) -> Till:
    """Put the checkout together; `codes` is what the readers got."""
    seal = TokenSeal(token_key(Path(config.paths.state) / "token.key"))
    settings = _settings(config)
    identifier = Identifier(
        ledger.read, seal, clock=clock, fleet_key=fleet_key, new_nonce=secrets.token_bytes
    )
    events, gate = Events(random_id()[:8]), Gate()
    quoter = Quoter(
        ledger.read,
        programme,
        seal,
        clock=clock,
        settings=settings,
        is_online=lambda: link.state.online,
    )
    idle = IdleAllowances(ledger, clock, is_quoted=quoter.is_quoted)
    cards = CardReads(
        identifier,
        events,
        gate,
        ledger.read,
        today=_today(clock, programme),
        ask_allowances=link.online.ask_allowances if link.online else _nothing_given,
        look_up=link.online.look_up if link.online else _nobody_found,
        idle=idle,
    )
    checkout = Checkout(
        ledger,
        quoter,
        identifier,
        cards,
        events,
        gate=gate,
        clock=clock,
        settings=settings,
        decode_text=_decoder(config, codes),
        mode=lambda: mode_of(ledger, link.state),
        online_wait_s=config.sync.online_wait_ms / 1000,
    )
    return Till(checkout, cards, events, idle)


def _settings(config: TillConfig) -> TillSettings:
    return TillSettings(
        store=config.till.store,
        till=config.till.till,
        currency=config.till.currency,
        language=config.till.language,
        clock_tolerance_s=config.pos.clock_tolerance_s,
    )


def _decoder(config: TillConfig, codes: Codes) -> Callable[[str], tuple[str, str] | str]:
    """Decode what a POS hands over, behind the same payment guard as every reader."""
    ranges = number_ranges(config.numbers)

    def decode_text(text: str) -> tuple[str, str] | str:
        raw = raw_from_text(text, config.codes.pos_layout)
        found = decode(raw, transport="pos_text", ranges=ranges, codes=codes)
        return (found.kind, found.value) if isinstance(found, Decoded) else str(found.reason)

    return decode_text


def _today(clock: Clock, programme: CurrentProgramme) -> Callable[[], date]:
    """Return the shop's own date: the programme's zone says when a day begins and a lot ends."""

    def today() -> date:
        compiled = programme()
        return clock.now().astimezone(compiled.zone if compiled else UTC).date()

    return today


async def _nothing_given(_: str) -> int:
    return 0


async def _nobody_found(_: bytes) -> bool:
    return False
