"""A strict voucher is used once in the whole chain: only where it was set aside, whatever is cut off."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.headoffice import stock
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.headoffice.reexecute import Judge
from agent.headoffice.stock import Order
from agent.headoffice.verify import verify
from agent.ledger.verify import verify as verify_ledger
from agent.sync.allowance import Asked
from tests.headoffice.both_ends import CARD, ShopTill, Tills, two_tills
from tests.headoffice.till_end import book, differences, rows
from tests.till.desk import basket

STRICT = b"""
[programme]
id = "strict-club"
version = 1
currency = "USD"
time_zone = "UTC"
[voucher.pastry]
strict = true
take_off = { amount = "2.00" }
[voucher.tea]
take_off = { amount = "1.00" }
"""
LIST = """member,card,voucher,voucher_id,voucher_until
m-1,2990000000019,pastry,p-1,2026-12-24
m-1,,pastry,p-2,2026-12-31
m-1,,tea,t-1,2026-12-31
"""
WALLET = "voucher:pastry"


@pytest.fixture
def tills(office: Office, tmp_path: Path) -> Iterator[Tills]:
    publish(office, STRICT, name="strict.toml")
    import_members(office, LIST, name="vouchers.csv")
    with two_tills(office, tmp_path, programme=STRICT, names=("1-1", "2-1")) as both:
        yield both


def quote(till: ShopTill, receipt: str) -> tuple[dict[str, Any], Any]:
    sale = basket(receipt, instruments=[CARD])
    return sale, till.desk.call("quote", receipt, json.dumps(sale).encode())


def used(till: ShopTill, receipt: str) -> list[str]:
    """Return the strict vouchers that a sale here would use."""
    return [one.id for one in quote(till, receipt)[1].vouchers if one.voucher == "pastry"]


def pay(till: ShopTill, receipt: str, *, hold: bool = True) -> dict[str, Any]:
    sale, answer = quote(till, receipt)
    if hold:
        body = json.dumps({"etag": answer.etag, "basket": sale}).encode()
        held = till.desk.call("hold", receipt, body)
        assert held["held"] == {}, "a POS is told of points there"
    body = json.dumps({"basket": sale, "etag": answer.etag}).encode()
    return till.desk.call("commit", receipt, body)  # type: ignore[no-any-return]


def place(till: ShopTill, count: int = 1) -> int:
    order = Order(till.end.incarnation, "m-1", WALLET, count, "s-1")
    return stock.place(till.office, [order], honour=timedelta(days=20))


def mistakes(office: Office) -> list[str]:
    return verify(office, Judge).mistakes


def test_without_being_set_aside_here_it_does_not_serve_and_others_do(office: Office, tills: Tills) -> None:
    assert [one.id for one in quote(tills[0], "r1")[1].vouchers] == ["t-1"]
    pay(tills[0], "r1")
    tills[0].push()
    assert differences(office) == [], "what is not here is no fact out of date"


def test_asked_for_at_the_card_read_it_serves_once_and_the_rest_goes_home(
    office: Office, tills: Tills, tmp_path: Path
) -> None:
    one, other = tills
    assert one.wish({WALLET: 1}) == Asked(1, coming=False)
    assert other.wish({WALLET: 1}) == Asked(0, coming=False)
    assert used(one, "r1") == ["p-1"], "the one that ends first"
    assert used(other, "x1") == []
    answer = pay(one, "r1")
    assert (answer["differences"], answer["due_minor"]) == ([], 1250)
    one.push()
    assert rows(office, "SELECT id, used FROM voucher ORDER BY id") == [("p-1", 1), ("p-2", 0), ("t-1", 1)]
    assert rows(office, "SELECT lot, spent FROM allowance_lot ORDER BY lot") == [("p-1", 1), ("p-2", 0)]
    assert other.wish({WALLET: 1}) == Asked(1, coming=False)
    assert used(other, "x2") == ["p-2"]
    assert (differences(office), mistakes(office)) == ([], [])
    assert verify_ledger(one.desk.folder).ok


def test_placed_at_home_it_serves_with_nobody_asked_and_a_demand_elsewhere_recalls_it(
    office: Office, tills: Tills
) -> None:
    home, other = tills
    assert place(home, 2) == 2
    home.pull()
    pay(home, "r1")
    home.push()
    assert other.wish({WALLET: 1}) == Asked(0, coming=True)
    home.pull()
    assert used(home, "r2") == []
    home.push()
    assert other.wish({WALLET: 1}) == Asked(1, coming=False)
    pay(other, "x1")
    other.push()
    assert rows(office, "SELECT used FROM voucher WHERE voucher = 'pastry'") == [(1,), (1,)]
    assert ("voucher_twice", "t-1 was used 2 times") in differences(office), (
        "what is not strict was used twice"
    )
    assert mistakes(office) == []


def test_a_void_gives_it_back_to_its_member_not_to_the_till(office: Office, tills: Tills) -> None:
    one, other = tills
    one.wish({WALLET: 1})
    pay(one, "r1")
    one.desk.call("void", "r1", b"{}")
    assert used(one, "r2") == []
    one.push()
    assert rows(office, "SELECT used FROM voucher WHERE id = 'p-1'") == [(0,)]
    assert other.wish({WALLET: 1}) == Asked(1, coming=False)
    assert used(other, "x1") == ["p-1"]
    assert (differences(office), mistakes(office)) == ([], [])


def test_held_for_one_receipt_it_is_not_used_by_another(office: Office, tills: Tills) -> None:
    one, _ = tills
    place(one)
    one.pull()
    sale, answer = quote(one, "r1")
    assert [voucher.id for voucher in answer.vouchers] == ["p-1", "t-1"]
    one.desk.call("hold", "r1", json.dumps({"etag": answer.etag, "basket": sale}).encode())
    assert used(one, "r1") == ["p-1"], "its own hold does not stand in its way"
    assert used(one, "r2") == []
    one.desk.call("commit", "r1", json.dumps({"etag": answer.etag, "basket": sale}).encode())
    one.push()
    assert mistakes(office) == []


def test_one_that_went_home_before_it_was_paid_is_told_and_not_hidden(office: Office, tills: Tills) -> None:
    one, other = tills
    one.wish({WALLET: 1})
    sale, answer = quote(one, "r1")
    one.desk.write(lambda tx: tx.close_allowances("m-1", ""))
    one.push()
    other.wish({WALLET: 1})
    pay(other, "x1")
    body = json.dumps({"basket": sale, "etag": answer.etag}).encode()
    told = one.desk.call("commit", "r1", body)
    assert told["differences"] == [f"redeem_short/{WALLET}/1"]
    other.push()
    one.push()
    assert {"told_by_till", "voucher_twice"} <= {kind for kind, _ in differences(office)}
    assert mistakes(office) == []


def test_old_entries_let_go_still_count_against_the_allowance(office: Office, tills: Tills) -> None:
    one, _ = tills
    place(one, 2)
    one.pull()
    pay(one, "r1")
    one.push()
    seq, head = one.desk.ledger.read.head()
    one.desk.write(lambda tx: tx.acknowledge(one.end.incarnation, seq, head))
    one.pull()
    assert one.desk.write(lambda tx: tx.let_go(2**60, kept=0)) == seq
    assert used(one, "r2") == ["p-2"]
    assert verify_ledger(one.desk.folder).ok


def test_a_voucher_set_aside_twice_is_found(office: Office, tills: Tills) -> None:
    for one in tills:
        one.wish({WALLET: 1})
    assert mistakes(office) == []
    with office.store.writing():
        number = "SELECT incarnation, 7, 'x', member, wallet, issued, issued_ms, honour_until_ms, 'OPEN'"
        columns = "incarnation, number, request_id, member, wallet, issued, issued_ms, honour_until_ms, state"
        office.store.run(f"INSERT INTO allowance ({columns}) {number} FROM allowance")
        office.store.run(
            "INSERT INTO allowance_lot (incarnation, number, lot, amount, spent)"
            " SELECT incarnation, 7, lot, amount, spent FROM allowance_lot"
        )
    assert "I3: voucher p-1 of m-1 is set aside 2 times" in mistakes(office)


def test_a_journal_that_uses_it_beyond_its_allowance_is_a_difference(office: Office, tills: Tills) -> None:
    one, _ = tills
    one.wish({WALLET: 1})
    end = one.end
    common = {"receipt": "r1", "account": "m-1", "part": "p-1", "allowance": 1}
    end.add("COUPON", **common, data={"id": "p-1", "voucher": "pastry"})
    end.add("COUPON", **{**common, "receipt": "r2"}, data={"id": "p-1", "voucher": "pastry"})
    end.push(office)
    book(office)
    assert [kind for kind, _ in differences(office)] == ["beyond_allowance", "voucher_twice"]
    assert rows(office, "SELECT spent FROM allowance_lot WHERE lot = 'p-1'") == [(1,)]
