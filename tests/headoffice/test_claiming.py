"""An anonymous receipt that became a member's: head office judges the claim again and books the same."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.report import report
from agent.headoffice.store import log
from agent.headoffice.verify import verify
from agent.journal.entry import Entry, entry_from
from tests.headoffice.both_ends import CARD, ShopTill, Tills, open_office, two_tills
from tests.headoffice.lived import CLUB, agree, back, line, sale, sell, void
from tests.headoffice.till_end import book

GOODS = (line(1, "milk", 8000), line(2, "plum", 4000))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path, CLUB, name="club.toml", members="member\nm-1\n") as office:
        yield office


@pytest.fixture
def tills(office: Office, tmp_path: Path) -> Iterator[Tills]:
    with two_tills(office, tmp_path, programme=CLUB) as both:
        yield both


def claimed(till: ShopTill, receipt: str = "r1") -> dict[str, Any]:
    """Sell to nobody, then let the member claim it."""
    sell(till, sale(receipt, *GOODS, instruments=[]))
    token = till.desk.identify(CARD)["identification_id"]
    body = json.dumps({"identification_id": token}).encode()
    return till.desk.call("claim", receipt, body)  # type: ignore[no-any-return]


def differences(office: Office) -> dict[str, int]:
    return log.difference_counts(office.store)


def test_both_ends_agree_on_what_a_claimed_receipt_earned(office: Office, tills: Tills) -> None:
    told = claimed(tills[0])
    ours = agree(office, *tills)
    earned = {one["wallet"]: one["earn"] for one in told["wallets"] if one["earn"]}
    assert {name: sum(lots.values()) for name, lots in ours["lots"].items()} == earned
    assert earned
    row = office.store.row("SELECT member FROM receipt WHERE receipt = 'r1'")
    assert row is not None
    assert row["member"] == "m-1"


@pytest.mark.parametrize("where", [0, 1], ids=["at its own till", "at another till"])
def test_goods_of_a_claimed_receipt_come_back_to_nothing(office: Office, tills: Tills, where: int) -> None:
    before = agree(office, *tills)
    claimed(tills[0])
    agree(office, *tills)
    back(tills[where], "r1", "b1", {"line": 1})
    agree(office, *tills)
    back(tills[where], "r1", "b2", {"line": 2})
    after = agree(office, *tills)
    assert (after["lots"], after["measures"]) == (before["lots"], before["measures"])


def test_a_voided_claim_leaves_nothing(office: Office, tills: Tills) -> None:
    before = agree(office, *tills)
    claimed(tills[0])
    void(tills[0], "r1")
    assert agree(office, *tills) == before


def test_a_claim_after_a_return_at_another_till_is_told(office: Office, tills: Tills) -> None:
    sell(tills[0], sale("r1", *GOODS, instruments=[]))
    tills[0].push()
    back(tills[1], "r1", "b1", {"line": 1})
    tills[1].push()
    body = {"identification_id": tills[0].desk.identify(CARD)["identification_id"]}
    tills[0].desk.call("claim", "r1", json.dumps(body).encode())
    tills[0].push()
    assert differences(office)["claim_after_return"] == 1


def change_claim(till: ShopTill, change: Any) -> Entry:
    """Take what the till wrote, with its claim changed, as a till of ill will would send it."""
    for at, body in enumerate(till.end.bodies):
        entry = entry_from(body)
        if entry.kind == "CLAIM":
            changed: Entry = change(entry)
            till.end.bodies[at] = msgspec.msgpack.Encoder(order="sorted").encode(changed)
            return changed
    raise AssertionError


def forged(till: ShopTill, change: Any) -> Entry:
    claimed(till)
    till.end.bodies = [body for _, body, _ in till.desk.ledger.read.entries(0, 1000)]
    return change_claim(till, change)


def test_a_claim_that_promises_more_than_ours_is_a_difference(office: Office, tills: Tills) -> None:
    def more(entry: Entry) -> Entry:
        data = msgspec.json.decode(msgspec.json.encode(entry.data))
        data["quote"]["lots"][0]["points"] += 1
        return msgspec.structs.replace(entry, data=data)

    assert [one.kind for one in Judge(office.store)(forged(tills[0], more))] == ["difference"]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("claim_differs", lambda one: {"data": {**one.data, "at": "2026-11-23T12:00:00+00:00"}}),
        ("claim_without_receipt", lambda _: {"receipt": "r7"}),
    ],
)
def test_a_claim_of_something_else_is_parked(office: Office, tills: Tills, kind: str, change: Any) -> None:
    forged(tills[0], lambda one: msgspec.structs.replace(one, **change(one)))
    tills[0].end.push(office)
    book(office)
    assert differences(office)[kind] == 1


def test_the_report_counts_claims_and_prompts_by_cashier(office: Office, tills: Tills) -> None:
    claimed(tills[0])
    for outcome in ("shown", "taken"):
        body = {"code": "ask_for_card", "outcome": outcome, "cashier": "anna"}
        asyncio.run(tills[0].desk.checkout.talk.prompt("r2", json.dumps(body).encode()))
    sell(tills[0], sale("r2", *GOODS, instruments=[]))
    tills[0].push()
    told = report(office)
    assert told["claims_by_cashier"] == [{"store": "1", "cashier": "anna", "claims": 1}]
    assert told["prompts"] == [
        {"code": "ask_for_card", "rule": "", "cashier": "anna", "shown": 1, "taken": 1, "declined": 0}
    ]
    assert verify(office, Judge).mistakes == []
