"""Goods that come back without their receipt: head office books the same points, and evaluates them again."""

from pathlib import Path

import msgspec

from agent.headoffice.booking import Finding
from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge, evaluated_again
from agent.headoffice.shapes import receipt_data
from agent.headoffice.verify import verify
from agent.loyalty.compile import compile_programme
from agent.loyalty.language.read import load_programme
from tests.headoffice.both_ends import ShopTill
from tests.till.desk import CLUB, basket, sell
from tests.till.test_brought_back import AS_IF_SOLD, line, member_sale, with_setting

PROGRAMME = with_setting(CLUB.read_bytes(), AS_IF_SOLD)
OPENING = 800
"""What the shop's own list of members gives this one."""


def test_head_office_takes_out_the_same_points_and_a_void_gives_them_back(
    office: Office, tmp_path: Path
) -> None:
    till = ShopTill(office, tmp_path, "1-1", 1, programme=PROGRAMME)
    till.pull()
    desk = till.desk
    sell(desk, member_sale(desk, "r1", [line(1, 100)]))
    _, answer = sell(desk, member_sale(desk, "r2", [line(1, -1000)]))
    till.push()
    shown = desk.ledger.read.balance("m-1", "points")
    assert shown == OPENING + 1 - answer["taken_out"]["points"]
    assert balance(office) == shown
    desk.call("void", "r2", b"{}")
    till.push()
    assert balance(office) == OPENING + 1
    assert verify(office, Judge).mistakes == []
    till.close()


def test_points_that_a_till_took_out_otherwise_are_a_difference(office: Office, tmp_path: Path) -> None:
    till = ShopTill(office, tmp_path, "1-1", 1, programme=PROGRAMME)
    till.pull()
    sell(till.desk, member_sale(till.desk, "r2", [line(1, -1000)]))
    receipt = next(one for one in till.desk.ledger.read.entries_of("r2") if one.kind == "RECEIPT")
    compiled = compile_programme(load_programme(PROGRAMME, name="club.toml"))
    data = receipt_data(receipt)
    assert evaluated_again(compiled, data) == []
    (finding,) = evaluated_again(compiled, msgspec.structs.replace(data, taken_out={"points": 1}))
    assert isinstance(finding, Finding)
    assert "without their receipt" in finding.detail
    till.close()


def test_a_mixed_basket_brings_goods_of_another_till_home(office: Office, tmp_path: Path) -> None:
    one, other = (ShopTill(office, tmp_path, f"1-{at}", at, programme=PROGRAMME) for at in (1, 2))
    one.pull()
    other.pull()
    sell(one.desk, member_sale(one.desk, "r1", [line(1, 1000)]))
    mixed = basket("r2", lines=[line(1, -1000, returns={"receipt_id": "r1", "line": 1})])
    sell(other.desk, mixed)
    other.push()
    one.push()
    assert balance(office) == OPENING
    for till in (one, other):
        till.close()


def balance(office: Office) -> int:
    with office.store.reading():
        row = office.store.row("SELECT sum(remaining) AS points FROM lot WHERE member = 'm-1'")
    return int(row["points"] or 0) if row else 0
