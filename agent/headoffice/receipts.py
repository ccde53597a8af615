"""Every receipt is evaluated again with the facts, programme and moment that stand on it.

The answer must be the till's to the last digit; if not, that is a difference.  Facts that were older
than head office's own are counted as stale: expected offline, and never silent.
"""

from datetime import datetime
from typing import Any

import msgspec

from agent.headoffice.members import facts_of
from agent.headoffice.office import Office
from agent.headoffice.publish import Programmes
from agent.journal.entry import Entry
from agent.loyalty.basket import Basket
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote


def book_receipt(office: Office, programmes: Programmes, entry: Entry) -> None:
    """Put a receipt into the books, and say where the two ends differ; inside a transaction."""
    data = entry.data
    basket = msgspec.convert(data["basket"], Basket)
    quote = msgspec.convert(data["quote"], Quote) if data.get("quote") else None
    _insert(office, entry, basket, quote)
    if quote is not None:
        for problem in disagreements(programmes, entry, basket, quote):
            _differ(office, entry, "evaluated_otherwise", problem)
    for told in data.get("differences", []):
        _differ(office, entry, "told_by_till", str(told))
    if data.get("facts") and _is_stale(office, entry, msgspec.convert(data["facts"], MemberFacts)):
        _differ(office, entry, "facts_stale", "the till knew older figures than head office")


def disagreements(programmes: Programmes, entry: Entry, basket: Basket, quote: Quote) -> list[str]:
    """Evaluate again; return what comes out otherwise, nothing if both ends agree."""
    ref = quote.programme
    if not ref.id:
        return []
    compiled = programmes.get(ref.id, ref.version, ref.hash)
    if compiled is None:
        return [f"programme {ref.id} version {ref.version} with hash {ref.hash[:12]} was never published"]
    facts = msgspec.convert(entry.data["facts"], MemberFacts) if entry.data.get("facts") else None
    again = evaluate(compiled, facts, basket, datetime.fromisoformat(entry.data["at"]))
    ours, theirs = _comparable(again), _comparable(quote)
    return [
        f"{name}: till {theirs[name]!r}, head office {ours[name]!r}"
        for name in ours
        if ours[name] != theirs[name]
    ]


def _comparable(quote: Quote) -> dict[str, Any]:
    """Leave out what the till alone knows: its seal, and whether points are provisional."""
    plain = msgspec.to_builtins(quote)
    plain.pop("etag")
    for wallet in plain["wallets"]:
        wallet.pop("provisional")
    return dict(plain)


def _is_stale(office: Office, entry: Entry, facts: MemberFacts) -> bool:
    own = facts_of(office, entry.account)
    if own is None:
        return True
    return _figures(facts) != _figures(own)


def _figures(facts: MemberFacts) -> tuple[Any, ...]:
    balances = {
        wallet: total
        for wallet, one in facts.wallets.items()
        if (total := sum(lot.amount for lot in one.lots))
    }
    vouchers = sorted(voucher.id for voucher in facts.vouchers)
    return facts.status, facts.tier, sorted(facts.segments), balances, vouchers


def _insert(office: Office, entry: Entry, basket: Basket, quote: Quote | None) -> None:
    rebates: dict[str, list[int]] = {}
    for line in quote.lines if quote else ():
        for rebate in line.rebates:
            rebates.setdefault(rebate.rule, [0, 0])[0] += rebate.amount_minor
        for earned in line.earned:
            rebates.setdefault(earned.rule, [0, 0])[1] += earned.points
    gross = sum(line.amount_minor for line in basket.lines)
    identified = entry.data.get("identified_by") or {}
    programme = quote.programme if quote else None
    changed = office.db.run(
        "INSERT OR IGNORE INTO receipt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'committed')",
        (
            entry.receipt,
            entry.incarnation,
            entry.seq,
            basket.store,
            basket.till,
            basket.cashier,
            entry.at,
            entry.account,
            str(identified.get("entry_mode", "")),
            len(basket.lines),
            gross,
            quote.due_minor if quote else gross,
            sum(rebate for rebate, _ in rebates.values()),
            int(bool(entry.data.get("offline"))),
            programme.id if programme else "",
            programme.version if programme else 0,
        ),
    )
    if not changed:
        _differ(office, entry, "receipt_twice", "another journal holds a receipt of this id")
        return
    office.db.run_many(
        "INSERT INTO receipt_rule VALUES (?, ?, ?, ?)",
        [(entry.receipt, rule, rebate, points) for rule, (rebate, points) in sorted(rebates.items())],
    )


def _differ(office: Office, entry: Entry, kind: str, detail: str) -> None:
    office.db.run(
        "INSERT INTO difference (incarnation, seq, receipt, kind, detail) VALUES (?, ?, ?, ?, ?)",
        (entry.incarnation, entry.seq, entry.receipt, kind, detail),
    )
