"""Run past receipts under a programme, each member's facts carried from receipt to receipt.

Members do not touch each other, so workers share them out.  What the programme does not decide (status,
segments, choices, events, age, the card) is taken from each receipt's own facts; points, counts and
vouchers from the first one, as an opening, and from then on from what this programme gave.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from zlib import crc32

import msgspec

from agent.loyalty.carry import carry
from agent.loyalty.compile import Compiled
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts, Voucher, WalletFacts
from agent.loyalty.quote import Quote
from agent.rehearsal.figures import Figures
from agent.rehearsal.past import PastReceipt, Source

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
    figures = Figures(compiled.ref)
    known: dict[str, MemberFacts] = {}
    granted: dict[str, set[str]] = {}
    last = EARLIEST
    given = {rule.give.voucher for rule in compiled.programme.text.rule.values() if rule.give}
    for past in receipts:
        tick()
        last = max(last, past.at)
        name = past.facts.member if past.facts else ""
        if crc32((name or past.basket.receipt_id).encode()) % share[1] != share[0]:
            continue
        local = past.at.astimezone(compiled.zone)
        facts = past.facts
        if facts is not None:
            facts = _now(facts, known.get(name), granted.setdefault(name, set()), given)
        quote = evaluate(compiled, facts, past.basket, past.at, draw=past.draw)
        if watch is not None:
            watch(past, facts, quote)
        figures.note(compiled, name, past.basket, quote, local.date())
        if facts is not None:
            known[name] = carry(compiled.programme.text, facts, quote, local).facts
    figures.close(compiled, list(known.values()), last.astimezone(compiled.zone).date())
    return figures


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
