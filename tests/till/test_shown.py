"""What the customer showed becomes member facts; another tender than planned is told, with the cashier."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.loyalty.member import MemberFacts
from agent.till.shown import as_shown
from agent.till.tokens import Identification
from tests.till.desk import CARD, NOON, Desk, basket
from tests.till.test_paying import events_of

CARD_PAYS = b"""
[programme]
id = "tender"
version = 1
currency = "USD"
time_zone = "UTC"
semantics = 1
name = { en = "Tender", ru = "Tender", fi = "Tender" }
[wallet.points]
name = { en = "points", ru = "points", fi = "points" }
[rule.partner]
name = { en = "partner card", ru = "partner card", fi = "partner card" }
when = { tender = "partner" }
take_off = { percent = "10" }
"""


@pytest.mark.parametrize(
    ("mode", "kind", "shown", "instrument"),
    [
        ("Scanned", "card", True, "plastic"),
        ("Tapped", "card", True, "plastic"),
        ("Mobile", "card", True, "app"),
        ("Scanned", "app", True, "app"),
        ("Keyed", "card", False, ""),
        ("Keyed", "phone", False, "phone"),
        ("Scanned", "phone", False, "phone"),
    ],
)
def test_how_a_number_was_read_says_what_was_shown(
    mode: str, kind: str, shown: bool, instrument: str
) -> None:
    facts = as_shown(MemberFacts("m1"), Identification("m1", b"t", mode, 0, "", kind))
    assert (facts.card_shown, facts.instrument) == (shown, instrument)


def test_a_scanned_card_is_shown_and_a_typed_one_is_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.know_member(0)
    scanned = desk.identify()["identification_id"]
    found = [_facts(desk, f"r{number}", one) for number, one in enumerate((scanned, CARD))]
    assert [(one["card_shown"], one["instrument"]) for one in found] == [(True, "plastic"), (False, "")]
    desk.ledger.close()


@pytest.mark.parametrize("planned", [["partner"], ["cash"], []])
@pytest.mark.parametrize("paid", ["partner", "cash"])
def test_a_rule_given_for_a_tender_that_did_not_come_is_an_alarm_with_cashier_and_till(
    tmp_path: Path, planned: list[str], paid: str
) -> None:
    desk = Desk(tmp_path, programme=CARD_PAYS)
    sale = basket(
        "r1", cashier="anna", planned_tenders=[{"kind": one, "amount_minor": 1550} for one in planned]
    )
    quote = desk.call("quote", "r1", json.dumps(sale).encode())
    body = {"basket": sale, "etag": quote.etag, "tenders": [{"kind": paid, "amount_minor": 1550}]}
    answer = desk.call("commit", "r1", json.dumps(body).encode())
    is_wrong = bool(planned) and planned != [paid]
    assert ("tender_rule" in answer["differences"]) == is_wrong
    assert ("tender_differs" in answer["differences"]) == is_wrong
    wanted = {"receipt_id": "r1", "code": "tender_rule", "till": "1-1", "cashier": "anna"}
    assert (wanted in events_of(desk, "alarm")) == is_wrong
    desk.ledger.close()


def _facts(desk: Desk, receipt: str, instrument: str) -> dict[str, Any]:
    sale = basket(receipt, instruments=[instrument], sold_at=NOON.isoformat())
    quote = desk.call("quote", receipt, json.dumps(sale).encode())
    desk.call("commit", receipt, json.dumps({"basket": sale, "etag": quote.etag}).encode())
    return dict(desk.ledger.read.entries_of(receipt)[0].data["facts"])
