"""Run past receipts under a programme, each member's facts carried from receipt to receipt.

Goods come back at their moment, by the policies of the programme that is tried.  Members do not touch each
other, so workers share them out.  What the programme does not decide (status,
segments, choices, events, age, the card) is taken from each receipt's own facts; points, counts and
vouchers from the first one, as an opening, and from then on from what this programme gave.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from heapq import heappop, heappush
from zlib import crc32

import msgspec

from agent.loyalty.afterwards.carry import carry
from agent.loyalty.afterwards.return_policy import Sale
from agent.loyalty.compile import Compiled
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts, Voucher, WalletFacts
from agent.loyalty.quote import Quote
from agent.rehearsal.figures import Figures
from agent.rehearsal.past import PastReceipt, PastReturn, Source
from agent.rehearsal.undo import Sold, take_back

CARRIED = ("wallets", "counts", "measures", "history")
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
Watch = Callable[[PastReceipt, MemberFacts | None, Quote], None]


def rehearse(
    compiled: Compiled,
    receipts: Source,
    *,
    share: tuple[int, int] = (0, 1),
    watch: Watch | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Figures:
    """Return the figures of the receipts of every `share[1]`-th member, starting with the `share[0]`-th.

    `watch` sees each receipt with the facts it was judged by and the quote; `tick` is called once a
    receipt, also for those of other workers.
    """
    walk = _Walk(compiled, watch)
    last = EARLIEST
    for past in receipts:
        tick()
        last = max(last, past.at, *(one.at for one in past.back))
        name = past.facts.member if past.facts else ""
        if crc32((name or past.basket.receipt_id).encode()) % share[1] == share[0]:
            walk.take_back(past.at)
            walk.sell(past, name)
    walk.take_back(last)
    walk.figures.close(compiled, list(walk.known.values()), last.astimezone(compiled.zone).date())
    return walk.figures


class _Walk:
    """The members of one share from receipt to receipt, and what is still to come back."""

    def __init__(self, compiled: Compiled, watch: Watch | None) -> None:
        self.figures = Figures(compiled.ref)
        self.known: dict[str, MemberFacts] = {}
        self._compiled = compiled
        self._watch = watch
        self._granted: dict[str, set[str]] = {}
        self._given = {rule.give.voucher for rule in compiled.programme.text.rule.values() if rule.give}
        self._coming: list[tuple[datetime, int, str, Sold, PastReturn]] = []
        self._count = 0

    def sell(self, past: PastReceipt, name: str) -> None:
        """Evaluate a receipt with what is known of its member by now."""
        local = past.at.astimezone(self._compiled.zone)
        facts = past.facts
        if facts is not None:
            granted = self._granted.setdefault(name, set())
            facts = _now(facts, self.known.get(name), granted, self._given)
        quote = evaluate(self._compiled, facts, past.basket, past.at, draw=past.draw)
        if self._watch is not None:
            self._watch(past, facts, quote)
        self.figures.note(self._compiled, name, past.basket, quote, local.date())
        carried = None
        if facts is not None:
            carried = carry(self._compiled.programme.text, facts, quote, local)
            self.known[name] = carried.facts
        if past.back:
            sold = Sold(Sale(past.basket, quote, facts, past.at, past.draw), carried)
            for back in past.back:
                self._count += 1  # two at one moment come back in the order they are told
                heappush(self._coming, (back.at, self._count, name, sold, back))

    def take_back(self, until: datetime) -> None:
        """Take back the goods that came back by that moment."""
        while self._coming and self._coming[0][0] <= until:
            at, _, name, sold, back = heappop(self._coming)
            local = at.astimezone(self._compiled.zone)
            taken = take_back(self._compiled, sold, back, self.known.get(name), local)
            if taken.facts is not None:
                self.known[name] = taken.facts
            self.figures.take_back(name, taken.undone, taken.vouchers, local.date())


def _now(
    told: MemberFacts, before: MemberFacts | None, granted: set[str], given: set[str | None]
) -> MemberFacts:
    """Return what is known at a receipt; vouchers that head office granted since the last one come in."""
    fresh = [one for one in told.vouchers if one.id not in granted and one.voucher not in given]
    granted |= {one.id for one in fresh}
    if before is None:
        wallets = {name: WalletFacts(held.lots) for name, held in told.wallets.items()}
        return msgspec.structs.replace(told, wallets=wallets)
    vouchers: list[Voucher] = [*before.vouchers, *fresh]
    carried = {name: getattr(before, name) for name in CARRIED}
    return msgspec.structs.replace(told, vouchers=vouchers, **carried)
