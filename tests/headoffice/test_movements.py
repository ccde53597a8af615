"""What head office moves itself: corrections, transfers, merged members, cards, expiry, periods closed."""

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.errors import Conflict, Refused
from agent.headoffice import decisions, enrolling, feed, movements, periods
from agent.headoffice.member_import import import_members
from agent.headoffice.members import card_tag
from agent.headoffice.movements import Signed
from agent.headoffice.office import Office
from agent.headoffice.periods import Period
from agent.headoffice.publish import publish
from agent.headoffice.reexecute import Judge
from agent.headoffice.report import report
from agent.headoffice.store.members import card_row
from agent.headoffice.verify import verify
from agent.journal.entry import Entry
from tests.headoffice.both_ends import CARD, ShopTill, open_office
from tests.headoffice.lived import CLUB, DAY, agree, at_office, back, figures, line, of_member, sale, sell
from tests.headoffice.till_end import StillClock, differences, rows

MEMBERS = """member,card,wallet,balance,expires_on
m-1,,points,1000,2026-12-31
m-2,2990000000026,points,40,2026-12-31
m-2,,points,7,
"""
PROGRAMMES = Path(__file__).resolve().parents[2] / "config" / "programmes"
OTHER_CARD = "2990000000026"


def signed(reference: str = "T-1", *, approved_by: str = "") -> Signed:
    return Signed(reference, "anna", "test", approved_by)


TWO = signed(approved_by="bert")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path, CLUB, name="whole-language.toml", members=MEMBERS) as office:
        yield office


@pytest.fixture
def till(office: Office, tmp_path: Path) -> Iterator[ShopTill]:
    one = ShopTill(office, tmp_path, "1-1", 1, programme=CLUB)
    one.pull()
    yield one
    one.close()


def points(office: Office, member: str) -> int:
    held = figures(of_member(office, member))["lots"].get("points", {})
    return sum(held.values())


def decided(office: Office) -> list[Entry]:
    return [one.entry for stream in decisions.streams(office).values() for one in stream]


def is_sound(office: Office) -> bool:
    found = verify(office, Judge)
    assert found.mistakes == []
    return found.is_sound


def test_a_correction_needs_two_people_and_counts_once(office: Office) -> None:
    with pytest.raises(Refused, match="second person"):
        movements.adjust(office, "m-1", "points", 5, signed())
    assert not movements.adjust(office, "m-1", "points", 5, TWO).repeated
    assert movements.adjust(office, "m-1", "points", 5, TWO).repeated
    assert points(office, "m-1") == 1005
    with pytest.raises(Conflict, match="another reference"):
        movements.adjust(office, "m-1", "points", 6, TWO)
    movements.adjust(office, "m-1", "points", -1000, TWO._replace(reference="T-2"))
    assert points(office, "m-1") == 5
    with pytest.raises(Refused, match="has 5 points"):
        movements.adjust(office, "m-1", "points", -6, TWO._replace(reference="T-3"))
    assert is_sound(office)
    assert report(office)["points"][0]["adjusted"] == -995


def test_points_that_a_till_holds_are_not_moved(office: Office, till: ShopTill) -> None:
    assert till.ask() == 1
    with pytest.raises(Refused, match="has 0 points"):
        movements.transfer(office, ("m-1", "m-2"), "points", 1, signed())


def test_transferred_points_keep_their_dates_and_their_sum(office: Office) -> None:
    movements.transfer(office, ("m-2", "m-1"), "points", 45, signed())
    assert (points(office, "m-1"), points(office, "m-2")) == (1045, 2)
    lots = {lot.lot: (lot.amount, lot.expires_on) for lot in at_office(office).wallets["points"].lots}
    assert lots == {"opening-2026-12-31": (1040, date(2026, 12, 31)), "opening-unlimited": (5, None)}
    kinds = [(one.kind, one.account, one.amount) for one in decided(office)]
    assert kinds == [("TRANSFER", "m-2", -45), ("TRANSFER", "m-1", 45)]
    assert is_sound(office)


