"""What a receipt earns and what it may pay: the production evaluation, under a programme of two rules."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from agent.ledger.beyond import NO_ALLOWANCE, Reserve
from agent.ledger.records import Slice
from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.language.programme import Offline
from agent.loyalty.language.read import load_programme
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.offline import BeyondUse
from agent.till.offline import facts_offline
from scripts.honouring.visits import Visit

POINTS = "points"
AT = datetime(2017, 6, 1, 17, tzinfo=UTC)
"""Points of this programme never end, so the day of a receipt does not matter to it."""
TEXT = """
[programme]
id = "two-per-cent"
version = 1
currency = "USD"
time_zone = "America/New_York"
semantics = 1
valid = { from = 2016-01-01 }
name = { en = "Two per cent" }

[wallet.points]
name = { en = "points" }
value = "0.01"
OFFLINE

[rule.earn]
name = { en = "2 points for each dollar" }
earn = { points = "2", every = "1.00" }

[rule.pay]
name = { en = "Paying with points, from 5.00" }
pay = { min_balance = LEAST }
"""
LEAST = 500
"""Below it nothing is paid, whatever the basket: the same question for all such balances."""


class Paid(NamedTuple):
    """What one receipt does to a wallet."""

    redeemed: int
    earned: int


class Paying:
    """Evaluates receipts; the ladder of the wallet is strict, or limited with these caps."""

    def __init__(self, limited: str = "") -> None:
        offline = f'offline = {{ mode = "limited", {limited} }}' if limited else ""
        self.text = TEXT.replace("OFFLINE", offline).replace("LEAST", str(LEAST))
        self._compiled: Compiled = compile_programme(
            load_programme(self.text.encode(), name="two-per-cent.toml")
        )
        self.words: Offline = self._compiled.programme.text.wallet[POINTS].offline
        # Head office and tills ask about the same sums again and again: the answer depends on nothing else.
        self._asked = lru_cache(maxsize=1_000_000)(self._evaluate)

    def online(self, visit: Visit, balance: int) -> Paid:
        """Return what the receipt pays and earns where all of the balance may be spent."""
        if not visit.wishes or balance < LEAST:
            return self._asked(visit.amount, 0, None)
        return self._asked(visit.amount, balance, None)

    def offline(
        self, visit: Visit, balance: int, *, allowed: int, used: BeyondUse, known: int, news_age_ms: int
    ) -> Paid:
        """Return the same at a till cut off, by the balance it believes in and what is allowed there.

        `known` is what it believes to be free beyond allowances, `used` what it let go of that before.
        """
        if not visit.wishes or balance < LEAST:
            return self._asked(visit.amount, 0, None)
        facts = facts_offline(
            _facts(balance, allowed),
            self._compiled.programme,
            news_age_ms=news_age_ms,
            reserve=lambda _: Reserve(used, [Slice(NO_ALLOWANCE, "known", known)]),
        )
        return self._asked(visit.amount, balance, facts.wallets[POINTS].usable_offline)

    def _evaluate(self, amount: int, balance: int, usable: int | None) -> Paid:
        basket = Basket(
            receipt_id="r", sold_at=AT, store="1", till="1-1", cashier="c", currency="USD",
            lines=[Line(line=1, sku="all", group="ALL", amount_minor=amount)],
            redeem={POINTS: "max"} if balance else {},
        )  # fmt: skip
        quote = evaluate(self._compiled, _facts(balance, usable), basket, AT)
        for wallet in quote.wallets:
            if wallet.wallet == POINTS:
                return Paid(wallet.redeem, wallet.earn)
        return Paid(0, 0)


def _facts(balance: int, usable: int | None) -> MemberFacts:
    lots = [Lot("all", balance)] if balance else []
    return MemberFacts("m", wallets={POINTS: WalletFacts(lots, usable)})
