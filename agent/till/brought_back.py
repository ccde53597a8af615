"""Goods that come back in the middle of a sale: what its commit books for lines below zero.

A line that names its sale (`returns`) is a return of that sale, as the call of its own would book it.  One
without takes points out as the programme's `returns_without_original` says: none, or as many as selling
those goods now would earn.
"""

from datetime import date
from typing import Any, NamedTuple

from agent.errors import Conflict, Refused
from agent.journal.entry import Draft, LotAmount
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.loyalty.afterwards.return_policy import with_debt, without_original
from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import Compiled
from agent.loyalty.returns import ReturnEffects
from agent.till.quote import Agreed
from agent.till.returns import Kept, book_return, kept_of
from agent.till.shapes import ReturnBody, ReturnLine
from agent.till.versions import compiled_of


class BroughtBack(NamedTuple):
    """Lines of a basket that name the sales they come back from, as the returns they are."""

    returns: list[tuple[Kept, ReturnBody]]
    current: Compiled | None


class Booked(NamedTuple):
    """What came of them: the returns' answers, a difference for each refused one, and points to take out."""

    returns: list[dict[str, Any]]
    differences: list[str]
    taken_out: ReturnEffects

    @property
    def told(self) -> dict[str, Any]:
        """What the POS hears of it."""
        told = {"returns": self.returns, "taken_out": self.taken_out.earned}
        return {name: value for name, value in told.items() if value}


def brought_back(ledger: Ledger, basket: Basket, current: Compiled | None) -> BroughtBack:
    """Return what a basket brings back of other sales; `current` is the programme in force."""
    by_sale: dict[str, list[Line]] = {}
    for line in basket.lines:
        if line.returns is not None:
            by_sale.setdefault(line.returns.receipt_id, []).append(line)
    return BroughtBack(
        [(kept_of(ledger, sale), _body(basket, lines)) for sale, lines in by_sale.items()], current
    )


def book_brought_back(tx: Transaction, back: BroughtBack, agreed: Agreed) -> Booked:
    """Book the returns inside a paid receipt.

    The money was given already, so nothing is refused to the POS: a return that cannot be is a difference.
    """
    answers, differences = [], []
    for kept, body in back.returns:
        try:
            answers.append(book_return(tx, kept, agreed.basket.receipt_id, body, current=back.current))
        except (Refused, Conflict):
            differences.append(f"return_refused/{kept.receipt_id}")
    return Booked(answers, differences, _without_sale(tx, agreed, back.current))


def claw_back(tx: Transaction, agreed: Agreed, effects: ReturnEffects, current: Compiled | None) -> None:
    """Take points out for goods without their receipt, as far as the wallet's `debt` allows.

    What the member has goes first-expiring; what is missing is a lot below zero, named after its entry.
    """
    compiled = compiled_of(current, tx, agreed.quote.programme) if effects.earned else None
    if compiled is None:
        return
    balances = {wallet: tx.balance(agreed.member, wallet) for wallet in effects.earned}
    for wallet, points in sorted(with_debt(effects, compiled.programme, balances).earned.items()):
        tx.append(_clawback(tx, agreed, wallet, points))


def _without_sale(tx: Transaction, agreed: Agreed, current: Compiled | None) -> ReturnEffects:
    """Return the points that lines below zero without their sale take out, before any debt policy."""
    is_plain = all(line.amount_minor >= 0 or line.returns is not None for line in agreed.basket.lines)
    compiled = None if is_plain else compiled_of(current, tx, agreed.quote.programme)
    if compiled is None:
        return ReturnEffects()
    return without_original(compiled, agreed.facts, agreed.basket, agreed.at)


def _clawback(tx: Transaction, agreed: Agreed, wallet: str, points: int) -> Draft:
    lots = _lots(tx, agreed.member, wallet, points, agreed.day)
    return Draft(
        "CLAWBACK",
        receipt=agreed.basket.receipt_id,
        part=wallet,
        account=agreed.member,
        unit=wallet,
        amount=-points,
        lots=lots,
        at=agreed.at.isoformat(),
        actor=agreed.basket.cashier,
    )


def _lots(tx: Transaction, member: str, wallet: str, points: int, day: date) -> list[LotAmount]:
    facts = tx.facts(member, day)
    held = facts.wallets.get(wallet) if facts else None
    lots: list[LotAmount] = []
    for lot in held.lots if held else []:
        part = min(points, lot.amount)
        if part > 0:
            lots.append((lot.lot, -part))
            points -= part
    return lots + ([(tx.next_lot(), -points)] if points else [])


def _body(basket: Basket, lines: list[Line]) -> ReturnBody:
    """Read lines below zero as a return: by quantity where they say one, else by amount."""
    asked = [ReturnLine(line.returns.line, **_how_much(line)) for line in lines if line.returns is not None]
    return ReturnBody(asked, basket.sold_at, basket.cashier)


def _how_much(line: Line) -> dict[str, Any]:
    quantity = line.quantity.lstrip("-")
    return {"quantity": quantity} if quantity.strip("0.") else {"amount_minor": abs(line.amount_minor)}
