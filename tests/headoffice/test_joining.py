"""Members who joined at tills: booked, merged where they joined twice, and their words kept."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.headoffice import people
from agent.headoffice.erasing import erase
from agent.headoffice.members import block, show
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.headoffice.reexecute import Judge
from agent.headoffice.store import log, members
from agent.headoffice.verify import verify
from agent.ledger.marks import SEALING_KEY
from agent.sync.announced import BoxSent, People, PeopleTaken
from agent.sync.wire import Refusal
from tests.headoffice.both_ends import ShopTill, Tills
from tests.headoffice.lived import line, sale
from tests.headoffice.till_end import PROGRAMME, StillClock
from tests.till.desk import Desk

pytest.importorskip("phonenumbers")
PHONE = "+358401234567"
FRESH = "2990000000026"
NEWS = {"purpose": "news", "granted": True, "text_version": "2026-11", "channel": "till"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "state", StillClock(), serving=True)
    publish(office, PROGRAMME, name="household-club.toml")
    yield office
    office.close()


@pytest.fixture
def tills(office: Office, tmp_path: Path) -> Iterator[Tills]:
    one, other = (ShopTill(office, tmp_path, f"1-{number}", number) for number in (1, 2))
    told = people.sealing_key(office, b"")
    assert told is not None
    for till in (one, other):
        till.pull()
        till.desk.write(lambda tx: tx.set_mark(SEALING_KEY, told.key.hex()))
    yield one, other
    for till in (one, other):
        till.close()


def join(till: ShopTill, request: str = "q1", **more: Any) -> Any:
    body = {"request_id": request, "phone": PHONE, "cashier": "anna", **more}
    return till.desk.call("join", json.dumps(body).encode(), "pos")


def sell(desk: Desk, receipt: str, token: str) -> dict[str, Any]:
    basket = sale(receipt, line(1, "milk", 8000), instruments=[token])
    quote = desk.call("quote", receipt, json.dumps(basket).encode())
    body = {"basket": basket, "etag": quote.etag}
    return desk.call("commit", receipt, json.dumps(body).encode())  # type: ignore[no-any-return]


def hand_over(till: ShopTill) -> Any:
    boxes = [BoxSent(*one) for one in till.desk.ledger.read.boxes()]
    return people.receive(till.office, till.end.name, People(till.end.incarnation, boxes))


def member_of(till: ShopTill, request: str = "q1") -> str:
    return till.desk.checkout._quoter.seal.member_of(request)


def sound(office: Office) -> None:
    found = verify(office, Judge)
    assert (found.mistakes, found.differences, found.parked) == ([], 0, 0)


def test_who_joined_at_two_tills_that_could_not_know_becomes_one_member(office: Office, tills: Tills) -> None:
    earned = []
    for number, till in enumerate(tills):
        till.desk.clock.at += timedelta(minutes=number)
        told = join(till, consents=[{**NEWS, "granted": bool(number)}])
        assert told["provisional"]
        earned.append(sell(till.desk, f"r{number}", told["identification_id"])["wallets"][0]["earn"])
    for till in tills:
        till.push()
    heir, other = member_of(tills[0]), member_of(tills[1])
    assert members.owner_of(office.store, other) == heir
    shown = show(office, heir)
    assert shown["balances"]["points"] == 2 * earned[0] == 2 * earned[1] > 0
    assert [(one["purpose"], one["granted"]) for one in shown["consents"]] == [("news", True)]
    sound(office)
    for till in tills:
        till.pull()
        by_phone = {"value": PHONE, "identification_type": "PhoneNumber"}
        again = till.desk.call("identify", json.dumps(by_phone).encode(), "pos")
        assert till.desk.checkout._quoter.seal.open(again["identification_id"]).member == heir  # type: ignore[union-attr]
        day = StillClock().at.date()
        facts = till.desk.ledger.read.facts(heir, day)
        assert facts is not None
        assert sum(lot.amount for lot in facts.wallets["points"].lots) == shown["balances"]["points"]


def test_a_box_is_opened_here_alone_and_kept_closed(office: Office, tills: Tills) -> None:
    join(tills[0])
    assert hand_over(tills[0]) == PeopleTaken([1])
    tills[0].push()
    assert [one["phone"] for one in show(office, member_of(tills[0]))["persons"]] == [PHONE]
    books = (office.state / "books.db").read_bytes() + (office.state / "books.db-wal").read_bytes()
    assert PHONE.encode() not in books
    assert hand_over(tills[0]) == PeopleTaken([1])  # an answer was lost
    assert len(show(office, member_of(tills[0]))["persons"]) == 1


def test_a_box_that_comes_after_the_members_became_one_is_the_heirs(office: Office, tills: Tills) -> None:
    for till in tills:
        join(till)
        till.push()
    hand_over(tills[1])
    assert [one["phone"] for one in show(office, member_of(tills[0]))["persons"]] == [PHONE]


def test_an_erasure_empties_what_was_told_and_stays_empty(office: Office, tills: Tills) -> None:
    join(tills[0])
    tills[0].push()
    hand_over(tills[0])
    member = member_of(tills[0])
    erase(office, member)
    assert people.persons(office, member) == []
    hand_over(tills[0])
    assert people.persons(office, member) == []


def test_boxes_of_a_journal_that_is_not_this_tills_are_refused(office: Office, tills: Tills) -> None:
    join(tills[0])
    boxes = [BoxSent(*one) for one in tills[0].desk.ledger.read.boxes()]
    told = people.receive(office, "1-2", People(tills[0].end.incarnation, boxes))
    assert isinstance(told, Refusal)


def test_a_card_attached_at_a_till_leads_to_the_member_everywhere(office: Office, tills: Tills) -> None:
    token = join(tills[0])["identification_id"]
    fresh = tills[0].desk.identify(FRESH)["identification_id"]
    tills[0].desk.call("attach", token, json.dumps({"identification_id": fresh}).encode())
    tills[0].push()
    tills[1].pull()
    assert tills[1].desk.identify(FRESH)["result"] == "identified"
    sound(office)


def test_a_card_that_two_members_attached_is_the_firsts_and_told(office: Office, tills: Tills) -> None:
    for number, till in enumerate(tills):
        token = join(till, phone=f"+35840123456{number}")["identification_id"]
        fresh = till.desk.identify(FRESH)["identification_id"]
        till.desk.call("attach", token, json.dumps({"identification_id": fresh}).encode())
    for till in tills:
        till.push()
    assert log.difference_counts(office.store)["card_not_attached"] == 1
    for till in tills:
        till.pull()
    assert members.owner_of(office.store, member_of(tills[0])) == member_of(tills[0])


def test_a_blocked_members_phone_takes_nobody_in_elsewhere(office: Office, tills: Tills) -> None:
    join(tills[0])
    tills[0].push()
    block(office, member_of(tills[0]), "fraud")
    tills[1].pull()
    with pytest.raises(Exception, match="must not serve"):
        join(tills[1])
