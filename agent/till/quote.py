"""What would this basket give?  A pure evaluation with the facts of this moment, sealed by an etag.

Step 4 of the walk.  The etag covers basket, facts, programme and moment: whoever shows it later means
exactly this answer, and a till that lost its memory can make the answer again and compare.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from zoneinfo import ZoneInfo

import msgspec

from agent.clock import Clock
from agent.errors import Refused
from agent.ledger.reader import Reader
from agent.loyalty.basket import Basket
from agent.loyalty.compile import Compiled
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import ProgrammeRef, Quote, QuoteLine
from agent.till.tokens import LIFE_MS, Identification, TokenSeal

REMEMBERED = 256
Decode = Callable[[str], tuple[str, str] | str]
"""Decodes POS-typed text: (kind, value), or the reason of a refusal ("payment_card", …)."""


@dataclass(frozen=True, slots=True)
class TillSettings:
    """What the checkout must know of its till; `clock_tolerance_s` is how far `sold_at` may be off."""

    store: str
    till: str
    currency: str
    language: str = "en"
    clock_tolerance_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Agreed:
    """A quote with everything it rests on; enough to make it again anywhere."""

    basket: Basket
    facts: MemberFacts | None
    identification: Identification | None
    quote: Quote
    at: datetime
    time_zone: str


class Quoter:
    """Answers quotes, and remembers the last of each receipt until it is committed."""

    def __init__(
        self,
        reader: Reader,
        programmes: Callable[[], Compiled | None],
        seal: TokenSeal,
        *,
        clock: Clock,
        settings: TillSettings,
        is_online: Callable[[], bool],
    ) -> None:
        self._reader = reader
        self._programmes = programmes
        self._seal = seal
        self._clock = clock
        self._settings = settings
        self._is_online = is_online
        self._remembered: OrderedDict[str, Agreed] = OrderedDict()

    def quote(self, basket: Basket) -> Agreed:
        """Evaluate a basket now.

        Raises:
            Refused: another currency.
        """
        agreed = self.evaluate(basket, use_expired_tokens=False)
        self._remembered[basket.receipt_id] = agreed
        self._remembered.move_to_end(basket.receipt_id)
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return agreed

    def remembered(self, receipt_id: str) -> Agreed | None:
        """Return the last quote of a receipt, if this start of the agent made one."""
        return self._remembered.get(receipt_id)

    def forget(self, receipt_id: str) -> None:
        """Drop the quote of a receipt that is over."""
        self._remembered.pop(receipt_id, None)

    def matching(self, receipt_id: str, etag: str, basket: Basket) -> Agreed | None:
        """Return the quote that `etag` means for this basket: remembered, or made again; else None."""
        known = self._remembered.get(receipt_id)
        if known is not None and known.quote.etag == etag and known.basket == self._without_tokens(basket)[0]:
            return known
        again = self.evaluate(basket, use_expired_tokens=True)
        return again if again.quote.etag == etag else None

    def evaluate(self, basket: Basket, *, use_expired_tokens: bool) -> Agreed:
        """Evaluate a basket with the facts of this moment; a commit may use tokens of any age."""
        if basket.currency != self._settings.currency:
            raise Refused(
                "currency_mismatch",
                f"this till sells in {self._settings.currency}, the basket is in {basket.currency}",
                remedy="correct the basket's currency",
            )
        plain, identification = self._without_tokens(basket, use_expired=use_expired_tokens)
        at = self._moment(basket.sold_at)
        compiled = self._programmes()
        if compiled is None:
            quote = _without_programme(plain)
            return Agreed(plain, None, identification, _sealed(quote, plain, None, at), at, "UTC")
        zone = compiled.programme.time_zone
        day = at.astimezone(ZoneInfo(zone)).date()
        known = identification is not None and identification.member
        facts = self._reader.facts(identification.member, day) if identification and known else None
        quote = evaluate(compiled, facts, plain, at)
        if not self._is_online():
            quote = _provisional(quote)
        return Agreed(plain, facts, identification, _sealed(quote, plain, facts, at), at, zone)

    def identification_of(self, basket: Basket) -> Identification | None:
        """Return the identification that a basket carries, of any age."""
        return self._without_tokens(basket, use_expired=True)[1]

    def _without_tokens(
        self, basket: Basket, *, use_expired: bool = True
    ) -> tuple[Basket, Identification | None]:
        """Take our tokens out of the instruments: what is stored and evaluated holds codes only."""
        found: Identification | None = None
        codes: list[str] = []
        oldest_ms = int(self._clock.now().timestamp() * 1000) - LIFE_MS
        for instrument in basket.instruments:
            opened = self._seal.open(instrument)
            if opened is None:
                codes.append(instrument)
            elif found is None and (use_expired or opened.made_ms >= oldest_ms):
                found = opened
        return msgspec.structs.replace(basket, instruments=codes), found

    def _moment(self, sold_at: datetime) -> datetime:
        """Fix the moment to judge by: the POS's, unless it is further from our clock than allowed."""
        now = self._clock.now()
        off_s = abs((sold_at - now).total_seconds())
        return sold_at if off_s <= self._settings.clock_tolerance_s else now


def _sealed(quote: Quote, basket: Basket, facts: MemberFacts | None, at: datetime) -> Quote:
    digest = blake2b(digest_size=16)
    for part in (basket, facts, quote.programme, at):
        digest.update(msgspec.json.encode(part))
        digest.update(b"\0")
    return msgspec.structs.replace(quote, etag=digest.hexdigest())


def _provisional(quote: Quote) -> Quote:
    """Mark what is earned while head office is away: it counts once it is booked there."""
    wallets = [
        msgspec.structs.replace(wallet, provisional=True) if wallet.earn else wallet
        for wallet in quote.wallets
    ]
    return msgspec.structs.replace(quote, wallets=wallets)


def _without_programme(basket: Basket) -> Quote:
    """Sell at the POS's own prices while no programme has arrived yet."""
    lines = [QuoteLine(line.line, line.amount_minor) for line in basket.lines]
    due = sum(line.amount_minor for line in basket.lines)
    return Quote(basket.receipt_id, ProgrammeRef("", 0, ""), due, lines=lines)
