"""What would this basket give?  A pure evaluation with the facts of this moment, sealed by an etag.

Step 4 of the walk.  The etag covers basket, facts, programme and moment: whoever shows it later means
exactly this answer, and a till that lost its memory can make the answer again and compare.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from agent.clock import Clock
from agent.errors import Refused
from agent.journal.vouchers import is_voucher
from agent.ledger.reader import Reader
from agent.ledger.transaction import BeyondRule
from agent.loyalty.basket import Basket, Tender
from agent.loyalty.compile import Compiled
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts, WalletFacts
from agent.loyalty.paying import strict_vouchers
from agent.loyalty.quote import Quote
from agent.loyalty.unquoted import earning_only
from agent.till.offline import beyond_rule, facts_offline, without_spending
from agent.till.quoted import as_of_now, as_told, without_programme, worth
from agent.till.quoted import sealed as sealed_quote
from agent.till.shown import as_shown, is_bare
from agent.till.tokens import LIFE_MS, Identification, TokenSeal
from agent.till.vouchers import held_for, only_held, strictly_used

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
    claim_minutes: int = 15
    training: bool = False
    phone_region: str = ""
    phone_redeem: bool = False
    phone_balance_most: int = 0


@dataclass(frozen=True, slots=True)
class Agreed:
    """A quote with everything it rests on; enough to make it again anywhere."""

    basket: Basket
    facts: MemberFacts | None
    identification: Identification | None
    quote: Quote
    at: datetime
    time_zone: str
    unquoted: bool = False
    """Paid without a matching quote: it earns, and nothing was taken off."""
    strict_vouchers: dict[str, int] = field(default_factory=dict)
    """How many vouchers it uses that must have been set aside for this till, by their wallet."""
    draw: int = 0
    """The receipt's own 64 random bits, from which each rule reads its luck."""
    beyond: BeyondRule | None = None
    """Quoted while head office was away, where some wallet lets points go beyond allowances."""
    most_told: int | None = None
    """The largest balance that whoever was identified may be told; None: any."""

    @property
    def member(self) -> str:
        """Whose receipt it is; empty: nobody's."""
        return self.facts.member if self.facts else ""

    @property
    def told(self) -> Quote:
        """The quote as POS, screens and slip hear it; what is stored is the whole one."""
        return as_told(self.quote, self.most_told)

    @property
    def day(self) -> date:
        """The business day: that of `at` in the programme's time zone."""
        return self.at.astimezone(ZoneInfo(self.time_zone)).date()


