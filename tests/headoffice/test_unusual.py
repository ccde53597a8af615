"""Sales that do not go by the book, seen from both ends: real tills, a real head office."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.headoffice.reexecute import Judge
from agent.headoffice.verify import verify
from agent.journal.entry import entry_from
from tests.headoffice.both_ends import CARD, ShopTill
from tests.headoffice.till_end import PROGRAMME, differences, rows
from tests.till.desk import NOON, basket


@pytest.fixture
def shop(office: Office, tmp_path: Path) -> Iterator[ShopTill]:
    till = ShopTill(office, tmp_path, "1-1", 1)
    till.pull()
    yield till
    till.close()


def pay(shop: ShopTill, receipt_id: str = "r1", *, etag: str = "", **more: Any) -> dict[str, Any]:
    sale = basket(receipt_id, instruments=[CARD], **more)
    body = json.dumps({"basket": sale, "etag": etag}).encode()
    return shop.desk.call("commit", receipt_id, body)  # type: ignore[no-any-return]


def kinds(office: Office) -> list[str]:
    return [kind for kind, _ in differences(office)]


def balance(office: Office) -> int:
    return int(rows(office, "SELECT sum(remaining) FROM lot WHERE member = 'm-1'")[0][0])


def test_a_sale_paid_without_a_quote_earns_the_same_at_both_ends(office: Office, shop: ShopTill) -> None:
    answer = pay(shop, redeem={"points": "max"})
    shop.push()
    assert answer["wallets"][0]["earn"] == 26
    assert balance(office) == 800 + 26 == shop.desk.ledger.read.balance("m-1", "points")
    assert kinds(office) == ["no_quote"]
    assert verify(office, Judge).is_sound


def test_head_office_judges_it_by_what_the_till_says_of_it(office: Office, shop: ShopTill) -> None:
    pay(shop)
    entry = entry_from(shop.desk.ledger.read.entries(0, 1)[0][1])
    assert Judge(office.store)(entry) == []
    quoted = {key: value for key, value in entry.data.items() if key != "unquoted"}
    assert Judge(office.store)(msgspec.structs.replace(entry, data=quoted)) != []


def test_a_sale_paid_after_it_was_cancelled_is_a_difference_of_its_own(
    office: Office, shop: ShopTill
) -> None:
    shop.desk.call("void", "r1", b"{}")
    pay(shop)
    shop.push()
    assert sorted(kinds(office)) == ["no_quote", "voided_before"]
    assert rows(office, "SELECT state FROM receipt") == [("committed",)]
    assert balance(office) == 826
    shop.desk.call("void", "r1", b"{}")
    shop.push()
    assert rows(office, "SELECT state FROM receipt") == [("voided",)]
    assert balance(office) == 800
    assert verify(office, Judge).is_sound


@pytest.mark.parametrize("first", ["sale", "void"])
def test_a_sale_cancelled_at_another_till_is_a_difference_in_either_order(
    office: Office, shop: ShopTill, tmp_path: Path, first: str
) -> None:
    other = ShopTill(office, tmp_path, "1-2", 2)
    try:
        pay(shop)
        assert other.desk.call("void", "r1", b"{}")["state"] == "voided"
        for one in (shop, other) if first == "sale" else (other, shop):
            one.push()
        assert sorted(kinds(office)) == ["no_quote", "voided_elsewhere"]
        assert rows(office, "SELECT state FROM receipt") == [("committed",)]
        assert verify(office, Judge).is_sound
    finally:
        other.close()


def test_a_voucher_of_two_hours_ends_at_its_minute_wherever_it_came_from(
    office: Office, tmp_path: Path
) -> None:
    text = PROGRAMME.replace(b"version = 1", b"version = 2", 1)
    text = text.replace(b'life = "P60D"', b'life = "PT2H"').replace(b"size = 10,", b"size = 1,")
    publish(office, text, name="household-club.toml")
    giving = ShopTill(office, tmp_path, "1-1", 1, programme=text)
    told = ShopTill(office, tmp_path, "1-2", 2, programme=text)
    try:
        giving.pull()
        giving.desk.call("quote", "r1", json.dumps(basket(instruments=[CARD])).encode())
        pay(giving)
        giving.push()
        told.pull()
        ends = NOON + timedelta(hours=2)
        for shop in (giving, told):
            used = []
            for at in (ends - timedelta(minutes=1), ends):
                shop.desk.clock.at = at
                sale = basket("r2", instruments=[CARD], sold_at=at.isoformat())
                quote = shop.desk.call("quote", "r2", json.dumps(sale).encode())
                used.append([one.voucher for one in quote.vouchers])
            assert used == [["tenth-visit"], []]
        assert verify(office, Judge).mistakes == []
    finally:
        giving.close()
        told.close()