def test_merged_members_lose_nothing_even_what_arrives_later(office: Office, till: ShopTill) -> None:
    sell(till, sale("r1", line(1, "coat", 12_000), line(2, "tea", 300, "tea")))
    before = till.desk.ledger.read.facts("m-1", DAY)
    movements.merge(office, "m-1", "m-2", signed())
    till.push()
    heir = figures(of_member(office, "m-2"))
    assert before is not None
    assert heir["measures"] == before.measures
    assert heir["history"] == before.history
    assert points(office, "m-2") == 1047 + 123
    assert points(office, "m-1") == 0
    till.pull()
    assert figures(till.desk.ledger.read.facts("m-2", DAY)) == heir
    row = card_row(office.store, card_tag(office, CARD))
    assert row is not None
    assert row["member"] == "m-2"
    back(till, "r1", "b1", {"line": 1}, {"line": 2})
    till.push()
    assert points(office, "m-2") == 1047
    assert figures(of_member(office, "m-2"))["measures"] == {}
    import_members(office, "member,segments\nm-1,loyal\n", name="list.csv")
    assert of_member(office, "m-2").segments == ["loyal"]
    assert is_sound(office)
    with pytest.raises(Refused, match="one member already"):
        movements.merge(office, "m-1", "m-2", signed("T-2"))


def test_what_a_till_held_of_a_merged_member_is_spent_from_the_heir(office: Office, till: ShopTill) -> None:
    till.ask()
    movements.merge(office, "m-1", "m-2", signed())
    told = sale("r1", line(1, "coat", 5000), redeem={"points": 300})
    quote = till.desk.call("quote", "r1", json.dumps(told).encode())
    till.desk.call("commit", "r1", json.dumps({"basket": told, "etag": quote.etag}).encode())
    till.push()
    assert points(office, "m-2") == 1047 - 300 + 47
    assert [kind for kind, _ in differences(office) if kind != "facts_stale"] == []
    assert is_sound(office)


def test_a_new_card_replaces_the_old_one_at_every_till(office: Office, till: ShopTill) -> None:
    new = "2990000000064"
    with pytest.raises(Refused, match="somebody else"):
        movements.new_card(office, "m-1", OTHER_CARD, CARD, signed())
    movements.new_card(office, "m-1", new, CARD, signed())
    till.pull()
    assert till.desk.identify(new)["result"] == "identified"
    assert till.desk.identify(CARD)["result"] == "blocked"
    content = b"".join(path.read_bytes() for path in office.state.rglob("*") if path.is_file())
    assert new.encode() not in content


def test_breakage_is_what_nobody_can_spend_any_more_and_sets_itself_right(
    office: Office, till: ShopTill
) -> None:
    told = sale("r1", line(1, "coat", 5000))
    sell(till, told)
    till.push()
    clock = office.clock
    assert isinstance(clock, StillClock)
    assert movements.expire(office, "night") == 0
    clock.advance(days=60)
    assert movements.expire(office, "night") == 2
    assert (points(office, "m-1"), points(office, "m-2")) == (50, 7)
    clock.advance(days=1)
    assert movements.expire(office, "night") == 0
    movements.adjust(office, "m-1", "points", -50, TWO)
    assert report(office)["points"][0]["expired"] == 1040
    assert is_sound(office)


def test_a_debt_is_set_apart_once_two_people_say_so(office: Office, till: ShopTill) -> None:
    sell(till, sale("r1", line(1, "coat", 5000)))
    till.push()
    movements.adjust(office, "m-1", "points", -1050, TWO)
    back(till, "r1", "b1", {"line": 1})
    till.push()
    assert points(office, "m-1") == -50
    movements.set_debt_apart(office, "m-1", "points", TWO._replace(reference="T-2"))
    assert points(office, "m-1") == 0
    with pytest.raises(Refused, match="owes nothing"):
        movements.set_debt_apart(office, "m-1", "points", TWO._replace(reference="T-3"))
    assert is_sound(office)


def test_a_decision_survives_older_books(office: Office, till: ShopTill, tmp_path: Path) -> None:
    old = tmp_path / "old"
    state = office.state
    office.close()
    old.mkdir()
    for path in state.glob("books.db*"):
        shutil.copy(path, old)
    again = Office(state, StillClock(), serving=True)
    movements.merge(again, "m-2", "m-1", signed())
    movements.adjust(again, "m-1", "points", 5, TWO._replace(reference="T-2"))
    again.close()
    for path in state.glob("books.db*"):
        path.unlink()
    for path in old.glob("books.db*"):
        shutil.copy(path, state)
    last = Office(state, StillClock(), serving=True)
    assert decisions.catch_up(last) == 2
    assert decisions.catch_up(last) == 0
    assert points(last, "m-1") == 1052
    assert movements.adjust(last, "m-1", "points", 5, TWO._replace(reference="T-2")).repeated
    assert is_sound(last)
    last.close()


