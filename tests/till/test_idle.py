"""An allowance of a customer who bought nothing goes home, by the till's own journal."""

import asyncio
from datetime import timedelta

import pytest

from agent.journal.entry import entry_from
from agent.journal.tag import tag_of
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.wire import Delta, MemberRow
from agent.till.idle import IDLE_S
from tests.till.desk import CARD, FLEET_KEY, Desk
from tests.till.test_cards import Counter, rest
from tests.till.test_paying import quoted, redeeming, told, usable

OTHER = "2990000000026"


@pytest.fixture
def rich(desk: Desk) -> Desk:
    """A till that holds an allowance of 500 points for the one member, and knows another."""
    desk.know_member(500)
    facts = MemberFacts("m2", wallets={"points": WalletFacts([Lot("l2", 10)])})
    row = MemberRow("m2", 2, [tag_of("card", OTHER, FLEET_KEY)], facts)
    desk.write(lambda tx: tx.apply_delta(Delta(1, 2, more=False, booked_seq=0, members=[row])))
    desk.allow(500)
    return desk


def settle(desk: Desk) -> None:
    """Wait until everything queued is written."""
    desk.write(lambda _: None)


def closed(desk: Desk) -> list[tuple[str, int]]:
    settle(desk)
    entries = [entry_from(body) for _, body, _ in desk.ledger.read.entries(0, 1000)]
    return [(entry.receipt, entry.allowance) for entry in entries if entry.kind == "CLOSE"]


def wait(desk: Desk, seconds: float) -> None:
    desk.clock.at += timedelta(seconds=seconds)
    desk.idle.sweep()


def test_another_card_gives_back_what_was_set_aside_for_the_one_before(rich: Desk) -> None:
    rich.identify()
    rich.identify()
    assert closed(rich) == []
    rich.identify(OTHER)
    assert closed(rich) == [("", 1)]
    assert usable(rich) == 0


def test_a_quote_keeps_the_allowance_while_other_cards_are_read(rich: Desk) -> None:
    quoted(rich, redeeming(rich))
    rich.identify(OTHER)
    assert closed(rich) == []
    rich.call("void", "r1", b"{}")
    rich.identify(OTHER)
    assert closed(rich) == [("", 1)]


def test_half_an_hour_without_a_call_gives_it_back_and_not_a_moment_less(rich: Desk) -> None:
    rich.identify()
    wait(rich, IDLE_S - 1)
    assert closed(rich) == []
    quoted(rich, redeeming(rich))
    wait(rich, IDLE_S - 1)
    assert closed(rich) == []
    wait(rich, 1)
    assert closed(rich) == [("", 1)]


def test_what_is_held_stays_until_its_hold_lapses(rich: Desk) -> None:
    rich.identify()
    wait(rich, 10)
    sale = redeeming(rich)
    rich.call("hold", "r1", told(etag=quoted(rich, sale), basket=sale))
    rich.clock.at += timedelta(seconds=1)
    wait(rich, IDLE_S - 2)
    assert closed(rich) == []
    wait(rich, 2)
    settle(rich)
    wait(rich, 1)
    assert closed(rich) == [("", 1)]


def test_after_a_restart_the_half_hour_begins_anew(rich: Desk) -> None:
    rich.identify()
    rich.reopen()
    wait(rich, IDLE_S)
    assert closed(rich) == []
    wait(rich, IDLE_S)
    assert closed(rich) == [("", 1)]


def test_a_ledger_that_takes_no_change_is_tried_again_later(rich: Desk) -> None:
    rich.identify()
    rich.ledger.close()
    rich.idle.card_read("m2")
    rich.open()
    assert closed(rich) == []


def test_a_quote_after_another_card_asks_head_office_again(rich: Desk) -> None:
    async def sale() -> list[str]:
        counter = Counter(rich)
        counter.answer.set()
        for number, at_ns in ((CARD, 0), (OTHER, 10**9)):
            counter.cards.on_read("scanner", "card", number, at_ns)
            await rest()
        for _ in range(2):
            await counter.cards.settled("m1", 0.1, wishes={})
            await rest()
        return counter.asked

    assert asyncio.run(sale()) == ["m1", "m2", "m1"]
