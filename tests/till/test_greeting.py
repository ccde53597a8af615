"""A greeting by name: from head office to the screens of this till, and nowhere else."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.journal.tag import tag_of
from agent.ledger.marks import SEALING_KEY
from agent.till.greeting import Greeter
from tests.screen.counter import Counter, quoted
from tests.till.desk import CARD, FLEET_KEY, basket

NAME = "Zerafina Q."
FULL = b"Zerafina Quillfeather"
OFFICE_KEY = "8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f"


class Office:
    """The lane to head office: one name, and who was asked for."""

    def __init__(self) -> None:
        self.name = NAME
        self.asked: list[bytes] = []

    async def ask_name(self, tag: bytes) -> str:
        self.asked.append(tag)
        return self.name


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def counter(tmp_path: Path, office: Office) -> Iterator[Counter]:
    one = Counter(tmp_path)
    one.know_member(1250)
    greeter = Greeter(one.quoter.seal, one.checkout.events, office.ask_name)
    one.cards._greet = greeter.greet
    yield one
    one.ledger.close()


def shown(counter: Counter, **more: Any) -> str:
    """Identify somebody and wait for head office; return what goes into a basket."""

    async def go() -> str:
        body = json.dumps({"value": CARD, **more}).encode()
        told = await counter.checkout.identify(body, "pos")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return str(told["identification_id"])

    return asyncio.run(go())


def titles(counter: Counter) -> list[str]:
    cards = [counter.screen(role).card for role in ("cashier", "customer")]
    return [card.title for card in cards if card is not None]


def test_both_screens_greet_whoever_shows_a_card(counter: Counter, office: Office) -> None:
    token = shown(counter)
    assert titles(counter) == [NAME, f"Welcome, {NAME}"]
    assert office.asked == [tag_of("card", CARD, FLEET_KEY)]
    moment = counter.screen().moment
    quoted(counter, instruments=[token])
    assert titles(counter) == [NAME, f"Welcome, {NAME}"]
    assert counter.screen().moment == str(int(moment) + 1), "a name makes no sound"


def test_a_name_goes_with_its_receipt_and_with_the_next_card(counter: Counter) -> None:
    token = shown(counter)
    body = json.dumps({"basket": basket(instruments=[token])}).encode()
    counter.call("commit", "r1", body)
    assert titles(counter) == ["Card", "Welcome"]
    shown(counter)
    counter.identify("2990000000026")
    assert titles(counter) == ["Unknown card", "Unknown card"]


def test_without_a_name_or_with_a_number_that_was_typed_nobody_is_greeted(
    counter: Counter, office: Office
) -> None:
    shown(counter, entry_mode="Keyed")
    assert (titles(counter), office.asked) == (["Card", "Welcome"], [])
    office.name = ""
    shown(counter)
    assert (titles(counter), len(office.asked)) == (["Card", "Welcome"], 1)


def test_a_name_that_comes_too_late_greets_nobody_else(counter: Counter) -> None:
    counter.identify("2990000000026")
    here = {"identification_id": "another", "greeting": NAME}
    counter.checkout.events.publish("member.greeted", {"masked": "…"}, here=here)
    assert titles(counter) == ["Unknown card", "Unknown card"]


def test_no_event_log_or_file_of_the_till_holds_a_name(
    counter: Counter, capfd: pytest.CaptureFixture[str], office: Office
) -> None:
    counter.write(lambda tx: tx.set_mark(SEALING_KEY, OFFICE_KEY))
    consent = {"purpose": "greeting", "granted": True, "text_version": "en-1", "channel": "till"}
    token = counter.identify("2990000000026")["identification_id"]
    body = {"request_id": "q", "identification_id": token, "name": FULL.decode(), "consents": [consent]}
    counter.call("join", json.dumps(body).encode())
    assert len(counter.ledger.read.boxes()) == 1
    assert shown(counter)
    assert titles(counter)[0] == NAME
    sent = b"".join(message for _, message in counter.checkout.events._ring)
    assert b"member.greeted" in sent
    counter.reopen()
    content = b"".join(path.read_bytes() for path in counter.folder.rglob("*") if path.is_file())
    out, err = capfd.readouterr()
    for text in (sent, content, out.encode(), err.encode()):
        assert b"Zerafina" not in text


def test_a_name_without_consent_is_not_even_sealed(counter: Counter) -> None:
    token = counter.identify("2990000000026")["identification_id"]
    body = {"request_id": "q", "identification_id": token, "name": FULL.decode()}
    counter.call("join", json.dumps(body).encode())
    assert counter.ledger.read.boxes() == []


def test_a_member_of_long_may_tell_a_name_and_agree(counter: Counter) -> None:
    counter.write(lambda tx: tx.set_mark(SEALING_KEY, OFFICE_KEY))
    token = counter.identify()["identification_id"]
    consent = {"purpose": "greeting", "granted": True, "text_version": "en-1", "channel": "till"}
    for granted, boxes in ((False, 0), (True, 1)):
        body = {"consents": [{**consent, "granted": granted}], "name": FULL.decode()}
        counter.call("consent", token, json.dumps(body).encode())
        assert len(counter.ledger.read.boxes()) == boxes


def test_a_till_asks_only_where_it_is_told_to(tmp_path: Path) -> None:
    one = Counter(tmp_path / "quiet")
    assert one.cards._greet is None
    one.ledger.close()
