"""A member's life at two real tills and a real head office, in one programme that uses the whole language."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from agent.headoffice.facts import facts_of
from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.store.members import member_row
from agent.headoffice.verify import verify
from agent.loyalty.member import MemberFacts
from tests.headoffice.both_ends import CARD, ShopTill
from tests.headoffice.till_end import NOON

CLUB = (Path(__file__).parent / "whole_language.toml").read_bytes()
DAY = date(2026, 11, 24)


def line(number: int, sku: str, amount: int, *tags: str, quantity: str = "1") -> dict[str, Any]:
    return {"line": number, "sku": sku, "amount_minor": amount, "tags": list(tags), "quantity": quantity}


def sale(receipt: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "receipt_id": receipt, "sold_at": NOON.isoformat(), "store": "1", "till": "1-1", "currency": "USD",
        "cashier": "anna", "lines": list(lines), "instruments": [CARD], **more,
    }  # fmt: skip


def sell(till: ShopTill, told: dict[str, Any], *, tenders: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    till.ask()
    receipt = told["receipt_id"]
    quote = till.desk.call("quote", receipt, json.dumps(told).encode())
    body = {"basket": told, "etag": quote.etag, "tenders": list(tenders)}
    return till.desk.call("commit", receipt, json.dumps(body).encode())  # type: ignore[no-any-return]


def back(till: ShopTill, receipt: str, return_id: str, *lines: dict[str, Any]) -> dict[str, Any]:
    body = {"lines": list(lines), "returned_at": NOON.isoformat()}
    return till.desk.call("take_back", receipt, return_id, json.dumps(body).encode())  # type: ignore[no-any-return]


def void(till: ShopTill, receipt: str) -> None:
    till.desk.call("void", receipt, b"{}")


def of_member(office: Office, member: str) -> MemberFacts:
    row = member_row(office.store, member)
    assert row is not None, member
    return facts_of(office.store, row)


def at_office(office: Office) -> MemberFacts:
    return of_member(office, "m-1")


def figures(facts: MemberFacts | None) -> dict[str, Any]:
    """Return what both ends must agree on."""
    assert facts is not None
    lots = {
        name: {lot.lot: lot.amount for lot in one.lots if lot.amount} for name, one in facts.wallets.items()
    }
    counts = {
        rule: (one.position, one.today, one.lifetime)
        for rule, one in facts.counts.items()
        if (one.position, one.today, one.lifetime) != (0, 0, 0)
    }
    return {
        "lots": {name: held for name, held in lots.items() if held},
        "counts": counts,
        "measures": {key: amount for key, amount in facts.measures.items() if amount},
        "history": {rule: kept for rule, kept in facts.history.items() if kept},
        "vouchers": sorted(one.id for one in facts.vouchers),
    }


def agree(office: Office, *tills: ShopTill) -> dict[str, Any]:
    """Check that tills show what head office shows: before it told them, and after."""
    for one in tills:
        one.push()
    ours = figures(at_office(office))
    for one in tills:
        one.pull()
        assert figures(one.desk.ledger.read.facts("m-1", DAY)) == ours
    found = verify(office, Judge)
    assert (found.mistakes, found.differences) == ([], 0)
    return ours
