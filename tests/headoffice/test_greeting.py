"""Who agreed to it is greeted by a first name and an initial; nobody else is, and nothing else is told."""

from pathlib import Path

import msgspec
import pytest

from agent.headoffice import people
from agent.headoffice.greeting import greet
from agent.headoffice.members import block, card_tag
from agent.headoffice.office import Office
from agent.headoffice.store import counter
from agent.journal.box import seal_box
from agent.sync.announced import BoxSent, People
from tests.headoffice.till_end import TillEnd, book

NUMBER = "2990000000017"
FULL = "Anna Maria Korhonen"


@pytest.fixture
def named(office: Office, till: TillEnd) -> Office:
    """The member of NUMBER told a till a name, and agreed to be greeted by it."""
    told = people.sealing_key(office, b"")
    assert told is not None
    plain = msgspec.msgpack.encode({"phone": "", "language": "fi", "name": FULL})
    box = seal_box(told.key, plain, "m-1", b"r" * 32)
    people.receive(office, till.name, People(till.incarnation, [BoxSent(1, "m-1", box)]))
    consent(office, till, granted=True)
    return office


def consent(office: Office, till: TillEnd, *, granted: bool) -> None:
    data = {"purpose": "greeting", "granted": granted, "text_version": "en-1", "channel": "till"}
    till.add("CONSENT", account="m-1", at=f"2026-11-24T12:00:{len(till.bodies):02}+00:00", data=data)
    till.push(office)
    book(office)


def greeted(office: Office) -> str:
    return greet(office, card_tag(office, NUMBER)).name


def test_who_agreed_is_greeted_by_a_first_name_and_an_initial(named: Office) -> None:
    assert greeted(named) == "Anna K."
    assert greet(named, b"\0" * 16).name == ""


def test_who_takes_the_consent_back_is_greeted_no_more(named: Office, till: TillEnd) -> None:
    consent(named, till, granted=False)
    assert greeted(named) == ""


def test_the_last_name_that_was_told_counts(named: Office, till: TillEnd) -> None:
    told = people.sealing_key(named, b"")
    assert told is not None
    for number, (name, told_ms) in enumerate((("Anya Later", 2_000), ("Ann Between", 1_000), ("", 3_000))):
        plain = msgspec.msgpack.encode({"name": name, "told_ms": told_ms})
        box = seal_box(told.key, plain, "m-1", bytes([number + 1]) * 32)
        people.receive(named, till.name, People(till.incarnation, [BoxSent(number + 2, "m-1", box)]))
    assert greeted(named) == "Anya L."


def test_a_blocked_card_is_not_greeted(named: Office) -> None:
    block(named, NUMBER, "lost")
    assert greeted(named) == ""


def test_a_name_lies_here_only_in_its_box(named: Office) -> None:
    assert [one.name for one in people.persons(named, "m-1")] == [FULL]
    assert counter.persons_of(named.store, "m-1")
    named.close()
    for path in Path(named.state).rglob("*"):
        assert not path.is_file() or b"Korhonen" not in path.read_bytes(), path
