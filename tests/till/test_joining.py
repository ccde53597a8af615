"""Somebody joins at the counter, offline too: earns at once, and nothing personal stays here in the clear."""

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from agent.errors import LedgerReadOnly, LoyaltyError, Refused
from agent.journal.box import open_box
from agent.journal.entry import entry_from
from agent.journal.tag import tag_of
from agent.ledger.marks import SEALING_KEY
from agent.ledger.verify import verify
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.wire import Delta, MemberRow
from agent.till.guard import PHONES
from tests.till.desk import FLEET_KEY, Desk, basket, sell

pytest.importorskip("phonenumbers")
PHONE, PLAIN = "+358 40 123 4567", "+358401234567"
FRESH = "2990000000026"
OFFICE = X25519PrivateKey.from_private_bytes(b"o" * 32)
NEWS = {"purpose": "news", "granted": True, "text_version": "2026-11", "channel": "till"}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    key = OFFICE.public_key().public_bytes_raw().hex()
    desk.write(lambda tx: tx.set_mark(SEALING_KEY, key))
    return desk


def join(desk: Desk, request: str = "q1", **more: Any) -> Any:
    body = {"request_id": request, **({"phone": PHONE} if "identification_id" not in more else {}), **more}
    return desk.call("join", json.dumps(body).encode(), "pos")


def by_phone(desk: Desk, phone: str = PHONE, peer: str = "pos") -> Any:
    body = json.dumps({"value": phone, "identification_type": "PhoneNumber", "entry_mode": "Keyed"}).encode()
    return desk.call("identify", body, peer)


def refused(desk: Desk, call: str, *arguments: Any) -> str:
    with pytest.raises(LoyaltyError) as why:
        desk.call(call, *arguments)
    assert isinstance(why.value, Refused), why.value
    return why.value.refusal


def kinds(desk: Desk) -> list[str]:
    return [entry_from(body).kind for _, body, _ in desk.ledger.read.entries(0, 1000)]


def test_a_member_who_joins_earns_at_once_and_is_known_by_phone(desk: Desk) -> None:
    told = join(desk, consents=[NEWS, {**NEWS, "purpose": "profiling", "granted": False}], cashier="7")
    assert (told["result"], told["provisional"], told["confirm"]) == ("identified", True, True)
    assert kinds(desk) == ["ENROL", "CONSENT", "CONSENT"]
    _, paid = sell(desk, basket(instruments=[told["identification_id"]]))
    assert paid["wallets"][0]["earn"] > 0
    again = by_phone(desk)
    assert again["result"] == "identified"
    assert verify(desk.folder).ok


def test_the_phone_is_nowhere_on_the_till_but_in_a_box_for_head_office(desk: Desk) -> None:
    join(desk)
    ((_, member, box),) = desk.ledger.read.boxes()
    desk.reopen()
    for path in desk.folder.rglob("*"):
        if path.is_file():
            assert PLAIN.encode() not in path.read_bytes(), path
            assert PLAIN[1:].encode() not in path.read_bytes(), path
    plain = open_box(b"o" * 32, box, member)
    assert plain is not None
    assert PLAIN.encode() in plain
    assert open_box(b"o" * 32, box, "m-other") is None
    assert open_box(b"p" * 32, box, member) is None


def test_a_box_that_was_handed_over_is_out_of_every_file(desk: Desk) -> None:
    join(desk)
    ((number, _, box),) = desk.ledger.read.boxes()
    desk.write(lambda tx: tx.drop_boxes([number]))
    desk.ledger.close()
    for path in desk.folder.rglob("*"):
        assert not path.is_file() or box not in path.read_bytes(), path
    desk.open()
    assert verify(desk.folder).ok


def test_the_same_request_again_takes_nobody_else_in(desk: Desk) -> None:
    first = join(desk)
    assert {**join(desk), "identification_id": ""} == {**first, "identification_id": ""}
    assert kinds(desk) == ["ENROL"]
    body = json.dumps({"request_id": "q1", "phone": "+358409999999"}).encode()
    assert refused(desk, "join", body, "pos") == "cannot_enrol"


def test_a_fresh_card_serves_as_well_and_a_member_is_found_again(desk: Desk) -> None:
    token = desk.identify(FRESH)["identification_id"]
    told = join(desk, identification_id=token)
    assert (told["result"], told["provisional"], "confirm" in told) == ("identified", True, False)
    assert desk.identify(FRESH)["result"] == "identified"
    assert desk.ledger.read.boxes() == []
    assert join(desk, "q2", identification_id=token)["provisional"] is False


def test_the_programme_or_a_missing_key_may_say_no(desk: Desk) -> None:
    desk.write(lambda tx: tx.set_mark(SEALING_KEY, ""))
    body = json.dumps({"request_id": "q1", "phone": PHONE}).encode()
    assert refused(desk, "join", body, "pos") == "cannot_enrol"
    assert kinds(desk) == []


@pytest.mark.parametrize("phone", ["040 123 4567", "+358", "hello"])
def test_what_is_no_phone_number_is_refused(desk: Desk, phone: str) -> None:
    assert refused(desk, "join", json.dumps({"request_id": "q", "phone": phone}).encode()) == "unreadable"


