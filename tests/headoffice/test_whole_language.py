"""One programme with tiers, measures, history, gifts and stored value, lived at two tills and head office."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.headoffice.office import Office
from agent.headoffice.report import report
from tests.headoffice.both_ends import ShopTill, Tills, open_office, two_tills
from tests.headoffice.lived import CLUB, DAY, agree, at_office, back, figures, line, sale, sell, void
from tests.headoffice.till_end import rows

MEMBERS = "member,wallet,balance\nm-1,points,1000\n"
COAT, GIFT_CARD, TEA = (
    line(1, "coat", 12_000),
    line(2, "card", 5000, "stored-value"),
    line(3, "tea", 300, "tea"),
)
COFFEES = line(1, "coffee", 900, "coffee", quantity="3")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(
        tmp_path, CLUB, name="whole-language.toml", members="member,wallet,balance\nm-1,points,1000\n"
    ) as office:
        yield office


@pytest.fixture
def tills(office: Office, tmp_path: Path) -> Iterator[Tills]:
    with two_tills(office, tmp_path, programme=CLUB) as both:
        yield both


def kinds(till: ShopTill, receipt: str) -> list[tuple[str, str]]:
    return [(one.kind, one.part) for one in till.desk.ledger.read.entries_of(receipt) if one.kind != "CLOSE"]


def shown(till: ShopTill) -> dict[str, Any]:
    return figures(till.desk.ledger.read.facts("m-1", DAY))


def test_a_receipt_moves_everything_alike_at_both_ends(office: Office, tills: Tills) -> None:
    first, second = tills
    sell(first, sale("r1", COAT, GIFT_CARD, TEA))
    before = shown(first)
    assert agree(office, first, second) == before
    assert before["measures"] == {"gold": 12_300, "regular:2026": 1}
    assert before["history"] == {"again": ["2026-11-24"]}
    assert sum(before["lots"]["gift"].values()) == 5000
    assert kinds(first, "r1") == [
        ("RECEIPT", ""), ("LOAD", "gift/"), ("EARN", "points/"), ("MEASURE", "regular:2026"),
        ("MEASURE", "gold"), ("HISTORY", "again"),
    ]  # fmt: skip
    assert report(office)["differences"] == {}


def test_a_void_leaves_everything_as_it_was(office: Office, tills: Tills) -> None:
    first, second = tills
    before = agree(office, first, second)
    sell(first, sale("r1", COAT, GIFT_CARD, TEA, COFFEES | {"line": 4}, redeem={"points": 300}))
    void(first, "r1")
    assert shown(first) == before
    assert agree(office, first, second) == before


@pytest.mark.parametrize("where", [0, 1], ids=["at its own till", "at another till"])
def test_partial_returns_take_measures_counts_and_gifts_back_line_by_line(
    office: Office, tills: Tills, where: int
) -> None:
    first, second = tills
    before = agree(office, first, second)
    sell(first, sale("r1", COAT, COFFEES | {"line": 2}, TEA, redeem={"points": 300}))
    sold = agree(office, first, second)
    assert sold["counts"] == {"stamps": (0, 3, 3)}
    assert sold["vouchers"] == ["r1-0"]
    back(tills[where], "r1", "b1", {"line": 2, "quantity": "1"})
    once = agree(office, first, second)
    assert (once["counts"], once["vouchers"]) == ({"stamps": (2, 2, 2)}, [])
    back(tills[where], "r1", "b2", {"line": 2, "quantity": "1"})
    assert agree(office, first, second)["counts"] == {"stamps": (1, 1, 1)}
    back(tills[where], "r1", "b3", {"line": 2}, {"line": 1}, {"line": 3})
    assert agree(office, first, second) == before
    assert report(office)["differences"] == {}


def test_a_tier_reached_at_one_till_counts_at_the_other(office: Office, tills: Tills) -> None:
    first, second = tills
    sell(first, sale("r1", line(1, "coat", 21_000)))
    assert ("TIER", "") in kinds(first, "r1")
    agree(office, first, second)
    sell(second, sale("r2", TEA))
    assert ("GIVE", "bonus") in kinds(second, "r2")
    agree(office, first, second)


def test_what_was_bought_at_one_till_is_known_at_the_other(office: Office, tills: Tills) -> None:
    first, second = tills
    assert sell(first, sale("r1", TEA))["due_minor"] == 300
    agree(office, first, second)
    assert sell(second, sale("r2", TEA))["due_minor"] == 150
    assert agree(office, first, second)["history"] == {"again": ["2026-11-24", "2026-11-24"]}


def test_points_into_cash_stay_spent_and_the_cost_of_a_gift_comes_back_with_a_void(
    office: Office, tills: Tills
) -> None:
    first, second = tills
    before = agree(office, first, second)
    sell(first, sale("r1", event="cash", redeem={"points": 200}))
    cashed = agree(office, first, second)
    assert sum(cashed["lots"]["points"].values()) == 800
    entry = next(one for one in first.desk.ledger.read.entries_of("r1") if one.kind == "REDEEM")
    assert entry.data == {"rule": "cash", "into": "cash", "amount_minor": 200}
    sell(first, sale("r2", event="prize"))
    prized = agree(office, first, second)
    assert sum(prized["lots"]["points"].values()) == 700
    assert sum(prized["lots"]["gift"].values()) == 100
    void(first, "r2")
    assert agree(office, first, second) == cashed
    void(first, "r1")
    assert agree(office, first, second) == before


def test_of_gifts_that_all_share_the_first_ones_booked_count(office: Office, tills: Tills) -> None:
    first, second = tills
    for number, till in enumerate((first, second, first), start=1):
        sell(till, sale(f"r{number}", line(1, "cake", 500, "cake")))
    given = [one for one in first.desk.ledger.read.entries_of("r3") if one.kind == "GIVE"]
    assert [one.data.get("provisional") for one in given] == [True]
    for one in tills:
        one.push()
    assert rows(office, "SELECT rule, given FROM capped") == [("twice", 2)]
    assert report(office)["differences"]["beyond_total"] == 1
    assert sum(amount == 77 for amount in figures(at_office(office))["lots"]["points"].values()) == 2
    void(first, "r1")
    for one in tills:
        one.push()
    assert rows(office, "SELECT rule, given FROM capped") == [("twice", 1)]


@pytest.mark.parametrize(("tag", "rule"), [("soap", "once"), ("bread", "daily")])
def test_a_cap_a_member_or_a_day_counts_at_all_tills(
    office: Office, tills: Tills, tag: str, rule: str
) -> None:
    first, second = tills
    sell(first, sale("r1", line(1, tag, 100, tag)))
    agree(office, first, second)
    sell(second, sale("r2", line(1, tag, 100, tag)))
    agree(office, first, second)
    given = [
        any(kind == "GIVE" for kind, _ in kinds(first, "r1")),
        any(k == "GIVE" for k, _ in kinds(second, "r2")),
    ]
    assert given == [True, False]
    void(first, "r1")
    agree(office, first, second)
    sell(second, sale("r3", line(1, tag, 100, tag)))
    assert ("GIVE", rule) in kinds(second, "r3")
    agree(office, first, second)


def test_the_draw_is_fixed_with_the_first_quote(office: Office, tills: Tills) -> None:
    first, _ = tills
    sell(first, sale("r1", TEA))
    sell(first, sale("r2", TEA))
    drawn = [first.desk.ledger.read.entries_of(one)[0].data["draw"] for one in ("r1", "r2")]
    assert drawn[0] != drawn[1]
    first.desk.reopen()
    assert drawn[0] == first.desk.checkout._quoter.seal.draw_of("r1")
    agree(office, *tills)