class Quoter:
    """Answers quotes, keeps the last of each receipt until it is committed; `seal` opens tokens, draws."""

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
        self.seal = seal
        self._clock = clock
        self._settings = settings
        self.is_online = is_online
        self._remembered: OrderedDict[str, Agreed] = OrderedDict()

    def quote(self, basket: Basket) -> Agreed:
        """Evaluate a basket now.

        Raises:
            Refused: another currency.
        """
        agreed = self._evaluated(basket, self._moment(basket.sold_at), use_expired=False)
        self._remembered[basket.receipt_id] = agreed
        self._remembered.move_to_end(basket.receipt_id)
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return agreed

    def programme(self) -> Compiled | None:
        """Return the programme in force, none before the first has arrived."""
        return self._programmes()

    def remembered(self, receipt_id: str) -> Agreed | None:
        """Return the last quote of a receipt, if this start of the agent made one."""
        return self._remembered.get(receipt_id)

    def newest(self) -> Agreed | None:
        """Return the last quote of those whose receipts are not over."""
        return next(reversed(self._remembered.values()), None)

    def is_quoted(self, member: str) -> bool:
        """Say whether a receipt of this member was quoted and is not over yet."""
        return any(agreed.member == member for agreed in self._remembered.values())

    def forget(self, receipt_id: str) -> None:
        """Drop the quote of a receipt that is over."""
        self._remembered.pop(receipt_id, None)

    def matching(self, receipt_id: str, etag: str, basket: Basket) -> Agreed | None:
        """Return the quote that `etag` means for this basket: remembered, or made again; else None.

        A sale may be paid under a quote that is days old, so the POS's own moment is tried as well.
        """
        known = self._remembered.get(receipt_id)
        if known is not None and known.quote.etag == etag:
            plain, identification = self._without_tokens(basket)
            if known.basket == plain and _member_of(known.identification) == _member_of(identification):
                return known
        online = self.is_online()
        moments = dict.fromkeys((self._moment(basket.sold_at), basket.sold_at))
        # Head office may have come or gone since: then other points were usable when it was quoted.
        for at, was_online in [(at, one) for one in (online, not online) for at in moments]:
            again = self._evaluated(basket, at, online=was_online)
            if again.quote.etag == etag:
                return again
        return None

    def unquoted(self, basket: Basket) -> Agreed:
        """Return a sale paid without a matching quote: it earns on the POS's prices, nothing is taken off."""
        agreed = self._evaluated(basket, self._moment(basket.sold_at), change=earning_only)
        return replace(agreed, unquoted=True)

    def rests_on_tenders(self, agreed: Agreed, paid: list[Tender]) -> bool:
        """Say whether these tenders would have given another answer than the planned ones."""
        compiled = self._programmes()
        named = agreed.quote.programme
        if compiled is None or (compiled.id, compiled.version) != (named.id, named.version):
            return False  # a programme that is over: the difference of the tenders stands all the same
        basket = msgspec.structs.replace(agreed.basket, planned_tenders=paid)
        again = evaluate(compiled, agreed.facts, basket, agreed.at, draw=agreed.draw)
        return worth(again) != worth(agreed.quote)

    def needs_second_factor(self, basket: Basket) -> bool:
        """Say whether a basket asks to spend on a phone number alone, which is not enough here."""
        known = self.identification_of(basket)
        return is_bare(known) and not self._settings.phone_redeem and bool(basket.redeem)

    def identification_of(self, basket: Basket) -> Identification | None:
        """Return the identification that a basket carries, of any age."""
        return self._without_tokens(basket)[1] if basket.instruments else None

    def _evaluated(
        self,
        basket: Basket,
        at: datetime,
        *,
        use_expired: bool = True,
        online: bool | None = None,
        change: Callable[[Compiled], Compiled] = lambda compiled: compiled,
    ) -> Agreed:
        online = self.is_online() if online is None else online
        if basket.currency != self._settings.currency:
            raise Refused(
                "currency_mismatch",
                f"this till sells in {self._settings.currency}, the basket is in {basket.currency}",
                remedy="correct the basket's currency",
            )
        plain, identification = self._without_tokens(basket, use_expired=use_expired)
        compiled = self._programmes()
        if compiled is None:
            quote = without_programme(plain)
            return Agreed(plain, None, identification, sealed_quote(quote, plain, None, at), at, "UTC")
        strict, day = strict_vouchers(compiled.programme), at.astimezone(compiled.zone).date()
        facts = self.facts_for(identification, plain.receipt_id, day, online=online)
        draw = self.seal.draw_of(plain.receipt_id)
        quote = as_of_now(evaluate(change(compiled), facts, plain, at, draw=draw), online=online)
        beyond = None if online else beyond_rule(compiled.programme)
        sealed = sealed_quote(quote, plain, facts, at)
        used = strictly_used(quote, strict)
        zone = compiled.programme.time_zone
        most = self._settings.phone_balance_most if is_bare(identification) else None
        agreed = Agreed(plain, facts, identification, sealed, at, zone, strict_vouchers=used, draw=draw)
        return replace(agreed, beyond=beyond, most_told=most)

    def facts_for(
        self, known: Identification | None, receipt_id: str, day: date, *, online: bool
    ) -> MemberFacts | None:
        """Return what a receipt is judged by of whoever was identified; None: nobody's."""
        compiled = self._programmes()
        if known is None or not known.member or compiled is None:
            return None
        facts = self._facts(known.member, receipt_id, day, compiled, online=online)
        if facts is None:
            return None
        if is_bare(known) and not self._settings.phone_redeem:
            facts = without_spending(facts)
        if strict := strict_vouchers(compiled.programme):
            held = self._reader.held_vouchers(facts.member, day)
            held |= held_for(self._reader.hold(receipt_id), facts.member)
            facts = only_held(facts, strict, held)
        return as_shown(facts, known)

    def _facts(
        self, member: str, receipt_id: str, day: date, compiled: Compiled, *, online: bool
    ) -> MemberFacts | None:
        """Return a member's facts; what is held for this very receipt may still be spent by it."""
        facts = self._reader.facts(member, day)
        held = self._reader.hold(receipt_id) if facts is not None else None
        if facts is not None and held is not None and held.member == member:
            wallets = dict(facts.wallets)
            for name, slices in held.wallets.items():
                if is_voucher(name):
                    continue
                known = wallets.get(name, WalletFacts())
                # Away from head office, `reserve` counts what is held beyond allowances as not held.
                parts = [one.amount for one in slices if online or one.allowance]
                usable = (known.usable_offline or 0) + sum(parts)
                wallets[name] = msgspec.structs.replace(known, usable_offline=usable)
            facts = msgspec.structs.replace(facts, wallets=wallets)
        if facts is None or online:
            return facts
        heard_ms = self._reader.mark("last_contact_ms")
        return facts_offline(
            facts,
            compiled.programme,
            news_age_ms=int(self._clock.now().timestamp() * 1000) - heard_ms if heard_ms else None,
            reserve=lambda wallet: self._reader.reserve(member, wallet, day, but_receipt=receipt_id),
        )

    def _without_tokens(
        self, basket: Basket, *, use_expired: bool = True
    ) -> tuple[Basket, Identification | None]:
        """Take our tokens out of the instruments: what is stored and evaluated holds codes only."""
        if not basket.instruments:
            return basket, None
        found: Identification | None = None
        codes: list[str] = []
        oldest_ms = int(self._clock.now().timestamp() * 1000) - LIFE_MS
        for instrument in basket.instruments:
            opened = self.seal.open(instrument)
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


def _member_of(identification: Identification | None) -> str:
    return identification.member if identification else ""