def test_a_payment_card_is_no_phone_number(desk: Desk) -> None:
    body = json.dumps({"value": "4111111111111111", "identification_type": "PhoneNumber"}).encode()
    assert refused(desk, "identify", body, "pos") == "payment_card_refused"


def test_a_further_card_leads_to_the_member_and_to_nobody_else(desk: Desk) -> None:
    told = join(desk)
    token = told["identification_id"]
    body = json.dumps({"identification_id": desk.identify(FRESH)["identification_id"]}).encode()
    assert desk.call("attach", token, body)["attached"]
    assert desk.call("attach", token, body)["attached"]
    assert kinds(desk) == ["ENROL", "CARD"]
    assert desk.identify(FRESH)["result"] == "identified"
    other = join(desk, "q2", phone="+358409999999")["identification_id"]
    assert refused(desk, "attach", other, body) == "card_taken"
    assert refused(desk, "attach", "of-nobody", body) == "member_unknown"


def test_what_cannot_be_written_is_said(desk: Desk) -> None:
    token = join(desk)["identification_id"]
    fresh = desk.identify(FRESH)["identification_id"]
    desk.ledger._writer.close()
    calls: list[tuple[Any, ...]] = [
        ("join", json.dumps({"request_id": "q2", "phone": "+358409999999"}).encode()),
        ("attach", token, json.dumps({"identification_id": fresh}).encode()),
        ("consent", token, json.dumps({"consents": [NEWS]}).encode()),
    ]
    for name, *arguments in calls:
        with pytest.raises(LedgerReadOnly):
            desk.call(name, *arguments)


def test_a_consent_is_withdrawn_by_another_entry(desk: Desk) -> None:
    token = join(desk, consents=[NEWS])["identification_id"]
    desk.call("consent", token, json.dumps({"consents": [{**NEWS, "granted": False}]}).encode())
    assert kinds(desk) == ["ENROL", "CONSENT", "CONSENT"]


def know(desk: Desk, points: int, *, status: str = "active") -> None:
    """Let head office tell a member with this phone."""
    facts = MemberFacts("m9", status=status, wallets={"points": WalletFacts([Lot("l9", points)])})
    row = MemberRow("m9", 1, [tag_of("phone", PLAIN, FLEET_KEY)], facts)
    desk.write(lambda tx: tx.apply_delta(Delta(0, 1, more=False, booked_seq=0, members=[row])))


def test_a_bare_phone_number_tells_no_balance_and_is_to_be_confirmed(desk: Desk) -> None:
    know(desk, 500)
    told = by_phone(desk)
    assert (told["result"], told["wallets"], told["confirm"]) == ("identified", [], True)


def test_an_unknown_and_a_blocked_phone_are_answered_alike(desk: Desk) -> None:
    unknown = by_phone(desk)
    know(desk, 500, status="blocked")
    blocked = by_phone(desk)
    assert {**unknown, "identification_id": ""} == {**blocked, "identification_id": ""}
    assert len(unknown["identification_id"]) == len(blocked["identification_id"])


def test_nobody_goes_through_phone_numbers(desk: Desk) -> None:
    for _ in range(PHONES):
        by_phone(desk)
    body = json.dumps({"value": PHONE, "identification_type": "PhoneNumber"}).encode()
    assert refused(desk, "identify", body, "pos") == "too_many_unknown_cards"
    desk.clock.at += timedelta(minutes=1)
    by_phone(desk)


def test_a_phone_number_alone_spends_nothing(desk: Desk) -> None:
    desk.know_member(500)
    desk.allow(500)
    know_phone_of_m1(desk)
    sale = basket(instruments=[by_phone(desk)["identification_id"]], redeem={"points": 100})
    quote = desk.call("quote", "r1", json.dumps(sale).encode())
    assert [(one.redeem, one.max_redeem) for one in quote.wallets if one.wallet == "points"] == [(0, 0)]
    body = json.dumps({"etag": quote.etag, "basket": sale}).encode()
    assert refused(desk, "hold", "r1", body) == "second_factor_needed"


def know_phone_of_m1(desk: Desk) -> None:
    desk.write(lambda tx: tx.attach("m1", [tag_of("phone", PLAIN, FLEET_KEY)]))


def test_what_head_office_tells_of_a_provisional_member_takes_the_place_of_ours(desk: Desk) -> None:
    told = join(desk)
    sell(desk, basket(instruments=[told["identification_id"]]))
    member = desk.checkout._quoter.seal.member_of("q1")
    facts = MemberFacts(member, wallets={"points": WalletFacts([Lot("l", 7)])})
    row = MemberRow(member, 5, [tag_of("phone", PLAIN, FLEET_KEY)], facts)
    head = desk.ledger.read.head()[0]
    desk.write(lambda tx: tx.acknowledge(desk.ledger.incarnation, head, desk.ledger.read.hash_of(head)))
    desk.write(lambda tx: tx.apply_delta(Delta(0, 5, more=False, booked_seq=head, members=[row])))
    assert desk.ledger.read.balance(member, "points") == 7
    assert by_phone(desk)["result"] == "identified"