def test_the_best_of_a_period_get_what_the_programme_promised(office: Office, till: ShopTill) -> None:
    sell(till, sale("r1", line(1, "coat", 5000)))
    sell(till, sale("r2", line(1, "coat", 6000), instruments=[OTHER_CARD]))
    till.push()
    done = periods.close(office, Period("best-of-year", "gold", 1), signed("2026"))
    assert [(one.member, one.score) for one in done.winners] == [("m-2", 6000)]
    assert points(office, "m-2") == 47 + 60 + 500
    assert periods.close(office, Period("best-of-year", "gold", 1), signed("2026")).repeated
    assert points(office, "m-2") == 607
    with pytest.raises(Refused, match="gives nothing"):
        periods.close(office, Period("no-such-event", "gold", 1), signed("2027"))
    till.pull()
    assert figures(till.desk.ledger.read.facts("m-2", DAY)) == figures(of_member(office, "m-2"))
    assert report(office)["points"][0]["awarded"] == 500
    assert is_sound(office)


@pytest.mark.parametrize(
    ("name", "event", "measure", "last_day"),
    [
        ("customer-of-the-month", "customer-of-the-month", "in-the-race:2026-11", "2026-11-30"),
        ("monthly-contest", "most-visits", "visits:2026-08", "2026-08-31"),
    ],
)
def test_shipped_contests_are_closed_by_their_own_measures(
    tmp_path: Path, name: str, event: str, measure: str, last_day: str
) -> None:
    office = Office(tmp_path / "contest", StillClock())
    publish(office, (PROGRAMMES / f"{name}.toml").read_bytes(), name=name)
    import_members(office, f"member,measure,amount\nm-1,{measure},10\nm-2,{measure},30\n", name="members.csv")
    done = periods.close(office, Period(event, measure, 1, date.fromisoformat(last_day)), signed("2026-11"))
    assert [one.member for one in done.winners] == ["m-2"]
    assert points(office, "m-2") == 1000
    office.close()


@pytest.mark.parametrize(
    ("born", "joins"), [(date(2010, 11, 24), True), (date(2010, 11, 25), False), (None, False)]
)
def test_who_may_join_says_the_programme(office: Office, born: date | None, joins: bool) -> None:
    told: dict[str, Any] = {"born": born, "amount_minor": 0, "segments": []}
    if not joins:
        with pytest.raises(Refused, match="may not join"):
            enrolling.enrol(office, "2990000000071", **told)
        return
    member = enrolling.enrol(office, "2990000000071", **told)
    assert of_member(office, member).of_age_from == {"18": date(2028, 11, 24)}
    with pytest.raises(Refused, match="belongs to somebody"):
        enrolling.enrol(office, "2990000000071", **told)
    assert rows(office, "SELECT count(*) FROM member WHERE member = ?", member) == [(1,)]


def test_both_ends_agree_after_all_of_it(office: Office, till: ShopTill) -> None:
    sell(till, sale("r1", line(1, "coat", 5000)))
    movements.adjust(office, "m-1", "points", 30, TWO)
    movements.transfer(office, ("m-2", "m-1"), "points", 45, signed("T-2"))
    assert sum(agree(office, till)["lots"]["points"].values()) == 1000 + 50 + 30 + 45


def test_the_log_tells_decisions_among_receipts_and_shows_no_tag(office: Office, till: ShopTill) -> None:
    sell(till, sale("r-1", line(1, "milk", 1000)))
    till.push()
    movements.transfer(office, ("m-2", "m-1"), "points", 45, signed())
    sell(till, sale("r-2", line(1, "milk", 1000)))
    till.push()
    movements.new_card(office, "m-2", "2990000000064", "", signed("C-1"))
    told = [json.loads(event) for event in feed.page(office.store, feed.START, 1000)[0]]
    kinds = [event["type"].split(".")[-3:-1] for event in told if event["source"] == "/headoffice"]
    assert kinds == [["points", "transferred"], ["points", "transferred"], ["card", "attached"]]
    receipts = [at for at, event in enumerate(told) if event["type"].endswith("receipt.committed.v1")]
    moved = [at for at, event in enumerate(told) if event["type"].endswith("points.transferred.v1")]
    assert receipts[0] < moved[0] < receipts[1]
    assert card_tag(office, "2990000000064", "card").hex() not in json.dumps(told)
    assert is_sound(office)
