"""Points spent beyond allowances while head office is away: under every cap, and not by a till kept dark."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.errors import Refused
from agent.journal.tag import tag_of
from agent.ledger.verify import verify as verify_ledger
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.offline import DAY_MS, BeyondUse
from agent.sync.wire import Delta, MemberRow
from tests.till.desk import CARD, CLUB, FLEET_KEY, NOON, Desk, basket, sell

WORDS = b'offline = { mode = "limited", per_use = 300, uses = 3, till_cap = 800, credit = 500 }\n'
LIMITED = CLUB.read_bytes().replace(b"[wallet.points]\n", b"[wallet.points]\n" + WORDS)
NOW_MS = int(NOON.timestamp() * 1000)


def desk_of(folder: Path, points: int = 2000, *, heard_ms: int = NOW_MS, **more: Any) -> Desk:
    """Open a till that heard head office at `heard_ms` and knows members m1 and m2."""
    desk = Desk(folder, programme=LIMITED)
    rows = [
        MemberRow(
            member,
            1,
            [tag_of("card", card, FLEET_KEY)],
            MemberFacts(member, wallets={"points": WalletFacts([Lot("l1", points)])}, **more),
        )
        for member, card in (("m1", CARD), ("m2", OTHER))
    ]
    desk.write(lambda tx: tx.apply_delta(Delta(0, 1, more=False, booked_seq=0, members=rows)))
    desk.write(lambda tx: tx.set_mark("last_contact_ms", heard_ms))
    return desk


OTHER = "2990000000026"


def wish(desk: Desk, receipt: str, points: int | str = "max", card: str = CARD) -> dict[str, Any]:
    token = desk.identify(card)["identification_id"]
    return basket(receipt, instruments=[token], redeem={"points": points})


def spent(desk: Desk, receipt: str, points: int | str = "max", card: str = CARD) -> int:
    quote, answer = sell(desk, wish(desk, receipt, points, card))
    assert answer["differences"] == []
    return int(quote.wallets[0].redeem)


def test_a_sale_spends_up_to_its_cap_and_says_so_in_the_journal(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    assert spent(desk, "r1") == 300
    (redeem,) = [one for one in desk.ledger.read.entries_of("r1") if one.kind == "REDEEM"]
    assert (redeem.allowance, redeem.amount, redeem.lots) == (0, -300, [("l1", -300)])
    assert redeem.data == {"limited": True}
    assert desk.ledger.read.beyond("points") == BeyondUse(1, 300, 0)
    desk.ledger.close()


def test_the_credit_of_a_member_then_the_cap_of_the_till_then_the_number_of_sales(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    assert [spent(desk, f"a{n}") for n in range(3)] == [300, 200, 0]
    assert spent(desk, "b1", card=OTHER) == 300
    assert spent(desk, "b2", card=OTHER) == 0
    assert desk.ledger.read.beyond("points") == BeyondUse(3, 800, 0)
    desk.ledger.close()


def test_no_more_is_spent_than_this_till_knows_the_member_to_own(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, points=250)
    assert spent(desk, "r1") == 250
    desk.ledger.close()


def test_an_allowance_is_spent_first_and_its_points_are_not_counted_twice(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, points=350)
    desk.allow(200)
    quote, _ = sell(desk, wish(desk, "r1", 350))
    assert quote.wallets[0].redeem == 350
    redeems = [one for one in desk.ledger.read.entries_of("r1") if one.kind == "REDEEM"]
    assert [(one.allowance, one.amount) for one in redeems] == [(0, -150), (1, -200)]
    desk.ledger.close()


def test_online_nothing_goes_beyond_an_allowance(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    desk.link.state.online = True
    assert spent(desk, "r1") == 0
    desk.ledger.close()


@pytest.mark.parametrize(
    ("heard_ms", "points"), [(NOW_MS - 3 * DAY_MS, 300), (NOW_MS - 3 * DAY_MS - 1, 0), (0, 0)]
)
def test_a_till_that_heard_nothing_for_too_long_only_earns(
    tmp_path: Path, heard_ms: int, points: int
) -> None:
    desk = desk_of(tmp_path, heard_ms=heard_ms)
    assert spent(desk, "r1") == points
    desk.ledger.close()


def test_a_member_in_debt_is_closed_for_limited_spending(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, limited_closed=True)
    assert spent(desk, "r1") == 0
    desk.allow(200)
    assert spent(desk, "r2") == 200
    desk.ledger.close()


def test_a_frozen_ledger_and_a_clock_set_back_spend_nothing(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    assert spent(desk, "r1") == 300
    desk.clock.at = NOON - timedelta(minutes=5)
    assert spent(desk, "r2") == 0
    desk.clock.at = NOON
    desk.write(lambda tx: tx.set_mark("frozen", 1))
    assert spent(desk, "r3") == 0
    desk.ledger.close()


def test_what_is_held_for_another_receipt_counts_until_it_lapses(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    for receipt in ("h1", "h2"):
        held = wish(desk, receipt, 250)
        quote = desk.call("quote", receipt, json.dumps(held).encode())
        desk.call("hold", receipt, json.dumps({"etag": quote.etag, "basket": held}).encode())
    assert spent(desk, "r1", 250) == 0
    desk.clock.at = NOON + timedelta(minutes=31)
    assert spent(desk, "r2", 250) == 250
    assert desk.ledger.read.hold("h1") is None
    desk.ledger.close()


def test_two_quotes_cannot_both_take_the_last_credit(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    assert spent(desk, "r0") == 300
    one, other = wish(desk, "r1"), wish(desk, "r2")
    quotes = [
        desk.call("quote", name, json.dumps(each).encode()) for name, each in (("r1", one), ("r2", other))
    ]
    assert [quote.wallets[0].redeem for quote in quotes] == [200, 200]
    desk.call("hold", "r1", json.dumps({"etag": quotes[0].etag, "basket": one}).encode())
    with pytest.raises(Refused, match="at most 0 points"):
        desk.call("hold", "r2", json.dumps({"etag": quotes[1].etag, "basket": other}).encode())
    body = json.dumps({"etag": quotes[1].etag, "basket": other, "tenders": []}).encode()
    assert desk.call("commit", "r2", body)["differences"] == ["redeem_short/points/200"]
    desk.ledger.close()


def test_a_void_does_not_open_the_caps_again(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    assert [spent(desk, name) for name in ("r1", "r2")] == [300, 200]
    desk.call("void", "r1", b"{}")
    assert spent(desk, "r3") == 0
    desk.ledger.close()


def test_a_restart_remembers_and_head_office_s_booking_opens_the_caps_again(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    assert [spent(desk, name) for name in ("r1", "r2")] == [300, 200]
    desk.reopen()
    assert desk.ledger.read.beyond("points") == BeyondUse(2, 500, 0)
    assert spent(desk, "r3") == 0
    head = desk.ledger.read.head()[0]
    desk.write(lambda tx: tx.apply_delta(Delta(1, 2, more=False, booked_seq=head)))
    assert desk.ledger.read.beyond("points") == BeyondUse()
    assert spent(desk, "r4") == 300
    desk.ledger.close()


@pytest.mark.parametrize("is_online_after", [False, True])
def test_a_till_that_lost_its_memory_between_hold_and_payment_books_what_was_agreed(
    tmp_path: Path, is_online_after: bool
) -> None:
    desk = desk_of(tmp_path)
    sale = wish(desk, "r1")
    quote = desk.call("quote", "r1", json.dumps(sale).encode())
    desk.call("hold", "r1", json.dumps({"etag": quote.etag, "basket": sale}).encode())
    desk.reopen()
    desk.link.state.online = is_online_after
    body = json.dumps({"etag": quote.etag, "basket": sale, "tenders": []}).encode()
    answer = desk.call("commit", "r1", body)
    assert (answer["differences"], answer["due_minor"]) == ([], quote.due_minor)
    assert desk.ledger.read.beyond("points").points == 300
    desk.ledger.close()


def test_the_ledger_proves_itself_also_when_old_entries_have_left(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    desk.allow(100)
    assert [spent(desk, name) for name in ("r1", "r2")] == [400, 200]
    head = desk.ledger.read.head()[0]
    desk.write(lambda tx: tx.acknowledge(tx.incarnation, head, tx.head()[1]))
    desk.write(lambda tx: tx.apply_delta(Delta(1, 2, more=False, booked_seq=head)))
    assert spent(desk, "r3", card=OTHER) == 300
    later_ms = int((NOON + timedelta(days=400)).timestamp() * 1000)
    assert desk.write(lambda tx: tx.let_go(later_ms, kept=0)) == head
    desk.reopen()
    assert desk.ledger.read.beyond("points") == BeyondUse(1, 300, 0)
    desk.ledger.close()
    assert verify_ledger(tmp_path).problems == []
