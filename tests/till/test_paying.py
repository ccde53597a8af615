"""Holds, commits and voids in the situations that go wrong: crashes, repeats, late cards, our own faults."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from agent.errors import Conflict, Refused
from tests.till.desk import CARD, NOON, Desk, basket, sell

VISA = "4111111111111111"


def told(**document: Any) -> bytes:
    return json.dumps(document).encode()


def redeeming(desk: Desk, receipt_id: str = "r1", points: int = 300) -> dict[str, Any]:
    return basket(receipt_id, instruments=[desk.identify()["identification_id"]], redeem={"points": points})


def quoted(desk: Desk, sale: dict[str, Any]) -> str:
    return str(desk.call("quote", sale["receipt_id"], told(**sale)).etag)


def usable(desk: Desk) -> int:
    return desk.ledger.read.usable("m1", NOON.date()).get("points", 0)


def stored(desk: Desk) -> bytes:
    return b"".join(body for _, body, _ in desk.ledger.read.entries(0, 1000))


def events_of(desk: Desk, kind: str) -> list[dict[str, Any]]:
    lines = [message.decode().split("\n") for _, message in desk.checkout.events._ring]
    return [json.loads(data[6:]) for _, event, data, *_ in lines if event == f"event: {kind}"]


@pytest.fixture
def rich(desk: Desk) -> Desk:
    """A till that may spend 500 points of its one member."""
    desk.know_member(500)
    desk.allow(500)
    return desk


def test_a_hold_outlives_a_crash_and_the_commit_is_as_agreed(rich: Desk) -> None:
    sale = redeeming(rich)
    etag = quoted(rich, sale)
    rich.call("hold", "r1", told(etag=etag, basket=sale))
    rich.reopen()
    assert rich.call("recall", "r1") == {"receipt_id": "r1", "state": "held", "held": {"points": 300}}
    answer = rich.call("commit", "r1", told(etag=etag, basket=sale))
    assert answer["differences"] == []
    assert answer["due_minor"] == 1250
    assert rich.ledger.read.balance("m1", "points") == 500 - 300 + answer["wallets"][0]["earn"]


def test_a_second_hold_replaces_the_first_and_a_hold_of_nothing_frees_it(rich: Desk) -> None:
    for points, left in ((300, 200), (400, 100), (0, 500)):
        sale = redeeming(rich, points=points)
        rich.call("hold", "r1", told(etag=quoted(rich, sale), basket=sale))
        assert usable(rich) == left


def test_points_held_for_one_receipt_are_not_offered_to_another(rich: Desk) -> None:
    sale = redeeming(rich)
    rich.call("hold", "r1", told(etag=quoted(rich, sale), basket=sale))
    other = redeeming(rich, "r2", points=300)
    quote = rich.call("quote", "r2", told(**other))
    assert quote.wallets[0].max_redeem <= 200
    assert quote.wallets[0].redeem <= 200


def test_two_quotes_of_the_same_points_end_in_one_hold_and_an_offer_of_what_is_left(rich: Desk) -> None:
    first, second = redeeming(rich, "r1", 400), redeeming(rich, "r2", 400)
    etags = [quoted(rich, first), quoted(rich, second)]
    rich.call("hold", "r1", told(etag=etags[0], basket=first))
    with pytest.raises(Refused) as caught:
        rich.call("hold", "r2", told(etag=etags[1], basket=second))
    assert (caught.value.refusal, caught.value.values["max"]) == ("hold_too_large", 100)
    assert rich.checkout._gate.open_receipt == "r1"


def test_a_paid_receipt_whose_points_are_gone_is_booked_and_the_shortage_told(rich: Desk) -> None:
    first, second = redeeming(rich, "r1", 400), redeeming(rich, "r2", 400)
    etags = [quoted(rich, first), quoted(rich, second)]
    rich.call("commit", "r1", told(etag=etags[0], basket=first))
    answer = rich.call("commit", "r2", told(etag=etags[1], basket=second))
    assert answer["state"] == "committed"
    assert answer["differences"] == ["redeem_short/points/400"]
    assert events_of(rich, "alarm")[0]["code"] == "redeem_short/points/400"


def test_an_etag_is_good_for_its_own_member_only(desk: Desk) -> None:
    desk.know_member(0)
    etag = quoted(desk, basket(instruments=[desk.identify()["identification_id"]]))
    answer = desk.call("commit", "r1", told(etag=etag, basket=basket()))
    assert answer["differences"] == ["etag_mismatch", "no_quote"]
    assert answer["wallets"] == []


def test_the_token_of_an_old_read_serves_no_quote_but_the_commit_of_its_sale(desk: Desk) -> None:
    desk.know_member(0)
    sale = basket(instruments=[desk.identify()["identification_id"]])
    etag = quoted(desk, sale)
    desk.clock.at = NOON.replace(day=27)
    desk.reopen()
    assert desk.call("quote", "r1", told(**sale)).wallets == []
    answer = desk.call("commit", "r1", told(etag=etag, basket=sale))
    assert (answer["differences"], answer["wallets"][0]["earn"]) == ([], 26)


def test_a_number_typed_into_the_basket_serves_as_its_card_and_is_not_stored(desk: Desk) -> None:
    desk.know_member(0)
    sale = basket(instruments=[CARD])
    quote, answer = sell(desk, sale)
    assert answer["wallets"][0]["earn"] == quote.wallets[0].earn == 26
    body = told(basket=basket("r2"), identification=CARD)
    assert desk.call("commit", "r2", body)["state"] == "committed"
    assert desk.ledger.read.entries_of("r2")[0].account == "m1"
    assert CARD.encode() not in stored(desk)


def test_a_payment_card_at_commit_is_left_out_and_the_receipt_is_booked(desk: Desk) -> None:
    tenders = [{"kind": "card", "product": VISA, "amount_minor": 1550}]
    answer = desk.call("commit", "r1", told(basket=basket(instruments=[VISA]), tenders=tenders))
    assert (answer["state"], answer["differences"]) == ("committed", ["payment_card_removed", "no_quote"])
    assert b"1111" not in stored(desk)


def test_a_parked_body_holds_no_payment_card_either(desk: Desk) -> None:
    body = told(basket=basket(), note={"pan": int(VISA)}, tenders="card 4111-1111-1111-1111")
    assert desk.call("commit", "r1", body)["state"] == "parked"
    assert b"1111" not in stored(desk)


def test_tenders_other_than_planned_are_told_and_change_no_price(desk: Desk) -> None:
    sale = basket(planned_tenders=[{"kind": "cash", "amount_minor": 1550}])
    etag = quoted(desk, sale)
    paid = [{"kind": "card", "amount_minor": 1550}]
    answer = desk.call("commit", "r1", told(etag=etag, basket=sale, tenders=paid))
    assert (answer["differences"], answer["due_minor"]) == (["tender_differs"], 1550)


def test_the_same_commit_twice_at_once_is_one_receipt(desk: Desk) -> None:
    body = told(basket=basket())

    async def at_once() -> tuple[dict[str, Any], ...]:
        one, two, three = (desk.checkout.commit("r1", body) for _ in range(3))
        return await asyncio.gather(one, two, three)

    first, second, third = asyncio.run(at_once())
    assert first == second == third
    assert desk.kinds("r1") == ["RECEIPT"]


def test_a_conflict_is_an_alarm_and_the_first_receipt_stands(desk: Desk) -> None:
    first = desk.call("commit", "r1", told(basket=basket()))
    with pytest.raises(Conflict):
        desk.call("commit", "r1", told(basket=basket(cashier="9")))
    assert events_of(desk, "alarm") == [{"receipt_id": "r1", "code": "receipt_conflict", "till": "1-1"}]
    assert desk.call("recall", "r1") == first


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"basket": None},
        {"basket": basket("another")},
        {"basket": basket(currency="EUR")},
        {"basket": basket(lines=[{"line": 1, "sku": "x", "amount_minor": 10**30}])},
        {"basket": basket(), "tenders": [{"kind": "cash"}]},
    ],
)
def test_whatever_a_paid_receipt_holds_it_is_kept_and_answered(desk: Desk, body: dict[str, Any]) -> None:
    first = desk.call("commit", "r1", told(**body))
    assert (first["state"], first["differences"]) == ("parked", ["parked"])
    assert desk.call("commit", "r1", told(**body)) == first
    entry = desk.ledger.read.entries_of("r1")[0]
    assert (entry.kind, entry.part) == ("NOTE", "parked")
    assert msgspec.json.decode(entry.data["body"]).keys() == body.keys()


def test_a_parked_receipt_can_be_voided_and_stays_one(desk: Desk) -> None:
    body = told(basket=basket(currency="EUR"))
    desk.call("commit", "r1", body)
    first = desk.call("void", "r1", told(cashier="7", reason="wrong till"))
    assert desk.call("void", "r1", b"") == first
    assert desk.kinds("r1") == ["NOTE", "NOTE"]
    assert desk.call("recall", "r1")["state"] == "voided"
    assert desk.call("commit", "r1", body)["state"] == "voided"


def test_a_void_before_the_commit_frees_what_was_held(rich: Desk) -> None:
    sale = redeeming(rich)
    rich.call("hold", "r1", told(etag=quoted(rich, sale), basket=sale))
    assert usable(rich) == 200
    assert rich.call("void", "r1", b"")["state"] == "voided"
    assert usable(rich) == 500
    assert rich.call("recall", "r1")["state"] == "voided"


def test_a_voided_receipt_still_shows_what_was_printed(desk: Desk) -> None:
    _, answer = sell(desk, basket())
    desk.call("void", "r1", b"")
    recalled = desk.call("recall", "r1")
    assert recalled["state"] == "voided"
    assert recalled["receipt_text"] == answer["receipt_text"]
    with pytest.raises(Refused, match="voided"):
        desk.call("take_back", "r1", "b1", told(lines=[{"line": 1}], returned_at=NOON.isoformat()))


def test_a_stamp_card_moves_on_the_business_day_of_the_shop(desk: Desk) -> None:
    desk.know_member(0)
    # 02:00 in Helsinki is still the day before in New York, where the programme lives.
    sale = basket(instruments=[desk.identify()["identification_id"]], sold_at="2026-11-25T02:00:00+02:00")
    sell(desk, sale)
    counted = next(entry for entry in desk.ledger.read.entries_of("r1") if entry.kind == "COUNT")
    assert counted.data["day"] == "2026-11-24"
    desk.call("void", "r1", b"")
    facts = desk.ledger.read.facts("m1", NOON.date())
    assert facts is not None
    assert facts.counts["stamps"].lifetime == 0
