"""Goods come back by the policies of the programme they were sold under, wherever they come back."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from tests.headoffice.both_ends import Tills, open_office, two_tills
from tests.headoffice.lived import agree, at_office, back, figures, line, sale, sell
from tests.headoffice.till_end import NOON

CLUB = b"""
[programme]
id = "thresholds"
version = 1
currency = "USD"
time_zone = "UTC"
semantics = 1
name = { en = "Thresholds", ru = "Thresholds", fi = "Thresholds" }
[settings]
returns = "recompute"
debt = "deduct_from_refund"
returned_expired_lot = "extend:P14D"
[wallet.points]
name = { en = "points", ru = "points", fi = "points" }
value = "0.01"
[rule.earn]
name = { en = "earn", ru = "earn", fi = "earn" }
earn = { points = "1" }
[rule.pay]
name = { en = "pay", ru = "pay", fi = "pay" }
pay = {}
[rule.big]
name = { en = "big", ru = "big", fi = "big" }
when = { amount = { at_least = "100.00" } }
give = { lot = { points = 50 } }
"""
COAT, HAT = line(1, "coat", 8000), line(2, "hat", 4000)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path, CLUB, name="thresholds.toml", members="member\nm-1\n") as office:
        yield office


@pytest.fixture
def tills(office: Office, tmp_path: Path) -> Iterator[Tills]:
    with two_tills(office, tmp_path, programme=CLUB) as both:
        yield both


@pytest.mark.parametrize("where", [0, 1], ids=["at its own till", "at another till"])
def test_what_is_left_is_judged_as_the_smaller_receipt_it_would_have_been(
    office: Office, tills: Tills, where: int
) -> None:
    sell(tills[0], sale("r1", COAT, HAT))
    assert sum(agree(office, *tills)["lots"]["points"].values()) == 120 + 50
    back(tills[where], "r1", "b1", {"line": 2})
    assert sum(agree(office, *tills)["lots"]["points"].values()) == 80
    back(tills[where], "r1", "b2", {"line": 1})
    assert agree(office, *tills)["lots"] == {}


def test_a_till_deducts_points_that_are_gone_from_the_refund(office: Office, tills: Tills) -> None:
    first, second = tills
    sell(first, sale("r1", COAT, HAT))
    agree(office, *tills)
    sell(second, sale("r2", line(1, "tea", 500), redeem={"points": 170}))
    left = sum(agree(office, *tills)["lots"]["points"].values())
    assert left == 3
    answer = back(first, "r1", "b1", {"line": 1}, {"line": 2})
    assert (answer["refund_minor"], answer["deducted_minor"]) == (12_000 - 117, 117)
    agree(office, *tills)
    assert sum(figures(at_office(office))["lots"].get("points", {}).values()) == -50


@pytest.mark.parametrize("where", [0, 1], ids=["at its own till", "at another till"])
def test_points_that_come_back_into_an_ended_lot_live_on_as_long_as_the_programme_says(
    office: Office, tills: Tills, where: int
) -> None:
    import_members(office, "member,wallet,balance,expires_on\nm-1,points,300,2026-11-24\n", name="more.csv")
    for one in tills:
        one.pull()
    sell(tills[0], sale("r1", line(1, "tea", 500), redeem={"points": 300}))
    body = {"lines": [{"line": 1}], "returned_at": (NOON + timedelta(days=3)).isoformat()}
    tills[where].desk.call("take_back", "r1", "b1", json.dumps(body).encode())
    agree(office, *tills)
    [lot] = at_office(office).wallets["points"].lots
    assert (lot.amount, lot.expires_on) == (300, date(2026, 12, 11))
    shown = tills[where].desk.ledger.read.facts("m-1", date(2026, 12, 1))
    assert shown is not None
    assert [one.amount for one in shown.wallets["points"].lots] == [300]
