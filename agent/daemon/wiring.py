"""Put a till together: the checkout on top of the ledger, and the place of the link to head office.

Nothing here imports the network: `connection.py` fills the link once the doors are open.
"""

import secrets
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from agent.till.greeting import Greeter
from agent.till.identify import Identifier
from agent.till.idle import IdleAllowances
from agent.till.joining import Place
from agent.till.quote import Quoter, TillSettings
from agent.till.tokens import TokenSeal, token_key
from drivers.codes import NO_CODES, Codes
from drivers.number import Decoded, decode, raw_from_text

if TYPE_CHECKING:
    from agent.daemon.online import Online
    from agent.daemon.pool import PoolDoor
    from agent.sync.client import Client
    from agent.sync.loop import SyncLoop
    from agent.sync.pool_loop import PoolLoop


class Link:
    """The two lanes to head office; without them, or before they are there, the till sells alone."""

    def __init__(self) -> None:
        self.sync: SyncLoop | None = None
        self.online: Online | None = None
        self.pool: PoolLoop | None = None
        self.pool_door: PoolDoor | None = None
        self.pool_problem = ""
        self.clients: list[Client] = []
        self._alone = SyncState()

    @property
    def state(self) -> SyncState:
        """How things stand with head office."""
        return self.sync.state if self.sync is not None else self._alone

    @property
    def problem(self) -> str:
        """Why this till's part in its store's pool is not played, or nothing."""
        return self.pool_door.problem if self.pool_door is not None else self.pool_problem

    def parts(self) -> Iterator[tuple[Coroutine[Any, Any, None], str]]:
        """Yield what is to be run for as long as the till does, with a name for each."""
        if self.sync is not None:
            yield self.sync.run(), "sync"
        if self.pool is not None:
            yield self.pool.run(), "pool"
        if self.pool_door is not None:
            yield self.pool_door.run(), "pool door"

    def wake(self) -> None:
        """Send what was just written; call it on the event loop."""
        for loop in (self.sync, self.pool):
            if loop is not None:
                loop.wake()

    def stop(self) -> None:
        """Close the pool's door, if there is one."""
        if self.pool_door is not None:
            self.pool_door.stop()

    async def ask_allowances(self, member: str, missing: Mapping[str, int]) -> bool:
        """Ask for what this member may spend here; return whether more is on its way."""
        return await self.online.ask_allowances(member, missing) if self.online is not None else False

    async def declare(self) -> bool:
        """Tell head office which allowances are here, if one never came."""
        return await self.sync.declare() if self.sync is not None else False

    async def ask_name(self, card_tag: bytes) -> str:
        """Ask by what name the holder of a card may be greeted; empty: none."""
        return await self.online.ask_name(card_tag) if self.online is not None else ""

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
    quoter: Quoter


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
    seal, settings = TokenSeal(token_key(Path(config.paths.state) / "token.key")), settings_of(config)
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
        today=shop_day(clock, programme),
        ask_allowances=link.ask_allowances,
        look_up=link.look_up,
        idle=idle,
        greet=Greeter(seal, events, link.ask_name).greet if config.pos.greeting else None,
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
        mode=lambda: "training" if settings.training else mode_of(ledger, link.state),
        place=Place(config.pos.phone_region, fleet_key, programme, clock.now, new_nonce),
        online_wait_s=config.sync.online_wait_ms / 1000,
    )
    return Till(checkout, cards, events, idle, quoter)


def settings_of(config: TillConfig) -> TillSettings:
    """Return what the checkout must know of its till."""
    return TillSettings(
        store=config.till.store,
        till=config.till.till,
        currency=config.till.currency,
        language=config.till.language,
        clock_tolerance_s=config.pos.clock_tolerance_s,
        claim_minutes=config.pos.claim_minutes,
        phone_region=config.pos.phone_region,
        training=config.till.training,
        phone_redeem=config.pos.phone_redeem,
        phone_balance_most=config.pos.phone_balance_most,
    )


def _decoder(config: TillConfig, codes: Codes) -> Callable[[str], tuple[str, str] | str]:
    """Decode what a POS hands over, behind the same payment guard as every reader."""
    ranges = number_ranges(config.numbers)

    def decode_text(text: str) -> tuple[str, str] | str:
        raw = raw_from_text(text, config.codes.pos_layout)
        found = decode(raw, transport="pos_text", ranges=ranges, codes=codes)
        return (found.kind, found.value) if isinstance(found, Decoded) else str(found.reason)

    return decode_text


def shop_day(clock: Clock, programme: CurrentProgramme) -> Callable[[], date]:
    """Return the shop's own date: the programme's zone says when a day begins and a lot ends."""

    def today() -> date:
        compiled = programme()
        return clock.now().astimezone(compiled.zone if compiled else UTC).date()

    return today
