"""Put a till together: the checkout on top of the ledger, and the place of the link to head office.

Nothing here imports the network: `connection.py` fills the link once the doors are open.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import TYPE_CHECKING

from agent.clock import Clock, random_id
from agent.config.till import TillConfig
from agent.daemon.programmes import CurrentProgramme
from agent.daemon.readers import number_ranges
from agent.daemon.status import mode_of
from agent.ledger.ledger import Ledger
from agent.sync.state import SyncState
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

if TYPE_CHECKING:
    from agent.daemon.online import Online
    from agent.sync.client import Client
    from agent.sync.loop import SyncLoop


class Link:
    """The two lanes to head office; without them, or before they are there, the till sells alone."""

    def __init__(self) -> None:
        self.sync: SyncLoop | None = None
        self.online: Online | None = None
        self.clients: list[Client] = []
        self._alone = SyncState()

    @property
    def state(self) -> SyncState:
        """How things stand with head office."""
        return self.sync.state if self.sync is not None else self._alone

    async def ask_allowances(self, member: str) -> int:
        """Ask for what this member may spend here; return how many allowances came."""
        return await self.online.ask_allowances(member) if self.online is not None else 0

    async def look_up(self, card_tag: bytes) -> bool:
        """Ask whose card this is; True if the member is in the ledger afterwards."""
        return await self.online.look_up(card_tag) if self.online is not None else False


@dataclass(slots=True)
class Till:
    """What the doors and the readers talk to."""

    checkout: Checkout
    cards: CardReads
    events: Events
    idle: IdleAllowances


def build_till(
    config: TillConfig,
    ledger: Ledger,
    programme: CurrentProgramme,
    link: Link,
    *,
    clock: Clock,
    fleet_key: bytes | None,
    codes: Codes = NO_CODES,
    new_nonce: Callable[[int], bytes] = secrets.token_bytes,
) -> Till:
    """Put the checkout together; `codes` is what the readers got, `new_nonce` gives random bytes."""
    seal = TokenSeal(token_key(Path(config.paths.state) / "token.key"))
    settings = _settings(config)
    identifier = Identifier(ledger.read, seal, clock=clock, fleet_key=fleet_key, new_nonce=new_nonce)
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
        ask_allowances=link.ask_allowances,
        look_up=link.look_up,
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
